// The link over TLS, with the product's own authority: who connects, who does not, whether the reason is told, and how
// machines become hosts.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <iterator>
#include <mutex>
#include <thread>

#include "agent_link.grpc.pb.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/freed.h"
#include "base/temp_folder.h"
#include "link/agent_client.h"
#include "link/convert.h"
#include "link/enrol_client.h"
#include "link/link_server.h"
#include "link/server_connection.h"
#include "link/test_proxy.h"
#include "link/tls_check.h"
#include "pki/authority.h"
#include "pki/x509.h"

namespace gse::link {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kToken = "a token of sufficient length";
constexpr Millis kDay{24 * 3'600'000LL};
constexpr Millis kLimit{10'000};

/// An authority in a folder of its own.
struct Deployment {
    explicit Deployment(WallTime now) : authority(pki::Authority::open(folder.path() / "pki", {}, now, rng).value()) {}

    [[nodiscard]] TlsFiles files() const {
        return {.key = authority->server_key_file(),
                .certificate = authority->server_certificate_file(),
                .roots = authority->roots_file(),
                .look_again_s = 1};
    }
    /// What a host of that id dials with.
    [[nodiscard]] ClientTls host(const std::string& id, WallTime now) const {
        const std::string key = pki::make_private_key().value();
        const std::string request = pki::make_signing_request(key).value();
        return {.roots = authority->roots(),
                .identity = {.certificate_chain = authority->issue_host(id, request, now).value(), .private_key = key}};
    }
    [[nodiscard]] pki::Identity server() const {
        return {.certificate_chain = read_file(authority->server_certificate_file(), 1 << 20).value(),
                .private_key = read_file(authority->server_key_file(), 1 << 20).value()};
    }

    TempFolder folder = TempFolder::make("gse-link-pki").value();
    SeededRng rng{1};
    std::unique_ptr<pki::Authority> authority;
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
    void on_hello(StreamId stream, HostHello hello) override {
        notes.write([&] {
            ++hellos;
            last = std::move(hello);
            newest = stream;
        });
        server->welcome(stream, {.epoch = 1, .deployment_id = "ours", .timers = {.heartbeat = Millis{50}}});
    }
    void on_reports(StreamId /*stream*/, std::span<Report> heard) override {
        notes.write([&] { std::ranges::move(heard, std::back_inserter(reports)); });
    }
    void on_alive(StreamId /*stream*/) override {}
    void on_readings(StreamId /*stream*/, std::vector<InstanceReading> /*readings*/) override {}
    void on_closed(StreamId /*stream*/) override {
        notes.write([&] { ++closed; });
    }

    HostStreams* server = nullptr;
    Notebook notes;
    int hellos = 0;
    int closed = 0;
    HostHello last;
    StreamId newest = 0;
    std::vector<Report> reports;
};

class WaitingSupervisor final : public ServerEvents {
public:
    HostHello hello() override { return {.host_name = "host", .boot_id = "boot"}; }
    void on_welcome(const Welcome& /*welcome*/) override {
        notes.write([&] { ++welcomes; });
    }
    void on_order(OrderBody order) override {
        notes.write([&] { orders.push_back(std::move(order)); });
    }
    void on_acked(std::uint64_t /*seq*/) override {}
    void on_disconnected() override {}
    std::vector<InstanceReading> take_readings() override { return {}; }

    Notebook notes;
    int welcomes = 0;
    std::vector<OrderBody> orders;
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
    void forget() {
        notes_.write([&] { lines_.clear(); });
    }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        notes_.write([&] { lines_.emplace_back(message.payload.data(), message.payload.size()); });
    }
    void flush_() override {}

    Notebook notes_;
    std::vector<std::string> lines_;
};

/// Signs whatever it is asked for, as host-1; counts.
class OpenDoor final : public Admission {
public:
    explicit OpenDoor(pki::Authority& authority) : authority_(authority) {}
    void enrol(EnrolWish wish, Done done) override {
        notes.write([&] { wishes.push_back(wish); });
        if (hold) return notes.write([&] { held.push_back(std::move(done)); });
        if (!refuses.empty()) return done(refuse(ErrorCode::AuthUnauthorized, refuses));
        sign("host-1", wish.signing_request, std::move(done));
    }
    void renew(std::string host_id, std::string signing_request, Done done) override {
        notes.write([&] { renewed.push_back(host_id); });
        sign(host_id, signing_request, std::move(done));
    }

