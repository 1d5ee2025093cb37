/// At most one log line a period, for refusals that strangers can cause.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/time.h"

namespace gse::link {

/// Thread-safe.
class LogLimit {
public:
    explicit LogLimit(Millis period) : period_(period) {}

    /// `now_ms` is monotonic. The number of lines kept back since the last one, or nothing if this one is to be kept
    /// back too.
    std::optional<std::uint64_t> admit(std::int64_t now_ms) {
        const std::lock_guard lock(mutex_);
        if (last_ms_ && now_ms - *last_ms_ < period_.count()) {
            ++kept_back_;
            return std::nullopt;
        }
        last_ms_ = now_ms;
        return std::exchange(kept_back_, 0);
    }

private:
    const Millis period_;
    std::mutex mutex_;
    std::optional<std::int64_t> last_ms_;
    std::uint64_t kept_back_ = 0;
};

}  // namespace gse::link
