/// gse-sim: runs seeds until one fails, time is up or their number is reached.
#include <CLI/CLI.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>

#include "base/file.h"
#include "sim/growth.h"
#include "sim/seeds.h"
#include "sim/violation.h"
#include "sim/world.h"

namespace gse::sim {
namespace {

constexpr std::size_t kSeedsBytesMax = 1 << 20;

/// What a failed check of the product itself prints before the program ends: a bug that stops it has a seed too.
char now_running[160];
void say_what_ran(int) {
    static_cast<void>(!::write(STDERR_FILENO, now_running, std::strlen(now_running)));
    std::signal(SIGABRT, SIG_DFL);
}

struct Options {
    std::uint64_t seed = 0;
    std::uint64_t seeds = 1;
    std::uint64_t steps = 2'000;
    double hours = 0;  ///< instead of steps; 0: steps
    double seconds = 0;
    std::string scale = "small";
    std::string seeds_file;
    std::string plant;
    bool verbose = false;

    /// The flags that make a seed the world that it is.
    [[nodiscard]] std::string world() const {
        std::string text = hours > 0 ? fmt::format(" --hours {}", hours) : fmt::format(" --steps {}", steps);
        if (scale != "small") text += " --scale " + scale;
        if (!plant.empty()) text += " --plant " + plant;
        return text;
    }
};

/// nullopt: it failed, and why was said.
std::optional<Counts> run_seed(std::uint64_t seed, const Options& options, Plant plant, Scale scale) {
    const std::string replay = fmt::format("gse-sim --seed {}{}", seed, options.world());
    fmt::format_to_n(now_running, sizeof now_running - 1, "replay: {}\n", replay).out[0] = '\0';
    World world(seed, plant, scale);
    try {
        if (options.hours > 0)
            world.run_for(Millis{static_cast<std::int64_t>(options.hours * 3'600'000)});
        else
            world.run(options.steps);
    } catch (const Violation& violation) {
        std::fprintf(stderr, "seed %llu failed after %lld ms of virtual time\n  %s\nreplay: %s\n",
                     static_cast<unsigned long long>(seed), static_cast<long long>(world.now()), violation.what(),
                     replay.c_str());
        return std::nullopt;
    }
    const Counts counts = world.counts();
    if (options.verbose)
        fmt::print(
            "seed {}: {} steps, {} s virtual, {} crashes, {} agent crashes, {} reports, {} sessions, {} joins, {} "
            "kills\n",
            seed, counts.steps, counts.virtual_ms / 1000, counts.crashes, counts.agent_crashes, counts.reports,
            counts.sessions, counts.joins, counts.kills);
    return counts;
}

int run_seeds(Options options, bool seed_given, bool seeds_given) {
    Plant plant = Plant::None;
    if (!options.plant.empty()) {
        const auto found = find_plant(options.plant);
        if (!found) {
            std::fprintf(stderr, "gse-sim: no planted bug is called '%s'; see --help\n", options.plant.c_str());
            return 2;
        }
        plant = *found;
    }
    const Scale scale = *find_scale(options.scale);
    std::vector<std::uint64_t> named;
    if (!options.seeds_file.empty()) {
        const auto text = read_file(options.seeds_file, kSeedsBytesMax);
        const auto read = text ? read_seeds(*text) : std::unexpected(text.error());
        if (!read) {
            std::fprintf(stderr, "gse-sim: %s: %s\n", options.seeds_file.c_str(), read.error().message.c_str());
            return 2;
        }
        named = *read;
    }
    if (!seed_given) options.seed = std::random_device{}();
    if (named.empty()) {
        fmt::print("seeds from {}: gse-sim --seed {}{}\n", options.seed, options.seed, options.world());
        std::fflush(stdout);
    }
    std::signal(SIGABRT, &say_what_ran);

    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    Counts total;
    std::uint64_t ran = 0;
    for (;; ++ran) {
        const bool by_number =
            named.empty() ? ran < options.seeds && (seeds_given || options.seconds == 0) : ran < named.size();
        if (!by_number && !(named.empty() && options.seconds > 0 && elapsed() < options.seconds)) break;
        const auto counts = run_seed(named.empty() ? options.seed + ran : named[ran], options, plant, scale);
        if (!counts) return 1;
        total += *counts;
    }
    const std::string which = named.empty() ? fmt::format("{} to {}", options.seed, options.seed + ran - 1)
                                            : fmt::format("of {}", options.seeds_file);
    fmt::print(
        "{} seeds {} in {:.1f} s: {} steps, {:.1f} h of virtual time, {} server crashes, {} agent crashes, {} "
        "commits, {} snapshots, {} rebuilds compared, {} reports, {} calls, {} sessions, {} joins, {} placements "
        "fulfilled, {} kills; all checks held\n",
        ran, which, elapsed(), total.steps, static_cast<double>(total.virtual_ms) / 3'600'000, total.crashes,
        total.agent_crashes, total.commits, total.snapshots, total.rebuilds_compared, total.reports, total.calls,
        total.sessions, total.joins, total.fulfilled, total.kills);
    return 0;
}

int run(int argc, char** argv) {
    Options options;
    GrowthOptions growth;
    CLI::App app{"Deterministic simulation of OpenGSE's core: one seed is one world with its load and its faults"};
    auto* seed = app.add_option("--seed", options.seed, "First seed; without it a fresh one is drawn");
    auto* seeds = app.add_option("--seeds", options.seeds, "How many seeds to run, one after another");
    auto* steps = app.add_option("--steps", options.steps, "Steps of trouble before the world is left to come to rest")
                      ->capture_default_str();
    app.add_option("--hours", options.hours,
                   "Hours of virtual time instead of steps, with day, night and bursts of load")
        ->check(CLI::Range(0.01, 1'000.0))
        ->excludes(steps);
    app.add_option("--scale", options.scale, "Hosts, fleets and calls: small (up to 4 hosts), medium (16), large (64)")
        ->check(CLI::IsMember({"small", "medium", "large"}))
        ->capture_default_str();
    app.add_option("--seconds", options.seconds, "Go on with further seeds for this long");
    app.add_option("--seeds-file", options.seeds_file, "Run the seeds of this file, as sim/seeds.txt")
        ->excludes(seed)
        ->excludes(seeds);
    app.add_option("--plant", options.plant,
                   "Break the harness on purpose: answer-before-commit, no-fence, report-twice, timers-before-backlog");
    app.add_flag("--verbose", options.verbose, "One line a seed");
    CLI::App* day =
        app.add_subcommand("day", "A day of deployments of several sizes, without faults: what an event costs");
    day->add_option("--hosts", growth.hosts, "Sizes, as 100,1000,10000; 10 processes each")
        ->delimiter(',')
        ->check(CLI::Range(1, 20'000))
        ->capture_default_str();
    day->add_option("--hours", growth.hours, "Of virtual time")->check(CLI::Range(1, 240))->capture_default_str();
    day->add_option("--fleets", growth.fleets, "That share the hosts")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    day->add_option("--players", growth.players, "Of each match")->check(CLI::Range(1, 1'000))->capture_default_str();
    day->add_option("--session-minutes", growth.session_minutes, "Mean length of a match")
        ->check(CLI::Range(1.0, 1'440.0))
        ->capture_default_str();
    day->add_option("--seed", growth.seed, "Of chance")->capture_default_str();
    day->add_option("--picture", growth.picture, "Writes the costs over the sizes there, as SVG");
    CLI11_PARSE(app, argc, argv);
    if (*day) return run_growth(growth);
    return run_seeds(options, !seed->empty(), !seeds->empty());
}

}  // namespace
}  // namespace gse::sim

int main(int argc, char** argv) { return gse::sim::run(argc, argv); }
