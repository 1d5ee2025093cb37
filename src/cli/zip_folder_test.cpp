#include "cli/zip_folder.h"

#include <archive.h>
#include <archive_entry.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "base/temp_folder.h"

namespace gse::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ZipFolder : public testing::Test {
protected:
    ZipFolder() { fs::create_directory(folder()); }

    [[nodiscard]] fs::path folder() const { return base_.path() / "game"; }
    [[nodiscard]] fs::path zip() const { return base_.path() / "out.zip"; }
    void write(const fs::path& name, const std::string& text) const {
        fs::create_directories((folder() / name).parent_path());
        std::ofstream{folder() / name} << text;
    }

    struct Content {
        std::string text;
        unsigned mode = 0;
    };
    [[nodiscard]] std::map<std::string, Content> unpacked() const {
        std::map<std::string, Content> all;
        archive* reader = archive_read_new();
        archive_read_support_format_zip(reader);
        EXPECT_EQ(archive_read_open_filename(reader, zip().c_str(), 65'536), ARCHIVE_OK);
        archive_entry* entry = nullptr;
        while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
            Content& content = all[archive_entry_pathname(entry)];
            content.mode = archive_entry_perm(entry);
            char buffer[4096];
            for (la_ssize_t got; (got = archive_read_data(reader, buffer, sizeof buffer)) > 0;)
                content.text.append(buffer, static_cast<std::size_t>(got));
        }
        archive_read_free(reader);
        return all;
    }

private:
    const TempFolder base_ = TempFolder::make("gse-zip").value();
};

TEST_F(ZipFolder, TheContentOfTheFolderIsTheRootOfTheZip) {
    write("server", std::string(200'000, 'x'));
    fs::permissions(folder() / "server", fs::perms::owner_all | fs::perms::group_exec);
    write("data/地图.txt", "map");
    const auto summary = zip_folder(folder(), zip());
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->files, 2U);
    EXPECT_EQ(summary->bytes, 200'003U);
    const auto all = unpacked();
    ASSERT_TRUE(all.contains("server"));
    EXPECT_EQ(all.at("server").text.size(), 200'000U);
    EXPECT_EQ(all.at("server").mode, 0710U);
    EXPECT_TRUE(all.contains("data/"));
    ASSERT_TRUE(all.contains("data/地图.txt"));
    EXPECT_EQ(all.at("data/地图.txt").text, "map");
}

TEST_F(ZipFolder, RefusesWhatIsNoFileAndLeavesNoZip) {
    write("a", "a");
    fs::create_symlink("/etc/passwd", folder() / "link");
    const auto summary = zip_folder(folder(), zip());
    ASSERT_FALSE(summary);
    EXPECT_THAT(summary.error().message, HasSubstr("link"));
    EXPECT_FALSE(fs::exists(zip()));
}

TEST_F(ZipFolder, AMissingFolderIsNamed) {
    const auto summary = zip_folder(folder() / "nothing", zip());
    ASSERT_FALSE(summary);
    EXPECT_THAT(summary.error().message, HasSubstr("nothing"));
}

}  // namespace
}  // namespace gse::cli
