// Capacity and scaling policies. Source: [配置扩缩容; API:UpdateFleetCapacity; API:PutScalingPolicy].
#include <fmt/format.h>

#include <cmath>

#include "api/lookup.h"
#include "core/events.h"

namespace gse::api {
namespace {

using core::Slot;

constexpr std::string_view kAutoScaling = "AUTO_SCALING";

void set_auto_scaling(Scope& scope, Slot slot, bool on) {
    if (scope.state().at<core::Fleet>(slot).auto_scaling == on) return;
    scope.state().edit<core::Fleet>(slot)->auto_scaling = on;
    core::add_event(scope.step, slot, "FLEET_SCALING_EVENT",
                    on ? "Automatic scaling was switched on" : "Automatic scaling was switched off");
    scope.state().queue_reconcile(slot);
}

}  // namespace

Result<DescribeFleetCapacityResponse> handle(Scope& scope, const DescribeFleetCapacityRequest& request) {
    std::vector<Slot> slots;
    for (const auto& id : request.fleet_ids) slots.push_back(TRY(need_fleet(scope, id)));
    DescribeFleetCapacityResponse response{.total_count = slots.size()};
    for (const Slot slot : page(std::move(slots), request.offset, request.limit)) {
        const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
        std::uint64_t idle = 0;
        for (const Slot instance_slot : fleet.instances) {
            const core::Instance& instance = scope.state().at<core::Instance>(instance_slot);
            if (instance.status == InstanceStatus::Active && instance.sessions == 0) ++idle;
        }
        // A fleet that drains wants no instance longer than its sessions last.
        const std::uint32_t desired = fleet.draining ? fleet.instances_active + fleet.instances_pending : fleet.desired;
        response.fleet_capacity.push_back({.fleet_id = fleet.id,
                                           .instance_type = fleet.instance_type,
                                           .instance_counts = InstanceCounts{.active = fleet.instances_active,
                                                                             .desired = desired,
                                                                             .idle = idle,
                                                                             .maxi_num = fleet.max,
                                                                             .mini_num = fleet.min,
                                                                             .pending = fleet.instances_pending,
                                                                             .terminating = fleet.instances_draining},
                                           .scaling_interval = fleet.cooldown_minutes});
    }
    return response;
}

Result<UpdateFleetCapacityResponse> handle(Scope& scope, const UpdateFleetCapacityRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
    const std::uint64_t min = request.min_size.value_or(fleet.min);
    const std::uint64_t max = request.max_size.value_or(fleet.max);
    if (min > max)
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("MinSize {} is above MaxSize {}", min, max));
    if (max < 1)
        return refuse(ErrorCode::InvalidParameterValue,
                      "MaxSize is at least 1; set MinSize 0 and end the sessions, or delete the fleet");
    // A copy may have had more from its original; what the request leaves or lowers is no reason to refuse it.
    const auto rises = [](std::optional<std::uint64_t> wanted, std::uint64_t has) {
        return wanted && *wanted > std::max<std::uint64_t>(1, has);
    };
    if (!fleet.was_active && (rises(request.max_size, fleet.max) || rises(request.min_size, fleet.min) ||
                              rises(request.desired_instances, fleet.desired)))
        return refuse(
            ErrorCode::UnsupportedOperation,
            fmt::format(
                "Fleet {} was never ACTIVE (it is {}): until its first deployment succeeds it can have 0 or 1 instance",
                fleet.id, to_text(fleet.status)));
    if (max > fleet.max) TRY(check_instance_quota(scope, slot, max));
    // An explicit wish must fit; what was wished before is moved into the new range.
    if (request.desired_instances && (*request.desired_instances < min || *request.desired_instances > max))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("DesiredInstances {} is outside [{}, {}]", *request.desired_instances, min, max));
    const std::uint64_t desired =
        std::clamp<std::uint64_t>(request.desired_instances.value_or(fleet.desired), min, max);
    {
        auto edit = scope.state().edit<core::Fleet>(slot);
        edit->min = static_cast<std::uint32_t>(min);
        edit->max = static_cast<std::uint32_t>(max);
        edit->desired = static_cast<std::uint32_t>(desired);
        if (request.scaling_interval) edit->cooldown_minutes = static_cast<std::uint32_t>(*request.scaling_interval);
    }
    core::add_event(scope.step, slot, "FLEET_SCALING_EVENT",
                    fmt::format("Desired {}, minimum {}, maximum {}, cool-down {} min: set by UpdateFleetCapacity",
                                desired, min, max, scope.state().at<core::Fleet>(slot).cooldown_minutes));
    scope.state().queue_reconcile(slot);
    return UpdateFleetCapacityResponse{.fleet_id = request.fleet_id};
}

