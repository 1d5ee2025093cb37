#include "core/process_ports.h"

#include <fmt/format.h>

#include <algorithm>

namespace gse::core {
namespace {

bool held_by(const std::vector<Place>& places, std::uint16_t port) {
    return std::any_of(places.begin(), places.end(),
                       [port](const Place& p) { return p.client_port == port || p.grpc_port == port; });
}

struct ClientPorts {
    std::vector<link::PortRange> ranges;
    bool beyond = false;  ///< none is of the host's range
};

ClientPorts client_ports(const State& state, const Host& host, const Fleet& fleet) {
    ClientPorts ports;
    for (const InboundPermission& p : fleet.inbound) {
        const link::PortRange shared{std::max(p.from_port, host.ports.low), std::min(p.to_port, host.ports.high)};
        if (shared.low <= shared.high) ports.ranges.push_back(shared);
    }
    if (!ports.ranges.empty() || !state.settings().hosts.ports_beyond) return ports;
    ports.beyond = true;
    for (const InboundPermission& p : fleet.inbound) ports.ranges.push_back({p.from_port, p.to_port});
    return ports;
}

}  // namespace

bool is_permitted(const Fleet& fleet, std::uint16_t port) {
    return std::any_of(fleet.inbound.begin(), fleet.inbound.end(),
                       [port](const InboundPermission& p) { return port >= p.from_port && port <= p.to_port; });
}

std::optional<PortPair> choose_ports(Step& step, Slot host_slot, const Fleet& fleet, const std::vector<Place>& taken) {
    const Host& host = step.state.at<Host>(host_slot);
    if (host.ports.low == 0 || host.ports.high < host.ports.low) return std::nullopt;
    const std::uint32_t span = host.ports.high - host.ports.low + 1u;
    // Walking on from the last port given keeps a freed one unused for as long as possible.
    const auto next_free = [&](auto&& fits, std::uint16_t other) -> std::uint16_t {
        for (std::uint32_t i = 0; i < span; ++i) {
            const auto port = static_cast<std::uint16_t>(host.ports.low + (host.port_cursor + i) % span);
            if (port == other || !fits(port) || !step.state.port_free(host, port) || held_by(taken, port)) continue;
            step.state.set_port_cursor(host_slot, (host.port_cursor + i + 1) % span);
            return port;
        }
        return 0;
    };
    const auto first_free = [&](const std::vector<link::PortRange>& ranges) -> std::uint16_t {
        for (const link::PortRange& range : ranges)
            for (std::uint32_t port = range.low; port <= range.high; ++port)
                if (const auto p = static_cast<std::uint16_t>(port);
                    step.state.port_free(host, p) && !held_by(taken, p))
                    return p;
        return 0;
    };
    PortPair pair;
    const ClientPorts client = client_ports(step.state, host, fleet);
    pair.client = client.beyond ? first_free(client.ranges)
                                : next_free([&](std::uint16_t port) { return is_permitted(fleet, port); }, 0);
    if (pair.client == 0) return std::nullopt;
    // Ports that players may reach are left for players as long as there are others.
    pair.grpc = next_free([&](std::uint16_t port) { return !is_permitted(fleet, port); }, pair.client);
    if (pair.grpc == 0) pair.grpc = next_free([](std::uint16_t) { return true; }, pair.client);
    if (pair.grpc == 0) return std::nullopt;
    return pair;
}

std::uint32_t count_port_pairs(const State& state, const Host& host, const Fleet& fleet, std::uint32_t enough) {
    if (host.ports.low == 0) return 0;
    std::uint32_t client = 0;
    std::uint32_t any = 0;
    const ClientPorts ports = client_ports(state, host, fleet);
    for (std::uint32_t port = host.ports.low; port <= host.ports.high && (client < enough || any < 2 * enough);
         ++port) {
        if (!state.port_free(host, static_cast<std::uint16_t>(port))) continue;
        ++any;
        if (is_permitted(fleet, static_cast<std::uint16_t>(port))) ++client;
    }
    if (!ports.beyond) return std::min({client, any / 2, enough});
    for (const link::PortRange& range : ports.ranges)
        for (std::uint32_t port = range.low; port <= range.high && client < enough; ++port)
            client += state.port_free(host, static_cast<std::uint16_t>(port));
    return std::min({client, any, enough});
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
