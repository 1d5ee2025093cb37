// Two servers on one PostgreSQL and one bucket, and the one that leads is killed: what clients and hosts had begun with
// it goes on with the other, and what it had handed out stays good there.
#include <gmock/gmock.h>
#include <signal.h>

#include <charconv>

#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/rng.h"
#include "base/secret_file.h"
#include "e2e/deployment.h"
#include "e2e/program.h"
#include "http/testing.h"
#include "postgres/cluster.h"

namespace gse::failover {
namespace {

namespace fs = std::filesystem;
using e2e::Api;
using e2e::describe;
using e2e::wait_until;
using testing::HasSubstr;

constexpr Millis kLimit{60'000};
constexpr const char* kSecret = "fake/secret+key";  // of gse-fake-s3
constexpr std::size_t kLargeBytes = 12 << 20;       // three parts for the store
constexpr std::size_t kFirstPiece = 7 << 20;        // one of them, and a rest

class TwoServersOnABucket : public ::testing::Test {
protected:
    void SetUp() override {
        store_ = std::make_unique<e2e::Program>(std::vector<std::string>{GSE_FAKE_S3}, dir_.path() / "s3.log");
        endpoint_ = "http://" + store_->ready()["http"];
        ASSERT_TRUE(write_new_secret_file(dir_.path() / "s3-secret", kSecret));
        ASSERT_TRUE(write_new_secret_file(dir_.path() / "secrets.key", std::string(64, 'a')));
        for (Server* server : {&first_, &second_}) start(*server);
        start_agent();
    }
    void TearDown() override {
        first_.program.reset(), second_.program.reset(), agent_.reset();
        const auto left = e2e::running_games(dir_.path() / "host");
        e2e::end_orphans();
        e2e::remove_control_groups(left);
    }

    struct Server {
        std::string name;
        std::string http = {};
        std::string link = {};
        std::unique_ptr<e2e::Program> program = {};
        [[nodiscard]] Api api() const { return Api(http); }
        [[nodiscard]] http::Answer ask(const std::string& head, std::string_view body = "") const {
            std::uint16_t port = 0;
            const std::string digits = http.substr(http.rfind(':') + 1);
            std::from_chars(digits.data(), digits.data() + digits.size(), port);
            http::RawClient client(port);
            client.send(fmt::format("{}Host: {}\r\nContent-Length: {}\r\n\r\n", head, http, body.size()));
            client.send(body);
            return client.read_answer().value_or(http::Answer{});
        }
        [[nodiscard]] bool leads() const {
            return e2e::http_get(http, "/metrics").second.find("\ngse_cluster_leader 1") != std::string::npos;
        }
    };
    void start(Server& server) {
        auto words = e2e::gse_command(
            {"server", "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0", "--data", dir_.path() / server.name});
        for (const char* setting : {"journal.kind=postgres", "journal.lease=1s", "cluster.listen=127.0.0.1:0",
                                    "objects.kind=s3", "objects.s3.bucket=gse", "objects.s3.prefix=here/",
                                    "objects.s3.part_bytes=5MiB", "objects.s3.access_key_id=FAKEACCESSKEY"})
            words.insert(words.end(), {"--set", setting});
        for (const std::string& setting :
             {"journal.postgres=" + database_->conninfo(), "objects.s3.endpoint=" + endpoint_,
              "objects.s3.secret_key_file=" + (dir_.path() / "s3-secret").string(),
              "secrets.key_file=" + (dir_.path() / "secrets.key").string()})
            words.insert(words.end(), {"--set", setting});
        server.program = std::make_unique<e2e::Program>(words, dir_.path() / (server.name + ".log"));
        auto ready = server.program->ready(kLimit);
        ASSERT_TRUE(ready.contains("http")) << server.program->log();
        server.http = ready["http"];
        server.link = ready["link"];
        ASSERT_TRUE(wait_until(kLimit, [&] { return e2e::http_get(server.http, "/readyz").first == 200; }));
    }
    void start_agent() {
        std::string problem;
        Api api = first_.api();
        ASSERT_TRUE(e2e::write_host_token(api, dir_.path() / "token", problem)) << problem;
        agent_ = std::make_unique<e2e::Program>(
            e2e::gse_command({"agent", "--data", dir_.path() / "host", "--join", first_.link + "," + second_.link,
                              "--token-file", dir_.path() / "token", "--sdk-listen", "127.0.0.1:0", "--set",
                              "agent.ping_http=", "--set", "agent.ping_udp=", "--set", "hosts.port_low=28500", "--set",
                              "hosts.port_high=28999"}),
            dir_.path() / "agent.log");
        ASSERT_FALSE(agent_->ready(kLimit).empty()) << agent_->log();
    }

    /// A PUT of bytes `from` to `to` of an upload, or, without bytes, the question how many are kept; its answer.
    static http::Answer put(const Server& server, const api::GetUploadCredentialsResponse& place,
                            const std::string& key, std::string_view all, std::size_t from, std::size_t to) {
        const std::string range = from == to ? "*" : fmt::format("{}-{}", from, to - 1);
        return server.ask(
            fmt::format("PUT /objects/{}/{} HTTP/1.1\r\nAuthorization: {}\r\nContent-Range: bytes {}/{}\r\n",
                        place.bucket_name, key, place.bucket_auth, range, all.size()),
            all.substr(from, to - from));
    }
    static api::GetUploadCredentialsResponse place_for(const Server& server, const std::string& key) {
        auto place =
            server.api().call(api::GetUploadCredentialsRequest{.asset_region = e2e::kRegion, .bucket_key = key});
        EXPECT_TRUE(place) << describe(place.error());
        return place.value_or(api::GetUploadCredentialsResponse{});
    }
    void wait_active(const std::string& fleet) {
        Api api = second_.api();
        ASSERT_TRUE(wait_until(kLimit, [&] { return e2e::fleet_status(api, fleet) == "ACTIVE"; }))
            << e2e::event_text(api, fleet) << agent_->log();
    }
    /// A link as a load balancer would lead it.
    std::string fetch(const Server& server, const std::string& url) {
        const auto path = url.find("/objects/");
        const auto got =
            server.api().client().get_link("http://" + server.http + url.substr(path), dir_.path() / "fetched");
        return got ? e2e::read_text(dir_.path() / "fetched") : describe(got.error());
    }

    const TempFolder dir_ = e2e::test_folder("gse-bucket");
    std::unique_ptr<pgtest::Cluster> database_ = pgtest::Cluster::make(pgtest::Cluster::Kind::Quick);
    std::unique_ptr<e2e::Program> store_;
    std::string endpoint_;
    Server first_{.name = "first"}, second_{.name = "second"};
    std::unique_ptr<e2e::Program> agent_;
};

TEST_F(TwoServersOnABucket, UploadsLogsAndSessionsGoOnWithTheOtherWhenTheLeaderIsKilled) {
    const fs::path zip = dir_.path() / "game.zip";
    e2e::write_game_zip(zip);
    const std::string game = e2e::read_text(zip);
    std::string large(kLargeBytes, '\0');
    SeededRng rng{11};
    for (char& byte : large) byte = static_cast<char>(rng.next());

    // A fleet whose package went in by the one that follows, and the log of a session that is over.
    Api through_second = second_.api();
    const auto asset = e2e::upload_asset(through_second, zip);
    ASSERT_TRUE(asset) << describe(asset.error());
    const auto fleet = e2e::create_fleet(
        through_second, {.name = "before", .asset_id = *asset, .parameters = "--log /local/game/gse-test-game"});
    ASSERT_TRUE(fleet) << describe(fleet.error());
    wait_active(*fleet);
    const auto session = e2e::make_session(through_second, *fleet, kLimit);
    ASSERT_TRUE(session) << describe(session.error());
    (void)e2e::ask_session(through_second, *session, "END");
    std::string url;
    ASSERT_TRUE(wait_until(kLimit, [&] {
        const auto log =
            through_second.call(api::GetGameServerSessionLogUrlRequest{.game_server_session_id = *session});
        if (log) url = log->pre_signed_url.value_or("");
        return !url.empty();
    })) << first_.program->log();
    const std::string log = fetch(first_, url);
    EXPECT_THAT(log, testing::StartsWith("PK"));
    EXPECT_TRUE(fetch(second_, url) == log);

    // What is under way when the leader dies.
    const std::string sign_in = fmt::format(R"({{"SecretId":"{}","SecretKey":"{}"}})", e2e::kSecretId, e2e::kSecretKey);
    const auto signed_in = first_.ask(
        "POST /console/session HTTP/1.1\r\nOrigin: http://" + first_.http + "\r\nContent-Type: application/json\r\n",
        sign_in);
    ASSERT_EQ(signed_in.status, 200) << signed_in.body;
    const std::string set = signed_in.fields.at("set-cookie");
    const std::string cookie = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
    const auto game_place = place_for(first_, "after.zip"), large_place = place_for(first_, "large.bin");
    ASSERT_EQ(put(first_, game_place, "after.zip", game, 0, game.size() / 2).status, 308);
    ASSERT_EQ(put(first_, large_place, "large.bin", large, 0, kFirstPiece).status, 308);

    ASSERT_TRUE(first_.leads());
    first_.program->kill_hard();
    ASSERT_TRUE(wait_until(kLimit, [&] { return second_.leads(); })) << second_.program->log();

    const auto kept = put(second_, large_place, "large.bin", large, 0, 0);
    EXPECT_EQ(kept.status, 308) << kept.body;
    EXPECT_EQ(kept.fields.contains("range") ? kept.fields.at("range") : "", fmt::format("bytes=0-{}", kFirstPiece - 1));
    const auto large_done = put(second_, large_place, "large.bin", large, kFirstPiece, large.size());
    EXPECT_EQ(large_done.status, 200) << large_done.body;
    EXPECT_THAT(large_done.body, HasSubstr(to_hex(sha256(large))));
    const auto game_done = put(second_, game_place, "after.zip", game, game.size() / 2, game.size());
    EXPECT_EQ(game_done.status, 200) << game_done.body;
    EXPECT_THAT(game_done.body, HasSubstr(to_hex(sha256(game))));

    EXPECT_TRUE(fetch(second_, url) == log) << "a link that the leader gave out before";
    EXPECT_EQ(second_.ask("GET /console/session HTTP/1.1\r\n" + cookie).status, 200) << "still signed in";
    const auto asset_after = second_.api().call(api::CreateAssetRequest{.bucket_key = "after.zip",
                                                                        .asset_name = "after",
                                                                        .asset_version = "1",
                                                                        .asset_region = e2e::kRegion,
                                                                        .operate_system = "CentOS7.16"});
    ASSERT_TRUE(asset_after) << describe(asset_after.error());
    Api api = second_.api();
    const auto fleet_after = e2e::create_fleet(api, {.name = "after", .asset_id = asset_after->asset_id});
    ASSERT_TRUE(fleet_after) << describe(fleet_after.error());
    wait_active(*fleet_after);
    EXPECT_EQ(e2e::fleet_status(api, *fleet), "ACTIVE");
    EXPECT_FALSE(fs::exists(dir_.path() / "second" / "objects")) << "nothing of it is on a server's disk";
}

}  // namespace
}  // namespace gse::failover