namespace {

Result<PutScalingPolicyResponse> put_rule(Scope& scope, Slot fleet_slot, const PutScalingPolicyRequest& request) {
    core::State& state = scope.state();
    const core::Fleet& fleet = state.at<core::Fleet>(fleet_slot);
    const std::string& name = *request.name;  // the model's rule asks for all that a rule needs
    if (fleet.target && fleet.target->name == name)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("Fleet {} has a TargetBased policy named '{}'; give the rule another name, or delete "
                                  "that policy first",
                                  fleet.id, name.substr(0, 100)));
    const auto known = fleet.rules.find(name);
    const std::uint64_t limit = scope.step.settings().limits.policies_per_fleet;
    if (known == fleet.rules.end() && fleet.rules.size() >= limit)
        return refuse(ErrorCode::LimitExceeded,
                      fmt::format("Fleet {} has {} rules; the limit is {}. Delete one, or raise "
                                  "limits.policies_per_fleet",
                                  fleet.id, fleet.rules.size(), limit));
    if (!std::isfinite(*request.threshold))
        return refuse(ErrorCode::InvalidParameterValue, "Threshold must be a finite number");

    core::ScalingRule rule;
    rule.fleet = fleet_slot;
    rule.name = name;
    CHECK(from_text(request.metric_name, rule.metric));
    CHECK(from_text(*request.comparison_operator, rule.comparison));
    CHECK(from_text(*request.scaling_adjustment_type, rule.adjustment_type));
    rule.threshold = *request.threshold;
    rule.minutes = static_cast<std::uint32_t>(*request.evaluation_periods);
    rule.adjustment = *request.scaling_adjustment;
    const std::string what = fmt::format("Rule '{}' {}: if {} {} {} for {} min, {} {}", name.substr(0, 100),
                                         known == fleet.rules.end() ? "was added" : "was replaced",
                                         to_text(rule.metric), to_text(rule.comparison), rule.threshold, rule.minutes,
                                         to_text(rule.adjustment_type), rule.adjustment);
    if (known == fleet.rules.end())
        state.add(std::move(rule));
    else
        *state.edit<core::ScalingRule>(known->second) = std::move(rule);
    core::add_event(scope.step, fleet_slot, "FLEET_SCALING_EVENT", what);
    state.queue_reconcile(fleet_slot);
    return PutScalingPolicyResponse{.name = name};
}

ScalingPolicy show(const core::Fleet& fleet, const core::TargetPolicy& target) {
    ScalingPolicy policy;
    policy.fleet_id = fleet.id;
    policy.name = target.name;
    policy.status = "ACTIVE";
    policy.metric_name = target.metric;
    policy.policy_type = "TargetBased";
    policy.target_configuration = TargetConfiguration{
        .target_value = target.percent, .minimum_free_sessions = fleet.minimum_free, .keep_one = fleet.keep_one};
    return policy;
}

/// Numbers as text, as the API declares them [API:ScalingPolicy].
ScalingPolicy show(const core::Fleet& fleet, const core::ScalingRule& rule) {
    ScalingPolicy policy;
    policy.fleet_id = fleet.id;
    policy.name = rule.name;
    policy.status = "ACTIVE";
    policy.scaling_adjustment = fmt::format("{}", rule.adjustment);
    policy.scaling_adjustment_type = to_text(rule.adjustment_type);
    policy.comparison_operator = to_text(rule.comparison);
    policy.threshold = fmt::format("{}", rule.threshold);
    policy.evaluation_periods = fmt::format("{}", rule.minutes);
    policy.metric_name = to_text(rule.metric);
    policy.policy_type = "RuleBased";
    return policy;
}

}  // namespace

