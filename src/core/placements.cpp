#include "core/placements.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "core/fleets.h"
#include "core/hosts.h"
#include "core/players.h"
#include "core/processes.h"
#include "core/sessions.h"
#include "plan/destination.h"

namespace gse::core {
namespace {

plan::SessionRefusal asked(const State& state, Slot fleet) { return plan::refuses(offer_of(state, fleet)); }
bool has_room(const State& state, Slot fleet) { return asked(state, fleet) == plan::SessionRefusal::None; }

/// Another session could make the fleet grow. A placement is the demand of one fleet only.
bool can_grow(const State& state, Slot slot, Slot already) {
    const Fleet& fleet = state.at<Fleet>(slot);
    if (fleet.status != FleetStatus::Active || fleet.draining || !fleet.auto_scaling) return false;
    if (!fleet.target && fleet.instances_pending + fleet.instances_active > 0) return false;
    const std::uint64_t others = fleet.demand - (already == slot ? 1u : 0u);
    return fleet.sessions_on_staying + others < std::uint64_t{fleet.max} * fleet.processes_per_instance();
}

/// The session that is ACTIVATING for a placement knows it by slot, which may have been given away since.
Slot placement_of(const State& state, Slot session) {
    const Slot slot = state.at<GameSession>(session).placement;
    if (slot == kNone) return kNone;
    const Placement* placement = state.find<Placement>(slot);
    const bool mine = placement && placement->status == PlacementStatus::Pending && placement->session == session;
    return mine ? slot : kNone;
}

/// What a queue's destinations are to a placement now.
struct Survey {
    std::vector<Lead> leads;
    plan::DestinationPlan plan;
    std::optional<std::size_t> first_choice;
};

Survey survey(const State& state, const Placement& placement, EngineTime now, plan::DestinationFates* fates = nullptr) {
    const Queue& queue = state.at<Queue>(placement.queue);
    Survey seen;
    std::vector<plan::DestinationView> destinations;
    std::vector<plan::LatencyLimit> limits;
    for (const auto& destination : queue.destinations) {
        seen.leads.push_back(follow(state, destination));
        destinations.push_back({destination.region, plan::state_of(seen.leads.back().bar)});
    }
    for (const auto& policy : queue.policies) limits.push_back({policy.max_ms, policy.seconds});
    const plan::PlacementView view{.destinations = destinations,
                                   .limits = limits,
                                   .has_latencies = !placement.latencies.empty(),
                                   .reach = placement.reach,
                                   .waited = now - placement.started_at};
    seen.plan = plan::plan_destinations(view, fates);
    const bool all_up = std::all_of(seen.leads.begin(), seen.leads.end(),
                                    [](const Lead& lead) { return lead.bar == plan::DestinationBar::None; });
    if (!all_up)
        seen.first_choice = plan::first_choice(view);
    else if (!seen.plan.accepted.empty())
        seen.first_choice = seen.plan.accepted.front();
    return seen;
}

void count(Step& step, Slot queue, auto&& add) {
    step.state.change_run<Queue>(queue, [&](Queue& run) { add(run.counts); });
}

/// No destination of the queue is in a region that is nearer to the players than `region`.
bool is_nearest(const State& state, const Placement& placement, std::string_view region) {
    const auto sum_of = [&](std::string_view name) -> std::optional<std::uint64_t> {
        for (const auto& reach : placement.reach)
            if (reach.region == name) return reach.sum_ms;
        return std::nullopt;
    };
    const auto chosen = sum_of(region);
    const auto& destinations = state.at<Queue>(placement.queue).destinations;
    return chosen && std::none_of(destinations.begin(), destinations.end(), [&](const QueueDestination& destination) {
               const auto sum = sum_of(destination.region);
               return sum && *sum < *chosen;
           });
}

void count_end(Step& step, const Placement& placement, PlacementStatus status) {
    count(step, placement.queue, [&](QueueCounts& counts) {
        switch (status) {
            case PlacementStatus::Pending: return;
            case PlacementStatus::Failed: ++counts.failed; return;
            case PlacementStatus::Cancelled: ++counts.cancelled; return;
            case PlacementStatus::TimedOut: ++counts.timed_out; return;
            case PlacementStatus::Fulfilled: break;
        }
        ++counts.succeeded;
        counts.first_choice_not_viable += placement.choice == PlacementChoice::FirstNotViable;
        counts.first_choice_out_of_capacity += placement.choice == PlacementChoice::FirstOutOfCapacity;
        counts.lowest_latency += placement.nearest;
        counts.waits.add(step.now.engine - placement.started_at);
        const auto& regions = step.settings().regions;
        const auto region = std::find(regions.begin(), regions.end(), placement.session_region);
        if (region == regions.end()) return;
        counts.placed_in.resize(regions.size());
        ++counts.placed_in[static_cast<std::size_t>(region - regions.begin())];
    });
}

/// Every destination of the placement's queue: those it may go to in the order they are asked, up to the first that has
/// room, and then the others.
std::vector<DestinationFacts> look_around(const State& state, const Placement& placement, EngineTime now) {
    const Queue& queue = state.at<Queue>(placement.queue);
    plan::DestinationFates fates;
    const Survey seen = survey(state, placement, now, &fates);
    std::vector<std::size_t> order = seen.plan.accepted;
    for (std::size_t i = 0; i < fates.of.size(); ++i)
        if (fates.of[i] != plan::DestinationFate::Accepted) order.push_back(i);
    std::vector<DestinationFacts> all;
    all.reserve(order.size());
    bool found = false;
    for (const std::size_t i : order) {
        DestinationFacts& facts = all.emplace_back(facts_of(state, queue.destinations[i], seen.leads[i]));
        facts.fate = fates.of[i];
        if (!placement.latencies.empty()) facts.maximum_ms = fates.maximum_ms;
        for (const auto& reach : placement.reach)
            if (reach.region == facts.region) facts.latency_ms = reach.worst_ms;
        const bool candidate = facts.fate == plan::DestinationFate::Accepted && facts.bar == plan::DestinationBar::None;
        if (!candidate || found) continue;
        const plan::SessionRefusal refusal = asked(state, seen.leads[i].fleet);
        ask_fleet(state, seen.leads[i].fleet, refusal, facts);
        found = refusal == plan::SessionRefusal::None;
    }
    return all;
}

/// The placement's entry in the log of decisions; a new one if that has gone.
Decision& decision_of(Step& step, Slot slot) {
    State& state = step.state;
    const Placement& placement = state.at<Placement>(slot);
    Decision* known = state.decisions().find(placement.decision);
    if (!known) {
        const std::uint64_t number =
            state.decisions().add({.of_placement = true, .region = placement.region, .placement_id = placement.id});
        state.set_decision(slot, number);
        known = state.decisions().find(number);
    }
    // The log may be turned off.
    thread_local Decision nowhere;
    Decision& decision = known ? *known : nowhere;
    decision.time = step.now.wall;
    return decision;
}

enum class Look : std::uint8_t { Yes, No };

/// `look`: whether its destinations are part of the explanation.
void end_placement(Step& step, Slot slot, PlacementStatus status, std::string why, Look look = Look::Yes) {
    State& state = step.state;
    CHECK(is_allowed(placement_moves(), state.at<Placement>(slot).status, status));
    const Slot session = state.at<Placement>(slot).session;
    if (status != PlacementStatus::Fulfilled) {
        Decision& decision = decision_of(step, slot);
        decision.outcome = status == PlacementStatus::TimedOut    ? DecisionOutcome::TimedOut
                           : status == PlacementStatus::Cancelled ? DecisionOutcome::Cancelled
                                                                  : DecisionOutcome::Failed;
        decision.why = why;
        if (session == kNone && look == Look::Yes && state.decisions().keeps())
            decision.destinations = look_around(state, state.at<Placement>(slot), step.now.engine);
    }
    state.tell_ended(slot);
    count_end(step, state.at<Placement>(slot), status);
    {
        auto edit = state.edit<Placement>(slot);
        edit->status = status;
        edit->why = std::move(why);
        edit->session = kNone;
        edit->ended_at = step.now.engine;
        edit->ended = step.now.wall;
        if (status != PlacementStatus::Fulfilled) edit->seats.clear();
    }
    state.ended_placements().emplace_back(step.now.engine, slot);
    if (session == kNone || status == PlacementStatus::Fulfilled) return;
    // Nobody was told of the session, so nobody would come. The game may be starting it: its process goes too.
    const Slot process = state.at<GameSession>(session).process;
    end_session(step, session, SessionStatus::Terminated, fmt::format("its placement is {}", to_text(status)));
    request_end(step, process, EndReason::EndedByApi);
}

/// Finds out where a placement may go now.
void consider(Step& step, Slot slot) {
    State& state = step.state;
    const Placement* placement = state.find<Placement>(slot);
    if (!placement || placement->status != PlacementStatus::Pending || placement->session != kNone) return;
    if (placement->deadline <= step.now.engine) return end_placement(step, slot, PlacementStatus::TimedOut, "");
    const auto [leads, plan, first_choice] = survey(state, *placement, step.now.engine);
    switch (plan.outlook) {
        case plan::PlacementOutlook::Waits: break;
        case plan::PlacementOutlook::NoDestination:
            return end_placement(step, slot, PlacementStatus::Failed,
                                 "every destination of the queue is deleted, failed or a terminal alias");
        case plan::PlacementOutlook::OutOfReach:
            return end_placement(step, slot, PlacementStatus::Failed,
                                 "no destination is near enough for every player under any latency policy");
    }
    if (plan.changes_at) state.arm(placement->started_at + *plan.changes_at, TimerKind::Placement, slot);
    state.change_run<Placement>(slot, [&, first = first_choice](Placement& run) {
        run.first_choice = first ? leads[*first].fleet : kNone;
        run.first_choice_up = first && leads[*first].bar == plan::DestinationBar::None;
    });
    std::vector<Slot> accepted;
    Slot grows = kNone;
    for (const std::size_t i : plan.accepted) {
        // Two aliases may lead to one fleet.
        const Slot fleet = leads[i].fleet;
        if (std::find(accepted.begin(), accepted.end(), fleet) != accepted.end()) continue;
        accepted.push_back(fleet);
        if (grows == kNone && can_grow(state, fleet, placement->grows)) grows = fleet;
    }
    state.set_waiting(slot, std::move(accepted), grows);
}

/// Some fleet that it waits at has room: the one it prefers takes it.
void place(Step& step, Slot slot) {
    State& state = step.state;
    const Placement& placement = state.at<Placement>(slot);
    const auto fleet = std::find_if(placement.waits_at.begin(), placement.waits_at.end(),
                                    [&](Slot candidate) { return has_room(state, candidate); });
    CHECK(fleet != placement.waits_at.end());
    std::vector<DestinationFacts> around;
    if (state.decisions().keeps()) around = look_around(state, placement, step.now.engine);
    NewSession wanted;
    wanted.fleet = *fleet;
    wanted.max_players = placement.max_players;
    wanted.name = placement.session_name;
    wanted.wishes.session_data = placement.session_data;
    wanted.wishes.properties = placement.properties;
    wanted.custom_id = placement.id;
    wanted.placement = slot;
    const std::string& fleet_id = state.at<Fleet>(*fleet).id;
    state.change_run<Placement>(slot, [&, took = *fleet](Placement& run) {
        run.choice = took == run.first_choice ? PlacementChoice::First
                     : run.first_choice_up    ? PlacementChoice::FirstOutOfCapacity
                                              : PlacementChoice::FirstNotViable;
        run.nearest = is_nearest(state, run, state.at<Fleet>(took).region);
    });
    const auto session = create_session(step, std::move(wanted));
    CHECK(session.has_value());
    Decision& decision = decision_of(step, slot);
    decision.outcome = DecisionOutcome::Granted;
    decision.why.clear();
    decision.session = *session;
    decision.session_order = state.at<GameSession>(*session).order;
    const auto chosen = std::find_if(around.begin(), around.end(), [&](const DestinationFacts& facts) {
        return facts.asked && facts.refusal == plan::SessionRefusal::None && facts.fleet_id == fleet_id;
    });
    if (chosen != around.end()) chosen->chosen = true;
    decision.destinations = std::move(around);
    std::vector<Joining> players;
    for (const auto& player : placement.players) players.push_back({player.player_id, player.data});
    const auto seats = join(step, *session, players);
    CHECK(seats.has_value());
    auto edit = state.edit<Placement>(slot);
    edit->session = *session;
    edit->seats.clear();
    for (std::size_t i = 0; i < players.size(); ++i)
        edit->seats.emplace_back(players[i].player_id, state.player_session_id(seats->at(i)));
}

}  // namespace

Decision explain_placement(const State& state, Now now, Slot slot) {
    const Placement& placement = state.at<Placement>(slot);
    Decision decision{.of_placement = true, .region = placement.region, .placement_id = placement.id, .time = now.wall};
    if (const Decision* known = state.decisions().find(placement.decision)) decision.request_id = known->request_id;
    decision.destinations = look_around(state, placement, now.engine);
    return decision;
}

Slot start_placement(Step& step, Placement placement) {
    placement.order = step.state.next_order();
    placement.status = PlacementStatus::Pending;
    placement.started_at = step.now.engine;
    placement.started = step.now.wall;
    placement.deadline = step.now.engine + Millis{std::int64_t{step.state.at<Queue>(placement.queue).timeout_s} * 1000};
    const Slot queue = placement.queue;
    const Slot slot = step.state.add(std::move(placement));
    count(step, queue, [](QueueCounts& counts) { ++counts.started; });
    serve_placements(step, kPlacementsPerBatch);
    return slot;
}

Result<void> stop_placement(Step& step, Slot slot) {
    const Placement& placement = step.state.at<Placement>(slot);
    if (placement.status == PlacementStatus::Cancelled) return {};
    if (placement.status != PlacementStatus::Pending)
        return refuse(ErrorCode::FailedOperation, fmt::format("Placement '{}' is {}; only a PENDING one can be stopped",
                                                              placement.id, to_text(placement.status)));
    end_placement(step, slot, PlacementStatus::Cancelled, "");
    return {};
}

void delete_queue(Step& step, Slot slot) {
    const Queue& queue = step.state.at<Queue>(slot);
    while (!queue.pending.empty())
        end_placement(step, queue.pending.begin()->second, PlacementStatus::Failed, "its queue was deleted", Look::No);
    step.state.remove<Queue>(slot);
}

void fulfil_placement(Step& step, Slot session_slot) {
    State& state = step.state;
    const Slot slot = placement_of(state, session_slot);
    if (slot == kNone) return;
    const GameSession& session = state.at<GameSession>(session_slot);
    {
        auto edit = state.edit<Placement>(slot);
        edit->session_id = state.session_id(session_slot);
        edit->session_region = state.at<Fleet>(session.fleet).region;
        edit->address = session.address.view();
        edit->port = session.port;
    }
    end_placement(step, slot, PlacementStatus::Fulfilled, "");
}

void put_placement_back(Step& step, Slot session) {
    const Slot slot = placement_of(step.state, session);
    if (slot == kNone) return;
    {
        auto edit = step.state.edit<Placement>(slot);
        edit->session = kNone;
        edit->seats.clear();
    }
    step.state.queue_placement(slot);
}

void wake_placement(Step& step, Slot slot) {
    const Placement* placement = step.state.find<Placement>(slot);
    if (!placement || placement->status != PlacementStatus::Pending) return;
    if (placement->deadline > step.now.engine) return step.state.queue_placement(slot);
    if (placement->session != kNone &&
        await_backlog(step, step.state.at<GameSession>(placement->session).instance, TimerKind::Placement, slot))
        return;
    end_placement(step, slot, PlacementStatus::TimedOut, "");
}

void serve_placements(Step& step, std::size_t max) {
    State& state = step.state;
    for (; max > 0 && state.has_placement_queue(); --max) consider(step, state.take_placement());
    // Before all are known to wait where they may, a later one could be served before an earlier one.
    if (state.has_placement_queue()) return;

    using Turn = std::pair<std::uint64_t, Slot>;  // order of the first that waits, fleet
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
    const auto enqueue = [&](Slot slot) {
        const Fleet& fleet = state.at<Fleet>(slot);
        if (has_room(state, slot) && !fleet.waiting.empty()) turns.emplace(fleet.waiting.begin()->first, slot);
    };
    for (const Slot fleet : state.take_serve_queue()) enqueue(fleet);
    while (!turns.empty()) {
        const auto [order, slot] = turns.top();
        turns.pop();
        const Fleet& fleet = state.at<Fleet>(slot);
        const bool current = has_room(state, slot) && !fleet.waiting.empty() && fleet.waiting.begin()->first == order;
        if (current && max == 0) {
            state.queue_serve(slot);
            continue;
        }
        if (current) {
            place(step, fleet.waiting.begin()->second);
            --max;
        }
        enqueue(slot);
    }
    // What was placed has changed its instance, which queued its fleet again: nobody is left who could be served there.
    if (max > 0) static_cast<void>(state.take_serve_queue());
}

}  // namespace gse::core
