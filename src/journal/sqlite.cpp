#include "journal/sqlite.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>

#include "base/check.h"
#include "base/rng.h"
#include "journal/identity.h"
#include "journal/segment.h"
#include "journal/snapshot_file.h"

namespace gse::journal {
namespace {

/// What the directory holds by name; other names are none of our business.
struct Contents {
    std::vector<std::uint64_t> segments;  // ascending
    std::vector<SnapshotName> snapshots;  // newest first
};

Result<Contents> read_contents(FileSystem& files, const path& dir) {
    Contents contents;
    for (const std::string& name : TRY(files.list(dir))) {
        if (const auto segment = Segment::parse_file_name(name)) contents.segments.push_back(*segment);
        if (const auto snapshot = parse_snapshot_name(name)) contents.snapshots.push_back(*snapshot);
    }
    std::ranges::sort(contents.segments);
    std::ranges::sort(contents.snapshots, [](const SnapshotName& a, const SnapshotName& b) {
        return std::tie(b.end, b.start) < std::tie(a.end, a.start);
    });
    return contents;
}

/// Of the background, which so takes a fifth of a core; see paced_writes.h.
constexpr std::chrono::milliseconds kRestBetweenSteps{6};

/// A segment that is no longer, or not yet, appended to.
struct ClosedSegment {
    std::uint64_t number = 0;
    std::uint64_t first = 0;  // both 0 if it holds nothing
    std::uint64_t last = 0;
    bool settled = false;  // nobody works on it any more
};

/// What load() will do, decided before anything is replayed or changed.
struct Recovery {
    std::vector<ClosedSegment> chain;      // the unbroken run of segments that ends the log, ascending
    std::vector<std::uint64_t> left_over;  // needless segments before a gap: a trim that a power cut interrupted
    std::optional<SnapshotName> snapshot;
    std::vector<std::string> warnings;
};

class SqliteJournal;

class SqliteSnapshotWriter final : public SnapshotWriter {
public:
    SqliteSnapshotWriter(SqliteJournal& journal, SnapshotFileWriter file, std::uint64_t start,
                         std::uint64_t appended_bytes)
        : journal_(journal), file_(std::move(file)), start_(start), appended_bytes_(appended_bytes) {}
    ~SqliteSnapshotWriter() override;
    Result<void> write(std::span<const std::byte> slice) override;
    Result<void> finish(std::uint64_t end_seq) override;

private:
    /// The outcome of the first failure, or of finish().
    Result<void> settle(Result<void> outcome) {
        done_ = done_ || !outcome;
        return outcome;
    }

    SqliteJournal& journal_;
    SnapshotFileWriter file_;
    std::uint64_t start_;
    std::uint64_t appended_bytes_;
    bool done_ = false;
};

class SqliteJournal final : public Journal {
public:
    SqliteJournal(SqliteOptions options, std::unique_ptr<DirLock> lock, std::string deployment)
        : lock_(std::move(lock)),
          segment_bytes_(options.segment_bytes),
          home_{*options.files, std::move(options.dir), std::move(options.vfs), std::move(deployment)},
          background_(options.background) {}

    Result<LoadSummary> load(Replay& replay) override;
    Result<void> append(std::uint64_t seq, std::span<const std::byte> batch) override;
    Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(std::uint64_t start_seq) override;
    Result<void> trim() override;

