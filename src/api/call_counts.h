/// How often each action was called, how that ended, and how long it took: for /metrics. A fixed table of counters, so
/// that counting costs a call three additions and no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/latency_counts.h"
#include "base/result.h"

namespace gse::api {

/// Thread-safe.
class CallCounts {
public:
    static constexpr std::size_t kCodes = static_cast<std::size_t>(ErrorCode::Internal) + 1;

    struct Action {
        std::atomic<std::uint64_t> done{0};
        std::array<std::atomic<std::uint64_t>, kCodes> refused{};  ///< by ErrorCode
        LatencyCounts latency;
    };

    explicit CallCounts(std::size_t actions) : actions_(actions) {}

    /// `action`: position in api::actions(). `code`: why it was refused.
    void add(std::size_t action, std::optional<ErrorCode> code, std::chrono::steady_clock::duration time) {
        Action& counted = actions_[action];
        (code ? counted.refused[static_cast<std::size_t>(*code)] : counted.done)
            .fetch_add(1, std::memory_order_relaxed);
        counted.latency.add(time);
    }
    /// A call of no action that there is.
    void add_unknown() { unknown_.fetch_add(1, std::memory_order_relaxed); }

    [[nodiscard]] const std::vector<Action>& actions() const { return actions_; }
    [[nodiscard]] std::uint64_t unknown() const { return unknown_.load(std::memory_order_relaxed); }

private:
    std::vector<Action> actions_;
    std::atomic<std::uint64_t> unknown_{0};
};

}  // namespace gse::api
