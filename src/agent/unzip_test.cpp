#include "agent/unzip.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/testing/make_zip.h"
#include "base/file.h"
#include "base/temp_folder.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::make_zip;
using testing::ZipEntry;

class Unzip : public ::testing::Test {
protected:
    void SetUp() override { fs::create_directory(top_ / "out"); }
    Result<Unzipped> unpack(const std::string& bytes, const UnzipLimits& limits = {}) {
        EXPECT_TRUE(write_file_atomically(top_ / "p.zip", bytes));
        fs::remove_all(top_ / "out");
        fs::create_directory(top_ / "out");
        const std::atomic<bool> go_on = false;
        return unzip(top_ / "p.zip", top_ / "out", limits, {}, go_on);
    }
    const TempFolder folder_ = TempFolder::make("gse-unzip").value();
    const fs::path top_ = folder_.path();
};

TEST_F(Unzip, KeepsFilesFoldersLinksAndExecuteBits) {
    const auto done = unpack(make_zip({{"bin/server", "code", 0104755},
                                       {"data/", "", 0040755},
                                       {"data/a.txt", "text", 0100600},
                                       {"bin/alias", "", 0120777, "server"}}));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->files, 2u);
    struct stat info{};
    ASSERT_EQ(stat((top_ / "out/bin/server").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0755u) << "executable, but no set-id";
    EXPECT_EQ(read_file(top_ / "out/data/a.txt", 100).value(), "text");
    EXPECT_EQ(read_file(top_ / "out/bin/alias", 100).value(), "code");
    EXPECT_THAT(done->listing, HasSubstr("x bin/server"));
}

TEST_F(Unzip, RefusesWhatWouldHarmTheHost) {
    struct Case {
        const char* name;
        std::vector<ZipEntry> entries;
        const char* says;
    };
    const Case kCases[] = {
        {"zip slip", {{"../evil", "x"}}, "'..'"},
        {"zip slip in the middle", {{"a/../../evil", "x"}}, "'..'"},
        {"absolute", {{"/etc/evil", "x"}}, "absolute"},
        {"Windows drive", {{"C:/evil", "x"}}, "absolute"},
        {"link to outside", {{"l", "", 0120777, "../../etc/passwd"}}, "outside"},
        {"absolute link", {{"l", "", 0120777, "/etc/passwd"}}, "outside"},
        {"the same file twice", {{"a", "1"}, {"a", "2"}}, "twice"},
        {"a file where a folder is", {{"a", "1"}, {"a/b", "2"}}, "folder"},
        {"nothing but folders", {{"data/", "", 0040755}}, "no file"},
    };
    for (const auto& c : kCases) {
        const auto done = unpack(make_zip(c.entries));
        ASSERT_FALSE(done) << c.name;
        EXPECT_EQ(done.error().code, ErrorCode::InvalidParameterValue) << c.name;
        EXPECT_THAT(done.error().message, HasSubstr(c.says)) << c.name;
        EXPECT_FALSE(fs::exists(top_ / "evil")) << c.name;
    }
}

TEST_F(Unzip, AFileIsNeverWrittenThroughALinkOfThePackage) {
    // The link leads inside, so it is allowed; it is made last, so the file behind it is a plain folder's.
    const auto done = unpack(make_zip({{"real/x", "1"}, {"link", "", 0120777, "real"}, {"link/y", "2"}}));
    EXPECT_FALSE(done);
    EXPECT_FALSE(fs::exists(top_ / "out/real/y"));
}

TEST_F(Unzip, IsBounded) {
    const std::string zeros(4 << 20, '\0');
    const std::string bomb = make_zip({{"zeros", zeros}});
    ASSERT_LT(bomb.size(), 64u << 10) << "it packs well";
    struct Case {
        const char* name;
        std::string zip;
        UnzipLimits limits;
        const char* says;
    };
    UnzipLimits ratio;
    ratio.ratio_from = 1 << 20;
    UnzipLimits bytes;
    bytes.bytes = 1 << 20;
    UnzipLimits entries;
    entries.entries = 2;
    const Case kCases[] = {
        {"ratio", bomb, ratio, "zip bomb"},
        {"bytes", bomb, bytes, "more than 1048576 bytes"},
        {"entries", make_zip({{"a", "1"}, {"b", "2"}, {"c", "3"}}), entries, "more than 2 entries"},
        {"length of a name", make_zip({{std::string(2'000, 'n'), "1"}}), {}, "longer than"},
    };
    for (const auto& c : kCases) {
        const auto done = unpack(c.zip, c.limits);
        ASSERT_FALSE(done) << c.name;
        EXPECT_THAT(done.error().message, HasSubstr(c.says)) << c.name;
    }
    EXPECT_TRUE(unpack(bomb)) << "what is small is no bomb";
}

TEST_F(Unzip, DamagedZipsAreRefused) {
    const std::string good = make_zip({{"a", std::string(10'000, 'a')}, {"b", "text"}});
    EXPECT_FALSE(unpack(""));
    EXPECT_FALSE(unpack("this is not a zip file"));
    for (std::size_t cut = 1; cut < good.size(); cut += 7) EXPECT_FALSE(unpack(good.substr(0, cut))) << cut;
    std::string flipped = good;
    flipped[60] = static_cast<char>(flipped[60] ^ 0x40);
    EXPECT_FALSE(unpack(flipped)) << "the checksum tells";
}

TEST_F(Unzip, AFullDiskIsNoFaultOfThePackage) {
    std::vector<ZipEntry> files;
    for (int i = 0; i < 20; ++i) files.push_back({fmt::format("file-{}", i), "x"});
    const std::pair<const char*, std::vector<ZipEntry>> cases[] = {
        {"a file has no room", files},
        {"a folder has no room", {{"a/b/c/d/e/f/g/h/i/j/k/l/m/file", "x"}}},
    };
    for (const auto& [name, entries] : cases) {
        SCOPED_TRACE(name);
        ASSERT_TRUE(write_file_atomically(top_ / "p.zip", make_zip(entries)));
        const fs::path small = top_ / "small";
        fs::create_directories(small);
        if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m,nr_inodes=8") != 0)
            GTEST_SKIP() << "this machine does not let us mount a small disk";
        const std::atomic<bool> go_on = false;
        const auto done = unzip(top_ / "p.zip", small, {}, {}, go_on);
        umount2(small.c_str(), MNT_DETACH);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::Insufficient) << done.error().message;
        EXPECT_THAT(done.error().message, HasSubstr("No space left on device"));
    }
}

}  // namespace
}  // namespace gse::agent
