/// Which ports a host that is made for one instance gets. Pure.
///
/// Machines of such hosts may stand on one node, where players reach them by the node's address: two of them with
/// ranges that overlap cannot share it. So ranges are laid out apart for as long as there are ports, and afterwards
/// overlap as little as possible.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/link_messages.h"

namespace gse::plan {

/// Twice as many as an instance's processes need, because a place that is replaced takes new ports before the old ones
/// are free again; even, and 8 at least.
constexpr std::uint32_t block_size(std::uint32_t processes) { return std::max(8u, 4 * processes); }

struct PortBlockView {
    link::PortRange range;                       ///< in which ranges are laid out
    std::span<const link::PortRange> permitted;  ///< where players may come in
    bool beyond = true;                          ///< without a permitted port in `range`: at the permitted ones
    std::span<const link::PortRange> taken;      ///< ranges of other hosts
    std::uint32_t processes = 1;
};

/// nullopt: no range has a permitted port for each process.
inline std::optional<link::PortRange> choose_port_block(const PortBlockView& view) {
    constexpr std::uint32_t kPorts = 65'536;
    const std::uint32_t size = block_size(view.processes);
    // How many permitted ports, and how many of others' ranges, lie below each port.
    std::vector<std::int32_t> permitted(kPorts + 1), taken(kPorts + 1);
    const auto cover = [](std::vector<std::int32_t>& edges, const link::PortRange& range) {
        if (range.low == 0 || range.high < range.low) return;
        ++edges[range.low];
        --edges[range.high + 1u];
    };
    const auto sum = [](std::vector<std::int32_t>& edges, bool once) {
        std::int32_t depth = 0, total = 0;
        for (auto& edge : edges) {
            depth += edge;
            edge = total;
            total += once ? std::min(depth, 1) : depth;
        }
    };
    for (const auto& range : view.permitted) cover(permitted, range);
    for (const auto& range : view.taken) cover(taken, range);
    sum(permitted, true);
    sum(taken, false);

    struct Found {
        link::PortRange range;
        std::int32_t overlap;
        bool spare;
    };
    std::optional<Found> best;
    const auto consider = [&](std::uint32_t low) {
        const std::uint32_t high = low + size - 1;
        if (low == 0 || high >= kPorts) return;
        const auto open = static_cast<std::uint32_t>(permitted[high + 1] - permitted[low]);
        if (open < view.processes) return;
        const Found found{.range = {static_cast<std::uint16_t>(low), static_cast<std::uint16_t>(high)},
                          .overlap = taken[high + 1] - taken[low],
                          .spare = open >= 2 * view.processes};
        // One that can replace a process at once goes before one that stands alone.
        if (!best || (found.spare && !best->spare) || (found.spare == best->spare && found.overlap < best->overlap))
            best = found;
    };
    for (std::uint32_t low = view.range.low; low != 0 && low + size - 1 <= view.range.high; low += size) consider(low);
    if (!best && view.beyond)
        for (const auto& range : view.permitted)
            for (std::uint32_t low = range.low; low <= range.high; low += size) consider(std::min(low, kPorts - size));
    if (!best) return std::nullopt;
    return best->range;
}

}  // namespace gse::plan
