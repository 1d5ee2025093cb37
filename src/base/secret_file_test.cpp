#include "base/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/temp_folder.h"

namespace gse {
namespace {

TEST(SecretFile, IsReadOnlyWhenNobodyElseMay) {
    const TempFolder folder = TempFolder::make("gse-secret").value();
    const auto file = folder.path() / "secret";
    EXPECT_EQ(read_secret_file(file).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(write_file_atomically(file, "s3cr3t\r\n"));
    EXPECT_EQ(read_secret_file(file).value(), "s3cr3t");
    std::filesystem::permissions(file, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
    const auto refused = read_secret_file(file);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("chmod 600"));
    EXPECT_THAT(refused.error().message, testing::Not(testing::HasSubstr("s3cr3t")));
}

TEST(SecretFile, OfRootIsReadByTheGroupOfAService) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    constexpr unsigned kNobody = 65'534;
    using std::filesystem::perms;
    const TempFolder folder = TempFolder::make("gse-secret").value();
    const auto file = folder.path() / "secret";
    ASSERT_TRUE(write_file_atomically(file, "s3cr3t"));
    ASSERT_EQ(chown(file.c_str(), 0, kNobody), 0);
    std::filesystem::permissions(folder.path(), perms::owner_all | perms::others_exec);
    const auto read_as_nobody = [&](perms mode) {
        std::filesystem::permissions(file, mode);
        EXPECT_EQ(setegid(kNobody) + seteuid(kNobody), 0);
        auto text = read_secret_file(file);
        EXPECT_EQ(seteuid(0) + setegid(0), 0);
        return text;
    };
    EXPECT_EQ(read_as_nobody(perms::owner_read | perms::group_read).value(), "s3cr3t");
    EXPECT_FALSE(read_as_nobody(perms::owner_read | perms::group_read | perms::group_write));
    EXPECT_FALSE(read_as_nobody(perms::owner_read | perms::group_read | perms::others_read));
}

TEST(SecretFile, IsMadeForItsOwnerAndNeverReplaced) {
    const TempFolder folder = TempFolder::make("gse-secret").value();
    const auto file = folder.path() / "secret";
    ASSERT_TRUE(write_new_secret_file(file, "first"));
    EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
    EXPECT_EQ(read_secret_file(file).value(), "first");
    EXPECT_EQ(write_new_secret_file(file, "second").error().code, ErrorCode::InUse);
    EXPECT_EQ(read_secret_file(file).value(), "first");
    const auto nowhere = write_new_secret_file(folder.path() / "none" / "secret", "lost");
    ASSERT_FALSE(nowhere);
    EXPECT_THAT(nowhere.error().message, testing::HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace gse
