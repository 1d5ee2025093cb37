#include "journal/memory_shared.h"

#include <algorithm>

#include "base/check.h"

namespace gse::journal {

void MemoryDatabase::renew() {
    if (!alive_) return;
    const Server& server = servers_[holder_];
    if (!server.cut && !server.frozen) until_ = clock_.monotonic_ms() + lease_.count();
}

void MemoryDatabase::cut(const std::string& server, bool off) {
    const std::lock_guard lock(mutex_);
    renew();
    servers_[server].cut = off;
    changed_.notify_all();
}

void MemoryDatabase::freeze(const std::string& server, bool off) {
    const std::lock_guard lock(mutex_);
    renew();
    servers_[server].frozen = off;
}

class MemorySharedJournal final : public SharedJournal {
public:
    MemorySharedJournal(MemoryDatabase& database, std::string server)
        : database_(database), server_(std::move(server)) {}

    ~MemorySharedJournal() override {
        const std::lock_guard lock(database_.mutex_);
        database_.servers_[server_].doubts = 0;
        if (!is_holder()) return;
        database_.renew();
        database_.alive_ = false;
    }

    Result<LoadSummary> load(Replay& replay) override {
        CHECK(!loaded_ || epoch_ == 0);
        const std::lock_guard lock(database_.mutex_);
        TRY(check_reachable());
        const auto summary = TRY(open_memory_journal(database_.disk_)->load(replay));
        last_seq_ = summary.last_seq;
        loaded_ = true;
        return summary;
    }

    Result<std::optional<std::uint64_t>> tail(Replay& replay, std::chrono::milliseconds patience) override {
        CHECK(loaded_);
        std::unique_lock lock(database_.mutex_);
        const auto until = std::chrono::steady_clock::now() + patience;
        for (;;) {
            TRY(check_reachable());
            const std::uint64_t before = last_seq_;
            if (!TRY(apply_new(replay))) return std::nullopt;
            if (last_seq_ != before || epoch_ != 0) return last_seq_;
            if (database_.changed_.wait_until(lock, until) == std::cv_status::timeout) return last_seq_;
        }
    }

    Result<std::optional<Leader>> leader() override {
        const std::lock_guard lock(database_.mutex_);
        TRY(check_reachable());
        database_.renew();
        if (database_.epoch_ == 0) return std::nullopt;
        return Leader{database_.epoch_, database_.address_,
                      std::chrono::milliseconds(database_.until_ - database_.clock_.monotonic_ms())};
    }

    Result<bool> take_over(const std::string& address) override {
        CHECK(loaded_);
        const std::lock_guard lock(database_.mutex_);
        TRY(check_reachable());
        database_.renew();
        if (database_.clock_.monotonic_ms() < database_.until_ && database_.holder_ != server_) return false;
        epoch_ = ever_ = ++database_.epoch_;
        database_.holder_ = server_;
        database_.address_ = address;
        database_.alive_ = true;
        database_.renew();
        return true;
    }

    Result<void> resign() override {
        const std::lock_guard lock(database_.mutex_);
        const bool holder = is_holder();
        epoch_ = 0;
        leading_.reset();
        if (!holder) return {};
        return end_lease();
    }

    Result<void> doubt(std::uint64_t epoch) override {
        const std::lock_guard lock(database_.mutex_);
        TRY(check_reachable());
        database_.servers_[server_].doubts = epoch;
        return {};
    }

    Result<bool> is_doubted() override {
        const std::lock_guard lock(database_.mutex_);
        TRY(check_reachable());
        return ever_ != 0 && std::ranges::any_of(database_.servers_, [this](const auto& server) {
                   return server.second.doubts == ever_ && !server.second.cut;
               });
    }

    Result<void> give_way() override {
        const std::lock_guard lock(database_.mutex_);
        if (!is_holder()) return {};
        return end_lease();
    }

    [[nodiscard]] bool leads() const override {
        const std::lock_guard lock(database_.mutex_);
        database_.renew();
        return is_holder() && database_.clock_.monotonic_ms() < database_.until_;
    }

    [[nodiscard]] std::uint64_t epoch() const override {
        const std::lock_guard lock(database_.mutex_);
        return ever_;
    }