Result<PutScalingPolicyResponse> handle(Scope& scope, const PutScalingPolicyRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    if (request.policy_type == "RuleBased") return put_rule(scope, slot, request);
    if (!request.target_configuration)
        return refuse(ErrorCode::MissingParameter, "TargetConfiguration is required with PolicyType TargetBased");
    core::TargetPolicy policy;
    policy.name = request.name.value_or("");
    policy.metric = request.metric_name;
    policy.percent = static_cast<std::uint32_t>(request.target_configuration->target_value);
    if (const core::Fleet& fleet = scope.state().at<core::Fleet>(slot); fleet.rules.contains(policy.name))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("Fleet {} has a RuleBased policy named '{}'; give the target another name, or delete "
                                  "that policy first",
                                  fleet.id, policy.name.substr(0, 100)));
    // One TargetBased policy a fleet: another name replaces it.
    const TargetConfiguration& target = *request.target_configuration;
    {
        auto edit = scope.state().edit<core::Fleet>(slot);
        edit->target = policy;
        edit->minimum_free = static_cast<std::uint32_t>(target.minimum_free_sessions.value_or(0));
        edit->keep_one = target.keep_one.value_or(true);
    }
    std::string what = fmt::format("Session buffer set to {} %", policy.percent);
    if (target.minimum_free_sessions.value_or(0) > 0)
        what += fmt::format(", at least {} free", *target.minimum_free_sessions);
    if (!target.keep_one.value_or(true)) what += "; without any session no instance stays beyond the minimum";
    core::add_event(scope.step, slot, "FLEET_SCALING_EVENT", what);
    scope.state().queue_reconcile(slot);
    return PutScalingPolicyResponse{.name = policy.name};
}

/// By fleet; of one fleet the target first, then the rules by name.
Result<DescribeScalingPoliciesResponse> handle(Scope& scope, const DescribeScalingPoliciesRequest& request) {
    const core::State& state = scope.state();
    std::vector<const core::Fleet*> fleets;
    if (request.fleet_id && !request.fleet_id->empty()) {
        fleets.push_back(&state.at<core::Fleet>(TRY(need_fleet(scope, *request.fleet_id))));
    } else {
        state.table<core::Fleet>().for_each([&](Slot, const core::Fleet& fleet) {
            if (fleet.region == scope.region && fleet.status != FleetStatus::Terminated) fleets.push_back(&fleet);
        });
        std::sort(fleets.begin(), fleets.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    }
    std::vector<ScalingPolicy> found;
    for (const core::Fleet* fleet : fleets) {
        if (fleet->target) found.push_back(show(*fleet, *fleet->target));
        for (const auto& [name, rule] : fleet->rules) found.push_back(show(*fleet, state.at<core::ScalingRule>(rule)));
    }
    DescribeScalingPoliciesResponse response{.total_count = found.size()};
    response.scaling_policies = page(std::move(found), request.offset, request.limit);
    return response;
}

Result<DeleteScalingPolicyResponse> handle(Scope& scope, const DeleteScalingPolicyRequest& request) {
    core::State& state = scope.state();
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    const core::Fleet& fleet = state.at<core::Fleet>(slot);
    const bool all = !request.name || request.name->empty();
    const bool target = fleet.target && (all || fleet.target->name == *request.name);
    std::vector<std::pair<std::string, Slot>> rules;
    for (const auto& [name, rule] : fleet.rules)
        if (all || name == *request.name) rules.emplace_back(name, rule);
    if (!all && !target && rules.empty())
        return refuse(ErrorCode::NotFound,
                      fmt::format("Fleet {} has no scaling policy '{}'", fleet.id, request.name->substr(0, 100)));
    if (target) {
        state.edit<core::Fleet>(slot)->target.reset();
        core::add_event(scope.step, slot, "FLEET_SCALING_EVENT",
                        fmt::format("The session buffer was removed; the fleet stays at {} instances", fleet.desired));
        state.queue_reconcile(slot);
    }
    for (const auto& [name, rule] : rules) {
        state.remove<core::ScalingRule>(rule);
        core::add_event(scope.step, slot, "FLEET_SCALING_EVENT",
                        fmt::format("Rule '{}' was removed", name.substr(0, 100)));
    }
    return DeleteScalingPolicyResponse{};
}

Result<StartFleetActionsResponse> handle(Scope& scope, const StartFleetActionsRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    for (const auto& action : request.actions)
        if (action == kAutoScaling) set_auto_scaling(scope, slot, true);
    return StartFleetActionsResponse{.fleet_id = request.fleet_id};
}

Result<StopFleetActionsResponse> handle(Scope& scope, const StopFleetActionsRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    for (const auto& action : request.actions)
        if (action == kAutoScaling) set_auto_scaling(scope, slot, false);
    return StopFleetActionsResponse{.fleet_id = request.fleet_id};
}

}  // namespace gse::api
