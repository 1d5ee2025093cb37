/// Which instance goes first when a fleet shrinks, and which comes back. Source: [工作原理; SetServerWeight;
/// SetServerReserved]; order inferred.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <tuple>

namespace gse::plan {

struct ScaleInCandidate {
    std::uint32_t sessions = 0;
    bool ready = false;  ///< runs processes that reported ready
    std::uint32_t weight = 5;
    bool reserved = false;       ///< kept for investigation: never chosen
    std::uint64_t age_rank = 0;  ///< smaller is older
};

/// Index of the candidate to drain: idle first, then the fewest sessions; one that is still starting before one that
/// is ready; lower weight; oldest. nullopt when all are reserved.
constexpr std::optional<std::size_t> choose_scale_in(std::span<const ScaleInCandidate> candidates) {
    std::optional<std::size_t> best;
    const auto key = [](const ScaleInCandidate& c) { return std::tuple(c.sessions, c.ready, c.weight, c.age_rank); };
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (!candidates[i].reserved && (!best || key(candidates[i]) < key(candidates[*best]))) best = i;
    return best;
}

/// An instance that is being scaled in, when more are wanted.
struct ReopenCandidate {
    std::uint32_t untold = 0;  ///< processes that were not asked to end
    std::uint32_t sessions = 0;
};

/// Index of the one to take back: it gives most processes at once; then the one that carries most. nullopt: on none is
/// there anything to take back. A process that was asked to end is never asked to stay.
constexpr std::optional<std::size_t> choose_reopen(std::span<const ReopenCandidate> candidates) {
    std::optional<std::size_t> best;
    const auto key = [](const ReopenCandidate& c) { return std::tuple(c.untold, c.sessions); };
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (candidates[i].untold > 0 && (!best || key(candidates[i]) > key(candidates[*best]))) best = i;
    return best;
}

}  // namespace gse::plan