    Notebook notes;
    std::vector<EnrolWish> wishes;
    std::vector<std::string> renewed;
    std::string refuses;
    bool hold = false;
    std::vector<Done> held;

private:
    void sign(const std::string& host_id, const std::string& request, Done done) {
        auto certificate = authority_.issue_host(host_id, request, SystemClock().wall());
        if (!certificate) return done(std::unexpected(certificate.error()));
        done(Credential{host_id, *certificate, authority_.roots()});
    }
    pki::Authority& authority_;
};

class LinkTlsTest : public testing::Test {
protected:
    void SetUp() override { spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", log_)); }
    void TearDown() override {
        agent_.reset();
        server_.reset();
        spdlog::set_default_logger(usual_log_);
    }

    Result<std::uint16_t> start_server(std::optional<TlsFiles> tls, std::uint16_t at = 0,
                                       Millis hello_timeout = Millis{10'000}) {
        LinkServerOptions options;
        options.hello_timeout = hello_timeout;
        (tls ? options.listen : options.loopback_listen) = fmt::format("127.0.0.1:{}", at);
        options.token = kToken;
        options.tls = std::move(tls);
        options.admission = &door_;
        options.enrolments_max = 2;
        options.heartbeat = Millis{50};
        server_ = std::make_unique<LinkServer>(std::move(options), Authorizer{}, clock_);
        engine_.server = server_.get();
        const auto ports = server_->start(engine_);
        if (!ports) return std::unexpected(ports.error());
        return ports->tls != 0 ? ports->tls : ports->loopback;
    }
    void make_agent(std::uint16_t port, std::function<ClientTls()> tls, const std::string& token = "") {
        agent_ = std::make_unique<AgentClient>(AgentClientOptions{.server = fmt::format("127.0.0.1:{}", port),
                                                                  .token = token,
                                                                  .tls = std::move(tls),
                                                                  .pin_file = folder_.path() / "server",
                                                                  .backoff_min = Millis{5},
                                                                  .backoff_max = Millis{20}},
                                               clock_, rng_);
    }
    Result<void> start_agent(std::uint16_t port, std::function<ClientTls()> tls, const std::string& token = "") {
        make_agent(port, std::move(tls), token);
        return agent_->start(supervisor_);
    }
    Result<void> start_agent(std::uint16_t port, const ClientTls& tls, const std::string& token = "") {
        return start_agent(
            port, [tls] { return tls; }, token);
    }
    [[nodiscard]] bool welcomed() {
        return supervisor_.notes.wait([&] { return supervisor_.welcomes == 1; });
    }
    [[nodiscard]] JoinToken token_of(const Deployment& deployment) const {
        return {"htok-1", std::string(32, 's'), deployment.authority->sha256()};
    }

    const std::shared_ptr<spdlog::logger> usual_log_ = spdlog::default_logger();
    const std::shared_ptr<KeepingSink> log_ = std::make_shared<KeepingSink>();
    SystemClock clock_;
    SeededRng rng_{1};
    const TempFolder folder_ = TempFolder::make("gse-link-tls").value();
    const WallTime now_ = clock_.wall();
    const Deployment ours_{now_};
    const Deployment strangers_{now_};
    OpenDoor door_{*ours_.authority};
    GreetingEngine engine_;
    WaitingSupervisor supervisor_;
    std::unique_ptr<LinkServer> server_;
    std::unique_ptr<AgentClient> agent_;
};

TEST_F(LinkTlsTest, AnAgentIsWhoItsCertificateSaysWhateverItCallsItself) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    ASSERT_TRUE(start_agent(*port, ours_.host("host-7", now_)));
    ASSERT_TRUE(welcomed());
    EXPECT_EQ(engine_.last.host_name, "host") << "its own words";
    EXPECT_EQ(engine_.last.certified_id, "host-7");
    EXPECT_EQ(engine_.last.certificate_end.ms / 1000, (now_ + 30 * kDay).ms / 1000);
}

TEST_F(LinkTlsTest, WhatIsMuchLargerThanAFrameArrivesWholeEitherWay) {
    std::string text;
    for (int i = 0; text.size() < 300'000; ++i) text += fmt::format("{} ", i);
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    ASSERT_TRUE(start_agent(*port, ours_.host("host-1", now_)));
    ASSERT_TRUE(welcomed());
    server_->send(engine_.newest,
                  {.epoch = 1, .seq = 1, .body = StartSession{.session_id = "s", .session_data = text}});
    std::vector<std::string> paths;
    for (std::size_t at = 0; at < text.size(); at += 1'000) paths.push_back(text.substr(at, 1'000));
    agent_->report(ProcessIsReady{.process_id = "p", .log_paths = paths, .session_id = {}});
    ASSERT_TRUE(supervisor_.notes.wait([&] { return supervisor_.orders.size() == 1; }));
    EXPECT_EQ(std::get<StartSession>(supervisor_.orders[0]).session_data, text);
    ASSERT_TRUE(engine_.notes.wait([&] { return engine_.reports.size() == 2; })) << "behind the end of its backlog";
    EXPECT_EQ(std::get<ProcessIsReady>(engine_.reports[1].body).log_paths, paths);
}

TEST_F(LinkTlsTest, OverLoopbackNobodyHasACertificate) {
    const auto port = start_server(std::nullopt);
    ASSERT_TRUE(port) << port.error().message;
    ASSERT_TRUE(start_agent(*port, nullptr, kToken));
    ASSERT_TRUE(welcomed());
    EXPECT_EQ(engine_.last.certified_id, "");
}

TEST_F(LinkTlsTest, WhoDoesNotMatchIsRefusedBeforeItsHelloAndTheAgentSaysWhy) {
    const ClientTls good = ours_.host("host-1", now_);
    const auto with = [&](auto change) {
        ClientTls tls = good;
        change(tls);
        return tls;
    };
    const Deployment old(now_ - 365 * kDay);
    struct Case {
        const char* why;
        std::optional<TlsFiles> server;
        std::optional<ClientTls> agent;
        std::string token;
        const char* reason;
    };
    const Case cases[] = {
        {"the agent of another deployment", ours_.files(), strangers_.host("host-1", now_), "",
         "certificate verify failed"},
        {"a certificate of another deployment", ours_.files(),
         with([&](ClientTls& tls) { tls.identity = strangers_.host("host-1", now_).identity; }), "", ""},
        {"a certificate that has ended", ours_.files(), ours_.host("host-1", now_ - 40 * kDay), "", ""},
        {"the server's own certificate, shown by an agent", ours_.files(),
         with([&](ClientTls& tls) { tls.identity = ours_.server(); }), "", ""},
        {"no certificate", ours_.files(), with([](ClientTls& tls) { tls.identity = {}; }), "",
         "shows no certificate: enrol its machine first"},
        {"no certificate, but the token that will do on loopback", ours_.files(),
         with([](ClientTls& tls) { tls.identity = {}; }), kToken, "shows no certificate: enrol its machine first"},
        {"a server whose certificate has ended", old.files(), old.host("host-1", now_), "",
         "certificate verify failed"},
        {"a server that is somebody else", ours_.files(), with([](ClientTls& tls) { tls.server_name = "another.gse"; }),
         "", "hostname mismatch"},
        {"an agent without TLS", ours_.files(), std::nullopt, kToken, ""},
        {"a server without TLS: nothing is said in the open", std::nullopt, good, kToken, "wrong version number"},
    };
    for (const auto& [why, server, agent, token, reason] : cases) {
        log_->forget();  // the kernel may give a port twice
        const auto port = start_server(server);
        ASSERT_TRUE(port) << why << ": " << port.error().message;
        ASSERT_TRUE(agent ? start_agent(*port, *agent, token) : start_agent(*port, nullptr, token)) << why;
        const std::string line =
            log_->line_with(fmt::format("no connection to 127.0.0.1:{} {} TLS", *port, agent ? "over" : "without"));
        EXPECT_THAT(line, AllOf(HasSubstr(reason), Not(HasSubstr(kToken)))) << why;
        EXPECT_FALSE(agent_->connected()) << why;
        EXPECT_EQ(server_->streams(), 0u) << why;
        agent_.reset();
        server_.reset();
        EXPECT_EQ(engine_.hellos, 0) << why;
        EXPECT_EQ(supervisor_.welcomes, 0) << why;
    }
}

TEST_F(LinkTlsTest, AReportThatWaitsDoesNotBreakOffTheDial) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    const TestProxy proxy(*port);  // so that no answer is there at once
    make_agent(proxy.port(), [tls = ours_.host("host-1", now_)] { return tls; });
    EXPECT_NE(agent_->report(HealthChanged{.process_id = "gspr-1", .healthy = false}), 0u);
    ASSERT_TRUE(agent_->start(supervisor_));
    ASSERT_TRUE(welcomed());
    EXPECT_EQ(proxy.accepted(), 1) << "connections until the first welcome";
}

TEST_F(LinkTlsTest, AServerCertificateIsRenewedUnderOpenStreams) {
    const WallTime then = now_ - 65 * kDay;  // two thirds of its life and more
    Deployment older(then);
    const auto port = start_server(older.files());
    ASSERT_TRUE(port) << port.error().message;
    ASSERT_TRUE(start_agent(*port, older.host("host-1", now_)));
    ASSERT_TRUE(welcomed());
    const std::string before = older.server().certificate_chain;
    ASSERT_TRUE(older.authority->tend(now_).value());
    const std::string after = older.server().certificate_chain;
    ASSERT_NE(before, after);
    // The files are looked at once a second; whoever connects then is shown the new one.
    const std::string fresh = pki::certificate_sha256(pki::read_certificates(after).front().get());
    const auto shows_it = [&] {
        return fetch_authority(fmt::format("127.0.0.1:{}", *port), fresh, kLimit).has_value();
    };
    bool shown = false;
    for (int i = 0; i < 200 && !(shown = shows_it()); ++i) ::poll(nullptr, 0, 100);
    EXPECT_TRUE(shown);
    EXPECT_EQ(engine_.closed, 0) << "what is connected stays so";
    EXPECT_TRUE(agent_->connected());
}

TEST_F(LinkTlsTest, AnAgentUsesItsFreshCertificateFromTheNextDialOn) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    std::mutex mutex;
    ClientTls shown = ours_.host("host-1", now_ - 40 * kDay);  // it has ended
    ASSERT_TRUE(start_agent(*port, [&] {
        const std::lock_guard lock(mutex);
        return shown;
    }));
    EXPECT_NE(log_->line_with("no connection to"), "");
    {
        const std::lock_guard lock(mutex);
        shown = ours_.host("host-1", now_);
    }
    EXPECT_TRUE(welcomed());
}

