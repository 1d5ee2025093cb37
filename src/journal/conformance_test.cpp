/// What every journal promises, told once and run on each.
#include "journal/memory.h"
#include "journal/postgres_test_support.h"
#include "journal/sole_leader.h"
#include "journal/sqlite.h"
#include "journal/test_support.h"

namespace gse::journal {
namespace {

/// A place where journals of one kind can be opened again and again, as restarts of one server.
class Place {
public:
    virtual ~Place() = default;
    virtual std::unique_ptr<Journal> open() = 0;
};

class MemoryPlace final : public Place {
public:
    std::unique_ptr<Journal> open() override { return open_memory_journal(disk_); }

private:
    MemoryDisk disk_;
};

class SqlitePlace final : public Place {
public:
    SqlitePlace(std::uint64_t segment_bytes, BackgroundMode background)
        : segment_bytes_(segment_bytes), background_(background) {}
    std::unique_ptr<Journal> open() override {
        auto opened = open_sqlite_journal({.dir = dir_.path() / "journal",
                                           .create = true,
                                           .segment_bytes = segment_bytes_,
                                           .background = background_});
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? std::move(opened->journal) : nullptr;
    }

private:
    TempFolder dir_ = TempFolder::make("gse-journal").value();
    std::uint64_t segment_bytes_;
    BackgroundMode background_;
};

class PostgresPlace final : public Place {
public:
    std::unique_ptr<Journal> open() override {
        auto shared = open_test_journal({.conninfo = test_database(), .schema = schema_, .server = "server"});
        return shared ? make_sole_leader(std::move(shared), "server:7070") : nullptr;
    }

private:
    const std::string schema_ = fresh_schema();
};

struct Kind {
    const char* name;
    std::unique_ptr<Place> (*make)();
};

const Kind kKinds[] = {
    {"Memory", [] { return std::unique_ptr<Place>(std::make_unique<MemoryPlace>()); }},
    {"Sqlite", [] { return std::unique_ptr<Place>(std::make_unique<SqlitePlace>(16 << 20, BackgroundMode::Thread)); }},
    {"SqliteTinySegments",
     [] { return std::unique_ptr<Place>(std::make_unique<SqlitePlace>(200 << 10, BackgroundMode::Thread)); }},
    {"SqliteTinySegmentsInline",
     [] { return std::unique_ptr<Place>(std::make_unique<SqlitePlace>(200 << 10, BackgroundMode::Inline)); }},
    {"Postgres", [] { return std::unique_ptr<Place>(std::make_unique<PostgresPlace>()); }},
};

class JournalTest : public testing::TestWithParam<Kind> {
protected:
    /// Restarts: the journal of before is gone.
    LoadSummary reopen() {
        journal.reset();
        journal = place->open();
        replayed = Recorder();
        auto summary = journal->load(replayed);
        EXPECT_TRUE(summary) << summary.error().message;
        return summary.value_or(LoadSummary{});
    }
    void append(std::uint64_t from, std::uint64_t to, std::size_t size = 100) {
        for (std::uint64_t seq = from; seq <= to; ++seq) ASSERT_OK(journal->append(seq, batch_of(seq, size)));
    }
    void expect_entries(std::uint64_t from, std::uint64_t to, std::size_t size = 100) {
        ASSERT_EQ(replayed.entries.size(), to + 1 - from);
        for (std::uint64_t seq = from; seq <= to; ++seq) EXPECT_EQ(replayed.entries[seq], batch_of(seq, size)) << seq;
    }
    void snapshot(std::uint64_t start, std::uint64_t end, std::initializer_list<const char*> slices) {
        auto writer = journal->begin_snapshot(start);
        ASSERT_OK(writer);
        for (const char* slice : slices) ASSERT_OK((*writer)->write(text_bytes(slice)));
        ASSERT_OK((*writer)->finish(end));
    }