    [[nodiscard]] std::uint64_t bytes_since_snapshot() const override {
        return appended_bytes_.load(std::memory_order_relaxed) - bytes_before_snapshot_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t snapshot_bytes() const override {
        return snapshot_bytes_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] Result<std::uint64_t> free_disk_bytes() const override { return home_.files.free_bytes(home_.dir); }

private:
    friend class SqliteSnapshotWriter;

    Result<Recovery> plan_recovery();
    Result<std::vector<ClosedSegment>> survey(std::span<const std::uint64_t> numbers);
    Result<void> make_live(const Recovery& recovery);

    Result<void> check_usable();
    std::unexpected<Error> poison(Error cause);

    /// Committer: moves on to the next segment if the live one is full and the next is ready, or waits if it must.
    Result<void> roll_if_full();
    void request_next();
    void request_next_in_time(bool now);
    std::uint64_t bytes_to_lay_down();

    // Jobs of the background thread.
    void prepare_next(std::uint64_t number);
    Result<std::unique_ptr<Segment>> make_next(std::uint64_t number);
    void settle(std::unique_ptr<Segment> segment);
    Result<void> trim_now();

    const std::unique_ptr<DirLock> lock_;
    const std::uint64_t segment_bytes_;
    const SegmentHome home_;

    // The committer's.
    std::unique_ptr<Segment> live_;
    bool next_requested_ = false;
    std::uint64_t next_request_at_ = 0;  // bytes of the live segment; 0: at half of its size
    bool loaded_ = false;

    std::atomic<std::uint64_t> last_seq_ = 0;  // durable
    std::atomic<std::uint64_t> appended_bytes_ = 0;
    std::atomic<std::uint64_t> snapshot_bytes_ = 0;         // of the newest one
    std::atomic<std::uint64_t> bytes_before_snapshot_ = 0;  // of appended_bytes_, when the newest snapshot began

    std::mutex mutex_;
    std::condition_variable changed_;
    std::unique_ptr<Segment> next_;
    std::optional<Error> no_room_;       // why the last attempt to make the next segment came to nothing
    std::vector<ClosedSegment> closed_;  // ascending
    std::vector<std::uint64_t> left_over_;
    std::uint64_t live_number_ = 0;
    bool live_is_empty_ = true;
    std::optional<SnapshotName> newest_snapshot_;
    bool snapshot_open_ = false;
    std::optional<Error> failure_;

    const Rest rest_ = [this] { background_.rest(kRestBetweenSteps); };
    Background background_;  // last: its thread ends before the others go
};

// ---- Recovery ----------------------------------------------------------------------------------------------------

Result<std::vector<ClosedSegment>> SqliteJournal::survey(std::span<const std::uint64_t> numbers) {
    std::vector<ClosedSegment> chain;
    std::uint64_t last = 0;
    for (const std::uint64_t number : numbers) {
        const auto segment = TRY(Segment::open(home_, number));
        const auto file = home_.dir / Segment::file_name(number);
        if (!chain.empty() && chain.back().last == 0)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} is damaged: it holds nothing, although {} follows it. Nothing was changed; "
                                      "restore the data directory from a copy",
                                      (home_.dir / Segment::file_name(chain.back().number)).string(),
                                      Segment::file_name(number)));
        if (last != 0 && segment->first_seq() != 0 && segment->first_seq() != last + 1)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("batches {} to {} are missing before {}: a segment is damaged. Nothing was "
                                      "changed; restore the data directory from a copy",
                                      last + 1, segment->first_seq() - 1, file.string()));
        // Damage that hides rows shows in the middle of the chain as a gap; at its end only a close look finds it.
        if (number == numbers.back() || number + 1 == numbers.back()) TRY(segment->check());
        if (segment->last_seq() != 0) last = segment->last_seq();
        chain.push_back({number, segment->first_seq(), segment->last_seq(), !segment->has_wal()});
    }
    return chain;
}

