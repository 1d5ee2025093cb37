// The door over real gRPC: a game made of the public stubs, a fake supervisor behind the door.
#include "agent/grpc_door/grpc_door.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "GameServerGrpcSdkService.grpc.pb.h"
#include "GseGrpcSdkService.grpc.pb.h"
#include "base/fd.h"

namespace gse::agent {
namespace {

namespace pb = tencentcloud::gse::grpcsdk;
using link::CallStatus;
using link::SdkReply;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Millis kLong{20'000};

/// Answers every call by `answer`, at once or as the test decides.
class FakeSupervisor final : public CallHandler {
public:
    void on_call(Caller caller, CallBody call, Reply reply) override {
        {
            const std::lock_guard lock(mutex);
            callers.push_back(caller);
            calls.push_back(call);
        }
        if (answer) return answer(std::move(call), std::move(reply));
        reply(SdkReply{});
    }

    std::function<void(CallBody, Reply)> answer;
    std::mutex mutex;
    std::vector<Caller> callers;
    std::vector<CallBody> calls;
};

/// A game's own server, as the tutorials build it.
class Game final : public pb::GameServerGrpcSdkService::Service {
public:
    Game() { listen(0); }
    explicit Game(std::uint16_t port) { listen(port); }
    ~Game() override { server_->Shutdown(std::chrono::system_clock::now()); }
    std::uint16_t port() const { return port_; }

    std::function<grpc::Status(const pb::StartGameServerSessionRequest&, pb::GseResponse*)> on_start;
    std::function<grpc::Status(const pb::ProcessTerminateRequest&, pb::GseResponse*)> on_terminate;
    std::function<grpc::Status(pb::HealthCheckResponse*)> on_health;

private:
    void listen(std::uint16_t port) {
        grpc::ServerBuilder builder;
        int chosen = 0;
        builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &chosen);
        builder.RegisterService(this);
        server_ = builder.BuildAndStart();
        port_ = static_cast<std::uint16_t>(chosen);
    }
    grpc::Status OnHealthCheck(grpc::ServerContext*, const pb::HealthCheckRequest*,
                               pb::HealthCheckResponse* a) override {
        if (on_health) return on_health(a);
        a->set_healthstatus(true);
        return grpc::Status::OK;
    }
    grpc::Status OnStartGameServerSession(grpc::ServerContext*, const pb::StartGameServerSessionRequest* q,
                                          pb::GseResponse* a) override {
        return on_start ? on_start(*q, a) : grpc::Status::OK;
    }
    grpc::Status OnProcessTerminate(grpc::ServerContext*, const pb::ProcessTerminateRequest* q,
                                    pb::GseResponse* a) override {
        return on_terminate ? on_terminate(*q, a) : grpc::Status::OK;
    }

    std::unique_ptr<grpc::Server> server_;
    std::uint16_t port_ = 0;
};

class DoorTest : public testing::Test {
protected:
    void SetUp() override { open({.listen = "127.0.0.1:0"}); }
    void TearDown() override { door_->stop(); }

    void open(SdkServerOptions options) {
        door_ = std::make_unique<GrpcDoor>(options);
        const auto port = door_->start(supervisor_);
        ASSERT_TRUE(port) << port.error().message;
        port_ = *port;
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
        stub_ = pb::GseGrpcSdkService::NewStub(grpc::CreateCustomChannel(
            "127.0.0.1:" + std::to_string(port_), grpc::InsecureChannelCredentials(), arguments));
    }

    struct Metadata {
        const char* pid = "4242";
        const char* request_id = "a-request";
    };

    template <class Request, class Response>
    grpc::Status call(grpc::Status (pb::GseGrpcSdkService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                          Response*),
                      const Request& request, Response* response, Metadata metadata) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + seconds(20));
        if (metadata.pid) context.AddMetadata("pid", metadata.pid);
        if (metadata.request_id) context.AddMetadata("requestid", metadata.request_id);
        return ((*stub_).*method)(&context, request, response);
    }
    grpc::Status ending(Metadata metadata) {
        pb::GseResponse response;
        return call(&Stub::ProcessEnding, pb::ProcessEndingRequest(), &response, metadata);
    }
    grpc::Status ending() { return ending(Metadata()); }

