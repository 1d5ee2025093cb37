#include "backup/backup.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include "backup/archive.h"
#include "backup/contents.h"
#include "backup/restore.h"
#include "base/file.h"
#include "base/temp_folder.h"
#include "core/state.h"
#include "engine/replay.h"
#include "journal/sqlite.h"
#include "objects/directory_store.h"

namespace gse::backup {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr WallTime kNow{1'700'000'000'000};

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Names and content of what a folder holds, the journal and locks apart.
std::map<std::string, std::string> content(const fs::path& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = entry.path().lexically_relative(folder).string();
        if (entry.is_regular_file() && !name.starts_with("journal/")) out[name] = text_of(entry.path());
    }
    return out;
}

/// A server's folder, written by the parts that write it in a server.
class Folder {
public:
    explicit Folder(const fs::path& root, std::uint64_t segment_bytes = 64 << 10) : root_(root), state_(settings_) {
        fs::create_directories(root_ / "pki");
        for (const char* name : {"credentials.toml", "secret", "link-port", "pki/authority-1.pem", "pki/server.pem"})
            std::ofstream(root_ / name) << "content of " << name;
        for (const char* name : {"lock", "console-link"}) std::ofstream(root_ / name) << "of this run";
        store_ = objects::open_directory_store(root_ / "objects").value();
        auto opened = journal::open_sqlite_journal(
            {.dir = root_ / "journal", .create = true, .created = kNow, .segment_bytes = segment_bytes});
        journal_ = std::move(opened.value().journal);
        engine::ReplayInto replay(state_);
        EXPECT_TRUE(journal_->load(replay));
        state_.begin_epoch();
    }

    void put(const std::string& bucket, const std::string& key, const std::string& bytes) {
        auto upload = store_->put(bucket, key, 1 << 30).value();
        EXPECT_TRUE(upload->write(std::as_bytes(std::span(bytes))));
        EXPECT_TRUE(upload->finish());
    }
    void remove(const std::string& key) { EXPECT_TRUE(store_->remove("packages", key)); }
    core::Slot register_package(const std::string& key, const std::string& bytes) {
        put("packages", key, bytes);
        core::Asset asset;
        asset.id = "asset-" + key;
        asset.region = "ap-shanghai";
        asset.bucket = "packages";
        asset.key = key;
        const core::Slot slot = state_.add(std::move(asset));
        commit();
        return slot;
    }
    void forget_package(core::Slot slot) {
        state_.remove<core::Asset>(slot);
        commit();
    }
    void commit() {
        const std::string batch = state_.take_batch({{static_cast<std::int64_t>(++seq_)}, kNow});
        ASSERT_TRUE(journal_->append(seq_, std::as_bytes(std::span(batch))));
    }
    /// A change of some hundred bytes.
    void change(int number) {
        if (alias_ == core::kNone) alias_ = state_.add(core::Alias{.id = "alias-1"});
        state_.edit<core::Alias>(alias_)->description = std::to_string(number) + std::string(300, '.');
        commit();
    }
    void snapshot() {
        auto writer = journal_->begin_snapshot(seq_).value();
        core::State::SnapshotCursor cursor;
        const std::string slice = state_.encode_slice(cursor, SIZE_MAX, {{static_cast<std::int64_t>(seq_)}, kNow});
        EXPECT_TRUE(cursor.at_end());
        EXPECT_TRUE(writer->write(std::as_bytes(std::span(slice))));
        EXPECT_TRUE(writer->finish(seq_));
        EXPECT_TRUE(journal_->trim());
    }
    [[nodiscard]] std::uint64_t seq() const { return seq_; }
    [[nodiscard]] const core::State& state() const { return state_; }
    [[nodiscard]] const fs::path& root() const { return root_; }

private:
    fs::path root_;
    Settings settings_;
    core::State state_;
    std::unique_ptr<objects::ObjectStore> store_;
    std::unique_ptr<journal::Journal> journal_;
    std::uint64_t seq_ = 0;
    core::Slot alias_ = core::kNone;
};

