/// Which instance goes first when a fleet shrinks, and which comes back. Source: [工作原理; SetServerWeight;
/// SetServerReserved]; order inferred.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace gse::plan {

/// Indices of at most `count` of those that may be taken, the lowest key first, equal ones in their order.
template <class Candidate, class May, class Key>
std::vector<std::size_t> best_of(std::span<const Candidate> candidates, std::size_t count, May may, Key key) {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (may(candidates[i])) chosen.push_back(i);
    count = std::min(count, chosen.size());
    std::partial_sort(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(count), chosen.end(),
                      [&](std::size_t a, std::size_t b) {
                          return std::tuple(key(candidates[a]), a) < std::tuple(key(candidates[b]), b);
                      });
    chosen.resize(count);
    return chosen;
}

struct ScaleInCandidate {
    std::uint32_t sessions = 0;
    bool ready = false;  ///< runs processes that reported ready
    std::uint32_t weight = 5;
    bool reserved = false;       ///< kept for investigation: never chosen
    std::uint64_t age_rank = 0;  ///< smaller is older
};

/// Indices of at most `count` candidates to drain, in this order: idle first, then the fewest sessions; one that is
/// still starting before one that is ready; lower weight; oldest. Reserved ones are left out.
inline std::vector<std::size_t> choose_scale_in(std::span<const ScaleInCandidate> candidates, std::size_t count) {
    return best_of(
        candidates, count, [](const ScaleInCandidate& c) { return !c.reserved; },
        [](const ScaleInCandidate& c) { return std::tuple(c.sessions, c.ready, c.weight, c.age_rank); });
}

/// An instance that is being scaled in, when more are wanted.
struct ReopenCandidate {
    std::uint32_t untold = 0;  ///< processes that were not asked to end
    std::uint32_t sessions = 0;
};

/// Indices of at most `count` to take back, in this order: what gives most processes at once; then what carries most.
/// A process that was asked to end is never asked to stay, so that one without any other is left out.
inline std::vector<std::size_t> choose_reopen(std::span<const ReopenCandidate> candidates, std::size_t count) {
    return best_of(
        candidates, count, [](const ReopenCandidate& c) { return c.untold > 0; },
        [](const ReopenCandidate& c) { return std::tuple(~c.untold, ~c.sessions); });
}

}  // namespace gse::plan