Result<Recovery> SqliteJournal::plan_recovery() {
    const Contents contents = TRY(read_contents(home_.files, home_.dir));
    if (contents.segments.empty())
        return refuse(
            ErrorCode::FailedOperation,
            fmt::format("{} has no log files any more; restore the data directory from a copy", home_.dir.string()));
    Recovery recovery;
    std::size_t run = contents.segments.size() - 1;
    while (run > 0 && contents.segments[run - 1] + 1 == contents.segments[run]) --run;
    recovery.left_over.assign(contents.segments.begin(), contents.segments.begin() + static_cast<std::ptrdiff_t>(run));
    recovery.chain = TRY(survey(std::span(contents.segments).subspan(run)));

    std::uint64_t first = recovery.chain.front().first;
    std::uint64_t last = 0;
    for (const ClosedSegment& segment : recovery.chain) last = std::max(last, segment.last);

    std::string damage;
    for (const SnapshotName& candidate : contents.snapshots) {
        const auto whole = read_snapshot(home_.files, home_.dir, candidate, home_.deployment, {});
        if (!whole) {
            damage += whole.error().message + "; ";
            continue;
        }
        if (last < candidate.end)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("the log in {} ends at batch {}, but {} needs it through {}: the newest log "
                                      "files are missing. Nothing was changed; restore the data directory from a copy",
                                      home_.dir.string(), last, to_file_name(candidate), candidate.end));
        recovery.snapshot = candidate;
        break;
    }
    const std::uint64_t needed = recovery.snapshot ? recovery.snapshot->start + 1 : 1;
    if (first > needed)
        return refuse(
            ErrorCode::FailedOperation,
            fmt::format("{}the log in {} begins at batch {}, but batch {} is needed{}. Nothing was changed; "
                        "restore the data directory from a copy",
                        damage, home_.dir.string(), first, needed,
                        run > 0 ? fmt::format(": {} is missing", Segment::file_name(contents.segments[run] - 1))
                                : std::string()));
    if (!damage.empty()) recovery.warnings.push_back(damage + "an older snapshot or the whole log was used instead");
    return recovery;
}

Result<LoadSummary> SqliteJournal::load(Replay& replay) {
    CHECK(!loaded_);
    Recovery recovery = TRY(plan_recovery());
    LoadSummary summary;
    if (recovery.snapshot) {
        summary.snapshot_start = recovery.snapshot->start;
        summary.snapshot_end = recovery.snapshot->end;
        TRY(read_snapshot(home_.files, home_.dir, *recovery.snapshot, home_.deployment,
                          [&](std::span<const std::byte> slice) -> Result<void> {
                              snapshot_bytes_ += slice.size();
                              return replay.snapshot_slice(slice);
                          }));
        summary.bytes = snapshot_bytes_;
    }
    for (const ClosedSegment& piece : recovery.chain) {
        summary.last_seq = std::max(summary.last_seq, piece.last);
        if (piece.last <= summary.snapshot_start) continue;
        const auto segment = TRY(Segment::open(home_, piece.number));
        TRY(segment->read(summary.snapshot_start, [&](std::uint64_t seq, std::span<const std::byte> batch) {
            ++summary.entries;
            summary.bytes += batch.size();
            appended_bytes_ += batch.size();
            return replay.entry(seq, batch);
        }));
    }
    last_seq_ = summary.last_seq;
    TRY(make_live(recovery));
    summary.warnings = std::move(recovery.warnings);
    loaded_ = true;
    return summary;
}

/// From here on the directory is known to be whole and ours, and may be written to.
Result<void> SqliteJournal::make_live(const Recovery& recovery) {
    TRY(home_.files.remove(home_.dir / kSnapshotTempName));  // what a crash interrupted
    auto chain = recovery.chain;
    const bool spare = chain.size() > 1 && chain.back().last == 0;  // created ahead, not yet used
    const std::uint64_t spare_number = chain.back().number;
    if (spare) chain.pop_back();
    live_ = TRY(Segment::open(home_, chain.back().number));
    TRY(live_->prepare(bytes_to_lay_down()));
    chain.pop_back();
    std::vector<std::uint64_t> unsettled;
    for (const ClosedSegment& piece : chain)
        if (!piece.settled) unsettled.push_back(piece.number);
    {
        const std::lock_guard lock(mutex_);
        closed_ = std::move(chain);
        left_over_ = recovery.left_over;
        live_number_ = live_->number();
        live_is_empty_ = live_->last_seq() == 0;
        newest_snapshot_ = recovery.snapshot;
    }
    if (!unsettled.empty())
        background_.post([this, unsettled] {
            for (const std::uint64_t number : unsettled) {
                auto segment = Segment::open(home_, number);
                if (!segment) return (void)poison(std::move(segment).error());
                settle(std::move(*segment));
            }
        });
    if (spare) {
        next_requested_ = true;
        background_.post([this, spare_number] { prepare_next(spare_number); });
    }
    return check_usable();
}

