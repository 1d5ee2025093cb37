#include "core/process_ports.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/events.h"
#include "core/instances.h"

namespace gse::core {
namespace {

constexpr Millis kBusyPortsGather{1'000};

bool held_by(const std::vector<Place>& places, std::uint16_t port) {
    return std::any_of(places.begin(), places.end(),
                       [port](const Place& p) { return p.client_port == port || p.grpc_port == port; });
}

using Ranges = std::vector<link::PortRange>;

/// What the fleet's permissions share with the host's range: ascending, and none touches the next.
Ranges permitted_on(const Host& host, const Fleet& fleet) {
    Ranges found;
    for (const InboundPermission& p : fleet.inbound) {
        const link::PortRange shared{std::max(p.from_port, host.ports.low), std::min(p.to_port, host.ports.high)};
        if (shared.low <= shared.high) found.push_back(shared);
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.low < b.low; });
    Ranges merged;
    for (const link::PortRange& range : found) {
        if (merged.empty() || range.low > merged.back().high + 1)
            merged.push_back(range);
        else
            merged.back().high = std::max(merged.back().high, range.high);
    }
    return merged;
}

/// The host's range without these, which are as permitted_on() gives them.
Ranges all_but(const Host& host, const Ranges& without) {
    Ranges left;
    std::uint32_t from = host.ports.low;
    for (const link::PortRange& range : without) {
        if (from < range.low)
            left.push_back({static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(range.low - 1)});
        from = range.high + 1u;
    }
    if (from <= host.ports.high) left.push_back({static_cast<std::uint16_t>(from), host.ports.high});
    return left;
}

std::uint32_t count_of(const Ranges& ranges) {
    std::uint32_t sum = 0;
    for (const link::PortRange& range : ranges) sum += range.high - range.low + 1u;
    return sum;
}

}  // namespace

bool is_permitted(const Fleet& fleet, std::uint16_t port) {
    return std::any_of(fleet.inbound.begin(), fleet.inbound.end(),
                       [port](const InboundPermission& p) { return port >= p.from_port && port <= p.to_port; });
}

std::vector<link::PortRange> inbound_ranges(const Fleet& fleet) {
    std::vector<link::PortRange> ranges;
    for (const InboundPermission& p : fleet.inbound) ranges.push_back({p.from_port, p.to_port});
    return ranges;
}

std::optional<PortPair> choose_ports(Step& step, Slot host_slot, const Fleet& fleet, const std::vector<Place>& taken) {
    const Host& host = step.state.at<Host>(host_slot);
    if (host.ports.low == 0 || host.ports.high < host.ports.low) return std::nullopt;
    const auto fits = [&](std::uint32_t port, std::uint16_t other) {
        return port != other && step.state.port_free(host, static_cast<std::uint16_t>(port)) &&
               !held_by(taken, static_cast<std::uint16_t>(port));
    };
    const auto first_free = [&](const Ranges& ranges, std::uint32_t low, std::uint32_t high, std::uint16_t other) {
        for (const link::PortRange& range : ranges)
            for (std::uint32_t port = std::max<std::uint32_t>(range.low, low);
                 port <= std::min<std::uint32_t>(range.high, high); ++port)
                if (fits(port, other)) return static_cast<std::uint16_t>(port);
        return std::uint16_t{0};
    };
    // Walking on from the last port given keeps a freed one unused for as long as possible, and finds the next at once.
    const auto next_free = [&](const Ranges& ranges, std::uint16_t other) {
        const std::uint32_t from = host.ports.low + host.port_cursor;
        std::uint16_t port = first_free(ranges, from, UINT16_MAX, other);
        if (port == 0 && from > 0) port = first_free(ranges, 0, from - 1, other);
        if (port != 0)
            step.state.set_port_cursor(host_slot,
                                       (port + 1u - host.ports.low) % (host.ports.high - host.ports.low + 1u));
        return port;
    };
    PortPair pair;
    const Ranges permitted = permitted_on(host, fleet);
    if (!permitted.empty() || !step.state.settings().hosts.ports_beyond) {
        pair.client = next_free(permitted, 0);
    } else {
        pair.client = first_free(inbound_ranges(fleet), 0, UINT16_MAX, 0);
    }
    if (pair.client == 0) return std::nullopt;
    // Ports that players may reach are left for players as long as there are others.
    pair.grpc = next_free(all_but(host, permitted), pair.client);
    if (pair.grpc == 0) pair.grpc = next_free(permitted, pair.client);
    if (pair.grpc == 0) return std::nullopt;
    return pair;
}

std::uint32_t count_port_pairs(const State& state, const Host& host, const Fleet& fleet, std::uint32_t enough) {
    if (host.ports.low == 0) return 0;
    const auto free_of = [&](const Ranges& ranges, std::uint32_t wanted) {
        // Mostly that many would be left even if all that is held were of these.
        const std::size_t held = host.ports_used.size() + host.ports_resting.size();
        if (count_of(ranges) >= held + wanted) return wanted;
        std::uint32_t found = 0;
        for (const link::PortRange& range : ranges)
            for (std::uint32_t port = range.low; port <= range.high && found < wanted; ++port)
                found += state.port_free(host, static_cast<std::uint16_t>(port));
        return found;
    };
    const Ranges permitted = permitted_on(host, fleet);
    if (!permitted.empty() || !state.settings().hosts.ports_beyond)
        return std::min(free_of(permitted, enough), free_of({host.ports}, 2 * enough) / 2);
    return std::min(free_of(inbound_ranges(fleet), enough), free_of({host.ports}, enough));
}

bool has_ports_for(const Host& host, const Fleet& fleet) {
    const std::uint32_t processes = fleet.processes_per_instance();
    return count_of(permitted_on(host, fleet)) >= processes && count_of({host.ports}) >= 2 * processes;
}

std::string port_ranges(std::vector<std::uint16_t> ports) {
    std::ranges::sort(ports);
    ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
    std::string text;
    for (std::size_t first = 0; first < ports.size();) {
        std::size_t last = first;
        while (last + 1 < ports.size() && ports[last + 1] == ports[last] + 1) ++last;
        text += fmt::format("{}{}", text.empty() ? "" : ", ", ports[first]);
        if (last > first) text += fmt::format("-{}", ports[last]);
        first = last + 1;
    }
    return text;
}

void note_busy_port(Step& step, Slot slot, std::uint16_t port) {
    State& state = step.state;
    // Somebody outside our books holds it: leave it alone for a while.
    state.rest_port(state.at<Instance>(slot).host, port, step.now.engine + step.timers().host_lost);
    if (state.at<Instance>(slot).busy_ports.empty())
        state.arm(step.now.engine + kBusyPortsGather, TimerKind::BusyPorts, slot);
    state.change_run<Instance>(slot, [port](Instance& run) { run.busy_ports.push_back(port); });
}

void tell_busy_ports(Step& step, Slot slot) {
    const Instance* instance = step.state.find<Instance>(slot);
    if (!instance || instance->busy_ports.empty()) return;
    std::vector<std::uint16_t> ports;
    step.state.change_run<Instance>(slot, [&](Instance& run) { ports.swap(run.busy_ports); });
    const auto held = static_cast<std::uint32_t>(
        std::ranges::count_if(instance->places, [](const Place& place) { return !place.retired; }));
    const Fleet& fleet = step.state.at<Fleet>(instance->fleet);
    const bool short_of_ports = held < fleet.processes_per_instance();
    const std::string ranges = port_ranges(std::move(ports));
    const bool one = ranges.find_first_of(",-") == std::string::npos;
    add_event(step, instance->fleet, "GENERIC_EVENT",
              fmt::format("Port{} {} on host {} {} taken by a program that is not ours; instance {} {}", one ? "" : "s",
                          ranges, step.state.at<Host>(instance->host).name, one ? "is" : "are", instance->id,
                          short_of_ports ? "has no other port left for some of its processes: " +
                                               describe_no_room(step.state, instance->fleet)
                                         : "moves to others"));
}

Result<void> check_chosen_port(const State& state, Slot process_slot, std::uint16_t port) {
    const Process& process = state.at<Process>(process_slot);
    const Instance& instance = state.at<Instance>(process.instance);
    const Fleet& fleet = state.at<Fleet>(instance.fleet);
    if (!is_permitted(fleet, port))
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format(
                "client port {} lies outside the fleet's InboundPermissions; listen on GSE_CLIENT_PORT, or open "
                "the port for fleet {}",
                port, fleet.id));
    for (const Slot other_slot : state.at<Host>(instance.host).instances) {
        const Instance& other = state.at<Instance>(other_slot);
        const auto clash = [&](std::string_view what) {
            return refuse(ErrorCode::InUse, fmt::format("client port {} belongs to {} of fleet {}", port, what,
                                                        state.at<Fleet>(other.fleet).id));
        };
        for (const Place& place : other.places) {
            const bool own = other_slot == process.instance && place.number == process.place;
            if (!own && (place.client_port == port || place.grpc_port == port)) return clash("another process");
        }
        for (const Slot slot : other.processes)
            if (slot != process_slot && state.at<Process>(slot).client_port == port)
                return clash(state.at<Process>(slot).id);
    }
    return {};
}

}  // namespace gse::core