/// What a server would find there.
struct Found {
    std::uint64_t seq = 0;
    std::uint64_t epoch = 0;
    std::string description;  ///< of the alias
    std::vector<std::string> assets;
};
Found look(const fs::path& data) {
    auto opened = journal::open_sqlite_journal({.dir = data / "journal"});
    if (!opened) return ADD_FAILURE() << opened.error().message, Found{};
    const Settings settings;
    core::State state(settings);
    engine::ReplayInto replay(state);
    const auto loaded = opened->journal->load(replay);
    if (!loaded) return ADD_FAILURE() << loaded.error().message, Found{};
    state.rebuild();
    Found found{.seq = loaded->last_seq, .epoch = state.epoch()};
    state.table<core::Alias>().for_each(
        [&](core::Slot, const core::Alias& alias) { found.description = alias.description; });
    state.table<core::Asset>().for_each(
        [&](core::Slot, const core::Asset& asset) { found.assets.push_back(asset.id); });
    return found;
}

class BackupTest : public ::testing::Test {
protected:
    Result<BackupSummary> take(const fs::path& data, const std::string& name = "backup",
                               std::function<void()> hook = {}) {
        return back_up({.data = data, .to = file(name), .now = kNow, .before_each_file = std::move(hook)});
    }
    Result<RestoreSummary> put_back(const std::string& name, const std::string& where) {
        return restore({.file = file(name), .data = file(where), .now = kNow});
    }
    [[nodiscard]] fs::path file(const std::string& name) const { return dir_.path() / name; }
    /// Names in the test's folder.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& entry : fs::directory_iterator(dir_.path())) out.push_back(entry.path().filename());
        std::sort(out.begin(), out.end());
        return out;
    }

    TempFolder dir_ = TempFolder::make("gse-backup").value();
};

