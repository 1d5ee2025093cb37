// Two servers put together as the program does it, on one journal in memory: what one says the other one knows, when
// the one is gone the other goes on, and what keeps a server from joining.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "base/file.h"
#include "e2e/deployment.h"
#include "journal/memory_shared.h"
#include "main/server_parts.h"

namespace gse {
namespace {

using e2e::describe;
using testing::HasSubstr;

constexpr Millis kLease{600};
constexpr Millis kLimit{20'000};
const SystemClock kClock;

/// What outlives all servers.
struct Deployment {
    journal::MemoryDatabase database{kClock, kLease};
    journal::MemorySecrets secrets;
    TempFolder objects = e2e::test_folder("gse-objects");
};

/// The deployment's secrets as one server holds them.
class Secrets final : public journal::SharedSecrets {
public:
    explicit Secrets(journal::MemorySecrets& all) : all_(all) {}
    Result<std::string> get_or_create(std::string_view name, std::size_t size) override {
        return all_.get_or_create(name, size);
    }
    Result<std::optional<std::string>> get(std::string_view name) override { return all_.get(name); }
    Result<bool> replace(std::string_view name, const std::optional<std::string>& expected,
                         std::string_view secret) override {
        return all_.replace(name, expected, secret);
    }

private:
    journal::MemorySecrets& all_;
};

/// One server, whose lives share a data folder.
class Server {
public:
    explicit Server(Deployment& deployment) : deployment_(deployment) {
        config.data = data_.path();
        config.listen = config.link_listen = config.cluster.listen = "127.0.0.1:0";
        config.objects.dir = deployment.objects.path() / "objects";
        config.objects.shared = true;
    }
    ~Server() { stop(); }

    Result<void> start() {
        failed_ = std::promise<std::string>();
        has_failed_ = false;
        parts_ = std::make_unique<ServerParts>(
            config, [this](const Error& error) { fail(error); }, ServerParts::Agent::Elsewhere,
            [this](const DataDir& data) -> Result<SharedState> {
                name = TRY(data.secret("server-id"));
                return SharedState{.journal = journal::open_shared_memory_journal(deployment_.database, name),
                                   .secrets = std::make_unique<Secrets>(deployment_.secrets),
                                   .deployment = "the-deployment"};
            });
        at = TRY(parts_->start());
        return {};
    }
    /// As it was before there were others, with a journal of its own.
    Result<void> start_alone() {
        parts_ = std::make_unique<ServerParts>(config, [](const Error&) {}, ServerParts::Agent::Elsewhere);
        at = TRY(parts_->start());
        return {};
    }
    void stop() { parts_.reset(); }
    /// Why it wants to start again.
    std::string end() {
        auto failed = failed_.get_future();
        return failed.wait_for(kLimit) == std::future_status::ready ? failed.get() : "(it goes on)";
    }
    [[nodiscard]] bool is_ready() const { return e2e::http_get(at.http, "/readyz").first == 200; }
    [[nodiscard]] bool leads() const {
        return e2e::http_get(at.http, "/metrics").second.find("\ngse_cluster_leader 1") != std::string::npos;
    }
    [[nodiscard]] e2e::Api api() const { return e2e::Api(at.http, kLimit); }

    config::Config config;
    ServerAddresses at;
    std::string name;

private:
    void fail(const Error& error) {
        if (!has_failed_.exchange(true)) failed_.set_value(error.message);
    }

    Deployment& deployment_;
    TempFolder data_ = e2e::test_folder("gse-server");
    std::unique_ptr<ServerParts> parts_;
    std::promise<std::string> failed_;
    std::atomic<bool> has_failed_{false};
};

client::ApiResult<std::string> make_alias(e2e::Api api, const std::string& name) {
    const auto made =
        api.call(api::CreateAliasRequest{.name = name, .routing_strategy = {.type = "TERMINAL", .message = "closed"}});
    if (!made) return std::unexpected(made.error());
    return made->alias.alias_id;
}

std::string name_of(e2e::Api api, const std::string& alias) {
    const auto found = api.call(api::DescribeAliasRequest{.alias_id = alias});
    return found && found->alias ? found->alias->name : describe(found.error());
}

class Several : public ::testing::Test {
protected:
    void start(Server& server) {
        const auto started = server.start();
        ASSERT_TRUE(started) << started.error().message;
        ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return server.is_ready(); }))
            << e2e::http_get(server.at.http, "/readyz").second;
    }
    Deployment deployment;
    Server first{deployment}, second{deployment};
};

