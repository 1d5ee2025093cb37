#include "client/api_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include "base/crypto.h"
#include "base/fd.h"
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

    ApiClient client(std::string_view secret = http::kTestSecret) const { return client(world_.port, secret); }
    static ApiClient client(std::uint16_t port, std::string_view secret = http::kTestSecret) {
        return ApiClient{{.endpoint = "127.0.0.1:" + std::to_string(port),
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

/// Lets connections through to `target`, each of the first `cuts` only for so many bytes.
class CuttingProxy {
public:
    CuttingProxy(std::uint16_t target, int cuts, std::size_t bytes) : target_(target), cuts_(cuts), bytes_(bytes) {
        listener_ = Fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_.get(), 8), 0);
        EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~CuttingProxy() {
        stopping_ = true;
        thread_.join();
    }
    std::uint16_t port = 0;
    std::atomic<int> accepted = 0;
    std::atomic<std::size_t> passed = 0;  ///< bytes of clients

private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    void run() {
        while (!stopping_) {
            pollfd wait{listener_.get(), POLLIN, 0};
            if (::poll(&wait, 1, 20) <= 0) continue;
            const Fd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            const Fd server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
            const sockaddr_in address = loopback(target_);
            if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) continue;
            pump(client, server, accepted++ < cuts_ ? bytes_ : SIZE_MAX);
        }
    }
    void pump(const Fd& client, const Fd& server, std::size_t left) {
        char piece[16 * 1024];
        while (!stopping_ && left > 0) {
            pollfd waits[] = {{client.get(), POLLIN, 0}, {server.get(), POLLIN, 0}};
            if (::poll(waits, 2, 20) < 0) return;
            if (waits[1].revents != 0) {
                const ssize_t got = ::recv(server.get(), piece, sizeof piece, 0);
                if (got <= 0 || ::send(client.get(), piece, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) return;
            }
            if (waits[0].revents != 0) {
                const ssize_t got = ::recv(client.get(), piece, std::min(sizeof piece, left), 0);
                if (got <= 0 || ::send(server.get(), piece, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) return;
                left -= static_cast<std::size_t>(got);
                passed += static_cast<std::size_t>(got);
            }
        }
    }

    const std::uint16_t target_;
    const int cuts_;
    const std::size_t bytes_;
    std::atomic<bool> stopping_ = false;
    Fd listener_;
    std::thread thread_;
};

TEST_F(ApiClientTest, ACallWhoseAnswerIsLostIsNotRepeated) {
    CuttingProxy measures{world_.port, 0, 0};
    ASSERT_TRUE(client(measures.port).call("ListFleets"));
    // The second call arrives whole, and then the connection, which has been used before, is gone.
    CuttingProxy cuts{world_.port, 1, 2 * measures.passed};
    ApiClient client = this->client(cuts.port);
    ASSERT_TRUE(client.call("ListFleets"));
    const auto lost = client.call("ListFleets");
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, "ClientError.NetworkError");
    EXPECT_THAT(lost.error().message, HasSubstr("may have been carried out"));
    EXPECT_TRUE(client.call("ListFleets")) << "and the next one has a connection of its own";
    EXPECT_LE(world_.api.seen().size(), 4u) << "what was measured, the first, the lost one and the next";
}

class ResumingUpload : public ApiClientTest {
protected:
    ResumingUpload() {
        content_.resize(2'000'000);
        for (std::size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>(i * 31 + i / 256);
        std::ofstream(file_, std::ios::binary) << content_;
    }
    ApiResult<StoredObject> upload(std::uint16_t port) {
        ApiClient client{{.endpoint = "127.0.0.1:" + std::to_string(port)}};
        return client.put_object_resuming("b", "k", file_, world_.grant(objects::Access::Write),
                                          {.progress = [this](std::uint64_t sent, std::uint64_t) { sent_ = sent; },
                                           .pause = [this](Millis) { pause(); }});
    }
    /// Until the server has put away what came over the connection that broke.
    void pause() {
        ++pauses_;
        EXPECT_TRUE(world_.wait_for([this](const http::ServerStats&) {
            const auto probe = world_.store->put_piece("b", "k", {1, 7});  // refused whatever is kept
            return !probe && probe.error().code != ErrorCode::InUse;
        }));
    }
    TempFolder folder_ = TempFolder::make("gse-resuming").value();
    std::filesystem::path file_ = folder_.path() / "package.zip";
    std::string content_;
    std::uint64_t sent_ = 0;
    int pauses_ = 0;
};

TEST_F(ResumingUpload, GoesOnWhereTheConnectionBroke) {
    CuttingProxy proxy{world_.port, 1, 1'200'000};
    const auto stored = upload(proxy.port);
    ASSERT_TRUE(stored) << stored.error().code << ": " << stored.error().message;
    EXPECT_EQ(stored->sha256, to_hex(sha256(content_)));
    EXPECT_EQ(sent_, content_.size());
    EXPECT_GE(pauses_, 1);
    EXPECT_GE(proxy.accepted, 2);
}

TEST_F(ResumingUpload, GivesUpWhenNothingGetsThrough) {
    CuttingProxy proxy{world_.port, 1'000, 10};
    const auto stored = upload(proxy.port);
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, "ClientError.NetworkError");
    EXPECT_GE(pauses_, 10);
}

TEST_F(ResumingUpload, ARefusalIsFinal) {
    ApiClient client = this->client();
    const auto stored = client.put_object_resuming("b", "k", file_, "gse1.guessed", {});
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, std::to_string(static_cast<int>(ErrorCode::AuthInvalidAuthorization)));
}

}  // namespace
}  // namespace gse::client
