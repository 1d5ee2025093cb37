// Placements. Source: [创建游戏服务器队列; API:StartGameServerSessionPlacement].
#include "core/placements.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/decisions.h"
#include "api/lookup.h"
#include "codec/codec.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

/// The session is told of when it is ACTIVE, and not before: nobody should send players to it earlier.
GameServerSessionPlacement show_placement(const Scope& scope, Slot slot) {
    const core::Placement& placement = scope.state().at<core::Placement>(slot);
    GameServerSessionPlacement out;
    out.placement_id = placement.id;
    out.game_server_session_queue_name = placement.queue_name;
    for (const auto& latency : placement.latencies)
        out.player_latencies.push_back({.player_id = latency.player_id,
                                        .region_identifier = latency.region,
                                        .latency_in_milliseconds = latency.ms});
    out.status = to_text(placement.status);
    out.dns_name = "";
    out.game_server_session_id = placement.session_id;
    out.game_server_session_name = placement.session_name;
    out.game_server_session_region = placement.session_region;
    out.game_properties = show_properties(placement.properties);
    out.maximum_player_session_count = placement.max_players;
    out.game_server_session_data = placement.session_data;
    out.ip_address = placement.address;
    out.port = placement.port;
    out.matchmaker_data = "";
    if (placement.status == PlacementStatus::Fulfilled)
        for (const auto& [player, seat] : placement.seats)
            out.placed_player_sessions.push_back({.player_id = player, .player_session_id = seat});
    out.start_time = format_utc(placement.started);
    if (placement.status != PlacementStatus::Pending) out.end_time = format_utc(placement.ended);
    return out;
}

Result<void> check_players(const Scope& scope, const StartGameServerSessionPlacementRequest& request) {
    const std::uint64_t limit = std::min<std::uint64_t>(scope.step.settings().limits.players_per_session, UINT32_MAX);
    if (request.maximum_player_session_count > limit)
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format(
                "MaximumPlayerSessionCount is {}; a game server session takes {} at most (limits.players_per_session)",
                request.maximum_player_session_count, limit));
    if (!request.desired_player_sessions) return {};
    const auto& players = *request.desired_player_sessions;
    if (players.size() > request.maximum_player_session_count)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("DesiredPlayerSessions names {} players, and MaximumPlayerSessionCount is {}",
                                  players.size(), request.maximum_player_session_count));
    std::set<std::string_view> seen;
    for (const auto& player : players)
        if (!seen.insert(player.player_id).second)
            return refuse(ErrorCode::InvalidParameterValue, fmt::format("DesiredPlayerSessions names player '{}' twice",
                                                                        player.player_id.substr(0, 100)));
    return {};
}

}  // namespace

namespace {

Result<StartGameServerSessionPlacementResponse> start(Scope& scope,
                                                      const StartGameServerSessionPlacementRequest& request,
                                                      core::Decision decision) {
    core::State& state = scope.state();
    std::string text;
    encode_fields(request, text);
    const std::uint64_t hash = core::stable_hash(text);
    if (const Slot known = state.find_placement(scope.region, request.placement_id); known != kNone) {
        if (state.at<core::Placement>(known).request_hash != hash)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("PlacementId '{}' was used by a different request; use a new one for each "
                                      "placement",
                                      request.placement_id));
        state.decisions().add(std::move(decision));
        return StartGameServerSessionPlacementResponse{.game_server_session_placement = show_placement(scope, known)};
    }
    TRY(check_players(scope, request));
    const Slot queue = TRY(need_queue(scope, request.game_server_session_queue_name));
    const std::uint64_t limit = scope.step.settings().limits.placements_per_queue;
    if (state.at<core::Queue>(queue).pending.size() >= limit)
        return refuse(ErrorCode::Unavailable,
                      fmt::format("{} placements are PENDING in queue '{}', which is the limit; try again later, add "
                                  "capacity, or raise limits.placements_per_queue",
                                  limit, request.game_server_session_queue_name));
    core::Placement placement;
    placement.id = request.placement_id;
    placement.region = scope.region;
    placement.queue_name = request.game_server_session_queue_name;
    placement.queue = queue;
    placement.request_hash = hash;
    placement.max_players = static_cast<std::uint32_t>(request.maximum_player_session_count);
    placement.session_name = request.game_server_session_name.value_or("");
    placement.session_data = request.game_server_session_data.value_or("");
    placement.properties = store_properties(request.game_properties);
    if (request.desired_player_sessions)
        for (const auto& player : *request.desired_player_sessions)
            placement.players.push_back({player.player_id, player.player_data});
    if (request.player_latencies)
        for (const auto& latency : *request.player_latencies)
            placement.latencies.push_back(
                {latency.player_id, latency.region_identifier, latency.latency_in_milliseconds});
    placement.decision = state.decisions().add(std::move(decision));
    const Slot slot = core::start_placement(scope.step, std::move(placement));
    return StartGameServerSessionPlacementResponse{.game_server_session_placement = show_placement(scope, slot)};
}

}  // namespace

Result<StartGameServerSessionPlacementResponse> handle(Scope& scope,
                                                       const StartGameServerSessionPlacementRequest& request) {
    core::Decision decision = begin_decision(scope);
    decision.of_placement = true;
    decision.placement_id = request.placement_id;
    auto started = start(scope, request, decision);
    if (!started) refuse_decision(scope, std::move(decision), started.error());
    return started;
}

Result<DescribeGameServerSessionPlacementResponse> handle(Scope& scope,
                                                          const DescribeGameServerSessionPlacementRequest& request) {
    return DescribeGameServerSessionPlacementResponse{
        .game_server_session_placement = show_placement(scope, TRY(need_placement(scope, request.placement_id)))};
}

Result<WaitGameServerSessionPlacementResponse> handle(Scope& scope,
                                                      const WaitGameServerSessionPlacementRequest& request) {
    const Slot slot = TRY(need_placement(scope, request.placement_id));
    core::Wait* const wait = scope.step.wait;
    if (wait && scope.state().at<core::Placement>(slot).status == PlacementStatus::Pending) {
        if (wait->full)
            return refuse(ErrorCode::Overloaded,
                          fmt::format("{} calls wait already, which is the limit; ask again in a moment, use "
                                      "DescribeGameServerSessionPlacement, or raise limits.waiting_calls",
                                      scope.step.settings().limits.waiting_calls));
        wait->placement = slot;
        wait->until = scope.step.now.engine + Millis{static_cast<std::int64_t>(request.timeout_seconds) * 1000};
    }
    return WaitGameServerSessionPlacementResponse{.game_server_session_placement = show_placement(scope, slot)};
}

Result<StopGameServerSessionPlacementResponse> handle(Scope& scope,
                                                      const StopGameServerSessionPlacementRequest& request) {
    const Slot slot = TRY(need_placement(scope, request.placement_id));
    TRY(core::stop_placement(scope.step, slot));
    return StopGameServerSessionPlacementResponse{.game_server_session_placement = show_placement(scope, slot)};
}

}  // namespace gse::api
