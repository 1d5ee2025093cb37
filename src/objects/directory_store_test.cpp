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
#include "objects/testing/object_text.h"

namespace gse::objects {
namespace {

using testing::bytes_of;
using testing::get;
using testing::put;

namespace fs = std::filesystem;

class DirectoryStoreTest : public ::testing::Test {
protected:
    std::unique_ptr<ObjectStore> open(DirectoryStoreOptions options = {}) const {
        auto store = open_directory_store(dir_ / "objects", std::move(options));
        EXPECT_TRUE(store) << (store ? "" : store.error().message);
        return std::move(store).value();
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

TEST_F(DirectoryStoreTest, HostileNamesStayInside) {
    const auto store = open();
    const std::string zero{"a\0b", 3};
    for (const std::string& key : {std::string{"../../etc/passwd"}, std::string{"/"}, std::string{".."}, zero,
                                   std::string(1024, 'x'), std::string{"tmp/0"}}) {
        ASSERT_TRUE(put(*store, "..", key, key));
        EXPECT_EQ(get(*store, "..", key).value_or("none"), key);
    }
    EXPECT_EQ(files().size(), 6u);
    EXPECT_EQ(std::distance(fs::directory_iterator{dir_}, {}), 1);
    for (const auto& file : files()) {
        struct stat status{};
        ASSERT_EQ(::stat(file.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u);
    }
}

TEST_F(DirectoryStoreTest, AnUnfinishedUploadLeavesNoFile) {
    const auto store = open();
    {
        const auto upload = store->put("b", "k", 100).value();
        ASSERT_TRUE(upload->write(bytes_of("half")));
        EXPECT_EQ(files().size(), 1u);
    }
    EXPECT_TRUE(files().empty());
    ASSERT_TRUE(put(*store, "b", "k", "x"));
    EXPECT_TRUE(store->remove("b", "k"));
    EXPECT_TRUE(files().empty());
}

TEST_F(DirectoryStoreTest, AFullDiskIsRefusedInTime) {
    const auto full = open({.reserve_bytes = UINT64_MAX / 2});
    const auto refused = put(*full, "b", "k", "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::FailedOperation);
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr("make room"));
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
        EXPECT_EQ(get(*store, "b", "k").value_or("none"), "content");
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
    EXPECT_THAT(steps, ::testing::ElementsAre(UploadStep::Create, UploadStep::Write, UploadStep::WriteHeader,
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
        EXPECT_EQ(get(*store, "b", "k").value_or("none"), cut == UploadStep::SyncFolder ? "new" : "old");
        EXPECT_EQ(files().size(), 1u) << "what the cut upload left is gone";
    }
}

}  // namespace
}  // namespace gse::objects
