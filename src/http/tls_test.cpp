// The HTTP port over TLS: real sockets, certificates made here.
#include "tls/tls.h"

#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <csignal>

#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"
#include "http/testing.h"
#include "http/testing/certificates.h"
#include "objects/directory_store.h"

namespace gse::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kHere = "IP:127.0.0.1";

struct Wish {
    int version = 0;  ///< the only one; 0: any
    std::string protocol = "http/1.1";
};

/// A client that believes one authority, over a RawClient's socket with its patience.
class TlsClient {
public:
    TlsClient(std::uint16_t port, const std::string& root, const Wish& wish = {})
        : raw_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
        std::signal(SIGPIPE, SIG_IGN);
        SSL_CTX* const c = context_.get();
        BIO* const bio = BIO_new_mem_buf(root.data(), static_cast<int>(root.size()));
        X509* const authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(c), authority);
        X509_free(authority);
        BIO_free(bio);
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_security_level(c, 0);  // or the library would not even offer old versions
        if (wish.version != 0) {
            SSL_CTX_set_min_proto_version(c, wish.version);
            SSL_CTX_set_max_proto_version(c, wish.version);
        }
        ssl_.reset(SSL_new(c));
        const std::string offer = static_cast<char>(wish.protocol.size()) + wish.protocol;
        if (!wish.protocol.empty())
            SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                                static_cast<unsigned>(offer.size()));
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), "127.0.0.1");
        SSL_set_fd(ssl_.get(), raw_.fd());
        connected_ = SSL_connect(ssl_.get()) == 1;
    }

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
    [[nodiscard]] std::string protocol() const {
        const unsigned char* text = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &text, &size);
        return {reinterpret_cast<const char*>(text), size};
    }
    [[nodiscard]] std::string subject() const {
        char name[200] = "";
        X509* const peer = SSL_get1_peer_certificate(ssl_.get());
        if (peer) X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
        X509_free(peer);
        return name;
    }
    bool send(std::string_view bytes) {
        std::size_t sent = 0;
        return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1 && sent == bytes.size();
    }
    /// Head and body; "" at the end of the connection.
    std::string read_answer() {
        std::size_t end;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
            if (!fill()) return "";
        const auto length_at = buffer_.find("Content-Length: ");
        const std::size_t length = std::stoul(buffer_.substr(length_at + 16));
        while (buffer_.size() < end + 4 + length)
            if (!fill()) return "";
        std::string answer = buffer_.substr(0, end + 4 + length);
        buffer_.erase(0, answer.size());
        return answer;
    }
    /// That the server said goodbye, and not just went.
    bool ended_orderly() {
        char byte;
        std::size_t got = 0;
        const int done = SSL_read_ex(ssl_.get(), &byte, 1, &got);
        return done == 0 && SSL_get_error(ssl_.get(), done) == SSL_ERROR_ZERO_RETURN;
    }

private:
    bool fill() {
        char piece[64 * 1024];
        std::size_t got = 0;
        if (SSL_read_ex(ssl_.get(), piece, sizeof piece, &got) != 1) return false;
        buffer_.append(piece, got);
        return true;
    }
    RawClient raw_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
    bool connected_ = false;
    std::string buffer_;
};

class TlsTest : public testing::Test {
protected:
    TlsTest() { write(authority.issue(kHere, "the first")); }

