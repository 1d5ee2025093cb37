/// The few file operations the journal makes itself, so that a test can put a failing disk beneath them.
/// Errors are FailedOperation and name the operation, the path and the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace gse::journal {

using std::filesystem::path;

/// Open until destroyed. One thread at a time.
class File {
public:
    virtual ~File() = default;
    /// Writes all of it.
    virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
    /// Fewer bytes than asked only at the end of the file.
    virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> bytes) = 0;
    virtual Result<std::uint64_t> size() = 0;
    /// The content is durable when it returns; the name needs sync_dir().
    virtual Result<void> sync() = 0;
};

enum class OpenMode : std::uint8_t {
    Read,       ///< must exist
    ReadWrite,  ///< must exist
    Create,     ///< must not exist; readable by the owner only
};

/// Held until destroyed, or until the process ends.
class DirLock {
public:
    virtual ~DirLock() = default;
};

/// Thread-safe.
class FileSystem {
public:
    virtual ~FileSystem() = default;
    virtual Result<std::unique_ptr<File>> open(const path& file, OpenMode mode) = 0;
    /// Replaces `to` if it exists.
    virtual Result<void> rename(const path& from, const path& to) = 0;
    /// An absent file is no error.
    virtual Result<void> remove(const path& file) = 0;
    /// Makes creations, renames and removals in `dir` durable.
    virtual Result<void> sync_dir(const path& dir) = 0;
    /// With its parents, durably; an existing directory is no error. Readable by the owner only.
    virtual Result<void> make_dir(const path& dir) = 0;
    /// Names of the entries, sorted. A directory that does not exist is NotFound.
    virtual Result<std::vector<std::string>> list(const path& dir) = 0;
    virtual Result<std::uint64_t> free_bytes(const path& dir) = 0;
    /// InUse, naming the holder's pid if it is known, if another process or another journal of this one holds it.
    virtual Result<std::unique_ptr<DirLock>> lock(const path& file) = 0;
};

/// The real one. Every descriptor is close-on-exec: games outlive the server and must not hold its files or locks.
[[nodiscard]] FileSystem& posix_file_system();

}  // namespace gse::journal
