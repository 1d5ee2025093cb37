/// How many instances a fleet should have. Source: [弹性伸缩; 配置扩缩容; API:PutScalingPolicy].
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace gse::plan {

struct CapacityView {
    std::uint32_t min = 0;
    std::uint32_t max = 1;
    std::uint32_t desired = 1;       ///< what was last set or decided
    std::uint32_t staying = 0;       ///< instances that are not draining: starting ones count as capacity
    std::uint32_t per_instance = 1;  ///< configured processes of an instance, ≥ 1
    std::uint64_t sessions = 0;  ///< live sessions on staying instances: what a draining one carries uses up nothing
    bool auto_scaling = true;
    std::optional<std::uint32_t> target_percent;  ///< 1–99: share of free sessions to keep
    EngineTime last_scaling;
    Millis cooldown{0};
    bool cooldown_delays_growth = false;  ///< scaling.cooldown = "both"
    /// Sessions that somebody waits for: placements, and creates that were refused lately.
    std::uint64_t demand = 0;
};

struct CapacityPlan {
    std::uint32_t desired = 0;
    EngineTime look_again = kNever;  ///< a change is due but must wait until then
    friend bool operator==(const CapacityPlan&, const CapacityPlan&) = default;
};

/// ceil(sessions·100 / (perInstance·(100−target))), in integers; at least one instance while the maximum allows one:
/// with no session at all the buffer is undefined, and the original kept one.
constexpr std::uint32_t needed_for_buffer(std::uint64_t sessions, std::uint32_t per_instance,
                                          std::uint32_t target_percent) {
    const std::uint64_t usable = std::uint64_t{per_instance} * (100 - target_percent);
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (sessions * 100 + usable - 1) / usable));
}

/// Growth is immediate unless the settings say otherwise; shrinking waits for the cool-down. Demand counts like
/// sessions that run already, so that nothing is grown twice when it is met. Without a policy what was desired rules,
/// but for one thing: a fleet without an instance gets one when somebody waits.
constexpr CapacityPlan plan_capacity(const CapacityView& fleet, EngineTime now) {
    const auto clamp = [&](std::uint32_t n) { return std::clamp(n, std::min(fleet.min, fleet.max), fleet.max); };
    if (fleet.auto_scaling && !fleet.target_percent && fleet.demand > 0 && fleet.staying == 0)
        return {clamp(std::max(fleet.desired, 1u))};
    if (!fleet.auto_scaling || !fleet.target_percent) return {clamp(fleet.desired)};

    const std::uint32_t wanted =
        clamp(needed_for_buffer(fleet.sessions + fleet.demand, fleet.per_instance, *fleet.target_percent));
    const std::uint32_t held = clamp(fleet.staying);
    if (wanted == fleet.staying) return {wanted};
    const bool grows = wanted > fleet.staying;
    // Leaving [min, max] is never put off.
    const bool may_wait = held == fleet.staying && (!grows || fleet.cooldown_delays_growth);
    const EngineTime cooled = fleet.last_scaling + fleet.cooldown;
    if (may_wait && fleet.last_scaling != EngineTime{} && now < cooled) return {held, cooled};
    return {wanted};
}

}  // namespace gse::plan
