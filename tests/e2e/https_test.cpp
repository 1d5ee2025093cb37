// gse over HTTPS with keys of its own: a real process, a real game, and what survives a kill.
#include <gmock/gmock.h>
#include <signal.h>

#include "base/file.h"
#include "e2e/deployment.h"
#include "e2e/program.h"
#include "http/testing/certificates.h"

namespace gse::e2e {
namespace {

using ::testing::HasSubstr;

constexpr Millis kLimit{30'000};
constexpr const char* kHere = "IP:127.0.0.1";

class Https : public ::testing::Test {
protected:
    void SetUp() override {
        EXPECT_TRUE(write_file_atomically(dir_.path() / "ca.pem", authority_.root()));
        write(authority_.issue(kHere, "the first"));
    }
    void TearDown() override {
        if (!program_) return;
        program_->signal(SIGTERM);
        EXPECT_EQ(program_->wait(Millis{15'000}), 0) << program_->log();
        program_.reset();
        end_orphans();
    }

    void write(const http::TestIdentity& identity) {
        EXPECT_TRUE(write_file_atomically(dir_.path() / "cert.pem", identity.certificate));
        EXPECT_TRUE(write_file_atomically(dir_.path() / "key.pem", identity.key));
    }
    void start() {
        program_ = std::make_unique<Program>(
            gse_command({"dev", "--listen", "127.0.0.1:0", "--sdk-listen", "127.0.0.1:0", "--data",
                         dir_.path() / "data", "--tls-cert", dir_.path() / "cert.pem", "--tls-key",
                         dir_.path() / "key.pem", "--set", "timers.end_grace=500ms"}),
            dir_.path() / "dev.log");
        const auto words = program_->ready(kLimit);
        ASSERT_TRUE(words.contains("https")) << program_->log();
        EXPECT_FALSE(words.contains("http"));
        address_ = words.at("https");
    }
    Api api(const std::string& secret_id = kSecretId, const std::string& secret_key = kSecretKey) const {
        return Api(client::ClientOptions{.endpoint = "https://" + address_,
                                         .region = kRegion,
                                         .secret_id = secret_id,
                                         .secret_key = secret_key,
                                         .ca_file = dir_.path() / "ca.pem"});
    }
    template <class Request>
    static std::string code_of(Api api, const Request& request) {
        const auto answer = api.call(request);
        return answer ? "" : answer.error().code;
    }

    const TempFolder dir_ = test_folder("gse-https");
    http::TestAuthority authority_;
    std::unique_ptr<Program> program_;
    std::string address_;
};

TEST_F(Https, AGameRunsAndTheCertificateIsReadAgain) {
    start();
    Api root = api();
    const auto zip = dir_.path() / "game.zip";
    write_game_zip(zip);
    const auto asset = upload_asset(root, zip);
    ASSERT_TRUE(asset) << describe(asset.error());
    const auto fleet = create_fleet(root, {.name = "over-tls", .asset_id = *asset});
    ASSERT_TRUE(fleet) << describe(fleet.error());
    EXPECT_TRUE(wait_until(kLimit, [&] { return fleet_status(root, *fleet) == "ACTIVE"; })) << event_text(root, *fleet);

    // Another authority: clients of the old one refuse it once it is in force, which SIGHUP makes at once.
    http::TestAuthority other;
    write(other.issue(kHere));
    program_->signal(SIGHUP);
    EXPECT_TRUE(wait_until(kLimit, [&] {
        const auto refused = api().call(api::ListFleetsRequest{});
        return !refused && refused.error().message.find("--ca FILE") != std::string::npos;
    })) << program_->log();
    EXPECT_TRUE(root.call(api::ListFleetsRequest{})) << "a connection that stands is not cut";
    EXPECT_TRUE(write_file_atomically(dir_.path() / "key.pem", "broken"));
    EXPECT_TRUE(wait_until(kLimit, [&] {
        return program_->log().find("the old pair stays in force") != std::string::npos;
    })) << program_->log();
    EXPECT_TRUE(program_->running());
}

TEST_F(Https, KeysLiveAndDieWithTheirChanges) {
    start();
    Api root = api();
    const auto all = root.call(api::CreateAccessKeyRequest{.description = "all"});
    const auto reader = root.call(api::CreateAccessKeyRequest{.read_only = true});
    ASSERT_TRUE(all && reader);
    const auto with = [&](const auto& made) { return api(made->access_key.secret_id, made->secret_key); };

    // In force with the answer that made them, as they are with the answers that change them.
    EXPECT_EQ(code_of(with(all), api::ListFleetsRequest{}), "");
    EXPECT_EQ(code_of(with(reader), api::ListFleetsRequest{}), "");
    EXPECT_EQ(code_of(with(reader), api::GetUploadCredentialsRequest{.asset_region = kRegion, .bucket_key = "k"}),
              "UnauthorizedOperation");
    EXPECT_EQ(code_of(with(reader), api::ListAccessKeysRequest{}), "UnauthorizedOperation");
    EXPECT_EQ(code_of(api(), api::UpdateAccessKeyRequest{.secret_id = kSecretId, .status = "DISABLED"}),
              "UnsupportedOperation");
    const auto listed = root.call(api::ListAccessKeysRequest{});
    ASSERT_TRUE(listed);
    ASSERT_EQ(listed->access_keys.size(), 3U);
    EXPECT_EQ(listed->access_keys[0].source, "ROOT");
    EXPECT_TRUE(listed->access_keys[2].last_used_time) << "seen at once, though not written down yet";

    program_->kill_hard();
    start();
    root = api();
    EXPECT_EQ(code_of(with(all), api::ListFleetsRequest{}), "");
    ASSERT_TRUE(root.call(api::UpdateAccessKeyRequest{.secret_id = all->access_key.secret_id, .status = "DISABLED"}));
    EXPECT_EQ(code_of(with(all), api::ListFleetsRequest{}), "AuthFailure.SecretIdNotFound");
    ASSERT_TRUE(root.call(api::DeleteAccessKeyRequest{.secret_id = reader->access_key.secret_id}));
    EXPECT_EQ(code_of(with(reader), api::ListFleetsRequest{}), "AuthFailure.SecretIdNotFound");

    program_->kill_hard();
    start();
    EXPECT_EQ(code_of(with(all), api::ListFleetsRequest{}), "AuthFailure.SecretIdNotFound");
    EXPECT_EQ(code_of(with(reader), api::ListFleetsRequest{}), "AuthFailure.SecretIdNotFound");
    ASSERT_TRUE(api().call(api::UpdateAccessKeyRequest{.secret_id = all->access_key.secret_id, .status = "ENABLED"}));
    EXPECT_EQ(code_of(with(all), api::ListFleetsRequest{}), "");
    EXPECT_EQ(program_->log().find(all->secret_key), std::string::npos) << "never logged";
}

TEST_F(Https, RatesBeyondTheLimitAreRefusedAndNamed) {
    Program server(gse_command({"server", "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0", "--data",
                                dir_.path() / "rated", "--set", "limits.rates.ListFleets=3"}),
                   dir_.path() / "server.log");
    auto words = server.ready(kLimit);
    ASSERT_TRUE(words.contains("http")) << server.log();
    Api plain(words["http"]);
    std::string refusal;
    // Faster than three a second, whatever machine this is: at once.
    for (int i = 0; i < 2'000 && refusal.empty(); ++i) {
        const auto answer = plain.call(api::ListFleetsRequest{});
        if (!answer) refusal = describe(answer.error());
    }
    EXPECT_THAT(refusal, HasSubstr("RequestLimitExceeded: ListFleets may be called 3 times a second"));
    EXPECT_TRUE(plain.call(api::ListAliasesRequest{})) << "other actions are not limited";
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait(kLimit), 0);

    Program misspelt(gse_command({"server", "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0", "--data",
                                  dir_.path() / "rated", "--set", "limits.rates.ListFleet=3"}),
                     dir_.path() / "misspelt.log");
    EXPECT_EQ(misspelt.wait(kLimit), 1);
    EXPECT_THAT(misspelt.log(), HasSubstr("the nearest is ListFleets"));
}

}  // namespace
}  // namespace gse::e2e
