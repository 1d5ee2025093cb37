/// A disk for tests that loses power and fails, as real ones do. It serves the journal's own files as a FileSystem
/// and SQLite's through a VFS (fault_vfs.h), in memory, so that thousands of accidents take seconds.
///
/// What it models: written bytes are durable only after sync() of the file, names only after sync_dir(). A power cut
/// keeps, of what was not yet synced, nothing, everything, a beginning or any part of it, torn at 512-byte sectors.
/// A failed sync throws the written bytes away for good although they still read back, as Linux does.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/rng.h"
#include "journal/file_system.h"

namespace gse::journal {

enum class DiskOp : std::uint8_t { Open, Read, Write, Truncate, Sync, Rename, Remove, SyncDir };
inline constexpr std::size_t kDiskOps = 8;
[[nodiscard]] const char* name_of(DiskOp op);

enum class DiskFault : std::uint8_t {
    Io,          ///< EIO, nothing done
    Full,        ///< ENOSPC, nothing done
    ShortWrite,  ///< ENOSPC after half of the bytes; like Full for other operations
};

/// Thread-safe. Paths are plain keys: there is one directory.
class FaultDisk final : public FileSystem {
public:
    explicit FaultDisk(std::uint64_t seed) : rng_(seed) {}

    /// The n-th call of `op` from now on (n >= 1) fails, once.
    void inject(DiskOp op, std::uint64_t n, DiskFault fault);
    [[nodiscard]] bool fault_has_struck() const;
    /// Calls of `op` so far.
    [[nodiscard]] std::uint64_t calls(DiskOp op) const;
    /// The power goes after `n` more calls that change something: from then on every call fails and does nothing.
    void cut_power_after(std::uint64_t n);
    [[nodiscard]] bool power_is_out() const;
    /// What a power cut leaves. Ends cut_power_after() and inject(); handles opened before fail for ever.
    void crash();
    /// What kill -9 leaves: everything written is still there. Handles opened before fail for ever.
    void restart();
    void set_free_bytes(std::uint64_t bytes);

    /// The whole content as it reads now, by path.
    [[nodiscard]] std::map<std::string, std::vector<std::byte>> image() const;

    Result<std::unique_ptr<File>> open(const path& file, OpenMode mode) override;
    Result<void> rename(const path& from, const path& to) override;
    Result<void> remove(const path& file) override;
    Result<void> sync_dir(const path& dir) override;
    Result<void> make_dir(const path&) override { return {}; }
    Result<std::vector<std::string>> list(const path& dir) override;
    Result<std::uint64_t> free_bytes(const path& dir) override;
    Result<std::unique_ptr<DirLock>> lock(const path& file) override;

private:
    friend class FaultFile;
    friend class FaultLock;

    struct Change {
        std::uint64_t offset = 0;  // of the bytes, or the new size of a truncation
        std::vector<std::byte> bytes;
        bool truncation = false;
    };
    struct Inode {
        std::vector<std::byte> now;      // what reads return
        std::vector<std::byte> durable;  // what a power cut cannot take
        std::vector<Change> unsynced;
    };
    using InodePtr = std::shared_ptr<Inode>;
    struct NameChange {
        std::string gone;  // empty: none
        std::string made;  // empty: none
        InodePtr inode;
    };
    using Names = std::map<std::string, InodePtr>;

    static void apply(std::vector<std::byte>& content, const Change& change);
    static void apply(Names& names, const NameChange& change);
    Change torn(const Change& change);
    /// The accident that meets this call, if any. Under the mutex.
    std::optional<DiskFault> meet(DiskOp op);
    void change_names(NameChange change);
    std::unexpected<Error> failure(DiskOp op, const path& file, DiskFault fault);
    void reboot();

    mutable std::mutex mutex_;
    SeededRng rng_;
    Names names_;
    Names durable_names_;
    std::vector<NameChange> unsynced_names_;
    std::array<std::uint64_t, kDiskOps> calls_{};
    struct Planned {
        DiskOp op;
        std::uint64_t at;
        DiskFault fault;
    };
    std::optional<Planned> planned_;
    bool struck_ = false;
    std::optional<std::uint64_t> power_left_;
    std::uint64_t generation_ = 0;
    std::set<std::string> locks_;
    std::uint64_t free_bytes_ = std::uint64_t{1} << 40;
};

/// The handle that FaultDisk::open() returns; the VFS needs more of it than File has.
class FaultFile final : public File {
public:
    Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override;
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> bytes) override;
    Result<std::uint64_t> size() override;
    Result<void> sync() override;
    Result<void> truncate(std::uint64_t size);

private:
    friend class FaultDisk;
    FaultFile(FaultDisk& disk, path name, FaultDisk::InodePtr inode)
        : disk_(disk), name_(std::move(name)), inode_(std::move(inode)), generation_(disk.generation_) {}
    std::optional<DiskFault> meet(DiskOp op);

    FaultDisk& disk_;
    path name_;
    FaultDisk::InodePtr inode_;
    std::uint64_t generation_;
};

}  // namespace gse::journal
