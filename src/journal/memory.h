/// A journal in memory, for tests and simulation. The disk outlives the journals that are opened on it.
#pragma once

#include <map>
#include <mutex>

#include "journal/journal.h"

namespace gse::journal {

/// What survives a crash: everything acknowledged, nothing else. Thread-safe.
class MemoryDisk {
public:
    /// What becomes of an append.
    enum class Fault : std::uint8_t {
        None,
        Fail,      ///< an error, and the batch is not there after a restart
        Doubtful,  ///< an error, but the batch is there after a restart
    };

    /// The append of `seq` meets this fault, once.
    void inject(std::uint64_t seq, Fault fault);
    /// Every write of a snapshot slice from now on fails; false heals it.
    void fail_snapshots(bool fail);
    void set_free_bytes(std::uint64_t bytes);

    [[nodiscard]] std::uint64_t free_bytes() const;
    [[nodiscard]] std::size_t log_entries() const;
    [[nodiscard]] std::size_t snapshots() const;

private:
    friend class MemoryJournal;
    friend class MemorySharedJournal;
    friend class MemorySnapshotWriter;
    using Bytes = std::vector<std::byte>;
    struct Snapshot {
        std::uint64_t start = 0;
        std::uint64_t end = 0;
        std::vector<Bytes> slices;
    };

    mutable std::mutex mutex_;
    std::map<std::uint64_t, Bytes> log_;
    std::vector<Snapshot> snapshots_;  // oldest first
    std::map<std::uint64_t, Fault> faults_;
    bool fail_snapshots_ = false;
    std::uint64_t free_bytes_ = std::uint64_t{1} << 40;
};

/// `disk` outlives the journal. Opening a second journal on a disk is the restart after a crash.
[[nodiscard]] std::unique_ptr<Journal> open_memory_journal(MemoryDisk& disk);

}  // namespace gse::journal
