/// Ports are the server's to give: instances share hosts, and no two processes may have one.
#pragma once

#include <optional>

#include "core/step.h"

namespace gse::core {

struct PortPair {
    std::uint16_t client = 0;
    std::uint16_t grpc = 0;
};

/// A client port inside the fleet's and the host's range, a gRPC port inside the host's, both nobody else's; nullopt
/// when there is none. A fleet whose permissions share no port with the host's range gets a client port of its
/// permissions (settings: hosts.ports_beyond): they are what a game names that was written for a machine of its own.
/// Takes nothing: the ports are held once a Place has them.
std::optional<PortPair> choose_ports(Step& step, Slot host, const Fleet& fleet, const std::vector<Place>& taken);

/// Whether the fleet's InboundPermissions let players reach the port.
[[nodiscard]] bool is_permitted(const Fleet& fleet, std::uint16_t port);

/// The ports that its InboundPermissions open, as they were given.
[[nodiscard]] std::vector<link::PortRange> inbound_ranges(const Fleet& fleet);

/// How many processes of the fleet could still get ports on the host, up to `enough`.
[[nodiscard]] std::uint32_t count_port_pairs(const State& state, const Host& host, const Fleet& fleet,
                                             std::uint32_t enough);

/// Whether all processes of an instance find ports in the host's range while nothing else holds any.
[[nodiscard]] bool has_ports_for(const Host& host, const Fleet& fleet);

/// Notes that somebody outside our books holds a port that the instance was to have. All that are found within a second
/// become one event.
void note_busy_port(Step& step, Slot instance, std::uint16_t port);
/// That event, when its second has passed.
void tell_busy_ports(Step& step, Slot instance);
/// "7000-7003, 7010": in order, each once.
[[nodiscard]] std::string port_ranges(std::vector<std::uint16_t> ports);

/// A port that a game chose itself: refused when it is outside the fleet's range, or another process on the host has
/// it.
Result<void> check_chosen_port(const State& state, Slot process, std::uint16_t client_port);

}  // namespace gse::core