// ---- Append and roll ---------------------------------------------------------------------------------------------

Result<void> SqliteJournal::check_usable() {
    const std::lock_guard lock(mutex_);
    if (failure_) return std::unexpected(*failure_);
    return {};
}

std::unexpected<Error> SqliteJournal::poison(Error cause) {
    const std::lock_guard lock(mutex_);
    if (!failure_)
        failure_ = Error{cause.code,
                         fmt::format("the journal stopped: {}; see to the disk and restart the server", cause.message)};
    changed_.notify_all();
    return std::unexpected(*failure_);
}

Result<void> SqliteJournal::append(std::uint64_t seq, std::span<const std::byte> batch) {
    CHECK(loaded_);
    TRY(check_usable());
    CHECK(seq == last_seq_ + 1);
    CHECK(batch.size() <= kMaxBatchBytes);
    TRY(roll_if_full());
    if (auto done = live_->append(seq, batch); !done) return poison(std::move(done).error());
    if (live_->first_seq() == seq) {
        const std::lock_guard lock(mutex_);
        live_is_empty_ = false;
    }
    last_seq_ = seq;
    appended_bytes_ += batch.size();
    request_next_in_time(false);
    return {};
}

/// At half of the live segment; after an attempt for which the disk had no room, again an eighth later.
void SqliteJournal::request_next_in_time(bool now) {
    if (next_requested_) {
        const std::lock_guard lock(mutex_);
        if (!no_room_) return;
        no_room_.reset();
        next_requested_ = false;
        next_request_at_ = live_->bytes() + segment_bytes_ / 8;
    }
    if (now || live_->bytes() >= std::max(segment_bytes_ / 2, next_request_at_)) request_next();
}

void SqliteJournal::request_next() {
    next_requested_ = true;
    background_.post([this, number = live_->number() + 1] { prepare_next(number); });
}

Result<void> SqliteJournal::roll_if_full() {
    if (live_->bytes() < segment_bytes_ || live_->last_seq() == 0) return {};
    // The next one is usually ready. If the disk is slow or full, go on in this one, but not without end.
    const bool must = live_->bytes() >= 2 * segment_bytes_;
    request_next_in_time(must);
    std::unique_ptr<Segment> full;
    {
        std::unique_lock lock(mutex_);
        if (!next_) background_.hurry();
        if (must) changed_.wait(lock, [this] { return next_ || failure_ || no_room_; });
        if (failure_) return std::unexpected(*failure_);
        if (!next_) {
            if (!must) return {};
            Error cause = *no_room_;
            lock.unlock();
            return poison(std::move(cause));
        }
        closed_.push_back({live_->number(), live_->first_seq(), live_->last_seq(), false});
        full = std::exchange(live_, std::move(next_));
        live_number_ = live_->number();
        live_is_empty_ = true;
    }
    next_requested_ = false;
    next_request_at_ = 0;
    background_.post([this, full = std::move(full)]() mutable { settle(std::move(full)); });
    return check_usable();
}

std::uint64_t SqliteJournal::bytes_to_lay_down() {
    // Laying down is for speed only: not when the disk is short.
    const auto free = home_.files.free_bytes(home_.dir);
    return free && *free > 8 * segment_bytes_ ? segment_bytes_ : 0;
}

