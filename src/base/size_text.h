/// Sizes for people.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace gse {

/// "64 MiB", "1.5 GiB", "900 B": in the largest unit that leaves at least one, with one decimal where it tells.
inline std::string size_text(std::uint64_t bytes) {
    constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1023.95 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
    const bool whole = unit == 0 || value >= 99.95 || std::abs(value - std::round(value)) < 0.05;
    return fmt::format("{:.{}f} {}", value, whole ? 0 : 1, kUnits[unit]);
}

}  // namespace gse
