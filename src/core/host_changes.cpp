#include "core/host_changes.h"

#include <fmt/format.h>

#include <vector>

#include "base/plural.h"
#include "core/events.h"
#include "core/fleets.h"
#include "core/hand_started.h"
#include "core/instances.h"
#include "core/process_ports.h"

namespace gse::core {

bool must_leave(const State& state, const Instance& instance) {
    const Host& host = state.at<Host>(instance.host);
    if (host.availability == HostAvailability::Draining) return true;
    return host.provided && (instance.stale_ports || !has_ports_for(host, state.at<Fleet>(instance.fleet)));
}

void review_leaving(Step& step, Slot slot, std::string_view why) {
    State& state = step.state;
    const Instance& instance = state.at<Instance>(slot);
    const bool leaving = must_leave(state, instance);
    if (instance.leaving == leaving || instance.status == InstanceStatus::Draining) return;
    if (leaving && (instance.reserved || is_hand_started(state.at<Fleet>(instance.fleet)))) return;
    state.edit<Instance>(slot)->leaving = leaving;
    state.queue_reconcile(instance.fleet);
    add_event(step, instance.fleet, "GENERIC_EVENT",
              leaving ? fmt::format("{}: instance {} leaves as soon as another one stands in for it, or at once where "
                                    "there is no room for one; its sessions go on to their end",
                                    why, instance.id)
                      : fmt::format("{}: instance {} stays", why, instance.id));
}

HostLoad load_of(const State& state, Slot host) {
    HostLoad load;
    for (const Slot slot : state.at<Host>(host).instances) {
        const Instance& instance = state.at<Instance>(slot);
        ++load.instances;
        load.processes += instance.processes.size();
        load.sessions += instance.sessions;
        for (const Slot process : instance.processes)
            if (const Slot session = state.at<Process>(process).session; session != kNone)
                load.players += state.at<GameSession>(session).seats;
    }
    return load;
}

void set_availability(Step& step, Slot slot, HostAvailability availability) {
    State& state = step.state;
    if (state.at<Host>(slot).availability == availability) return;
    state.edit<Host>(slot)->availability = availability;
    const std::string why =
        fmt::format("Host {} {}", state.at<Host>(slot).name,
                    availability == HostAvailability::Draining ? "is being drained" : "is not drained any more");
    for (const Slot instance : std::vector<Slot>(state.at<Host>(slot).instances)) review_leaving(step, instance, why);
    if (availability == HostAvailability::Open) reconcile_waiting_fleets(step);
}

Result<HostLoad> remove_host(Step& step, Slot slot, bool force) {
    State& state = step.state;
    const HostLoad load = load_of(state, slot);
    const std::string name = state.at<Host>(slot).name;
    // One that a provider supplies goes as soon as it carries nothing; its record, when its machine is gone.
    const bool given_back = state.at<Host>(slot).provided && !state.at<Host>(slot).released;
    if (load.sessions > 0 && !force)
        return refuse(ErrorCode::InUse,
                      fmt::format("{} game server session{} with {} player{} on {} instance{} of host {}: drain it and "
                                  "wait until they have ended, or set Force to true to end them as ERROR",
                                  load.sessions, plural(load.sessions), load.players, plural(load.players),
                                  load.instances, plural(load.instances), name));
    for (const Slot instance_slot : std::vector<Slot>(state.at<Host>(slot).instances)) {
        const Instance& instance = state.at<Instance>(instance_slot);
        add_event(step, instance.fleet, "SERVER_DOWN",
                  fmt::format("Host {} was removed: instance {} is gone with {} session{} and is replaced", name,
                              instance.id, instance.sessions, plural(instance.sessions)));
        lose_instance(step, instance_slot, "its host was removed");
    }
    if (given_back)
        state.tell_removed(slot);
    else
        forget_host(step, slot);
    reconcile_waiting_fleets(step);
    return load;
}

void forget_host(Step& step, Slot slot) {
    State& state = step.state;
    std::vector<Slot> cursors;
    state.table<HostCursor>().for_each([&](Slot cursor, const HostCursor& known) {
        if (known.host == slot) cursors.push_back(cursor);
    });
    for (const Slot cursor : cursors) state.remove<HostCursor>(cursor);
    state.remove<Host>(slot);
    state.tell_removed(slot);
}

}  // namespace gse::core
