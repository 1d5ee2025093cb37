#include "core/housekeeping.h"

#include "core/calendar.h"
#include "core/enrolment.h"
#include "core/fleets.h"
#include "core/hand_started.h"
#include "core/hosts.h"
#include "core/instances.h"
#include "core/placements.h"
#include "core/players.h"
#include "core/process_ports.h"
#include "core/processes.h"
#include "core/sampling.h"
#include "core/sessions.h"

namespace gse::core {
namespace {

/// When it ended and what, the earliest first.
using Ended = std::deque<std::pair<EngineTime, Slot>>;

/// What ended long ago is far away in memory; of those that come next first the record is brought near, then its bucket
/// of the index, which needs the record, then what is in that.
void expect(const State& state, const Ended& players) {
    constexpr std::size_t kRecord = 18, kBucket = 12, kInBucket = 6;
    if (players.size() <= kRecord) return;
    state.table<PlayerSession>().expect(players[kRecord].second);
    const auto id_of = [&](std::size_t turn) {
        const PlayerSession* player = state.find<PlayerSession>(players[turn].second);
        return player ? std::string_view(player->player_id) : std::string_view();
    };
    state.player_index().expect_bucket(id_of(kBucket));
    state.player_index().expect_record(id_of(kInBucket));
}

template <class T, class Keep, class Forget, class Expect = decltype([](const Ended&) {})>
void retire(Step& step, Ended& queue, Millis keep_for, std::uint64_t keep_max, std::size_t max, Keep&& still_that_one,
            Forget&& forget, Expect&& expect_next = {}) {
    for (std::size_t i = 0; i < max && !queue.empty(); ++i) {
        const auto [ended_at, slot] = queue.front();
        const bool old = ended_at + keep_for <= step.now.engine;
        if (!old && queue.size() <= keep_max) return;
        queue.pop_front();
        expect_next(queue);
        const T* record = step.state.find<T>(slot);
        if (record && still_that_one(*record, ended_at)) forget(slot, *record);
    }
}

void forget_session(Step& step, Slot slot) {
    while (step.state.at<GameSession>(slot).first_player != kNone)
        step.state.remove<PlayerSession>(step.state.at<GameSession>(slot).first_player);
    step.state.remove<GameSession>(slot);
}

void forget_fleet(Step& step, Slot slot) {
    const Fleet& fleet = step.state.at<Fleet>(slot);
    while (!fleet.ended_sessions.empty()) forget_session(step, fleet.ended_sessions.begin()->second);
    while (!fleet.events.empty()) step.state.remove<FleetEvent>(fleet.events.begin()->second);
    while (!fleet.usages.empty()) step.state.remove<InstanceUsage>(fleet.usages.begin()->second);
    step.state.remove<Fleet>(slot);
}

}  // namespace

bool fire_timers(Step& step, std::size_t max) {
    Timer timer;
    for (std::size_t i = 0; i < max; ++i) {
        if (!step.state.take_due(step.now.engine, timer)) return false;
        switch (timer.kind) {
            case TimerKind::Reservation: expire_reservation(step, timer.slot); break;
            case TimerKind::Activation: expire_activation(step, timer.slot); break;
            case TimerKind::Rest: finish_rest(step, timer.slot); break;
            case TimerKind::FleetCreation: expire_creation(step, timer.slot); break;
            case TimerKind::FleetCheck:
                if (step.state.find<Fleet>(timer.slot)) step.state.fleet_woke(timer.slot, step.now.engine);
                break;
            case TimerKind::HostAlive: check_host(step, timer.slot); break;
            case TimerKind::DrainGrace: end_drained_processes(step, timer.slot); break;
            case TimerKind::Places: fill_places(step, timer.slot); break;
            case TimerKind::BusyPorts: tell_busy_ports(step, timer.slot); break;
            case TimerKind::Placement: wake_placement(step, timer.slot); break;
            case TimerKind::Calendar: check_calendar(step, timer.slot, timer.at); break;
            case TimerKind::Sample: sample_metrics(step); break;
            case TimerKind::HostToken: expire_host_token(step, timer.slot); break;
            case TimerKind::Settle: break;  // that a batch follows is all it is for
        }
    }
    return step.state.next_timer() <= step.now.engine;
}

void retire_ended(Step& step, std::size_t max) {
    const Retention& keep = step.settings().retention;
    retire<PlayerSession>(
        step, step.state.ended_players(), keep.ended_players, keep.ended_players_max, max,
        [](const PlayerSession& player, EngineTime at) { return !player.seated() && player.turn == at; },
        [&](Slot slot, const PlayerSession& player) {
            // Numbers never repeat within a session, although the one that had the highest is forgotten.
            const GameSession& session = step.state.at<GameSession>(player.session);
            if (player.number == session.last_number)
                step.state.edit<GameSession>(player.session)->retired_number = player.number;
            step.state.remove<PlayerSession>(slot);
        },
        [&](const Ended& next) { expect(step.state, next); });
    retire<GameSession>(
        step, step.state.ended_sessions(), keep.ended_sessions, keep.ended_sessions_max, max,
        [](const GameSession& session, EngineTime at) { return !session.live() && session.end->at == at; },
        [&](Slot slot, const GameSession& session) {
            // A pending log keeps its session; a token must be remembered for its time, unless there are too many.
            const bool remembered = !session.wishes->idempotency_token.empty() &&
                                    session.created_at + keep.idempotency > step.now.engine &&
                                    step.state.ended_sessions().size() < keep.ended_sessions_max;
            if (session.instance != kNone || remembered)
                step.state.ended_sessions().emplace_back(session.end->at, slot);
            else
                forget_session(step, slot);
        });
    retire<InstanceUsage>(
        step, step.state.ended_usages(), keep.statistics, keep.statistics_max, max,
        [](const InstanceUsage& usage, EngineTime at) { return usage.over && usage.ended_at == at; },
        [&](Slot slot, const InstanceUsage&) { step.state.remove<InstanceUsage>(slot); });
    retire<Placement>(
        step, step.state.ended_placements(), keep.ended_placements, keep.ended_placements_max, max,
        [](const Placement& placement, EngineTime at) {
            return placement.status != PlacementStatus::Pending && placement.ended_at == at;
        },
        [&](Slot slot, const Placement&) { step.state.remove<Placement>(slot); });
    // A deleted fleet's sessions go with it, and with them the tokens that made them: not before their time.
    retire<Fleet>(
        step, step.state.ended_fleets(), std::max(keep.deleted_fleets, keep.idempotency), UINT64_MAX, max,
        [](const Fleet& fleet, EngineTime at) {
            return fleet.status == FleetStatus::Terminated && fleet.terminated_at == at;
        },
        [&](Slot slot, const Fleet&) { forget_fleet(step, slot); });
}

void settle(Step& step) {
    // Reconciling may queue again (an instance that could be removed at once); a fleet settles within a few rounds.
    for (int round = 0; round < 8; ++round) {
        // Whoever waits is served before a fleet decides how large it should be.
        if (step.state.has_placement_work()) serve_placements(step, kPlacementsPerBatch);
        const std::vector<Slot> fleets = step.state.take_reconcile_queue();
        if (fleets.empty()) break;
        for (const Slot fleet : fleets)
            if (step.state.find<Fleet>(fleet)) reconcile_fleet(step, fleet);
    }
    for (const Slot instance : step.state.take_spec_queue()) {
        const Instance* known = step.state.find<Instance>(instance);
        if (!known || is_hand_started(step.state.at<Fleet>(known->fleet))) continue;
        step.order(step.state.at<Instance>(instance).host, instance_spec(step.state, instance));
    }
    // The rest is due now, and whoever drives the batches knows by the timer.
    if (step.state.has_placement_work() || step.state.has_reconcile_queue())
        step.state.arm(step.now.engine, TimerKind::Settle, kNone);
}

}  // namespace gse::core
