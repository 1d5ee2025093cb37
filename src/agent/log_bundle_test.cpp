#include "agent/log_bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_folder.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class LogBundleTest : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(top_ / "game/bin/logs/deep");
        fs::create_directory(top_ / "process");
        write("game/bin/logs/a.log", "first");
        write("game/bin/logs/deep/b.log", "second");
        write("process/output.log", "words");
        request_ = {.game_dir = top_ / "game",
                    .working_folder = "/local/game/bin",
                    .paths = {},
                    .process_dir = top_ / "process",
                    .bytes_max = 1 << 20};
    }
    void write(const std::string& path, const std::string& text) { std::ofstream(top_ / path) << text; }

    std::map<std::string, std::string> bundle(std::vector<std::string> paths) {
        request_.paths = std::move(paths);
        const auto done = bundle_logs(request_, top_ / "out.zip");
        EXPECT_TRUE(done);
        message_ = done ? done->message : done.error().message;
        std::map<std::string, std::string> files;
        archive* reader = archive_read_new();
        archive_read_support_format_zip(reader);
        archive_read_open_filename(reader, (top_ / "out.zip").c_str(), 65536);
        archive_entry* entry = nullptr;
        while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
            std::string& content = files[archive_entry_pathname(entry)];
            char buffer[4096];
            for (la_ssize_t n; (n = archive_read_data(reader, buffer, sizeof buffer)) > 0;)
                content.append(buffer, static_cast<std::size_t>(n));
        }
        archive_read_free(reader);
        return files;
    }
    const TempFolder folder_ = TempFolder::make("gse-logs").value();
    const fs::path top_ = folder_.path();
    LogRequest request_;
    std::string message_;
};

TEST_F(LogBundleTest, TakesFilesAndFoldersAbsoluteAndRelative) {
    const auto files = bundle({"./logs", "/local/game/bin/logs/a.log"});
    EXPECT_EQ(files.size(), 3u) << "named twice, taken once";
    EXPECT_EQ(files.at("bin/logs/a.log"), "first");
    EXPECT_EQ(files.at("bin/logs/deep/b.log"), "second");
    EXPECT_EQ(files.at("process.log"), "words");
    EXPECT_EQ(message_, "");
}

TEST_F(LogBundleTest, TakesNothingFromOutsideAndNothingButFiles) {
    fs::create_symlink("/etc/shadow", top_ / "game/bin/logs/link");
    fs::create_symlink("/etc", top_ / "game/etc");
    ASSERT_EQ(mkfifo((top_ / "game/bin/fifo").c_str(), 0600), 0);
    const auto files = bundle({"/etc/shadow", "../../../etc/shadow", "/local/game/bin/fifo", "./logs",
                               "/local/game/etc/shadow", "./missing"});
    EXPECT_EQ(files.size(), 3u);
    EXPECT_THAT(message_, HasSubstr("left out /etc/shadow: not below /local/game"));
    EXPECT_THAT(message_, HasSubstr("left out /local/game/bin/fifo: not a regular file"));
    EXPECT_THAT(message_, HasSubstr("./logs/link"));
    EXPECT_THAT(message_, HasSubstr("left out /local/game/etc/shadow: a link is on its way"));
    EXPECT_THAT(message_, HasSubstr("left out ./missing: no such file"));
    for (const auto& [name, content] : files) EXPECT_THAT(content, Not(HasSubstr("root:"))) << name;
}

TEST_F(LogBundleTest, KeepsTheEndOfWhatIsTooLong) {
    write("game/bin/logs/a.log", std::string(1'000, 'a') + "the end");
    fs::remove(top_ / "process/output.log");
    request_.bytes_max = 100;
    const auto files = bundle({"/local/game/bin/logs/a.log", "/local/game/bin/logs/deep"});
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files.at("bin/logs/a.log").size(), 100u);
    EXPECT_TRUE(files.at("bin/logs/a.log").ends_with("the end"));
    EXPECT_THAT(message_, HasSubstr("its first 907 bytes"));
    EXPECT_THAT(message_, HasSubstr("the limit of 100 bytes is reached"));
}

TEST_F(LogBundleTest, AFullDiskIsSaidSoForItMayHaveRoomLater) {
    request_.paths = {"logs"};
    const auto done = bundle_logs(request_, "/dev/full");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::Insufficient) << done.error().message;
}

}  // namespace
}  // namespace gse::agent
