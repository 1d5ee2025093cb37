/// The benchmarks by name.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "figures.h"

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
};

struct Case {
    std::string_view name;
    std::string_view about;
    Result<std::vector<Figures>> (*run)(const Options& options);
};

[[nodiscard]] std::span<const Case> cases();

/// The load that the options ask for, else with these connections.
[[nodiscard]] LoadShape shape_of(const Options& options, const std::string& server, std::size_t connections,
                                 std::size_t pipeline);

// large_state.cpp
Result<std::vector<Figures>> hold(const Options& options);
Result<std::vector<Figures>> restart(const Options& options);
Result<std::vector<Figures>> agents(const Options& options);

}  // namespace gse::bench
