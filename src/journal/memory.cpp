#include "journal/memory.h"

#include <optional>

#include "base/check.h"

namespace gse::journal {

void MemoryDisk::inject(std::uint64_t seq, Fault fault) {
    const std::lock_guard lock(mutex_);
    faults_[seq] = fault;
}

void MemoryDisk::fail_snapshots(bool fail) {
    const std::lock_guard lock(mutex_);
    fail_snapshots_ = fail;
}

void MemoryDisk::set_free_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_bytes_ = bytes;
}

std::uint64_t MemoryDisk::free_bytes() const {
    const std::lock_guard lock(mutex_);
    return free_bytes_;
}

std::size_t MemoryDisk::log_entries() const {
    const std::lock_guard lock(mutex_);
    return log_.size();
}

std::size_t MemoryDisk::snapshots() const {
    const std::lock_guard lock(mutex_);
    return snapshots_.size();
}

class MemoryJournal final : public Journal {
public:
    explicit MemoryJournal(MemoryDisk& disk) : disk_(disk) {}

    Result<LoadSummary> load(Replay& replay) override {
        CHECK(!loaded_);
        const std::lock_guard lock(disk_.mutex_);
        LoadSummary summary;
        if (!disk_.snapshots_.empty()) {
            const auto& snapshot = disk_.snapshots_.back();
            summary.snapshot_start = snapshot.start;
            summary.last_seq = summary.snapshot_end = snapshot.end;
            for (const auto& slice : snapshot.slices) {
                TRY(replay.snapshot_slice(slice));
                summary.bytes += slice.size();
            }
        }
        for (auto it = disk_.log_.upper_bound(summary.snapshot_start); it != disk_.log_.end(); ++it) {
            TRY(replay.entry(it->first, it->second));
            ++summary.entries;
            summary.bytes += it->second.size();
            appended_bytes_ += it->second.size();
        }
        if (!disk_.log_.empty()) summary.last_seq = disk_.log_.rbegin()->first;
        last_seq_ = summary.last_seq;
        loaded_ = true;
        return summary;
    }

    Result<void> append(std::uint64_t seq, std::span<const std::byte> batch) override {
        const std::lock_guard lock(disk_.mutex_);
        CHECK(loaded_);
        if (poisoned_) return std::unexpected(*poisoned_);
        CHECK(seq == last_seq_ + 1);
        CHECK(batch.size() <= kMaxBatchBytes);
        auto fault = MemoryDisk::Fault::None;
        if (const auto found = disk_.faults_.find(seq); found != disk_.faults_.end()) {
            fault = found->second;
            disk_.faults_.erase(found);
        }
        if (fault != MemoryDisk::Fault::Fail) disk_.log_[seq].assign(batch.begin(), batch.end());
        if (fault != MemoryDisk::Fault::None) {
            poisoned_ = Error{ErrorCode::FailedOperation,
                              "the journal stopped after a failed write in memory; restart from the journal"};
            return std::unexpected(*poisoned_);
        }
        last_seq_ = seq;
        appended_bytes_ += batch.size();
        return {};
    }

    Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(std::uint64_t start_seq) override;

    Result<void> trim() override {
        const std::lock_guard lock(disk_.mutex_);
        CHECK(loaded_);
        if (poisoned_) return std::unexpected(*poisoned_);
        auto& snapshots = disk_.snapshots_;
        if (snapshots.empty()) return {};
        snapshots.erase(snapshots.begin(), snapshots.end() - 1);
        disk_.log_.erase(disk_.log_.begin(), disk_.log_.upper_bound(snapshots.back().start));
        return {};
    }

    [[nodiscard]] std::uint64_t bytes_since_snapshot() const override {
        const std::lock_guard lock(disk_.mutex_);
        return appended_bytes_ - bytes_at_snapshot_;
    }

    [[nodiscard]] std::uint64_t snapshot_bytes() const override {
        const std::lock_guard lock(disk_.mutex_);
        std::uint64_t bytes = 0;
        if (!disk_.snapshots_.empty())
            for (const auto& slice : disk_.snapshots_.back().slices) bytes += slice.size();
        return bytes;
    }

    [[nodiscard]] Result<std::uint64_t> free_disk_bytes() const override { return disk_.free_bytes(); }

private:
    friend class MemorySnapshotWriter;
    // All of it under the disk's mutex.
    MemoryDisk& disk_;
    bool loaded_ = false;
    bool snapshot_open_ = false;
    std::uint64_t last_seq_ = 0;
    std::uint64_t appended_bytes_ = 0;
    std::uint64_t bytes_at_snapshot_ = 0;
    std::optional<Error> poisoned_;
};

class MemorySnapshotWriter final : public SnapshotWriter {
public:
    MemorySnapshotWriter(MemoryJournal& journal, std::uint64_t start)
        : journal_(journal), bytes_at_begin_(journal.appended_bytes_) {
        snapshot_.start = start;
    }
    ~MemorySnapshotWriter() override {
        const std::lock_guard lock(journal_.disk_.mutex_);
        journal_.snapshot_open_ = false;
    }

    Result<void> write(std::span<const std::byte> slice) override {
        const std::lock_guard lock(journal_.disk_.mutex_);
        CHECK(!done_);
        CHECK(slice.size() <= kMaxBatchBytes);
        TRY(check_usable());
        snapshot_.slices.emplace_back(slice.begin(), slice.end());
        return {};
    }

    Result<void> finish(std::uint64_t end_seq) override {
        const std::lock_guard lock(journal_.disk_.mutex_);
        CHECK(!done_);
        CHECK(end_seq >= snapshot_.start && end_seq <= journal_.last_seq_);
        TRY(check_usable());
        done_ = true;
        snapshot_.end = end_seq;
        journal_.disk_.snapshots_.push_back(std::move(snapshot_));
        journal_.bytes_at_snapshot_ = bytes_at_begin_;
        return {};
    }

private:
    Result<void> check_usable() {
        if (journal_.poisoned_) return std::unexpected(*journal_.poisoned_);
        if (journal_.disk_.fail_snapshots_) {
            done_ = true;
            return refuse(ErrorCode::FailedOperation, "cannot write the snapshot: injected fault");
        }
        return {};
    }

    MemoryJournal& journal_;
    MemoryDisk::Snapshot snapshot_;
    std::uint64_t bytes_at_begin_;
    bool done_ = false;
};

Result<std::unique_ptr<SnapshotWriter>> MemoryJournal::begin_snapshot(std::uint64_t start_seq) {
    const std::lock_guard lock(disk_.mutex_);
    CHECK(loaded_);
    CHECK(start_seq <= last_seq_);
    if (poisoned_) return std::unexpected(*poisoned_);
    if (snapshot_open_) return refuse(ErrorCode::InUse, "a snapshot is already being written; finish it first");
    snapshot_open_ = true;
    return std::make_unique<MemorySnapshotWriter>(*this, start_seq);
}

std::unique_ptr<Journal> open_memory_journal(MemoryDisk& disk) { return std::make_unique<MemoryJournal>(disk); }

}  // namespace gse::journal
