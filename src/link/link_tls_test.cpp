// The link over TLS, with certificates made here: who connects, who does not, and whether the reason is told.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/freed.h"
#include "base/temp_folder.h"
#include "link/agent_client.h"
#include "link/link_server.h"

namespace gse::link {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kToken = "a token of sufficient length";

// ---------------------------------------------------------------- certificates

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

std::string text_of(const Bio& bio) {
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem(const Certificate& certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_X509(bio.get(), certificate.get()), 1);
    return text_of(bio);
}

/// Encrypted if there is a passphrase.
std::string pem(const Key& key, const std::string& passphrase = "") {
    const Bio bio(BIO_new(BIO_s_mem()));
    const auto* const secret = reinterpret_cast<const unsigned char*>(passphrase.data());
    EXPECT_EQ(PEM_write_bio_PrivateKey(bio.get(), key.get(), passphrase.empty() ? nullptr : EVP_aes_128_cbc(), secret,
                                       static_cast<int>(passphrase.size()), nullptr, nullptr),
              1);
    return text_of(bio);
}

void extend(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    EXPECT_NE(extension, nullptr) << value;
    EXPECT_EQ(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/// Signs certificates of servers.
class Authority {
public:
    explicit Authority(const char* name)
        : key_(EVP_EC_gen("P-256")), certificate_(make(name, key_, {"CA:TRUE", ""}, 3600)) {}

    /// `alt_names` as in openssl.cnf, such as "IP:127.0.0.1".
    TlsIdentity issue(const std::string& alt_names, long valid_seconds = 3600) const {
        const Key key(EVP_EC_gen("P-256"));
        return {.certificate_chain = pem(make("a server", key, {"CA:FALSE", alt_names}, valid_seconds)),
                .private_key = pem(key)};
    }
    std::string roots() const { return pem(certificate_); }

private:
    struct Extensions {
        std::string basic_constraints;
        std::string alt_names;
    };

    Certificate make(const char* name, const Key& key, const Extensions& extensions, long valid_seconds) const {
        Certificate made(X509_new());
        X509* const certificate = made.get();
        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), certificate_ ? 2 : 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
        X509_gmtime_adj(X509_getm_notAfter(certificate), valid_seconds);
        X509_set_pubkey(certificate, key.get());
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate_ ? certificate_.get() : certificate));
        extend(certificate, NID_basic_constraints, extensions.basic_constraints);
        if (!extensions.alt_names.empty()) extend(certificate, NID_subject_alt_name, extensions.alt_names);
        EXPECT_GT(X509_sign(certificate, key_.get(), EVP_sha256()), 0);
        return made;
    }

    const Key key_;
    const Certificate certificate_;
};

// ---------------------------------------------------------------- both ends

/// What several threads write and a test waits for.
class Notebook {
public:
    /// False when `ready` is not true within a time in which it must be.
    [[nodiscard]] bool wait(const std::function<bool()>& ready) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, seconds(20), ready);
    }
    void write(const std::function<void()>& change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// Greets every agent.
class GreetingEngine final : public HostEvents {
public:
    void on_hello(StreamId stream, HostHello /*hello*/) override {
        notes.write([&] { ++hellos; });
        server->welcome(stream, {.epoch = 1, .deployment_id = "ours", .timers = {.heartbeat = Millis{50}}});
    }
    void on_report(StreamId /*stream*/, Report /*report*/) override {}
    void on_alive(StreamId /*stream*/) override {}
    void on_readings(StreamId /*stream*/, std::vector<InstanceReading> /*readings*/) override {}
    void on_closed(StreamId /*stream*/) override {}

    HostStreams* server = nullptr;
    Notebook notes;
    int hellos = 0;
};

class WaitingSupervisor final : public ServerEvents {
public:
    HostHello hello() override { return {.host_name = "host", .boot_id = "boot"}; }
    void on_welcome(const Welcome& /*welcome*/) override {
        notes.write([&] { ++welcomes; });
    }
    void on_order(OrderBody /*order*/) override {}
    void on_acked(std::uint64_t /*seq*/) override {}
    void on_disconnected() override {}
    std::vector<InstanceReading> take_readings() override { return {}; }

    Notebook notes;
    int welcomes = 0;
};

/// Keeps the lines of the log: the agent tells its operator there why it has no connection.
class KeepingSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    /// "" when no such line comes in time.
    std::string line_with(const std::string& part) {
        std::string found;
        const auto seen = [&] {
            const auto line = std::find_if(lines_.begin(), lines_.end(),
                                           [&](const std::string& l) { return l.find(part) != std::string::npos; });
            if (line != lines_.end()) found = *line;
            return line != lines_.end();
        };
        return notes_.wait(seen) ? found : "";
    }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        notes_.write([&] { lines_.emplace_back(message.payload.data(), message.payload.size()); });
    }
    void flush_() override {}

    Notebook notes_;
    std::vector<std::string> lines_;
};

