#include "sim/checks.h"

#include <set>

#include "core/process_ports.h"
#include "core/scaling.h"
#include "sim/violation.h"

namespace gse::sim {
namespace {

using core::kNone;
using core::Slot;

/// Several moves may happen between two looks.
template <class Status>
bool reachable(std::span<const Move<Status>> moves, Status from, Status to) {
    std::set<Status> seen{from};
    for (bool grown = true; grown;) {
        grown = false;
        for (const auto& move : moves)
            if (seen.contains(move.from) && seen.insert(move.to).second) grown = true;
    }
    return seen.contains(to);
}

template <class Status>
void check_move(std::string_view what, const std::string& id, std::span<const Move<Status>> moves, Status from,
                Status to) {
    require(reachable(moves, from, to), "statuses move along the tables", "{} {} went from {} to {}", what, id,
            to_text(from), to_text(to));
}

void check_ports(const core::State& state) {
    state.table<core::Host>().for_each([&](Slot, const core::Host& host) {
        std::map<std::uint16_t, std::string> held;
        for (const Slot slot : host.instances) {
            const auto& instance = state.at<core::Instance>(slot);
            for (const auto& place : instance.places) {
                for (const std::uint16_t port : {place.client_port, place.grpc_port}) {
                    const auto [it, fresh] = held.emplace(port, instance.id);
                    require(fresh, "no port is given twice", "port {} of host {} belongs to a place of {} and of {}",
                            port, host.name, it->second, instance.id);
                }
            }
        }
        for (const Slot slot : host.instances) {
            for (const Slot process_slot : state.at<core::Instance>(slot).processes) {
                const auto& process = state.at<core::Process>(process_slot);
                bool own = process.client_port == 0;
                for (const auto& place : state.at<core::Instance>(slot).places)
                    own = own || (place.number == process.place &&
                                  (place.client_port == process.client_port || place.grpc_port == process.client_port));
                if (own || process.status == ProcessStatus::Activating || process.status == ProcessStatus::Ending)
                    continue;
                const auto [it, fresh] = held.emplace(process.client_port, process.id);
                require(fresh, "no port is given twice", "port {} of host {} is listened on by {} and belongs to {}",
                        process.client_port, host.name, process.id, it->second);
            }
        }
    });
}

void check_instances(const core::State& state) {
    state.table<core::Instance>().for_each([&](Slot, const core::Instance& instance) {
        std::set<std::uint32_t> places;
        for (const Slot slot : instance.processes) {
            const auto& process = state.at<core::Process>(slot);
            require(places.insert(process.place).second, "one process a place",
                    "place {} of {} runs two processes, {} among them", process.place, instance.id, process.id);
        }
    });
}

/// Instances that scale-in leaves alone.
std::uint32_t count_reserved(const core::State& state, const core::Fleet& fleet) {
    return static_cast<std::uint32_t>(std::ranges::count_if(fleet.instances, [&](Slot slot) {
        const auto& instance = state.at<core::Instance>(slot);
        return instance.reserved && instance.status != InstanceStatus::Draining;
    }));
}

void check_fleets(const core::State& state) {
    state.table<core::Fleet>().for_each([&](Slot, const core::Fleet& fleet) {
        const std::uint32_t staying = fleet.instances_pending + fleet.instances_active - fleet.instances_leaving;
        if (fleet.status == FleetStatus::Active) {
            // One that drains lets nothing go that is used, be its maximum lowered meanwhile.
            if (!fleet.draining)
                require(staying <= std::max(fleet.max, count_reserved(state, fleet)), "fleets stay within their limits",
                        "fleet {} has {} instances, maximum {}", fleet.id, staying, fleet.max);
            require(fleet.desired <= fleet.max && fleet.desired >= std::min(fleet.min, fleet.max),
                    "fleets stay within their limits", "fleet {} wants {} of [{}, {}]", fleet.id, fleet.desired,
                    fleet.min, fleet.max);
        }
        if (fleet.status == FleetStatus::Deleting || fleet.status == FleetStatus::Error)
            require(staying == 0, "fleets that end keep no instance", "fleet {} is {} and keeps {}", fleet.id,
                    to_text(fleet.status), staying);
        if (fleet.status == FleetStatus::Terminated)
            require(fleet.instances.empty(), "fleets that end keep no instance",
                    "fleet {} is TERMINATED with instances", fleet.id);
    });
}

WallTime drains_since(const core::Fleet& fleet) { return fleet.draining ? fleet.drain_started : WallTime{}; }

}  // namespace

/// A fleet that drains gets no further instance, and keeps none that nobody uses.
void Checks::check_drains(const core::State& state) {
    std::map<std::string, std::pair<WallTime, std::size_t>> drains;
    state.table<core::Fleet>().for_each([&](Slot, const core::Fleet& fleet) {
        if (!fleet.draining || fleet.status != FleetStatus::Active) return;
        const std::size_t staying = fleet.instances_pending + fleet.instances_active;
        const auto old = drains_.find(fleet.id);
        if (old != drains_.end() && old->second.first == fleet.drain_started)
            require(staying <= old->second.second, "what drains does not grow", "fleet {} had {} instances, has {}",
                    fleet.id, old->second.second, staying);
        drains.emplace(fleet.id, std::pair(fleet.drain_started, staying));
        require(fleet.open.empty(), "what drains is closed", "fleet {}", fleet.id);
        for (const Slot slot : fleet.instances) {
            const auto& instance = state.at<core::Instance>(slot);
            require(instance.status == InstanceStatus::Draining || instance.sessions > 0 || instance.reserved ||
                        state.has_reconcile_queue(),
                    "what drains lets idle instances go", "{} of fleet {}", instance.id, fleet.id);
        }
        require(fleet.drained == WallTime{} || fleet.instances.empty(), "what is drained is empty", "fleet {}",
                fleet.id);
    });
    drains_ = std::move(drains);
}

/// A firing is journaled with what it changed, so that it is never repeated, whatever the clock on the wall does.
void Checks::check_timers(const core::State& state) {
    std::map<std::string, WallTime> timers;
    state.table<core::ScalingTimer>().for_each([&](Slot, const core::ScalingTimer& timer) {
        const auto old = timers_.find(timer.id);
        require(old == timers_.end() || timer.last_fired >= old->second, "a timer fires each time once",
                "timer {} fired at {}, then at {}", timer.id, old == timers_.end() ? 0 : old->second.ms,
                timer.last_fired.ms);
        require(timer.type != TimerType::Once || timer.last_fired == WallTime{} || timer.last_fired == timer.begin,
                "a timer fires when it should", "timer {} fired at {} instead of {}", timer.id, timer.last_fired.ms,
                timer.begin.ms);
        timers.emplace(timer.id, timer.last_fired);
    });
    timers_ = std::move(timers);
}

void Checks::forget() {
    fleets_.clear();
    drains_.clear();
    timers_.clear();
    processes_.clear();
    sessions_.clear();
    players_.clear();
    placements_.clear();
    waiting_.clear();
    last_event_ = 0;
}

void Checks::after_step(const Server& server, EngineTime now) {
    const core::State& state = server.state();
    check_ports(state);
    check_instances(state);
    check_fleets(state);
    check_drains(state);
    check_timers(state);

    std::map<std::string, FleetStatus> fleets;
    state.table<core::Fleet>().for_each([&](Slot, const core::Fleet& fleet) {
        if (const auto old = fleets_.find(fleet.id); old != fleets_.end())
            check_move("fleet", fleet.id, fleet_moves(), old->second, fleet.status);
        fleets.emplace(fleet.id, fleet.status);
    });
    fleets_ = std::move(fleets);

    std::map<std::string, SeenProcess> processes;
    std::map<Slot, std::string> session_runs_in;
    state.table<core::Process>().for_each([&](Slot slot, const core::Process& process) {
        const auto& instance = state.at<core::Instance>(process.instance);
        const WallTime fleet_drains = drains_since(state.at<core::Fleet>(instance.fleet));
        const EngineTime instance_goes =
            instance.status == InstanceStatus::Draining ? instance.drained_since : EngineTime{};
        if (const auto old = processes_.find(process.id); old != processes_.end()) {
            check_move("process", process.id, process_moves(), old->second.status, process.status);
            const bool got = process.session != kNone && process.session != old->second.session;
            require(!got || old->second.status != ProcessStatus::Ending, "an ending process gets no session",
                    "process {} is ending and got one", process.id);
            const bool fleet_drained = fleet_drains != WallTime{} && fleet_drains == old->second.fleet_drains;
            const bool instance_went = instance_goes != EngineTime{} && instance_goes == old->second.instance_goes;
            require(!got || (!fleet_drained && !instance_went), "nothing is placed on what drains",
                    "process {} of {} got a session", process.id, instance.id);
        }
        if (process.session != kNone) {
            const auto* session = state.find<core::GameSession>(process.session);
            require(session && session->live() && session->process == slot, "a process and its session agree",
                    "process {}", process.id);
            require(session_runs_in.emplace(process.session, process.id).second, "a session runs in one process", "{}",
                    session->key.view());
        }
        processes.emplace(process.id, SeenProcess{process.status, process.session, fleet_drains, instance_goes});
    });
    processes_ = std::move(processes);

    std::map<std::string, SessionStatus> sessions;
    state.table<core::GameSession>().for_each([&](Slot slot, const core::GameSession& session) {
        const std::string key(session.key.view());
        const auto old = sessions_.find(key);
        if (old != sessions_.end()) check_move("session", key, session_moves(), old->second, session.status);
        sessions.emplace(key, session.status);
        if (session.live()) {
            const auto* process = state.find<core::Process>(session.process);
            require(process && process->session == slot, "no live session without its process", "{}", key);
            require(session.instance == process->instance, "no live session without its process",
                    "{} is elsewhere than its process", key);
        } else {
            require(session.seats == 0, "ended sessions hold no seats", "{} holds {}", key, session.seats);
        }
        require(session.seats <= session.max_players, "seats stay within the maximum", "{} has {} of {}", key,
                session.seats, session.max_players);
        const bool timed_out = old != sessions_.end() && old->second == SessionStatus::Activating &&
                               session.status == SessionStatus::Error &&
                               session.end->reason.starts_with("not activated");
        if (timed_out && session.instance != kNone)
            require(server.was_synced(state.at<core::Instance>(session.instance).host), "timers wait for the backlog",
                    "{} was given up before its host delivered its backlog", key);
        if (session.status == SessionStatus::Activating) {
            const Slot host = state.at<core::Instance>(session.instance).host;
            const auto since = server.synced_since(host);
            require(session.activation_deadline + Millis{15'000} > now || !since || *since + Millis{15'000} > now,
                    "sessions are activated in time or end",
                    "{} should have been activated at {}, it is {}; its host says synced {}", key,
                    session.activation_deadline.ms, now.ms, state.at<core::Host>(host).synced);
        }
    });
    sessions_ = std::move(sessions);

    std::map<std::string, PlayerStatus> players;
    std::map<Slot, std::uint32_t> seats;
    std::set<std::pair<Slot, std::uint32_t>> numbers;
    state.table<core::PlayerSession>().for_each([&](Slot slot, const core::PlayerSession& player) {
        const std::string id = state.player_session_id(slot);
        const auto old = players_.find(id);
        if (old != players_.end()) check_move("player session", id, player_moves(), old->second, player.status);
        require(players.emplace(id, player.status).second, "a seat's id is given once", "{}", id);
        require(numbers.emplace(player.session, player.number).second, "a seat is given once",
                "number {} of session slot {}", player.number, player.session);
        const auto& session = state.at<core::GameSession>(player.session);
        if (player.seated()) ++seats[player.session];
        if (old != players_.end() && old->second == PlayerStatus::Reserved && player.status == PlayerStatus::TimedOut &&
            session.live())
            require(server.was_synced(state.at<core::Instance>(session.instance).host), "timers wait for the backlog",
                    "{} timed out before its host delivered its backlog", id);
    });
    for (const auto& [slot, count] : seats)
        require(state.at<core::GameSession>(slot).seats == count, "seats are counted right", "session slot {}", slot);
    players_ = std::move(players);

    check_placements(state, now);

    // Orders never repeat, and what is new comes behind what was there.
    std::set<std::uint64_t> orders;
    const std::uint64_t next = state.at<core::Meta>(0).next_order;
    state.table<core::FleetEvent>().for_each([&](Slot, const core::FleetEvent& event) {
        require(event.order < next && orders.insert(event.order).second, "events are ordered", "event {} has order {}",
                event.id, event.order);
    });
    require(next >= last_event_, "events are ordered", "the counter went back");
    last_event_ = next;
}

void Checks::check_placements(const core::State& state, EngineTime now) {
    std::map<std::string, std::set<std::uint64_t>> waiting;
    state.table<core::Fleet>().for_each([&](Slot, const core::Fleet& fleet) {
        const bool room = fleet.status == FleetStatus::Active && !fleet.open.empty();
        require(!room || fleet.waiting.empty() || state.has_placement_work(), "nobody waits where there is room",
                "{} placements wait for fleet {}, which has an idle process", fleet.waiting.size(), fleet.id);
        for (const auto& [order, slot] : fleet.waiting) {
            waiting[fleet.id].insert(order);
            const auto* placement = state.find<core::Placement>(slot);
            require(placement && placement->order == order && placement->status == PlacementStatus::Pending &&
                        placement->session == kNone,
                    "only who waits is waiting", "order {} at fleet {}", order, fleet.id);
        }
    });
    std::map<std::uint64_t, SeenPlacement> placements;
    state.table<core::Placement>().for_each([&](Slot slot, const core::Placement& placement) {
        const auto old = placements_.find(placement.order);
        if (old != placements_.end())
            check_move("placement", placement.id, placement_moves(), old->second.status, placement.status);
        require(placements.emplace(placement.order, SeenPlacement{placement.status, placement.session}).second,
                "placements are ordered", "order {} twice", placement.order);
        if (placement.status != PlacementStatus::Pending) {
            require(placement.session == kNone && placement.waits_at.empty() && placement.grows == kNone,
                    "what has ended wants nothing", "placement {}", placement.id);
            require((placement.status == PlacementStatus::Fulfilled) == !placement.session_id.empty(),
                    "FULFILLED means a session", "placement {} is {}", placement.id, to_text(placement.status));
            return;
        }
        require(state.at<core::Queue>(placement.queue).pending.contains({placement.order, slot}),
                "who is PENDING is in the queue", "placement {}", placement.id);
        if (placement.session == kNone) {
            require(!placement.waits_at.empty() || state.has_placement_work(), "nothing waits for nothing",
                    "placement {} waits nowhere", placement.id);
            require(placement.deadline + Millis{15'000} > now, "nothing waits for ever",
                    "placement {} should have timed out at {}, it is {}", placement.id, placement.deadline.ms, now.ms);
            return;
        }
        const auto* session = state.find<core::GameSession>(placement.session);
        require(session && session->status == SessionStatus::Activating && session->placement == slot,
                "a placement and its session agree", "placement {}", placement.id);
        require(placement.seats.size() == placement.players.size() && session->seats >= placement.seats.size(),
                "players get their seats", "placement {} has {}, the session {}", placement.id, placement.seats.size(),
                session->seats);
        if (old != placements_.end() && old->second.session == placement.session) return;
        // It was placed just now: whoever waited there before, with a lower order, must have been served too. One that
        // was, and has lost its session since, waits again.
        const auto was_served = [&](std::uint64_t order) {
            bool found = false;
            state.table<core::GameSession>().for_each([&](Slot, const core::GameSession& lost) {
                if (lost.order < looked_at_ || lost.placement == kNone) return;
                const auto* its = state.find<core::Placement>(lost.placement);
                found = found || (its && its->order == order);
            });
            return found;
        };
        const std::string& fleet = state.at<core::Fleet>(session->fleet).id;
        for (const std::uint64_t order : waiting_[fleet]) {
            if (order >= placement.order) break;
            require(!waiting[fleet].contains(order) || was_served(order), "first come, first served",
                    "placement {} of order {} got a session of fleet {}, where {} waits", placement.id, placement.order,
                    fleet, order);
        }
    });
    placements_ = std::move(placements);
    waiting_ = std::move(waiting);
    looked_at_ = state.table<core::Meta>().at(0).next_order;
}

std::optional<std::string> unsettled(const core::State& state, EngineTime now) {
    std::optional<std::string> why;
    const auto say = [&](std::string text) {
        if (!why) why = std::move(text);
    };
    state.table<core::Host>().for_each([&](Slot, const core::Host& host) {
        if (host.stream == 0 || !host.synced || host.silent || host.lost)
            say(fmt::format("host {} is not back: stream {} synced {} silent {} lost {}", host.name, host.stream,
                            host.synced, host.silent, host.lost));
    });
    state.table<core::GameSession>().for_each([&](Slot, const core::GameSession& session) {
        if (session.live()) say(fmt::format("session {} is still {}", session.key, to_text(session.status)));
        if (session.log_state == core::LogState::Pending)
            say(fmt::format("logs of {} are still to be collected", session.key));
    });
    state.table<core::Placement>().for_each([&](Slot, const core::Placement& placement) {
        if (placement.status == PlacementStatus::Pending)
            say(fmt::format("placement {} is still PENDING", placement.id));
    });
    state.table<core::PlayerSession>().for_each([&](Slot slot, const core::PlayerSession& player) {
        if (player.seated()) say(fmt::format("{} is still seated", state.player_session_id(slot)));
    });
    state.table<core::Instance>().for_each([&](Slot, const core::Instance& instance) {
        const auto& fleet = state.at<core::Fleet>(instance.fleet);
        if (instance.status == InstanceStatus::Draining) {
            std::string what =
                fmt::format("instance {} of fleet {} ({}) is still draining, removing {} logs {}", instance.id,
                            fleet.id, to_text(fleet.status), instance.removing, instance.logs_pending);
            for (const Slot slot : instance.processes) {
                const auto& process = state.at<core::Process>(slot);
                what += fmt::format("; {} is {} because of {}", process.id, to_text(process.status),
                                    to_text(process.end_reason));
            }
            return say(std::move(what));
        }
        if (instance.logs_pending) say(fmt::format("instance {} waits for logs", instance.id));
        // A port that a game chose for itself may leave none for the place that had it.
        const auto open = static_cast<std::uint32_t>(
            std::ranges::count_if(instance.places, [](const core::Place& place) { return !place.retired; }));
        const bool no_port = open < fleet.processes_per_instance() &&
                             core::count_port_pairs(state, state.at<core::Host>(instance.host), fleet, 1) == 0;
        const std::uint32_t expected = no_port ? open : fleet.processes_per_instance();
        if (instance.active != expected || instance.idle.size() != instance.active ||
            instance.processes.size() != instance.active)
            say(fmt::format("instance {} of fleet {} ({}) runs {} processes, {} active, {} idle, of {}", instance.id,
                            fleet.id, to_text(fleet.status), instance.processes.size(), instance.active,
                            instance.idle.size(), fleet.processes_per_instance()));
    });
    state.table<core::Fleet>().for_each([&](Slot slot, const core::Fleet& fleet) {
        const std::uint32_t staying = fleet.instances_pending + fleet.instances_active - fleet.instances_leaving;
        std::uint32_t wanted = 0;
        switch (fleet.status) {
            case FleetStatus::Terminated:
            case FleetStatus::Error: break;
            case FleetStatus::Active: {
                if (fleet.draining) {
                    if (fleet.instances.empty() && fleet.drained == WallTime{})
                        return say(fmt::format("fleet {} is empty and does not notice", fleet.id));
                    break;
                }
                const plan::CapacityView view = core::capacity_view(state, fleet, now);
                const auto plan = plan::plan_capacity(view, now);
                if (plan.look_again != kNever) return say(fmt::format("fleet {} cools down", fleet.id));
                wanted = plan.desired;
                break;
            }
            case FleetStatus::Deleting: return say(fmt::format("fleet {} is still DELETING", fleet.id));
            default:
                wanted = std::min(1u, std::max(fleet.desired, fleet.min));
                if (staying >= wanted && wanted > 0)
                    return say(fmt::format("fleet {} is still {}", fleet.id, to_text(fleet.status)));
        }
        if (staying == wanted || (staying > wanted && staying == count_reserved(state, fleet))) return;
        if (staying < wanted && fleet.waits_for_room) {
            state.table<core::Host>().for_each([&](Slot, const core::Host& host) {
                const std::uint32_t pairs = core::count_port_pairs(state, host, fleet, fleet.processes_per_instance());
                const std::size_t room = state.settings().hosts.share ? host.capacity : 1;
                if (host.availability != HostAvailability::Open) return;
                if (host.instances.size() < room && pairs >= fleet.processes_per_instance())
                    say(fmt::format("fleet {} waits for room, and host {} has some", fleet.id, host.name));
            });
            return;
        }
        say(fmt::format("fleet {} (slot {}) has {} instances and should have {}", fleet.id, slot, staying, wanted));
    });
    return why;
}

}  // namespace gse::sim