TEST_F(LinkTlsTest, AMachineEnrolsAndRenews) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    const std::string at = fmt::format("127.0.0.1:{}", *port);
    const std::string key = pki::make_private_key().value();
    const std::string request = pki::make_signing_request(key).value();

    const auto root = fetch_authority(at, ours_.authority->sha256(), kLimit);
    ASSERT_TRUE(root) << root.error().message;
    const auto made = enrol(at, *root, token_of(ours_), request, "box", kLimit);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->host_id, "host-1");
    ASSERT_EQ(door_.wishes.size(), 1u);
    EXPECT_EQ(door_.wishes[0].token_id, "htok-1");
    EXPECT_EQ(door_.wishes[0].secret, std::string(32, 's'));
    EXPECT_EQ(door_.wishes[0].host_name, "box");

    const ClientTls tls{.roots = made->roots, .identity = {.certificate_chain = made->certificate, .private_key = key}};
    const auto fresh = renew(at, tls, request, kLimit);
    ASSERT_TRUE(fresh) << fresh.error().message;
    EXPECT_EQ(door_.renewed, std::vector<std::string>{"host-1"}) << "for whom the certificate names";
    ASSERT_TRUE(start_agent(*port, tls));
    EXPECT_TRUE(welcomed());

    EXPECT_EQ(renew(at, {.roots = made->roots, .identity = {}}, request, kLimit).error().code,
              ErrorCode::AuthUnauthorized)
        << "without a certificate there is nobody to renew for";
    EXPECT_EQ(door_.renewed.size(), 1u);
}

