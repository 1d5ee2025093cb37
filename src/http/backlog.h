/// How long requests wait for their loop, and which of them are refused for it. Time is handed in, as milliseconds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace gse::http {

/// A loop that cannot keep up lets its sockets fill, and everything waits for seconds. Better to refuse at once, before
/// any work is done for a request, what would have waited too long: the share that is refused grows with the wait, so
/// that what is taken waits for about kBoundMs, and all connections are refused alike.
///
/// Nobody says when a request arrived. But when its socket is found empty, or the loop has nothing to do, everything
/// before has been taken: so it is no older than the last of these moments. The shortest such age of a window counts.
/// One thread at a time.
class Backlog {
public:
    static constexpr std::int64_t kBoundMs = 100;
    static constexpr std::int64_t kWindowMs = 10;
    /// A window with fewer requests is no backlog of ours, however long it lasted: the machine was busy elsewhere.
    static constexpr std::size_t kRequestsMin = 32;
    /// The wait must have been above the half of the bound for so long before anything is refused…
    static constexpr std::int64_t kPatienceMs = 200;
    /// …and below it for so long before patience is needed again.
    static constexpr std::int64_t kCalmMs = 1'000;

    /// The loop has nothing to do: whatever there was is over.
    void idle(std::int64_t now_ms) {
        idle_ms_ = now_ms;
        shortest_ms_ = 0;
        share_ = 0;
    }

    /// Requests are about to be taken that arrived after `since_ms`.
    void serve(std::int64_t now_ms, std::int64_t since_ms) {
        if (now_ms >= window_ends_ms_) close_window(now_ms);
        shortest_ms_ = std::min(shortest_ms_, now_ms - std::max(since_ms, idle_ms_));
    }

    /// Whether the request just read is refused.
    [[nodiscard]] bool refuses() {
        ++requests_;
        if (share_ == 0) return false;
        chance_ = chance_ * 6364136223846793005ULL + 1442695040888963407ULL;  // not for secrets
        return (chance_ >> 48) < share_;
    }

    /// Of 65,536 requests, how many are refused.
    [[nodiscard]] std::uint32_t share() const { return share_; }

private:
    static constexpr std::uint32_t kAll = 65'536;
    static constexpr std::uint32_t kShareMax = kAll - kAll / 50;  ///< never all: somebody must find out that it is over

    void close_window(std::int64_t now_ms) {
        const std::int64_t waited = requests_ >= kRequestsMin ? shortest_ms_ : 0;
        requests_ = 0;
        shortest_ms_ = INT64_MAX;
        window_ends_ms_ = now_ms + kWindowMs;
        if (waited > kBoundMs / 2) {
            if (high_since_ms_ == kNotHigh) high_since_ms_ = now_ms - waited;
            low_since_ms_ = now_ms;
        } else if (now_ms - low_since_ms_ >= kCalmMs || !is_overloaded(now_ms)) {
            high_since_ms_ = kNotHigh;
        }
        share_ = is_overloaded(now_ms) ? share_for(waited) : 0;
    }
    [[nodiscard]] bool is_overloaded(std::int64_t now_ms) const {
        return high_since_ms_ != kNotHigh && now_ms - high_since_ms_ >= kPatienceMs;
    }
    /// None at the half of the bound, all at one and a half.
    static std::uint32_t share_for(std::int64_t waited_ms) {
        const std::int64_t share = (waited_ms - kBoundMs / 2) * kAll / kBoundMs;
        return static_cast<std::uint32_t>(std::clamp<std::int64_t>(share, 0, kShareMax));
    }

    static constexpr std::int64_t kNotHigh = INT64_MAX;
    std::int64_t idle_ms_ = INT64_MIN / 2;
    std::int64_t window_ends_ms_ = 0;
    std::int64_t shortest_ms_ = INT64_MAX;
    std::size_t requests_ = 0;
    std::int64_t high_since_ms_ = kNotHigh;
    std::int64_t low_since_ms_ = 0;
    std::uint32_t share_ = 0;
    std::uint64_t chance_ = 0x9e3779b97f4a7c15;
};

}  // namespace gse::http
