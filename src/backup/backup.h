/// Copies everything that a server needs out of its data directory, while it runs or not, into one file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace gse::backup {

/// How far it is: bytes done, and as many as are known of so far.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct BackupOptions {
    std::filesystem::path data;  ///< of a server or of gse dev
    std::filesystem::path to;    ///< must not exist; its folder must
    bool logs = true;            ///< logs of sessions and instances too
    WallTime now;
    Progress progress;                       ///< may be empty
    std::function<void()> before_each_file;  ///< tests change the world there
};

struct BackupSummary {
    std::string deployment;
    std::uint64_t seq = 0;
    std::uint64_t packages = 0;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;          ///< of all files
    std::uint64_t archive_bytes = 0;  ///< of the backup
    /// What the operator should know: what the data directory itself lacks, or holds damaged.
    std::vector<std::string> warnings;
};

/// Everything acknowledged before the call is in it, and every package that is named in it too. Needs room beside `to`
/// for the archive and, while it works, for a copy of the journal. On error nothing is left.
/// InUse: `to` exists. NotFound: no server's data. Others say what is wrong.
Result<BackupSummary> back_up(const BackupOptions& options);

}  // namespace gse::backup
