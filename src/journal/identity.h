/// The identity file of a data directory: which deployment the journal in it belongs to. Written once, never changed.
#pragma once

#include <optional>

#include "base/time.h"
#include "journal/file_system.h"

namespace gse::journal {

/// The version of the whole disk format; a directory of another version is refused.
inline constexpr int kFormatVersion = 1;

struct Identity {
    std::string deployment;  ///< 1 to 64 characters of [0-9a-z-]
    std::string created;     ///< UTC, for people
};

[[nodiscard]] bool valid_deployment(std::string_view deployment);

/// nullopt if there is no identity file; an error if there is one that this program did not write or cannot read.
[[nodiscard]] Result<std::optional<Identity>> read_identity(FileSystem& files, const path& dir);
[[nodiscard]] Result<void> write_identity(FileSystem& files, const path& dir, const Identity& identity);

}  // namespace gse::journal
