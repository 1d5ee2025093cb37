/// When the state is to be written as a snapshot.
#pragma once

#include <cstdint>

namespace gse::engine {

/// In bytes.
struct SnapshotFacts {
    std::uint64_t log = 0;            ///< written since the last one
    std::uint64_t last_snapshot = 0;  ///< its size; 0: there is none
    std::uint64_t free_disk = UINT64_MAX;
    std::uint64_t least_log = 0;  ///< for less than this none is due
    std::uint64_t reserve = 0;    ///< of the disk
};

/// After as much log as the last one took: of a growing state each byte is then written a few times at most, and not
/// once for each `least_log` there is. Log must not take the disk that the next snapshot needs, though, which may be
/// twice as large: without one, log never goes.
[[nodiscard]] constexpr bool snapshot_is_due(const SnapshotFacts& facts) {
    if (facts.log < facts.least_log) return false;
    return facts.log >= facts.last_snapshot || facts.free_disk < facts.reserve + 2 * facts.last_snapshot;
}

}  // namespace gse::engine
