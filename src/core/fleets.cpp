#include "core/fleets.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/drain.h"
#include "core/events.h"
#include "core/hand_started.h"
#include "core/host_changes.h"
#include "core/hosts.h"
#include "core/instances.h"
#include "core/process_ports.h"
#include "core/processes.h"
#include "core/provided_hosts.h"
#include "core/scaling.h"

namespace gse::core {
namespace {

/// Crashes and failed launches that a first deployment survives.
constexpr std::uint32_t kCreationFailures = 3;

void move_to(Step& step, Slot fleet, FleetStatus status) {
    CHECK(is_allowed(fleet_moves(), step.state.at<Fleet>(fleet).status, status));
    step.state.edit<Fleet>(fleet)->status = status;
}

void announce(Step& step, Slot fleet, FleetStatus status) {
    move_to(step, fleet, status);
    add_event(step, fleet, fmt::format("FLEET_STATE_{}", to_text(status)),
              fmt::format("Fleet changed state to {}", to_text(status)));
}

void drain_all(Step& step, Slot slot) {
    for (const Slot instance : std::vector<Slot>(step.state.at<Fleet>(slot).instances)) {
        drain_instance(step, instance);
        remove_when_empty(step, instance);
    }
}

}  // namespace

Slot create_fleet(Step& step, Fleet fleet) {
    fleet.status = FleetStatus::New;
    fleet.created = step.now.wall;
    const Slot slot = step.state.add(std::move(fleet));
    add_event(step, slot, "FLEET_CREATED", "Fleet has been created with state NEW.");
    step.state.queue_reconcile(slot);
    return slot;
}

namespace {
/// A host that was made for its instance was opened to players as the fleet's permissions were then.
bool opens_other_ports(const State& state, Slot instance, const std::vector<InboundPermission>& before) {
    const Host& host = state.at<Host>(state.at<Instance>(instance).host);
    return host.provided && open_ports(host.ports, before) !=
                                open_ports(host.ports, state.at<Fleet>(state.at<Instance>(instance).fleet).inbound);
}

void renew_instances(Step& step, Slot slot, const std::vector<ProcessRecipe>& before,
                     const std::vector<InboundPermission>& inbound) {
    if (is_hand_started(step.state.at<Fleet>(slot))) return;
    for (const Slot instance : std::vector<Slot>(step.state.at<Fleet>(slot).instances)) {
        const bool other_ports = opens_other_ports(step.state, instance, inbound);
        if (other_ports) step.state.edit<Instance>(instance)->stale_ports = true;
        const bool enough =
            has_ports_for(step.state.at<Host>(step.state.at<Instance>(instance).host), step.state.at<Fleet>(slot));
        review_leaving(step, instance,
                       other_ports ? "Its host is open on other ports"
                       : enough    ? "Its host has ports enough"
                                   : "Its host has too few ports for its processes");
        if (!other_ports) renew_places(step, instance, before);
    }
    advance_creation(step, slot);
    step.state.queue_reconcile(slot);
}
}  // namespace

void change_recipes(Step& step, Slot slot, std::vector<ProcessRecipe> recipes) {
    const std::vector<ProcessRecipe> before = step.state.at<Fleet>(slot).recipes;
    if (before == recipes) return;
    step.state.edit<Fleet>(slot)->recipes = std::move(recipes);
    add_event(step, slot, "GENERIC_EVENT",
              fmt::format("The runtime configuration was replaced: {} process{} an instance. New processes start with "
                          "it, old ones leave as their sessions end",
                          step.state.at<Fleet>(slot).processes_per_instance(),
                          step.state.at<Fleet>(slot).processes_per_instance() == 1 ? "" : "es"));
    renew_instances(step, slot, before, step.state.at<Fleet>(slot).inbound);
}

void change_permissions(Step& step, Slot slot, std::vector<InboundPermission> inbound) {
    if (step.state.at<Fleet>(slot).inbound == inbound) return;
    const std::vector<InboundPermission> before =
        std::exchange(step.state.edit<Fleet>(slot)->inbound, std::move(inbound));
    add_event(step, slot, "GENERIC_EVENT",
              "The inbound permissions were changed: processes on ports that are no longer permitted leave as their "
              "sessions end, and others start on permitted ports");
    renew_instances(step, slot, std::vector<ProcessRecipe>(step.state.at<Fleet>(slot).recipes), before);
}

void renew_ends(Step& step, Slot slot) {
    for (const Slot instance : std::vector<Slot>(step.state.at<Fleet>(slot).instances))
        for (const Slot process : std::vector<Slot>(step.state.at<Instance>(instance).processes))
            tell_deadline(step, process);
}

Result<void> check_no_alias(const State& state, Slot slot) {
    const Fleet& fleet = state.at<Fleet>(slot);
    const Alias* bound = nullptr;
    state.table<Alias>().for_each([&](Slot, const Alias& alias) {
        if (alias.type == AliasType::Simple && alias.fleet_id == fleet.id) bound = &alias;
    });
    if (!bound) return {};
    return refuse(ErrorCode::InUse, fmt::format("Alias {} ('{}') points to fleet {}; repoint or delete it first",
                                                bound->id, bound->name.substr(0, 100), fleet.id));
}

std::uint64_t sum_of_maxima(const State& state, std::string_view region, Slot except) {
    std::uint64_t sum = 0;
    state.table<Fleet>().for_each([&](Slot slot, const Fleet& fleet) {
        if (slot != except && fleet.region == region && fleet.status != FleetStatus::Terminated) sum += fleet.max;
    });
    return sum;
}

Result<void> delete_fleet(Step& step, Slot slot) {
    State& state = step.state;
    const Fleet& fleet = state.at<Fleet>(slot);
    if (fleet.status == FleetStatus::Deleting || fleet.status == FleetStatus::Terminated) return {};
    const std::size_t live = fleet.live_sessions.size();
    if (live > 0)
        return refuse(ErrorCode::InUse,
                      fmt::format("Fleet {} has {} live game server session{}; end them first, or let DrainFleet with "
                                  "DeleteWhenEmpty delete it when they have ended",
                                  fleet.id, live, live == 1 ? "" : "s"));
    TRY(check_no_alias(state, slot));
    announce(step, slot, FleetStatus::Deleting);
    add_event(step, slot, "FLEET_DELETED", "A request to delete the fleet was initiated.");
    {
        auto edit = state.edit<Fleet>(slot);
        edit->creation_deadline = kNever;
        edit->draining = false;  // its deadline stays: games were told of it
    }
    drain_all(step, slot);
    state.queue_reconcile(slot);
    return {};
}

void fail_fleet(Step& step, Slot slot, std::string_view code, std::string message, std::string log_key) {
    if (!in_creation(step.state.at<Fleet>(slot).status)) return;
    add_event(step, slot, code, message, std::move(log_key));
    announce(step, slot, FleetStatus::Error);
    step.state.edit<Fleet>(slot)->creation_deadline = kNever;
    drain_all(step, slot);
}

void count_creation_failure(Step& step, Slot slot, std::string_view what) {
    const Fleet& fleet = step.state.at<Fleet>(slot);
    if (!in_creation(fleet.status)) return;
    const std::uint32_t failures = ++step.state.edit<Fleet>(slot)->creation_failures;
    if (failures < kCreationFailures) return;
    fail_fleet(
        step, slot, "FLEET_VALIDATION_EXECUTABLE_RUNTIME_FAILURE",
        fmt::format(
            "The server process did not stay up: {} ({} times). Run it by hand with the same parameters, and see "
            "that it calls ProcessReady.",
            what, failures));
}

void expire_creation(Step& step, Slot slot) {
    const Fleet* fleet = step.state.find<Fleet>(slot);
    if (!fleet || !in_creation(fleet->status) || fleet->creation_deadline > step.now.engine) return;
    for (const Slot instance : fleet->instances)  // that its processes are ready may be on the way
        if (await_backlog(step, instance, TimerKind::FleetCreation, slot)) return;
    fail_fleet(
        step, slot, "FLEET_VALIDATION_TIMED_OUT",
        fmt::format("The fleet was not ACTIVE within {} s: {} of {} processes of the first instance reported ready",
                    step.timers().fleet_creation.count() / 1000, fleet->processes_active,
                    fleet->processes_per_instance()));
}

void advance_creation(Step& step, Slot slot) {
    State& state = step.state;
    if (!in_creation(state.at<Fleet>(slot).status)) return;
    bool accepted = false, prepared = false;
    std::uint32_t ready = 0;
    for (const Slot instance_slot : state.at<Fleet>(slot).instances) {
        const Instance& instance = state.at<Instance>(instance_slot);
        accepted |= instance.accepted;
        prepared |= instance.prepared;
        ready = std::max(ready, instance.active);
    }
    if (state.at<Fleet>(slot).status == FleetStatus::New && accepted) announce(step, slot, FleetStatus::Downloading);
    // Its time is that of an instance: what waits for room, for the first time or because its host was lost, has none.
    const bool counts = state.at<Fleet>(slot).creation_deadline != kNever;
    if (accepted && !counts) {
        const EngineTime deadline = step.now.engine + step.timers().fleet_creation;
        state.edit<Fleet>(slot)->creation_deadline = deadline;
        state.arm(deadline, TimerKind::FleetCreation, slot);
    } else if (!accepted && counts) {
        state.edit<Fleet>(slot)->creation_deadline = kNever;
    }
    if (state.at<Fleet>(slot).status == FleetStatus::Downloading && prepared)
        announce(step, slot, FleetStatus::Validating);
    if (state.at<Fleet>(slot).status == FleetStatus::Validating && ready > 0) {
        announce(step, slot, FleetStatus::Building);
        announce(step, slot, FleetStatus::Activating);
    }
    if (state.at<Fleet>(slot).status == FleetStatus::Activating &&
        ready >= state.at<Fleet>(slot).processes_per_instance()) {
        announce(step, slot, FleetStatus::Active);
        {
            auto edit = state.edit<Fleet>(slot);
            edit->was_active = true;
            edit->creation_deadline = kNever;
        }
        state.queue_reconcile(slot);
    }
}

void reconcile_fleet(Step& step, Slot slot) {
    State& state = step.state;
    state.change_fleet_run(slot, [](Fleet& fleet) { fleet.reconcile_queued = false; });
    advance_creation(step, slot);  // its instance may be gone
    const Fleet& fleet = state.at<Fleet>(slot);
    switch (fleet.status) {
        case FleetStatus::Terminated: return;
        case FleetStatus::Deleting:
            drain_all(step, slot);
            if (!fleet.instances.empty()) return;
            move_to(step, slot, FleetStatus::Terminated);
            {
                auto edit = state.edit<Fleet>(slot);
                edit->terminated = step.now.wall;
                edit->terminated_at = step.now.engine;
            }
            while (!fleet.rules.empty()) state.remove<ScalingRule>(fleet.rules.begin()->second);
            while (!fleet.timers.empty()) state.remove<ScalingTimer>(fleet.timers.begin()->second);
            state.ended_fleets().emplace_back(step.now.engine, slot);
            return;
        case FleetStatus::Error: return drain_all(step, slot);
        case FleetStatus::Active:
            if (is_hand_started(fleet)) return;
            break;
        default: {
            // A first deployment needs one instance, whatever was asked for later.
            const std::uint32_t first = std::min(1u, std::max(fleet.desired, fleet.min));
            grow_fleet(step, slot, first);
            return let_leave(step, slot, first);
        }
    }
    if (fleet.draining)
        reconcile_draining(step, slot);
    else
        scale_fleet(step, slot);
    state.tell_waiting(slot);  // whoever did not count as its demand while it had an instance
}

void reconcile_waiting_fleets(Step& step) {
    step.state.table<Fleet>().for_each([&](Slot slot, const Fleet& fleet) {
        if (!fleet.waits_for_room) return;
        step.state.change_fleet_run(slot, [](Fleet& run) { run.no_room_until = {}; });
        step.state.queue_reconcile(slot);
    });
}

}  // namespace gse::core
