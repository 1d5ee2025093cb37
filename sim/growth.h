/// A day of deployments of several sizes: what an event costs the server as the deployment grows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "simulate/cost.h"

namespace gse::sim {

struct GrowthOptions {
    std::vector<std::uint32_t> hosts{100, 1'000, 10'000};
    std::uint32_t hours = 24;
    std::uint32_t fleets = 1;  ///< that share the hosts
    std::uint32_t players = 10;
    double session_minutes = 80;
    std::uint64_t seed = 1;
    std::string picture;  ///< file; "": none
};

/// What one size came to. The costs are CPU time of the product's own code: decider, API, core, plans and the encoding
/// of the journal. What machines and players are made of is not in them.
struct GrowthFigures {
    std::uint64_t hosts = 0, processes_peak = 0, sessions = 0, players = 0, players_peak = 0;
    std::array<std::uint64_t, simulate::kWorkNames.size()> counts{};
    std::array<double, simulate::kWorkNames.size()> seconds{};
    double cpu_s = 0;  ///< of the whole run, machines and players included
    double peak_bytes = 0;

    /// Placements, joins, accepts, ends and reports.
    [[nodiscard]] double events() const;
    /// What all of the work cost, by one of these events.
    [[nodiscard]] double us_per_event() const;
};

/// Each size in a process of its own, so that its memory is its own. Prints as it goes; the exit code.
int run_growth(const GrowthOptions& options);

[[nodiscard]] std::string growth_table(const std::vector<GrowthFigures>& sizes);
[[nodiscard]] std::string growth_picture(const std::vector<GrowthFigures>& sizes);

}  // namespace gse::sim