class LinkTlsTest : public testing::Test {
protected:
    void SetUp() override { spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", log_)); }
    void TearDown() override {
        agent_.reset();
        server_.reset();
        spdlog::set_default_logger(usual_log_);
    }

    Result<std::uint16_t> start_server(std::optional<TlsIdentity> tls, std::uint16_t at = 0) {
        server_ = std::make_unique<LinkServer>(
            LinkServerOptions{.listen = fmt::format("127.0.0.1:{}", at), .token = kToken, .tls = std::move(tls)},
            Authorizer{}, clock_);
        engine_.server = server_.get();
        return server_->start(engine_);
    }
    Result<void> start_agent(std::uint16_t port, std::optional<std::string> roots) {
        agent_ = std::make_unique<AgentClient>(AgentClientOptions{.server = fmt::format("127.0.0.1:{}", port),
                                                                  .token = kToken,
                                                                  .tls_roots = std::move(roots),
                                                                  .pin_file = folder_.path() / "server",
                                                                  .backoff_min = Millis{5},
                                                                  .backoff_max = Millis{20}},
                                               clock_, rng_);
        return agent_->start(supervisor_);
    }

    const std::shared_ptr<spdlog::logger> usual_log_ = spdlog::default_logger();
    const std::shared_ptr<KeepingSink> log_ = std::make_shared<KeepingSink>();
    SystemClock clock_;
    SeededRng rng_{1};
    const TempFolder folder_ = TempFolder::make("gse-link-tls").value();
    const Authority ours_{"our authority"};
    const Authority strangers_{"an authority of strangers"};
    GreetingEngine engine_;
    WaitingSupervisor supervisor_;
    std::unique_ptr<LinkServer> server_;
    std::unique_ptr<AgentClient> agent_;
};

TEST_F(LinkTlsTest, TheRightRootsConnect) {
    for (const char* names : {"IP:127.0.0.1", "DNS:gse.example,IP:127.0.0.1"}) {
        const auto port = start_server(ours_.issue(names));
        ASSERT_TRUE(port) << port.error().message;
        ASSERT_TRUE(start_agent(*port, ours_.roots()));
        EXPECT_TRUE(supervisor_.notes.wait([&] { return supervisor_.welcomes == 1; })) << names;
        EXPECT_TRUE(agent_->connected());
        agent_.reset();
        server_.reset();
        supervisor_.welcomes = 0;
    }
}

TEST_F(LinkTlsTest, SeveralRootsMayBeGivenAndAnyOfThemConnects) {
    const auto port = start_server(ours_.issue("IP:127.0.0.1"));
    ASSERT_TRUE(port) << port.error().message;
    ASSERT_TRUE(start_agent(*port, strangers_.roots() + ours_.roots()));
    EXPECT_TRUE(supervisor_.notes.wait([&] { return supervisor_.welcomes == 1; }));
}

TEST_F(LinkTlsTest, WhoDoesNotMatchIsRefusedBeforeTheTokenIsShownAndTheAgentSaysWhy) {
    struct Case {
        const char* why;
        std::optional<TlsIdentity> server;
        std::optional<std::string> roots;
        const char* how;
        const char* reason;
    };
    const TlsIdentity good = ours_.issue("IP:127.0.0.1");
    const Case cases[] = {
        {"an authority that the agent does not trust", good, strangers_.roots(), "over", "certificate verify failed"},
        {"no authority but the system's", good, "", "over", "certificate verify failed"},
        {"a certificate of another address", ours_.issue("IP:127.0.0.2,DNS:gse.example"), ours_.roots(), "over",
         "127.0.0.1 is not in peer certificate"},
        {"a certificate that has expired", ours_.issue("IP:127.0.0.1", -3600), ours_.roots(), "over",
         "certificate verify failed"},
        {"an agent without TLS", good, std::nullopt, "without", "Socket closed"},
        {"a server without TLS", std::nullopt, ours_.roots(), "over", "wrong version number"},
    };
    for (const auto& [why, identity, roots, how, reason] : cases) {
        const auto port = start_server(identity);
        ASSERT_TRUE(port) << why << ": " << port.error().message;
        ASSERT_TRUE(start_agent(*port, roots)) << why;
        const std::string line = log_->line_with(fmt::format("no connection to 127.0.0.1:{} {} TLS", *port, how));
        EXPECT_THAT(line, AllOf(HasSubstr(reason), Not(HasSubstr(kToken)))) << why;
        EXPECT_FALSE(agent_->connected()) << why;
        EXPECT_EQ(server_->streams(), 0u) << why;
        agent_.reset();
        server_.reset();
        EXPECT_EQ(engine_.hellos, 0) << why;
        EXPECT_EQ(supervisor_.welcomes, 0) << why;
    }
}

TEST_F(LinkTlsTest, AnAgentConnectsAsSoonAsTheCertificateIsPutRight) {
    const auto wrong = start_server(strangers_.issue("IP:127.0.0.1"));
    ASSERT_TRUE(wrong) << wrong.error().message;
    ASSERT_TRUE(start_agent(*wrong, ours_.roots()));
    EXPECT_NE(log_->line_with("certificate verify failed"), "");
    server_->stop();
    const auto right = start_server(ours_.issue("IP:127.0.0.1"), *wrong);
    ASSERT_TRUE(right) << right.error().message;
    EXPECT_TRUE(supervisor_.notes.wait([&] { return supervisor_.welcomes == 1; }));
}

TEST_F(LinkTlsTest, AServerWithAnUnusableCertificateDoesNotStartAndSaysWhichPartOfIt) {
    const TlsIdentity good = ours_.issue("IP:127.0.0.1");
    const TlsIdentity other = ours_.issue("IP:127.0.0.1");
    struct Case {
        const char* why;
        TlsIdentity identity;
        const char* message;
    };
    const Case cases[] = {
        {"nothing", {}, "certificate cannot be read"},
        {"no certificate", {"garbage", good.private_key}, "certificate cannot be read"},
        {"a key in its place", {good.private_key, good.private_key}, "certificate cannot be read"},
        {"no key", {good.certificate_chain, ""}, "private key of the link's certificate cannot be read"},
        {"a key cut short", {good.certificate_chain, good.private_key.substr(0, 90)}, "private key of the link's"},
        {"a key with a passphrase",
         {good.certificate_chain, pem(Key(EVP_EC_gen("P-256")), "a passphrase")},
         "without a passphrase"},
        {"the key of another", {good.certificate_chain, other.private_key}, "belongs to another certificate"},
        {"the authority first", {ours_.roots() + good.certificate_chain, good.private_key}, "first one of the chain"},
    };
    for (const auto& [why, identity, message] : cases) {
        const auto port = start_server(identity);
        ASSERT_FALSE(port) << why;
        EXPECT_EQ(port.error().code, ErrorCode::InvalidParameterValue) << why;
        EXPECT_THAT(port.error().message, HasSubstr(message)) << why;
    }
}

TEST_F(LinkTlsTest, AnAgentWithoutACertificateInItsRootsDoesNotStart) {
    for (const std::string& roots : {std::string("garbage"), ours_.issue("IP:127.0.0.1").private_key}) {
        const auto started = start_agent(1, roots);
        ASSERT_FALSE(started) << roots.substr(0, 20);
        EXPECT_EQ(started.error().code, ErrorCode::InvalidParameterValue);
        EXPECT_THAT(started.error().message, HasSubstr("no certificate can be read in the roots"));
    }
}

}  // namespace
}  // namespace gse::link
