/// Seeds that failed once, from sim/seeds.txt.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gse::sim {

/// A line begins with one seed or several, and says behind them what they found; empty lines and comments (#) are
/// skipped. InvalidParameterValue with the line when one begins with no number, and when there is no seed at all.
[[nodiscard]] Result<std::vector<std::uint64_t>> read_seeds(std::string_view text);

}  // namespace gse::sim
