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

}  // namespace
}  // namespace gse
