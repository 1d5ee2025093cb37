#include "base/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
