// Changes of a fleet that exists. Source: [游戏进程启动配置; API:UpdateFleetAttributes; API:UpdateFleetPortSettings].
#include <fmt/format.h>

#include <algorithm>

#include "api/fleet_parts.h"
#include "core/events.h"
#include "core/fleets.h"

namespace gse::api {
namespace {

using core::Slot;

/// [创建服务器舰队]: as many as CreateFleet takes.
constexpr std::size_t kPermissionsMax = 50;

std::string describe(const core::InboundPermission& permission) {
    return fmt::format("{} {}-{} from {}", permission.protocol, permission.from_port, permission.to_port,
                       permission.ip_range);
}

bool contains(const std::vector<core::InboundPermission>& list, const core::InboundPermission& permission) {
    return std::find(list.begin(), list.end(), permission) != list.end();
}

}  // namespace

Result<UpdateFleetAttributesResponse> handle(Scope& scope, const UpdateFleetAttributesRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
    const ProtectionPolicy protection = fleet.protection;
    const std::uint32_t minutes = fleet.protection_minutes;
    const std::uint32_t counted_minutes = fleet.limits_creators() ? fleet.creator_minutes : 0;
    {
        auto edit = scope.state().edit<core::Fleet>(slot);
        if (request.name) edit->name = *request.name;
        if (request.description) edit->description = *request.description;
        if (request.new_game_session_protection_policy)
            CHECK(from_text(*request.new_game_session_protection_policy, edit->protection));
        if (request.game_server_session_protection_time_limit)
            edit->protection_minutes = static_cast<std::uint32_t>(*request.game_server_session_protection_time_limit);
        if (const auto& limit = request.resource_creation_limit_policy) store_creator_limit(*limit, *edit);
    }
    // What is older than the period is forgotten.
    if (fleet.limits_creators() && fleet.creator_minutes > counted_minutes) scope.state().recount_creators(slot);
    if (fleet.protection != protection)
        core::add_event(
            scope.step, slot, "FLEET_NEW_GAME_SESSION_PROTECTION_POLICY_UPDATED",
            fmt::format("New game server sessions have {}; those that run keep their own", to_text(fleet.protection)));
    if (fleet.protection_minutes != minutes) core::renew_ends(scope.step, slot);
    return UpdateFleetAttributesResponse{.fleet_id = request.fleet_id};
}

Result<UpdateFleetNameResponse> handle(Scope& scope, const UpdateFleetNameRequest& request) {
    scope.state().edit<core::Fleet>(TRY(need_living_fleet(scope, request.fleet_id)))->name = request.name;
    return UpdateFleetNameResponse{};
}

Result<DescribeFleetPortSettingsResponse> handle(Scope& scope, const DescribeFleetPortSettingsRequest& request) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_fleet(scope, request.fleet_id)));
    DescribeFleetPortSettingsResponse response;
    for (const auto& permission : fleet.inbound)
        response.inbound_permissions.push_back({.from_port = permission.from_port,
                                                .ip_range = permission.ip_range,
                                                .protocol = permission.protocol,
                                                .to_port = permission.to_port});
    return response;
}

Result<UpdateFleetPortSettingsResponse> handle(Scope& scope, const UpdateFleetPortSettingsRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    std::vector<core::InboundPermission> revoked, added, inbound = scope.state().at<core::Fleet>(slot).inbound;
    if (request.inbound_permission_revocations) revoked = store_permissions(*request.inbound_permission_revocations);
    if (request.inbound_permission_authorizations)
        added = store_permissions(*request.inbound_permission_authorizations);
    if (revoked.empty() && added.empty())
        return refuse(ErrorCode::MissingParameter,
                      "InboundPermissionAuthorizations or InboundPermissionRevocations is required");
    for (const auto& permission : revoked) {
        if (!contains(inbound, permission))
            return refuse(ErrorCode::NotFound,
                          fmt::format("Fleet {} has no inbound permission {}; DescribeFleetPortSettings lists them",
                                      request.fleet_id, describe(permission)));
        if (contains(added, permission))
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("{} is both in InboundPermissionAuthorizations and in "
                                      "InboundPermissionRevocations; leave it out of one of them",
                                      describe(permission)));
    }
    std::erase_if(inbound, [&](const auto& permission) { return contains(revoked, permission); });
    for (const auto& permission : added)
        if (!contains(inbound, permission)) inbound.push_back(permission);
    if (inbound.empty())
        return refuse(ErrorCode::InvalidParameterValue,
                      "Nothing would be left: without an inbound permission no process gets a port for its players. "
                      "Authorize another one in the same call");
    if (inbound.size() > kPermissionsMax)
        return refuse(
            ErrorCode::LimitExceeded,
            fmt::format("The fleet would have {} inbound permissions; the limit is {}. Join ranges, or revoke "
                        "some",
                        inbound.size(), kPermissionsMax));
    core::change_permissions(scope.step, slot, std::move(inbound));
    return UpdateFleetPortSettingsResponse{.fleet_id = request.fleet_id};
}

Result<UpdateRuntimeConfigurationResponse> handle(Scope& scope, const UpdateRuntimeConfigurationRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    const RuntimeConfiguration& runtime = request.runtime_configuration;
    TRY(check_launch_paths(runtime));
    {
        auto edit = scope.state().edit<core::Fleet>(slot);
        edit->max_activations = static_cast<std::uint32_t>(runtime.max_concurrent_game_server_session_activations);
        edit->activation_timeout_s = static_cast<std::uint32_t>(runtime.game_server_session_activation_timeout_seconds);
    }
    core::change_recipes(scope.step, slot, store_recipes(runtime));
    return UpdateRuntimeConfigurationResponse{.runtime_configuration =
                                                  show_runtime(scope.state().at<core::Fleet>(slot))};
}

}  // namespace gse::api
