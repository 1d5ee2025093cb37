#include "client/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/temp_folder.h"
#include "http/testing.h"

namespace gse::client {
namespace {

using testing::HasSubstr;

/// The client signs with the real time, so the server must have it too.
class ApiClientTest : public testing::Test {
protected:
    ApiClientTest() { world_.clock.advance(SystemClock{}.wall() - world_.clock.wall()); }

    ApiClient client(std::string_view secret = http::kTestSecret) const {
        return ApiClient{{.endpoint = "127.0.0.1:" + std::to_string(world_.port),
                          .region = "ap-shanghai",
                          .secret_id = std::string{http::kTestSecretId},
                          .secret_key = std::string{secret}}};
    }

    http::ServerWorld world_;
};

TEST_F(ApiClientTest, CallsAndKeepsItsConnection) {
    ApiClient client = this->client();
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.call("ListFleets", R"({"Name":"ü"})");
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_THAT(*answer, testing::StartsWith(R"({"Action":"ListFleets","Bytes":13,"RequestId":")"));
    }
    EXPECT_EQ(world_.api.seen().back().region, "ap-shanghai");
    EXPECT_EQ(world_.server->stats().connections, 1u);
}

TEST_F(ApiClientTest, ARefusalHasCodeMessageAndRequestId) {
    const auto refused = client("wrong").call("ListFleets");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::to_string(static_cast<int>(ErrorCode::AuthSignatureFailure)));
    EXPECT_THAT(refused.error().message, HasSubstr("SecretKey"));
    EXPECT_EQ(refused.error().request_id.size(), 36u);
}

TEST_F(ApiClientTest, WithoutAServerOrAKeyItSaysSo) {
    world_.server->stop();
    EXPECT_EQ(client().call("A").error().code, "ClientError.NetworkError");
    EXPECT_EQ(client("").call("A").error().code, "ClientError.NoCredentials");
}

TEST_F(ApiClientTest, FilesGoUpAndComeBack) {
    const auto source = world_.dir / "source";
    const auto target = world_.dir / "target";
    std::string content;
    for (int i = 0; i < 300'000; ++i) content += std::to_string(i);
    ASSERT_TRUE(write_file_atomically(source, content));
    ApiClient client = this->client();

    const auto stored =
        client.put_object("b", "dir/a b.zip", source, world_.grant(objects::Access::Write, "dir/a b.zip"));
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->size, content.size());
    EXPECT_EQ(stored->sha256, to_hex(sha256(content)));

    const auto fetched =
        client.get_object("b", "dir/a b.zip", target, world_.grant(objects::Access::Read, "dir/a b.zip"));
    ASSERT_TRUE(fetched) << fetched.error().message;
    EXPECT_EQ(fetched->sha256, stored->sha256);
    EXPECT_EQ(read_file(target, content.size()), content);

    ASSERT_TRUE(client.call("ListFleets")) << "the connection still serves calls";
}

TEST_F(ApiClientTest, TransfersThatAreRefused) {
    const auto target = world_.dir / "target";
    ApiClient client = this->client();
    const auto none = client.get_object("b", "none", target, world_.grant(objects::Access::Read, "none"));
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("there is no object none"));
    EXPECT_FALSE(std::filesystem::exists(target));
    EXPECT_FALSE(std::filesystem::exists(target.string() + ".part"));

    EXPECT_EQ(client.put_object("b", "k", world_.dir / "absent", "x").error().code, "ClientError.FileError");
    ASSERT_TRUE(write_file_atomically(world_.dir / "source", "x"));
    const auto refused = client.put_object("b", "k", world_.dir / "source", "nonsense");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("BucketAuth"));
}

class OptionsTest : public testing::Test {
protected:
    OptionsTest() {
        EXPECT_TRUE(write_file_atomically(dir_ / "credentials.toml", "secret_id = \"FILE\"\nsecret_key = \"file\"\n"));
        EXPECT_TRUE(write_file_atomically(dir_ / "profiles.toml",
                                          "[default]\nendpoint = \"http://default:1\"\nregion = \"r-default\"\n"
                                          "[other]\nendpoint = \"https://other:2\"\ncredentials = \"" +
                                              (dir_ / "credentials.toml").string() + "\"\n[bad]\nport = \"1\"\n"));
    }

    Result<ClientOptions> resolve(const GivenOptions& given) const {
        return resolve_options(
            given,
            [this](const char* name) {
                const auto found = environment_.find(name);
                return found == environment_.end() ? nullptr : found->second.c_str();
            },
            dir_ / "profiles.toml");
    }

    std::map<std::string, std::string> environment_;
    const TempFolder folder_ = TempFolder::make("gse-options").value();
    const std::filesystem::path dir_ = folder_.path();
};

TEST_F(OptionsTest, TheCommandLineThenTheEnvironmentThenTheProfile) {
    EXPECT_EQ(resolve({})->endpoint, "http://default:1");
    EXPECT_EQ(resolve({})->region, "r-default");
    environment_ = {{"GSE_ENDPOINT", "http://env:3"},
                    {"TENCENTCLOUD_REGION", "r-env"},
                    {"TENCENTCLOUD_SECRET_ID", "ENV"},
                    {"TENCENTCLOUD_SECRET_KEY", "env"}};
    EXPECT_EQ(resolve({})->endpoint, "http://env:3");
    EXPECT_EQ(resolve({})->region, "r-env");
    EXPECT_EQ(resolve({})->secret_id, "ENV");
    EXPECT_EQ(resolve({.endpoint = "given:4", .region = "r-given"})->endpoint, "given:4");
    EXPECT_EQ(resolve({.endpoint = "given:4", .region = "r-given"})->region, "r-given");
    const auto named = resolve({.profile = "other"});
    ASSERT_TRUE(named) << named.error().message;
    EXPECT_EQ(named->endpoint, "https://other:2") << "who names a profile means it";
    EXPECT_EQ(named->secret_id, "FILE");
    EXPECT_EQ(named->secret_key, "file");
    EXPECT_EQ(named->region, "r-env") << "what it leaves open";
}

TEST_F(OptionsTest, Refusals) {
    EXPECT_THAT(resolve({.profile = "none"}).error().message, HasSubstr("no profile [none]"));
    EXPECT_THAT(resolve({.profile = "bad"}).error().message, HasSubstr("no entry port"));
    EXPECT_THAT(resolve({.endpoint = "ftp://x"}).error().message, HasSubstr("http:// or https://"));
    std::filesystem::remove(dir_ / "profiles.toml");
    EXPECT_EQ(resolve({.profile = "other"}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(resolve({})->endpoint, "http://127.0.0.1:8080");
}

TEST_F(OptionsTest, WhereTheProfilesAre) {
    const auto file = [&] {
        return default_profile_file([this](const char* name) {
            const auto found = environment_.find(name);
            return found == environment_.end() ? nullptr : found->second.c_str();
        });
    };
    environment_["HOME"] = "/home/me";
    EXPECT_EQ(file(), "/home/me/.config/gse/profiles.toml");
    environment_["XDG_CONFIG_HOME"] = "/config";
    EXPECT_EQ(file(), "/config/gse/profiles.toml");
    environment_["GSE_PROFILES"] = "/my.toml";
    EXPECT_EQ(file(), "/my.toml");
}

}  // namespace
}  // namespace gse::client
