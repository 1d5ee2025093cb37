#include "http/key_ring.h"

namespace gse::http {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

std::uint64_t next_version() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

}  // namespace

KeyRing::KeyRing(const FileKeyStore& file) {
    auto first = std::make_shared<Entries>();
    for (const auto& [secret_id, key] : file.all()) {
        first->emplace(secret_id, Entry{.key = key, .fixed = true});
        const bool root = secret_id == file.first().secret_id;
        engine::FixedKey shown{
            .secret_id = secret_id, .root = root, .disabled = key.disabled, .read_only = key.read_only};
        fixed_.insert(root ? fixed_.begin() : fixed_.end(), std::move(shown));
    }
    publish(std::move(first));
}

const KeyRing::Entries& KeyRing::entries() const {
    struct Seen {
        std::uint64_t version = 0;
        std::shared_ptr<const Entries> entries;
    };
    thread_local Seen seen;
    if (const std::uint64_t now = version_.load(std::memory_order_acquire); seen.version != now) {
        const std::lock_guard lock{mutex_};
        seen = {version_.load(std::memory_order_relaxed), entries_};
    }
    return *seen.entries;
}

/// With the mutex held, except by the constructor.
void KeyRing::publish(std::shared_ptr<const Entries> changed) {
    entries_ = std::move(changed);
    version_.store(next_version(), std::memory_order_release);
}

std::optional<Key> KeyRing::find(std::string_view secret_id) const {
    const Entries& known = entries();
    const auto found = known.find(secret_id);
    if (found == known.end()) return std::nullopt;
    return found->second.key;
}

void KeyRing::note_use(std::string_view secret_id, WallTime now) const {
    const Entries& known = entries();
    const auto found = known.find(secret_id);
    if (found == known.end()) return;
    std::atomic<std::int64_t>& minute = found->second.use->minute;
    // Nearly always the minute is known already, and nothing is written that other cores would have to fetch.
    if (const std::int64_t current = now.ms / kMinuteMs; minute.load(std::memory_order_relaxed) < current)
        minute.store(current, std::memory_order_relaxed);
}

void KeyRing::set(engine::LiveKey key) {
    const std::lock_guard lock{mutex_};
    auto changed = std::make_shared<Entries>(*entries_);
    Entry& entry = (*changed)[key.secret_id];
    if (entry.fixed) return;
    entry.key = {.secret = std::move(key.secret), .disabled = key.disabled, .read_only = key.read_only};
    publish(std::move(changed));
}

void KeyRing::remove(std::string_view secret_id) {
    const std::lock_guard lock{mutex_};
    auto changed = std::make_shared<Entries>(*entries_);
    const auto found = changed->find(secret_id);
    if (found == changed->end() || found->second.fixed) return;
    changed->erase(found);
    publish(std::move(changed));
}

WallTime KeyRing::last_used(std::string_view secret_id) const {
    const Entries& known = entries();
    const auto found = known.find(secret_id);
    if (found == known.end()) return {};
    return {found->second.use->minute.load(std::memory_order_relaxed) * kMinuteMs};
}

std::vector<engine::KeyUse> KeyRing::take_uses() {
    std::vector<engine::KeyUse> uses;
    const std::lock_guard lock{mutex_};
    for (const auto& [secret_id, entry] : *entries_) {
        const std::int64_t minute = entry.use->minute.load(std::memory_order_relaxed);
        if (minute <= entry.use->told) continue;
        entry.use->told = minute;
        uses.push_back({secret_id, WallTime{minute * kMinuteMs}});
    }
    return uses;
}

}  // namespace gse::http