    template <class Value>
    Value wait(std::future<Value> future) {
        if (future.wait_for(seconds(20)) != std::future_status::ready) {
            ADD_FAILURE() << "no answer in time";
            std::abort();
        }
        return future.get();
    }
    Result<void> start_session(std::uint16_t port, Millis timeout = kLong, link::StartSession session = {}) {
        std::promise<Result<void>> promise;
        auto future = promise.get_future();
        door_->start_session(port, session, timeout, [promise = std::move(promise)](Result<void> result) mutable {
            promise.set_value(std::move(result));
        });
        return wait(std::move(future));
    }
    Result<void> terminate(std::uint16_t port, std::int64_t time = 0) {
        std::promise<Result<void>> promise;
        auto future = promise.get_future();
        door_->terminate(port, time, kLong, [promise = std::move(promise)](Result<void> result) mutable {
            promise.set_value(std::move(result));
        });
        return wait(std::move(future));
    }
    bool healthy(std::uint16_t port, Millis timeout = kLong) {
        std::promise<bool> promise;
        auto future = promise.get_future();
        door_->health_check(port, timeout,
                            [promise = std::move(promise)](bool value) mutable { promise.set_value(value); });
        return wait(std::move(future));
    }

    using Stub = pb::GseGrpcSdkService::Stub;
    FakeSupervisor supervisor_;
    std::unique_ptr<GrpcDoor> door_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Stub> stub_;
};

// ---------------------------------------------------------------- process → agent

TEST_F(DoorTest, TheNineCallsReachTheSupervisorWithTheirFields) {
    const Metadata metadata;
    pb::GseResponse ok;

    pb::ProcessReadyRequest ready;
    ready.add_logpathstoupload("/local/game/logs");
    ready.add_logpathstoupload("./more");
    ready.set_clientport(2000);
    ready.set_grpcport(65535);
    EXPECT_TRUE(call(&Stub::ProcessReady, ready, &ok, metadata).ok());

    pb::ActivateGameServerSessionRequest activate;
    activate.set_gameserversessionid("gs");
    activate.set_maxplayers(8);
    EXPECT_TRUE(call(&Stub::ActivateGameServerSession, activate, &ok, metadata).ok());

    pb::AcceptPlayerSessionRequest accept;
    accept.set_gameserversessionid("gs");
    accept.set_playersessionid("ps");
    EXPECT_TRUE(call(&Stub::AcceptPlayerSession, accept, &ok, metadata).ok());

    pb::RemovePlayerSessionRequest remove;
    remove.set_gameserversessionid("gs");
    remove.set_playersessionid("ps");
    EXPECT_TRUE(call(&Stub::RemovePlayerSession, remove, &ok, metadata).ok());

    pb::DescribePlayerSessionsRequest describe;
    describe.set_gameserversessionid("gs");
    describe.set_playerid("player");
    describe.set_playersessionid("ps");
    describe.set_playersessionstatusfilter("ACTIVE");
    describe.set_nexttoken("next");
    describe.set_limit(5);
    pb::DescribePlayerSessionsResponse players;
    EXPECT_TRUE(call(&Stub::DescribePlayerSessions, describe, &players, metadata).ok());

    pb::UpdatePlayerSessionCreationPolicyRequest policy;
    policy.set_gameserversessionid("gs");
    policy.set_newplayersessioncreationpolicy("DENY_ALL");
    EXPECT_TRUE(call(&Stub::UpdatePlayerSessionCreationPolicy, policy, &ok, metadata).ok());

    pb::TerminateGameServerSessionRequest terminate;
    terminate.set_gameserversessionid("gs");
    EXPECT_TRUE(call(&Stub::TerminateGameServerSession, terminate, &ok, metadata).ok());

    EXPECT_TRUE(ending().ok());

    pb::ReportCustomDataRequest custom;
    custom.set_currentcustomcount(-3);
    custom.set_maxcustomcount(10);
    EXPECT_TRUE(call(&Stub::ReportCustomData, custom, &ok, metadata).ok());

    ASSERT_EQ(supervisor_.calls.size(), 9u);
    const auto& c = supervisor_.calls;
    const auto& got_ready = std::get<link::CallReady>(c[0]);
    EXPECT_EQ(got_ready.client_port, 2000);
    EXPECT_EQ(got_ready.grpc_port, 65535);
    EXPECT_THAT(got_ready.log_paths, ElementsAre("/local/game/logs", "./more"));
    EXPECT_EQ(std::get<link::CallActivateSession>(c[1]).session_id, "gs");
    EXPECT_EQ(std::get<link::CallActivateSession>(c[1]).max_players, 8u);
    EXPECT_EQ(std::get<link::CallAcceptPlayer>(c[2]).session_id, "gs");
    EXPECT_EQ(std::get<link::CallAcceptPlayer>(c[2]).player_session_id, "ps");
    EXPECT_EQ(std::get<link::CallRemovePlayer>(c[3]).session_id, "gs");
    EXPECT_EQ(std::get<link::CallRemovePlayer>(c[3]).player_session_id, "ps");
    const auto& got_describe = std::get<link::CallDescribePlayers>(c[4]);
    EXPECT_EQ(got_describe.session_id, "gs");
    EXPECT_EQ(got_describe.player_id, "player");
    EXPECT_EQ(got_describe.player_session_id, "ps");
    EXPECT_EQ(got_describe.status_filter, "ACTIVE");
    EXPECT_EQ(got_describe.next_token, "next");
    EXPECT_EQ(got_describe.limit, 5);
    EXPECT_EQ(std::get<link::CallUpdatePolicy>(c[5]).session_id, "gs");
    EXPECT_EQ(std::get<link::CallUpdatePolicy>(c[5]).policy, "DENY_ALL");
    EXPECT_EQ(std::get<link::CallTerminateSession>(c[6]).session_id, "gs");
    EXPECT_TRUE(std::holds_alternative<link::CallEnding>(c[7]));
    EXPECT_EQ(std::get<link::CallCustomData>(c[8]).current, -3);
    EXPECT_EQ(std::get<link::CallCustomData>(c[8]).maximum, 10);

    for (const auto& caller : supervisor_.callers) {
        EXPECT_EQ(caller.claimed_pid, 4242);
        EXPECT_EQ(caller.request_id, "a-request");
        EXPECT_EQ(caller.peer_address, "127.0.0.1");
        EXPECT_GT(caller.peer_port, 0);
        EXPECT_NE(caller.peer_port, port_);
    }
}

