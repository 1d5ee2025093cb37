/// Power cuts and disk errors at every step: what was acknowledged is there, whole and in order; what was not is
/// wholly there or not at all.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

#include "journal/fault_disk.h"
#include "journal/fault_vfs.h"
#include "journal/paced_writes.h"
#include "journal/segment.h"
#include "journal/sqlite.h"
#include "journal/test_support.h"

namespace gse::journal {
namespace {

constexpr char kDir[] = "/disk";

/// Seeds per test; GSE_JOURNAL_SEEDS for a longer run.
std::uint64_t seeds(std::uint64_t otherwise) {
    const char* text = std::getenv("GSE_JOURNAL_SEEDS");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// A server that appends, snapshots and trims on a bad disk, and what it was told.
class World {
public:
    World(std::uint64_t seed, BackgroundMode background)
        : seed_(seed), background_(background), disk(seed), vfs_(disk), rng_(seed + 1) {
        sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed % 1'000'000 + 1), nullptr);
    }

    /// Opens, loads, and compares with what was acknowledged. False if the disk did not let it.
    bool start() {
        journal_.reset();
        auto opened = open_sqlite_journal({.dir = kDir,
                                           .create = true,
                                           .deployment = "test",
                                           .segment_bytes = 150'000,
                                           .files = &disk,
                                           .vfs = vfs_.name(),
                                           .background = background_});
        if (!opened) return note(opened.error());
        journal_ = std::move(opened->journal);
        Recorder seen;
        const auto summary = journal_->load(seen);
        if (!summary) return note(summary.error());
        for (const std::string& warning : summary->warnings) warnings.push_back(warning);
        compare(*summary, seen);
        last_ = summary->last_seq;
        in_flight_ = false;
        return true;
    }

    /// False if the journal refused.
    bool append() {
        in_flight_ = true;
        size_[last_ + 1] = static_cast<std::size_t>(rng_.below(10) == 0 ? rng_.below(120'000) : rng_.below(2'000));
        if (const auto done = journal_->append(last_ + 1, batch(last_ + 1)); !done) {
            note(done.error());
            expect_poisoned();
            return false;
        }
        in_flight_ = false;
        ++last_;
        return true;
    }

    /// Works for `steps` or until the journal refuses. False if it refused.
    bool work(int steps) {
        for (int step = 0; step < steps; ++step) {
            const std::uint64_t dice = rng_.below(100);
            if (dice < 80) {
                if (!append()) return false;
            } else if (dice < 94) {
                if (const auto done = snapshot(); !done) note(done.error());
            } else if (const auto done = journal_->trim(); !done) {
                note(done.error());
            }
        }
        return true;
    }

    void power_cut() {
        journal_.reset();
        disk.crash();
    }
    void kill() {
        journal_.reset();
        disk.restart();
    }
    [[nodiscard]] std::uint64_t last() const { return last_; }

private:
    std::uint64_t seed_;
    BackgroundMode background_;

public:
    FaultDisk disk;
    std::vector<std::string> errors;
    std::vector<std::string> warnings;

private:
    bool note(const Error& error) {
        EXPECT_FALSE(error.message.empty());
        errors.push_back(error.message);
        return false;
    }

    [[nodiscard]] Bytes batch(std::uint64_t seq) { return batch_of(seq, size_[seq], seed_); }

    Result<void> snapshot() {
        const std::uint64_t start = last_;
        auto writer = TRY(journal_->begin_snapshot(start));
        TRY(writer->write(batch_of(start, 1000, ~seed_)));
        if (rng_.below(5) == 0) return {};  // abandoned
        TRY(writer->write(batch_of(start, 5, ~seed_)));
        return writer->finish(start);
    }

    void expect_poisoned() {
        EXPECT_FALSE(journal_->append(last_ + 1, {}));
        EXPECT_FALSE(journal_->begin_snapshot(0));
        EXPECT_FALSE(journal_->trim());
    }

    void compare(const LoadSummary& summary, const Recorder& seen) {
        ASSERT_GE(summary.last_seq, last_) << "acknowledged batches are lost";
        ASSERT_LE(summary.last_seq, last_ + (in_flight_ ? 1 : 0)) << "batches from nowhere";
        ASSERT_EQ(seen.entries.size(), summary.last_seq - summary.snapshot_start);
        for (const auto& [seq, bytes] : seen.entries) ASSERT_EQ(bytes, batch(seq)) << "batch " << seq;
        if (!seen.slices.empty()) {
            const std::uint64_t start = summary.snapshot_start;
            ASSERT_EQ(seen.slices, (std::vector<Bytes>{batch_of(start, 1000, ~seed_), batch_of(start, 5, ~seed_)}));
        }
    }