Result<std::unique_ptr<Segment>> SqliteJournal::make_next(std::uint64_t number) {
    const Contents contents = TRY(read_contents(home_.files, home_.dir));
    if (!std::ranges::binary_search(contents.segments, number)) TRY(Segment::create(home_, number));
    auto segment = TRY(Segment::open(home_, number));
    CHECK(segment->last_seq() == 0);
    TRY(segment->prepare(bytes_to_lay_down(), rest_));
    return segment;
}

void SqliteJournal::prepare_next(std::uint64_t number) {
    auto segment = make_next(number);
    if (!segment && segment.error().code == ErrorCode::Insufficient) {
        // Nothing is lost by that: it holds nothing yet. What a full disk left of it is not built upon.
        if (auto removed = Segment::remove(home_, number); !removed) return (void)poison(std::move(removed).error());
        const std::lock_guard lock(mutex_);
        no_room_ = std::move(segment).error();
        return changed_.notify_all();
    }
    if (!segment) return (void)poison(std::move(segment).error());
    const std::lock_guard lock(mutex_);
    next_ = std::move(*segment);
    changed_.notify_all();
}

void SqliteJournal::settle(std::unique_ptr<Segment> segment) {
    const std::uint64_t number = segment->number();
    auto done = segment->settle(rest_);
    segment.reset();
    if (done) done = Segment::retire_wal(home_, number, bytes_to_lay_down() > 0);
    // For want of room it may stay as it is: a trim removes it, or the next start settles it.
    if (!done && done.error().code != ErrorCode::Insufficient) return (void)poison(std::move(done).error());
    const std::lock_guard lock(mutex_);
    for (ClosedSegment& closed : closed_)
        if (closed.number == number) closed.settled = true;
}

// ---- Snapshots and trimming --------------------------------------------------------------------------------------

Result<std::unique_ptr<SnapshotWriter>> SqliteJournal::begin_snapshot(std::uint64_t start_seq) {
    TRY(check_usable());
    CHECK(start_seq <= last_seq_);
    {
        const std::lock_guard lock(mutex_);
        if (snapshot_open_) return refuse(ErrorCode::InUse, "a snapshot is already being written; finish it first");
        snapshot_open_ = true;
    }
    const std::uint64_t appended_bytes = appended_bytes_;
    auto file = SnapshotFileWriter::create(home_.files, home_.dir, home_.deployment, start_seq);
    if (!file) {
        const std::lock_guard lock(mutex_);
        snapshot_open_ = false;
        return std::unexpected(std::move(file).error());
    }
    return std::make_unique<SqliteSnapshotWriter>(*this, std::move(*file), start_seq, appended_bytes);
}

SqliteSnapshotWriter::~SqliteSnapshotWriter() {
    file_.abandon();
    const std::lock_guard lock(journal_.mutex_);
    journal_.snapshot_open_ = false;
}

Result<void> SqliteSnapshotWriter::write(std::span<const std::byte> slice) {
    CHECK(!done_);
    CHECK(slice.size() <= kMaxBatchBytes);
    TRY(journal_.check_usable());
    return settle(file_.write(slice));
}

Result<void> SqliteSnapshotWriter::finish(std::uint64_t end_seq) {
    CHECK(!done_);
    CHECK(end_seq >= start_ && end_seq <= journal_.last_seq_);
    TRY(journal_.check_usable());
    done_ = true;
    const SnapshotName name = TRY(file_.finish(end_seq));
    const std::lock_guard lock(journal_.mutex_);
    journal_.newest_snapshot_ = name;
    journal_.bytes_before_snapshot_ = appended_bytes_;
    journal_.snapshot_bytes_ = file_.bytes();
    return {};
}

Result<void> SqliteJournal::trim() {
    CHECK(loaded_);
    TRY(check_usable());
    // Behind whatever the background still does to the segments.
    std::promise<Result<void>> promise;
    auto outcome = promise.get_future();
    background_.post([this, &promise] { promise.set_value(trim_now()); });
    return outcome.get();
}

