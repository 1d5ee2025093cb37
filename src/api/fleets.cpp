// Fleets. Source: [创建服务器舰队; 查看事件; API:CreateFleet].
#include "core/fleets.h"
#include "core/hand_started.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/fleet_parts.h"
#include "core/calendar.h"

namespace gse::api {
namespace {

using core::Slot;

FleetAttributes show(const Scope& scope, const core::Fleet& fleet) {
    FleetAttributes out;
    out.asset_id = fleet.asset_id;
    out.creation_time = format_utc(fleet.created);
    out.description = fleet.description;
    out.fleet_arn = scope.state().arn(fleet.region, "fleet", fleet.id);
    out.fleet_id = fleet.id;
    out.fleet_type = "ON_DEMAND";
    out.instance_type = fleet.instance_type;
    out.name = fleet.name;
    out.new_game_server_session_protection_policy = to_text(fleet.protection);
    out.operating_system = fleet.operating_system;
    out.resource_creation_limit_policy = ResourceCreationLimitPolicy{
        .new_game_server_sessions_per_creator = fleet.creator_limit, .policy_period_in_minutes = fleet.creator_minutes};
    out.status = to_text(fleet.status);
    if (!fleet.auto_scaling) out.stopped_actions = {"AUTO_SCALING"};
    if (fleet.terminated != WallTime{}) out.termination_time = format_utc(fleet.terminated);
    out.game_server_session_protection_time_limit = fleet.protection_minutes;
    out.billing_status = "BILLING_ACTIVATED";  // a machine of your own has no bill to be in arrears with
    out.tags = show_tags(fleet.tags);
    for (const auto& disk : fleet.data_disks)
        out.data_disk_info.push_back({.disk_type = disk.type, .disk_size = disk.gb});
    if (fleet.system_disk)
        out.system_disk_info = DiskInfo{.disk_type = fleet.system_disk->type, .disk_size = fleet.system_disk->gb};
    for (const auto& [account, ccn] : fleet.ccn)
        out.related_ccn_infos.push_back(
            {.account_id = account,
             .ccn_id = ccn,
             .attach_type = fleet.ccn_after_creation ? "CCN_SELECTED_AFTER_CREATE" : "CCN_SELECTED_BEFORE_CREATE"});
    out.internet_max_bandwidth_out = fleet.bandwidth_mbps;
    out.draining = fleet.draining;
    return out;
}

Result<void> check_quota(const Scope& scope, std::uint64_t wanted = 1) {
    const std::uint64_t limit = scope.step.settings().limits.fleets_per_region;
    const std::uint64_t count = fleets_of(scope).size();
    if (count + wanted <= limit) return {};
    const std::string asked = wanted == 1 ? std::string() : fmt::format("; {} more are too many", wanted);
    return refuse(
        ErrorCode::FleetLimitExceeded,
        fmt::format("{} fleets exist in region {}; the limit is {}{}. Delete one, or raise limits.fleets_per_region",
                    count, scope.region, limit, asked));
}

Result<void> check_instance_type(const Scope& scope, std::string_view name) {
    const auto& types = scope.step.settings().instance_types;
    if (std::any_of(types.begin(), types.end(), [&](const InstanceType& type) { return type.name == name; })) return {};
    return refuse(
        ErrorCode::InvalidParameterValue,
        fmt::format("InstanceType '{}' is none of the instance types of this server; DescribeInstanceTypes lists them",
                    name.substr(0, 100)));
}

std::string new_fleet_id(const Scope& scope) {
    for (;;) {
        std::string id = fmt::format("fleet-{}-{}", scope.step.rng.text(8), scope.step.rng.text(8));
        if (scope.state().find_fleet(id) == core::kNone) return id;
    }
}

Result<void> check_runnable(const core::Asset& asset) {
    if (!asset.is_image) return {};
    return refuse(ErrorCode::UnsupportedOperation,
                  fmt::format("Asset {} is a machine image; the hosts of this server run packages. Upload the game "
                              "server as a zip, register it with CreateAsset, and name that asset",
                              asset.id));
}

Result<void> store_ccn(const std::vector<CcnInfo>& infos, core::Fleet& fleet) {
    for (const CcnInfo& ccn : infos) {
        TRY(check_ccn(ccn.account_id, ccn.ccn_id));
        fleet.ccn.emplace_back(ccn.account_id, ccn.ccn_id);
    }
    return {};
}

/// What a copy has of its original; its life is its own.
core::Fleet copy_settings(const core::Fleet& original) {
    core::Fleet copy;
    copy.region = original.region;
    copy.name = original.name;
    copy.description = original.description;
    copy.asset_id = original.asset_id;
    copy.asset = original.asset;
    copy.instance_type = original.instance_type;
    copy.operating_system = original.operating_system;
    copy.protection = original.protection;
    copy.protection_minutes = original.protection_minutes;
    copy.creator_limit = original.creator_limit;
    copy.creator_minutes = original.creator_minutes;
    copy.recipes = original.recipes;
    copy.max_activations = original.max_activations;
    copy.activation_timeout_s = original.activation_timeout_s;
    copy.inbound = original.inbound;
    copy.system_disk = original.system_disk;
    copy.data_disks = original.data_disks;
    copy.bandwidth_mbps = original.bandwidth_mbps;
    copy.tags = original.tags;
    return copy;
}

/// SCALING_SELECTED: the copies keep to the original's numbers and policies as soon as they are ACTIVE.
Result<void> copy_scaling(const Scope& scope, const core::Fleet& original, std::uint64_t copies, core::Fleet& copy) {
    const std::uint64_t sum = copies * original.max + core::sum_of_maxima(scope.state(), scope.region);
    const std::uint64_t quota = scope.step.settings().limits.instances_per_region;
    if (sum > quota)
        return refuse(ErrorCode::InstanceLimitExceeded,
                      fmt::format("With {} cop{} of up to {} instances the maxima of all fleets in region {} would add "
                                  "up to {}; the quota is {}. Copy without SCALING_SELECTED, lower a MaxSize, or raise "
                                  "limits.instances_per_region",
                                  copies, copies == 1 ? "y" : "ies", original.max, scope.region, sum, quota));
    copy.min = original.min;
    copy.max = original.max;
    // A first deployment needs an instance, although the original may have none at the moment.
    copy.desired = std::max(1u, original.desired);
    copy.cooldown_minutes = original.cooldown_minutes;
    copy.auto_scaling = original.auto_scaling;
    copy.target = original.target;
    copy.minimum_free = original.minimum_free;
    copy.keep_one = original.keep_one;
    return {};
}

void copy_rules(core::State& state, Slot original, Slot copy) {
    for (const auto& [name, slot] : state.at<core::Fleet>(original).rules) {
        core::ScalingRule rule = state.at<core::ScalingRule>(slot);
        rule.fleet = copy;
        rule.holds_since = kNever;  // what it watches is the copy's own
        state.add(std::move(rule));
    }
}

void copy_timers(Scope& scope, Slot original, Slot copy) {
    core::State& state = scope.state();
    for (const auto& [order, slot] : state.at<core::Fleet>(original).timers) {
        core::ScalingTimer timer = state.at<core::ScalingTimer>(slot);
        timer.id = new_timer_id(scope);
        timer.fleet = copy;
        timer.order = state.next_order();
        timer.created = scope.step.now.wall;
        timer.last_fired = {};
        core::start_calendar(scope.step, state.add(std::move(timer)));
    }
}

}  // namespace

Result<CreateFleetResponse> handle(Scope& scope, const CreateFleetRequest& request) {
    TRY(check_quota(scope));
    TRY(check_instance_type(scope, request.instance_type));
    TRY(check_launch_paths(request.runtime_configuration));
    const Slot asset_slot = TRY(need_asset(scope, request.asset_id));
    const core::Asset& asset = scope.state().at<core::Asset>(asset_slot);
    TRY(check_runnable(asset));

    core::Fleet fleet;
    TRY(check_instance_quota(scope, core::kNone, fleet.max));
    fleet.id = new_fleet_id(scope);
    fleet.region = scope.region;
    fleet.name = request.name;
    fleet.description = request.description.value_or("");
    fleet.asset_id = asset.id;
    fleet.asset = asset_slot;
    fleet.instance_type = request.instance_type;
    fleet.operating_system = asset.operate_system;
    CHECK(from_text(request.new_game_server_session_protection_policy, fleet.protection));
    fleet.protection_minutes = static_cast<std::uint32_t>(request.game_server_session_protection_time_limit);
    if (const auto& limit = request.resource_creation_limit_policy) store_creator_limit(*limit, fleet);
    const RuntimeConfiguration& runtime = request.runtime_configuration;
    fleet.recipes = store_recipes(runtime);
    fleet.max_activations = static_cast<std::uint32_t>(runtime.max_concurrent_game_server_session_activations);
    fleet.activation_timeout_s = static_cast<std::uint32_t>(runtime.game_server_session_activation_timeout_seconds);
    fleet.inbound = store_permissions(request.inbound_permissions);
    if (request.system_disk_info)
        fleet.system_disk = core::Disk{request.system_disk_info->disk_type, request.system_disk_info->disk_size};
    if (request.data_disk_info)
        for (const auto& disk : *request.data_disk_info) fleet.data_disks.push_back({disk.disk_type, disk.disk_size});
    if (request.ccn_infos) TRY(store_ccn(*request.ccn_infos, fleet));
    fleet.bandwidth_mbps = request.internet_max_bandwidth_out;
    fleet.tags = TRY(store_tags(request.tags));
    fleet.cooldown_minutes = static_cast<std::uint32_t>(scope.step.settings().scaling.cooldown_minutes);
    const Slot slot = core::create_fleet(scope.step, std::move(fleet));
    return CreateFleetResponse{.fleet_attributes = show(scope, scope.state().at<core::Fleet>(slot))};
}

Result<CopyFleetResponse> handle(Scope& scope, const CopyFleetRequest& request) {
    const Slot original_slot = TRY(need_fleet(scope, request.fleet_id));
    const core::Fleet& original = scope.state().at<core::Fleet>(original_slot);
    const auto copies = static_cast<std::uint64_t>(request.copy_number);
    TRY(check_quota(scope, copies));
    if (request.instance_type) TRY(check_instance_type(scope, *request.instance_type));
    if (request.runtime_configuration) TRY(check_launch_paths(*request.runtime_configuration));

    core::Fleet fleet = copy_settings(original);
    if (!request.asset_id && core::is_hand_started(fleet))
        return refuse(ErrorCode::UnsupportedOperation,
                      "The fleet has no package, its processes are started by hand; name an AssetId for the copy");
    if (request.asset_id) {
        fleet.asset = TRY(need_asset(scope, *request.asset_id));
        const core::Asset& asset = scope.state().at<core::Asset>(fleet.asset);
        TRY(check_runnable(asset));
        fleet.asset_id = asset.id;
        fleet.operating_system = asset.operate_system;
    }
    if (request.name) fleet.name = *request.name;
    if (request.description) fleet.description = *request.description;
    if (request.instance_type) fleet.instance_type = *request.instance_type;
    if (request.new_game_server_session_protection_policy)
        CHECK(from_text(*request.new_game_server_session_protection_policy, fleet.protection));
    if (request.game_server_session_protection_time_limit)
        fleet.protection_minutes = static_cast<std::uint32_t>(*request.game_server_session_protection_time_limit);
    if (const auto& limit = request.resource_creation_limit_policy) store_creator_limit(*limit, fleet);
    if (const auto& runtime = request.runtime_configuration) {
        fleet.recipes = store_recipes(*runtime);
        fleet.max_activations = static_cast<std::uint32_t>(runtime->max_concurrent_game_server_session_activations);
        fleet.activation_timeout_s =
            static_cast<std::uint32_t>(runtime->game_server_session_activation_timeout_seconds);
    }
    if (request.inbound_permissions) fleet.inbound = store_permissions(*request.inbound_permissions);
    if (request.system_disk_info)
        fleet.system_disk = core::Disk{request.system_disk_info->disk_type, request.system_disk_info->disk_size};
    if (request.data_disk_info) {
        fleet.data_disks.clear();
        for (const auto& disk : *request.data_disk_info) fleet.data_disks.push_back({disk.disk_type, disk.disk_size});
    }
    if (request.ccn_infos)
        TRY(store_ccn(*request.ccn_infos, fleet));
    else if (request.selected_ccn_type != "CCN_UNSELECTED")
        fleet.ccn = original.ccn;
    if (!fleet.ccn.empty() && request.selected_ccn_type == "CCN_SELECTED_AFTER_CREATE") {
        fleet.ccn_after_creation = true;
        fleet.ccn_attached = scope.step.now.wall;
    }
    if (request.internet_max_bandwidth_out) fleet.bandwidth_mbps = *request.internet_max_bandwidth_out;
    if (request.tags) fleet.tags = TRY(store_tags(request.tags));
    fleet.cooldown_minutes = static_cast<std::uint32_t>(scope.step.settings().scaling.cooldown_minutes);
    const bool with_scaling = request.selected_scaling_type == "SCALING_SELECTED";
    if (with_scaling)
        TRY(copy_scaling(scope, original, copies, fleet));
    else
        TRY(check_instance_quota(scope, core::kNone, copies * fleet.max));

    CopyFleetResponse response;
    for (std::uint64_t i = 0; i < copies; ++i) {
        fleet.id = new_fleet_id(scope);
        const Slot slot = core::create_fleet(scope.step, fleet);
        if (with_scaling) copy_rules(scope.state(), original_slot, slot);
        if (request.selected_timer_type == "TIMER_SELECTED") copy_timers(scope, original_slot, slot);
        response.fleet_attributes.push_back(show(scope, scope.state().at<core::Fleet>(slot)));
    }
    response.total_count = request.copy_number;
    return response;
}

Result<ListFleetsResponse> handle(Scope& scope, const ListFleetsRequest& request) {
    const FilterSet filters = TRY(read_filters(request.filters, false));
    ListFleetsResponse response;
    for (const Slot slot : fleets_of(scope)) {
        const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
        if (request.asset_id && !request.asset_id->empty() && fleet.asset_id != *request.asset_id) continue;
        if (filters.matches(fleet.name, fleet.id, fleet.tags)) response.fleet_ids.push_back(fleet.id);
    }
    response.total_count = response.fleet_ids.size();
    return response;  // Limit and Offset are declared as not used: the whole list comes back
}

Result<DescribeFleetAttributesResponse> handle(Scope& scope, const DescribeFleetAttributesRequest& request) {
    std::vector<Slot> slots;
    if (request.fleet_ids && !request.fleet_ids->empty()) {
        for (const auto& id : *request.fleet_ids) slots.push_back(TRY(need_remembered_fleet(scope, id)));
    } else {
        slots = fleets_of(scope);
    }
    DescribeFleetAttributesResponse response{.total_count = slots.size()};
    for (const Slot slot : page(std::move(slots), request.offset, request.limit))
        response.fleet_attributes.push_back(show(scope, scope.state().at<core::Fleet>(slot)));
    return response;
}

Result<DeleteFleetResponse> handle(Scope& scope, const DeleteFleetRequest& request) {
    const Slot fleet = TRY(need_fleet(scope, request.fleet_id));
    TRY(core::delete_fleet(scope.step, fleet));
    return DeleteFleetResponse{};
}

Result<DescribeFleetEventsResponse> handle(Scope& scope, const DescribeFleetEventsRequest& request) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_remembered_fleet(scope, request.fleet_id)));
    WallTime from{INT64_MIN}, to{INT64_MAX};
    if (request.start_time) from = TRY(parse_time(*request.start_time));
    if (request.end_time) to = TRY(parse_time(*request.end_time));
    if (from > to) return refuse(ErrorCode::InvalidParameterValue, "StartTime is after EndTime; exchange them");
    // Events are shown in whole seconds: an end without a fraction means all of its second.
    if (request.end_time && to.ms % 1000 == 0) to = to + Millis{999};
    DescribeFleetEventsResponse response;
    for (auto it = fleet.events.rbegin(); it != fleet.events.rend(); ++it) {  // newest first
        const core::FleetEvent& event = scope.state().at<core::FleetEvent>(it->second);
        if (event.time < from || event.time > to || (request.event_code && event.code != *request.event_code)) continue;
        const std::uint64_t index = response.total_count++;
        if (index < request.offset || response.events.size() >= request.limit) continue;
        Event out;
        out.event_code = event.code;
        out.event_id = event.id;
        out.event_time = format_utc(event.time);
        out.message = event.message;
        out.pre_signed_log_url = event.log_key.empty() ? std::string() : log_url(scope, event.log_key);
        out.resource_id = fleet.id;
        response.events.push_back(std::move(out));
    }
    return response;
}

