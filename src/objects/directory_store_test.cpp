#include "objects/directory_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/temp_folder.h"

namespace gse::objects {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

class DirectoryStoreTest : public testing::Test {
protected:
    std::unique_ptr<ObjectStore> open(DirectoryStoreOptions options = {}) const {
        auto store = open_directory_store(dir_ / "objects", std::move(options));
        EXPECT_TRUE(store) << (store ? "" : store.error().message);
        return std::move(store).value();
    }

    static Result<ObjectInfo> put(ObjectStore& store, std::string_view bucket, std::string_view key,
                                  std::string_view content) {
        auto upload = TRY(store.put(bucket, key, 1 << 20));
        TRY(upload->write(bytes_of(content)));
        return upload->finish();
    }

    static std::string get(ObjectStore& store, std::string_view bucket, std::string_view key) {
        const auto download = store.get(bucket, key);
        if (!download) return "refused: " + download.error().message;
        std::string content((*download)->info().size, '\0');
        const auto got = (*download)->read(0, std::as_writable_bytes(std::span{content}));
        return got && *got == content.size() ? content : "short";
    }

    std::vector<fs::path> files() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::recursive_directory_iterator{dir_}) {
            if (entry.is_regular_file()) found.push_back(entry.path());
        }
        return found;
    }

    const TempFolder folder_ = TempFolder::make("gse-objects").value();
    const fs::path dir_ = folder_.path();
};

TEST_F(DirectoryStoreTest, ASweepGoesThroughAllInBoundedSteps) {
    const auto store = open();
    for (int i = 0; i < 40; ++i)
        ASSERT_TRUE(put(*store, i % 2 == 0 ? "keep" : "go", "key-" + std::to_string(i), "content"));
    SweepCursor cursor;
    std::size_t steps = 0, looked_at = 0, removed = 0;
    for (bool complete = false; !complete; ++steps) {
        ASSERT_LT(steps, 20u);
        const auto swept =
            store->sweep(cursor, 7, [](std::string_view bucket, const ObjectInfo&) { return bucket == "go"; });
        ASSERT_TRUE(swept) << swept.error().message;
        EXPECT_LE(swept->looked_at, 7u);
        looked_at += swept->looked_at;
        removed += swept->removed;
        complete = swept->complete;
    }
    EXPECT_EQ(looked_at, 40u) << "each is looked at once";
    EXPECT_EQ(removed, 20u);
    for (int i = 0; i < 40; ++i)
        EXPECT_EQ((*store->stat(i % 2 == 0 ? "keep" : "go", "key-" + std::to_string(i))).has_value(), i % 2 == 0) << i;
}

TEST_F(DirectoryStoreTest, ASweepLeavesWhatIsReplacedMeanwhile) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "b", "k", "old"));
    SweepCursor cursor;
    const auto swept = store->sweep(cursor, 10, [&](std::string_view, const ObjectInfo&) {
        EXPECT_TRUE(put(*store, "b", "k", "new"));  // between the look and the removal
        return true;
    });
    ASSERT_TRUE(swept);
    EXPECT_EQ(swept->removed, 0u);
    EXPECT_EQ(get(*store, "b", "k"), "new");
}

TEST_F(DirectoryStoreTest, KeepsWhatWasPut) {
    const auto store = open();
    const auto info = put(*store, "bucket", "dir/game.zip", "content");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->size, 7u);
    EXPECT_EQ(info->sha256, to_hex(sha256("content")));
    EXPECT_EQ(get(*store, "bucket", "dir/game.zip"), "content");
    EXPECT_EQ(get(*open(), "bucket", "dir/game.zip"), "content") << "after opening again";
    const auto seen = store->stat("bucket", "dir/game.zip");
    ASSERT_TRUE(seen && *seen);
    EXPECT_EQ((*seen)->sha256, info->sha256);
    EXPECT_EQ((*seen)->stored_at, info->stored_at);
}

TEST_F(DirectoryStoreTest, ReadsFromAnyOffset) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "b", "k", "0123456789"));
    const auto download = store->get("b", "k").value();
    const struct {
        std::uint64_t offset;
        std::size_t room;
        std::string_view want;
    } kCases[] = {{0, 4, "0123"}, {8, 4, "89"}, {10, 4, ""}, {99, 4, ""}, {3, 0, ""}};
    for (const auto& c : kCases) {
        std::string buffer(c.room, '\0');
        const auto got = download->read(c.offset, std::as_writable_bytes(std::span{buffer}));
        ASSERT_TRUE(got);
        EXPECT_EQ(buffer.substr(0, *got), c.want) << c.offset;
    }
}

TEST_F(DirectoryStoreTest, HostileNamesStayInside) {
    const auto store = open();
    const std::string zero{"a\0b", 3};
    for (const std::string& key : {std::string{"../../etc/passwd"}, std::string{"/"}, std::string{".."}, zero,
                                   std::string(1024, 'x'), std::string{"tmp/0"}}) {
        ASSERT_TRUE(put(*store, "..", key, key));
        EXPECT_EQ(get(*store, "..", key), key);
    }
    EXPECT_EQ(files().size(), 6u);
    EXPECT_EQ(std::distance(fs::directory_iterator{dir_}, {}), 1);
    for (const auto& file : files()) {
        struct stat status{};
        ASSERT_EQ(::stat(file.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u);
    }
}

TEST_F(DirectoryStoreTest, BucketAndKeyDoNotRunIntoEachOther) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "a", "b/c", "one"));
    ASSERT_TRUE(put(*store, "a/b", "c", "two"));
    EXPECT_EQ(get(*store, "a", "b/c"), "one");
    EXPECT_EQ(get(*store, "a/b", "c"), "two");
}

