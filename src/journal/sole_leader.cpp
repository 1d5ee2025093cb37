#include "journal/sole_leader.h"

#include <fmt/format.h>

namespace gse::journal {
namespace {

/// Counts what tail() brings behind a load.
class Counting final : public Replay {
public:
    Counting(Replay& replay, LoadSummary& summary) : replay_(replay), summary_(summary) {}
    Result<void> snapshot_slice(std::span<const std::byte> slice) override { return replay_.snapshot_slice(slice); }
    Result<void> entry(std::uint64_t seq, std::span<const std::byte> batch) override {
        summary_.last_seq = seq;
        ++summary_.entries;
        summary_.bytes += batch.size();
        return replay_.entry(seq, batch);
    }

private:
    Replay& replay_;
    LoadSummary& summary_;
};

class SoleLeader final : public Journal {
public:
    SoleLeader(std::unique_ptr<SharedJournal> shared, std::string address)
        : shared_(std::move(shared)), address_(std::move(address)) {}
    ~SoleLeader() override { (void)shared_->resign(); }  // else its lease runs out

    Result<LoadSummary> load(Replay& replay) override {
        LoadSummary summary = TRY(shared_->load(replay));
        if (!TRY(shared_->take_over(address_))) {
            const auto leader = TRY(shared_->leader());
            return refuse(ErrorCode::InUse,
                          fmt::format("another server leads on this database ({}, for {} ms yet); stop that one",
                                      leader ? leader->address : "unknown", leader ? leader->left.count() : 0));
        }
        Counting counting(replay, summary);
        if (!TRY(shared_->tail(counting, {})))
            return refuse(ErrorCode::InUse, "another server trimmed the journal as it was loaded; start again");
        return summary;
    }
    Result<void> append(std::uint64_t seq, std::span<const std::byte> batch) override {
        return shared_->append(seq, batch);
    }
    Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(std::uint64_t start_seq) override {
        return shared_->begin_snapshot(start_seq);
    }
    Result<void> trim() override { return shared_->trim(); }
    [[nodiscard]] std::uint64_t bytes_since_snapshot() const override { return shared_->bytes_since_snapshot(); }
    [[nodiscard]] std::uint64_t snapshot_bytes() const override { return shared_->snapshot_bytes(); }
    [[nodiscard]] Result<std::uint64_t> free_disk_bytes() const override { return shared_->free_disk_bytes(); }

private:
    std::unique_ptr<SharedJournal> shared_;
    const std::string address_;
};

}  // namespace

std::unique_ptr<Journal> make_sole_leader(std::unique_ptr<SharedJournal> shared, std::string address) {
    return std::make_unique<SoleLeader>(std::move(shared), std::move(address));
}

}  // namespace gse::journal
