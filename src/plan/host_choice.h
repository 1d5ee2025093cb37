/// Which host gets a new instance. Pure.
///
/// A host takes an instance when it is of the region and type, can be reached, is open, and has room: for one more
/// instance, for its type's vCPUs and memory where the host states what it has, and for the ports of its processes. A
/// host that does not state vCPUs or memory is packed by the number of instances alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "model/settings.h"

namespace gse::plan {

/// Something that a host has, some of it in use. `total` 0: not stated, and then it limits nothing.
struct Supply {
    std::uint64_t total = 0;
    std::uint64_t used = 0;
    std::uint64_t wanted = 0;  ///< by one instance; 0: its type does not say

    [[nodiscard]] constexpr bool fits() const { return total == 0 || used + wanted <= total; }
    /// Of `total`, in 1/1,000,000, once the instance is there; all of it when nothing is stated.
    [[nodiscard]] constexpr std::uint64_t free_share() const {
        constexpr std::uint64_t kWhole = 1'000'000;
        if (total == 0) return kWhole;
        const std::uint64_t after = used + wanted;
        return after >= total ? 0 : (total - after) * kWhole / total;
    }
};

struct HostOffer {
    bool serves_region = false;
    bool has_type = true;    ///< offers the fleet's instance type
    bool reachable = false;  ///< connected, synced, neither silent nor lost
    bool open = true;        ///< neither cordoned nor draining
    std::uint32_t capacity = 0;
    std::uint32_t instances =
        0;              ///< all that occupy room, draining ones too: room counts as used until the exit is confirmed
    bool share = true;  ///< several instances a host
    Supply cpus;
    Supply memory_mb;
    bool has_ports = true;       ///< enough free ports inside the fleet's and the host's range
    std::uint32_t of_fleet = 0;  ///< instances of the fleet that it has already
};

enum class HostRefusal : std::uint8_t {
    None,
    OtherRegion,
    OtherType,
    Unreachable,
    Closed,
    Full,
    NoCpu,
    NoMemory,
    NoPorts
};

constexpr HostRefusal refuses(const HostOffer& offer) {
    if (!offer.serves_region) return HostRefusal::OtherRegion;
    if (!offer.has_type) return HostRefusal::OtherType;
    if (!offer.reachable) return HostRefusal::Unreachable;
    if (!offer.open) return HostRefusal::Closed;
    if (offer.instances >= (offer.share ? offer.capacity : 1u)) return HostRefusal::Full;
    if (!offer.cpus.fits()) return HostRefusal::NoCpu;
    if (!offer.memory_mb.fits()) return HostRefusal::NoMemory;
    if (!offer.has_ports) return HostRefusal::NoPorts;
    return HostRefusal::None;
}

/// What stays free of the scarcest thing.
constexpr std::uint64_t free_share(const HostOffer& offer) {
    const Supply places{.total = offer.capacity, .used = offer.instances, .wanted = 1};
    return std::min({places.free_share(), offer.cpus.free_share(), offer.memory_mb.free_share()});
}

/// Hosts that can take an instance of a fleet, the best one first. Spread: first where the fleet has the fewest, so
/// that one machine never takes a whole fleet along, then where the largest share stays free, then where most places
/// do. Fill: where the smallest share stays free. Equal ones: the first. Many instances are put on hosts by one look at
/// all of them.
class HostQueue {
public:
    explicit HostQueue(std::span<const HostOffer> hosts, HostPacking packing = HostPacking::Spread)
        : packing_(packing) {
        entries_.reserve(hosts.size());
        for (std::size_t i = 0; i < hosts.size(); ++i)
            if (refuses(hosts[i]) == HostRefusal::None) entries_.push_back({key_of(hosts[i]), i});
        std::ranges::make_heap(entries_, std::greater{});
    }

    /// Index of the best host, which leaves the queue; nullopt when there is none.
    [[nodiscard]] std::optional<std::size_t> take() {
        if (entries_.empty()) return std::nullopt;
        std::ranges::pop_heap(entries_, std::greater{});
        const std::size_t host = entries_.back().second;
        entries_.pop_back();
        return host;
    }
    /// It took an instance, and this is what it offers now.
    void put_back(std::size_t host, const HostOffer& offer) {
        if (refuses(offer) != HostRefusal::None) return;
        entries_.push_back({key_of(offer), host});
        std::ranges::push_heap(entries_, std::greater{});
    }

private:
    using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;
    [[nodiscard]] Key key_of(const HostOffer& host) const {
        const std::uint64_t used = UINT32_MAX - (host.capacity - host.instances);
        return packing_ == HostPacking::Spread ? Key(host.of_fleet, ~free_share(host), used)
                                               : Key(free_share(host), 0, ~used);
    }

    const HostPacking packing_;
    std::vector<std::pair<Key, std::size_t>> entries_;  ///< a heap, the lowest first
};

}  // namespace gse::plan
