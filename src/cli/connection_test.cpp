#include "cli/connection.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "base/temp_folder.h"

namespace gse::cli {
namespace {

using testing::HasSubstr;

class ConnectionTest : public testing::Test {
protected:
    ConnectionTest() { set("HOME", folder_.string()); }

    void set(const std::string& name, const std::string& value) { environment_[name] = value; }
    void set_key() {
        set("TENCENTCLOUD_SECRET_ID", "env-id");
        set("TENCENTCLOUD_SECRET_KEY", "env-key");
    }
    void write_profiles(const std::string& text) const {
        std::filesystem::create_directories(folder_ / ".config/gse");
        std::ofstream{folder_ / ".config/gse/profiles.toml"} << text;
    }
    [[nodiscard]] std::string write_credentials(const std::string& id) const {
        const auto path = folder_ / (id + ".toml");
        std::ofstream{path} << "secret_id = \"" << id << "\"\nsecret_key = \"file-key\"\n";
        EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
        return path.string();
    }
    [[nodiscard]] Result<Connection> resolve(const ConnectionFlags& flags = {}) const {
        return resolve_connection(flags, [this](const std::string& name) {
            const auto found = environment_.find(name);
            return found == environment_.end() ? std::string{} : found->second;
        });
    }

private:
    const TempFolder temp_ = TempFolder::make("gse-connection").value();
    const std::filesystem::path folder_ = temp_.path();
    std::map<std::string, std::string> environment_;
};

TEST_F(ConnectionTest, DefaultsToTheServerOnThisMachine) {
    set_key();
    const auto connection = resolve();
    ASSERT_TRUE(connection) << connection.error().message;
    EXPECT_EQ(connection->endpoint, "http://127.0.0.1:8080");
    EXPECT_EQ(connection->region, "ap-shanghai");
    EXPECT_EQ(connection->secret_id, "env-id");
}

TEST_F(ConnectionTest, TheCaComesFromFlagEnvironmentOrProfile) {
    set_key();
    EXPECT_EQ(resolve()->ca_file, "");
    write_profiles("[default]\nca = \"profile.pem\"\n");
    EXPECT_EQ(resolve()->ca_file, "profile.pem");
    set("GSE_CA", "environment.pem");
    EXPECT_EQ(resolve()->ca_file, "environment.pem");
    EXPECT_EQ(resolve({.endpoint = "", .region = "", .profile = "", .credentials = "", .ca = "flag.pem"})->ca_file,
              "flag.pem");
}

TEST_F(ConnectionTest, FlagsWinOverTheEnvironmentAndThatOverTheDefaultProfile) {
    write_profiles(
        "[default]\nendpoint = \"http://profile:1\"\nregion = \"ap-beijing\"\nsecret_id = \"p-id\"\nsecret_key = "
        "\"p-key\"\n");
    EXPECT_EQ(resolve()->endpoint, "http://profile:1");
    EXPECT_EQ(resolve()->secret_id, "p-id");
    set("GSE_ENDPOINT", "http://env:2");
    set("TENCENTCLOUD_REGION", "ap-tokyo");
    set_key();
    EXPECT_EQ(resolve()->endpoint, "http://env:2");
    EXPECT_EQ(resolve()->region, "ap-tokyo");
    EXPECT_EQ(resolve()->secret_id, "env-id");
    const auto connection =
        resolve({.endpoint = "https://flag:3", .region = "ap-seoul", .credentials = write_credentials("file-id")});
    ASSERT_TRUE(connection) << connection.error().message;
    EXPECT_EQ(connection->endpoint, "https://flag:3");
    EXPECT_EQ(connection->region, "ap-seoul");
    EXPECT_EQ(connection->secret_id, "file-id");
}

TEST_F(ConnectionTest, ACredentialsFileCanStandInTheEnvironment) {
    set("GSE_CREDENTIALS", write_credentials("file-id"));
    EXPECT_EQ(resolve()->secret_id, "file-id");
    set_key();
    EXPECT_EQ(resolve()->secret_id, "env-id");
}

TEST_F(ConnectionTest, AProfileThatWasAskedForBringsItsOwnKey) {
    set_key();
    write_profiles("[work]\nendpoint = \"http://work:1\"\ncredentials = \"" + write_credentials("work-id") + "\"\n");
    EXPECT_EQ(resolve({.profile = "work"})->secret_id, "work-id");
    EXPECT_EQ(resolve()->secret_id, "env-id");
}

TEST_F(ConnectionTest, RefusalsSayWhatToChange) {
    const auto says = [&](const ConnectionFlags& flags) {
        const auto connection = resolve(flags);
        return connection ? std::string{"accepted"} : connection.error().message;
    };
    EXPECT_THAT(says({}), HasSubstr("TENCENTCLOUD_SECRET_ID"));
    set("TENCENTCLOUD_SECRET_ID", "only half a key");
    EXPECT_THAT(says({}), HasSubstr("TENCENTCLOUD_SECRET_KEY"));
    set_key();
    EXPECT_THAT(says({.endpoint = "ftp://x"}), HasSubstr("http://"));
    EXPECT_THAT(says({.credentials = "/nowhere.toml"}), HasSubstr("/nowhere.toml"));
    EXPECT_THAT(says({.profile = "nobody"}), HasSubstr("profiles.toml"));
}

}  // namespace
}  // namespace gse::cli