TEST_F(BackupTest, HoldsEverythingAndPutsItBack) {
    Folder server(file("data"));
    server.register_package("one", std::string(100'000, '1'));
    server.put("logs", "sessions/a.zip", "a log");
    server.put("uploads-1", "half", "not registered yet");
    for (int i = 0; i < 50; ++i) server.change(i);
    const auto taken = take(server.root());
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_THAT(taken->warnings, IsEmpty());
    EXPECT_EQ(taken->seq, server.seq());
    EXPECT_EQ(taken->packages, 1U);
    struct stat status {};
    ASSERT_EQ(stat(file("backup").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << "it holds the keys";

    const auto back = put_back("backup", "restored");
    ASSERT_TRUE(back) << back.error().message;
    auto expected = content(server.root());
    expected.erase("lock");
    expected.erase("console-link");
    EXPECT_EQ(content(file("restored")), expected);
    for (const auto& entry : fs::recursive_directory_iterator(file("restored")))
        EXPECT_EQ(fs::status(entry).permissions() & fs::perms(0077), fs::perms::none) << entry.path();
    const Found found = look(file("restored"));
    EXPECT_EQ(found.seq, server.seq() + 1) << "one batch says that it was restored";
    EXPECT_EQ(found.epoch, static_cast<std::uint64_t>(kNow.ms));
    EXPECT_THAT(found.description, HasSubstr("49."));
    EXPECT_THAT(names(), ElementsAre("backup", "data", "restored")) << "nothing else is left behind";
}

TEST_F(BackupTest, LeavesLogsOutOnRequest) {
    Folder server(file("data"));
    server.register_package("one", "zip");
    server.put("logs", "sessions/a.zip", "a log");
    ASSERT_TRUE(back_up({.data = server.root(), .to = file("backup"), .logs = false, .now = kNow}));
    ASSERT_TRUE(put_back("backup", "restored"));
    const auto store = objects::open_directory_store(file("restored") / "objects").value();
    EXPECT_TRUE(store->stat("packages", "one").value());
    EXPECT_FALSE(store->stat("logs", "sessions/a.zip").value());
}

TEST_F(BackupTest, NeverReplacesAnything) {
    Folder server(file("data"));
    server.change(1);
    ASSERT_TRUE(take(server.root()));
    const std::string before = text_of(file("backup"));
    const auto again = take(server.root());
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message, HasSubstr("never replaces anything"));
    EXPECT_EQ(text_of(file("backup")), before);

    const auto over = put_back("backup", "data");
    ASSERT_FALSE(over);
    EXPECT_THAT(over.error().message, HasSubstr("is not empty"));
    fs::create_directory(file("empty"));
    EXPECT_TRUE(put_back("backup", "empty"));
    EXPECT_EQ(look(file("empty")).seq, server.seq() + 1);
}

TEST_F(BackupTest, OfWhatIsNoServersFolderIsRefused) {
    fs::create_directory(file("nothing"));
    const auto taken = take(file("nothing"));
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message, HasSubstr("holds no journal"));
    EXPECT_THAT(names(), ElementsAre("nothing"));
    std::ofstream(file("letter")) << "dear reader";
    const auto back = put_back("letter", "restored");
    ASSERT_FALSE(back);
    EXPECT_THAT(back.error().message, HasSubstr("is no backup of OpenGSE"));
    EXPECT_THAT(names(), ElementsAre("letter", "nothing"));
}

/// Segments fill up, are settled and trimmed all the time; each backup is a prefix that holds what was acknowledged.
TEST_F(BackupTest, OfAJournalThatIsWrittenToIsWhole) {
    Folder server(file("data"));
    server.register_package("one", "zip");
    std::atomic<int> acknowledged{-1};
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (int i = 0; !stop; ++i) {
            server.change(i);
            acknowledged = i;
            if (i % 500 == 499) server.snapshot();
        }
    });
    while (acknowledged < 600) std::this_thread::yield();
    for (int round = 0; round < 3; ++round) {
        const std::string name = "backup-" + std::to_string(round);
        const int before = acknowledged;
        const auto taken = take(server.root(), name);
        EXPECT_TRUE(taken) << taken.error().message;
        if (!taken) break;
        EXPECT_THAT(taken->warnings, IsEmpty());
        const auto back = put_back(name, "restored-" + std::to_string(round));
        EXPECT_TRUE(back) << back.error().message;
        if (!back) break;
        const Found found = look(file("restored-" + std::to_string(round)));
        EXPECT_GE(std::stoi(found.description), before);
        EXPECT_THAT(found.assets, ElementsAre("asset-one"));
        while (acknowledged < before + 300) std::this_thread::yield();
    }
    stop = true;
    writer.join();
}

TEST_F(BackupTest, PackagesThatComeAndGoMeanwhileLeaveNoHole) {
    Folder server(file("data"));
    const core::Slot old = server.register_package("old", "zip of old");
    server.register_package("stays", "zip of stays");
    int calls = 0;
    const auto taken = take(server.root(), "backup", [&] {
        // The first object is about to be copied: keys went before.
        if (++calls != 6) return;
        server.forget_package(old);
        server.remove("old");
        server.register_package("new", "zip of new");
    });
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_THAT(taken->warnings, IsEmpty());
    ASSERT_TRUE(put_back("backup", "restored"));
    EXPECT_THAT(look(file("restored")).assets, ::testing::UnorderedElementsAre("asset-stays", "asset-new"));
    const auto store = objects::open_directory_store(file("restored") / "objects").value();
    for (const char* key : {"stays", "new"}) EXPECT_TRUE(store->stat("packages", key).value()) << key;
}