    std::unique_ptr<Place> place = GetParam().make();
    std::unique_ptr<Journal> journal;
    Recorder replayed;
};

TEST_P(JournalTest, StartsEmpty) {
    const LoadSummary summary = reopen();
    EXPECT_EQ(summary.last_seq, 0u);
    EXPECT_EQ(summary.entries, 0u);
    EXPECT_EQ(summary.bytes, 0u);
    EXPECT_EQ(journal->bytes_since_snapshot(), 0u);
    EXPECT_EQ(reopen().last_seq, 0u) << "nothing comes of opening twice";
}

TEST_P(JournalTest, ReturnsWhatWasAppendedInOrder) {
    reopen();
    append(1, 300);
    const LoadSummary summary = reopen();
    EXPECT_EQ(summary.last_seq, 300u);
    EXPECT_EQ(summary.entries, 300u);
    EXPECT_EQ(summary.bytes, 300u * 100);
    EXPECT_EQ(summary.snapshot_end, 0u);
    expect_entries(1, 300);
}

TEST_P(JournalTest, GoesOnAfterManyRestarts) {
    for (std::uint64_t round = 0; round < 30; ++round) {
        ASSERT_EQ(reopen().last_seq, round * 7);
        append(round * 7 + 1, round * 7 + 7);
    }
    reopen();
    expect_entries(1, 210);
}

TEST_P(JournalTest, TakesEmptyAndHugeBatches) {
    reopen();
    ASSERT_OK(journal->append(1, {}));
    ASSERT_OK(journal->append(2, batch_of(2, 32 << 20)));
    ASSERT_OK(journal->append(3, {}));
    ASSERT_OK(journal->append(4, batch_of(4, 3 << 20)));
    EXPECT_EQ(reopen().last_seq, 4u);
    EXPECT_TRUE(replayed.entries[1].empty());
    EXPECT_EQ(replayed.entries[2], batch_of(2, 32 << 20));
    EXPECT_TRUE(replayed.entries[3].empty());
    EXPECT_EQ(replayed.entries[4], batch_of(4, 3 << 20));
}

TEST_P(JournalTest, ReplaysTheNewestSnapshotAndTheLogAfterItsStart) {
    reopen();
    append(1, 50);
    snapshot(20, 30, {"old"});
    auto writer = journal->begin_snapshot(50);
    ASSERT_OK(writer);
    ASSERT_OK((*writer)->write(text_bytes("first")));
    append(51, 60);  // the server goes on meanwhile
    ASSERT_OK((*writer)->write({}));
    ASSERT_OK((*writer)->write(text_bytes("second")));
    ASSERT_OK((*writer)->finish(60));
    writer->reset();
    append(61, 70);
    const LoadSummary summary = reopen();
    EXPECT_EQ(summary.snapshot_start, 50u);
    EXPECT_EQ(summary.snapshot_end, 60u);
    EXPECT_EQ(summary.last_seq, 70u);
    EXPECT_EQ(summary.entries, 20u);
    EXPECT_EQ(replayed.slices, (std::vector<Bytes>{text_bytes("first"), {}, text_bytes("second")}));
    expect_entries(51, 70);
}

TEST_P(JournalTest, SnapshotSlicesMayBeLarge) {
    reopen();
    append(1, 1);
    auto writer = journal->begin_snapshot(1);
    ASSERT_OK(writer);
    std::vector<Bytes> slices;
    for (const std::size_t size : {1u, 1000u, (1u << 20) - 12, 1u << 20, (1u << 20) + 1, 20u << 20, 5u}) {
        slices.push_back(batch_of(size, size));
        ASSERT_OK((*writer)->write(slices.back()));
    }
    ASSERT_OK((*writer)->finish(1));
    writer->reset();
    reopen();
    EXPECT_EQ(replayed.slices, slices);
}

TEST_P(JournalTest, AnAbandonedSnapshotLeavesNothing) {
    reopen();
    append(1, 10);
    snapshot(5, 10, {"kept"});
    {
        auto writer = journal->begin_snapshot(10);
        ASSERT_OK(writer);
        ASSERT_OK((*writer)->write(batch_of(1, 3 << 20)));
        append(11, 12);
    }
    ASSERT_OK(journal->trim());
    EXPECT_EQ(reopen().snapshot_start, 5u);
    EXPECT_EQ(replayed.slices, (std::vector<Bytes>{text_bytes("kept")}));
    expect_entries(6, 12);
    snapshot(12, 12, {"next"});  // the abandoned one does not stand in the way
}

TEST_P(JournalTest, OneSnapshotAtATime) {
    reopen();
    append(1, 1);
    auto writer = journal->begin_snapshot(1);
    ASSERT_OK(writer);
    const auto second = journal->begin_snapshot(1);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::InUse);
    writer->reset();
    EXPECT_OK(journal->begin_snapshot(1));
}

TEST_P(JournalTest, TrimKeepsWhatTheNewestSnapshotNeeds) {
    reopen();
    ASSERT_OK(journal->trim());  // nothing to go by: keeps everything
    append(1, 400);
    snapshot(100, 120, {"a"});
    snapshot(333, 390, {"b"});
    ASSERT_OK(journal->trim());
    append(401, 420);
    const LoadSummary summary = reopen();
    EXPECT_EQ(summary.snapshot_start, 333u);
    EXPECT_EQ(summary.last_seq, 420u);
    EXPECT_EQ(replayed.slices, (std::vector<Bytes>{text_bytes("b")}));
    expect_entries(334, 420);
}

TEST_P(JournalTest, TrimmingEverythingKeepsTheCount) {
    reopen();
    append(1, 100);
    for (std::uint64_t end = 100; end < 400; end += 100) {
        snapshot(end, end, {"all of it"});
        ASSERT_OK(journal->trim());
        const LoadSummary summary = reopen();
        EXPECT_EQ(summary.last_seq, end);
        EXPECT_EQ(summary.entries, 0u);
        append(end + 1, end + 100);
    }
}

TEST_P(JournalTest, AnEmptyStateMayBeSnapshot) {
    reopen();
    snapshot(0, 0, {});
    EXPECT_EQ(reopen().last_seq, 0u);
    append(1, 3);
    reopen();
    expect_entries(1, 3);
}

TEST_P(JournalTest, CountsTheBytesSinceTheNewestSnapshotBegan) {
    reopen();
    append(1, 10);
    EXPECT_EQ(journal->bytes_since_snapshot(), 1000u);
    EXPECT_EQ(journal->snapshot_bytes(), 0u);
    auto writer = journal->begin_snapshot(10);
    ASSERT_OK(writer);
    ASSERT_OK((*writer)->write(std::as_bytes(std::span("state", 5))));
    ASSERT_OK((*writer)->write(std::as_bytes(std::span("more", 4))));
    append(11, 12);
    EXPECT_EQ(journal->bytes_since_snapshot(), 1200u) << "it is not complete yet";
    EXPECT_EQ(journal->snapshot_bytes(), 0u);
    ASSERT_OK((*writer)->finish(12));
    EXPECT_EQ(journal->bytes_since_snapshot(), 200u);
    EXPECT_EQ(journal->snapshot_bytes(), 9u);
    writer->reset();
    reopen();
    EXPECT_EQ(journal->bytes_since_snapshot(), 200u) << "the same after a restart";
    EXPECT_EQ(journal->snapshot_bytes(), 9u);
}

TEST_P(JournalTest, ARefusalOfTheReplayEndsTheLoad) {
    reopen();
    append(1, 3);
    journal.reset();
    journal = place->open();
    RefusingReplay refusing(2);
    const auto loaded = journal->load(refusing);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message, "unreadable record");
    EXPECT_EQ(reopen().last_seq, 3u) << "and harms nothing";
}