TEST_F(Several, EveryServerTakesEveryCall) {
    start(first);
    start(second);
    const auto here = make_alias(first.api(), "here");
    const auto there = make_alias(second.api(), "there");
    ASSERT_TRUE(here && there) << describe(here ? there.error() : here.error());
    EXPECT_EQ(name_of(second.api(), *here), "here");
    EXPECT_EQ(name_of(first.api(), *there), "there");
    EXPECT_THAT(e2e::http_get(second.at.http, "/v1/regions").second, HasSubstr("ap-shanghai"));
}

TEST_F(Several, WhenTheLeaderIsNotHeardOfTheOtherGoesOnAndTheOldOneComesBackBehindIt) {
    start(first);
    start(second);
    const auto before = make_alias(second.api(), "before");
    ASSERT_TRUE(before) << describe(before.error());
    deployment.database.freeze(first.name, true);
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return second.leads(); }));
    const auto after = make_alias(second.api(), "after");
    ASSERT_TRUE(after) << describe(after.error());
    deployment.database.freeze(first.name, false);
    EXPECT_THAT(first.end(), HasSubstr("another server leads now"));
    first.stop();
    start(first);
    EXPECT_EQ(name_of(first.api(), *before), "before");
    EXPECT_EQ(name_of(first.api(), *after), "after");
    EXPECT_EQ(name_of(second.api(), *before), "before");
}

