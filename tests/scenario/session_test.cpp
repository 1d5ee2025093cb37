// Game server sessions and seats [创建游戏服务器会话; 接收玩家会话].
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using link::CallStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Session, NotActivatedInTimeEndsInErrorAndItsProcessIsReplaced) {
    World world;
    world.host().behaviour.activates = false;
    const std::string fleet = world.make_fleet({.activation_timeout_s = 60});
    const std::string session = world.make_session(fleet);
    world.advance(59s);
    EXPECT_EQ(world.session_status(session), "ACTIVATING");
    world.advance(2s);
    EXPECT_EQ(world.session_status(session), "ERROR");
    EXPECT_THAT(world.events_of(fleet, "GAME_SESSION_ACTIVATION_TIMEOUT"),
                ElementsAre(HasSubstr("must call ActivateGameServerSession")));
    world.advance(20s);
    EXPECT_EQ(world.host().killed().size(), 1U) << "it thinks it has a match and is ended by force";
    world.host().behaviour.activates = true;
    EXPECT_EQ(world.session_status(world.make_session(fleet)), "ACTIVE");
}

TEST(Session, WhoseStartFailsEndsInErrorAtOnce) {
    World world;
    const std::string fleet = world.make_fleet();
    world.host().behaviour.starts_session = false;
    world.host().behaviour.failure_text = "no map";
    const std::string session = world.make_session(fleet);
    EXPECT_EQ(world.session_status(session), "ERROR");
    EXPECT_THAT(world.call("DescribeGameServerSessions",
                           {{"GameServerSessionId", session}})["GameServerSessions.0.StatusReason"],
                HasSubstr("no map"));
}

TEST(Session, ASecondMatchRunsInTheSameProcess) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string first = world.make_session(fleet);
    const std::string process = world.host().game_of(first).process;
    world.host().end_session(first);
    EXPECT_EQ(world.session_status(first), "TERMINATED");
    world.advance(3s);
    const std::string second = world.make_session(fleet);
    EXPECT_EQ(world.host().game_of(second).process, process);
}

TEST(Session, ACustomIdLeavesRoomForTheRestOfTheId) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3});
    const auto create = [&](std::size_t length) {
        return world.call("CreateGameServerSession", {{"FleetId", fleet},
                                                      {"MaximumPlayerSessionCount", "2"},
                                                      {"GameServerSessionId", std::string(length, 'x')}});
    };
    const std::size_t rest = create(1)["GameServerSession.GameServerSessionId"].size() - 1;
    const std::string longest = create(4096 - rest)["GameServerSession.GameServerSessionId"];
    EXPECT_EQ(longest.size(), 4096U);
    EXPECT_EQ(world.session_status(longest), "ACTIVE") << "it is found by its id";
    const Answer refused = create(4096 - rest + 1);
    EXPECT_EQ(refused.code(), "InvalidParameterValue");
    EXPECT_THAT(refused.message(), HasSubstr(fmt::format("it takes {} at most", 4096 - rest)));
}

TEST(Session, LogsAreCollectedWhenItEnds) {
    World world;
    world.host().behaviour.log_paths = {"/local/game/log"};
    world.host().behaviour.collects_logs = false;
    const std::string fleet = world.make_fleet();
    const std::string session = world.make_session(fleet);
    world.host().end_match(session);
    const auto& ended = world.state().at<core::GameSession>(world.state().find_session(session));
    EXPECT_EQ(ended.log_state, core::LogState::Pending);
    // The order was lost with the agent: the next stream brings it again.
    world.host().behaviour.collects_logs = true;
    world.host().lose_network();
    world.host().heal_network();
    EXPECT_EQ(ended.log_state, core::LogState::Stored);
    EXPECT_THAT(ended.end->log_key, HasSubstr("sessions/gssess-"));
}

