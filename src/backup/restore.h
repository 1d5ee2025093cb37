/// Puts a backup back where a server can start on it.
#pragma once

#include "backup/backup.h"
#include "backup/manifest.h"

namespace gse::backup {

struct RestoreOptions {
    std::filesystem::path file;
    /// Must be absent or empty; its parent must exist. Empty: everything is tried, nothing is kept.
    std::filesystem::path data;
    WallTime now;
    Progress progress;  ///< may be empty
};

struct RestoreSummary {
    Manifest manifest;
    std::uint64_t bytes = 0;
    std::uint64_t epoch = 0;  ///< the next start begins a higher one
};

/// Unpacks into a folder beside `data`, checks every byte there, replays the whole journal, and only then gives the
/// folder its name. On error nothing has changed.
///
/// The restored state begins where no agent can have been: its epoch is the time in milliseconds, which no deployment
/// reaches by starting. See core/restored.h for what becomes of matches that it does not know.
Result<RestoreSummary> restore(const RestoreOptions& options);

}  // namespace gse::backup