TEST_F(LinkTlsTest, TheTokenIsToldToNobodyButTheServerItIsFrom) {
    const auto port = start_server(strangers_.files());
    ASSERT_TRUE(port) << port.error().message;
    const std::string at = fmt::format("127.0.0.1:{}", *port);
    const auto root = fetch_authority(at, ours_.authority->sha256(), kLimit);
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().code, ErrorCode::AuthUnauthorized);
    EXPECT_THAT(root.error().message, HasSubstr("not the server that this token is from"));
    const std::string request = pki::make_signing_request(pki::make_private_key().value()).value();
    // Even one who shows our authority without having its key learns nothing.
    EXPECT_FALSE(enrol(at, ours_.authority->roots(), token_of(ours_), request, "box", Millis{3'000}));
    EXPECT_TRUE(door_.wishes.empty());

    const auto plain = start_server(std::nullopt);
    ASSERT_TRUE(plain) << plain.error().message;
    const auto nothing = fetch_authority(fmt::format("127.0.0.1:{}", *plain), ours_.authority->sha256(), kLimit);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code, ErrorCode::Unavailable);
}

TEST_F(LinkTlsTest, EnrolmentsAreBounded) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    const std::string at = fmt::format("127.0.0.1:{}", *port);
    const std::string roots = ours_.authority->roots();
    const std::string request = pki::make_signing_request(pki::make_private_key().value()).value();
    const auto ask = [&](const std::string& what) { return enrol(at, roots, token_of(ours_), what, "box", kLimit); };

    const auto huge = ask(std::string(pki::kRequestBytesMax + 1, 'x'));
    ASSERT_FALSE(huge);
    EXPECT_THAT(huge.error().message, HasSubstr("too long"));
    EXPECT_TRUE(door_.wishes.empty()) << "nobody has looked at it";

    door_.hold = true;
    std::vector<std::thread> asking;
    for (int i = 0; i < 2; ++i) asking.emplace_back([&] { EXPECT_TRUE(ask(request)); });
    ASSERT_TRUE(door_.notes.wait([&] { return door_.held.size() == 2; }));
    const auto third = ask(request);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(third.error().message, HasSubstr("too many machines are enrolling"));
    for (auto& done : door_.held)
        done(Credential{"host-1", ours_.authority->issue_host("host-1", request, now_).value(), roots});
    for (auto& thread : asking) thread.join();

    door_.held.clear();
    door_.hold = false;
    door_.refuses = "the enrolment token is unknown";
    const auto refused = ask(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::AuthUnauthorized);
    EXPECT_EQ(refused.error().message, "the enrolment token is unknown");
}