TEST(Seat, ReservedForSixtySecondsOnly) {
    World world;
    const std::string session = world.make_session(world.make_fleet(), 1);
    const std::string seat = world.join(session, "ann");
    world.advance(59s);
    EXPECT_EQ(world.player_status(seat), "RESERVED");
    EXPECT_EQ(world.join(session, "ann"), seat) << "joining again is the same seat, its minute anew";
    world.advance(59s);
    EXPECT_EQ(world.player_status(seat), "RESERVED");
    world.advance(2s);
    EXPECT_EQ(world.player_status(seat), "TIMEDOUT");
    EXPECT_EQ(world.host().accept(session, seat), CallStatus::FailedPrecondition);
    const std::string next = world.join(session, "bob");
    EXPECT_EQ(world.host().accept(session, next), CallStatus::Ok);
    world.advance(1h);
    EXPECT_EQ(world.player_status(next), "ACTIVE");
    EXPECT_EQ(world.host().leave(session, next), CallStatus::Ok);
    EXPECT_EQ(world.player_status(next), "COMPLETED");
    EXPECT_EQ(world.host().accept(session, next), CallStatus::FailedPrecondition)
        << "a used seat does not bring a player back";
}

TEST(Seat, JoiningAgainTakesTheNewDataUntilThePlayerIsThere) {
    World world;
    const std::string session = world.make_session(world.make_fleet(), 4);
    const auto join = [&](const Params& more) {
        Params params{{"GameServerSessionId", session}, {"PlayerId", "ann"}};
        params.insert(params.end(), more.begin(), more.end());
        return world.call("JoinGameServerSession", params);
    };
    const auto data_of = [&](const std::string& seat) {
        return world.call("DescribePlayerSessions", {{"PlayerSessionId", seat}})["PlayerSessions.0.PlayerData"];
    };
    const std::string seat = join({{"PlayerData", "red"}})["PlayerSession.PlayerSessionId"];
    const Answer again = join({{"PlayerData", "blue"}});
    EXPECT_EQ(again["PlayerSession.PlayerSessionId"], seat);
    EXPECT_EQ(again["PlayerSession.PlayerData"], "blue");
    EXPECT_EQ(join({})["PlayerSession.PlayerData"], "blue") << "without data it keeps what it has";
    world.restart_server();
    EXPECT_EQ(data_of(seat), "blue");
    EXPECT_EQ(
        world.call("JoinGameServerSessionBatch", {{"GameServerSessionId", session},
                                                  {"PlayerIds.0", "ann"},
                                                  {"PlayerIds.1", "bob"},
                                                  {"PlayerDataMap.Key", "ann"},
                                                  {"PlayerDataMap.Value", "green"}})["PlayerSessions.0.PlayerData"],
        "green");
    EXPECT_EQ(world.host().accept(session, seat), CallStatus::Ok);
    EXPECT_NE(join({{"PlayerData", "grey"}})["PlayerSession.PlayerSessionId"], seat);
    EXPECT_EQ(data_of(seat), "green") << "who is there stays as they came";
}

TEST(Seat, JoiningAgainFindsItAmongManySeatsAndManySessions) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 6});
    std::vector<std::string> sessions;
    for (int i = 0; i < 5; ++i) sessions.push_back(world.make_session(fleet, 40));
    // Ann sits everywhere, at the beginning, in the middle or at the end; the first session has many seats besides.
    std::vector<std::string> anns;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        for (int other = 0; other < (i == 0 ? 30 : 2); ++other)
            if (other % 2 == 0) (void)world.join(sessions[i], fmt::format("{}-{}", i, other));
        anns.push_back(world.join(sessions[i], "ann"));
        for (int other = 0; other < (i == 0 ? 30 : 2); ++other)
            if (other % 2 == 1) (void)world.join(sessions[i], fmt::format("{}-{}", i, other));
    }
    for (std::size_t i = 0; i < sessions.size(); ++i) EXPECT_EQ(world.join(sessions[i], "ann"), anns[i]) << i;
    EXPECT_EQ(world.join(sessions[0], "0-0"), world.join(sessions[0], "0-0"));
    EXPECT_NE(world.join(sessions[1], "0-0"), world.join(sessions[0], "0-0")) << "a seat elsewhere is another seat";
    // A seat that was taken is not reserved any more: the player gets a second one.
    EXPECT_EQ(world.host().accept(sessions[2], anns[2]), CallStatus::Ok);
    EXPECT_NE(world.join(sessions[2], "ann"), anns[2]);
    EXPECT_EQ(world.join(sessions[3], "ann"), anns[3]);
}

