// Capacity and scaling policies. Source: [配置扩缩容; API:UpdateFleetCapacity; API:PutScalingPolicy].
#include <fmt/format.h>

#include "api/lookup.h"
#include "core/events.h"

namespace gse::api {
namespace {

using core::Slot;

constexpr std::string_view kAutoScaling = "AUTO_SCALING";

/// Sum of the maxima of the region's other fleets.
std::uint64_t max_elsewhere(const Scope& scope, Slot fleet) {
    std::uint64_t sum = 0;
    scope.state().table<core::Fleet>().for_each([&](Slot slot, const core::Fleet& other) {
        if (slot != fleet && other.region == scope.region && other.status != FleetStatus::Terminated) sum += other.max;
    });
    return sum;
}

Result<void> check_alive(const core::Fleet& fleet) {
    if (fleet.status != FleetStatus::Deleting && fleet.status != FleetStatus::Terminated) return {};
    return refuse(ErrorCode::Unavailable,
                  fmt::format("Fleet {} is {}; nothing about its capacity can be changed any more", fleet.id,
                              to_text(fleet.status)));
}

Result<Slot> need_living_fleet(const Scope& scope, std::string_view id) {
    const Slot slot = TRY(need_fleet(scope, id));
    TRY(check_alive(scope.state().at<core::Fleet>(slot)));
    return slot;
}

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
        response.fleet_capacity.push_back({.fleet_id = fleet.id,
                                           .instance_type = fleet.instance_type,
                                           .instance_counts = InstanceCounts{.active = fleet.instances_active,
                                                                             .desired = fleet.desired,
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
    const std::uint64_t quota = scope.step.settings().limits.instances_per_region;
    const std::uint64_t min = request.min_size.value_or(fleet.min);
    const std::uint64_t max = request.max_size.value_or(fleet.max);
    if (min > max)
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("MinSize {} is above MaxSize {}", min, max));
    if (max < 1)
        return refuse(ErrorCode::InvalidParameterValue,
                      "MaxSize is at least 1; set MinSize 0 and end the sessions, or delete the fleet");
    if (!fleet.was_active && max > 1)
        return refuse(
            ErrorCode::UnsupportedOperation,
            fmt::format(
                "Fleet {} was never ACTIVE (it is {}): until its first deployment succeeds it can have 0 or 1 instance",
                fleet.id, to_text(fleet.status)));
    if (const std::uint64_t sum = max_elsewhere(scope, slot) + max; sum > quota)
        return refuse(ErrorCode::InstanceLimitExceeded,
                      fmt::format("The maxima of all fleets in region {} would add up to {} instances; the quota is "
                                  "{}. Lower the MaxSize of another fleet, or raise "
                                  "limits.instances_per_region",
                                  scope.region, sum, quota));
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

Result<PutScalingPolicyResponse> handle(Scope& scope, const PutScalingPolicyRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    if (request.policy_type != "TargetBased")
        return refuse(ErrorCode::UnsupportedOperation, "Only PolicyType TargetBased is carried out by this version");
    if (!request.target_configuration)
        return refuse(ErrorCode::MissingParameter, "TargetConfiguration is required with PolicyType TargetBased");
    core::TargetPolicy policy;
    policy.name = request.name.value_or("");
    policy.metric = request.metric_name;
    policy.percent = static_cast<std::uint32_t>(request.target_configuration->target_value);
    // One TargetBased policy a fleet: another name replaces it.
    scope.state().edit<core::Fleet>(slot)->target = policy;
    core::add_event(scope.step, slot, "FLEET_SCALING_EVENT", fmt::format("Session buffer set to {} %", policy.percent));
    scope.state().queue_reconcile(slot);
    return PutScalingPolicyResponse{.name = policy.name};
}

Result<DescribeScalingPoliciesResponse> handle(Scope& scope, const DescribeScalingPoliciesRequest& request) {
    std::vector<ScalingPolicy> found;
    const auto add = [&](const core::Fleet& fleet) {
        if (!fleet.target) return;
        ScalingPolicy policy;
        policy.fleet_id = fleet.id;
        policy.name = fleet.target->name;
        policy.status = "ACTIVE";
        policy.metric_name = fleet.target->metric;
        policy.policy_type = "TargetBased";
        policy.target_configuration = TargetConfiguration{.target_value = fleet.target->percent};
        found.push_back(std::move(policy));
    };
    if (request.fleet_id && !request.fleet_id->empty()) {
        add(scope.state().at<core::Fleet>(TRY(need_fleet(scope, *request.fleet_id))));
    } else {
        scope.state().table<core::Fleet>().for_each([&](Slot, const core::Fleet& fleet) {
            if (fleet.region == scope.region && fleet.status != FleetStatus::Terminated) add(fleet);
        });
        std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.fleet_id < b.fleet_id; });
    }
    DescribeScalingPoliciesResponse response{.total_count = found.size()};
    response.scaling_policies = page(std::move(found), request.offset, request.limit);
    return response;
}

Result<DeleteScalingPolicyResponse> handle(Scope& scope, const DeleteScalingPolicyRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
    const bool all = !request.name || request.name->empty();
    if (!all && (!fleet.target || fleet.target->name != *request.name))
        return refuse(ErrorCode::NotFound,
                      fmt::format("Fleet {} has no scaling policy '{}'", fleet.id, request.name->substr(0, 100)));
    if (!fleet.target) return DeleteScalingPolicyResponse{};
    scope.state().edit<core::Fleet>(slot)->target.reset();
    core::add_event(scope.step, slot, "FLEET_SCALING_EVENT",
                    fmt::format("The session buffer was removed; the fleet stays at {} instances",
                                scope.state().at<core::Fleet>(slot).desired));
    scope.state().queue_reconcile(slot);
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