    Result<void> append(std::uint64_t seq, std::span<const std::byte> batch) override {
        const std::lock_guard lock(database_.mutex_);
        if (failure_) return std::unexpected(*failure_);
        CHECK(loaded_ && epoch_ != 0);
        if (!database_.servers_[server_].cut && !is_holder())
            return poison("the journal stopped: another server leads now");
        if (auto reachable = check_reachable(); !reachable) return poison(reachable.error().message);
        TRY(lead());
        CHECK(seq == last_seq_ + 1);
        TRY(leading_->append(seq, batch));
        last_seq_ = seq;
        database_.changed_.notify_all();
        return {};
    }

    Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(std::uint64_t start_seq) override {
        const std::lock_guard lock(database_.mutex_);
        if (failure_) return std::unexpected(*failure_);
        TRY(check_reachable());
        TRY(lead());
        return leading_->begin_snapshot(start_seq);
    }

    Result<void> trim() override {
        const std::lock_guard lock(database_.mutex_);
        if (failure_) return std::unexpected(*failure_);
        TRY(check_reachable());
        TRY(lead());
        return leading_->trim();
    }

    [[nodiscard]] std::uint64_t bytes_since_snapshot() const override {
        const std::lock_guard lock(database_.mutex_);
        return leading_ ? leading_->bytes_since_snapshot() : 0;
    }

    [[nodiscard]] std::uint64_t snapshot_bytes() const override {
        const std::lock_guard lock(database_.mutex_);
        return leading_ ? leading_->snapshot_bytes() : 0;
    }

    [[nodiscard]] Result<std::uint64_t> free_disk_bytes() const override { return database_.disk_.free_bytes(); }

private:
    // All of it with the database's lock held.
    [[nodiscard]] bool is_holder() const { return epoch_ != 0 && epoch_ == database_.epoch_; }

    Result<void> check_reachable() {
        if (database_.servers_[server_].cut)
            return refuse(ErrorCode::FailedOperation, "the database cannot be reached: cut off by the test");
        return {};
    }

    /// Of the one who has it.
    Result<void> end_lease() {
        database_.renew();
        database_.alive_ = false;
        TRY(check_reachable());
        database_.until_ = database_.clock_.monotonic_ms();
        database_.changed_.notify_all();
        return {};
    }

    std::unexpected<Error> poison(std::string why) {
        failure_ = Error{ErrorCode::FailedOperation, std::move(why)};
        return std::unexpected(*failure_);
    }

    /// False: what comes next has been trimmed.
    Result<bool> apply_new(Replay& replay) {
        MemoryDisk& disk = database_.disk_;
        const std::lock_guard lock(disk.mutex_);
        std::uint64_t newest = disk.log_.empty() ? 0 : disk.log_.rbegin()->first;
        if (!disk.snapshots_.empty()) newest = std::max(newest, disk.snapshots_.back().end);
        if (newest == last_seq_) return true;
        auto next = disk.log_.find(last_seq_ + 1);
        if (next == disk.log_.end()) return false;
        for (; next != disk.log_.end(); ++next) {
            TRY(replay.entry(next->first, next->second));
            last_seq_ = next->first;
        }
        return true;
    }

    /// The journal of one server that a leader works with, from its first append or snapshot on.
    Result<void> lead() {
        CHECK(epoch_ != 0);
        if (leading_) return {};
        class Skip final : public Replay {
            Result<void> snapshot_slice(std::span<const std::byte>) override { return {}; }
            Result<void> entry(std::uint64_t, std::span<const std::byte>) override { return {}; }
        } skip;
        auto made = open_memory_journal(database_.disk_);
        CHECK(TRY(made->load(skip)).last_seq == last_seq_);  // tail() came to the end before
        leading_ = std::move(made);
        return {};
    }

    MemoryDatabase& database_;
    const std::string server_;
    bool loaded_ = false;
    std::uint64_t last_seq_ = 0;
    std::uint64_t epoch_ = 0;  // 0: a follower
    std::uint64_t ever_ = 0;
    std::unique_ptr<Journal> leading_;
    std::optional<Error> failure_;
};

std::unique_ptr<SharedJournal> open_shared_memory_journal(MemoryDatabase& database, std::string server) {
    return std::make_unique<MemorySharedJournal>(database, std::move(server));
}

}  // namespace gse::journal
