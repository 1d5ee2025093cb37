#include "events/event_hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "events/event_text.h"

namespace gse::events {
namespace {

constexpr std::chrono::milliseconds kLook{1'000};
/// Changes turned into events between two notices to listeners.
constexpr std::size_t kAtOnce = 1'024;

}  // namespace

struct EventHub::Shared {
    Shared(HubOptions o, const Clock& c) : options(std::move(o)), clock(c), ring(options.epoch, options.ring) {}

    struct Listener {
        std::function<void()> wake;
        bool players = false;
    };

    const HubOptions options;
    const Clock& clock;
    std::atomic<core::WatchLevel> wanted{core::WatchLevel::Nothing};

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<engine::Changes> waiting;
    std::size_t waiting_changes = 0;
    bool working = false;
    bool stopping = false;
    EventRing ring;
    std::map<std::uint64_t, Listener> listeners;
    std::uint64_t next_listener = 1;
    std::int64_t alone_since_ms = 0;
    std::thread thread;

    void run();
    void look();
    void leave(std::uint64_t listener);
    [[nodiscard]] core::WatchLevel level() const;
};

/// What the listeners want together.
core::WatchLevel EventHub::Shared::level() const {
    const bool players =
        std::any_of(listeners.begin(), listeners.end(), [](const auto& entry) { return entry.second.players; });
    return players ? core::WatchLevel::All : core::WatchLevel::AllButPlayers;
}

void EventHub::Shared::leave(std::uint64_t listener) {
    const std::lock_guard lock(mutex);
    if (listeners.erase(listener) == 0) return;
    // Events about players go on too while someone may come back for them.
    if (listeners.empty())
        alone_since_ms = clock.monotonic_ms();
    else
        wanted = level();
}

void EventHub::Shared::look() {
    const std::lock_guard lock(mutex);
    if (!listeners.empty() || wanted == core::WatchLevel::Nothing) return;
    if (clock.monotonic_ms() - alone_since_ms < options.linger.count()) return;
    wanted = core::WatchLevel::Nothing;
    ring.clear();
}

void EventHub::Shared::run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
        if (waiting.empty()) {
            working = false;
            changed.notify_all();
            changed.wait_for(lock, kLook, [this] { return stopping || !waiting.empty(); });
            if (waiting.empty()) {
                lock.unlock();
                look();
                lock.lock();
            }
            continue;
        }
        working = true;
        engine::Changes changes = std::move(waiting.front());
        waiting.pop_front();
        waiting_changes -= changes.list.size();
        lock.unlock();
        for (std::size_t from = 0; from < changes.list.size() || from == 0; from += kAtOnce) {
            const std::size_t end = std::min(from + kAtOnce, changes.list.size());
            std::vector<Event> made;
            for (std::size_t i = from; i < end; ++i) made.push_back(event_of(changes.list[i], changes.time));
            lock.lock();
            for (Event& event : made) ring.push(std::move(event));
            if (end == changes.list.size() && changes.left_off > 0) ring.skip(changes.left_off);
            // Under the lock, so that a listener that has left is not woken any more; waking only leaves a note.
            for (const auto& [id, listener] : listeners) listener.wake();
            lock.unlock();
        }
        lock.lock();
    }
}

/// One listener: its filter and how far it has read.
class EventHub::Stream final : public http::EventStream {
public:
    Stream(std::shared_ptr<Shared> shared, std::uint64_t number, Filter filter, Cursor cursor)
        : shared_(std::move(shared)), number_(number), filter_(std::move(filter)), cursor_(cursor) {}
    ~Stream() override { shared_->leave(number_); }

    std::string read(std::size_t bytes) override {
        const std::lock_guard lock(shared_->mutex);
        return shared_->ring.read(cursor_, filter_, bytes);
    }
    std::string heartbeat() override {
        const std::lock_guard lock(shared_->mutex);
        // Told first: behind the id nothing is missed.
        return cursor_.tell ? ": listening\n\n" : ": listening\n" + shared_->ring.mark(cursor_);
    }

private:
    const std::shared_ptr<Shared> shared_;
    const std::uint64_t number_;
    const Filter filter_;
    Cursor cursor_;
};

EventHub::EventHub(HubOptions options, const Clock& clock)
    : shared_(std::make_shared<Shared>(std::move(options), clock)) {
    shared_->thread = std::thread([shared = shared_.get()] { shared->run(); });
}

EventHub::~EventHub() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->stopping = true;
    }
    shared_->changed.notify_all();
    shared_->thread.join();
}

void EventHub::begin(std::uint64_t epoch) {
    const std::lock_guard lock(shared_->mutex);
    shared_->ring = EventRing(epoch, shared_->options.ring);
}

core::WatchLevel EventHub::wanted() const { return shared_->wanted.load(std::memory_order_relaxed); }

void EventHub::take(engine::Changes changes) {
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->waiting_changes + changes.list.size() > shared_->options.waiting_max) {
            changes.left_off += changes.list.size();
            changes.list.clear();
            // Gaps are merged, so that a flood does not fill the queue with them.
            if (!shared_->waiting.empty()) {
                shared_->waiting.back().left_off += changes.left_off;
                return;
            }
        }
        shared_->waiting_changes += changes.list.size();
        shared_->waiting.push_back(std::move(changes));
    }
    shared_->changed.notify_all();
}

void EventHub::look() { shared_->look(); }

void EventHub::settle() {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait(lock, [this] { return shared_->waiting.empty() && !shared_->working; });
}

Result<std::unique_ptr<http::EventStream>> EventHub::listen(http::EventWish wish, std::function<void()> wake) {
    const HubOptions& options = shared_->options;
    Filter filter{.region = wish.region.empty() ? options.default_region : wish.region,
                  .ids = std::move(wish.ids),
                  .players = wish.players};
    if (filter.region == "*")
        filter.region.clear();
    else if (std::find(options.regions.begin(), options.regions.end(), filter.region) == options.regions.end())
        return refuse(ErrorCode::UnsupportedRegion,
                      fmt::format("Region '{}' is not one of this server; it has {}, or * for all",
                                  filter.region.substr(0, 100), fmt::join(options.regions, ", ")));
    if (filter.ids.size() > Filter::kIdsMax)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("fleet and alias may name {} ids together; listen to everything and choose for "
                                  "yourself, or open another stream",
                                  Filter::kIdsMax));
    std::unique_ptr<Stream> stream;
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->listeners.size() >= options.listeners_max)
            return refuse(ErrorCode::Overloaded,
                          fmt::format("{} clients listen to events already; close one of them", options.listeners_max));
        Cursor cursor = wish.last_event_id.empty() ? shared_->ring.end() : shared_->ring.resume(wish.last_event_id);
        const bool players = filter.players;
        const std::uint64_t number = shared_->next_listener++;
        stream = std::make_unique<Stream>(shared_, number, std::move(filter), cursor);
        shared_->listeners.emplace(number, Shared::Listener{std::move(wake), players});
        const core::WatchLevel level = std::max(shared_->wanted.load(), shared_->level());
        shared_->wanted = level;
    }
    // Whoever has been answered that he listens misses nothing of what he does next.
    if (options.barrier) TRY(options.barrier());
    return stream;
}

}  // namespace gse::events
