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
    std::size_t rounds = 3;      ///< case and yardstick in turn; the median counts
    std::size_t processes = 0;
    std::filesystem::path self;  ///< this program
    std::string attach;          ///< shell command run while the load is on, {pid} the server's
};

struct Case {
    std::string_view name;
    std::string_view about;
    Result<std::vector<Figures>> (*run)(const Options& options);
};

[[nodiscard]] std::span<const Case> cases();

}  // namespace gse::bench
