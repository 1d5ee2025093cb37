/// Player sessions: seats in a game server session. Source: [接收玩家会话; 移除玩家会话; API:PlayerSession].
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/step.h"

namespace gse::core {

struct Joining {
    std::string player_id;
    std::string data;
};

/// Reserves a seat for each player, all or none. A player whose seat is still RESERVED gets that seat again, its timer
/// renewed, and its data replaced unless none are given. While the session is ACTIVATING the timers stand; they start
/// when it becomes ACTIVE. Unavailable: the session has ended or takes no players. Insufficient: not enough free seats.
Result<std::vector<Slot>> join(Step& step, Slot session, std::span<const Joining> players);

/// RESERVED → ACTIVE. Answers alike when the same request (by the game's requestId) is repeated.
Result<void> accept_player(Step& step, Slot session, Slot player, std::string_view request_id);
/// → COMPLETED. Removing one that is completed already is no error: the retry of a lost answer.
Result<void> remove_player(Step& step, Slot session, Slot player);
/// RESERVED → TIMEDOUT when its deadline has passed and its host has delivered its backlog.
void expire_reservation(Step& step, Slot player);
/// Every open seat → COMPLETED: its session ended.
void complete_players(Step& step, Slot session);
/// The session became ACTIVE: the reservations' minute begins.
void start_reservation_timers(Step& step, Slot session);

}  // namespace gse::core
