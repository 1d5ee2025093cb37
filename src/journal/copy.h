/// One journal's content into another of any kind.
#pragma once

#include "base/crypto.h"
#include "journal/journal.h"

namespace gse::journal {

struct CopySummary {
    std::uint64_t batches = 0;
    std::uint64_t bytes = 0;
    Digest256 digest{};  ///< of all that a load replays, in order, each with its length
};

/// Loads `from` and appends to `to` all that it replays, as batches 1, 2, 3 …: slices of a snapshot are records like
/// those of the log, so what reads the copy comes to the same state. Both are fresh. InUse when `to` holds anything.
[[nodiscard]] Result<CopySummary> copy_journal(Journal& from, Journal& to);

/// Loads a fresh journal and tells what it replays.
[[nodiscard]] Result<CopySummary> summarize_journal(Journal& journal);

}  // namespace gse::journal
