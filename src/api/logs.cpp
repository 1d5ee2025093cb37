// Logs of sessions and instances, as signed links that expire. Source: [结束游戏服务器会话;
// API:GetGameServerSessionLogUrl].
#include <fmt/format.h>

#include <map>

#include "api/fleet_parts.h"

namespace gse::api {
namespace {

using core::Slot;

/// The use records of the instances that a request names, oldest first: they outlive the instances.
Result<std::vector<const core::InstanceUsage*>> find_instances(const Scope& scope, const core::Fleet& fleet,
                                                               const GetGameServerInstanceLogUrlRequest& request) {
    const bool by_id = request.instance_id && !request.instance_id->empty();
    const bool by_address = request.server_ip && !request.server_ip->empty();
    std::vector<const core::InstanceUsage*> found;
    for (const auto& [order, slot] : fleet.usages) {
        const core::InstanceUsage& usage = scope.state().at<core::InstanceUsage>(slot);
        if (by_id && usage.instance_id != *request.instance_id) continue;
        if (by_address && usage.address != *request.server_ip) continue;
        found.push_back(&usage);
    }
    if (!found.empty() || (!by_id && !by_address)) return found;
    return refuse(ErrorCode::NotFound,
                  fmt::format("Fleet {} has, and had, no instance {}", fleet.id,
                              by_id ? fmt::format("'{}'", request.instance_id->substr(0, 200))
                                    : fmt::format("at address '{}'", request.server_ip->substr(0, 200))));
}

}  // namespace

Result<GetGameServerSessionLogUrlResponse> handle(Scope& scope, const GetGameServerSessionLogUrlRequest& request) {
    const core::GameSession& session =
        scope.state().at<core::GameSession>(TRY(need_session(scope, request.game_server_session_id)));
    if (session.live())
        return refuse(ErrorCode::Unavailable,
                      fmt::format("The game server session is {}; its logs are collected when it has ended",
                                  to_text(session.status)));
    switch (session.log_state) {
        case core::LogState::Pending:
            return refuse(ErrorCode::Unavailable,
                          "The logs of the game server session are being collected; try again in a moment");
        case core::LogState::Failed:
            return refuse(ErrorCode::NotFound,
                          "The logs of the game server session could not be collected; DescribeFleetEvents says why");
        case core::LogState::None:
            return refuse(ErrorCode::NotFound,
                          "The game server session has no logs: its process named no logPathsToUpload in ProcessReady");
        case core::LogState::Stored: break;
    }
    if (session.end->log_key.empty())
        return refuse(
            ErrorCode::NotFound,
            "The game server session has no logs: nothing lay at the logPathsToUpload that its process named");
    return GetGameServerSessionLogUrlResponse{.pre_signed_url = log_url(scope, session.end->log_key)};
}

Result<GetGameServerInstanceLogUrlResponse> handle(Scope& scope, const GetGameServerInstanceLogUrlRequest& request) {
    const core::State& state = scope.state();
    const core::Fleet& fleet = state.at<core::Fleet>(TRY(need_remembered_fleet(scope, request.fleet_id)));
    const auto instances = TRY(find_instances(scope, fleet, request));
    std::map<std::string_view, std::vector<std::string>> of_sessions;
    for (const auto* usage : instances) of_sessions.try_emplace(usage->instance_id);
    for (const auto& [order, slot] : fleet.ended_sessions) {
        const core::GameSession& session = state.at<core::GameSession>(slot);
        if (session.log_state != core::LogState::Stored || session.end->log_key.empty()) continue;
        if (const auto it = of_sessions.find(session.end->log_instance); it != of_sessions.end())
            it->second.push_back(session.end->log_key);
    }
    // Instance by instance, as they came: how it was prepared, then its sessions in their order.
    std::vector<std::string> keys;
    for (const auto* usage : instances) {
        keys.insert(keys.end(), usage->log_keys.begin(), usage->log_keys.end());
        const auto& sessions = of_sessions.at(usage->instance_id);
        keys.insert(keys.end(), sessions.begin(), sessions.end());
    }
    GetGameServerInstanceLogUrlResponse response{.total = keys.size()};
    for (const auto& key : page(std::move(keys), request.offset, request.size))
        response.presigned_urls.push_back(log_url(scope, key));
    response.has_next =
        request.offset < response.total && response.total - request.offset > response.presigned_urls.size();
    return response;
}

}  // namespace gse::api
