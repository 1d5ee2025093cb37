// Player sessions. Source: [接收玩家会话; API:JoinGameServerSession].
#include "core/players.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/lookup.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

constexpr std::string_view kPlayerList = "player-sessions";

/// `session_id`: of its session, which those of one answer often share.
PlayerSession show(const Scope& scope, Slot slot, std::string_view session_id) {
    const core::State& state = scope.state();
    const core::PlayerSession& player = state.at<core::PlayerSession>(slot);
    const core::GameSession& session = state.at<core::GameSession>(player.session);
    PlayerSession out;
    out.creation_time = format_utc(player.created);
    out.dns_name = "";
    out.fleet_id = state.at<core::Fleet>(session.fleet).id;
    out.game_server_session_id = std::string(session_id);
    out.ip_address = std::string(session.address.view());
    out.player_data = player.data ? *player.data : std::string();
    out.player_id = std::string(player.player_id.view());
    out.player_session_id = state.player_session_id(slot);
    out.port = session.port;
    out.status = to_text(player.status);
    if (!player.seated()) out.termination_time = format_utc(player.ended);
    return out;
}

bool in_region(const Scope& scope, Slot player) {
    const core::GameSession& session =
        scope.state().at<core::GameSession>(scope.state().at<core::PlayerSession>(player).session);
    return scope.state().at<core::Fleet>(session.fleet).region == scope.region;
}

/// Where a player session stands in either order: the session's order above the seat's number.
std::uint64_t position(const core::State& state, Slot slot) {
    const core::PlayerSession& player = state.at<core::PlayerSession>(slot);
    return (state.at<core::GameSession>(player.session).order << 24) + player.number;
}

/// Every player session that could match, in order of position().
Result<std::vector<Slot>> candidates(const Scope& scope, const DescribePlayerSessionsRequest& request) {
    const core::State& state = scope.state();
    std::vector<Slot> slots;
    if (request.player_session_id && !request.player_session_id->empty()) {
        const Slot slot = state.find_player_session(*request.player_session_id);
        if (slot == kNone || !in_region(scope, slot))
            return refuse(ErrorCode::NotFound, fmt::format("Player session '{}' does not exist in region {}",
                                                           request.player_session_id->substr(0, 100), scope.region));
        slots.push_back(slot);
    } else if (request.game_server_session_id && !request.game_server_session_id->empty()) {
        const Slot session = TRY(need_session(scope, *request.game_server_session_id));
        for (Slot slot = state.at<core::GameSession>(session).first_player; slot != kNone;
             slot = state.at<core::PlayerSession>(slot).next)
            slots.push_back(slot);
    } else if (request.player_id && !request.player_id->empty()) {
        for (Slot slot = state.first_of_player(*request.player_id); slot != kNone;
             slot = state.at<core::PlayerSession>(slot).next_same_player)
            if (state.at<core::PlayerSession>(slot).player_id == *request.player_id && in_region(scope, slot))
                slots.push_back(slot);
        std::sort(slots.begin(), slots.end(), [&](Slot a, Slot b) { return position(state, a) < position(state, b); });
    } else {
        return refuse(ErrorCode::MissingParameter, "GameServerSessionId, PlayerId or PlayerSessionId is required");
    }
    return slots;
}

}  // namespace

Result<JoinGameServerSessionResponse> handle(Scope& scope, const JoinGameServerSessionRequest& request) {
    const Slot session = TRY(need_session(scope, request.game_server_session_id));
    const core::Joining joining{.player_id = request.player_id, .data = request.player_data.value_or("")};
    const std::vector<Slot> seats = TRY(core::join(scope.step, session, std::span(&joining, 1)));
    return JoinGameServerSessionResponse{.player_session = show(scope, seats.front(), request.game_server_session_id)};
}

Result<JoinGameServerSessionBatchResponse> handle(Scope& scope, const JoinGameServerSessionBatchRequest& request) {
    std::vector<core::Joining> joining;
    for (const auto& player : request.player_ids) {  // the model has seen to it that nobody is named twice
        // The model's PlayerDataMap is one pair: data for the one player it names.
        const bool has_data = request.player_data_map && request.player_data_map->key == player;
        joining.push_back({.player_id = player, .data = has_data ? request.player_data_map->value : std::string()});
    }
    const Slot session = TRY(need_session(scope, request.game_server_session_id));
    JoinGameServerSessionBatchResponse response;
    for (const Slot seat : TRY(core::join(scope.step, session, joining)))
        response.player_sessions.push_back(show(scope, seat, request.game_server_session_id));
    return response;
}

Result<DescribePlayerSessionsResponse> handle(Scope& scope, const DescribePlayerSessionsRequest& request) {
    const core::State& state = scope.state();
    std::optional<PlayerStatus> wanted;
    if (request.player_session_status_filter && !request.player_session_status_filter->empty()) {
        PlayerStatus status{};
        CHECK(from_text(*request.player_session_status_filter, status));  // the model's enum
        wanted = status;
    }
    const std::uint64_t after = TRY(read_token(scope.services, kPlayerList, request.next_token));
    DescribePlayerSessionsResponse response;
    response.next_token = "";
    std::uint64_t last = after;
    for (const Slot slot : TRY(candidates(scope, request))) {
        const core::PlayerSession& player = state.at<core::PlayerSession>(slot);
        const std::uint64_t here = position(state, slot);
        if (here <= after || (wanted && player.status != *wanted)) continue;
        if (request.player_id && !request.player_id->empty() && player.player_id != *request.player_id) continue;
        if (response.player_sessions.size() == request.limit) {
            response.next_token = make_token(scope.services, kPlayerList, last);
            break;
        }
        last = here;
        response.player_sessions.push_back(show(scope, slot, state.session_id(player.session)));
    }
    return response;
}

}  // namespace gse::api
