/// How many instances a fleet should have. Source: [弹性伸缩; 配置扩缩容; API:PutScalingPolicy].
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "plan/scaling_rules.h"

namespace gse::plan {

/// What a target-based policy keeps free: the larger of the two.
struct Buffer {
    std::uint32_t percent = 0;       ///< 1–99: of all sessions
    std::uint32_t minimum_free = 0;  ///< sessions
    bool keep_one = true;            ///< an instance stays without any session: of none there is no percentage
};

struct CapacityView {
    std::uint32_t min = 0;
    std::uint32_t max = 1;
    std::uint32_t desired = 1;       ///< what was last set or decided
    std::uint32_t staying = 0;       ///< instances that are not draining: starting ones count as capacity
    std::uint32_t per_instance = 1;  ///< configured processes of an instance, ≥ 1
    std::uint64_t sessions = 0;  ///< live sessions on staying instances: what a draining one carries uses up nothing
    bool auto_scaling = true;
    std::optional<Buffer> buffer = {};
    EngineTime last_scaling = {};
    Millis cooldown{0};
    bool cooldown_delays_growth = false;  ///< scaling.cooldown = "both"
    /// Sessions that somebody waits for: placements, and creates that were refused lately.
    std::uint64_t demand = 0;
    std::uint64_t players = 0;
    std::int64_t custom_current = 0;
    std::int64_t custom_maximum = 0;
    std::vector<RuleView> rules = {};

    [[nodiscard]] FleetFigures figures() const {
        return {.instances = staying,
                .per_instance = per_instance,
                .sessions = sessions,
                .players = players,
                .custom_current = custom_current,
                .custom_maximum = custom_maximum};
    }
};

struct CapacityPlan {
    std::uint32_t desired = 0;
    EngineTime look_again = kNever;        ///< a change is due but must wait until then
    EngineTime rules_again = kNever;       ///< a rule that holds may act then
    std::optional<std::size_t> rule = {};  ///< this one decided, and begins anew
    friend bool operator==(const CapacityPlan&, const CapacityPlan&) = default;
};

/// By percentage: ceil(sessions·100 / (perInstance·(100−percent))), in integers. At least one instance while the
/// maximum allows one: with no session at all the percentage is undefined, and the original kept one.
constexpr std::uint32_t needed_for_buffer(std::uint64_t sessions, std::uint32_t per_instance, const Buffer& buffer) {
    const auto ceil_of = [](std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; };
    const std::uint64_t by_percent = ceil_of(sessions * 100, std::uint64_t{per_instance} * (100 - buffer.percent));
    const std::uint64_t by_number = buffer.minimum_free > 0 ? ceil_of(sessions + buffer.minimum_free, per_instance) : 0;
    return static_cast<std::uint32_t>(std::max({std::uint64_t{buffer.keep_one}, by_percent, by_number}));
}

/// What the rules want together: the largest proposal of those that held for their time, once the cool-down is over.
struct RuleWishes {
    std::optional<std::uint32_t> proposal;
    std::optional<std::size_t> whose;
    bool keeps = false;  ///< some rule holds that wants no fewer than there are, be its time come or not
    EngineTime again = kNever;
};

template <class Clamp>
RuleWishes wishes_of_rules(const CapacityView& fleet, EngineTime now, EngineTime cooled, const Clamp& clamp) {
    RuleWishes wishes;
    const FleetFigures figures = fleet.figures();
    for (std::size_t i = 0; i < fleet.rules.size(); ++i) {
        const RuleView& rule = fleet.rules[i];
        if (rule.holds_since == kNever || !holds(rule, figures)) continue;
        const std::uint32_t wanted = clamp(adjusted(rule.adjustment_type, rule.adjustment, fleet.staying));
        wishes.keeps = wishes.keeps || wanted >= fleet.staying;
        const EngineTime ready = std::max(rule.holds_since + rule.period, cooled);
        if (now < ready) {
            if (wanted != fleet.staying) wishes.again = std::min(wishes.again, ready);
        } else if (!wishes.proposal || wanted > *wishes.proposal) {
            wishes.proposal = wanted;
            wishes.whose = i;
        }
    }
    return wishes;
}

/// The largest of all wishes; fewer only when nobody wants more. Growth toward the buffer is immediate unless the
/// settings say otherwise; shrinking and rules wait for the cool-down. Demand counts like sessions that run already, so
/// that nothing is grown twice when it is met. Without a policy what was desired rules, but for one thing: a fleet
/// without an instance gets one when somebody waits.
inline CapacityPlan plan_capacity(const CapacityView& fleet, EngineTime now) {
    const auto clamp = [&](std::uint32_t n) { return std::clamp(n, std::min(fleet.min, fleet.max), fleet.max); };
    if (!fleet.auto_scaling) return {clamp(fleet.desired)};
    const EngineTime cooled = fleet.last_scaling == EngineTime{} ? EngineTime{} : fleet.last_scaling + fleet.cooldown;
    const RuleWishes rules = wishes_of_rules(fleet, now, cooled, clamp);
    const bool rule_changes = rules.proposal && *rules.proposal != fleet.staying;
    const auto decided_by_rule = [&](std::uint32_t n) {
        return rule_changes && n == *rules.proposal ? rules.whose : std::nullopt;
    };

    if (!fleet.buffer) {
        const bool wakes = fleet.demand > 0 && fleet.staying == 0;
        std::uint32_t wanted = clamp(wakes ? std::max(fleet.desired, 1u) : fleet.desired);
        if (rule_changes && *rules.proposal > fleet.staying)
            wanted = std::max(wanted, *rules.proposal);
        else if (rule_changes && !rules.keeps && fleet.demand == 0)
            wanted = std::min(wanted, *rules.proposal);
        return {.desired = wanted, .rules_again = rules.again, .rule = decided_by_rule(wanted)};
    }

    const std::uint32_t for_buffer =
        clamp(needed_for_buffer(fleet.sessions + fleet.demand, fleet.per_instance, *fleet.buffer));
    const std::uint32_t held = clamp(fleet.staying);
    std::uint32_t wanted = std::max(for_buffer, rules.proposal.value_or(0));
    if (rules.keeps) wanted = std::max(wanted, held);
    const bool grows = wanted > fleet.staying;
    // Leaving [min, max] is never put off.
    const bool may_wait = wanted != fleet.staying && held == fleet.staying && (!grows || fleet.cooldown_delays_growth);
    if (may_wait && now < cooled) return {.desired = held, .look_again = cooled, .rules_again = rules.again};
    return {.desired = wanted,
            .rules_again = rules.again,
            .rule = wanted > for_buffer ? decided_by_rule(wanted) : std::nullopt};
}

}  // namespace gse::plan
