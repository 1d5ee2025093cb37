/// Which host gets a new instance, and which ports. Pure; `hosts` packing of unequal machines builds on it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace gse::plan {

struct HostOffer {
    bool serves_region = false;
    bool has_type = true;    ///< offers the fleet's instance type
    bool reachable = false;  ///< connected, synced, neither silent nor lost
    std::uint32_t capacity = 0;
    std::uint32_t instances =
        0;              ///< all that occupy room, draining ones too: room counts as used until the exit is confirmed
    bool share = true;  ///< several instances a host
    bool has_ports = true;  ///< enough free ports inside the fleet's and the host's range
};

enum class HostRefusal : std::uint8_t { None, OtherRegion, OtherType, Unreachable, Full, NoPorts };

constexpr HostRefusal refuses(const HostOffer& offer) {
    if (!offer.serves_region) return HostRefusal::OtherRegion;
    if (!offer.has_type) return HostRefusal::OtherType;
    if (!offer.reachable) return HostRefusal::Unreachable;
    if (offer.instances >= (offer.share ? offer.capacity : 1u)) return HostRefusal::Full;
    if (!offer.has_ports) return HostRefusal::NoPorts;
    return HostRefusal::None;
}

/// Index of the host with the most free room, so that instances of a fleet spread; nullopt when none can take it.
constexpr std::optional<std::size_t> choose_host(std::span<const HostOffer> hosts) {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (refuses(hosts[i]) != HostRefusal::None) continue;
        if (!best || hosts[i].capacity - hosts[i].instances > hosts[*best].capacity - hosts[*best].instances) best = i;
    }
    return best;
}

}  // namespace gse::plan
