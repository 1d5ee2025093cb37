#include "core/hand_started.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/events.h"
#include "core/id_length.h"

namespace gse::core {
namespace {

constexpr std::size_t kIdMax = 128;
/// A game in a debugger takes its time.
constexpr std::uint32_t kActivationSeconds = 24 * 3600;

bool is_fleet_id(std::string_view id) {
    return id.size() > 6 && id.size() <= kIdMax && id.starts_with("fleet-") &&
           std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
}

Slot make_fleet(Step& step, std::string_view region, std::string_view id) {
    Fleet fleet;
    fleet.id = id;
    fleet.region = region;
    fleet.name = id;
    fleet.description = "processes that were started by hand";
    fleet.instance_type = kHandStartedType;
    fleet.activation_timeout_s = kActivationSeconds;
    fleet.recipes = {{"(started by hand)", "", 1}};
    fleet.status = FleetStatus::Active;
    fleet.was_active = true;
    fleet.created = step.now.wall;
    fleet.desired = 0;
    fleet.auto_scaling = false;
    const Slot slot = step.state.add(std::move(fleet));
    add_event(step, slot, "FLEET_CREATED", "Fleet for processes that are started by hand.");
    return slot;
}

/// The fleet's instance on that host.
Slot need_instance(Step& step, Slot fleet, Slot host) {
    for (const Slot slot : step.state.at<Fleet>(fleet).instances)
        if (const Instance& known = step.state.at<Instance>(slot);
            known.host == host && known.status == InstanceStatus::Active)
            return slot;
    Instance instance;
    do instance.id = "ins-" + step.rng.text(kIdLength);
    while (step.state.find_instance(instance.id) != kNone);
    instance.fleet = fleet;
    instance.host = host;
    instance.status = InstanceStatus::Active;
    instance.created = step.now.wall;
    instance.accepted = instance.prepared = true;
    return step.state.add(std::move(instance));
}

}  // namespace

namespace {
/// Where processes wait until a session is wanted.
bool is_waiting_room(const Fleet& fleet) { return is_hand_started(fleet) && fleet.id.starts_with(kHandStartedFleet); }
}  // namespace

bool is_hand_started(const Fleet& fleet) { return fleet.asset == kNone && fleet.instance_type == kHandStartedType; }

void attach_process(Step& step, Slot host, const link::ProcessStarted& report) {
    State& state = step.state;
    Slot fleet = state.find_fleet(kHandStartedFleet);
    if (fleet == kNone) {
        fleet = make_fleet(step, step.settings().default_region, kHandStartedFleet);
    } else if (state.at<Fleet>(fleet).status != FleetStatus::Active) {
        // It was deleted, and its id is remembered for a while: there is one of a similar name.
        fleet = kNone;
        state.table<Fleet>().for_each([&](Slot slot, const Fleet& other) {
            if (is_waiting_room(other) && other.status == FleetStatus::Active) fleet = slot;
        });
        if (fleet == kNone)
            fleet = make_fleet(step, step.settings().default_region,
                               fmt::format("{}-{}", kHandStartedFleet, step.rng.text(kIdLength)));
    }
    Process process;
    process.id = report.process_id;
    process.instance = need_instance(step, fleet, host);
    process.pid = report.pid;
    process.started = step.now.engine;
    state.add(std::move(process));
}

void lend_hand_started(Step& step, std::string_view region, std::string_view fleet_id) {
    State& state = step.state;
    if (!is_fleet_id(fleet_id)) return;
    Slot fleet = state.find_fleet(fleet_id);
    std::size_t fleets = 0;
    Slot idle = kNone;
    state.table<Fleet>().for_each([&](Slot slot, const Fleet& other) {
        if (!is_hand_started(other) || other.status != FleetStatus::Active) return;
        ++fleets;
        // Those that wait go first; a process that another fleet has idle comes next.
        if (slot == fleet || (idle != kNone && !is_waiting_room(other))) return;
        for (const Slot instance : other.instances)
            if (!state.at<Instance>(instance).idle.empty()) idle = state.at<Instance>(instance).idle.back();
    });
    if (fleet == kNone) {
        if (fleets >= kHandStartedFleetsMax) return;
        fleet = make_fleet(step, region, fleet_id);
    }
    const Fleet& wanted = state.at<Fleet>(fleet);
    if (!is_hand_started(wanted) || wanted.status != FleetStatus::Active || wanted.region != region ||
        !wanted.open.empty() || idle == kNone)
        return;
    // To another instance: what a record belongs to is part of its identity, so it is one anew.
    const Process& known = state.at<Process>(idle);
    const Slot host = state.at<Instance>(known.instance).host;
    Process moved;
    moved.id = known.id;
    moved.pid = known.pid;
    moved.status = known.status;
    moved.client_port = known.client_port;
    moved.grpc_port = known.grpc_port;
    moved.started = known.started;
    moved.ready = known.ready;
    moved.custom_current = known.custom_current;
    moved.custom_maximum = known.custom_maximum;
    state.remove<Process>(idle);
    moved.instance = need_instance(step, fleet, host);
    state.add(std::move(moved));
}

}  // namespace gse::core
