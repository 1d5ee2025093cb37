#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace gse {
namespace {

TEST(File, IsReplacedAsAWholeAndKeptPrivate) {
    const std::filesystem::path dir = std::filesystem::path{testing::TempDir()} / "gse-file-test";
    std::filesystem::remove_all(dir);
    std::filesystem::create_directory(dir);
    const auto path = dir / "small.txt";

    EXPECT_EQ(read_file(path, 100).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(write_file_atomically(path, "one"));
    ASSERT_TRUE(write_file_atomically(path, "two!"));
    EXPECT_EQ(read_file(path, 100), "two!");
    EXPECT_EQ(read_file(path, 3).error().code, ErrorCode::RequestTooLarge);

    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{dir}, {}), 1);
    std::filesystem::remove_all(dir);
}

TEST(File, SaysWhatItCouldNotDo) {
    const auto refused = write_file_atomically("/nowhere-at-all/x", "text");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::FailedOperation);
    EXPECT_EQ(refused.error().message, "cannot create /nowhere-at-all/x.new: No such file or directory");
}

}  // namespace
}  // namespace gse
