/// When what runs will have ended, judged by how long its like took before.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"

namespace gse::plan {

struct RunningSession {
    Millis age{0};
    std::optional<Millis> killed_in = {};  ///< it is ended by force then
};

/// The length that `percent` of the sorted `lengths` do not exceed; nullopt of none.
constexpr std::optional<Millis> quantile(std::span<const Millis> lengths, std::uint32_t percent) {
    if (lengths.empty()) return std::nullopt;
    return lengths[(lengths.size() * percent + 99) / 100 - 1];
}

/// How likely a session of that age ends within `t`, given that it has not ended yet. `lengths` are sorted. 0 when it
/// is older than all of them.
constexpr double ends_within(const RunningSession& session, std::span<const Millis> lengths, Millis t) {
    if (session.killed_in && t >= *session.killed_in) return 1;
    const auto longer = std::upper_bound(lengths.begin(), lengths.end(), session.age);
    if (longer == lengths.end()) return 0;
    const auto within = std::upper_bound(longer, lengths.end(), session.age + t);
    return static_cast<double>(within - longer) / static_cast<double>(lengths.end() - longer);
}

/// In how long all `sessions` have ended with a probability of `percent`, one independent of the other; nullopt when
/// past sessions do not tell.
constexpr std::optional<Millis> empty_in(std::span<const RunningSession> sessions, std::span<const Millis> lengths,
                                         std::uint32_t percent) {
    const double wanted = percent / 100.0;
    const auto all_end_within = [&](Millis t) {
        double all = 1;
        for (const RunningSession& session : sessions) all *= ends_within(session, lengths, t);
        return all;
    };
    std::int64_t high = 0;
    for (const RunningSession& session : sessions) {
        std::int64_t ends = INT64_MAX;
        if (!lengths.empty() && lengths.back() > session.age) ends = (lengths.back() - session.age).count();
        if (session.killed_in) ends = std::min(ends, session.killed_in->count());
        if (ends == INT64_MAX) return std::nullopt;
        high = std::max(high, ends);
    }
    std::int64_t low = -1;  // not yet; `high` is surely enough
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (all_end_within(Millis{middle}) >= wanted ? high : low) = middle;
    }
    return Millis{high};
}

/// In how long force has ended all of them; nullopt: some are never ended by force.
constexpr std::optional<Millis> forced_in(std::span<const RunningSession> sessions) {
    Millis last{0};
    for (const RunningSession& session : sessions) {
        if (!session.killed_in) return std::nullopt;
        last = std::max(last, *session.killed_in);
    }
    return last;
}

}  // namespace gse::plan
