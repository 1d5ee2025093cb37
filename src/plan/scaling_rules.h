/// Rule-based scaling policies: what they watch, whether they hold, and how many instances they propose.
/// Source: [API:PutScalingPolicy].
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "model/scaling_policies.h"

namespace gse::plan {

/// What rules watch: instances that are not draining, starting ones included, as for the session buffer, so that what
/// is on its way is not asked for twice.
struct FleetFigures {
    std::uint32_t instances = 0;
    std::uint32_t per_instance = 1;   ///< configured processes of an instance
    std::uint64_t sessions = 0;       ///< live sessions on them
    std::uint64_t players = 0;        ///< RESERVED and ACTIVE
    std::int64_t custom_current = 0;  ///< sums of what games reported with ReportCustomData
    std::int64_t custom_maximum = 0;
};

/// nullopt: a percentage of nothing, of which no rule holds. The custom metrics are what games reported, as the
/// published formulas say, although their names speak of what is available.
constexpr std::optional<double> value_of(ScalingMetric metric, const FleetFigures& fleet) {
    const std::uint64_t all = std::uint64_t{fleet.instances} * fleet.per_instance;
    const auto available = static_cast<double>(all > fleet.sessions ? all - fleet.sessions : 0);
    const auto percent = [](double part, double whole) {
        return whole > 0 ? std::optional(part / whole * 100) : std::nullopt;
    };
    const double idle_instances = fleet.per_instance > 0 ? available / fleet.per_instance : 0;
    switch (metric) {
        case ScalingMetric::CurrentPlayerSessions: return static_cast<double>(fleet.players);
        case ScalingMetric::AvailableGameServerSessions: return available;
        case ScalingMetric::PercentAvailableGameServerSessions: return percent(available, static_cast<double>(all));
        case ScalingMetric::AvailableCustomCount: return static_cast<double>(fleet.custom_current);
        case ScalingMetric::PercentAvailableCustomCount:
            return percent(static_cast<double>(fleet.custom_current), static_cast<double>(fleet.custom_maximum));
        case ScalingMetric::ActiveInstances: return fleet.instances;
        case ScalingMetric::IdleInstances: return idle_instances;
        case ScalingMetric::PercentIdleInstances: return percent(idle_instances, fleet.instances);
    }
    return std::nullopt;
}

struct RuleView {
    ScalingMetric metric = ScalingMetric::AvailableGameServerSessions;
    Comparison comparison = Comparison::Greater;
    double threshold = 0;
    Millis period{60'000};  ///< it must hold for so long without a break
    ScalingAdjustment adjustment_type = ScalingAdjustment::ChangeInCapacity;
    std::int64_t adjustment = 0;
    EngineTime holds_since = kNever;
};

constexpr bool holds(const RuleView& rule, const FleetFigures& fleet) {
    const std::optional<double> value = value_of(rule.metric, fleet);
    if (!value) return false;
    switch (rule.comparison) {
        case Comparison::Greater: return *value > rule.threshold;
        case Comparison::GreaterOrEqual: return *value >= rule.threshold;
        case Comparison::Less: return *value < rule.threshold;
        case Comparison::LessOrEqual: return *value <= rule.threshold;
    }
    return false;
}

/// Since when it holds, given since when it did before.
constexpr EngineTime hold(const RuleView& rule, const FleetFigures& fleet, EngineTime now) {
    if (!holds(rule, fleet)) return kNever;
    return rule.holds_since == kNever ? now : rule.holds_since;
}

/// The number of instances that an adjustment makes of the present one, before range and quota. A percentage is rounded
/// away from zero: it changes at least one instance.
constexpr std::uint32_t adjusted(ScalingAdjustment type, std::int64_t by, std::uint32_t instances) {
    std::int64_t wanted = instances;
    switch (type) {
        case ScalingAdjustment::ChangeInCapacity: wanted += by; break;
        case ScalingAdjustment::ExactCapacity: wanted = by; break;
        case ScalingAdjustment::PercentChangeInCapacity: {
            const std::int64_t size = by < 0 ? -by : by;
            const std::int64_t change = std::max<std::int64_t>(size > 0, (size * instances + 99) / 100);
            wanted += by < 0 ? -change : change;
            break;
        }
    }
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, 0, UINT32_MAX));
}

}  // namespace gse::plan