    void write(const TestIdentity& identity) const {
        ASSERT_TRUE(write_file_atomically(certificate, identity.certificate));
        ASSERT_TRUE(write_file_atomically(key, identity.key));
    }
    ServerWorld& world(const std::function<void(ServerOptions&)>& change = {}) {
        world_ = std::make_unique<ServerWorld>([&](ServerOptions& options) {
            options.tls_certificate = certificate;
            options.tls_key = key;
            options.tls_check_interval = seconds{3'600};
            if (change) change(options);
        });
        return *world_;
    }
    std::string post(TlsClient& client, std::string_view action = "ListFleets") {
        EXPECT_TRUE(client.send(signed_post(action, "{}", world_->clock.wall())));
        return client.read_answer();
    }
    static std::string why(const Result<std::unique_ptr<TlsIdentity>>& opened) {
        return opened ? "accepted" : opened.error().message;
    }

    const TempFolder folder = TempFolder::make("gse-tls").value();
    const std::filesystem::path certificate = folder.path() / "cert.pem";
    const std::filesystem::path key = folder.path() / "key.pem";
    TestAuthority authority;
    std::unique_ptr<ServerWorld> world_;
};

TEST_F(TlsTest, AConnectionIsKeptForManyRequests) {
    ServerWorld& w = world();
    TlsClient client(w.port, authority.root());
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.version(), "TLSv1.3");
    EXPECT_EQ(client.protocol(), "http/1.1");
    for (int i = 0; i < 3; ++i) EXPECT_THAT(post(client), HasSubstr(R"("Action":"ListFleets")"));
    EXPECT_EQ(w.server->stats().connections, 1u);
    EXPECT_EQ(w.server->stats().tls_handshakes, 1u);
    w.server->stop();
    EXPECT_TRUE(client.ended_orderly());
}

TEST_F(TlsTest, PipelinedRequestsInOneRecordAreAnsweredInOrder) {
    ServerWorld& w = world();
    TlsClient client(w.port, authority.root());
    std::string requests;
    for (int i = 0; i < 500; ++i) requests += signed_post("A" + std::to_string(i), "{}", w.clock.wall());
    ASSERT_TRUE(client.send(requests));
    for (int i = 0; i < 500; ++i) ASSERT_THAT(client.read_answer(), HasSubstr("\"A" + std::to_string(i) + "\"")) << i;
}

TEST_F(TlsTest, OldVersionsAndOtherProtocolsAreRefused) {
    const struct {
        const char* name;
        Wish wish;
        bool welcome;
    } kCases[] = {
        {"TLS 1.3", {.version = TLS1_3_VERSION}, true},  {"TLS 1.2", {.version = TLS1_2_VERSION}, true},
        {"TLS 1.1", {.version = TLS1_1_VERSION}, false}, {"no ALPN at all", {.protocol = ""}, true},
        {"HTTP/2 only", {.protocol = "h2"}, false},
    };
    ServerWorld& w = world();
    for (const auto& c : kCases)
        EXPECT_EQ(TlsClient(w.port, authority.root(), c.wish).connected(), c.welcome) << c.name;
    EXPECT_TRUE(w.wait_for([](const ServerStats& s) { return s.tls_handshakes_failed == 2; }));
}

TEST_F(TlsTest, AClientRefusesACertificateOfAnotherAuthorityOrName) {
    ServerWorld& w = world();
    EXPECT_FALSE(TlsClient(w.port, TestAuthority{}.root()).connected());
    write(authority.issue("DNS:elsewhere.example"));
    w.server->reload_tls();
    EXPECT_FALSE(TlsClient(w.port, authority.root()).connected());
}

