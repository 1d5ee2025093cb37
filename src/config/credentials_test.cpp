#include "config/credentials.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

namespace gse::config {
namespace {

using testing::HasSubstr;
using testing::Not;

class Credentials : public testing::Test {
protected:
    Credentials() {
        std::string name = (std::filesystem::temp_directory_path() / "gse-credentials-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Credentials() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path path() const { return folder_ / "credentials.toml"; }
    void write(const std::string& text, mode_t mode = 0600) const {
        std::ofstream{path()} << text;
        ASSERT_EQ(::chmod(path().c_str(), mode), 0);
    }

private:
    std::filesystem::path folder_;
};

TEST_F(Credentials, AreReadBackAsStoredAndForTheOwnerOnly) {
    const std::vector<ApiKey> keys{{"AKIDone", "s3cret+/="}, {"AKIDtwo", "other"}};
    ASSERT_TRUE(store_credentials(path(), keys));
    EXPECT_EQ(load_credentials(path()), keys);
    struct stat status{};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Credentials, AMissingFileIsNotFound) {
    const auto keys = load_credentials(path());
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code, ErrorCode::NotFound);
}

TEST_F(Credentials, AFileThatOthersMayReadIsRefused) {
    write("[[key]]\nsecret_id = \"a\"\nsecret_key = \"b\"\n", 0644);
    const auto keys = load_credentials(path());
    ASSERT_FALSE(keys);
    EXPECT_THAT(keys.error().message, HasSubstr("chmod 600"));
}

TEST_F(Credentials, RefusalsNeverRepeatASecret) {
    const char* const kCases[] = {
        "",
        "secret_key = \"hunter2\"",
        "[key]\nsecret_id = \"a\"\nsecret_key = \"hunter2\"",
        "[[key]]\nsecret_key = \"hunter2\"",
        "[[key]]\nsecret_id = \"a\"\nsecret_key = \"hunter2 with blanks\"",
        "[[key]]\nsecret_id = \"a\"\nsecret_key = hunter2",
        "[[key]]\nsecret_id = \"a\"\nsecret_key = \"hunter2\"\n[[key]]\nsecret_id = \"a\"\nsecret_key = \"b\"",
    };
    for (const char* text : kCases) {
        write(text);
        const auto keys = load_credentials(path());
        ASSERT_FALSE(keys) << text;
        EXPECT_EQ(keys.error().code, ErrorCode::InvalidParameter) << text;
        EXPECT_THAT(keys.error().message, Not(HasSubstr("hunter2")));
    }
}

TEST_F(Credentials, AKeyThatCouldNotBeReadBackIsNotStored) {
    EXPECT_FALSE(store_credentials(path(), {{"a", "line\nbreak"}}));
    EXPECT_FALSE(store_credentials(path(), {{"", "b"}}));
    EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace gse::config