TEST_P(JournalTest, SaysHowMuchRoomIsLeft) {
    reopen();
    const auto free = journal->free_disk_bytes();
    ASSERT_OK(free);
    EXPECT_GT(*free, 0u);
}

using JournalDeathTest = JournalTest;

TEST_P(JournalDeathTest, MisuseIsABugAndStopsTheProgram) {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    reopen();
    append(1, 2);
    EXPECT_DEATH((void)journal->append(2, {}), "seq == last_seq_ \\+ 1");
    EXPECT_DEATH((void)journal->append(4, {}), "seq == last_seq_ \\+ 1");
    EXPECT_DEATH((void)journal->begin_snapshot(3), "start_seq <= last_seq_");
    EXPECT_DEATH((void)journal->load(replayed), "!loaded_");
    auto writer = journal->begin_snapshot(2);
    ASSERT_OK(writer);
    EXPECT_DEATH((void)(*writer)->finish(3), "end_seq <= ");
    EXPECT_DEATH((void)(*writer)->finish(1), "end_seq >= ");
}

std::string kind_name(const testing::TestParamInfo<Kind>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, JournalTest, testing::ValuesIn(kKinds), kind_name);
INSTANTIATE_TEST_SUITE_P(Every, JournalDeathTest, testing::ValuesIn(kKinds), kind_name);

TEST(MemoryJournal, AFailedAppendIsGoneAndADoubtfulOneIsThere) {
    MemoryDisk disk;
    auto journal = open_memory_journal(disk);
    Recorder recorder;
    ASSERT_OK(journal->load(recorder));
    disk.inject(2, MemoryDisk::Fault::Fail);
    ASSERT_OK(journal->append(1, batch_of(1, 10)));
    EXPECT_FALSE(journal->append(2, batch_of(2, 10)));
    EXPECT_FALSE(journal->append(2, batch_of(2, 10))) << "poisoned";
    EXPECT_FALSE(journal->begin_snapshot(1)) << "poisoned";
    EXPECT_FALSE(journal->trim()) << "poisoned";

    journal = open_memory_journal(disk);
    EXPECT_EQ(journal->load(recorder)->last_seq, 1u);
    disk.inject(2, MemoryDisk::Fault::Doubtful);
    EXPECT_FALSE(journal->append(2, batch_of(2, 10)));
    EXPECT_FALSE(journal->append(2, batch_of(2, 10))) << "poisoned";

    journal = open_memory_journal(disk);
    Recorder last;
    EXPECT_EQ(journal->load(last)->last_seq, 2u);
    EXPECT_EQ(last.entries[2], batch_of(2, 10));
}

TEST(MemoryJournal, AFailedSnapshotPoisonsNothing) {
    MemoryDisk disk;
    auto journal = open_memory_journal(disk);
    Recorder recorder;
    ASSERT_OK(journal->load(recorder));
    disk.fail_snapshots(true);
    {
        auto writer = journal->begin_snapshot(0);
        ASSERT_OK(writer);
        EXPECT_FALSE((*writer)->write(batch_of(1, 10)));
    }
    EXPECT_EQ(disk.snapshots(), 0u);
    EXPECT_OK(journal->append(1, batch_of(1, 10)));
    disk.fail_snapshots(false);
    EXPECT_OK(journal->begin_snapshot(1));
}

}  // namespace
}  // namespace gse::journal
