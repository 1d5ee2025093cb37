#include "core/instances.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/events.h"
#include "core/fleets.h"
#include "core/hand_started.h"
#include "core/host_changes.h"
#include "core/id_length.h"
#include "core/process_ports.h"
#include "core/processes.h"
#include "core/provided_hosts.h"
#include "core/sessions.h"
#include "plan/host_choice.h"
#include "plan/places.h"

namespace gse::core {
namespace {

/// Agents measure every 10 s; a host that is silent tells nothing.
constexpr Millis kLoadValid{60'000};
/// Between two attempts to get ports for a place.
constexpr Millis kPortsRetry{5'000};

const InstanceType* type_of(const State& state, const Fleet& fleet) {
    for (const InstanceType& type : state.settings().instance_types)
        if (type.name == fleet.instance_type) return &type;
    return nullptr;
}

std::uint32_t count_of_fleet(const State& state, const Host& host, Slot fleet) {
    return static_cast<std::uint32_t>(std::ranges::count_if(host.instances, [&](Slot slot) {
        const Instance& instance = state.at<Instance>(slot);
        return instance.fleet == fleet && instance.status != InstanceStatus::Draining;
    }));
}

/// `type` is the fleet's: whoever looks at all hosts looks it up once.
plan::HostOffer offer_of(const State& state, const Host& host, Slot fleet_slot, const InstanceType* type) {
    constexpr std::uint64_t kMbOfGb = 1024;
    const Fleet& fleet = state.at<Fleet>(fleet_slot);
    plan::HostOffer offer{
        .serves_region = host.region.empty() || host.region == fleet.region,
        .has_type = host.offers(fleet.instance_type),
        .reachable = host.stream != 0 && host.synced && !host.silent && !host.lost,
        .open = host.availability == HostAvailability::Open && !host.released,
        .capacity = host.capacity,
        .instances = host.instances_held,
        .share = state.settings().hosts.share,
        .cpus = {.total = host.cpus, .used = host.cpus_held, .wanted = type ? type->cpu : 0},
        .memory_mb = {.total = host.memory_bytes >> 20,
                      .used = host.memory_gb_held * kMbOfGb,
                      .wanted = type ? type->memory_gb * kMbOfGb : 0},
    };
    if (plan::refuses(offer) == plan::HostRefusal::None) offer.of_fleet = count_of_fleet(state, host, fleet_slot);
    return offer;
}

/// Looking at ports takes longer than all else together.
bool has_ports(const State& state, const Host& host, const Fleet& fleet) {
    const std::uint32_t wanted = fleet.processes_per_instance();
    return count_port_pairs(state, host, fleet, wanted) >= wanted;
}

/// Ports for every process of a new instance there; nullopt: there are too few.
std::optional<std::vector<Place>> choose_places(Step& step, Slot host, const Fleet& fleet) {
    step.state.release_rested_ports(host, step.now.engine);
    if (!has_ports(step.state, step.state.at<Host>(host), fleet)) return std::nullopt;
    std::vector<Place> places;
    for (std::uint32_t recipe = 0; recipe < fleet.recipes.size(); ++recipe) {
        for (std::uint32_t i = 0; i < fleet.recipes[recipe].concurrent; ++i) {
            const auto ports = choose_ports(step, host, fleet, places);
            if (!ports) return std::nullopt;
            places.push_back({.number = static_cast<std::uint32_t>(places.size()) + 1,
                              .recipe = recipe,
                              .client_port = ports->client,
                              .grpc_port = ports->grpc});
        }
    }
    return places;
}

void launch_on(Step& step, Slot fleet_slot, Slot host, std::vector<Place> places) {
    State& state = step.state;
    Instance instance;
    do instance.id = "ins-" + step.rng.text(kIdLength);
    while (state.find_instance(instance.id) != kNone);
    instance.fleet = fleet_slot;
    instance.host = host;
    instance.created = step.now.wall;
    instance.spec_version = 1;
    instance.next_place = static_cast<std::uint32_t>(places.size()) + 1;
    instance.places = std::move(places);
    InstanceUsage usage;
    usage.fleet = fleet_slot;
    usage.order = state.next_order();
    usage.instance_id = instance.id;
    usage.address = state.at<Host>(host).address;
    usage.began = usage.ended = step.now.wall;
    instance.usage = state.add(std::move(usage));
    state.queue_spec(state.add(std::move(instance)));
}

void change_phase(Step& step, Slot instance) {
    ++step.state.edit<Instance>(instance)->spec_version;
    step.state.queue_spec(instance);
}

void rest_places(Step& step, Slot host, const std::vector<Place>& places) {
    const EngineTime until = step.now.engine + step.timers().port_quarantine;
    for (const Place& place : places) {
        step.state.rest_port(host, place.client_port, until);
        step.state.rest_port(host, place.grpc_port, until);
    }
}

/// Logs of a preparation are found by their instance even when it is gone.
void keep_log(Step& step, Slot instance, const std::string& key) {
    const Slot slot = step.state.at<Instance>(instance).usage;
    const InstanceUsage* usage = step.state.find<InstanceUsage>(slot);
    if (!usage || key.empty() || usage->log_keys.size() >= InstanceUsage::kLogsMax) return;
    // An agent that was restarted tells of every step again.
    if (std::find(usage->log_keys.begin(), usage->log_keys.end(), key) != usage->log_keys.end()) return;
    step.state.edit<InstanceUsage>(slot)->log_keys.push_back(key);
}

void end_usage(Step& step, Slot slot) {
    if (!step.state.find<InstanceUsage>(slot)) return;
    {
        auto edit = step.state.edit<InstanceUsage>(slot);
        edit->over = true;
        edit->ended = std::max(edit->began, step.now.wall);  // the wall clock may have gone back
        edit->ended_at = step.now.engine;
    }
    step.state.ended_usages().emplace_back(step.now.engine, slot);
}

std::vector<plan::RecipeView> views(const std::vector<ProcessRecipe>& recipes) {
    std::vector<plan::RecipeView> out;
    for (const auto& recipe : recipes) out.push_back({recipe.launch_path, recipe.parameters, recipe.concurrent});
    return out;
}

/// What a failed step of a first deployment is called [查看事件].
std::string_view failure_code(link::PrepareStep failed) {
    switch (failed) {
        case link::PrepareStep::Accepted:
        case link::PrepareStep::Downloaded: return "FLEET_BINARY_DOWNLOAD_FAILED";
        case link::PrepareStep::Extracted:
        case link::PrepareStep::Installed: return "FLEET_INITIALIZATION_FAILED";
        case link::PrepareStep::PathsValidated: return "FLEET_VALIDATION_LAUNCH_PATH_NOT_FOUND";
    }
    return "FLEET_INITIALIZATION_FAILED";
}

}  // namespace

std::string describe_no_room(const State& state, Slot fleet_slot) {
    const bool provides = state.settings().hosts.provider != HostProvider::Hosts;
    if (const std::string why = provides ? why_no_host(state, fleet_slot) : ""; !why.empty())
        return fmt::format("no further host can be asked for: {}", why);
    const Fleet& fleet = state.at<Fleet>(fleet_slot);
    std::uint32_t other_region = 0, other_type = 0, unreachable = 0, closed = 0, full = 0, small = 0, no_ports = 0;
    link::PortRange range;
    const InstanceType* type = type_of(state, fleet);
    state.table<Host>().for_each([&](Slot, const Host& host) {
        if (host.provided) return;  // made for one instance each
        plan::HostOffer offer = offer_of(state, host, fleet_slot, type);
        offer.has_ports = plan::refuses(offer) != plan::HostRefusal::None || has_ports(state, host, fleet);
        switch (plan::refuses(offer)) {
            case plan::HostRefusal::OtherRegion: ++other_region; break;
            case plan::HostRefusal::OtherType: ++other_type; break;
            case plan::HostRefusal::Unreachable: ++unreachable; break;
            case plan::HostRefusal::Closed: ++closed; break;
            case plan::HostRefusal::Full: ++full; break;
            case plan::HostRefusal::NoCpu:
            case plan::HostRefusal::NoMemory: ++small; break;
            case plan::HostRefusal::NoPorts:
                ++no_ports;
                range = host.ports;
                break;
            case plan::HostRefusal::None: break;
        }
    });
    const std::string ports =
        no_ports == 0 ? ""
                      : fmt::format(" ({} to {}: hosts.port_low and hosts.port_high there)", range.low, range.high);
    return fmt::format(
        "{} host{} full, {} short of vCPUs or memory for {}, {} without enough free ports inside the fleet's "
        "InboundPermissions and the host's range{}, {} cordoned or draining, {} not connected, {} that do not offer "
        "{}, "
        "{} of another region",
        full, full == 1 ? "" : "s", small, fleet.instance_type, no_ports, ports, closed, unreachable, other_type,
        fleet.instance_type, other_region);
}

std::uint32_t launch_instances(Step& step, Slot fleet_slot, std::uint32_t count) {
    State& state = step.state;
    const InstanceType* type = type_of(state, state.at<Fleet>(fleet_slot));
    std::vector<Slot> hosts;
    std::vector<plan::HostOffer> offers;
    hosts.reserve(state.table<Host>().size());
    offers.reserve(hosts.capacity());
    state.table<Host>().for_each([&](Slot slot, const Host& host) {
        hosts.push_back(slot);
        offers.push_back(offer_of(state, host, fleet_slot, type));
    });
    plan::HostQueue queue(offers, state.settings().hosts.packing);
    std::uint32_t launched = 0;
    while (launched < count) {
        const auto chosen = queue.take();
        if (!chosen) break;
        const Slot host = hosts[*chosen];
        auto places = choose_places(step, host, state.at<Fleet>(fleet_slot));
        if (!places) continue;
        launch_on(step, fleet_slot, host, *std::move(places));
        ++launched;
        if (launched < count) queue.put_back(*chosen, offer_of(state, state.at<Host>(host), fleet_slot, type));
    }
    if (state.settings().hosts.provider == HostProvider::Hosts) return launched;
    for (; launched < count; ++launched) {
        const Slot host = order_host(step, fleet_slot);
        if (host == kNone) break;
        auto places = choose_places(step, host, state.at<Fleet>(fleet_slot));
        if (!places) {
            release_host(step, host);
            break;
        }
        launch_on(step, fleet_slot, host, *std::move(places));
    }
    return launched;
}

link::InstanceSpec instance_spec(const State& state, Slot slot) {
    const Instance& instance = state.at<Instance>(slot);
    const Fleet& fleet = state.at<Fleet>(instance.fleet);
    link::InstanceSpec spec;
    spec.instance_id = instance.id;
    spec.fleet_id = fleet.id;
    spec.version = instance.spec_version;
    spec.phase = instance.removing                             ? link::InstancePhase::Remove
                 : instance.status == InstanceStatus::Draining ? link::InstancePhase::Drain
                                                               : link::InstancePhase::Run;
    if (fleet.asset != kNone) {
        const Asset& asset = state.at<Asset>(fleet.asset);
        spec.package = {.bucket = asset.bucket, .key = asset.key, .authorization = {}};
        spec.package_sha256 = asset.sha256;
        spec.package_bytes = asset.bytes;
    }
    spec.instance_type = fleet.instance_type;
    if (const InstanceType* type = type_of(state, fleet)) {
        spec.cpus = static_cast<std::uint32_t>(type->cpu);
        spec.memory_bytes = type->memory_gb << 30;
    }
    spec.log_prefix = {.bucket = "logs", .key = fmt::format("instances/{}/", instance.id), .authorization = {}};
    spec.client_ports = inbound_ranges(fleet);
    for (const Place& place : instance.places) {
        if (place.retired) continue;
        const ProcessRecipe& recipe = fleet.recipes.at(place.recipe);
        spec.places.push_back({.number = place.number,
                               .launch_path = recipe.launch_path,
                               .parameters = recipe.parameters,
                               .client_port = place.client_port,
                               .grpc_port = place.grpc_port});
    }
    return spec;
}

const link::InstanceLoad& load_of(const Instance& instance, EngineTime now) {
    static const link::InstanceLoad kNothing;
    const bool known = instance.load_at != EngineTime{} && instance.load_at + kLoadValid >= now;
    return known ? instance.load : kNothing;
}

void drain_instance(Step& step, Slot slot) {
    if (step.state.at<Instance>(slot).status == InstanceStatus::Draining) return;
    {
        auto edit = step.state.edit<Instance>(slot);
        edit->status = InstanceStatus::Draining;
        edit->leaving = false;
        edit->drained_since = step.now.engine;
    }
    change_phase(step, slot);
    const EngineTime due = step.now.engine + step.timers().drain_grace;
    if (due <= step.now.engine)
        end_drained_processes(step, slot);
    else
        step.state.arm(due, TimerKind::DrainGrace, slot);
}

bool can_reopen(const State& state, Slot slot) {
    const Instance& instance = state.at<Instance>(slot);
    const Host& host = state.at<Host>(instance.host);
    return instance.status == InstanceStatus::Draining && !instance.removing && !host.silent && !host.lost &&
           !must_leave(state, instance);
}

std::uint32_t untold_processes(const State& state, Slot slot) {
    return static_cast<std::uint32_t>(std::ranges::count_if(state.at<Instance>(slot).processes, [&](Slot process) {
        return state.at<Process>(process).status != ProcessStatus::Ending;
    }));
}

void reopen_instance(Step& step, Slot slot) {
    {
        auto edit = step.state.edit<Instance>(slot);
        edit->status = edit->active > 0 ? InstanceStatus::Active : InstanceStatus::Pending;
        edit->drained_since = {};
    }
    change_phase(step, slot);
    // What nobody did while all that ran here was to end anyway: unhealthy processes are replaced at once, and old ones
    // whose successors have become ready end.
    for (const Slot process_slot : std::vector<Slot>(step.state.at<Instance>(slot).processes)) {
        const Process& process = step.state.at<Process>(process_slot);
        if (process.status == ProcessStatus::Ending && process.end_reason == EndReason::Unhealthy)
            (void)replace_place(step, slot, process.place);
    }
    fill_places(step, slot);
    end_stand_ins(step, slot);
}

void end_drained_processes(Step& step, Slot slot) {
    const Instance* instance = step.state.find<Instance>(slot);
    if (!instance || instance->status != InstanceStatus::Draining) return;
    const EngineTime told_at = std::min(instance->drained_since + step.timers().drain_grace,
                                        step.state.at<Fleet>(instance->fleet).drain_deadline);
    if (step.now.engine < told_at) return;
    const FleetStatus fleet = step.state.at<Fleet>(instance->fleet).status;
    const bool gone = fleet == FleetStatus::Deleting || fleet == FleetStatus::Error;
    for (const Slot process : std::vector<Slot>(instance->processes))
        request_end(step, process, gone ? EndReason::FleetDeleted : EndReason::ScaleIn);
    remove_when_empty(step, slot);
}

void remove_when_empty(Step& step, Slot slot) {
    const Instance* instance = step.state.find<Instance>(slot);
    if (!instance || instance->status != InstanceStatus::Draining || instance->removing) return;
    if (!instance->processes.empty() || instance->logs_pending > 0) return;
    // No host has files of it.
    if (is_hand_started(step.state.at<Fleet>(instance->fleet)))
        return lose_instance(step, slot, "its fleet is deleted");
    if (is_starting(step.state.at<Host>(instance->host))) return lose_instance(step, slot, "it is not wanted any more");
    step.state.edit<Instance>(slot)->removing = true;
    change_phase(step, slot);
}

void on_instance_step(Step& step, Slot host, const link::InstanceStep& report) {
    State& state = step.state;
    const Slot slot = state.find_instance(report.instance_id);
    if (slot == kNone || state.at<Instance>(slot).host != host) return;
    const Slot fleet_slot = state.at<Instance>(slot).fleet;
    keep_log(step, slot, report.log_key);
    const bool first = in_creation(state.at<Fleet>(fleet_slot).status);

    if (!report.ok) {
        if (state.at<Instance>(slot).status == InstanceStatus::Draining) return;
        if (first) return fail_fleet(step, fleet_slot, failure_code(report.step), report.message, report.log_key);
        add_event(step, fleet_slot, failure_code(report.step),
                  fmt::format("Instance {} is given up and replaced: {}", report.instance_id, report.message),
                  report.log_key);
        delay_next_launch(step, fleet_slot);
        drain_instance(step, slot);
        return state.queue_reconcile(fleet_slot);
    }

    switch (report.step) {
        case link::PrepareStep::Accepted: state.edit<Instance>(slot)->accepted = true; break;
        case link::PrepareStep::Downloaded: break;
        case link::PrepareStep::Extracted:
            if (first)
                add_event(step, fleet_slot, "FLEET_CREATION_EXTRACTING_BUILD", "Extracting Build.", report.log_key);
            break;
        case link::PrepareStep::Installed:
            if (first && !report.log_key.empty())
                add_event(step, fleet_slot, "FLEET_CREATION_RUNNING_INSTALLER",
                          "Running installer at /local/game/install.sh", report.log_key);
            break;
        case link::PrepareStep::PathsValidated:
            state.edit<Instance>(slot)->prepared = true;
            state.change_fleet_run(fleet_slot, [](Fleet& fleet) { fleet.launch_failures = 0; });
            if (first)
                add_event(step, fleet_slot, "FLEET_CREATION_VALIDATING_RUNTIME_CONFIG", "Searching for runtime path.",
                          report.log_key);
            break;
    }
    advance_creation(step, fleet_slot);
}

void on_instance_removed(Step& step, Slot host, const link::InstanceRemoved& report) {
    const Slot slot = step.state.find_instance(report.instance_id);
    if (slot == kNone || step.state.at<Instance>(slot).host != host || !step.state.at<Instance>(slot).removing) return;
    const Instance& instance = step.state.at<Instance>(slot);
    rest_places(step, host, instance.places);
    // An agent that removes what still runs is wrong, but what it removed is gone.
    lose_instance(step, slot, "its instance was removed");
    reconcile_waiting_fleets(step);
}

void delay_next_launch(Step& step, Slot slot) {
    step.state.change_fleet_run(slot, [&](Fleet& fleet) {
        const Timers& timers = step.timers();
        const Millis doubled{timers.restart_backoff_min.count()
                             << std::min<std::uint32_t>(fleet.launch_failures++, 16)};
        fleet.next_launch = step.now.engine + std::min(timers.restart_backoff_max, doubled);
    });
}

void lose_instance(Step& step, Slot slot, std::string_view why) {
    State& state = step.state;
    const Slot fleet = state.at<Instance>(slot).fleet;
    const Slot host = state.at<Instance>(slot).host;
    for (const Slot process : std::vector<Slot>(state.at<Instance>(slot).processes))
        forget_process(step, process, why, ProcessEnd::Abnormal);
    // Logs that were still to be collected went with it.
    std::vector<Slot> with_logs;
    if (state.at<Instance>(slot).logs_pending > 0)
        for (const auto* sessions : {&state.at<Fleet>(fleet).live_sessions, &state.at<Fleet>(fleet).ended_sessions})
            for (const auto& [order, session] : *sessions)
                if (state.at<GameSession>(session).instance == slot) with_logs.push_back(session);
    for (const Slot session : with_logs) {
        auto edit = state.edit<GameSession>(session);
        if (edit->log_state == LogState::Pending) edit->log_state = LogState::Failed;
        edit->instance = kNone;
    }
    end_usage(step, state.at<Instance>(slot).usage);
    state.remove<Instance>(slot);
    if (const Host& carried = state.at<Host>(host); carried.provided && carried.instances.empty() && !carried.released)
        release_host(step, host);
    state.queue_reconcile(fleet);
}

bool replace_place(Step& step, Slot slot, std::uint32_t number) {
    State& state = step.state;
    const Instance& instance = state.at<Instance>(slot);
    const auto old = std::find_if(instance.places.begin(), instance.places.end(),
                                  [number](const Place& place) { return place.number == number; });
    if (old == instance.places.end() || old->retired || instance.status == InstanceStatus::Draining) return true;
    {
        auto edit = state.edit<Instance>(slot);
        for (Place& place : edit->places)
            if (place.number == number) place.retired = true;
        ++edit->spec_version;
    }
    state.queue_spec(slot);
    return fill_places(step, slot);
}

bool fill_places(Step& step, Slot slot) {
    State& state = step.state;
    const Instance* instance = state.find<Instance>(slot);
    if (!instance || instance->status == InstanceStatus::Draining) return true;
    const Fleet& fleet = state.at<Fleet>(instance->fleet);
    state.release_rested_ports(instance->host, step.now.engine);
    std::vector<Place> places = instance->places;
    std::uint32_t next = instance->next_place;
    bool all = true;
    for (std::uint32_t recipe = 0; recipe < fleet.recipes.size(); ++recipe) {
        const auto held = std::count_if(places.begin(), places.end(),
                                        [recipe](const Place& p) { return p.recipe == recipe && !p.retired; });
        for (auto i = static_cast<std::uint32_t>(held); i < fleet.recipes[recipe].concurrent; ++i) {
            const auto ports = choose_ports(step, instance->host, fleet, places);
            all = all && ports;
            if (!ports) break;
            places.push_back(
                {.number = next++, .recipe = recipe, .client_port = ports->client, .grpc_port = ports->grpc});
        }
    }
    if (next != instance->next_place) {
        auto edit = state.edit<Instance>(slot);
        edit->places = std::move(places);
        edit->next_place = next;
        ++edit->spec_version;
        state.queue_spec(slot);
    }
    if (!all) state.arm(step.now.engine + kPortsRetry, TimerKind::Places, slot);
    return all;
}

void renew_places(Step& step, Slot slot, const std::vector<ProcessRecipe>& before) {
    State& state = step.state;
    const Instance& instance = state.at<Instance>(slot);
    const Fleet& fleet = state.at<Fleet>(instance.fleet);
    std::vector<plan::PlaceView> places;
    for (const Place& place : instance.places) {
        plan::PlaceView view{.recipe = place.recipe, .fits = !place.retired && is_permitted(fleet, place.client_port)};
        for (const Slot process_slot : instance.processes) {
            const Process& process = state.at<Process>(process_slot);
            if (process.place != place.number) continue;
            view.busy = view.busy || process.session != kNone;
            view.fits = view.fits && is_permitted(fleet, process.client_port);
        }
        places.push_back(view);
    }
    const auto kept = plan::keep_places(views(before), views(fleet.recipes), places);
    {
        auto edit = state.edit<Instance>(slot);
        for (std::size_t i = 0; i < edit->places.size(); ++i) {
            edit->places[i].retired = !kept[i];
            if (kept[i]) edit->places[i].recipe = *kept[i];
        }
    }
    change_phase(step, slot);
    if (state.at<Instance>(slot).status != InstanceStatus::Draining) {
        const auto given_up = [&](const Process& process) {
            const auto& all = state.at<Instance>(slot).places;
            return std::any_of(all.begin(), all.end(),
                               [&](const Place& place) { return place.number == process.place && place.retired; });
        };
        // One that has not even reported ready can stand in for nobody.
        for (const Slot process : std::vector<Slot>(state.at<Instance>(slot).processes))
            if (state.at<Process>(process).status == ProcessStatus::Activating && given_up(state.at<Process>(process)))
                request_end(step, process, EndReason::Replaced);
        drop_retired_places(step, slot);
        if (!fill_places(step, slot))
            add_event(step, instance.fleet, "GENERIC_EVENT",
                      fmt::format("No free port is left for new processes of instance {}, which tries again: {}",
                                  instance.id, describe_no_room(state, instance.fleet)));
        end_stand_ins(step, slot);
    } else {
        drop_retired_places(step, slot);
    }
}

void end_stand_ins(Step& step, Slot slot) {
    State& state = step.state;
    const Instance& instance = state.at<Instance>(slot);
    if (instance.status == InstanceStatus::Draining) return;  // asked to end anyway
    const auto retired = [](const Place& place) { return place.retired; };
    if (std::none_of(instance.places.begin(), instance.places.end(), retired)) return;  // as after nearly every rest
    std::uint32_t open = 0, ready = 0;
    std::vector<Slot> idle;
    for (const Place& place : instance.places) {
        if (!place.retired) ++open;
        for (const Slot process_slot : instance.processes) {
            const Process& process = state.at<Process>(process_slot);
            if (process.place != place.number || process.status != ProcessStatus::Active) continue;
            if (!place.retired)
                ++ready;
            else if (process.session == kNone && process.rests_until == EngineTime{})
                idle.push_back(process_slot);
        }
    }
    // A deployment that was never active needs every process of the configuration itself.
    const bool first = in_creation(state.at<Fleet>(instance.fleet).status);
    const std::size_t keep = first ? 0 : plan::stand_ins(open, ready);
    for (std::size_t i = keep; i < idle.size(); ++i) request_end(step, idle[i], EndReason::Replaced);
}

void drop_retired_places(Step& step, Slot slot) {
    State& state = step.state;
    const Instance& instance = state.at<Instance>(slot);
    std::vector<Place> dropped;
    for (const Place& place : instance.places) {
        const bool occupied = std::any_of(instance.processes.begin(), instance.processes.end(), [&](Slot process) {
            return state.at<Process>(process).place == place.number;
        });
        if (place.retired && !occupied) dropped.push_back(place);
    }
    if (dropped.empty()) return;
    rest_places(step, instance.host, dropped);
    auto edit = state.edit<Instance>(slot);
    std::erase_if(edit->places, [&](const Place& place) {
        return std::any_of(dropped.begin(), dropped.end(), [&](const Place& d) { return d.number == place.number; });
    });
}

}  // namespace gse::core
