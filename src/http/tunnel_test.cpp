// Two servers of one deployment on loopback: what the one that follows answers itself, and what it hands over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/file.h"
#include "http/relay.h"
#include "http/testing.h"
#include "http/testing/certificates.h"

namespace gse::http {
namespace {

using testing::HasSubstr;

constexpr const char* kPeers = "peer.gse";

std::string get(std::string_view target) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
}

/// Key, certificate and roots of one server.
struct PeerFiles {
    PeerFiles(const std::filesystem::path& dir, const std::string& name, const TestAuthority& authority,
              const std::string& alt_names)
        : key(dir / (name + "-key.pem")), certificate(dir / (name + ".pem")), roots(dir / (name + "-roots.pem")) {
        const TestIdentity identity = authority.issue(alt_names);
        EXPECT_TRUE(write_file_atomically(key, identity.key));
        EXPECT_TRUE(write_file_atomically(certificate, identity.certificate));
        EXPECT_TRUE(write_file_atomically(roots, authority.root()));
    }
    [[nodiscard]] std::unique_ptr<TlsIdentity> identity() const {
        return TlsIdentity::open(certificate, key, TlsPeers{roots, kPeers}).value();
    }
    std::filesystem::path key, certificate, roots;
};

/// A server with a port for others of its deployment.
class Member {
public:
    Member(const TempFolder& dir, const std::string& name, const TestAuthority& authority,
           const std::string& alt_names = "DNS:peer.gse", RelayOptions options = {})
        : files(dir.path(), name, authority, alt_names),
          relay(options, files.identity()),
          world({}, nullptr, &relay),
          peers(
              [this] {
                  ServerOptions port;
                  port.listen = "127.0.0.1:0";
                  port.tls_certificate = files.certificate;
                  port.tls_key = files.key;
                  port.peers = TlsPeers{files.roots, kPeers};
                  return port;
              }(),
              world.handlers(nullptr, &relay)) {
        const auto bound = peers.start();
        EXPECT_TRUE(bound) << bound.error().message;
        peer_port = bound.value_or(0);
    }
    ~Member() {
        world.api.answer_all();
        lose_leader();  // or its tunnels would wait for the clock to go on
        peers.stop();
    }
    void follow(const Member& leader) {
        relay.set_leader("127.0.0.1", leader.peer_port);
        world.server->leader_changed();
    }
    void lose_leader() {
        relay.set_no_leader();
        world.server->leader_changed();
    }
    bool wait(const std::function<bool(const RelayStats&)>& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (!condition(relay.stats()) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        return condition(relay.stats());
    }

    PeerFiles files;
    Relay relay;
    ServerWorld world;
    Server peers;
    std::uint16_t peer_port = 0;
};

class Tunnel : public ::testing::Test {
protected:
    Tunnel() {
        leader.relay.serve();
        follower.follow(leader);
    }
    TempFolder dir = TempFolder::make("gse-peers").value();
    TestAuthority authority;
    Member leader{dir, "leader", authority};
    Member follower{dir, "follower", authority};
};

TEST_F(Tunnel, WhatNeedsTheLeaderGoesThere) {
    RawClient client = follower.world.connect();
    for (const char* action : {"First", "Second", "Third"}) {
        ASSERT_TRUE(client.send(signed_post(action, "{}", leader.world.clock.wall())));
        EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr(action));
    }
    EXPECT_EQ(leader.world.api.seen().size(), 3U);
    EXPECT_TRUE(follower.world.api.seen().empty());
    EXPECT_EQ(follower.relay.stats().handed, 1U) << "the connection, not each request";
}

TEST_F(Tunnel, EachServerSpeaksForItself) {
    follower.world.reasons = {"it follows"};
    EXPECT_EQ(follower.world.ask(get("/readyz")).body, "it follows\n");
    EXPECT_EQ(follower.world.ask(get("/healthz")).status, 200);
    EXPECT_THAT(follower.world.ask(get("/metrics")).body, HasSubstr("gse_up"));
    EXPECT_EQ(follower.world.ask(get("/v1/ping")).body, "pong\n");
    EXPECT_EQ(follower.world.ask(get("/console/")).status, 200);
    EXPECT_EQ(follower.relay.stats().handed, 0U);
    EXPECT_EQ(follower.world.ask(get("/console/session")).status, 401) << "the leader's answer";
    EXPECT_EQ(follower.world.ask(get("/nothing")).status, 404);
    EXPECT_EQ(follower.relay.stats().handed, 2U);
}

TEST_F(Tunnel, AHeaderInPiecesArrivesWhole) {
    RawClient client = follower.world.connect();
    const std::string request = signed_post("Pieces", std::string(100'000, ' ') + "{}", leader.world.clock.wall());
    for (std::size_t at = 0; at < request.size(); at += at < 400 ? 7 : 30'000)
        ASSERT_TRUE(client.send(request.substr(at, at < 400 ? 7 : 30'000)));
    EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr("100002"));
}

TEST_F(Tunnel, LargeObjectsGoBothWays) {
    std::string content(5'000'000, '\0');
    SeededRng rng{5};
    for (char& c : content) c = static_cast<char>(rng.next());
    const std::string target = "/objects/b/k";
    RawClient client = follower.world.connect();
    std::thread sends([&] {
        EXPECT_TRUE(client.send("PUT " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " +
                                leader.world.grant(objects::Access::Write) +
                                "\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content));
    });
    EXPECT_EQ(client.read_answer().value_or(Answer{}).status, 200);
    sends.join();
    ASSERT_TRUE(client.send("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " +
                            leader.world.grant(objects::Access::Read) + "\r\n\r\n"));
    const Answer answer = client.read_answer().value_or(Answer{});
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body == content) << answer.body.size() << " bytes came back";
}

TEST_F(Tunnel, AnAnswerBehindTheEndOfTheRequestsStillArrives) {
    leader.world.api.hold();
    RawClient client = follower.world.connect();
    ASSERT_TRUE(client.send(signed_post("Late", "{}", leader.world.clock.wall())));
    ASSERT_TRUE(leader.world.api.wait_for_held(1));
    client.shut_down_sending();
    leader.world.api.answer_all();
    EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr("Late"));
    EXPECT_TRUE(client.is_closed());
}

TEST_F(Tunnel, ARefusalBeforeTheBodyReachesAClientThatIsStillSending) {
    RawClient client = follower.world.connect();
    ASSERT_TRUE(client.send("PUT /objects/b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3000000\r\n\r\n"));
    std::thread sends([&] { (void)client.send(std::string(3'000'000, 'x')); });
    EXPECT_EQ(client.read_answer().value_or(Answer{}).status, 401);
    sends.join();
}

TEST_F(Tunnel, WhenTheLeaderChangesWhatWasHandedOverEnds) {
    leader.world.api.hold();
    RawClient waits = follower.world.connect();
    ASSERT_TRUE(waits.send(signed_post("Lost", "{}", leader.world.clock.wall())));
    ASSERT_TRUE(leader.world.api.wait_for_held(1));
    RawClient speaks_for_itself = follower.world.connect();
    ASSERT_TRUE(speaks_for_itself.send(get("/healthz")));
    EXPECT_EQ(speaks_for_itself.read_answer().value_or(Answer{}).status, 200);

    Member next{dir, "next", authority};
    next.relay.serve();
    follower.follow(next);
    EXPECT_FALSE(waits.read_answer()) << "nobody knows what became of it";
    EXPECT_THAT(follower.world.post("Again").body, HasSubstr("Again"));
    EXPECT_EQ(next.world.api.seen().size(), 1U);
    ASSERT_TRUE(speaks_for_itself.send(get("/healthz")));
    EXPECT_EQ(speaks_for_itself.read_answer().value_or(Answer{}).status, 200) << "it never went anywhere";
}

TEST_F(Tunnel, WithoutALeaderARequestWaitsForTheNext) {
    follower.lose_leader();
    RawClient client = follower.world.connect();
    ASSERT_TRUE(client.send(signed_post("Waits", "{}", leader.world.clock.wall())));
    ASSERT_TRUE(follower.wait([](const RelayStats& stats) { return stats.held == 1; }));
    follower.follow(leader);
    EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr("Waits"));
    EXPECT_EQ(follower.relay.stats().held, 0U);
}

TEST_F(Tunnel, AServerThatTakesOverServesWhatWaited) {
    follower.lose_leader();
    RawClient client = follower.world.connect();
    ASSERT_TRUE(client.send(signed_post("Waits", "{}", leader.world.clock.wall())));
    ASSERT_TRUE(follower.wait([](const RelayStats& stats) { return stats.held == 1; }));
    follower.relay.serve();
    EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr("Waits"));
    EXPECT_EQ(follower.world.api.seen().size(), 1U);
    ASSERT_TRUE(client.send(signed_post("Next", "{}", leader.world.clock.wall())));
    EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr("Next")) << "on the same connection";
}

TEST_F(Tunnel, WhatWaitsTooLongIsRefusedInTheFormOfTheApi) {
    follower.lose_leader();
    RawClient api = follower.world.connect(), page = follower.world.connect();
    ASSERT_TRUE(api.send(signed_post("Waits", "{}", leader.world.clock.wall())));
    ASSERT_TRUE(page.send(get("/v1/regions")));
    ASSERT_TRUE(follower.wait([](const RelayStats& stats) { return stats.held == 2; }));
    follower.world.clock.advance(Millis{7'000});
    const Answer refused = api.read_answer().value_or(Answer{});
    EXPECT_EQ(refused.status, 200);
    EXPECT_EQ(refused.fields.at("content-type"), "application/json");
    EXPECT_THAT(refused.body, HasSubstr(code_text(ErrorCode::Internal)));
    EXPECT_THAT(refused.body, HasSubstr("has changed nothing; try again"));
    EXPECT_EQ(page.read_answer().value_or(Answer{}).status, 500);
    EXPECT_EQ(follower.relay.stats().refused, 2U);
}

TEST_F(Tunnel, ALeaderThatDoesNotAnswerIsTriedAgain) {
    {
        Member gone{dir, "gone", authority};
        follower.follow(gone);  // it does not serve, and then is not there at all
        RawClient client = follower.world.connect();
        ASSERT_TRUE(client.send(signed_post("Lost", "{}", leader.world.clock.wall())));
        EXPECT_FALSE(client.read_answer()) << "it hangs up, for it leads no more";
    }
    RawClient client = follower.world.connect();
    ASSERT_TRUE(client.send(signed_post("Waits", "{}", leader.world.clock.wall())));
    ASSERT_TRUE(follower.wait([](const RelayStats& stats) { return stats.unreached > 2; }));
    follower.follow(leader);
    EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr("Waits"));
}

TEST_F(Tunnel, OnlyServersOfTheDeploymentAreLetIn) {
    const TestAuthority others;
    const struct {
        const char* what;
        const TestAuthority& authority;
        const char* alt_names;
    } kCases[] = {{"another authority's", others, "DNS:peer.gse"},
                  {"the server's towards its agents", authority, "DNS:server.gse"},
                  {"a host's, which names nothing", authority, "IP:10.0.0.1"}};
    int number = 0;
    for (const auto& c : kCases) {
        Member stranger{dir, "stranger" + std::to_string(++number), c.authority, c.alt_names};
        stranger.follow(leader);
        RawClient client = stranger.world.connect();
        ASSERT_TRUE(client.send(signed_post("Break", "{}", leader.world.clock.wall())));
        stranger.world.clock.advance(Millis{7'000});
        const auto answer = client.read_answer();
        EXPECT_TRUE(!answer || answer->body.find("has changed nothing") != std::string::npos) << c.what;
    }
    EXPECT_TRUE(leader.world.api.seen().empty());
    RawClient plain{leader.peer_port};
    ASSERT_TRUE(plain.send(get("/healthz")));
    EXPECT_EQ(plain.read_answer().value_or(Answer{}).status, 400) << "it speaks HTTPS";
}

TEST_F(Tunnel, NobodyBehindATunnelIsOnThisMachine) {
    // /metrics is each server's own; a follower that asked for the leader's would be off loopback.
    RawClient client = follower.world.connect();
    ASSERT_TRUE(client.send(get("/nothing") + get("/metrics")));
    EXPECT_EQ(client.read_answer().value_or(Answer{}).status, 404);
    EXPECT_EQ(client.read_answer().value_or(Answer{}).status, 401);
}

TEST_F(Tunnel, AFollowerThatStopsLetsAnswersArrive) {
    leader.world.api.hold();
    RawClient client = follower.world.connect();
    ASSERT_TRUE(client.send(signed_post("Last", "{}", leader.world.clock.wall())));
    ASSERT_TRUE(leader.world.api.wait_for_held(1));
    std::thread stops([&] { follower.world.server->stop(); });
    leader.world.api.answer_all();
    EXPECT_THAT(client.read_answer().value_or(Answer{}).body, HasSubstr("Last"));
    follower.world.clock.advance(Millis{1'000});
    stops.join();
}

}  // namespace
}  // namespace gse::http
