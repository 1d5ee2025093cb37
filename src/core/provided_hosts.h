/// Hosts that a provider supplies: where no host has room for an instance, one is asked for, for this instance alone,
/// and it goes when the instance has gone. Whoever supplies machines (src/hosts) reads what is asked for, and says what
/// became of it. To everything above, a host that is on its way is a host that is not connected yet.
///
/// Asked for (order_host) → it has a place (on_host_placed) → its machine runs (on_host_runs) → its agent enrols and
/// connects, as any does → released, once it carries nothing → its machine is gone (on_host_gone), and with it the
/// record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/step.h"

namespace gse::core {

/// A new host for one instance of the fleet; kNone when there may be no more hosts, or no range of ports suits it.
Slot order_host(Step& step, Slot fleet);
/// Why order_host() answers kNone, or nothing.
[[nodiscard]] std::string why_no_host(const State& state, Slot fleet);
/// Nothing wants it any more: its machine is to be taken away. Its certificate is worth nothing from now on.
void release_host(Step& step, Slot host);
/// Asked for, and its agent has never connected.
[[nodiscard]] bool is_starting(const Host& host);
/// Gives it up when its machine runs, it never connected, and its time for that is over; else it is looked at again.
void check_start(Step& step, Slot host);

/// A port of a host that players may come to.
struct OpenPort {
    std::uint16_t port = 0;
    bool tcp = false;
    bool udp = false;
    friend bool operator==(const OpenPort&, const OpenPort&) = default;
};
/// What is asked of whoever supplies machines.
struct ProvidedHost {
    std::string id;
    std::string name;           ///< a DNS label, unique in the deployment
    std::string secret;         ///< of its enrolment token, whose id is `id`; "" once it has connected
    bool released = false;      ///< take it away; the rest may be empty then
    bool runs = false;          ///< as on_host_runs() was told, or its agent has connected
    bool joined = false;        ///< it has a certificate: there is one machine that is this host, and no other can be
    bool connected = false;     ///< its agent is, now
    bool busy = false;          ///< game server sessions run there
    bool place_closed = false;  ///< as on_place_closed() was told
    std::string address;        ///< as it was told; "" while it was not
    std::string region;
    std::string instance_id;
    std::string instance_type;
    std::string fleet_id;
    std::string fleet_name;
    link::PortRange ports;             ///< for all its processes
    std::vector<OpenPort> open_ports;  ///< of these, ascending
};
/// The ports of `range` that these permissions open, ascending.
[[nodiscard]] std::vector<OpenPort> open_ports(const link::PortRange& range,
                                               const std::vector<InboundPermission>& inbound);
/// Every one, in the order of asking. State::provided_version() says whether it may have changed.
[[nodiscard]] std::vector<ProvidedHost> list_provided(const State& state);

// ------------------------------------------------------------------ what became of it. Unknown ids are ignored: what
// is told twice, or late, changes nothing.

/// Its machine runs, or will, at the place called `node`, and players reach it at `address`.
void on_host_placed(Step& step, std::string_view id, const std::string& address, const std::string& node);
/// Its machine runs: its agent has timers.host_start to connect.
void on_host_runs(Step& step, std::string_view id);
/// It cannot be started as things are; it is tried further. The fleet hears of it at most once a while as long as the
/// reason stays the same.
void on_host_waits(Step& step, std::string_view id, const std::string& reason, const std::string& message);
/// Its machine is being taken away by others, in `left` at most: no new sessions; those that run may go on until then.
void on_host_ending(Step& step, std::string_view id, const std::string& why, Millis left);
/// Its place is being emptied (or no longer is): as DrainHost has it.
void on_place_closed(Step& step, std::string_view id, const std::string& node, bool closed);
/// There is no such machine (any more).
void on_host_gone(Step& step, std::string_view id, const std::string& why);

}  // namespace gse::core