TEST(Seat, ReservedWhileActivatingHasItsMinuteFromActiveOn) {
    World world;
    world.host().behaviour.activates = false;
    const std::string session = world.make_session(world.make_fleet({.activation_timeout_s = 300}));
    const std::string seat = world.join(session, "ann");
    world.advance(4min);
    EXPECT_EQ(world.player_status(seat), "RESERVED");
    world.host().activate(session);
    world.advance(59s);
    EXPECT_EQ(world.player_status(seat), "RESERVED");
    world.advance(2s);
    EXPECT_EQ(world.player_status(seat), "TIMEDOUT");
}

TEST(Seat, ABatchIsAllOrNothing) {
    World world;
    const std::string session = world.make_session(world.make_fleet(), 3);
    const std::string ann = world.join(session, "ann");
    const Answer refused = world.call(
        "JoinGameServerSessionBatch",
        {{"GameServerSessionId", session}, {"PlayerIds.0", "bob"}, {"PlayerIds.1", "cid"}, {"PlayerIds.2", "dan"}});
    EXPECT_EQ(refused.code(), "ResourceInsufficient");
    EXPECT_EQ(world.call("DescribePlayerSessions", {{"GameServerSessionId", session}}).count("PlayerSessions"), 1U);
    const Answer taken = world.call(
        "JoinGameServerSessionBatch",
        {{"GameServerSessionId", session}, {"PlayerIds.0", "ann"}, {"PlayerIds.1", "bob"}, {"PlayerIds.2", "cid"}});
    ASSERT_TRUE(taken.ok()) << taken.body();
    EXPECT_EQ(taken["PlayerSessions.0.PlayerSessionId"], ann);
}

TEST(Token, TheSameRequestIsTheSameSessionEvenAfterTheAliasMovedAndARestart) {
    World world;
    const std::string v1 = world.make_fleet({.name = "v1", .processes = 3});
    const std::string v2 = world.make_fleet({.name = "v2", .processes = 3});
    const std::string alias = world.make_alias(v1);
    const Params wanted{{"AliasId", alias}, {"MaximumPlayerSessionCount", "4"}, {"IdempotencyToken", "t"}};
    const std::string session = world.call("CreateGameServerSession", wanted)["GameServerSession.GameServerSessionId"];
    const auto again = [&] {
        return world.call("CreateGameServerSession", wanted)["GameServerSession.GameServerSessionId"];
    };
    EXPECT_EQ(again(), session);
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", v2}});
    EXPECT_EQ(again(), session);
    world.restart_server();
    EXPECT_EQ(again(), session);
    world.host().end_match(session);
    world.advance(23h);
    EXPECT_EQ(again(), session) << "a day long, whatever became of it";
    Params other = wanted;
    other[1].second = "5";
    EXPECT_EQ(world.call("CreateGameServerSession", other).code(), "InvalidParameterValue");
    // The token belongs to a region.
    const std::string tokyo = world.make_fleet({.name = "tokyo", .region = "ap-tokyo"});
    EXPECT_TRUE(world
                    .call("CreateGameServerSession",
                          {{"FleetId", tokyo}, {"MaximumPlayerSessionCount", "4"}, {"IdempotencyToken", "t"}},
                          "ap-tokyo")
                    .ok());
}

TEST(Token, ARefusalIsNotRemembered) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string busy = world.make_session(fleet);
    const Params wanted{{"FleetId", fleet}, {"MaximumPlayerSessionCount", "4"}, {"IdempotencyToken", "t"}};
    EXPECT_EQ(world.call("CreateGameServerSession", wanted).code(), "ResourceInsufficient");
    world.host().end_match(busy);
    world.advance(5s);
    EXPECT_TRUE(world.call("CreateGameServerSession", wanted).ok());
}

}  // namespace
}  // namespace gse::testing
