#include "base/temp_folder.h"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace gse {
namespace {

namespace fs = std::filesystem;

TEST(TempFolder, IsThereForItsOwnerAloneAndGoesWithEverythingInIt) {
    fs::path path;
    {
        const TempFolder folder = TempFolder::make("gse-base").value();
        path = folder.path();
        EXPECT_THAT(path.filename(), testing::ResultOf([](const auto& name) { return name.string(); },
                                                       testing::MatchesRegex("gse-base-.{6}")));
        EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
        fs::create_directories(path / "a/b");
        ASSERT_TRUE(write_file_atomically(path / "a/b/file", "x"));
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(TempFolder, TwoOfOneNameAreTwo) {
    EXPECT_NE(TempFolder::make("gse-base")->path(), TempFolder::make("gse-base")->path());
}

TEST(TempFolder, MovesToAnotherOwner) {
    std::optional<TempFolder> first = TempFolder::make("gse-base").value();
    const fs::path path = first->path();
    TempFolder second = std::move(*first);
    first.reset();
    EXPECT_TRUE(fs::exists(path));
    second = TempFolder::make("gse-base").value();
    EXPECT_FALSE(fs::exists(path)) << "given up for another";
    EXPECT_TRUE(fs::exists(second.path()));
}

TEST(TempFolder, StaysWhenItIsToBeKept) {
    const TempFolder around = TempFolder::make("gse-base").value();
    fs::path path;
    {
        TempFolder folder = TempFolder::make(around.path().filename().string() + "/kept").value();
        folder.keep();
        path = folder.path();
    }
    EXPECT_TRUE(fs::exists(path));
}

TEST(TempFolder, IsRefusedWhereNoFolderCanBe) {
    const auto refused = TempFolder::make("absent/folder");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::FailedOperation);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("absent/folder"));
}

}  // namespace
}  // namespace gse