TEST_F(Several, AnOrderlyEndHandsOverAtOnce) {
    start(first);
    start(second);
    ASSERT_TRUE(make_alias(second.api(), "before"));
    const auto began = std::chrono::steady_clock::now();
    first.stop();
    const auto after = make_alias(second.api(), "after");
    ASSERT_TRUE(after) << describe(after.error());
    const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - began);
    EXPECT_LT(took, Millis{1'000});
    std::printf("handed over in %lld ms\n", static_cast<long long>(took.count()));
}

TEST_F(Several, KeysGrantsAndCertificatesAreTheDeploymentsOwn) {
    start(first);
    start(second);
    auto api = first.api();
    const auto key = api.call(api::CreateAccessKeyRequest{});
    ASSERT_TRUE(key) << describe(key.error());
    const auto place = api.call(api::GetUploadCredentialsRequest{.asset_region = e2e::kRegion, .bucket_key = "a.zip"});
    ASSERT_TRUE(place) << describe(place.error());
    const auto zip = deployment.objects.path() / "a.zip";
    e2e::write_game_zip(zip);
    first.stop();

    e2e::Api with_new_key(client::ClientOptions{.endpoint = "http://" + second.at.http,
                                                .region = e2e::kRegion,
                                                .secret_id = key->access_key.secret_id,
                                                .secret_key = key->secret_key,
                                                .timeout = kLimit});
    EXPECT_TRUE(make_alias(std::move(with_new_key), "by the new key"));
    const auto put = second.api().client().put_object(place->bucket_name, "a.zip", zip, place->bucket_auth);
    EXPECT_TRUE(put) << describe(put.error());
    for (const char* file : {"credentials.toml", "pki/authority-1.pem", "pki/roots.pem"})
        EXPECT_EQ(e2e::read_text(std::filesystem::path(first.config.data) / file),
                  e2e::read_text(std::filesystem::path(second.config.data) / file))
            << file;
    EXPECT_NE(e2e::read_text(std::filesystem::path(first.config.data) / "pki/peer-key.pem"),
              e2e::read_text(std::filesystem::path(second.config.data) / "pki/peer-key.pem"));
}

TEST_F(Several, WhatAServerHandedOutWhileItWasAloneStaysGood) {
    const auto alone = first.start_alone();
    ASSERT_TRUE(alone) << alone.error().message;
    const auto place =
        first.api().call(api::GetUploadCredentialsRequest{.asset_region = e2e::kRegion, .bucket_key = "a.zip"});
    ASSERT_TRUE(place) << describe(place.error());
    const auto zip = deployment.objects.path() / "a.zip";
    e2e::write_game_zip(zip);
    const auto of_first = [&](const char* file) {
        return e2e::read_text(std::filesystem::path(first.config.data) / file);
    };
    const std::string secret = of_first("secret"), keys = of_first("credentials.toml"), ca = of_first("pki/roots.pem");
    first.stop();

    start(first);
    start(second);
    const auto put = second.api().client().put_object(place->bucket_name, "a.zip", zip, place->bucket_auth);
    EXPECT_TRUE(put) << describe(put.error());
    for (const Server* server : {&first, &second}) {
        const std::filesystem::path data = server->config.data;
        EXPECT_EQ(e2e::read_text(data / "secret"), secret);
        EXPECT_EQ(e2e::read_text(data / "credentials.toml"), keys);
        EXPECT_EQ(e2e::read_text(data / "pki/roots.pem"), ca);
    }
}

TEST_F(Several, AFolderOfObjectsThatIsNotSharedKeepsOthersOut) {
    first.config.objects = {};
    start(first);
    second.config.objects = {};
    const auto apart = second.start();
    ASSERT_FALSE(apart);
    EXPECT_THAT(apart.error().message, HasSubstr("objects.shared = true"));
    second.stop();
    second.config.objects.dir = std::filesystem::path(first.config.data) / "objects";
    second.config.objects.shared = true;
    const auto one_sided = second.start();
    ASSERT_FALSE(one_sided);
    EXPECT_THAT(one_sided.error().message, HasSubstr("not said to be shared"));
    second.stop();

    first.stop();
    first.config.objects = second.config.objects;
    start(first);
    start(second);
    EXPECT_TRUE(make_alias(second.api(), "together"));
}

TEST_F(Several, ABucketAndAFolderDoNotGoTogether) {
    const auto secret = std::filesystem::path(first.config.data).parent_path() / "s3-secret";
    ASSERT_TRUE(write_file_atomically(secret, "not asked for\n"));
    config::Objects bucket{.kind = config::ObjectsKind::S3};
    bucket.s3.endpoint = "http://127.0.0.1:9";  // a store that does not answer is a warning
    bucket.s3.bucket = "matches";
    bucket.s3.access_key_id = "AKIDEXAMPLE0001";
    bucket.s3.secret_key_file = secret;
    std::swap(first.config.objects, bucket);
    start(first);
    const auto folder = second.start();
    ASSERT_FALSE(folder);
    EXPECT_THAT(folder.error().message, HasSubstr("in bucket matches at http://127.0.0.1:9"));
    second.stop();
    second.config.objects = first.config.objects;
    second.config.objects.s3.bucket = "others";
    const auto other = second.start();
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message, HasSubstr("not in bucket others at"));
    second.stop();
    second.config.objects.s3.bucket = "matches";
    start(second);
    EXPECT_TRUE(make_alias(second.api(), "together"));
}

TEST_F(Several, WithoutALeaderCallsAreRefusedInTheEndAndTheServerIsNotReady) {
    start(first);
    start(second);
    deployment.database.cut(second.name, true);
    first.stop();
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return !second.is_ready(); }));
    const auto refused = make_alias(second.api(), "nobody");
    ASSERT_FALSE(refused);
    EXPECT_THAT(describe(refused.error()), HasSubstr("InternalError"));
    EXPECT_THAT(describe(refused.error()), HasSubstr("cannot reach the one that leads"));
    deployment.database.cut(second.name, false);
    EXPECT_TRUE(make_alias(second.api(), "somebody"));
}

}  // namespace
}  // namespace gse

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    setenv("TENCENTCLOUD_SECRET_ID", gse::e2e::kSecretId, 1);
    setenv("TENCENTCLOUD_SECRET_KEY", gse::e2e::kSecretKey, 1);
    return RUN_ALL_TESTS();
}