Result<DescribeFleetUtilizationResponse> handle(Scope& scope, const DescribeFleetUtilizationRequest& request) {
    DescribeFleetUtilizationResponse response;
    for (const auto& id : request.fleet_ids) {
        const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_fleet(scope, id)));
        response.fleet_utilization.push_back({.active_game_server_session_count = fleet.sessions_active,
                                              .active_server_process_count = fleet.processes_active,
                                              .current_player_session_count = fleet.players,
                                              .fleet_id = fleet.id,
                                              .maximum_player_session_count = fleet.players_max});
    }
    response.total_count = response.fleet_utilization.size();
    return response;
}

Result<DescribeFleetRelatedResourcesResponse> handle(Scope& scope,
                                                     const DescribeFleetRelatedResourcesRequest& request) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_fleet(scope, request.fleet_id)));
    DescribeFleetRelatedResourcesResponse response;
    scope.state().table<core::Alias>().for_each([&](Slot, const core::Alias& alias) {
        if (alias.type == AliasType::Simple && alias.fleet_id == fleet.id)
            response.resources.push_back({.type = "ALIAS", .resource_id = alias.id, .resource_region = alias.region});
    });
    scope.state().table<core::Queue>().for_each([&](Slot, const core::Queue& queue) {
        const auto is_this = [&](const core::QueueDestination& d) { return !d.alias && d.id == fleet.id; };
        if (std::any_of(queue.destinations.begin(), queue.destinations.end(), is_this))
            response.resources.push_back({.type = "QUEUE", .resource_id = queue.name, .resource_region = queue.region});
    });
    std::sort(response.resources.begin(), response.resources.end(), [](const auto& a, const auto& b) {
        return std::tie(a.type, a.resource_id, a.resource_region) < std::tie(b.type, b.resource_id, b.resource_region);
    });
    return response;
}

Result<DescribeRuntimeConfigurationResponse> handle(Scope& scope, const DescribeRuntimeConfigurationRequest& request) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_fleet(scope, request.fleet_id)));
    return DescribeRuntimeConfigurationResponse{.runtime_configuration = show_runtime(fleet)};
}

}  // namespace gse::api
