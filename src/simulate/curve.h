/// A load curve: how many sessions are asked for over a time. Read from CSV; docs/simulate.md has the columns.
#pragma once

#include <cmath>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace gse::simulate {

/// From `begin` up to `end` sessions are asked for at a rate that moves evenly from `rate_begin` to `rate_end`.
struct Stretch {
    Millis begin{0};
    Millis end{0};
    double rate_begin = 0;       ///< sessions a minute, ≥ 0
    double rate_end = 0;         ///< likewise
    double session_minutes = 0;  ///< mean length of a session that is asked for here, > 0
    friend bool operator==(const Stretch&, const Stretch&) = default;
};

/// From time 0 on without gaps; at least one stretch.
struct Curve {
    std::vector<Stretch> stretches;

    [[nodiscard]] Millis length() const { return stretches.back().end; }
    /// Sessions that it asks for in all.
    [[nodiscard]] double sessions() const;
    friend bool operator==(const Curve&, const Curve&) = default;
};

/// A point in time of a curve; the nearest millisecond.
inline Millis at_minute(double minute) { return Millis{std::llround(minute * 60'000)}; }

inline constexpr std::size_t kCurveBytesMax = 8 << 20;

/// The first line that is not empty and no comment (#) names the columns, in any order:
///   time                  minutes, or hours and minutes as HH:MM; rising, the first one is 0
///   sessions_per_minute   new sessions a minute, from this row's time until the next row's; or instead
///   concurrent_sessions   sessions that go on at that time; between two rows evenly from one to the other
///   session_minutes       mean length of a session; the column may be left out if `session_minutes` is not 0
/// The last row holds as long as the one before it. InvalidParameterValue with the line and what to change.
[[nodiscard]] Result<Curve> read_curve(std::string_view csv, double session_minutes);

}  // namespace gse::simulate
