/// Directories that are damaged, foreign, full or in use: a clear error that names the file, and nothing changed.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cstring>

#include "journal/identity.h"
#include "journal/segment.h"
#include "journal/snapshot_file.h"
#include "journal/sqlite.h"
#include "journal/test_support.h"
#include "journal/wal_audit.h"

namespace gse::journal {
namespace {

using std::filesystem::directory_iterator;
using testing::HasSubstr;

std::string read_all(const path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_all(const path& file, std::string_view text) { std::ofstream(file, std::ios::binary) << text; }

void flip(const path& file, std::uint64_t offset) {
    std::string text = read_all(file);
    ASSERT_LT(offset, text.size()) << file;
    text[offset] = static_cast<char>(text[offset] ^ 0x40);
    write_all(file, text);
}

class DamageTest : public testing::Test {
protected:
    Result<OpenedJournal> open(std::string deployment = {}, bool create = true) {
        return open_sqlite_journal({.dir = dir(),
                                    .create = create,
                                    .deployment = std::move(deployment),
                                    .segment_bytes = 200'000,
                                    .background = BackgroundMode::Inline});
    }
    /// Several segments; two snapshots if asked for. Closed when it returns.
    void make(std::uint64_t batches = 40, bool snapshots = false) {
        auto opened = open("first");
        ASSERT_OK(opened);
        Recorder recorder;
        ASSERT_OK(opened->journal->load(recorder));
        for (std::uint64_t seq = 1; seq <= batches; ++seq) {
            ASSERT_OK(opened->journal->append(seq, batch_of(seq, 20'000)));
            if (snapshots && (seq == 10 || seq == 20)) {
                auto writer = opened->journal->begin_snapshot(seq);
                ASSERT_OK(writer);
                ASSERT_OK((*writer)->write(batch_of(seq, 50'000)));
                ASSERT_OK((*writer)->finish(seq));
            }
        }
    }
    /// The refusal of opening or loading; empty if there is none. Nothing in the directory may change.
    std::string refusal(std::string deployment = {}) {
        const auto before = contents();
        std::string message;
        replayed = Recorder();
        {
            auto opened = open(std::move(deployment));
            if (!opened) {
                message = opened.error().message;
            } else {
                const auto loaded = opened->journal->load(replayed);
                if (!loaded)
                    message = loaded.error().message;
                else
                    warnings = loaded->warnings;
            }
        }
        EXPECT_TRUE(message.empty() || contents() == before) << "something was changed in spite of: " << message;
        return message;
    }
    /// Empty write-ahead logs apart, which SQLite makes when it looks.
    std::map<std::string, std::string> contents() {
        std::map<std::string, std::string> files;
        for (const auto& entry : directory_iterator(dir())) {
            const std::string name = entry.path().filename();
            const std::string text = read_all(entry.path());
            if (name != "lock" && !(name.ends_with("-wal") && text.empty())) files[name] = text;
        }
        return files;
    }
    [[nodiscard]] path dir() const { return temp_.path() / "journal"; }
    [[nodiscard]] path segment(std::uint64_t number) const { return dir() / Segment::file_name(number); }
    [[nodiscard]] path snapshot(std::uint64_t seq) const { return dir() / to_file_name({seq, seq}); }

    Recorder replayed;
    std::vector<std::string> warnings;

private:
    TempFolder temp_ = TempFolder::make("gse-journal").value();
};

TEST_F(DamageTest, AFlippedByteAnywhereInAClosedSegmentIsSeen) {
    make();
    const auto good = read_all(segment(2));
    std::uint64_t seen = 0;
    std::uint64_t tried = 0;
    for (std::uint64_t at = 16; at < good.size(); at += 4'999, ++tried) {
        flip(segment(2), at);
        const std::string message = refusal();
        if (message.empty()) {  // an unused byte of a page: then every batch is right
            ASSERT_EQ(replayed.entries.size(), 40u) << at;
            for (const auto& [seq, bytes] : replayed.entries) ASSERT_EQ(bytes, batch_of(seq, 20'000)) << at;
        } else {
            ++seen;
            EXPECT_THAT(message, HasSubstr("log-00000000000")) << at;
        }
        write_all(segment(2), good);
    }
    EXPECT_GT(seen, tried / 2);
    EXPECT_EQ(refusal(), "");
}

TEST_F(DamageTest, AFlippedByteInTheMiddleOfTheLiveLogIsNotTakenForItsEnd) {
    make(3);
    const path wal = segment(1).string() + "-wal";
    const auto good = read_all(wal);
    flip(wal, kWalHeadBytes + 3 * kWalFrameBytes + 5'000);
    EXPECT_THAT(refusal(), HasSubstr("log-000000000001.db-wal is damaged"));
    write_all(wal, good);
    flip(wal, 17);  // the salts in its head: SQLite would see an empty log
    EXPECT_THAT(refusal(), HasSubstr("log-000000000001.db-wal is damaged"));
    write_all(wal, good);
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(replayed.entries.size(), 3u);
}

TEST_F(DamageTest, ATruncatedSegmentIsSeen) {
    make();
    std::filesystem::resize_file(segment(1), 40'000);
    EXPECT_NE(refusal(), "");
    std::filesystem::resize_file(segment(1), 0);
    EXPECT_THAT(refusal(), HasSubstr("log-000000000001.db is damaged or was not written by OpenGSE"));
}

TEST_F(DamageTest, MissingSegmentsAreNamed) {
    make();
    const path aside = dir().string() + "-aside";
    std::filesystem::rename(segment(2), aside);
    EXPECT_THAT(refusal(), HasSubstr("log-000000000002.db is missing"));
    std::filesystem::rename(aside, segment(2));
    std::filesystem::rename(segment(1), aside);
    EXPECT_THAT(refusal(), HasSubstr("begins at batch"));
    std::filesystem::rename(aside, segment(1));
    EXPECT_EQ(refusal(), "");
    for (std::uint64_t number = 1; number < 20; ++number) std::filesystem::remove(segment(number));
    EXPECT_THAT(refusal(), HasSubstr("has no log files any more"));
}

TEST_F(DamageTest, ALogThatEndsBeforeItsSnapshotIsRefused) {
    make(20, true);
    for (std::uint64_t number = 2; number < 20; ++number) {
        std::filesystem::remove(segment(number));
        std::filesystem::remove(segment(number).string() + "-wal");
    }
    EXPECT_THAT(refusal(), HasSubstr("the newest log files are missing"));
}

TEST_F(DamageTest, ADamagedSnapshotGivesWayToAnOlderOneAndThenToTheLog) {
    make(30, true);
    flip(snapshot(20), 30'000);
    EXPECT_EQ(refusal(), "");
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0], HasSubstr(to_file_name({20, 20}) + " is damaged: wrong checksum"));
    EXPECT_EQ(replayed.slices, std::vector<Bytes>{batch_of(10, 50'000)});
    EXPECT_EQ(replayed.entries.size(), 20u);

    std::filesystem::resize_file(snapshot(10), 50'000);
    EXPECT_EQ(refusal(), "");
    EXPECT_THAT(warnings[0], HasSubstr(to_file_name({10, 10}) + " is damaged"));
    EXPECT_TRUE(replayed.slices.empty());
    EXPECT_EQ(replayed.entries.size(), 30u);
}

TEST_F(DamageTest, ADamagedSnapshotWithoutTheLogBeforeItIsAnError) {
    make(40, true);
    {
        auto opened = open();
        ASSERT_OK(opened->journal->load(replayed));
        ASSERT_OK(opened->journal->trim());
    }
    ASSERT_FALSE(std::filesystem::exists(segment(1)));
    ASSERT_FALSE(std::filesystem::exists(snapshot(10)));
    flip(snapshot(20), 20);
    const std::string message = refusal();
    EXPECT_THAT(message, HasSubstr(to_file_name({20, 20}) + " is damaged"));
    EXPECT_THAT(message, HasSubstr("but batch 1 is needed"));
}

TEST_F(DamageTest, TheWriteAheadLogOfASettledSegmentServesALaterOne) {
    make();
    std::vector<std::string> logs;
    std::uint64_t live = 0;
    for (const auto& [name, content] : contents()) {
        if (const auto number = Segment::parse_file_name(name)) live = *number;
        if (name.ends_with("wal")) logs.push_back(name);
    }
    ASSERT_GT(live, 4u);
    EXPECT_LE(logs.size(), 3u) << "the live segment's, the next one's, and a spare one";
    // What is behind the present end is of an earlier life; the head says so, and SQLite has left it as it was.
    const std::string wal = read_all(segment(live - 1).string() + "-wal") + read_all(segment(live).string() + "-wal");
    std::uint64_t salts = 0;
    std::memcpy(&salts, wal.data() + 16, sizeof salts);
    const auto head = fresh_wal_head(salts);
    EXPECT_EQ(std::memcmp(wal.data(), head.data(), head.size()), 0);
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(replayed.entries.size(), 40u);
}

TEST_F(DamageTest, AnotherDeploymentIsForeign) {
    make(2);
    EXPECT_THAT(refusal("second"), HasSubstr("belongs to deployment first, not to second"));
    EXPECT_EQ(refusal("first"), "");
}

TEST_F(DamageTest, ASegmentOfAnotherDeploymentIsForeign) {
    make();
    const SegmentHome other{posix_file_system(), dir(), {}, "second"};
    std::filesystem::remove(segment(2));
    ASSERT_OK(Segment::create(other, 2));
    EXPECT_THAT(refusal(), HasSubstr("log-000000000002.db belongs to deployment second"));
}

TEST_F(DamageTest, ASegmentUnderAWrongNameIsSeen) {
    make();
    std::filesystem::copy_file(segment(1), segment(2), std::filesystem::copy_options::overwrite_existing);
    EXPECT_THAT(refusal(), HasSubstr("log-000000000002.db is segment 1 under a wrong name"));
}

TEST_F(DamageTest, FilesThatSomebodyElseWroteUnderOurNamesAreRefused) {
    const struct {
        const char* name;
        const char* message;
    } kCases[] = {
        {"identity.toml", "identity.toml was not written by OpenGSE or is damaged"},
        {"log-000000000001.db", "log-000000000001.db is damaged or was not written by OpenGSE"},
        {"log-000000000007.db", "identity.toml is missing"},
        {"snapshot-00000000000000000001-00000000000000000002.snap", "identity.toml is missing"},
    };
    for (const auto& c : kCases) {
        std::filesystem::remove_all(dir());
        std::filesystem::create_directories(dir());
        write_all(dir() / c.name, "somebody's notes");
        EXPECT_THAT(refusal(), HasSubstr(c.message)) << c.name;
    }
}

TEST_F(DamageTest, ALostIdentityIsNotReplacedByANewOne) {
    make(3);
    std::filesystem::remove(dir() / "identity.toml");
    EXPECT_THAT(refusal(), HasSubstr("identity.toml is missing"));
}

TEST_F(DamageTest, ANewerFormatIsNotTouched) {
    make(3);
    std::string identity = read_all(dir() / "identity.toml");
    identity.replace(identity.find("format = 1"), 10, "format = 2");
    write_all(dir() / "identity.toml", identity);
    EXPECT_THAT(refusal(), HasSubstr("has format 2, this program reads format 1"));
}

TEST_F(DamageTest, OtherFilesAreIgnoredAndKept) {
    std::filesystem::create_directories(dir() / "lost+found");
    const char* kNames[] = {"notes.txt", "log-1.db", "log-000000000002.db.bak", "snapshot-1-2.snap", ".hidden", "core"};
    for (const char* name : kNames) write_all(dir() / name, "mine");
    make(30, true);
    {
        auto opened = open();
        ASSERT_OK(opened->journal->load(replayed));
        ASSERT_OK(opened->journal->trim());
    }
    for (const char* name : kNames) EXPECT_EQ(read_all(dir() / name), "mine") << name;
}

TEST_F(DamageTest, WithoutCreateNothingIsMade) {
    const auto missing = open({}, false);
    ASSERT_FALSE(missing);
    EXPECT_FALSE(std::filesystem::exists(dir()));
    std::filesystem::create_directories(dir());
    const auto empty = open({}, false);
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().code, ErrorCode::NotFound);
    EXPECT_THAT(empty.error().message, HasSubstr("holds no journal"));
}

TEST_F(DamageTest, ASecondServerIsToldWhoHoldsTheDirectory) {
    auto first = open();
    ASSERT_OK(first);
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::InUse);
    EXPECT_THAT(second.error().message, HasSubstr(fmt::format("is in use by process {}", ::getpid())));
    first->journal.reset();
    EXPECT_OK(open());
}

TEST_F(DamageTest, SurvivingGamesHoldNoFileAndNoLock) {
    auto opened = open();
    ASSERT_OK(opened);
    ASSERT_OK(opened->journal->load(replayed));
    for (std::uint64_t seq = 1; seq <= 20; ++seq) ASSERT_OK(opened->journal->append(seq, batch_of(seq, 20'000)));
    auto writer = opened->journal->begin_snapshot(20);
    ASSERT_OK(writer);
    int files = 0;
    for (const auto& entry : directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (gone || !target.string().starts_with(dir().string())) continue;
        ++files;
        const int fd = std::atoi(entry.path().filename().c_str());
        EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC) << target;
    }
    EXPECT_GE(files, 4);  // the lock, a segment with its write-ahead log, the snapshot
}

TEST_F(DamageTest, WhatIsStoredIsForTheOwnerOnly) {
    make(30, true);
    for (const auto& entry : directory_iterator(dir()))
        EXPECT_EQ(entry.status().permissions() & std::filesystem::perms(077), std::filesystem::perms::none)
            << entry.path();
}

TEST(FullDisk, StopsTheJournalAndLosesNothing) {
    const TempFolder mount = TempFolder::make("gse-journal").value();
    if (::mount("tmpfs", mount.path().c_str(), "tmpfs", 0, "size=4m") != 0)
        GTEST_SKIP() << "mounting a small tmpfs is not permitted here: " << std::strerror(errno);
    std::uint64_t last = 0;
    {
        auto opened = open_sqlite_journal({.dir = mount.path() / "journal", .create = true, .segment_bytes = 400'000});
        ASSERT_OK(opened);
        Recorder recorder;
        ASSERT_OK(opened->journal->load(recorder));
        EXPECT_LT(*opened->journal->free_disk_bytes(), 4u << 20);
        Result<void> done;
        while (last < 1'000 && (done = opened->journal->append(last + 1, batch_of(last + 1, 50'000)))) ++last;
        ASSERT_FALSE(done) << "4 MB held 50 MB";
        EXPECT_THAT(done.error().message, HasSubstr("the journal stopped"));
        EXPECT_FALSE(opened->journal->append(last + 1, {})) << "poisoned";
    }
    EXPECT_EQ(::mount("tmpfs", mount.path().c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    {
        auto opened = open_sqlite_journal({.dir = mount.path() / "journal"});
        ASSERT_OK(opened);
        Recorder recorder;
        const auto loaded = opened->journal->load(recorder);
        ASSERT_OK(loaded);
        EXPECT_GE(loaded->last_seq, last);
        EXPECT_LE(loaded->last_seq, last + 1);
        for (const auto& [seq, bytes] : recorder.entries) EXPECT_EQ(bytes, batch_of(seq, 50'000));
        EXPECT_OK(opened->journal->append(loaded->last_seq + 1, {}));
    }
    EXPECT_EQ(::umount(mount.path().c_str()), 0);
}

}  // namespace
}  // namespace gse::journal