TEST_F(BackupTest, SaysWhatTheFolderItselfLacks) {
    Folder server(file("data"));
    server.register_package("gone", "zip");
    server.register_package("bad", "zip of bad");
    server.remove("gone");
    for (const auto& entry : fs::recursive_directory_iterator(server.root() / "objects"))
        if (entry.is_regular_file()) {
            std::fstream out(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
            out.seekp(4096 + 2);
            out.put('!');
        }
    const auto taken = take(server.root());
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_THAT(taken->warnings, ElementsAre(HasSubstr("is damaged (object bad in bucket packages)"),
                                             HasSubstr("the package of asset asset-gone is not in")));
}

/// Every kind of damage is found before anything gets its name, or was no damage to what is kept.
TEST_F(BackupTest, DamagedArchivesChangeNothing) {
    Folder server(file("data"));
    server.register_package("one", std::string(5'000, 'x'));
    for (int i = 0; i < 20; ++i) server.change(i);
    ASSERT_TRUE(take(server.root()));
    const std::string whole = text_of(file("backup"));
    const auto expected = [&] {
        auto files = content(server.root());
        files.erase("lock");
        files.erase("console-link");
        return files;
    }();
    int refused = 0;
    const auto try_one = [&](const std::string& bytes, const std::string& how) {
        std::ofstream(file("other"), std::ios::binary | std::ios::trunc) << bytes;
        const auto back = put_back("other", "restored");
        if (!back) {
            ++refused;
            EXPECT_THAT(names(), ElementsAre("backup", "data", "other")) << how << ": " << back.error().message;
            return;
        }
        EXPECT_EQ(content(file("restored")), expected) << how;
        EXPECT_EQ(look(file("restored")).seq, server.seq() + 1) << how;
        fs::remove_all(file("restored"));
    };
    for (std::size_t part = 0; part < 40; ++part) try_one(whole.substr(0, whole.size() * part / 40), "cut short");
    EXPECT_EQ(refused, 40);
    for (std::size_t i = 0; i < 60; ++i) {
        std::string bytes = whole;
        const std::size_t at = bytes.size() * i / 60;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
        try_one(bytes, "bit of byte " + std::to_string(at));
    }
    EXPECT_GT(refused, 90);
}

TEST_F(BackupTest, EntriesThatDoNotBelongAreRefused) {
    for (const char* name : {"../evil", "/etc/evil", "journal/../../evil", "objects/ab/../../evil", "pki/../evil",
                             "lock", "journal/lock", "agent/server-pin", "pki/sub/file", "pki/.hidden"}) {
        SCOPED_TRACE(name);
        fs::remove(file("archive"));
        auto writer = ArchiveWriter::create(file("archive"), 0).value();
        ASSERT_TRUE(writer.add(
            name, 1,
            [](std::uint64_t, std::span<std::byte> buffer) -> Result<std::size_t> {
                buffer[0] = std::byte{'x'};
                return 1;
            },
            [](std::span<const std::byte>) {}));
        ASSERT_TRUE(writer.finish());
        const auto back = put_back("archive", "restored");
        ASSERT_FALSE(back);
        EXPECT_THAT(back.error().message, HasSubstr("does not belong in a backup"));
        EXPECT_THAT(names(), ElementsAre("archive"));
    }
}

TEST_F(BackupTest, CanBeCheckedWithoutAFolder) {
    Folder server(file("data"));
    server.change(7);
    ASSERT_TRUE(take(server.root()));
    const auto checked = restore({.file = file("backup"), .data = {}, .now = kNow});
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(checked->manifest.seq, server.seq());
    EXPECT_THAT(names(), ElementsAre("backup", "data"));
}

TEST(Manifest, ReadsBackAndKnowsWhenItWasChanged) {
    const Manifest manifest{
        .version = "0.1.0",
        .deployment = "abc",
        .created = "2026-01-31T09:00:00Z",
        .seq = 12,
        .epoch = 3,
        .files = {{"secret", 64, std::string(64, 'a')}, {"pki/server.pem", 0, std::string(64, 'b')}}};
    const std::string text = render(manifest);
    EXPECT_EQ(parse_manifest(text).value(), manifest);
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string other = text;
        other[at] = other[at] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(parse_manifest(other)) << at;
    }
    std::string newer = text;
    newer.replace(newer.find(" 1\n"), 2, " 2");
    EXPECT_THAT(parse_manifest(newer).error().message, HasSubstr("format 2, this program reads format 1"));
}

}  // namespace
}  // namespace gse::backup
