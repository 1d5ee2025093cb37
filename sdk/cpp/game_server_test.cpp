// The library against an agent in the test's own process: real gRPC on loopback, ports chosen by the kernel.

#include "gse/sdk/game_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <regex>
#include <set>
#include <thread>

#include "testing/fake_agent.h"

namespace gse::sdk {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::FakeAgent;
using ::testing::HasSubstr;

constexpr auto kPatience = 10s;

Options options_for(const FakeAgent& agent) {
    Options options;
    options.agent_address = agent.address();
    options.grpc_port = 0;
    options.call_timeout = kPatience;
    options.ready_timeout = kPatience;
    options.retry_pause_first = 10ms;
    options.retry_pause_last = 50ms;
    return options;
}

TEST(GameServer, EveryCallSaysWhoCallsUnderAnIdOfItsOwn) {
    FakeAgent agent;
    GameServer server({}, options_for(agent));
    ASSERT_TRUE(server.process_ready(7001, {"./logs", "/local/game/core"}).ok());
    ASSERT_TRUE(agent.start_session("qcs::1").ok());
    EXPECT_TRUE(server.activate_session(8).ok());
    EXPECT_TRUE(server.accept_player("psess-1").ok());
    EXPECT_TRUE(server.describe_player_sessions({.player_id = "a", .status = "ACTIVE", .limit = 5}).ok());
    EXPECT_TRUE(server.update_player_session_creation_policy(PlayerSessionCreationPolicy::DenyAll).ok());
    EXPECT_TRUE(server.update_player_session_creation_policy(PlayerSessionCreationPolicy::AcceptAll).ok());
    EXPECT_TRUE(server.remove_player("psess-1").ok());
    EXPECT_TRUE(server.report_custom_data(3, 9).ok());
    EXPECT_TRUE(server.terminate_session().ok());
    EXPECT_TRUE(server.process_ending().ok());

    EXPECT_THAT(agent.texts(),
                ElementsAre("ProcessReady ./logs /local/game/core", "ActivateGameServerSession qcs::1 8",
                            "AcceptPlayerSession qcs::1 psess-1", "DescribePlayerSessions qcs::1 a||ACTIVE||5",
                            "UpdatePlayerSessionCreationPolicy qcs::1 DENY_ALL",
                            "UpdatePlayerSessionCreationPolicy qcs::1 ACCEPT_ALL", "RemovePlayerSession qcs::1 psess-1",
                            "ReportCustomData 3 9", "TerminateGameServerSession qcs::1", "ProcessEnding"));
    EXPECT_EQ(agent.client_port(), 7001);
    EXPECT_EQ(agent.grpc_port(), server.grpc_port());
    const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    std::set<std::string> ids;
    for (const auto& call : agent.calls()) {
        EXPECT_EQ(call.pid, std::to_string(getpid())) << call.text;
        EXPECT_TRUE(std::regex_match(call.request_id, uuid)) << call.text << ": " << call.request_id;
        EXPECT_TRUE(ids.insert(call.request_id).second) << call.text << " repeats an id";
    }
}

TEST(GameServer, HandsTheWholeSessionToTheGameWhichMayActivateItInside) {
    FakeAgent agent;
    GameServer* self = nullptr;
    GameServerSession seen;
    GameServer server({.on_start_session =
                           [&](const GameServerSession& session) {
                               seen = session;
                               return self->activate_session(session.max_players);
                           }},
                      options_for(agent));
    self = &server;
    ASSERT_TRUE(server.process_ready(7002).ok());
    ASSERT_TRUE(agent.start_session("qcs::2", 12).ok());
    EXPECT_EQ(agent.texts().back(), "ActivateGameServerSession qcs::2 12");
    EXPECT_EQ(seen.id, "qcs::2");
    EXPECT_EQ(seen.fleet_id, "fleet-1");
    EXPECT_EQ(seen.name, "a match");
    EXPECT_EQ(seen.max_players, 12);
    EXPECT_TRUE(seen.joinable);
    ASSERT_EQ(seen.properties.size(), 1u);
    EXPECT_EQ(seen.properties[0].key, "map");
    EXPECT_EQ(seen.properties[0].value, "harbour");
    EXPECT_EQ(seen.ip_address, "203.0.113.9");
    EXPECT_EQ(seen.dns_name, "game.example");
    EXPECT_EQ(seen.port, 7002);
    EXPECT_EQ(seen.data, "data");
    EXPECT_EQ(seen.matchmaker_data, "{}");
    EXPECT_EQ(server.session()->id, "qcs::2");
}

TEST(GameServer, ASessionAnnouncedTwiceStartsOnce) {
    FakeAgent agent;
    std::atomic<int> started = 0;
    GameServer server({.on_start_session =
                           [&](const GameServerSession&) {
                               ++started;
                               return Outcome<>();
                           }},
                      options_for(agent));
    ASSERT_TRUE(server.process_ready(7001).ok());
    EXPECT_TRUE(agent.start_session("qcs::1").ok());
    EXPECT_TRUE(agent.start_session("qcs::1").ok());
    EXPECT_EQ(started, 1);
    ASSERT_TRUE(server.terminate_session().ok());
    EXPECT_TRUE(agent.start_session("qcs::2").ok());
    EXPECT_EQ(started, 2);
}

TEST(GameServer, ARefusedSessionIsAnErrorForTheAgentAndNotKept) {
    FakeAgent agent;
    GameServer server({.on_start_session = [](const GameServerSession& session) -> Outcome<> {
                          if (session.id == "qcs::bad") throw std::runtime_error("no such map");
                          return Error{Code::ResourceExhausted, "out of memory"};
                      }},
                      options_for(agent));
    ASSERT_TRUE(server.process_ready(7001).ok());
    const grpc::Status refused = agent.start_session("qcs::1");
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(refused.error_message(), "out of memory");
    const grpc::Status thrown = agent.start_session("qcs::bad");
    EXPECT_EQ(thrown.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_THAT(thrown.error_message(), HasSubstr("no such map"));
    EXPECT_EQ(agent.start_session("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_FALSE(server.session().has_value());
    EXPECT_EQ(server.accept_player("psess-1").code(), Code::FailedPrecondition);
}

TEST(GameServer, ProcessEndingMayBeCalledInsideTheTerminateCallback) {
    FakeAgent agent;
    GameServer* self = nullptr;
    std::vector<std::optional<std::chrono::system_clock::time_point>> deadlines;
    GameServer server({.on_process_terminate =
                           [&](auto deadline) {
                               deadlines.push_back(deadline);
                               EXPECT_TRUE(self->process_ending().ok());
                           }},
                      options_for(agent));
    self = &server;
    ASSERT_TRUE(server.process_ready(7001).ok());
    EXPECT_TRUE(agent.terminate(0).ok());
    EXPECT_TRUE(agent.terminate(1'700'000'000).ok());
    EXPECT_TRUE(agent.terminate(INT64_MAX).ok());
    EXPECT_THAT(deadlines,
                ElementsAre(std::nullopt, std::chrono::system_clock::from_time_t(1'700'000'000), std::nullopt));
    EXPECT_THAT(agent.texts(), ElementsAre("ProcessReady", "ProcessEnding", "ProcessEnding", "ProcessEnding"));
}

TEST(GameServer, IsHealthyUnlessTheGameSaysOtherwise) {
    FakeAgent agent;
    bool healthy = false;
    {
        GameServer silent({}, options_for(agent));
        ASSERT_TRUE(silent.process_ready(7001).ok());
        EXPECT_TRUE(agent.health(healthy).ok());
        EXPECT_TRUE(healthy);
        EXPECT_TRUE(agent.terminate(0).ok()) << "an unset callback acknowledges";
    }
    GameServer sick({.on_health_check = [] { return false; }}, options_for(agent));
    ASSERT_TRUE(sick.process_ready(7001).ok());
    EXPECT_TRUE(agent.health(healthy).ok());
    EXPECT_FALSE(healthy);
    GameServer broken({.on_health_check = []() -> bool { throw 1; }}, options_for(agent));
    ASSERT_TRUE(broken.process_ready(7001).ok());
    EXPECT_EQ(agent.health(healthy).error_code(), grpc::StatusCode::INTERNAL);
}

TEST(GameServer, HealthIsAnsweredWhileAnotherCallbackIsOpen) {
    FakeAgent agent;
    std::promise<void> release;
    GameServer server({.on_start_session =
                           [done = release.get_future().share()](const GameServerSession&) {
                               done.wait_for(kPatience);
                               return Outcome<>();
                           }},
                      options_for(agent));
    ASSERT_TRUE(server.process_ready(7001).ok());
    auto open = std::async(std::launch::async, [&] { return agent.start_session("qcs::1").ok(); });
    bool healthy = false;
    EXPECT_TRUE(agent.health(healthy).ok());
    EXPECT_TRUE(healthy);
    release.set_value();
    EXPECT_TRUE(open.get());
}

TEST(GameServer, ReturnsWhatTheAgentRefuses) {
    FakeAgent agent;
    GameServer server({}, options_for(agent));
    ASSERT_TRUE(server.process_ready(7001).ok());
    ASSERT_TRUE(agent.start_session("qcs::1").ok());
    agent.answer_with([](const FakeAgent::Call&) {
        return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "the reservation has run out");
    });
    const Outcome<> late = server.accept_player("psess-1");
    EXPECT_EQ(late.code(), Code::FailedPrecondition);
    EXPECT_EQ(late.error().message, "the reservation has run out");
    EXPECT_EQ(server.describe_player_sessions().code(), Code::FailedPrecondition);
    EXPECT_EQ(server.terminate_session().code(), Code::FailedPrecondition);
    EXPECT_TRUE(server.session().has_value()) << "a session that the agent did not end goes on";
    EXPECT_EQ(agent.calls().size(), 4u) << "a refusal is not retried";
}

TEST(GameServer, ListsPlayersWithEveryField) {
    FakeAgent agent;
    GameServer server({}, options_for(agent));
    ASSERT_TRUE(server.process_ready(7001).ok());
    ASSERT_TRUE(agent.start_session("qcs::1").ok());
    const Outcome<PlayerSessionPage> page = server.describe_player_sessions();
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->next_token, "more");
    ASSERT_EQ(page->player_sessions.size(), 1u);
    const PlayerSession& player = page->player_sessions[0];
    EXPECT_EQ(player.id, "psess-1");
    EXPECT_EQ(player.player_id, "alice");
    EXPECT_EQ(player.session_id, "qcs::1");
    EXPECT_EQ(player.fleet_id, "fleet-1");
    EXPECT_EQ(player.status, "ACTIVE");
    EXPECT_EQ(player.ip_address, "203.0.113.9");
    EXPECT_EQ(player.dns_name, "game.example");
    EXPECT_EQ(player.port, 7001);
    EXPECT_EQ(player.player_data, "blue");
    EXPECT_EQ(player.creation_time, 1600000000);
    EXPECT_EQ(player.termination_time, 0);
}

TEST(GameServer, AnUnavailableAgentIsAskedAgainUnderTheSameId) {
    FakeAgent agent;
    GameServer server({}, options_for(agent));
    ASSERT_TRUE(server.process_ready(7001).ok());
    ASSERT_TRUE(agent.start_session("qcs::1").ok());
    agent.answer_with([left = std::make_shared<std::atomic<int>>(2)](const FakeAgent::Call&) {
        return (*left)-- > 0 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "no commit yet") : grpc::Status::OK;
    });
    EXPECT_TRUE(server.accept_player("psess-1").ok());
    const auto calls = agent.calls();
    ASSERT_EQ(calls.size(), 4u);
    EXPECT_EQ(calls[1].request_id, calls[2].request_id);
    EXPECT_EQ(calls[2].request_id, calls[3].request_id);
}

TEST(GameServer, GivesUpOnAnUnavailableAgentWhenTheTimeIsUp) {
    FakeAgent agent;
    Options options = options_for(agent);
    options.call_timeout = 100ms;
    options.ready_timeout = 100ms;
    GameServer server({}, options);
    agent.answer_with([](const FakeAgent::Call&) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "down"); });
    const Outcome<> ready = server.process_ready(7001);
    EXPECT_THAT(ready.code(), ::testing::AnyOf(Code::Unavailable, Code::DeadlineExceeded));
    EXPECT_THAT(server.process_ending().code(), ::testing::AnyOf(Code::Unavailable, Code::DeadlineExceeded));
}

TEST(GameServer, WaitsForAnAgentThatComesBack) {
    FakeAgent agent;
    agent.stop();
    GameServer server({}, options_for(agent));
    auto ready = std::async(std::launch::async, [&] { return server.process_ready(7001).ok(); });
    agent.restart();
    EXPECT_TRUE(ready.get());
    ASSERT_TRUE(agent.start_session("qcs::1").ok());

    agent.stop();
    auto accepted = std::async(std::launch::async, [&] { return server.accept_player("psess-1").ok(); });
    agent.restart();
    EXPECT_TRUE(accepted.get());
    EXPECT_EQ(agent.texts().back(), "AcceptPlayerSession qcs::1 psess-1");
}

TEST(GameServer, ShutdownEndsACallInFlight) {
    FakeAgent agent;
    std::promise<void> release;
    agent.answer_with([done = release.get_future().share()](const FakeAgent::Call& call) {
        if (call.text == "ProcessEnding") done.wait_for(kPatience);
        return grpc::Status::OK;
    });
    Options options = options_for(agent);
    options.call_timeout = 1h;
    GameServer server({}, options);
    ASSERT_TRUE(server.process_ready(7001).ok());
    auto ending = std::async(std::launch::async, [&] { return server.process_ending().code(); });
    ASSERT_FALSE(agent.wait_for("ProcessEnding").text.empty());
    server.shutdown();
    EXPECT_EQ(ending.get(), Code::Cancelled);
    release.set_value();
    EXPECT_EQ(server.process_ending().code(), Code::Cancelled);
    EXPECT_EQ(server.process_ready(7001).code(), Code::Cancelled);
}

TEST(GameServer, ShutdownEndsAWaitForTheAgent) {
    FakeAgent agent;
    agent.stop();
    Options options = options_for(agent);
    options.ready_timeout = 1h;
    GameServer server({}, options);
    ASSERT_TRUE(server.start().ok());
    auto ready = std::async(std::launch::async, [&] { return server.process_ready(7001).code(); });
    server.shutdown();
    EXPECT_EQ(ready.get(), Code::Cancelled);
}

TEST(GameServer, CallsFromManyThreadsAllArrive) {
    FakeAgent agent;
    GameServer server({}, options_for(agent));
    ASSERT_TRUE(server.process_ready(7001).ok());
    ASSERT_TRUE(agent.start_session("qcs::1").ok());
    std::vector<std::thread> threads;
    std::atomic<int> done = 0;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 10; ++i)
                if (server.accept_player("psess-" + std::to_string(t * 10 + i)).ok()) ++done;
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(done, 40);
    const auto texts = agent.texts();
    EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 41u);
}

TEST(GameServer, TakesAddressAndPortFromTheEnvironment) {
    FakeAgent agent;
    setenv("GSE_SDK_ADDRESS", agent.address().c_str(), 1);
    GameServer probe({}, {});
    ASSERT_TRUE(probe.start().ok());
    EXPECT_GT(probe.grpc_port(), 0) << "unset: the kernel chooses";

    setenv("GSE_GRPC_PORT", std::to_string(probe.grpc_port()).c_str(), 1);
    GameServer clash({}, {});
    const Outcome<> refused = clash.process_ready(7001);
    ASSERT_FALSE(refused.ok()) << "two processes must not share a port";
    EXPECT_THAT(refused.error().message, HasSubstr("127.0.0.1:" + std::to_string(probe.grpc_port())));
    probe.shutdown();
    EXPECT_TRUE(clash.process_ready(7001).ok());
    EXPECT_EQ(agent.grpc_port(), clash.grpc_port());

    for (const char* bad : {"70000", "-1", "80x", "port"}) {
        setenv("GSE_GRPC_PORT", bad, 1);
        GameServer server({}, {});
        const Outcome<> outcome = server.start();
        EXPECT_EQ(outcome.code(), Code::InvalidArgument) << bad;
        EXPECT_THAT(outcome.error().message, HasSubstr(bad));
    }
    unsetenv("GSE_GRPC_PORT");
    unsetenv("GSE_SDK_ADDRESS");
}

TEST(GameServer, RefusesAClientPortNobodyCanConnectTo) {
    FakeAgent agent;
    GameServer server({}, options_for(agent));
    for (int port : {0, -1, 65536}) EXPECT_EQ(server.process_ready(port).code(), Code::InvalidArgument) << port;
    EXPECT_TRUE(agent.calls().empty());
}

}  // namespace
}  // namespace gse::sdk
