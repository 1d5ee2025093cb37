#include "core/players.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/hosts.h"

namespace gse::core {
namespace {

void end_seat(Step& step, Slot slot, PlayerStatus status) {
    auto player = step.state.edit<PlayerSession>(slot);
    player->status = status;
    player->turn = step.now.engine;
    player->ended = step.now.wall;
    step.state.ended_players().emplace_back(step.now.engine, slot);
}

/// kNone when the player has no RESERVED seat here. It would be among the seats of the session and among those of the
/// player: both lists are walked in step, so that the shorter one decides how long it takes.
Slot find_reserved(const State& state, Slot session_slot, std::string_view player_id) {
    const auto is_it = [&](const PlayerSession& player) {
        return player.status == PlayerStatus::Reserved && player.session == session_slot &&
               player.player_id == player_id;
    };
    Slot of_session = state.at<GameSession>(session_slot).first_player;
    Slot of_player = state.first_of_player(player_id);
    while (of_session != kNone && of_player != kNone) {
        const PlayerSession& own = state.at<PlayerSession>(of_player);
        if (is_it(own)) return of_player;
        const PlayerSession& seat = state.at<PlayerSession>(of_session);
        if (is_it(seat)) return of_session;
        of_player = own.next_same_player;
        of_session = seat.next;
    }
    return kNone;
}

Slot reserve_seat(Step& step, Slot session_slot, const Joining& joining) {
    const GameSession& session = step.state.at<GameSession>(session_slot);
    PlayerSession player;
    const std::string secret = step.rng.text(player.secret.size());
    std::copy(secret.begin(), secret.end(), player.secret.begin());
    player.session = session_slot;
    player.number = session.last_number + 1;
    player.player_id = joining.player_id;
    if (!joining.data.empty()) player.data = std::make_unique<std::string>(joining.data);
    player.created = step.now.wall;
    if (session.status == SessionStatus::Active) player.turn = step.now.engine + step.timers().reservation;
    return step.state.add(std::move(player));
}

void renew_seat(Step& step, Slot slot, const std::string& data) {
    auto player = step.state.edit<PlayerSession>(slot);
    // A client that comes back may have changed its mind, about its team or its character.
    if (!data.empty()) player->data = std::make_unique<std::string>(data);
    if (player->turn == kNever) return;  // its session is still ACTIVATING
    player->turn = step.now.engine + step.timers().reservation;
    step.state.arm(player->turn, TimerKind::Reservation, slot);
}

}  // namespace

Result<std::vector<Slot>> join(Step& step, Slot session_slot, std::span<const Joining> players) {
    const GameSession& session = step.state.at<GameSession>(session_slot);
    if (!session.live())
        return refuse(ErrorCode::Unavailable,
                      fmt::format("The game server session is {}; players join one that is ACTIVE or ACTIVATING",
                                  to_text(session.status)));
    std::vector<Slot> seats(players.size(), kNone);
    std::uint32_t fresh = 0;
    const PlayerIndex& index = step.state.player_index();
    for (const Joining& joining : players) index.expect_bucket(joining.player_id);
    for (const Joining& joining : players) index.expect_record(joining.player_id);
    for (std::size_t i = 0; i < players.size(); ++i) {
        seats[i] = find_reserved(step.state, session_slot, players[i].player_id);
        if (seats[i] == kNone) ++fresh;
    }
    if (fresh > 0 && step.state.at<Fleet>(session.fleet).drain_denies_joins)
        return refuse(ErrorCode::Unavailable,
                      "The game server session takes no new players: its fleet is being drained, and denies them");
    if (fresh > 0 && !session.accept_all)
        return refuse(ErrorCode::Unavailable,
                      "The game server session takes no players: its PlayerSessionCreationPolicy is DENY_ALL");
    if (session.seats + fresh > session.max_players)
        return refuse(ErrorCode::Insufficient, fmt::format("{} of {} seats are taken, {} more asked for", session.seats,
                                                           session.max_players, fresh));
    for (std::size_t i = 0; i < players.size(); ++i) {
        if (seats[i] == kNone)
            seats[i] = reserve_seat(step, session_slot, players[i]);
        else
            renew_seat(step, seats[i], players[i].data);
    }
    return seats;
}

Result<void> accept_player(Step& step, Slot session_slot, Slot player_slot, std::string_view request_id) {
    const PlayerSession* found = step.state.find<PlayerSession>(player_slot);
    if (!found || found->session != session_slot)
        return refuse(ErrorCode::NotFound, "no such player session in this game server session");
    const GameSession& session = step.state.at<GameSession>(session_slot);
    const auto request =
        request_id.empty() ? 0 : static_cast<std::uint32_t>(stable_hash(request_id)) | std::uint32_t{1};
    if (found->status == PlayerStatus::Active && request != 0 && found->accept_request == request) return {};
    if (session.status != SessionStatus::Active)
        return refuse(ErrorCode::Unavailable,
                      fmt::format("the game server session is {}; activate it before accepting players",
                                  to_text(session.status)));
    if (found->status != PlayerStatus::Reserved)
        return refuse(ErrorCode::Unavailable,
                      fmt::format("the player session is {}; the player has to join again", to_text(found->status)));
    auto player = step.state.edit<PlayerSession>(player_slot);
    player->status = PlayerStatus::Active;
    player->turn = kNever;
    player->accept_request = request;
    step.state.change_run<Fleet>(session.fleet, [](Fleet& fleet) { ++fleet.counts.player_activations; });
    return {};
}

Result<void> remove_player(Step& step, Slot session_slot, Slot player_slot) {
    const PlayerSession* found = step.state.find<PlayerSession>(player_slot);
    if (!found || found->session != session_slot)
        return refuse(ErrorCode::NotFound, "no such player session in this game server session");
    if (found->status == PlayerStatus::TimedOut)
        return refuse(ErrorCode::Unavailable, "the player session timed out before it was accepted");
    if (found->seated()) end_seat(step, player_slot, PlayerStatus::Completed);
    return {};
}

void expire_reservation(Step& step, Slot player_slot) {
    const PlayerSession* player = step.state.find<PlayerSession>(player_slot);
    if (!player || player->status != PlayerStatus::Reserved || player->turn > step.now.engine) return;
    const GameSession& session = step.state.at<GameSession>(player->session);
    if (await_backlog(step, session.instance, TimerKind::Reservation, player_slot)) return;
    end_seat(step, player_slot, PlayerStatus::TimedOut);
}

void complete_players(Step& step, Slot session) {
    for (Slot slot = step.state.at<GameSession>(session).first_player; slot != kNone;
         slot = step.state.at<PlayerSession>(slot).next)
        if (step.state.at<PlayerSession>(slot).seated()) end_seat(step, slot, PlayerStatus::Completed);
}

void start_reservation_timers(Step& step, Slot session) {
    for (Slot slot = step.state.at<GameSession>(session).first_player; slot != kNone;
         slot = step.state.at<PlayerSession>(slot).next) {
        if (step.state.at<PlayerSession>(slot).status != PlayerStatus::Reserved) continue;
        auto player = step.state.edit<PlayerSession>(slot);
        player->turn = step.now.engine + step.timers().reservation;
        step.state.arm(player->turn, TimerKind::Reservation, slot);
    }
}

}  // namespace gse::core
