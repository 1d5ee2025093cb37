// A server whose packages and logs are in an S3-compatible store: real processes, the store a process of its own.
#include <gmock/gmock.h>
#include <signal.h>

#include <charconv>
#include <cstdio>
#include <fstream>

#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"
#include "e2e/deployment.h"
#include "e2e/program.h"
#include "http/testing.h"

namespace gse::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Millis kLimit{60'000};
constexpr const char* kAccessKey = "FAKEACCESSKEY";  // of gse-fake-s3
constexpr const char* kSecret = "fake/secret+key";

class S3Server : public ::testing::Test {
protected:
    void SetUp() override {
        own_orphans();
        store_ = std::make_unique<Program>(std::vector<std::string>{GSE_FAKE_S3}, dir_.path() / "s3.log");
        endpoint_ = "http://" + store_->ready()["http"];
        ASSERT_TRUE(write_file_atomically(dir_.path() / "secret", std::string(kSecret) + "\n"));
    }
    void TearDown() override {
        agent_.reset();
        const auto left = running_games(dir_.path() / "host");
        end_orphans();
        remove_control_groups(left);
    }

    [[nodiscard]] std::vector<std::string> s3_settings() const {
        return {"--set", "objects.s3.endpoint=" + endpoint_,
                "--set", "objects.s3.bucket=gse",
                "--set", "objects.s3.prefix=here/",
                "--set", std::string("objects.s3.access_key_id=") + kAccessKey,
                "--set", "objects.s3.secret_key_file=" + (dir_.path() / "secret").string(),
                "--set", "objects.s3.part_bytes=5MiB"};
    }
    void start(const std::string& kind) {
        auto words = gse_command({"server", "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0", "--data",
                                  dir_.path() / "data", "--set", "objects.kind=" + kind});
        for (const std::string& word : s3_settings()) words.push_back(word);
        server_ = std::make_unique<Program>(words, dir_.path() / "server.log");
        auto ready = server_->ready(kLimit);
        ASSERT_TRUE(ready.contains("http")) << server_->log();
        http_ = ready["http"];
        link_ = ready["link"];
        api_ = std::make_unique<Api>(http_);
    }
    void start_agent() {
        std::string problem;
        ASSERT_TRUE(write_host_token(*api_, dir_.path() / "token", problem)) << problem;
        agent_ = std::make_unique<Program>(
            gse_command({"agent", "--data", dir_.path() / "host", "--join", link_, "--token-file",
                         dir_.path() / "token", "--sdk-listen", "127.0.0.1:0", "--capacity", "2", "--set",
                         "agent.ping_http=", "--set", "agent.ping_udp=", "--set", "hosts.port_low=28000", "--set",
                         "hosts.port_high=28499"}),
            dir_.path() / "agent.log");
        ASSERT_FALSE(agent_->ready(kLimit).empty()) << agent_->log();
    }
    void stop_server() {
        server_->signal(SIGTERM);
        EXPECT_EQ(server_->wait(kLimit), 0) << server_->log();
    }
    /// A PUT of a part; its answer.
    http::Answer put_piece(const api::GetUploadCredentialsResponse& place, const std::string& range,
                           std::string_view bytes) const {
        std::uint16_t port = 0;
        const std::string digits = http_.substr(http_.rfind(':') + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
        http::RawClient client(port);
        client.send(
            fmt::format("PUT /objects/{}/game.zip HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n"
                        "Content-Range: bytes {}\r\nContent-Length: {}\r\n\r\n",
                        place.bucket_name, http_, place.bucket_auth, range, bytes.size()));
        client.send(bytes);
        return client.read_answer().value_or(http::Answer{});
    }
    /// What `gse objects copy` says, and its exit code.
    int copy(const std::string& to, std::string& said) {
        auto words = gse_command({"objects", "copy", "--data", dir_.path() / "data", "--to", to});
        for (const std::string& word : s3_settings()) words.push_back(word);
        const fs::path out = dir_.path() / "copy.txt";
        words.insert(words.begin(), {"/bin/sh", "-c", "exec \"$@\" > \"$0\" 2>&1", out});
        Program program(words, dir_.path() / "copy.log");
        const int code = program.wait(kLimit);
        said = read_text(out);
        return code;
    }

    const TempFolder dir_ = test_folder("gse-s3");
    std::unique_ptr<Program> store_;
    std::unique_ptr<Program> server_;
    std::unique_ptr<Program> agent_;
    std::unique_ptr<Api> api_;
    std::string endpoint_, http_, link_;
};

TEST_F(S3Server, AnUploadInPiecesOutlivesTheServerAndAFleetRunsFromIt) {
    start("s3");
    const fs::path zip = dir_.path() / "game.zip";
    write_game_zip(zip);
    // As large as a package is: several parts for the store.
    std::string bytes = read_text(zip);
    ASSERT_GT(bytes.size(), 1'000U);
    const auto place = api_->call(api::GetUploadCredentialsRequest{.asset_region = kRegion, .bucket_key = "game.zip"});
    ASSERT_TRUE(place) << describe(place.error());
    const std::size_t half = bytes.size() / 2, all = bytes.size();
    const auto first =
        put_piece(*place, fmt::format("0-{}/{}", half - 1, all), std::string_view(bytes).substr(0, half));
    ASSERT_EQ(first.status, 308) << first.body;
    server_->kill_hard();
    start("s3");
    const auto asked = put_piece(*place, fmt::format("*/{}", all), "");
    EXPECT_EQ(asked.status, 308);
    EXPECT_EQ(asked.fields.at("range"), fmt::format("bytes=0-{}", half - 1));
    const auto last =
        put_piece(*place, fmt::format("{}-{}/{}", half, all - 1, all), std::string_view(bytes).substr(half));
    ASSERT_EQ(last.status, 200) << last.body;
    EXPECT_THAT(last.body, HasSubstr(to_hex(sha256(bytes))));

    const auto asset = api_->call(api::CreateAssetRequest{.bucket_key = "game.zip",
                                                          .asset_name = "game",
                                                          .asset_version = "1",
                                                          .asset_region = kRegion,
                                                          .operate_system = "CentOS7.16"});
    ASSERT_TRUE(asset) << describe(asset.error());
    // Packages come to a host and logs from it through the server's own door: the agent knows of no S3.
    start_agent();
    const auto fleet = create_fleet(*api_, {.name = "from-s3",
                                            .asset_id = asset->asset_id,
                                            .parameters = "--log /local/game/gse-test-game"});  // a file that is there
    ASSERT_TRUE(fleet) << describe(fleet.error());
    ASSERT_TRUE(wait_until(kLimit, [&] { return fleet_status(*api_, *fleet) == "ACTIVE"; }))
        << event_text(*api_, *fleet) << agent_->log();
    std::string session;
    ASSERT_TRUE(wait_until(kLimit, [&] {
        const auto made =
            api_->call(api::CreateGameServerSessionRequest{.maximum_player_session_count = 4, .fleet_id = *fleet});
        if (made) session = made->game_server_session->game_server_session_id;
        return made.has_value();
    }));
    std::optional<api::GameServerSession> found;
    ASSERT_TRUE(wait_until(kLimit, [&] {
        found = find_session(*api_, session);
        return found && found->status == "ACTIVE";
    }));
    EXPECT_NE(ask_game(static_cast<std::uint16_t>(found->port), "WHO", found->ip_address), "");
    (void)ask_game(static_cast<std::uint16_t>(found->port), "END", found->ip_address);
    std::string url;
    ASSERT_TRUE(wait_until(kLimit, [&] {
        const auto log = api_->call(api::GetGameServerSessionLogUrlRequest{.game_server_session_id = session});
        if (log) url = log->pre_signed_url.value_or("");
        return !url.empty();
    })) << server_->log();
    EXPECT_THAT(url, HasSubstr(http_ + "/objects/"));
    const auto log = api_->client().get_link(url, dir_.path() / "log.zip");
    ASSERT_TRUE(log) << describe(log.error());
    EXPECT_THAT(read_text(dir_.path() / "log.zip"), ::testing::StartsWith("PK"));
    EXPECT_FALSE(fs::exists(dir_.path() / "data" / "objects")) << "nothing of it is on the server's disk";
    EXPECT_THAT(server_->log(), Not(HasSubstr(kSecret)));

    // Moved to a folder of the server's, all of it is there still.
    stop_server();
    std::string said;
    EXPECT_EQ(copy("directory", said), 0) << said;
    std::size_t objects = 0;
    ASSERT_EQ(std::sscanf(said.c_str(), "copied %zu objects", &objects), 1) << said;
    EXPECT_GE(objects, 3U) << "the upload, the package and the session's log";
    EXPECT_EQ(copy("s3", said), 0) << said;
    EXPECT_THAT(said, HasSubstr(fmt::format("copied 0 objects of 0 bytes, {} were there already", objects)));
    const auto before = log->sha256;
    start("directory");
    EXPECT_EQ(copy("s3", said), 1) << "a server is running";
    const auto moved = api_->call(api::GetGameServerSessionLogUrlRequest{.game_server_session_id = session});
    ASSERT_TRUE(moved) << describe(moved.error());
    const auto again = api_->client().get_link(moved->pre_signed_url.value_or(""), dir_.path() / "log2.zip");
    ASSERT_TRUE(again) << describe(again.error());
    EXPECT_EQ(again->sha256, before);
    stop_server();
}

TEST_F(S3Server, WrongSettingsAreSaidAndNothingStarts) {
    const auto refused = [&](std::vector<std::string> changes, const char* says) {
        auto words = gse_command({"server", "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0", "--data",
                                  dir_.path() / "other", "--set", "objects.kind=s3"});
        for (const std::string& word : s3_settings()) words.push_back(word);
        for (const std::string& change : changes) words.insert(words.end(), {"--set", change});
        const fs::path log = dir_.path() / "refused.log";
        fs::remove(log);
        Program server(words, log);
        EXPECT_EQ(server.wait(kLimit), 1) << says;
        EXPECT_THAT(server.log(), AllOf(HasSubstr(says), Not(HasSubstr(kSecret))));
    };
    refused({"objects.s3.bucket=missing"}, "there is no bucket missing");
    refused({"objects.s3.region=mars-1"}, "is not in region mars-1 but in us-east-1");
    refused({"objects.s3.secret_key_file="}, "objects.s3 has no credentials");
    ASSERT_TRUE(write_file_atomically(dir_.path() / "wrong", "another secret"));
    refused({"objects.s3.secret_key_file=" + (dir_.path() / "wrong").string()},
            "the secret key does not belong to the access key");
    fs::permissions(dir_.path() / "secret", fs::perms::others_read, fs::perm_options::add);
    refused({}, "chmod 600");
    fs::permissions(dir_.path() / "secret", fs::perms::others_read, fs::perm_options::remove);

    // A store that does not answer now keeps nobody from playing: the server starts, and uploads are refused.
    store_->kill_hard();
    start("s3");
    EXPECT_THAT(server_->log(), HasSubstr("does not answer"));
    EXPECT_TRUE(api_->call(api::ListFleetsRequest{}));
    write_game_zip(dir_.path() / "game.zip");
    const auto upload = upload_asset(*api_, dir_.path() / "game.zip");
    ASSERT_FALSE(upload);
    EXPECT_THAT(upload.error().message, HasSubstr("does not answer"));
    stop_server();
}

}  // namespace
}  // namespace gse::e2e