TEST_F(TlsTest, PlainHttpIsToldSoAndEndsCleanly) {
    ServerWorld& w = world();
    RawClient client = w.connect();
    ASSERT_TRUE(client.send(signed_post("ListFleets", std::string(20'000, ' '), w.clock.wall())));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_THAT(answer->body, HasSubstr("https://"));
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(w.api.seen().empty());
}

TEST_F(TlsTest, NoiseEndsTheConnection) {
    ServerWorld& w = world();
    RawClient client = w.connect();
    ASSERT_TRUE(client.send(std::string(5'000, '\x01')));
    EXPECT_TRUE(w.wait_for([](const ServerStats& s) { return s.tls_handshakes_failed == 1; }));
    client.shut_down_sending();
    EXPECT_TRUE(w.wait_for([](const ServerStats& s) { return s.connections_open == 0; }));
}

TEST_F(TlsTest, AHandshakeMustEndInTime) {
    ServerWorld& w = world();
    RawClient client = w.connect();
    ASSERT_TRUE(w.wait_for([](const ServerStats& s) { return s.tls_handshakes_open == 1; }));
    w.clock.advance(seconds{5});
    TlsClient other(w.port, authority.root());
    ASSERT_TRUE(other.connected());
    w.clock.advance(seconds{6});
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(w.wait_for([](const ServerStats& s) { return s.tls_handshakes_failed == 1; }));
    EXPECT_THAT(post(other), HasSubstr("ListFleets")) << "who has shaken hands stays";
    w.clock.advance(seconds{30});
    EXPECT_THAT(post(other), HasSubstr("ListFleets")) << "between requests the idle time counts";
}

TEST_F(TlsTest, HandshakesAtOnceAreBounded) {
    ServerWorld& w = world([](ServerOptions& o) { o.handshakes_max = 2; });
    RawClient first = w.connect();
    RawClient second = w.connect();
    ASSERT_TRUE(w.wait_for([](const ServerStats& s) { return s.connections == 2; }));
    EXPECT_FALSE(TlsClient(w.port, authority.root()).connected());
    EXPECT_TRUE(w.wait_for([](const ServerStats& s) { return s.tls_handshakes_refused == 1; }));
    first.reset();
    EXPECT_TRUE(w.wait_for([](const ServerStats& s) { return s.tls_handshakes_failed == 1; }));
    EXPECT_TRUE(TlsClient(w.port, authority.root()).connected()) << "a place is free again";
}

TEST_F(TlsTest, ABigObjectGoesInAndComesOut) {
    ServerWorld& w = world();
    TlsClient client(w.port, authority.root());
    std::string content(32 << 20, '\0');
    SeededRng rng(7);
    for (char& c : content) c = static_cast<char>(rng.next());
    ASSERT_TRUE(
        client.send("PUT /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + w.grant(objects::Access::Write) +
                    "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n"));
    ASSERT_TRUE(client.send(content));
    EXPECT_THAT(client.read_answer(), HasSubstr(to_hex(sha256(content))));
    // The answer is larger than what the sockets hold: it goes out as the client takes it.
    ASSERT_TRUE(client.send("GET /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + w.grant(objects::Access::Read) +
                            "\r\n\r\n"));
    const std::string answer = client.read_answer();
    ASSERT_GT(answer.size(), content.size());
    EXPECT_EQ(answer.substr(answer.size() - content.size()), content);
    EXPECT_THAT(post(client), HasSubstr("ListFleets"));
}

TEST_F(TlsTest, AnswersThatNobodyReadsAreGivenUp) {
    ServerWorld& w = world();
    const std::string content(32 << 20, 'x');
    {
        TlsClient writer(w.port, authority.root());
        ASSERT_TRUE(
            writer.send("PUT /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + w.grant(objects::Access::Write) +
                        "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content));
        ASSERT_THAT(writer.read_answer(), HasSubstr("Sha256"));
    }
    TlsClient stuck(w.port, authority.root());
    ASSERT_TRUE(stuck.send("GET /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + w.grant(objects::Access::Read) +
                           "\r\n\r\n"));
    ASSERT_TRUE(w.wait_for([](const ServerStats& s) { return s.other_requests == 2; }));
    w.wait_for([&](const ServerStats& s) {
        w.clock.advance(seconds{1});
        return s.timeouts > 0;
    });
    EXPECT_EQ(w.server->stats().timeouts, 1u);
}

TEST_F(TlsTest, AChangedPairIsTakenByNewConnections) {
    ServerWorld& w = world([](ServerOptions& o) { o.tls_check_interval = milliseconds{20}; });
    TlsClient before(w.port, authority.root());
    EXPECT_EQ(before.subject(), "the first");
    write(authority.issue(kHere, "the second"));
    ASSERT_TRUE(w.wait_for([](const ServerStats& s) { return s.tls_reloads > 0; }));
    // Between the two files it may have seen a pair that does not fit; what counts is the end.
    ASSERT_TRUE(
        w.wait_for([&](const ServerStats&) { return TlsClient(w.port, authority.root()).subject() == "the second"; }));
    EXPECT_THAT(post(before), HasSubstr("ListFleets")) << "who is connected stays so";
}

TEST_F(TlsTest, ABrokenPairLeavesTheOldInForce) {
    const auto identity = TlsIdentity::open(certificate, key).value();
    EXPECT_EQ(identity->refresh(false), std::nullopt) << "nothing has changed";
    const TlsContext first = identity->context();

    ASSERT_TRUE(write_file_atomically(certificate, authority.issue(kHere).certificate));
    auto outcome = identity->refresh(false);
    ASSERT_TRUE(outcome && !*outcome);
    EXPECT_THAT(outcome->error().message, HasSubstr("is not the key of the certificate"));
    EXPECT_EQ(identity->context(), first);
    EXPECT_EQ(identity->refresh(false), std::nullopt) << "the same files are not tried again";

    std::filesystem::remove(key);
    outcome = identity->refresh(false);
    ASSERT_TRUE(outcome && !*outcome);
    EXPECT_THAT(outcome->error().message, HasSubstr("key.pem"));
    EXPECT_EQ(identity->context(), first);

    write(authority.issue(kHere, "whole again"));
    outcome = identity->refresh(false);
    ASSERT_TRUE(outcome && *outcome) << outcome->error().message;
    EXPECT_NE(identity->context(), first);
    EXPECT_THAT(identity->describe(), HasSubstr("whole again"));
}

TEST_F(TlsTest, FilesThatCannotBeServedAreNamed) {
    const TestIdentity good = authority.issue(kHere);
    const struct {
        const char* name;
        std::string certificate;
        std::string key;
        mode_t mode;
        const char* says;
    } kCases[] = {
        {"as it should be", good.certificate, good.key, 0600, "accepted"},
        {"a group that shares the key", good.certificate, good.key, 0640, "accepted"},
        {"with the authority behind it", good.certificate + authority.root(), good.key, 0600, "accepted"},
        {"a key for all to read", good.certificate, good.key, 0644, "chmod 600"},
        {"a key that a group may change", good.certificate, good.key, 0660, "chmod 600"},
        {"no certificate", "hello", good.key, 0600, "cert.pem: holds no certificate"},
        {"no key", good.certificate, good.certificate, 0600, "key.pem: holds no private key"},
        {"another's key", good.certificate, authority.issue(kHere).key, 0600, "is not the key of the certificate"},
    };
    for (const auto& c : kCases) {
        write({c.certificate, c.key});
        ASSERT_EQ(::chmod(key.c_str(), c.mode), 0);
        EXPECT_THAT(why(TlsIdentity::open(certificate, key)), HasSubstr(c.says)) << c.name;
    }
    EXPECT_THAT(why(TlsIdentity::open(folder.path() / "none.pem", key)), HasSubstr("none.pem"));
}

TEST_F(TlsTest, BeyondLoopbackItMustBeTlsOrOnPurpose) {
    TestKeys keys;
    TestClock clock;
    TestApi api;
    const auto store = objects::open_directory_store(folder.path() / "objects").value();
    const objects::ObjectAuth auth{std::string(32, 's')};
    const auto start = [&](ServerOptions options) -> std::string {
        Server server(std::move(options), Handlers{.api = api,
                                                   .error_body = test_error_body,
                                                   .keys = keys,
                                                   .objects = *store,
                                                   .object_auth = auth,
                                                   .clock = clock,
                                                   .metrics = {},
                                                   .not_ready = {},
                                                   .console = {}});
        const auto started = server.start();
        return started ? "started" : started.error().message;
    };
    EXPECT_THAT(start({.listen = "0.0.0.0:0"}), HasSubstr("--tls-cert FILE --tls-key FILE"));
    EXPECT_EQ(start({.listen = "0.0.0.0:0", .insecure_http = true}), "started");
    EXPECT_EQ(start({.listen = "0.0.0.0:0", .tls_certificate = certificate, .tls_key = key}), "started");
    EXPECT_THAT(start({.listen = "127.0.0.1:0", .tls_certificate = certificate}), HasSubstr("both"));
}

}  // namespace
}  // namespace gse::http
