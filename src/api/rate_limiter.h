/// How often each action may be called [rate limits on the actions' pages]. Off unless the configuration says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/settings.h"

namespace gse::api {

/// A token bucket for each account, region and action, which holds one second's calls. Thread-safe; time is handed in.
class RateLimiter {
public:
    /// Calls per second by action, in the order of api::actions(); 0: no limit.
    explicit RateLimiter(std::vector<std::uint32_t> rates);

    /// Null when nothing is limited. InvalidParameterValue for an action that there is not; names the nearest.
    [[nodiscard]] static Result<std::unique_ptr<RateLimiter>> make(const Rates& rates);

    /// Takes one token. Overloaded, naming the limit and when to try again. `action` is an index into api::actions(),
    /// `now_ms` any monotonic clock's.
    [[nodiscard]] Result<void> admit(std::string_view account, std::string_view region, std::size_t action,
                                     std::int64_t now_ms);

    /// Buckets are kept for this many pairs of account and region; beyond it all are full again.
    static constexpr std::size_t kRowsMax = 4'096;

private:
    /// For each action the time, in microseconds, at which its bucket is full again.
    using Row = std::unique_ptr<std::atomic<std::int64_t>[]>;

    [[nodiscard]] Result<void> take(std::atomic<std::int64_t>& full_at, std::string_view region, std::size_t action,
                                    std::int64_t now_us) const;

    const std::vector<std::uint32_t> rates_;
    std::shared_mutex mutex_;
    std::unordered_map<std::string, Row> rows_;
};

}  // namespace gse::api
