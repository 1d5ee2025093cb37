/// The benchmarks by name.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deployment.h"
#include "figures.h"
#include "traffic.h"

namespace gse::bench {

struct Options {
    double seconds = 5;
    double warm_up_s = 1;
    std::size_t connections = 0;  ///< 0: what the case finds best
    std::size_t pipeline = 0;
    double rate = 0;
    std::size_t rounds = 3;  ///< case and yardstick in turn; the median counts
    std::size_t processes = 0;
    std::filesystem::path self;  ///< this program
    std::vector<std::string>
        settings;                     ///< `key=value` for the server, for trying things out; figures are told with them
    std::size_t players = 1'000'000;  ///< that hold and restart have
    std::size_t hosts = 1'000;        ///< that agents has
    bool postgres = false;         ///< join, join-batch and create also with the journal in a PostgreSQL of their own
    double minutes = 5;            ///< of soak
    std::filesystem::path graphs;  ///< folder that soak and growth draw into; "": nowhere
};

struct Case {
    std::string_view name;
    std::string_view about;
    Result<std::vector<Figures>> (*run)(const Options& options);
    bool by_default = true;  ///< else it runs only when it is named
};

[[nodiscard]] std::span<const Case> cases();

/// The load that the options ask for, else with these connections.
[[nodiscard]] LoadShape shape_of(const Options& options, const std::string& server, std::size_t connections,
                                 std::size_t pipeline);

/// Sessions by alias, again and again.
[[nodiscard]] RepeatTraffic creating(const Deployment& deployment);
/// Once the allocator has given back what it does not need: it waits ten seconds with that.
[[nodiscard]] double settled_rss(pid_t pid);
/// Batches of 25 until that many more players sit in the sessions; they are numbered from `first_player`.
Result<void> seat(Deployment& deployment, const std::vector<std::string>& sessions, std::size_t players,
                  std::uint64_t first_player = 1);
/// A reservation would time out while the rest is being made.
inline const std::vector<std::string> kLongReservations{"timers.reservation=1h"};

// overload.cpp
Result<std::vector<Figures>> overload(const Options& options);
Result<std::vector<Figures>> overload_create(const Options& options);

// endurance.cpp
Result<std::vector<Figures>> idle(const Options& options);
Result<std::vector<Figures>> slow(const Options& options);
Result<std::vector<Figures>> soak(const Options& options);

// growth.cpp
Result<std::vector<Figures>> growth_players(const Options& options);
Result<std::vector<Figures>> growth_processes(const Options& options);
Result<std::vector<Figures>> growth_fleets(const Options& options);
Result<std::vector<Figures>> growth_agents(const Options& options);
Result<std::vector<Figures>> growth_restart(const Options& options);

// large_state.cpp
Result<std::vector<Figures>> hold(const Options& options);
Result<std::vector<Figures>> restart(const Options& options);
Result<std::vector<Figures>> agents(const Options& options);

}  // namespace gse::bench
