/// The journal makes a decision durable: an ordered log of opaque batches, and snapshots that let the log be cut.
/// It knows nothing of records. The disk format of the SQLite journal is in docs/journal-format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace gse::journal {

/// The largest batch that append() takes, and the largest slice that a snapshot takes.
inline constexpr std::size_t kMaxBatchBytes = 256u << 20;

/// Receives what was durable, in this order: every slice of the newest complete snapshot, then every log entry
/// after the snapshot's start, ascending. An error returned here ends the load with that error.
class Replay {
public:
    virtual ~Replay() = default;
    virtual Result<void> snapshot_slice(std::span<const std::byte> slice) = 0;
    virtual Result<void> entry(std::uint64_t seq, std::span<const std::byte> batch) = 0;
};

struct LoadSummary {
    std::uint64_t last_seq = 0;        ///< the next append is last_seq + 1; 0 if nothing was ever appended
    std::uint64_t snapshot_start = 0;  ///< of the snapshot that was replayed; both 0 if there is none
    std::uint64_t snapshot_end = 0;
    std::uint64_t entries = 0;  ///< log entries replayed
    std::uint64_t bytes = 0;    ///< bytes of snapshot slices and batches replayed
    /// What the operator should know although the load succeeded (say, a damaged snapshot that was passed over).
    std::vector<std::string> warnings;
};

/// Writes one snapshot. Destroying it unfinished abandons the snapshot and leaves nothing behind.
/// One thread at a time; must not outlive the journal.
class SnapshotWriter {
public:
    virtual ~SnapshotWriter() = default;
    virtual Result<void> write(std::span<const std::byte> slice) = 0;
    /// Makes the snapshot valid and durable. The caller has seen append() return for end_seq, and
    /// end_seq >= the snapshot's start. Call once; after an error the snapshot is abandoned.
    virtual Result<void> finish(std::uint64_t end_seq) = 0;
};

/// Life: load() once, then append() from one thread. begin_snapshot() and trim() may come from one other thread.
/// An error from append(), or from the journal's own work on the log in the background, poisons the journal: whether
/// the last batch is durable is then unknown, every further call refuses, and the process must restart from load().
/// A snapshot that fails poisons nothing: the log still reaches back to the one before.
class Journal {
public:
    virtual ~Journal() = default;
    virtual Result<LoadSummary> load(Replay& replay) = 0;
    /// Durable when it returns. seq is the last one + 1; anything else is a bug and stops the program.
    virtual Result<void> append(std::uint64_t seq, std::span<const std::byte> batch) = 0;
    /// A snapshot of the state after the batch start_seq or a later one; replay will begin at start_seq + 1.
    /// start_seq <= the last durable seq. Refused while another snapshot is being written.
    virtual Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(std::uint64_t start_seq) = 0;
    /// Drops the log and the snapshots that the newest complete snapshot makes needless. May wait for the disk.
    virtual Result<void> trim() = 0;
    /// Bytes appended since the newest complete snapshot began, those of load() included. Any thread.
    [[nodiscard]] virtual std::uint64_t bytes_since_snapshot() const = 0;
    /// Bytes of the slices of that snapshot; 0 if there is none. Any thread.
    [[nodiscard]] virtual std::uint64_t snapshot_bytes() const = 0;
    /// Free bytes where the journal lives. Any thread.
    [[nodiscard]] virtual Result<std::uint64_t> free_disk_bytes() const = 0;
};

}  // namespace gse::journal
