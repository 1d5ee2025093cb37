/// gse-sim: runs seeds until one fails, time is up or their number is reached.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <random>

#include "sim/violation.h"
#include "sim/world.h"

namespace gse::sim {
namespace {

int run(int argc, char** argv) {
    std::uint64_t seed = 0;
    std::uint64_t seeds = 1;
    std::uint64_t steps = 2'000;
    double seconds = 0;
    std::string plant_name;
    bool verbose = false;

    CLI::App app{"Deterministic simulation of OpenGSE's core: one seed is one world with its load and its faults"};
    auto* seed_option = app.add_option("--seed", seed, "First seed; without it a fresh one is drawn");
    auto* seeds_option = app.add_option("--seeds", seeds, "How many seeds to run, one after another");
    app.add_option("--steps", steps, "Steps of trouble before the world is left to come to rest")
        ->capture_default_str();
    app.add_option("--seconds", seconds, "Go on with further seeds for this long");
    app.add_option("--plant", plant_name,
                   "Break the harness on purpose: answer-before-commit, no-fence, report-twice, timers-before-backlog");
    app.add_flag("--verbose", verbose, "One line a seed");
    CLI11_PARSE(app, argc, argv);

    Plant plant = Plant::None;
    if (!plant_name.empty()) {
        const auto found = find_plant(plant_name);
        if (!found) {
            std::fprintf(stderr, "gse-sim: no planted bug is called '%s'; see --help\n", plant_name.c_str());
            return 2;
        }
        plant = *found;
    }
    if (seed_option->empty()) seed = std::random_device{}();

    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    Counts total;
    std::uint64_t ran = 0;
    const std::uint64_t first = seed;
    for (;; ++seed) {
        const bool by_number = ran < seeds && (seeds_option->count() > 0 || seconds == 0);
        if (!by_number && !(seconds > 0 && elapsed() < seconds)) break;
        World world(seed, plant);
        try {
            world.run(steps);
        } catch (const Violation& violation) {
            std::fprintf(
                stderr,
                "seed %llu failed after %lld ms of virtual time\n  %s\nreplay: gse-sim --seed %llu --steps %llu%s%s\n",
                static_cast<unsigned long long>(seed), static_cast<long long>(world.now()), violation.what(),
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(steps),
                plant_name.empty() ? "" : " --plant ", plant_name.c_str());
            return 1;
        }
        ++ran;
        const Counts counts = world.counts();
        total += counts;
        if (verbose)
            fmt::print(
                "seed {}: {} steps, {} s virtual, {} crashes, {} agent crashes, {} reports, {} sessions, {} joins, {} "
                "kills\n",
                seed, counts.steps, counts.virtual_ms / 1000, counts.crashes, counts.agent_crashes, counts.reports,
                counts.sessions, counts.joins, counts.kills);
    }
    fmt::print(
        "{} seeds from {} in {:.1f} s: {} steps, {} h of virtual time, {} server crashes, {} agent crashes, {} "
        "commits, {} snapshots, "
        "{} rebuilds compared, {} reports, {} calls, {} sessions, {} joins, {} placements fulfilled, {} kills; all "
        "checks held\n",
        ran, first, elapsed(), total.steps, total.virtual_ms / 3'600'000, total.crashes, total.agent_crashes,
        total.commits, total.snapshots, total.rebuilds_compared, total.reports, total.calls, total.sessions,
        total.joins, total.fulfilled, total.kills);
    return 0;
}

}  // namespace
}  // namespace gse::sim

int main(int argc, char** argv) { return gse::sim::run(argc, argv); }