Result<void> SqliteJournal::trim_now() {
    std::vector<std::uint64_t> needless;
    SnapshotName newest;
    {
        const std::lock_guard lock(mutex_);
        if (!newest_snapshot_) return {};
        newest = *newest_snapshot_;
        needless = left_over_;
        // The segment with the last entry stays, so that the log itself always tells how far it goes.
        const std::size_t candidates = closed_.size() - (live_is_empty_ && !closed_.empty() ? 1 : 0);
        for (std::size_t i = 0; i < candidates && closed_[i].settled && closed_[i].last <= newest.start; ++i)
            needless.push_back(closed_[i].number);
    }
    for (const SnapshotName& name : TRY(read_contents(home_.files, home_.dir)).snapshots)
        if (name != newest && name.end <= newest.end) TRY(home_.files.remove(home_.dir / to_file_name(name)));
    for (const std::uint64_t number : needless) TRY(Segment::remove(home_, number));
    TRY(home_.files.sync_dir(home_.dir));
    const std::lock_guard lock(mutex_);
    left_over_.clear();
    std::erase_if(closed_, [&](const ClosedSegment& closed) { return std::ranges::count(needless, closed.number); });
    return {};
}

// ---- Opening -----------------------------------------------------------------------------------------------------

/// The deployment that a creation interrupted by a power cut had chosen; nullopt if nothing is there yet. A first
/// segment is written before the identity, so that an identity without segments always means that files are missing.
Result<std::optional<std::string>> interrupted_creation(const SegmentHome& home) {
    const Contents contents = TRY(read_contents(home.files, home.dir));
    if (contents.segments.empty() && contents.snapshots.empty()) return std::nullopt;
    if (contents.snapshots.empty() && contents.segments == std::vector<std::uint64_t>{1}) {
        const SegmentHome any{home.files, home.dir, home.vfs, {}};
        const auto segment = TRY(Segment::open(any, 1));
        if (segment->last_seq() == 0) return segment->deployment();
    }
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("{} holds a journal, but its identity.toml is missing. Nothing was changed; restore the "
                              "file, or use another data directory",
                              home.dir.string()));
}

Result<std::string> settle_identity(const SqliteOptions& options) {
    FileSystem& files = *options.files;
    const auto foreign = [&](std::string_view found) {
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} belongs to deployment {}, not to {}. Nothing was changed; use another data "
                                  "directory",
                                  options.dir.string(), found, options.deployment));
    };
    if (const auto identity = TRY(read_identity(files, options.dir))) {
        if (!options.deployment.empty() && identity->deployment != options.deployment)
            return foreign(identity->deployment);
        return identity->deployment;
    }
    SegmentHome home{files, options.dir, options.vfs, options.deployment};
    const auto begun = TRY(interrupted_creation(home));
    if (!options.create)
        return refuse(ErrorCode::NotFound,
                      fmt::format("{} holds no journal; give the data directory of a server", options.dir.string()));
    if (begun && !home.deployment.empty() && *begun != home.deployment) return foreign(*begun);
    if (begun) home.deployment = *begun;
    if (home.deployment.empty()) home.deployment = SystemRng().text(20);
    if (!begun) TRY(Segment::create(home, 1));
    TRY(write_identity(files, options.dir, {home.deployment, format_utc(options.created)}));
    return home.deployment;
}

}  // namespace

Result<OpenedJournal> open_sqlite_journal(SqliteOptions options) {
    if (options.files == nullptr) options.files = &posix_file_system();
    CHECK(options.deployment.empty() || valid_deployment(options.deployment));
    CHECK(options.segment_bytes > 0);
    if (options.create) TRY(options.files->make_dir(options.dir));
    auto lock = TRY(options.files->lock(options.dir / "lock"));
    std::string deployment = TRY(settle_identity(options));
    auto journal = std::make_unique<SqliteJournal>(std::move(options), std::move(lock), deployment);
    return OpenedJournal{std::move(journal), std::move(deployment)};
}

}  // namespace gse::journal
