// Fleets. Source: [创建服务器舰队; 查看事件; API:CreateFleet].
#include "core/fleets.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/lookup.h"

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
    return out;
}

/// The region's fleets, newest first.
std::vector<Slot> fleets_of(const Scope& scope) {
    std::vector<Slot> slots;
    scope.state().table<core::Fleet>().for_each([&](Slot slot, const core::Fleet& fleet) {
        if (fleet.region == scope.region && fleet.status != FleetStatus::Terminated) slots.push_back(slot);
    });
    std::sort(slots.begin(), slots.end(), [&](Slot a, Slot b) {
        const auto& left = scope.state().at<core::Fleet>(a);
        const auto& right = scope.state().at<core::Fleet>(b);
        return std::tie(right.created, right.id) < std::tie(left.created, left.id);
    });
    return slots;
}

Result<void> check_quota(const Scope& scope) {
    const std::uint64_t limit = scope.step.settings().limits.fleets_per_region;
    const std::uint64_t count = fleets_of(scope).size();
    if (count < limit) return {};
    return refuse(
        ErrorCode::FleetLimitExceeded,
        fmt::format("{} fleets exist in region {}; the limit is {}. Delete one, or raise limits.fleets_per_region",
                    count, scope.region, limit));
}

Result<void> check_instance_type(const Scope& scope, std::string_view name) {
    const auto& types = scope.step.settings().instance_types;
    if (std::any_of(types.begin(), types.end(), [&](const InstanceType& type) { return type.name == name; })) return {};
    return refuse(
        ErrorCode::InvalidParameterValue,
        fmt::format("InstanceType '{}' is none of the instance types of this server; DescribeInstanceTypes lists them",
                    name.substr(0, 100)));
}

/// Launch paths lie under /local/game/ [创建服务器舰队]; whether the file is there, the first instance finds out.
Result<void> check_launch_paths(const RuntimeConfiguration& runtime) {
    for (const auto& process : runtime.server_processes) {
        const std::string_view path = process.launch_path;
        if (path.starts_with("C:\\") || path.starts_with("c:\\"))
            return refuse(
                ErrorCode::UnsupportedOperation,
                fmt::format(
                    "LaunchPath '{}' is of Windows; the hosts of this server run Linux, where programs lie under "
                    "/local/game/",
                    path.substr(0, 200)));
        constexpr std::string_view kRoot = "/local/game/";
        if (!path.starts_with(kRoot) || path.size() == kRoot.size() || path.ends_with("/"))
            return refuse(
                ErrorCode::InvalidParameterValue,
                fmt::format(
                    "LaunchPath '{}' does not name a program under /local/game/, where the package is unpacked to",
                    path.substr(0, 200)));
        if (fmt::format("{}/", path).find("/../") != std::string::npos)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("LaunchPath '{}' contains '..'; name the program's own place under /local/game/",
                                      path.substr(0, 200)));
    }
    return {};
}

/// Fleets that were deleted and are still remembered are found too: their last state and events stay readable.
Result<Slot> need_remembered_fleet(const Scope& scope, std::string_view id) {
    if (const Slot slot = scope.state().find_fleet(scope.region, id); slot != core::kNone) return slot;
    return need_fleet(scope, id);
}

}  // namespace

