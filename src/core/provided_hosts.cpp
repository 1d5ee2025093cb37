#include "core/provided_hosts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/plural.h"
#include "core/events.h"
#include "core/fleets.h"
#include "core/host_changes.h"
#include "core/id_length.h"
#include "core/instances.h"
#include "core/process_ports.h"
#include "core/processes.h"
#include "plan/port_block.h"

namespace gse::core {
namespace {

constexpr std::size_t kSecretLength = 32;  // more than 160 bits
constexpr std::size_t kTextMax = 1'000;
/// A fleet hears of one reason again after this.
constexpr Millis kBetweenTelling{600'000};

Slot find_provided(const State& state, std::string_view id) {
    const Slot slot = state.find_host_by_id(id);
    return slot != kNone && state.at<Host>(slot).provided ? slot : kNone;
}

std::optional<link::PortRange> port_block(const State& state, const Fleet& fleet) {
    std::vector<link::PortRange> taken;
    state.table<Host>().for_each([&](Slot, const Host& host) {
        if (host.provided) taken.push_back(host.ports);
    });
    const HostSettings& hosts = state.settings().hosts;
    return plan::choose_port_block({.range = {hosts.port_low, hosts.port_high},
                                    .permitted = inbound_ranges(fleet),
                                    .beyond = hosts.ports_beyond,
                                    .taken = taken,
                                    .processes = fleet.processes_per_instance()});
}

/// The fleets that hear of what happens to it.
template <class Tell>
void tell_fleets(Step& step, Slot host, Tell&& tell) {
    for (const Slot slot : std::vector<Slot>(step.state.at<Host>(host).instances)) tell(slot);
}

void lose_provided(Step& step, Slot slot, const std::string& why) {
    State& state = step.state;
    const std::string name = state.at<Host>(slot).name;
    tell_fleets(step, slot, [&](Slot instance_slot) {
        const Instance& instance = state.at<Instance>(instance_slot);
        add_event(step, instance.fleet, "SERVER_DOWN",
                  fmt::format("Host {} is gone: {}. Instance {} is lost with {} session{} and is replaced", name, why,
                              instance.id, instance.sessions, plural(instance.sessions)));
        // What never came to run would otherwise be tried again without a pause.
        if (!instance.prepared) delay_next_launch(step, instance.fleet);
        lose_instance(step, instance_slot, "its host is gone");
    });
    if (!state.at<Host>(slot).released) release_host(step, slot);
    reconcile_waiting_fleets(step);
}

}  // namespace

bool is_starting(const Host& host) { return host.provided && !host.released && !host.join_secret.empty(); }

std::string why_no_host(const State& state, Slot fleet_slot) {
    const Fleet& fleet = state.at<Fleet>(fleet_slot);
    const std::uint64_t hosts = state.table<Host>().size();
    if (hosts >= state.settings().limits.hosts)
        return fmt::format("{} hosts are known, and limits.hosts allows no more", hosts);
    if (!port_block(state, fleet))
        return fmt::format(
            "no {} ports in a row between hosts.port_low and hosts.port_high hold {} that the fleet's "
            "InboundPermissions open",
            plan::block_size(fleet.processes_per_instance()), fleet.processes_per_instance());
    return "";
}

Slot order_host(Step& step, Slot fleet_slot) {
    State& state = step.state;
    const Fleet& fleet = state.at<Fleet>(fleet_slot);
    if (state.table<Host>().size() >= step.settings().limits.hosts) return kNone;
    const auto ports = port_block(state, fleet);
    if (!ports) return kNone;
    Host host;
    std::string text;
    do text = step.rng.text(kIdLength);
    while (state.find_host_by_id("host-" + text) != kNone || state.find_host("gse-" + text) != kNone);
    host.id = "host-" + text;
    host.name = "gse-" + text;
    host.order = state.next_order();
    host.added = step.now.wall;
    host.region = fleet.region;
    host.region_fixed = true;
    host.capacity = 1;
    host.ports = *ports;
    host.provided = true;
    host.join_secret = step.rng.text(kSecretLength);
    const Slot made = state.add(std::move(host));
    state.add(HostCursor{.host = made, .boot_id = {}, .acked_seq = 0});
    return made;
}

void release_host(Step& step, Slot slot) {
    auto edit = step.state.edit<Host>(slot);
    edit->released = true;
    edit->join_secret.clear();
    edit->start_deadline = kNever;
}

void check_start(Step& step, Slot slot) {
    const Host& host = step.state.at<Host>(slot);
    if (host.start_deadline > step.now.engine) {
        if (host.start_deadline != kNever) step.state.arm_host_check(slot, host.start_deadline);
        return;
    }
    lose_provided(step, slot,
                  fmt::format("its machine runs{}{}, but its agent has not connected within {} s (timers.host_start): "
                              "it must reach the server's link_listen",
                              host.place.empty() ? "" : " at ", host.place, step.timers().host_start.count() / 1000));
}

std::vector<ProvidedHost> list_provided(const State& state) {
    std::vector<std::pair<std::uint64_t, Slot>> order;
    state.table<Host>().for_each([&](Slot slot, const Host& host) {
        if (host.provided) order.emplace_back(host.order, slot);
    });
    std::ranges::sort(order);
    std::vector<ProvidedHost> out;
    out.reserve(order.size());
    for (const auto& [number, slot] : order) {
        const Host& host = state.at<Host>(slot);
        ProvidedHost& shown = out.emplace_back();
        shown.id = host.id;
        shown.name = host.name;
        shown.secret = host.join_secret;
        shown.released = host.released;
        shown.runs = host.join_secret.empty() || host.start_deadline != kNever;
        shown.joined = host.enrolled();
        shown.connected = host.stream != 0 && !host.silent;
        shown.place_closed = host.place_closed;
        shown.address = host.address;
        shown.region = host.region;
        shown.ports = host.ports;
        for (const Slot instance_slot : host.instances) {
            const Instance& instance = state.at<Instance>(instance_slot);
            const Fleet& fleet = state.at<Fleet>(instance.fleet);
            shown.busy = shown.busy || instance.sessions > 0;
            shown.instance_id = instance.id;
            shown.instance_type = fleet.instance_type;
            shown.fleet_id = fleet.id;
            shown.fleet_name = fleet.name;
            shown.open_ports = open_ports(host.ports, fleet.inbound);
        }
    }
    return out;
}

std::vector<OpenPort> open_ports(const link::PortRange& range, const std::vector<InboundPermission>& inbound) {
    std::vector<OpenPort> out;
    for (std::uint32_t port = range.low; port != 0 && port <= range.high; ++port) {
        OpenPort open{.port = static_cast<std::uint16_t>(port)};
        for (const InboundPermission& p : inbound) {
            if (port < p.from_port || port > p.to_port) continue;
            open.tcp = open.tcp || p.protocol != "UDP";
            open.udp = open.udp || p.protocol != "TCP";
        }
        if (open.tcp || open.udp) out.push_back(open);
    }
    return out;
}

void on_host_placed(Step& step, std::string_view id, const std::string& address, const std::string& node) {
    State& state = step.state;
    const Slot slot = find_provided(state, id);
    if (slot == kNone || state.at<Host>(slot).released) return;
    const Host& known = state.at<Host>(slot);
    if (known.address == address && known.place == node) return;
    {
        auto edit = state.edit<Host>(slot);
        edit->address = address;
        edit->place = node;
    }
    tell_fleets(step, slot, [&](Slot instance) {
        const Slot usage = state.at<Instance>(instance).usage;
        if (state.find<InstanceUsage>(usage)) state.edit<InstanceUsage>(usage)->address = address;
    });
}

void on_host_runs(Step& step, std::string_view id) {
    State& state = step.state;
    const Slot slot = find_provided(state, id);
    if (slot == kNone || !is_starting(state.at<Host>(slot)) || state.at<Host>(slot).start_deadline != kNever) return;
    state.edit<Host>(slot)->start_deadline = step.now.engine + step.timers().host_start;
    state.arm_host_check(slot, state.at<Host>(slot).start_deadline);
}

void on_host_waits(Step& step, std::string_view id, const std::string& reason, const std::string& message) {
    State& state = step.state;
    const Slot slot = find_provided(state, id);
    if (slot == kNone || !is_starting(state.at<Host>(slot))) return;
    tell_fleets(step, slot, [&](Slot instance_slot) {
        const Instance& instance = state.at<Instance>(instance_slot);
        const Fleet& fleet = state.at<Fleet>(instance.fleet);
        if (fleet.host_wait == reason && step.now.engine - fleet.host_wait_told < kBetweenTelling) return;
        state.change_fleet_run(instance.fleet, [&](Fleet& changed) {
            changed.host_wait = reason;
            changed.host_wait_told = step.now.engine;
        });
        add_event(step, instance.fleet, "GENERIC_EVENT",
                  fmt::format("Instance {} waits for its host {}: {}: {}", instance.id, state.at<Host>(slot).name,
                              reason, message.substr(0, kTextMax)));
    });
}

void on_host_ending(Step& step, std::string_view id, const std::string& why, Millis left) {
    State& state = step.state;
    const Slot slot = find_provided(state, id);
    if (slot == kNone || state.at<Host>(slot).released) return;
    const EngineTime by = step.now.engine + std::max(left, Millis{0});
    const bool first = state.at<Host>(slot).ends_by == kNever;
    if (!first && by >= state.at<Host>(slot).ends_by) return;
    {
        auto edit = state.edit<Host>(slot);
        edit->ends_by = by;
        edit->availability = HostAvailability::Draining;
    }
    tell_fleets(step, slot, [&](Slot instance_slot) {
        const Instance& instance = state.at<Instance>(instance_slot);
        if (first)
            add_event(step, instance.fleet, "GENERIC_EVENT",
                      fmt::format("Host {} is being ended by others: {}. Instance {} gets no new sessions and is "
                                  "replaced; its {} session{} may go on for {} s at most",
                                  state.at<Host>(slot).name, why.substr(0, kTextMax), instance.id, instance.sessions,
                                  plural(instance.sessions), std::max<std::int64_t>(left.count(), 0) / 1000));
        for (const Slot process : std::vector<Slot>(instance.processes)) tell_deadline(step, process);
        drain_instance(step, instance_slot);
        // Where it was draining already, only its deadline is new.
        if (state.find<Instance>(instance_slot)) state.queue_reconcile(state.at<Instance>(instance_slot).fleet);
    });
}

void on_place_closed(Step& step, std::string_view id, const std::string& node, bool closed) {
    State& state = step.state;
    const Slot slot = find_provided(state, id);
    if (slot == kNone || state.at<Host>(slot).released || state.at<Host>(slot).ends_by != kNever) return;
    if (state.at<Host>(slot).place_closed == closed) return;
    const HostAvailability now = state.at<Host>(slot).availability;
    // What an operator has said of the host itself stays. The provider says again that the node is closed, until it is
    // heard: after the operator has opened the host.
    if (closed && now != HostAvailability::Open) return;
    state.edit<Host>(slot)->place_closed = closed;
    if (!closed && now != HostAvailability::Draining) return;
    tell_fleets(step, slot, [&](Slot instance) {
        add_event(step, state.at<Instance>(instance).fleet, "GENERIC_EVENT",
                  fmt::format("Node {} {}", node, closed ? "was cordoned" : "takes Pods again"));
    });
    set_availability(step, slot, closed ? HostAvailability::Draining : HostAvailability::Open);
}

void on_host_gone(Step& step, std::string_view id, const std::string& why) {
    State& state = step.state;
    const Slot slot = find_provided(state, id);
    if (slot == kNone) return;
    if (!state.at<Host>(slot).released) return lose_provided(step, slot, why.substr(0, kTextMax));
    forget_host(step, slot);
}

}  // namespace gse::core
