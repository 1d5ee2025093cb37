#include "journal/postgres.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>

#include "base/check.h"
#include "base/rng.h"
#include "journal/crc32c.h"
#include "journal/postgres_lease.h"
#include "journal/postgres_schema.h"

namespace gse::journal {
namespace {

using namespace std::chrono_literals;
using pg::Params;
using pg::Row;
using pg::Rows;
using pg::Statement;
using pg::within;
using std::chrono::milliseconds;

/// For what is no commit: the next answer of the database.
constexpr auto kPatience = 30s;
/// Between two attempts to reach a database that has gone.
constexpr milliseconds kRetryPause{100};
/// A follower that waits looks again after the first, and ever more seldom up to the last.
constexpr milliseconds kPollMin{5};
constexpr milliseconds kPollMax{40};
constexpr milliseconds kTakeOverLockWait{1'000};
constexpr std::int64_t kRowsPerDelete = 256;

constexpr Statement kReadHead{"read_head", "SELECT seq, epoch FROM head"};
// One statement, so that nothing can come between its halves. It waits for whoever is changing the row, and looks at
// what that one left: a take-over has changed the epoch, and then nothing is inserted.
constexpr Statement kCommit{"commit", R"(
WITH fence AS (UPDATE head SET seq = $1::int8 WHERE seq = $1::int8 - 1 AND epoch = $2::int8 RETURNING seq)
INSERT INTO log (seq, epoch, prev, sum, batch)
SELECT seq, $2::int8, $3::int4, $4::int4, $5::bytea FROM fence)"};
/// Changes nothing, but is a transaction that the standbys must have: so they have all before it.
constexpr Statement kConfirm{"confirm", "UPDATE head SET seq = seq WHERE seq = $1::int8 AND epoch = $2::int8"};

constexpr Statement kReadEntries{"read_entries", R"(
SELECT seq, epoch, prev, sum, CASE WHEN seq > $1::int8 THEN batch END FROM log WHERE seq >= $1::int8 ORDER BY seq)"};
constexpr Statement kReadSnapshot{"read_snapshot", R"(
SELECT id, start_seq, end_seq, slices, bytes FROM snapshot WHERE end_seq IS NOT NULL
ORDER BY end_seq DESC, id DESC LIMIT 1)"};
constexpr Statement kReadSlices{"read_slices", "SELECT n, sum, bytes FROM slice WHERE snapshot = $1::int8 ORDER BY n"};
constexpr Statement kBytesSince{"bytes_since", R"(
SELECT coalesce(sum(octet_length(batch)), 0)::int8, coalesce((SELECT bytes FROM snapshot WHERE end_seq IS NOT NULL
ORDER BY end_seq DESC, id DESC LIMIT 1), 0)::int8 FROM log
WHERE seq <= $1::int8 AND seq > coalesce((SELECT max(start_seq) FROM snapshot WHERE end_seq IS NOT NULL), 0))"};

constexpr Statement kLockLease{"lock_lease", R"(
SELECT until <= clock_timestamp() OR server = $1::text FROM lease FOR UPDATE)"};
// What a stopped or cut-off leader left half done would hold the row of the head for ever.
constexpr Statement kEndOldLeaders{"end_old_leaders", R"(
SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity
WHERE application_name = $1::text AND datname = current_database() AND usename = current_user
  AND pid <> pg_backend_pid())"};
constexpr Statement kNewEpoch{"new_epoch", "UPDATE head SET epoch = epoch + 1 RETURNING epoch, seq"};
constexpr Statement kTakeLease{"take_lease", R"(
UPDATE lease SET epoch = $1::int8, server = $2::text, address = $3::text,
                 until = clock_timestamp() + $4::int8 * interval '1 millisecond')"};

constexpr Statement kDropUnfinished{"drop_unfinished",
                                    "DELETE FROM snapshot WHERE end_seq IS NULL AND epoch <= $1::int8"};
constexpr Statement kBeginSnapshot{"begin_snapshot",
                                   "INSERT INTO snapshot (epoch, start_seq) VALUES ($1::int8, $2::int8) RETURNING id"};
// Nobody waits for a slice: what makes the snapshot complete comes after all of them.
constexpr Statement kWriteSlice{"write_slice", R"(
INSERT INTO slice (snapshot, n, sum, bytes)
SELECT $1::int8, $2::int8, $3::int4, $4::bytea FROM set_config('synchronous_commit', 'off', true))"};
constexpr Statement kFinishSnapshot{"finish_snapshot", R"(
UPDATE snapshot SET end_seq = $2::int8, slices = $3::int8, bytes = $4::int8
WHERE id = $1::int8 AND EXISTS (SELECT 1 FROM head WHERE epoch = $5::int8)
  AND (SELECT count(*) FROM slice WHERE snapshot = $1::int8) = $3::int8)"};
constexpr Statement kDropSnapshot{"drop_snapshot", "DELETE FROM snapshot WHERE id = $1::int8"};
constexpr Statement kDropOldSnapshots{"drop_old_snapshots",
                                      "DELETE FROM snapshot WHERE id <> $1::int8 AND end_seq <= $2::int8"};
// The entry at the snapshot's start stays: it tells a reader that what it has is what the log goes on from. In small
// transactions, so that nobody waits for one and the freed room is soon found again.
constexpr Statement kTrimLog{"trim_log", R"(
DELETE FROM log USING set_config('synchronous_commit', 'off', true)
WHERE seq < $1::int8 AND seq < (SELECT min(seq) FROM log) + $2::int8)"};

std::string leader_name(const std::string& schema) { return "gse leader " + schema; }

std::uint32_t sum_of(std::uint64_t seq, std::uint64_t epoch, std::span<const std::byte> batch, std::uint32_t prev) {
    const std::uint64_t head[] = {seq, epoch};
    return crc32c(batch, crc32c(std::as_bytes(std::span(head)), prev));
}

void pause(milliseconds time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

std::unexpected<Error> damaged(std::string what) {
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("the journal in the database is damaged: {}. Nothing was changed; restore the database "
                              "from a backup",
                              what));
}

class PostgresJournal;

class PostgresSnapshotWriter final : public SnapshotWriter {
public:
    PostgresSnapshotWriter(PostgresJournal& journal, std::int64_t id, std::uint64_t start, std::uint64_t appended_bytes)
        : journal_(journal), id_(id), start_(start), appended_bytes_(appended_bytes) {}
    ~PostgresSnapshotWriter() override;
    Result<void> write(std::span<const std::byte> slice) override;
    Result<void> finish(std::uint64_t end_seq) override;

private:
    PostgresJournal& journal_;
    const std::int64_t id_;
    const std::uint64_t start_;
    const std::uint64_t appended_bytes_;
    std::uint64_t slices_ = 0;
    std::uint64_t bytes_ = 0;
    bool done_ = false;
};

class PostgresJournal final : public SharedJournal {
public:
    explicit PostgresJournal(PostgresOptions options)
        : options_(std::move(options)),
          lease_({options_.conninfo, options_.schema, "gse lease " + options_.schema}, options_.lease),
          side_({options_.conninfo, options_.schema, "gse snapshot " + options_.schema}) {}

    Result<LoadSummary> load(Replay& replay) override;
    Result<std::optional<std::uint64_t>> tail(Replay& replay, milliseconds patience) override;
    Result<bool> take_over(const std::string& address) override;
    Result<void> append(std::uint64_t seq, std::span<const std::byte> batch) override;
    Result<void> resign() override;
    Result<std::optional<Leader>> leader() override { return lease_.look(); }
    Result<void> doubt(std::uint64_t epoch) override { return lease_.doubt(epoch); }
    Result<bool> is_doubted() override { return lease_.is_doubted(ever_); }
    Result<void> give_way() override {
        lease_.let_go();
        return lease_.give_up(ever_);
    }
    [[nodiscard]] bool leads() const override { return lease_.holds(); }
    [[nodiscard]] std::uint64_t epoch() const override { return ever_; }

    Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(std::uint64_t start_seq) override;
    Result<void> trim() override;

    [[nodiscard]] std::uint64_t bytes_since_snapshot() const override {
        return appended_bytes_.load(std::memory_order_relaxed) - bytes_before_snapshot_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t snapshot_bytes() const override {
        return snapshot_bytes_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] Result<std::uint64_t> free_disk_bytes() const override { return kRoomUnknown; }

private:
    friend class PostgresSnapshotWriter;
    struct Head {
        std::uint64_t seq = 0;
        std::uint64_t epoch = 0;
    };
    /// How the next row of the log joins what was applied.
    enum class Joint : std::uint8_t { Known, Next, Broken };

    Result<void> check_usable();
    std::unexpected<Error> poison(std::string why);
    std::unexpected<Error> deposed(const Head& head);

    Result<pg::Connection*> log_connection();
    Result<Rows> ask(const Statement& statement, const Params& params);
    Result<void> script(const std::string& sql);
    Result<Head> read_head(pg::Deadline deadline);

    Result<void> load_within(Replay& replay, LoadSummary& summary);
    Result<Joint> join(const Row& row, Replay& replay);
    Result<bool> apply_new(Replay& replay);
    Result<bool> try_take_over(const std::string& address);
    Result<void> commit(std::uint64_t seq, std::span<const std::byte> batch, std::uint32_t sum);
    Result<void> confirm(std::uint64_t seq, pg::Deadline deadline);

    Result<Rows> ask_side(const Statement& statement, const Params& params);

    const PostgresOptions options_;
    pg::Lease lease_;

    // Of whoever loads, tails and appends.
    std::unique_ptr<pg::Connection> log_;
    bool loaded_ = false;
    std::uint32_t sum_ = 0;
    bool sum_known_ = true;    // not after a load that brought no entry with it
    std::uint64_t epoch_ = 0;  // 0: a follower
    std::atomic<std::uint64_t> ever_ = 0;
    std::atomic<std::uint64_t> last_seq_ = 0;
    std::atomic<std::uint64_t> appended_bytes_ = 0;
    std::atomic<std::uint64_t> snapshot_bytes_ = 0;         // of the newest one
    std::atomic<std::uint64_t> bytes_before_snapshot_ = 0;  // of appended_bytes_, when the newest snapshot began

    pg::Asker side_;  // of whoever writes snapshots
    std::atomic<bool> snapshot_open_ = false;

    std::mutex mutex_;
    std::optional<Error> failure_;
};

// ---- Asking ------------------------------------------------------------------------------------------------------

Result<void> PostgresJournal::check_usable() {
    const std::lock_guard lock(mutex_);
    if (failure_) return std::unexpected(*failure_);
    return {};
}

std::unexpected<Error> PostgresJournal::poison(std::string why) {
    lease_.let_go();
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = Error{ErrorCode::FailedOperation, "the journal stopped: " + std::move(why)};
    return std::unexpected(*failure_);
}

std::unexpected<Error> PostgresJournal::deposed(const Head& head) {
    if (head.epoch > epoch_)
        return poison(fmt::format("another server leads now (epoch {}, this one had {})", head.epoch, epoch_));
    return poison(
        fmt::format("the database has lost what it had confirmed: it ends at batch {}, batch {} was durable. "
                    "Was a standby promoted that did not have it?",
                    head.seq, last_seq_.load()));
}

/// The connection there is, or a new one.
Result<pg::Connection*> PostgresJournal::log_connection() {
    if (log_) return log_.get();
    const bool leads = epoch_ != 0;
    auto made = pg::Connection::open(
        {options_.conninfo, options_.schema, leads ? leader_name(options_.schema) : "gse follower " + options_.schema});
    if (!made) return pg::refuse(made.error());
    if (!leads) {
        const auto listens =
            (*made)->script("LISTEN " + pg::quote_identifier(pg::channel_of(options_.schema)), within(kPatience));
        if (!listens) return pg::refuse(listens.error());
    }
    log_ = std::move(*made);
    return log_.get();
}

/// What is asked once: after a lost connection the caller begins again.
Result<Rows> PostgresJournal::ask(const Statement& statement, const Params& params) {
    pg::Connection& connection = *TRY(log_connection());
    auto rows = connection.run(statement, params, within(kPatience));
    if (rows) return std::move(*rows);
    if (rows.error().lost) log_.reset();
    return pg::refuse(rows.error());
}

Result<void> PostgresJournal::script(const std::string& sql) {
    pg::Connection& connection = *TRY(log_connection());
    const auto done = connection.script(sql, within(kPatience));
    if (done) return {};
    if (done.error().lost) log_.reset();
    return pg::refuse(done.error());
}

/// However often it has to connect for it.
Result<PostgresJournal::Head> PostgresJournal::read_head(pg::Deadline deadline) {
    for (;;) {
        const auto rows = ask(kReadHead, Params());
        if (rows) return Head{(*rows)[0].count(0), (*rows)[0].count(1)};
        if (std::chrono::steady_clock::now() + kRetryPause >= deadline) return std::unexpected(rows.error());
        pause(kRetryPause);
    }
}

// ---- Reading -----------------------------------------------------------------------------------------------------

/// Applies the row, or finds that it is the last one applied, or that it is not what comes next.
Result<PostgresJournal::Joint> PostgresJournal::join(const Row& row, Replay& replay) {
    const std::uint64_t seq = row.count(0);
    const std::uint32_t prev = row.small(2);
    const std::uint32_t sum = row.small(3);
    if (seq == last_seq_) {
        if (sum_known_ && sum != sum_) return Joint::Broken;
        sum_ = sum;
        sum_known_ = true;
        return Joint::Known;
    }
    if (seq != last_seq_ + 1 || (sum_known_ && prev != sum_)) return Joint::Broken;
    const auto batch = row.bytes(4);
    if (sum_of(seq, row.count(1), batch, prev) != sum) return damaged(fmt::format("wrong checksum in batch {}", seq));
    TRY(replay.entry(seq, batch));
    last_seq_ = seq;
    sum_ = sum;
    sum_known_ = true;
    appended_bytes_ += batch.size();
    return Joint::Next;
}

Result<LoadSummary> PostgresJournal::load(Replay& replay) {
    CHECK(!loaded_ || epoch_ == 0);
    TRY(check_usable());
    LoadSummary summary;
    TRY(script("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    if (auto within_it = load_within(replay, summary); !within_it) {
        log_.reset();
        return std::unexpected(within_it.error());
    }
    TRY(script("COMMIT"));
    loaded_ = true;
    return summary;
}

Result<void> PostgresJournal::load_within(Replay& replay, LoadSummary& summary) {
    last_seq_ = 0;
    sum_ = 0;
    sum_known_ = true;
    appended_bytes_ = bytes_before_snapshot_ = 0;
    const std::uint64_t head = TRY(ask(kReadHead, Params()))[0].count(0);
    const Rows snapshots = TRY(ask(kReadSnapshot, Params()));
    if (snapshots.size() != 0) {
        const Row snapshot = snapshots[0];
        summary.snapshot_start = snapshot.count(1);
        summary.snapshot_end = snapshot.count(2);
        snapshot_bytes_ = snapshot.count(4);
        std::uint64_t slices = 0;
        auto read = log_->stream(
            kReadSlices, Params().number(snapshot.number(0)), kPatience, [&](const Row& row) -> Result<void> {
                const auto slice = row.bytes(2);
                if (row.count(0) != slices || crc32c(slice) != row.small(1))
                    return damaged(
                        fmt::format("slice {} of the snapshot through batch {}", slices, summary.snapshot_end));
                ++slices;
                summary.bytes += slice.size();
                return replay.snapshot_slice(slice);
            });
        if (!read) return pg::refuse(read.error());
        TRY(std::move(*read));
        if (slices != snapshot.count(3) || summary.bytes != snapshot.count(4))
            return damaged(fmt::format("the snapshot through batch {} is not whole", summary.snapshot_end));
        last_seq_ = summary.snapshot_start;
        sum_known_ = summary.snapshot_start == 0;
    }
    auto read =
        log_->stream(kReadEntries, Params().number(last_seq_.load()), kPatience, [&](const Row& row) -> Result<void> {
            switch (TRY(join(row, replay))) {
                case Joint::Known: return {};
                case Joint::Next: ++summary.entries; return {};
                case Joint::Broken: break;
            }
            return damaged(fmt::format("batch {} does not follow batch {}", row.count(0), last_seq_.load()));
        });
    if (!read) return pg::refuse(read.error());
    TRY(std::move(*read));
    if (last_seq_ != head || head < summary.snapshot_end)
        return damaged(fmt::format("the log ends at batch {}, batch {} was committed", last_seq_.load(), head));
    summary.last_seq = head;
    summary.bytes += appended_bytes_;
    return {};
}

/// False: the log does not go on from what was applied.
Result<bool> PostgresJournal::apply_new(Replay& replay) {
    for (int look = 0; look < 2; ++look) {
        bool any = false;
        bool broken = false;
        pg::Connection& connection = *TRY(log_connection());
        auto read = connection.stream(kReadEntries, Params().number(last_seq_.load()), kPatience,
                                      [&](const Row& row) -> Result<void> {
                                          any = true;
                                          broken = broken || TRY(join(row, replay)) == Joint::Broken;
                                          return {};
                                      });
        if (!read && read.error().lost) log_.reset();
        if (!read) return pg::refuse(read.error());
        if (!*read) {
            log_.reset();
            return std::unexpected(read->error());
        }
        if (broken) return false;
        if (any) return true;
        // Not even the last one applied. It may be known from a snapshot only, or there may never have been one.
        if (last_seq_ != 0 && sum_known_) return false;
        if (TRY(ask(kReadHead, Params()))[0].count(0) == last_seq_) return true;
        // The first one came between the two questions.
    }
    return false;
}

Result<std::optional<std::uint64_t>> PostgresJournal::tail(Replay& replay, milliseconds patience) {
    CHECK(loaded_);
    TRY(check_usable());
    const auto deadline = within(patience);
    const std::uint64_t before = last_seq_;
    for (milliseconds pause = kPollMin;; pause = std::min(2 * pause, kPollMax)) {
        if (!TRY(apply_new(replay))) return std::nullopt;
        const auto now = std::chrono::steady_clock::now();
        if (last_seq_ != before || epoch_ != 0 || now >= deadline) return last_seq_.load();
        const auto notified = log_->wait_notified(std::min<pg::Deadline>(now + pause, deadline));
        if (!notified) {
            log_.reset();
            return pg::refuse(notified.error());
        }
        if (*notified) return last_seq_.load();  // somebody resigned
    }
}

// ---- Leading -----------------------------------------------------------------------------------------------------

Result<bool> PostgresJournal::take_over(const std::string& address) {
    CHECK(loaded_);
    TRY(check_usable());
    auto took = try_take_over(address);
    if (!took || !*took) {
        // What is half done is undone with the connection; what was done is found by the next attempt.
        log_.reset();
        epoch_ = 0;
    }
    return took;
}

Result<bool> PostgresJournal::try_take_over(const std::string& address) {
    const std::int64_t asked = pg::boot_ms();
    TRY(script(fmt::format("BEGIN; SET LOCAL lock_timeout = {}", kTakeOverLockWait.count())));
    if (!TRY(ask(kLockLease, Params().text(options_.server)))[0].flag(0)) return false;
    const std::string name = leader_name(options_.schema);
    TRY(ask(kEndOldLeaders, Params().text(name)));
    // First the row that every commit changes: from here on nobody else's commit comes through.
    const Rows made = TRY(ask(kNewEpoch, Params()));
    const std::uint64_t epoch = made[0].count(0);
    const std::uint64_t seq = made[0].count(1);
    TRY(ask(kTakeLease,
            Params().number(epoch).text(options_.server).text(address).number(std::int64_t{options_.lease.count()})));
    TRY(script("COMMIT"));
    const bool confirmed = log_->warning().empty();
    TRY(script(fmt::format("SET application_name = '{}'; UNLISTEN *", name)));
    epoch_ = ever_ = epoch;
    if (!confirmed) TRY(confirm(seq, within(options_.patience)));
    const Rows bytes = TRY(ask(kBytesSince, Params().number(last_seq_.load())));
    appended_bytes_ = bytes[0].count(0);  // tail() adds the rest
    bytes_before_snapshot_ = 0;
    snapshot_bytes_ = bytes[0].count(1);
    lease_.hold(epoch, asked);
    return true;
}

Result<void> PostgresJournal::resign() {
    const std::uint64_t epoch = std::exchange(epoch_, 0);
    lease_.stop();
    log_.reset();
    if (epoch == 0) return {};
    return lease_.give_up(epoch);
}

Result<void> PostgresJournal::append(std::uint64_t seq, std::span<const std::byte> batch) {
    CHECK(loaded_);
    TRY(check_usable());
    CHECK(epoch_ != 0);
    CHECK(seq == last_seq_ + 1);
    CHECK(batch.size() <= kMaxBatchBytes);
    const std::uint32_t sum = sum_of(seq, epoch_, batch, sum_);
    TRY(commit(seq, batch, sum));
    sum_ = sum;
    last_seq_ = seq;
    appended_bytes_ += batch.size();
    return {};
}

Result<void> PostgresJournal::commit(std::uint64_t seq, std::span<const std::byte> batch, std::uint32_t sum) {
    const auto deadline = within(options_.patience);
    Params params;
    params.number(seq).number(epoch_).small(sum_).small(sum).bytes(batch);
    for (;;) {
        if (!log_) {
            // It may have been committed before the connection was lost, or may yet be; the head tells, and the commit
            // that comes second changes nothing.
            const auto head = read_head(deadline);
            if (!head) return poison(head.error().message);
            if (head->epoch != epoch_ || head->seq + 1 < seq || head->seq > seq) return deposed(*head);
            // After a crash the database shows what its standbys may not have.
            if (head->seq == seq) return confirm(seq, deadline);
        }
        const auto committed = log_->run(kCommit, params, deadline);
        if (!committed && !committed.error().lost) return poison(committed.error().message);
        if (committed && committed->changed() == 1) {
            if (log_->warning().empty()) return {};
            return confirm(seq, deadline);
        }
        if (!committed && std::chrono::steady_clock::now() >= deadline) return poison(committed.error().message);
        log_.reset();
    }
}

/// Until a transaction of ours that came after batch `seq` is where commits should be.
Result<void> PostgresJournal::confirm(std::uint64_t seq, pg::Deadline deadline) {
    for (;;) {
        std::string why;
        if (auto connected = log_connection(); !connected) {
            why = connected.error().message;
        } else {
            const auto confirmed = log_->run(kConfirm, Params().number(seq).number(epoch_), deadline);
            if (!confirmed && !confirmed.error().lost) return poison(confirmed.error().message);
            if (!confirmed) {
                log_.reset();
                why = confirmed.error().message;
            } else if (confirmed->changed() == 0) {
                const auto head = read_head(deadline);
                return head ? deposed(*head) : poison(head.error().message);
            } else if (log_->warning().empty()) {
                return {};
            } else {
                why = "the database warns: " + log_->warning();
            }
        }
        if (std::chrono::steady_clock::now() + kRetryPause >= deadline)
            return poison(fmt::format("batch {} is perhaps not where it should be: {}", seq, why));
        pause(kRetryPause);
    }
}

// ---- Snapshots and trimming --------------------------------------------------------------------------------------

/// On the connection that snapshots have to themselves. A slice that comes twice is refused, and ends the snapshot.
Result<Rows> PostgresJournal::ask_side(const Statement& statement, const Params& params) {
    return side_.ask(statement, params, kPatience);
}

Result<std::unique_ptr<SnapshotWriter>> PostgresJournal::begin_snapshot(std::uint64_t start_seq) {
    TRY(check_usable());
    CHECK(start_seq <= last_seq_);
    if (snapshot_open_.exchange(true))
        return refuse(ErrorCode::InUse, "a snapshot is already being written; finish it first");
    const std::uint64_t appended_bytes = appended_bytes_;
    const std::uint64_t epoch = ever_;
    auto begun = [&]() -> Result<std::int64_t> {
        TRY(ask_side(kDropUnfinished, Params().number(epoch)));
        return TRY(ask_side(kBeginSnapshot, Params().number(epoch).number(start_seq)))[0].number(0);
    }();
    if (!begun) {
        snapshot_open_ = false;
        return std::unexpected(std::move(begun).error());
    }
    return std::make_unique<PostgresSnapshotWriter>(*this, *begun, start_seq, appended_bytes);
}

PostgresSnapshotWriter::~PostgresSnapshotWriter() {
    if (!done_) (void)journal_.ask_side(kDropSnapshot, Params().number(id_));  // else the next one drops it
    journal_.snapshot_open_ = false;
}

Result<void> PostgresSnapshotWriter::write(std::span<const std::byte> slice) {
    CHECK(!done_);
    CHECK(slice.size() <= kMaxBatchBytes);
    TRY(journal_.check_usable());
    TRY(journal_.ask_side(kWriteSlice, Params().number(id_).number(slices_).small(crc32c(slice)).bytes(slice)));
    ++slices_;
    bytes_ += slice.size();
    return {};
}

Result<void> PostgresSnapshotWriter::finish(std::uint64_t end_seq) {
    CHECK(!done_);
    CHECK(end_seq >= start_);
    CHECK(end_seq <= journal_.last_seq_);
    TRY(journal_.check_usable());
    const Rows finished = TRY(journal_.ask_side(
        kFinishSnapshot,
        Params().number(id_).number(end_seq).number(slices_).number(bytes_).number(journal_.ever_.load())));
    if (finished.changed() != 1)
        return refuse(ErrorCode::FailedOperation, "the snapshot was dropped: another server leads now");
    done_ = true;
    journal_.bytes_before_snapshot_ = appended_bytes_;
    journal_.snapshot_bytes_ = bytes_;
    return {};
}

Result<void> PostgresJournal::trim() {
    CHECK(loaded_);
    TRY(check_usable());
    const Rows newest = TRY(ask_side(kReadSnapshot, Params()));
    if (newest.size() == 0) return {};
    const std::int64_t id = newest[0].number(0);
    const std::uint64_t start = newest[0].count(1);
    TRY(ask_side(kDropOldSnapshots, Params().number(id).number(newest[0].count(2))));
    while (TRY(ask_side(kTrimLog, Params().number(start).number(kRowsPerDelete))).changed() != 0) {
    }
    return {};
}

// ---- Opening -----------------------------------------------------------------------------------------------------

constexpr Statement kPublish{"publish", "UPDATE meta SET version = $1::int8 WHERE version = $2::int8"};
constexpr Statement kSafety{"safety", R"(
SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_standby_names'))"};

}  // namespace

Result<OpenedSharedJournal> open_postgres_journal(PostgresOptions options) {
    TRY(pg::check_conninfo(options.conninfo));
    if (options.server.empty()) options.server = SystemRng().text(20);
    OpenedSharedJournal opened;
    {
        auto connection = pg::Connection::open({options.conninfo, options.schema, "gse set-up " + options.schema});
        if (!connection) return pg::refuse(connection.error());
        opened.deployment = TRY(pg::settle_schema(**connection, {.schema = options.schema,
                                                                 .deployment = options.deployment,
                                                                 .create = options.create,
                                                                 .created = options.created,
                                                                 .draft = options.draft}));
        const auto safety = (*connection)->run(kSafety, Params(), within(kPatience));
        if (!safety) return pg::refuse(safety.error());
        if ((*safety)[0].text(0) != "on" || (*safety)[0].text(1) != "on")
            opened.warnings.push_back(
                "the database runs with fsync or full_page_writes off: a crash of its machine may lose everything");
    }
    opened.journal = std::make_unique<PostgresJournal>(std::move(options));
    return opened;
}

Result<void> publish_postgres_draft(const PostgresOptions& options) {
    pg::Asker asker({options.conninfo, options.schema, "gse set-up " + options.schema});
    const Rows published = TRY(
        asker.ask(kPublish, Params().number(std::int64_t{pg::kSchemaVersion}).number(pg::kDraftVersion), kPatience));
    if (published.changed() == 1) return {};
    return refuse(ErrorCode::FailedOperation, "the copy in the database vanished before it was finished");
}

}  // namespace gse::journal
