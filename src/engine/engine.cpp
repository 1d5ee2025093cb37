#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/low_latency.h"
#include "engine/replay.h"
#include "engine/snapshot_due.h"

namespace gse::engine {
namespace {

using namespace std::chrono_literals;

/// The owner stops taking inputs when the open batch has grown to this while the one before is still in flight.
constexpr std::size_t kRecordsPerBatchMax = 50'000;
constexpr std::size_t kAnswersPerBatchMax = 20'000;
/// Inputs that are decided together while a commit is under way; fewer wait for its end.
constexpr std::size_t kWorthWaking = 64;
/// Room for inputs that is kept when nothing waits: what a storm of thousands needed is given back.
constexpr std::size_t kInputsKept = 1'024;
constexpr std::size_t kRecordsPerSlice = 2'000;
constexpr std::size_t kSlicesWaitingMax = 4;
/// Idle wake-ups: retention, disk space, snapshot due.
constexpr auto kIdleTick = 500ms;
/// Between two looks at whether this engine still leads.
constexpr auto kLookAgain = 5ms;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
}  // namespace

Engine::Engine(EngineOptions options, core::State& state, journal::Journal& journal, Clock& clock, Rng& rng,
               OnFatal on_fatal)
    : options_(std::move(options)),
      state_(state),
      journal_(journal),
      clock_(clock),
      rng_(rng),
      on_fatal_(std::move(on_fatal)),
      follower_(std::make_unique<ReplayInto>(state)),
      queue_bound_(options_.queue_max),
      pace_(options_.commit_spacing) {}

Engine::~Engine() { stop(); }

Result<std::string> Engine::recover() {
    TRY(load());
    return lead();
}

Result<void> Engine::load() {
    loaded_ = TRY(journal_.load(*follower_));
    follower_->last_seq = loaded_.last_seq;
    return {};
}

journal::Replay& Engine::followed() { return *follower_; }

std::uint64_t Engine::last_seq() const { return follower_->last_seq; }

std::string Engine::lead() {
    state_.rebuild();
    last_seq_ = durable_seq_ = follower_->last_seq;
    // Time stood still for nobody while no server led, but a clock that jumped must not expire the world.
    const Millis gap = std::clamp(clock_.wall() - follower_->last.wall, Millis{0}, options_.gap_max);
    engine_base_ = last_seq_ == 0 ? EngineTime{1} : follower_->last.engine + gap;
    mono_base_ = clock_.monotonic_ms();
    state_.begin_epoch();
    std::string text = fmt::format("journal: {} entries after snapshot {}, {} bytes; epoch {}", loaded_.entries,
                                   loaded_.snapshot_end, loaded_.bytes, state_.epoch());
    if (last_seq_ > loaded_.last_seq) text += fmt::format("; {} entries followed", last_seq_ - loaded_.last_seq);
    for (const auto& warning : loaded_.warnings) text += "; warning: " + warning;
    return text;
}

Now Engine::now() const { return {engine_base_ + Millis{clock_.monotonic_ms() - mono_base_}, clock_.wall()}; }

void Engine::start(link::HostStreams& streams, Greeting greeting) {
    streams_ = &streams;
    decider_ = std::make_unique<Decider>(state_, rng_, std::move(greeting));
    decider_->set_sink(sink_);
    decider_->begin(now());
    if (const auto free_bytes = journal_.free_disk_bytes()) stats_.disk_low = *free_bytes < options_.reserve_bytes;
    {
        const std::lock_guard lock(mutex_);
        owner_ = std::thread([this] { run_owner(); });
    }
    committer_ = std::thread([this] { run_committer(); });
    snapshotter_ = std::thread([this] { run_snapshots(); });
}

void Engine::stop() {
    {
        std::lock_guard lock(mutex_);
        if (stopping_) return;
        stopping_ = true;
    }
    owner_wakes_.notify_all();
    if (owner_.joinable()) owner_.join();
    committer_wakes_.notify_all();
    snapshot_wakes_.notify_all();
    if (committer_.joinable()) committer_.join();
    if (snapshotter_.joinable()) snapshotter_.join();
}

// ------------------------------------------------------------------ in

Result<void> Engine::submit(Kind kind, Decide decide, Done done, Hurry hurry) {
    {
        std::lock_guard lock(mutex_);
        if (failed_) return refuse(ErrorCode::Internal, "the journal failed; the server is restarting");
        if (stopping_) return refuse(ErrorCode::Overloaded, "the server is shutting down; try again");
        if (kind == Kind::Write && stats_.disk_low)
            return refuse(
                ErrorCode::FailedOperation,
                fmt::format(
                    "less than journal.reserve_bytes ({} MiB) of disk are free on the server; nothing is changed until "
                    "there is room, reading goes on",
                    options_.reserve_bytes >> 20));
        if (calls_waiting_ >= queue_bound_.bound()) {
            ++stats_.calls_shed;
            return refuse(ErrorCode::Overloaded, "the server is overloaded; try again in a moment");
        }
        ++calls_waiting_;
        ++stats_.calls;
        inputs_.emplace_back(Call{std::move(decide), std::move(done), std::move(hurry)});
        if (!wakes_owner(1)) return {};
    }
    owner_wakes_.notify_one();
    return {};
}

/// Whether the inputs just queued wake the owner: the first does, or the one that makes it worth while to decide during
/// the commit. With the lock held.
bool Engine::wakes_owner(std::size_t added) const {
    const std::size_t enough = owner_dozes_ ? kWorthWaking : 1;
    return inputs_.size() >= enough && inputs_.size() - added < enough;
}

/// `add` puts `count` inputs into the queue, with the lock held.
template <class Add>
void Engine::queue(std::size_t count, const Add& add) {
    {
        std::lock_guard lock(mutex_);
        if (stopping_ || failed_) return;
        add();
        if (!wakes_owner(count)) return;
    }
    owner_wakes_.notify_one();
}

void Engine::push(Input input) {
    queue(1, [&] { inputs_.push_back(std::move(input)); });
}

void Engine::on_hello(link::StreamId stream, link::HostHello hello) {
    push(Hello{stream, std::make_unique<link::HostHello>(std::move(hello))});
}
void Engine::on_reports(link::StreamId stream, std::span<link::Report> reports) {
    queue(reports.size(), [&] {
        for (link::Report& report : reports) inputs_.emplace_back(Told{stream, std::move(report)});
    });
}
void Engine::on_alive(link::StreamId stream) { push(Alive{stream}); }
void Engine::on_readings(link::StreamId stream, std::vector<link::InstanceReading> readings) {
    push(Measured{stream, std::move(readings)});
}
void Engine::on_closed(link::StreamId stream) { push(Closed{stream}); }

bool Engine::inspect(const std::function<void(const core::State&)>& look) {
    std::promise<void> ready;
    auto looked = ready.get_future();
    {
        std::lock_guard lock(mutex_);
        if (stopping_ || failed_ || !owner_.joinable()) return false;
        inputs_.emplace_back(Inspect{&look, std::move(ready)});
    }
    owner_wakes_.notify_one();
    try {
        looked.get();
    } catch (const std::future_error&) {
        return false;  // the promise was broken
    }
    return true;
}

EngineStats Engine::stats() const {
    std::lock_guard lock(mutex_);
    EngineStats out = stats_;
    out.queue = calls_waiting_;
    return out;
}

// ------------------------------------------------------------------ owner

void Engine::handle(Input& input) {
    std::visit(
        [this](auto& in) {
            using T = std::decay_t<decltype(in)>;
            if constexpr (std::is_same_v<T, Call>) {
                if (auto body = decider_->call(++last_ticket_, std::move(in.decide)))
                    answers_.push_back({std::move(in.done), std::move(*body)});
                else
                    waiting_.emplace(last_ticket_, Waiting{std::move(in.done), std::move(in.hurry)});
            } else if constexpr (std::is_same_v<T, Hello>)
                decider_->on_hello(in.stream, *in.hello);
            else if constexpr (std::is_same_v<T, Told>)
                decider_->on_report(in.stream, in.report);
            else if constexpr (std::is_same_v<T, Alive>)
                decider_->on_alive(in.stream);
            else if constexpr (std::is_same_v<T, Measured>)
                decider_->on_readings(in.stream, in.readings);
            else if constexpr (std::is_same_v<T, Closed>)
                decider_->on_closed(in.stream);
            else {
                (*in.look)(state_);
                in.ready.set_value();
            }
        },
        input);
}

/// Those who have gone free their place; when the server stops, all are answered.
void Engine::hurry_waiting(bool all) {
    if (waiting_.empty()) return;
    const auto steady = std::chrono::steady_clock::now();
    if (!all && steady < next_hurry_) return;
    next_hurry_ = steady + kIdleTick / 2;
    for (const auto& [ticket, waiting] : waiting_)
        if (all || (waiting.hurry && waiting.hurry->load(std::memory_order_relaxed))) decider_->hurry(ticket);
}

void Engine::run_owner() {
    prefer_low_latency();
    std::vector<Input> taken;
    bool more_due = true;    // the new epoch is the first batch
    bool has_output = true;  // something decided that has not been sealed
    std::unique_lock lock(mutex_);
    for (;;) {
        const bool full = answers_.size() >= kAnswersPerBatchMax || decider_->changes() >= kRecordsPerBatchMax;
        const auto free_to_seal_at = pace_.next();
        const auto steady = std::chrono::steady_clock::now();
        const bool may_seal = has_output && !in_flight_ && (steady >= free_to_seal_at || !decider_->has_changes());
        if (may_seal) {
            seal_into(lock);
            has_output = false;
            continue;
        }
        const bool may_take = !full && !inputs_.empty();
        if (!may_take && !(more_due && !full)) {
            if (stopping_ && inputs_.empty() && !has_output && !in_flight_ && waiting_.empty()) break;
            const EngineTime next = std::min(state_.next_timer(), decider_->next_sample());
            const Millis to_timer =
                std::clamp(next == kNever ? Millis{kIdleTick} : next - now().engine, Millis{0}, Millis{kIdleTick});
            auto until = steady + (full ? Millis{kIdleTick} : to_timer);
            if (has_output && !in_flight_)
                until = std::min<std::chrono::steady_clock::time_point>(until, free_to_seal_at);
            if (snapshot_ == Snapshot::Walking && slices_.size() < kSlicesWaitingMax) until = steady;
            if (stopping_ && !waiting_.empty() && !has_output) until = steady;
            if (until > steady) {
                owner_dozes_ = in_flight_ || has_output;
                if (calls_waiting_ == 0) queue_bound_.idle(steady);
                if (inputs_.empty() && inputs_.capacity() > kInputsKept) inputs_ = std::vector<Input>();
                if (taken.capacity() > kInputsKept) taken = std::vector<Input>();
                owner_wakes_.wait_until(lock, until);
                owner_dozes_ = false;
            }
            if (failed_) break;
        }
        taken.clear();
        if (!full) taken.swap(inputs_);
        const bool stopping = stopping_;
        lock.unlock();

        if (!full) {
            decider_->begin(now());
            std::size_t calls = 0;
            for (Input& input : taken) {
                if (std::holds_alternative<Call>(input)) ++calls;
                handle(input);
            }
            pace_.decided(taken.size());
            more_due = decider_->tick();
            hurry_waiting(stopping);
            has_output = has_output || decider_->has_work();
            lock.lock();
            calls_waiting_ -= calls;
            queue_bound_.decided(std::chrono::steady_clock::now(), calls);
            lock.unlock();
        }
        feed_snapshot();
        lock.lock();
        if (failed_) break;
    }
    owner_done_ = true;
    inputs_.clear();  // after a failure: no answer leaves any more, and whoever waits in inspect() is woken
    lock.unlock();
    committer_wakes_.notify_all();
}

/// Called with the lock held; gives the open batch to the committer.
void Engine::seal_into(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    auto sealed = std::make_unique<Sealed>();
    sealed->records = decider_->changes();
    sealed->batch = decider_->finish();
    sealed->answers = std::exchange(answers_, {});
    for (auto& waited : sealed->batch.waited) {
        const auto it = waiting_.find(waited.ticket);
        sealed->answers.push_back({std::move(it->second.done), std::move(waited.body)});
        waiting_.erase(it);
    }
    if (!sealed->batch.bytes.empty()) sealed->seq = ++last_seq_;
    lock.lock();
    stats_.waiting = waiting_.size();
    pace_.sealed(std::chrono::steady_clock::now(), sealed->seq != 0);
    in_flight_ = std::move(sealed);
    committer_wakes_.notify_one();
}

// ------------------------------------------------------------------ committer

void Engine::run_committer() {
    prefer_low_latency();
    std::unique_lock lock(mutex_);
    for (;;) {
        committer_wakes_.wait(lock, [this] { return in_flight_ || stopping_ || failed_; });
        if (failed_) return;
        if (!in_flight_) {
            if (owner_done_) return;
            committer_wakes_.wait(lock, [this] { return in_flight_ || owner_done_ || failed_; });
            continue;
        }
        Sealed& sealed = *in_flight_;
        lock.unlock();
        if (const auto sure = make_sure(sealed); !sure) {
            lock.lock();
            failed_ = true;
            stats_.trouble = sure.error().message;
            lock.unlock();
            owner_wakes_.notify_all();
            snapshot_wakes_.notify_all();
            on_fatal_(sure.error());
            return;
        }
        release(sealed);
        // With every commit, or what is kept in reserve could be written full between two looks of the idle tick.
        const Result<std::uint64_t> free_bytes =
            sealed.seq != 0 ? journal_.free_disk_bytes() : Result<std::uint64_t>{0};
        lock.lock();
        if (sealed.seq != 0) {
            if (free_bytes) stats_.disk_low = *free_bytes < options_.reserve_bytes;
            durable_seq_ = sealed.seq;
            ++stats_.commits;
            stats_.records += sealed.records;
            stats_.journal_bytes += sealed.batch.bytes.size();
            if (snapshot_ == Snapshot::Finishing) snapshot_wakes_.notify_one();
        }
        std::unique_ptr<Sealed> done = std::move(in_flight_);
        lock.unlock();
        owner_wakes_.notify_one();
        done.reset();  // what thousands of answers held is freed while the owner goes on
        lock.lock();
    }
}

/// That what is in the batch may leave. On an error it is unknown what is durable, or who leads: nothing is released,
/// and recovery finds out.
Result<void> Engine::make_sure(const Sealed& sealed) {
    if (sealed.seq != 0) {
        const auto began = std::chrono::steady_clock::now();
        auto appended = journal_.append(sealed.seq, bytes_of(sealed.batch.bytes));
        commit_latency_.add(std::chrono::steady_clock::now() - began);
        return appended;
    }
    if (!options_.still_leads) return {};
    const std::int64_t until = clock_.monotonic_ms() + options_.lead_patience.count();
    std::unique_lock lock(mutex_);
    while (!options_.still_leads()) {
        if (stopping_ || clock_.monotonic_ms() >= until)
            return refuse(ErrorCode::Internal,
                          "another server may lead by now: the database does not confirm this one");
        committer_wakes_.wait_for(lock, kLookAgain);
    }
    return {};
}

void Engine::release(Sealed& sealed) {
    // What goes to one stream goes together, in its order; between streams there is none.
    std::unordered_map<link::StreamId, std::vector<link::Order>> orders;
    const auto send = [&](link::StreamId stream) {
        if (const auto found = orders.find(stream); found != orders.end() && !found->second.empty())
            streams_->send_all(stream, std::exchange(found->second, {}));
    };
    for (auto& message : sealed.batch.messages) {
        std::visit(
            [&](auto& body) {
                using T = std::decay_t<decltype(body)>;
                if constexpr (std::is_same_v<T, link::Order>) {
                    orders[message.stream].push_back(std::move(body));
                } else {
                    send(message.stream);
                    if constexpr (std::is_same_v<T, link::Welcome>)
                        streams_->welcome(message.stream, std::move(body));
                    else
                        streams_->close(message.stream, std::move(body.why));
                }
            },
            message.body);
    }
    for (auto& [stream, together] : orders) send(stream);
    for (auto& answer : sealed.answers) answer.done(std::move(answer.body));
    if (!sealed.batch.changes.list.empty() || sealed.batch.changes.left_off > 0)
        sink_->take(std::move(sealed.batch.changes));
}

// ------------------------------------------------------------------ snapshots

/// Owner: walks the state a slice at a time, between batches.
void Engine::feed_snapshot() {
    std::uint64_t number = 0;
    {
        std::lock_guard lock(mutex_);
        if (snapshot_ != Snapshot::Walking || slices_.size() >= kSlicesWaitingMax) return;
        number = snapshot_number_;
    }
    if (cursor_number_ != number) {
        cursor_number_ = number;
        cursor_ = {};
    }
    std::string slice = state_.encode_slice(cursor_, kRecordsPerSlice, now());
    std::lock_guard lock(mutex_);
    if (snapshot_ != Snapshot::Walking || snapshot_number_ != number) return;  // abandoned meanwhile
    slices_.push_back(std::move(slice));
    if (cursor_.at_end()) {
        snapshot_ = Snapshot::Finishing;
        // Everything the slices saw is in the journal once the batch that is open now is durable.
        snapshot_end_ = last_seq_ + (decider_->has_changes() ? 1 : 0);
    }
    snapshot_wakes_.notify_one();
}

void Engine::run_snapshots() {
    std::unique_lock lock(mutex_);
    while (!stopping_ && !failed_) {
        lock.unlock();
        const auto free_bytes = journal_.free_disk_bytes();
        const bool due = snapshot_is_due({.log = journal_.bytes_since_snapshot(),
                                          .last_snapshot = journal_.snapshot_bytes(),
                                          .free_disk = free_bytes.value_or(UINT64_MAX),
                                          .least_log = options_.snapshot_bytes,
                                          .reserve = options_.reserve_bytes});
        lock.lock();
        if (free_bytes) stats_.disk_low = *free_bytes < options_.reserve_bytes;
        const bool writes = due && durable_seq_ != 0 && !stats_.disk_low;
        if (writes || untrimmed_) {
            const auto written = writes ? write_snapshot(lock) : Result<void>{};
            if (stopping_ || failed_) break;  // it was given up, and why is known
            const auto trimmed = untrimmed_ ? trim(lock) : Result<void>{};
            const auto& worse = written ? trimmed : written;
            stats_.trouble = worse ? std::string() : "snapshot: " + worse.error().message;
        }
        // Also after a snapshot that failed: the next attempt waits its turn.
        snapshot_wakes_.wait_for(lock, kIdleTick, [this] { return stopping_ || failed_; });
    }
}

/// Called and left with the lock held.
Result<void> Engine::write_snapshot(std::unique_lock<std::mutex>& lock) {
    const std::uint64_t start = durable_seq_;
    lock.unlock();
    auto writer = journal_.begin_snapshot(start);
    lock.lock();
    if (!writer) return std::unexpected(writer.error());
    slices_.clear();
    snapshot_ = Snapshot::Walking;
    ++snapshot_number_;
    owner_wakes_.notify_one();
    Result<void> written;
    for (bool done = false; written && !done;) {
        snapshot_wakes_.wait(lock, [this] {
            return stopping_ || failed_ || !slices_.empty() ||
                   (snapshot_ == Snapshot::Finishing && durable_seq_ >= snapshot_end_);
        });
        if (stopping_ || failed_) break;
        const std::vector<std::string> slices = std::exchange(slices_, {});
        const bool complete = slices.empty();  // then the last one was written before, and all it saw is durable
        const std::uint64_t end = snapshot_end_;
        lock.unlock();
        owner_wakes_.notify_one();
        for (const auto& slice : slices)
            if (written) written = (*writer)->write(bytes_of(slice));
        if (complete) {
            written = (*writer)->finish(end);
            done = true;
        }
        lock.lock();
        if (done && written) {
            ++stats_.snapshots;
            untrimmed_ = true;
        }
    }
    snapshot_ = Snapshot::None;
    slices_.clear();
    lock.unlock();
    writer->reset();
    lock.lock();
    return written;
}

/// What a snapshot has made needless goes; if it cannot, it is tried again at the next look. Called and left with the
/// lock held.
Result<void> Engine::trim(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    auto trimmed = journal_.trim();
    lock.lock();
    untrimmed_ = !trimmed;
    return trimmed;
}

}  // namespace gse::engine