Result<CreateFleetResponse> handle(Scope& scope, const CreateFleetRequest& request) {
    TRY(check_quota(scope));
    TRY(check_instance_type(scope, request.instance_type));
    TRY(check_launch_paths(request.runtime_configuration));
    const Slot asset_slot = TRY(need_asset(scope, request.asset_id));
    const core::Asset& asset = scope.state().at<core::Asset>(asset_slot);
    if (asset.is_image)
        return refuse(ErrorCode::UnsupportedOperation,
                      fmt::format("Asset {} is a machine image; the hosts of this server run packages. Upload the game "
                                  "server as a zip, register it with CreateAsset, and name that asset",
                                  asset.id));

    core::Fleet fleet;
    do fleet.id = fmt::format("fleet-{}-{}", scope.step.rng.text(8), scope.step.rng.text(8));
    while (scope.state().find_fleet(fleet.id) != core::kNone);
    fleet.region = scope.region;
    fleet.name = request.name;
    fleet.description = request.description.value_or("");
    fleet.asset_id = asset.id;
    fleet.asset = asset_slot;
    fleet.instance_type = request.instance_type;
    fleet.operating_system = asset.operate_system;
    CHECK(from_text(request.new_game_server_session_protection_policy, fleet.protection));
    fleet.protection_minutes = static_cast<std::uint32_t>(request.game_server_session_protection_time_limit);
    if (const auto& limit = request.resource_creation_limit_policy) {
        fleet.creator_limit = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(limit->new_game_server_sessions_per_creator, UINT32_MAX));
        fleet.creator_minutes =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(limit->policy_period_in_minutes, 10'000'000));
    }
    const RuntimeConfiguration& runtime = request.runtime_configuration;
    for (const auto& process : runtime.server_processes)
        fleet.recipes.push_back({.launch_path = process.launch_path,
                                 .parameters = process.parameters,
                                 .concurrent = static_cast<std::uint32_t>(process.concurrent_executions)});
    fleet.max_activations = static_cast<std::uint32_t>(runtime.max_concurrent_game_server_session_activations);
    fleet.activation_timeout_s = static_cast<std::uint32_t>(runtime.game_server_session_activation_timeout_seconds);
    for (const auto& permission : request.inbound_permissions)
        fleet.inbound.push_back({.from_port = static_cast<std::uint16_t>(permission.from_port),
                                 .to_port = static_cast<std::uint16_t>(permission.to_port),
                                 .protocol = permission.protocol,
                                 .ip_range = permission.ip_range});
    if (request.system_disk_info)
        fleet.system_disk = core::Disk{request.system_disk_info->disk_type, request.system_disk_info->disk_size};
    if (request.data_disk_info)
        for (const auto& disk : *request.data_disk_info) fleet.data_disks.push_back({disk.disk_type, disk.disk_size});
    if (request.ccn_infos)
        for (const auto& ccn : *request.ccn_infos) fleet.ccn.emplace_back(ccn.account_id, ccn.ccn_id);
    fleet.bandwidth_mbps = request.internet_max_bandwidth_out;
    fleet.tags = store_tags(request.tags);
    fleet.cooldown_minutes = static_cast<std::uint32_t>(scope.step.settings().scaling.cooldown_minutes);
    const Slot slot = core::create_fleet(scope.step, std::move(fleet));
    return CreateFleetResponse{.fleet_attributes = show(scope, scope.state().at<core::Fleet>(slot))};
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
    TRY(core::delete_fleet(scope.step, TRY(need_fleet(scope, request.fleet_id))));
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
        out.pre_signed_log_url =
            event.log_key.empty()
                ? std::string()
                : fmt::format("{}/objects/{}/{}?sign={}", scope.services.public_url, kLogBucket, event.log_key,
                              scope.services.object_auth.grant(objects::Access::Read, kLogBucket, event.log_key,
                                                               scope.step.now.wall + scope.services.log_url_valid));
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
    std::sort(response.resources.begin(), response.resources.end(),
              [](const auto& a, const auto& b) { return a.resource_id < b.resource_id; });
    return response;
}

Result<DescribeRuntimeConfigurationResponse> handle(Scope& scope, const DescribeRuntimeConfigurationRequest& request) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_fleet(scope, request.fleet_id)));
    RuntimeConfiguration runtime;
    runtime.game_server_session_activation_timeout_seconds = fleet.activation_timeout_s;
    runtime.max_concurrent_game_server_session_activations = fleet.max_activations;
    for (const auto& recipe : fleet.recipes)
        runtime.server_processes.push_back({.concurrent_executions = recipe.concurrent,
                                            .launch_path = recipe.launch_path,
                                            .parameters = recipe.parameters});
    return DescribeRuntimeConfigurationResponse{.runtime_configuration = std::move(runtime)};
}

Result<DescribeInstancesResponse> handle(Scope& scope, const DescribeInstancesRequest& request) {
    const core::State& state = scope.state();
    std::vector<Slot> fleets;
    if (request.fleet_id && !request.fleet_id->empty())
        fleets.push_back(TRY(need_fleet(scope, *request.fleet_id)));
    else
        fleets = fleets_of(scope);
    std::vector<Slot> found;
    for (const Slot fleet : fleets) {
        for (const Slot slot : state.at<core::Fleet>(fleet).instances) {
            const core::Instance& instance = state.at<core::Instance>(slot);
            if (request.instance_id && !request.instance_id->empty() && instance.id != *request.instance_id) continue;
            if (request.ip_address && !request.ip_address->empty() &&
                state.at<core::Host>(instance.host).address != *request.ip_address)
                continue;
            found.push_back(slot);
        }
    }
    std::sort(found.begin(), found.end(), [&](Slot a, Slot b) {
        const auto& left = state.at<core::Instance>(a);
        const auto& right = state.at<core::Instance>(b);
        return std::tie(left.created, left.id) < std::tie(right.created, right.id);
    });
    DescribeInstancesResponse response{.total_count = found.size()};
    for (const Slot slot : page(std::move(found), request.offset, request.limit)) {
        const core::Instance& instance = state.at<core::Instance>(slot);
        const core::Fleet& fleet = state.at<core::Fleet>(instance.fleet);
        const core::Host& host = state.at<core::Host>(instance.host);
        response.instances.push_back({.fleet_id = fleet.id,
                                      .instance_id = instance.id,
                                      .ip_address = host.address,
                                      .dns_name = "",
                                      .operating_system = fleet.operating_system,
                                      .status = "RUNNING",
                                      .type = fleet.instance_type,
                                      .create_time = format_utc(instance.created),
                                      .weight = instance.weight,
                                      .reserve_value = instance.reserved ? 1 : 0,
                                      .private_ip_address = host.private_address});
    }
    return response;
}

}  // namespace gse::api