TEST_F(LinkTlsTest, NobodyWithoutACertificateMakesTheServerReadMuch) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    const auto refused = enrol(fmt::format("127.0.0.1:{}", *port), ours_.authority->roots(), token_of(ours_),
                               std::string(kMaxReadBytes, 'x'), "box", kLimit);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("vs. {}", kMaxReadBytes))) << "gRPC did not take it";
    EXPECT_TRUE(door_.wishes.empty());
}

TEST_F(LinkTlsTest, WhatComesRightBehindAClientsLastWordOfTheHandshakeArrivesWhole) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    const std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
    const std::unique_ptr<SSL, Freed<SSL_free>> client{SSL_new(context.get())};
    constexpr unsigned char kHttp2[] = "\x02h2";
    ASSERT_EQ(SSL_set_alpn_protos(client.get(), kHttp2, sizeof kHttp2 - 1), 0);
    BIO* const arrives = BIO_new(BIO_s_mem());
    BIO* const leaves = BIO_new(BIO_s_mem());
    SSL_set_bio(client.get(), arrives, leaves);  // which owns them now
    SSL_set_connect_state(client.get());
    const Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(*port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{.tv_sec = kLimit.count() / 1000};
    ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    const auto flush = [&] {
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(leaves, &bytes);
        const bool sent = ::send(socket.get(), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
        BIO_reset(leaves);
        return sent;
    };
    const auto receive = [&] {
        char bytes[4096];
        const ssize_t got = ::recv(socket.get(), bytes, sizeof bytes, 0);
        return got > 0 && BIO_write(arrives, bytes, static_cast<int>(got)) == got;
    };
    while (SSL_do_handshake(client.get()) != 1) ASSERT_TRUE(flush() && receive());

    // HTTP/2: the preface, no settings, a frame of a kind that nobody knows, a ping; in one piece with "Finished".
    const std::string filling(5'000, 'x');
    std::string first = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    first += std::string("\0\0\0\x04\0\0\0\0\0", 9);
    first += std::string("\0\x13\x88\xee\0\0\0\0\0", 9) + filling;
    first += std::string("\0\0\x08\x06\0\0\0\0\0", 9) + "the last";
    ASSERT_EQ(SSL_write(client.get(), first.data(), static_cast<int>(first.size())), static_cast<int>(first.size()));
    ASSERT_TRUE(flush());
    std::string answer;
    while (answer.find("the last") == std::string::npos) {
        char bytes[4096];
        if (const int got = SSL_read(client.get(), bytes, sizeof bytes); got > 0)
            answer.append(bytes, static_cast<std::size_t>(got));
        else
            ASSERT_TRUE(receive()) << "the server has given up after " << answer.size() << " bytes";
    }
}

TEST_F(LinkTlsTest, WhoNeverFinishesItsHandshakeIsHungUpOn) {
    const auto port = start_server(ours_.files(), 0, Millis{50});
    ASSERT_TRUE(port) << port.error().message;
    auto until = std::chrono::steady_clock::now() + seconds(20);
    const auto connected = connect_to(fmt::format("127.0.0.1:{}", *port), until);
    ASSERT_TRUE(connected) << connected.error().message;
    ASSERT_EQ(::send(connected->get(), "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
    ASSERT_NE(wait_for(connected->get(), POLLIN, until), 0);
    char byte = 0;
    EXPECT_LE(::recv(connected->get(), &byte, 1, 0), 0);
}

TEST_F(LinkTlsTest, AServerEndsAlthoughAnEnrolmentIsNeverAnswered) {
    const auto port = start_server(ours_.files());
    ASSERT_TRUE(port) << port.error().message;
    door_.hold = true;
    const std::string request = pki::make_signing_request(pki::make_private_key().value()).value();
    std::thread asking([&] {
        EXPECT_FALSE(enrol(fmt::format("127.0.0.1:{}", *port), ours_.authority->roots(), token_of(ours_), request,
                           "box", kLimit));
    });
    ASSERT_TRUE(door_.notes.wait([&] { return door_.held.size() == 1; }));
    server_->stop();
    asking.join();
    door_.held.front()(refuse(ErrorCode::Unavailable, "too late"));  // harmless
}

TEST_F(LinkTlsTest, NobodyEnrolsInTheOpen) {
    const auto port = start_server(std::nullopt);
    ASSERT_TRUE(port) << port.error().message;
    opengse::link::v1::EnrolRequest request;
    request.set_token_id("htok-1");
    request.set_secret(std::string(32, 's'));
    opengse::link::v1::Credential answer;
    grpc::ClientContext context;
    const auto status = opengse::link::v1::AgentLink::NewStub(
                            grpc::CreateChannel(fmt::format("127.0.0.1:{}", *port), grpc::InsecureChannelCredentials()))
                            ->Enrol(&context, request, &answer);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_TRUE(door_.wishes.empty());
}

TEST_F(LinkTlsTest, AServerSaysWhichOfItsFilesIsUnusable) {
    const Deployment others(now_);
    const pki::Identity good = ours_.server();
    const std::string roots = ours_.authority->roots();
    const struct {
        const char* why;
        pki::Identity identity;
        std::string roots;
        const char* file;
        const char* message;
    } kCases[] = {
        {"nothing", {}, roots, "key.pem", "no private key"},
        {"no certificate", {"garbage", good.private_key}, roots, "certificate.pem", "no certificate"},
        {"a key in its place", {good.private_key, good.private_key}, roots, "certificate.pem", "no certificate"},
        {"no key", {good.certificate_chain, ""}, roots, "key.pem", "no private key"},
        {"a key cut short", {good.certificate_chain, good.private_key.substr(0, 90)}, roots, "key.pem", "private key"},
        {"the key of another", {good.certificate_chain, others.server().private_key}, roots, "key.pem", "not the key"},
        {"the authority first", {roots + good.certificate_chain, good.private_key}, roots, "key.pem", "not the key"},
        {"no authority", good, "garbage", "roots.pem", "no certificates"},
    };
    const TempFolder folder = TempFolder::make("gse-link-files").value();
    const auto file = [&](const char* name, const std::string& content) {
        const auto path = folder.path() / name;
        EXPECT_TRUE(write_file_atomically(path, content));
        std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return path;
    };
    for (const auto& c : kCases) {
        LinkServer server({.listen = "127.0.0.1:0",
                           .tls = TlsFiles{.key = file("key.pem", c.identity.private_key),
                                           .certificate = file("certificate.pem", c.identity.certificate_chain),
                                           .roots = file("roots.pem", c.roots)}},
                          {}, clock_);
        const auto started = server.start(engine_);
        ASSERT_FALSE(started) << c.why;
        EXPECT_EQ(started.error().code, ErrorCode::InvalidParameterValue) << c.why;
        EXPECT_THAT(started.error().message, AllOf(HasSubstr(c.file), HasSubstr(c.message))) << c.why;
    }
}

TEST(TlsCheck, RootsMustHoldACertificate) {
    const Deployment ours(SystemClock().wall());
    EXPECT_TRUE(check_roots(ours.authority->roots()));
    EXPECT_FALSE(check_roots("garbage"));
}

}  // namespace
}  // namespace gse::link
