/// Statistics: how much of the time that instances were there falls into a span, and into each of its days (UTC).
/// Source: [查看数据统计; API:DescribeFleetStatisticFlows].
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

namespace gse::plan {

inline constexpr Millis kDay{86'400'000};

/// [from, to); empty when `to` is not after `from`.
struct Span {
    WallTime from;
    WallTime to;
    [[nodiscard]] Millis length() const { return std::max(Millis{0}, to - from); }
    friend bool operator==(const Span&, const Span&) = default;
};

inline Span common(const Span& a, const Span& b) { return {std::max(a.from, b.from), std::min(a.to, b.to)}; }

inline WallTime day_of(WallTime t) {
    const std::int64_t rest = t.ms % kDay.count();
    return {t.ms - rest - (rest < 0 ? kDay.count() : 0)};
}

/// Days that a span touches.
inline std::uint64_t count_days(const Span& span) {
    if (span.length() <= Millis{0}) return 0;
    return static_cast<std::uint64_t>((day_of({span.to.ms - 1}) - day_of(span.from)) / kDay) + 1;
}

/// One day (UTC) of a span; the first and the last are cut to it.
inline Span day_at(const Span& span, std::uint64_t index) {
    const WallTime day = day_of(span.from) + kDay * static_cast<std::int64_t>(index);
    return common(span, {day, day + kDay});
}

inline Millis total(std::span<const Span> uses, const Span& within) {
    Millis sum{0};
    for (const Span& use : uses) sum += common(use, within).length();
    return sum;
}

}  // namespace gse::plan