TEST_F(DoorTest, ACallWithoutAUsablePidNeverReachesTheSupervisor) {
    const char* const cases[] = {nullptr, "", "0", "-1", "12x", "0x10", "99999999999999999999"};
    for (const char* pid : cases) {
        const auto status = ending({.pid = pid});
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << (pid ? pid : "none");
        EXPECT_THAT(status.error_message(), HasSubstr("pid"));
    }
    EXPECT_TRUE(supervisor_.calls.empty());
}

TEST_F(DoorTest, ARequestIdIsNotNeededButBounded) {
    EXPECT_TRUE(ending({.request_id = nullptr}).ok());
    EXPECT_EQ(supervisor_.callers.at(0).request_id, "");
    const std::string endless(2'000, 'r');
    EXPECT_EQ(ending({.request_id = endless.c_str()}).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DoorTest, WhatCouldNotBePassedOnIsRefusedByName) {
    pb::GseResponse response;
    const auto ready = [&](std::int32_t client_port, std::int32_t grpc_port, int paths, std::size_t path_bytes) {
        pb::ProcessReadyRequest request;
        request.set_clientport(client_port);
        request.set_grpcport(grpc_port);
        for (int i = 0; i < paths; ++i) request.add_logpathstoupload(std::string(path_bytes, 'p'));
        return call(&Stub::ProcessReady, request, &response, {});
    };
    EXPECT_THAT(ready(0, 1, 0, 0).error_message(), HasSubstr("clientPort is 0"));
    EXPECT_THAT(ready(1, 65'536, 0, 0).error_message(), HasSubstr("grpcPort is 65536"));
    EXPECT_THAT(ready(1, -1, 0, 0).error_message(), HasSubstr("grpcPort is -1"));
    EXPECT_THAT(ready(1, 1, 1'001, 1).error_message(), HasSubstr("logPathsToUpload"));
    EXPECT_THAT(ready(1, 1, 1, 4'097).error_message(), HasSubstr("logPathsToUpload"));
    pb::ActivateGameServerSessionRequest activate;
    activate.set_maxplayers(-1);
    EXPECT_THAT(call(&Stub::ActivateGameServerSession, activate, &response, {}).error_message(),
                HasSubstr("maxPlayers"));
    pb::AcceptPlayerSessionRequest accept;
    accept.set_playersessionid(std::string(1'025, 'x'));
    EXPECT_THAT(call(&Stub::AcceptPlayerSession, accept, &response, {}).error_message(), HasSubstr("playerSessionId"));
    accept.set_playersessionid(std::string(2 << 20, 'x'));
    EXPECT_EQ(call(&Stub::AcceptPlayerSession, accept, &response, {}).error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_TRUE(supervisor_.calls.empty());
}

TEST_F(DoorTest, OutcomesBecomeGrpcStatuses) {
    const std::pair<CallStatus, grpc::StatusCode> cases[] = {
        {CallStatus::Ok, grpc::StatusCode::OK},
        {CallStatus::InvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
        {CallStatus::NotFound, grpc::StatusCode::NOT_FOUND},
        {CallStatus::FailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
        {CallStatus::Unavailable, grpc::StatusCode::UNAVAILABLE},
        {CallStatus::Internal, grpc::StatusCode::INTERNAL},
    };
    for (const auto& [ours, theirs] : cases) {
        supervisor_.answer = [&](CallBody, Reply reply) { reply({.status = ours, .message = "because"}); };
        const auto status = ending();
        EXPECT_EQ(status.error_code(), theirs);
        EXPECT_EQ(status.error_message(), ours == CallStatus::Ok ? "" : "because");
    }
}

TEST_F(DoorTest, ALongReasonIsCutInsteadOfLosingTheStatus) {
    supervisor_.answer = [](CallBody, Reply reply) {
        reply({.status = CallStatus::NotFound, .message = std::string(100'000, 'm')});
    };
    const auto status = ending();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(status.error_message().size(), 1024u);
}

TEST_F(DoorTest, PlayerSessionsAreAnsweredWithTimesInSeconds) {
    supervisor_.answer = [](CallBody, Reply reply) {
        reply({.players = {{.player_session_id = "ps",
                            .player_id = "player",
                            .session_id = "gs",
                            .fleet_id = "fleet",
                            .address = "1.2.3.4",
                            .status = PlayerStatus::TimedOut,
                            .created = {1'600'000'000'999},
                            .ended = {1'600'000'060'000},
                            .port = 2000,
                            .player_data = "data",
                            .dns_name = "dns"},
                           {.player_session_id = "open"}},
               .next_token = "next"});
    };
    pb::DescribePlayerSessionsResponse response;
    ASSERT_TRUE(call(&Stub::DescribePlayerSessions, pb::DescribePlayerSessionsRequest(), &response, {}).ok());
    EXPECT_EQ(response.nexttoken(), "next");
    ASSERT_EQ(response.playersessions_size(), 2);
    const auto& player = response.playersessions(0);
    EXPECT_EQ(player.playersessionid(), "ps");
    EXPECT_EQ(player.playerid(), "player");
    EXPECT_EQ(player.gameserversessionid(), "gs");
    EXPECT_EQ(player.fleetid(), "fleet");
    EXPECT_EQ(player.ipaddress(), "1.2.3.4");
    EXPECT_EQ(player.status(), "TIMEDOUT");
    EXPECT_EQ(player.creationtime(), 1'600'000'000);
    EXPECT_EQ(player.terminationtime(), 1'600'000'060);
    EXPECT_EQ(player.port(), 2000);
    EXPECT_EQ(player.playerdata(), "data");
    EXPECT_EQ(player.dnsname(), "dns");
    EXPECT_EQ(response.playersessions(1).terminationtime(), 0);
}

TEST_F(DoorTest, ADroppedReplyIsAnsweredInternal) {
    supervisor_.answer = [](CallBody, Reply) {};
    EXPECT_EQ(ending().error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(DoorTest, TooManyOpenCallsAreToldToTryAgain) {
    door_->stop();
    open({.listen = "127.0.0.1:0", .open_calls_max = 1});
    std::promise<Reply> held;
    supervisor_.answer = [&](CallBody, Reply reply) { held.set_value(std::move(reply)); };
    auto first = std::async(std::launch::async, [&] { return ending(); });
    Reply reply = wait(held.get_future());
    EXPECT_EQ(ending().error_code(), grpc::StatusCode::UNAVAILABLE);
    reply(SdkReply{});
    EXPECT_TRUE(wait(std::move(first)).ok());
}

TEST_F(DoorTest, StopAnswersOpenCallsAndIgnoresLateReplies) {
    std::promise<Reply> held;
    supervisor_.answer = [&](CallBody, Reply reply) { held.set_value(std::move(reply)); };
    auto call = std::async(std::launch::async, [&] { return ending(); });
    Reply reply = wait(held.get_future());
    door_->stop();
    EXPECT_EQ(wait(std::move(call)).error_code(), grpc::StatusCode::UNAVAILABLE);
    open({.listen = "127.0.0.1:0"});  // the old server is gone altogether
    reply(SdkReply{});
}

TEST_F(DoorTest, AnAddressThatIsNotSafeOrNotFreeDoesNotOpen) {
    GrpcDoor outside({.listen = "0.0.0.0:0"});
    EXPECT_THAT(outside.start(supervisor_).error().message, HasSubstr("loopback"));
    GrpcDoor second({.listen = "127.0.0.1:" + std::to_string(port_)});
    EXPECT_THAT(second.start(supervisor_).error().message, HasSubstr("another agent"));
}

// ---------------------------------------------------------------- agent → process

TEST_F(DoorTest, AStartedSessionArrivesWithItsFields) {
    Game game;
    pb::GameServerSession got;
    game.on_start = [&](const pb::StartGameServerSessionRequest& request, pb::GseResponse*) {
        got = request.gameserversession();
        return grpc::Status::OK;
    };
    ASSERT_TRUE(start_session(game.port(), kLong,
                              {.session_id = "gs",
                               .fleet_id = "fleet",
                               .name = "name",
                               .max_players = 8,
                               .joinable = false,
                               .properties = {{"map", "dust"}, {"mode", "tdm"}},
                               .port = 2000,
                               .address = "1.2.3.4",
                               .session_data = "data",
                               .matchmaker_data = "match",
                               .dns_name = "dns"}));
    EXPECT_EQ(got.gameserversessionid(), "gs");
    EXPECT_EQ(got.fleetid(), "fleet");
    EXPECT_EQ(got.name(), "name");
    EXPECT_EQ(got.maxplayers(), 8);
    EXPECT_FALSE(got.joinable());
    ASSERT_EQ(got.gameproperties_size(), 2);
    EXPECT_EQ(got.gameproperties(1).key(), "mode");
    EXPECT_EQ(got.gameproperties(1).value(), "tdm");
    EXPECT_EQ(got.port(), 2000);
    EXPECT_EQ(got.ipaddress(), "1.2.3.4");
    EXPECT_EQ(got.gameserversessiondata(), "data");
    EXPECT_EQ(got.matchmakerdata(), "match");
    EXPECT_EQ(got.dnsname(), "dns");
}

TEST_F(DoorTest, AProcessIsToldWhenItEnds) {
    Game game;
    std::atomic<std::int64_t> time = -1;
    game.on_terminate = [&](const pb::ProcessTerminateRequest& request, pb::GseResponse*) {
        time = request.terminationtime();
        return grpc::Status::OK;
    };
    ASSERT_TRUE(terminate(game.port(), 1'600'000'000));
    EXPECT_EQ(time, 1'600'000'000);
}

TEST_F(DoorTest, AGameMayCallBackInsideItsCallback) {
    Game game;
    game.on_start = [&](const pb::StartGameServerSessionRequest& request, pb::GseResponse* response) {
        pb::ActivateGameServerSessionRequest activate;
        activate.set_gameserversessionid(request.gameserversession().gameserversessionid());
        return call(&Stub::ActivateGameServerSession, activate, response, Metadata());
    };
    game.on_terminate = [&](const pb::ProcessTerminateRequest&, pb::GseResponse*) { return ending(); };
    ASSERT_TRUE(start_session(game.port(), kLong, {.session_id = "gs"}));
    ASSERT_TRUE(terminate(game.port()));
    ASSERT_EQ(supervisor_.calls.size(), 2u);
    EXPECT_EQ(std::get<link::CallActivateSession>(supervisor_.calls[0]).session_id, "gs");
    EXPECT_TRUE(std::holds_alternative<link::CallEnding>(supervisor_.calls[1]));
}

TEST_F(DoorTest, TheSupervisorMayCallTheGameInsideACallOfTheGame) {
    Game game;
    supervisor_.answer = [&](CallBody, Reply reply) {
        door_->health_check(game.port(), kLong, [reply = std::move(reply)](bool healthy) mutable {
            reply({.status = healthy ? CallStatus::Ok : CallStatus::Internal});
        });
    };
    EXPECT_TRUE(ending().ok());
}

TEST_F(DoorTest, HealthIsWhatTheGameSaysAndNoAnswerIsNot) {
    Game game;
    EXPECT_TRUE(healthy(game.port()));
    game.on_health = [](pb::HealthCheckResponse* answer) {
        answer->set_healthstatus(false);
        return grpc::Status::OK;
    };
    EXPECT_FALSE(healthy(game.port()));
    game.on_health = [](pb::HealthCheckResponse* answer) {
        answer->set_healthstatus(true);
        return grpc::Status(grpc::StatusCode::INTERNAL, "broken");
    };
    EXPECT_FALSE(healthy(game.port()));
}

TEST_F(DoorTest, AFailureOfTheGameIsAFailure) {
    Game game;
    game.on_start = [](const pb::StartGameServerSessionRequest&, pb::GseResponse*) {
        return grpc::Status(grpc::StatusCode::INTERNAL, "no such map");
    };
    const auto result = start_session(game.port());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::FailedOperation);
    EXPECT_THAT(result.error().message, HasSubstr("no such map"));
}

TEST_F(DoorTest, AStatusInTheBodyAsOf2020IsAFailureUnlessItIsOk) {
    struct Case {
        const char* why;
        std::uint64_t status;
        bool ok;
    };
    const Case cases[] = {{"OK", 0, true}, {"ERROR_400", 1, false}, {"ERROR_500", 2, false}};
    for (const auto& [why, status, ok] : cases) {
        Game game;
        game.on_start = [&](const pb::StartGameServerSessionRequest&, pb::GseResponse* response) {
            auto& unknown = *response->GetReflection()->MutableUnknownFields(response);
            unknown.AddVarint(1, status);
            unknown.AddLengthDelimited(2, "data");
            unknown.AddLengthDelimited(3, "the old way");
            return grpc::Status::OK;
        };
        game.on_terminate = [&](const pb::ProcessTerminateRequest&, pb::GseResponse* response) {
            response->GetReflection()->MutableUnknownFields(response)->AddVarint(1, status);
            return grpc::Status::OK;
        };
        const auto result = start_session(game.port());
        EXPECT_EQ(result.has_value(), ok) << why;
        EXPECT_TRUE(ok || result.error().message.find("the old way") != std::string::npos) << why;
        EXPECT_EQ(terminate(game.port()).has_value(), ok) << why;
    }
}

TEST_F(DoorTest, AnAnswerThatDoesNotComeIsATimeout) {
    // A socket that listens and never speaks, as a hung process has.
    Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::uint16_t port = ntohs(address.sin_port);
    const auto result = start_session(port, Millis{50});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Unavailable);
    EXPECT_FALSE(healthy(port, Millis{50}));
}

TEST_F(DoorTest, AProcessThatIsGoneIsReportedAtOnceAndItsSuccessorOnThePortIsReached) {
    std::uint16_t port = 0;
    {
        Game game;
        port = game.port();
        EXPECT_TRUE(healthy(port));
    }
    const auto result = start_session(port);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(result.error().message, HasSubstr(std::to_string(port)));
    Game successor(port);
    ASSERT_EQ(successor.port(), port);
    EXPECT_TRUE(healthy(port));
    door_->forget(port);
    EXPECT_TRUE(healthy(port));
}

TEST_F(DoorTest, AServerOfAnotherKindOnThePortIsNamedAsSuch) {
    const auto result = start_session(port_);  // the agent's own
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("grpcPort of ProcessReady"));
}

TEST_F(DoorTest, StopEndsOpenCallbacksOnceAndLaterOnesAtOnce) {
    std::promise<void> entered, released;  // outlive the game, whose callback uses them
    auto release = released.get_future().share();
    Game game;
    game.on_terminate = [&](const pb::ProcessTerminateRequest&, pb::GseResponse*) {
        entered.set_value();
        release.wait();
        return grpc::Status::OK;
    };
    std::atomic<int> done = 0;
    door_->terminate(game.port(), 0, kLong, [&](const Result<void>& result) {
        EXPECT_FALSE(result);
        ++done;
    });
    wait(entered.get_future());
    door_->stop();
    EXPECT_EQ(done, 1);
    door_->terminate(game.port(), 0, kLong, [&](const Result<void>& result) {
        EXPECT_FALSE(result);
        ++done;
    });
    EXPECT_EQ(done, 2);
    released.set_value();
}

TEST_F(DoorTest, ManyCallbacksRunAtOnce) {
    Game game;
    constexpr int kCalls = 500;
    std::atomic<int> done = 0;
    std::promise<void> all;
    for (int i = 0; i < kCalls; ++i)
        door_->health_check(game.port(), kLong, [&](bool healthy) {
            EXPECT_TRUE(healthy);
            if (++done == kCalls) all.set_value();
        });
    wait(all.get_future());
}

}  // namespace
}  // namespace gse::agent
