/// Game server sessions. Source: [创建游戏服务器会话; 激活游戏服务器会话; 结束游戏服务器会话; API:GameServerSession].
#pragma once

#include <string>
#include <vector>

#include "core/step.h"

namespace gse::core {

struct NewSession {
    Slot fleet = kNone;
    std::uint32_t max_players = 0;
    std::string name;
    SessionWishes wishes;
    std::string custom_id;              ///< "" or the caller's own id, unique in the region
    Slot placement = kNone;             ///< the one that it is made for; `custom_id` is then the placement's
    DestinationFacts* facts = nullptr;  ///< out, if given: what the fleet was like, and what it said
};

/// Gives an idle process of the fleet to a new session, ACTIVATING at once, and orders its start.
/// Unavailable: the fleet is not ACTIVE. LimitExceeded: the creator's limit. InUse: the custom id is taken.
/// Insufficient: no idle process, with the reason ("10/10 processes busy, 1 instance starting, maximum 1").
/// Placements that wait for the fleet come first. A create that is refused counts as demand for a minute.
Result<Slot> create_session(Step& step, NewSession wanted);

/// ACTIVATING → ACTIVE. Activating an ACTIVE session again is no error.
Result<void> activate_session(Step& step, Slot session);

/// Ends a live session for good, with its seats, and frees its process. `reason` becomes StatusReason.
void end_session(Step& step, Slot session, SessionStatus status, std::string reason);

/// Not activated in time: ERROR, an event, and its process is ended.
void expire_activation(Step& step, Slot session);

/// Asks the host again for logs that are still to be collected.
link::CollectLogs collect_logs_order(const State& state, Slot session);
void on_logs_collected(Step& step, const link::LogCollected& report);

/// Its own policy, unless its fleet drains and denies joins.
[[nodiscard]] inline bool accepts_players(const State& state, const GameSession& session) {
    return session.accept_all && !state.at<Fleet>(session.fleet).drain_denies_joins;
}

/// What OnStartGameServerSession tells the game.
link::StartSession start_session_order(const State& state, Slot session);

/// Why a fleet has no process for a session now, in one line for people.
std::string describe_shortage(const State& state, Slot fleet);

}  // namespace gse::core