    FaultVfs vfs_;
    SeededRng rng_;
    std::unique_ptr<Journal> journal_;
    std::uint64_t last_ = 0;  // acknowledged
    bool in_flight_ = false;
    std::map<std::uint64_t, std::size_t> size_;
};

TEST(JournalFaults, ASegmentIsSettledInSmallSteps) {
    FaultDisk disk(1);
    const FaultVfs vfs(disk);
    ASSERT_OK(disk.make_dir(kDir));
    const SegmentHome home{disk, kDir, vfs.name(), "test"};
    ASSERT_OK(Segment::create(home, 1));
    auto segment = Segment::open(home, 1);
    ASSERT_OK(segment);
    ASSERT_OK((*segment)->prepare(0));
    constexpr std::uint64_t kBatches = 64;
    constexpr std::size_t kBatchBytes = 100'000;
    for (std::uint64_t seq = 1; seq <= kBatches; ++seq) ASSERT_OK((*segment)->append(seq, batch_of(seq, kBatchBytes)));
    const std::uint64_t before = disk.calls(DiskOp::Sync);
    ASSERT_OK((*segment)->settle());
    EXPECT_GE(disk.calls(DiskOp::Sync) - before, kBatches * kBatchBytes / kSyncStepBytes);
}

void power_cuts(BackgroundMode background, std::uint64_t seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(seed, background);
    SeededRng rng(seed * 31);
    for (int cut = 0; cut < 4; ++cut) {
        // Sometimes already while it opens, recovers or creates.
        world.disk.cut_power_after(1 + rng.below(rng.chance(0.4) ? 30 : 400));
        if (world.start()) world.work(120);
        world.power_cut();
        ASSERT_TRUE(world.start()) << "refused to open after a power cut: " << world.errors.back();
        ASSERT_FALSE(testing::Test::HasFailure());
        if (rng.chance(0.5)) {
            ASSERT_TRUE(world.work(20)) << world.errors.back();
        }
        rng.chance(0.5) ? world.power_cut() : world.kill();  // while idle: nothing may be lost either way
    }
    ASSERT_TRUE(world.start());
    EXPECT_EQ(world.warnings, std::vector<std::string>{}) << "a power cut damages nothing";
}

TEST(JournalFaults, PowerCutsLoseNothingAcknowledged) {
    for (std::uint64_t seed = 1; seed <= seeds(150); ++seed) {
        power_cuts(BackgroundMode::Inline, seed);
        if (HasFailure()) return;
    }
}

TEST(JournalFaults, PowerCutsLoseNothingAcknowledgedWithTheBackgroundThread) {
    for (std::uint64_t seed = 1; seed <= seeds(50); ++seed) {
        power_cuts(BackgroundMode::Thread, 1'000'000 + seed);
        if (HasFailure()) return;
    }
}

/// What a full disk interrupts beside the commits is repeated, and nobody needs to know.
bool may_pass_unseen(DiskFault fault) { return fault != DiskFault::Io; }

/// The workload with one error in it, then a restart or a power cut. Returns whether the error struck.
bool one_error(std::uint64_t seed, DiskOp op, std::uint64_t nth, DiskFault fault, bool during_second_start) {
    SCOPED_TRACE(fmt::format("seed {}, {} number {}, fault {}{}", seed, name_of(op), nth, static_cast<int>(fault),
                             during_second_start ? ", second start" : ""));
    World world(seed, BackgroundMode::Inline);
    if (during_second_start) {
        EXPECT_TRUE(world.start() && world.work(60));
        world.kill();
    }
    world.disk.inject(op, nth, fault);
    if (world.start()) world.work(60);
    const bool struck = world.disk.fault_has_struck();
    // What goes wrong beside the last commit is told by the next one.
    if (struck && world.errors.empty()) world.append();
    // Only an abandoned snapshot may fail to be removed unseen: the next one begins by removing it.
    if (op != DiskOp::Remove) {
        EXPECT_TRUE(struck || world.errors.empty()) << "an error out of nothing";
        EXPECT_TRUE(!struck || !world.errors.empty() || may_pass_unseen(fault)) << "an error nobody was told of";
    }
    seed % 2 == 0 ? world.power_cut() : world.kill();
    EXPECT_TRUE(world.start()) << world.errors.back();
    EXPECT_TRUE(world.work(20)) << world.errors.back();
    world.kill();
    EXPECT_TRUE(world.start()) << world.errors.back();
    return struck;
}

struct ErrorCase {
    DiskOp op;
    DiskFault fault;
};

class JournalErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(JournalErrors, AtEveryCallAreToldAndLoseNothingAcknowledged) {
    const auto [op, fault] = GetParam();
    std::uint64_t struck = 0;
    const std::uint64_t rounds = std::max<std::uint64_t>(1, seeds(2) / 2);
    for (std::uint64_t round = 0; round < rounds; ++round)
        for (const bool second_start : {false, true})
            for (std::uint64_t nth = 1;; ++nth) {
                const bool hit = one_error(round * 7919 + nth, op, nth, fault, second_start);
                if (HasFailure()) return;
                if (!hit) break;  // the workload makes fewer such calls
                ++struck;
                if (nth > 12) nth += nth / 6;  // the beginning call by call, then samples
            }
    EXPECT_GT(struck, 3u);
}

constexpr ErrorCase kErrors[] = {
    {DiskOp::Open, DiskFault::Io},     {DiskOp::Read, DiskFault::Io},          {DiskOp::Write, DiskFault::Io},
    {DiskOp::Write, DiskFault::Full},  {DiskOp::Write, DiskFault::ShortWrite}, {DiskOp::Truncate, DiskFault::Io},
    {DiskOp::Sync, DiskFault::Io},     {DiskOp::Sync, DiskFault::Full},        {DiskOp::Rename, DiskFault::Io},
    {DiskOp::Rename, DiskFault::Full}, {DiskOp::Remove, DiskFault::Io},        {DiskOp::SyncDir, DiskFault::Io},
    {DiskOp::Open, DiskFault::Full},
};

std::string error_name(const testing::TestParamInfo<ErrorCase>& info) {
    static constexpr const char* kFaults[] = {"Io", "Full", "Short"};
    return fmt::format("{}_{}", name_of(info.param.op), kFaults[static_cast<std::size_t>(info.param.fault)]);
}
INSTANTIATE_TEST_SUITE_P(Every, JournalErrors, testing::ValuesIn(kErrors), error_name);

/// A disk that is full for a while when the next segment is to be made: commits go on in the live one.
TEST(FullDisk, IsSurvivedByRepeatingWhatItInterrupted) {
    std::uint64_t struck = 0;
    for (std::uint64_t nth = 1; nth <= 20; ++nth)
        for (const DiskOp op : {DiskOp::Open, DiskOp::Rename}) {
            SCOPED_TRACE(fmt::format("{} number {}", name_of(op), nth));
            World world(nth, BackgroundMode::Inline);
            ASSERT_TRUE(world.start());
            world.disk.inject(op, nth, DiskFault::Full);
            // Appends open and rename nothing: only making the next segment does.
            for (int i = 0; i < 200; ++i) ASSERT_TRUE(world.append()) << world.errors.back();
            struck += world.disk.fault_has_struck();
            nth % 2 == 0 ? world.power_cut() : world.kill();
            ASSERT_TRUE(world.start());
            ASSERT_TRUE(world.work(20)) << world.errors.back();
        }
    EXPECT_GT(struck, 10u) << "the disk was never full while a segment was made";
}

/// The tests above are only as good as the disk: these show that it takes what was not synced, and only that.
TEST(FaultDisk, TakesWhatWasNotSynced) {
    bool lost = false, kept = false, name_lost = false;
    for (std::uint64_t seed = 1; seed < 100; ++seed) {
        FaultDisk disk(seed);
        {
            auto file = disk.open("/disk/a", OpenMode::Create);
            ASSERT_OK(file);
            ASSERT_OK((*file)->write_at(0, text_bytes("synced")));
            ASSERT_OK((*file)->sync());
            ASSERT_OK(disk.sync_dir(kDir));
            ASSERT_OK((*file)->write_at(0, text_bytes("SYNCED")));
            ASSERT_OK(disk.open("/disk/b", OpenMode::Create));
        }
        disk.crash();
        const auto image = disk.image();
        lost |= image.at("/disk/a") == text_bytes("synced");
        kept |= image.at("/disk/a") == text_bytes("SYNCED");
        name_lost |= !image.contains("/disk/b");
    }
    EXPECT_TRUE(lost && kept && name_lost);
}

}  // namespace
}  // namespace gse::journal