TEST_F(DirectoryStoreTest, RefusesNamesOutOfBounds) {
    const auto store = open();
    EXPECT_EQ(store->put("", "k", 1).error().code, ErrorCode::InvalidParameterValue);
    EXPECT_EQ(store->put("b", "", 1).error().code, ErrorCode::InvalidParameterValue);
    EXPECT_EQ(store->put(std::string(129, 'b'), "k", 1).error().code, ErrorCode::InvalidParameterValue);
    EXPECT_EQ(store->get("b", std::string(1025, 'k')).error().code, ErrorCode::InvalidParameterValue);
}

TEST_F(DirectoryStoreTest, AbsentAndRemoved) {
    const auto store = open();
    EXPECT_EQ(store->get("b", "k").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->stat("b", "k").value(), std::nullopt);
    ASSERT_TRUE(put(*store, "b", "k", "x"));
    EXPECT_TRUE(store->remove("b", "k"));
    EXPECT_TRUE(store->remove("b", "k")) << "twice is as good as once";
    EXPECT_EQ(store->stat("b", "k").value(), std::nullopt);
    EXPECT_TRUE(files().empty());
}

TEST_F(DirectoryStoreTest, AnOpenDownloadOutlivesReplacement) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "b", "k", "old"));
    const auto old = store->get("b", "k").value();
    ASSERT_TRUE(put(*store, "b", "k", "new!"));
    EXPECT_EQ(get(*store, "b", "k"), "new!");
    ASSERT_TRUE(store->remove("b", "k"));
    std::string buffer(3, '\0');
    ASSERT_TRUE(old->read(0, std::as_writable_bytes(std::span{buffer})));
    EXPECT_EQ(buffer, "old");
}

TEST_F(DirectoryStoreTest, AnUnfinishedUploadLeavesNothing) {
    const auto store = open();
    {
        const auto upload = store->put("b", "k", 100).value();
        ASSERT_TRUE(upload->write(bytes_of("half")));
        EXPECT_EQ(files().size(), 1u);
    }
    EXPECT_TRUE(files().empty());
    EXPECT_EQ(store->stat("b", "k").value(), std::nullopt);
}

TEST_F(DirectoryStoreTest, LimitsHold) {
    const auto store = open();
    const auto upload = store->put("b", "k", 5).value();
    ASSERT_TRUE(upload->write(bytes_of("12345")));
    EXPECT_EQ(upload->write(bytes_of("6")).error().code, ErrorCode::RequestTooLarge);

    const auto full = open({.reserve_bytes = UINT64_MAX / 2});
    const auto refused = put(*full, "b", "k", "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::FailedOperation);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("make room"));
}

TEST_F(DirectoryStoreTest, DamageIsSeenAndSaid) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "b", "k", "content"));
    const fs::path file = files().front();
    const auto damage = [&](auto how) {
        const fs::path kept = dir_ / "kept";
        fs::copy_file(file, kept, fs::copy_options::overwrite_existing);
        how();
        EXPECT_EQ(store->get("b", "k").error().code, ErrorCode::FailedOperation);
        fs::rename(kept, file);
        EXPECT_EQ(get(*store, "b", "k"), "content");
    };
    damage([&] { fs::resize_file(file, fs::file_size(file) - 1); });
    damage([&] { fs::resize_file(file, 100); });
    damage([&] { fs::resize_file(file, 0); });
    damage([&] { std::fstream{file, std::ios::in | std::ios::out | std::ios::binary}.seekp(20).put('!'); });
}

TEST_F(DirectoryStoreTest, StepsAreInTheOrderThatSurvivesAPowerCut) {
    std::vector<UploadStep> steps;
    const auto store = open({.before_step = [&](UploadStep step) { steps.push_back(step); }});
    ASSERT_TRUE(put(*store, "b", "k", "x"));
    EXPECT_THAT(steps, testing::ElementsAre(UploadStep::Create, UploadStep::Write, UploadStep::WriteHeader,
                                            UploadStep::SyncFile, UploadStep::Rename, UploadStep::SyncFolder));
}

TEST_F(DirectoryStoreTest, ACrashAtAnyStepLeavesTheOldObjectOrTheNew) {
    ASSERT_TRUE(put(*open(), "b", "k", "old"));
    for (const auto cut : {UploadStep::Create, UploadStep::Write, UploadStep::WriteHeader, UploadStep::SyncFile,
                           UploadStep::Rename, UploadStep::SyncFolder}) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto store = open({.before_step = [&](UploadStep step) {
                if (step == cut) ::_exit(7);
            }});
            (void)put(*store, "b", "k", "new");
            ::_exit(0);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_EQ(WEXITSTATUS(status), 7);

        const auto store = open();
        EXPECT_EQ(get(*store, "b", "k"), cut == UploadStep::SyncFolder ? "new" : "old");
        EXPECT_EQ(files().size(), 1u) << "what the cut upload left is gone";
    }
}

}  // namespace
}  // namespace gse::objects
