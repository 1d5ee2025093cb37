// How processes end: protection, deadlines, force [结束游戏进程].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// A fleet of two busy instances of which one is being scaled in; the session on that one.
std::string scale_in_a_busy_one(World& world, const std::string& fleet) {
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MaxSize", "2"}, {"DesiredInstances", "2"}});
    const std::string a = world.make_session(fleet);
    const std::string b = world.make_session(fleet);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "1"}});
    return world.host().game_of(a).asked_to_end ? a : b;
}

TEST(Protection, DecidesHowLongAScaledInMatchMayGoOn) {
    struct Case {
        std::string policy;
        Millis still, over;
    };
    for (const Case& one : {Case{"NoProtection", 299s, 302s}, Case{"TimeLimitProtection", 599s, 602s}}) {
        World world;
        const std::string fleet = world.make_fleet({.protection = one.policy, .protection_minutes = 10});
        const std::string session = scale_in_a_busy_one(world, fleet);
        ASSERT_TRUE(world.host().game_of(session).asked_to_end);
        EXPECT_EQ(world.call("DescribeGameServerSessions",
                             {{"GameServerSessionId", session}})["GameServerSessions.0.AvailabilityStatus"],
                  "Disable");
        world.advance(one.still);
        EXPECT_EQ(world.session_status(session), "ACTIVE") << one.policy;
        world.advance(one.over - one.still);
        EXPECT_EQ(world.session_status(session), "ERROR") << one.policy;
        EXPECT_THAT(world.event_codes(fleet), Contains("SERVER_PROCESS_FORCE_TERMINATED")) << one.policy;
        world.advance(5s);
        EXPECT_EQ(world.fleet(fleet).instances.size(), 1U) << one.policy;
    }
}

TEST(Protection, FullNeverEndsByForceUntilItIsTakenAway) {
    World world;
    const std::string fleet = world.make_fleet({.protection = "FullProtection"});
    const std::string session = scale_in_a_busy_one(world, fleet);
    world.advance(48h);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(world.call("EndGameServerSessionAndProcess", {{"GameServerSessionId", session}}).code(),
              "UnsupportedOperation");
    EXPECT_TRUE(
        world.call("UpdateGameServerSession", {{"GameServerSessionId", session}, {"ProtectionPolicy", "NoProtection"}})
            .ok());
    world.advance(6min);
    EXPECT_EQ(world.session_status(session), "ERROR");
}

TEST(Protection, CanBeGivenToOneSessionInTime) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string session = scale_in_a_busy_one(world, fleet);
    world.advance(60s);
    world.call("UpdateGameServerSession", {{"GameServerSessionId", session}, {"ProtectionPolicy", "FullProtection"}});
    world.advance(1h);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
}

TEST(Protection, AMatchThatEndsByItselfIsNotKilledOnItsWayOut) {
    World world;
    world.host().behaviour.idle_complies = false;  // it is about to call ProcessEnding, but has not yet
    const std::string fleet = world.make_fleet();
    const std::string session = scale_in_a_busy_one(world, fleet);
    const std::string process = world.host().game_of(session).process;
    world.advance(60s);
    world.host().end_session(session);
    EXPECT_EQ(world.session_status(session), "TERMINATED");
    world.advance(2s);
    EXPECT_THAT(world.host().killed(), IsEmpty()) << "TerminateGameServerSession is not yet ProcessEnding";
    world.advance(6min);
    EXPECT_THAT(world.host().killed(), Contains(process)) << "an unprotected process has its five minutes";
}

TEST(End, ByTheApiIsDecidedAtOnceAndForcedTenSecondsLater) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string session = world.make_session(fleet);
    const std::string seat = world.join(session, "ann");
    const std::string process = world.host().game_of(session).process;
    ASSERT_TRUE(world.call("EndGameServerSessionAndProcess", {{"GameServerSessionId", session}}).ok());
    EXPECT_EQ(world.session_status(session), "TERMINATED");
    EXPECT_EQ(world.player_status(seat), "COMPLETED");
    EXPECT_TRUE(world.host().game(process).asked_to_end);
    EXPECT_EQ(world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}}).code(),
              "ResourceInsufficient")
        << "a process that was asked to end never gets another session";
    world.advance(9s);
    EXPECT_THAT(world.host().killed(), IsEmpty());
    world.advance(2s);
    EXPECT_THAT(world.host().killed(), Contains(process));
    EXPECT_THAT(world.event_codes(fleet), Contains("SERVER_PROCESS_FORCE_TERMINATED"));
    world.advance(5s);
    EXPECT_NE(world.make_session(fleet), "") << "it was replaced";
}

TEST(End, OfAnIdleProcessByAddress) {
    World world;
    const std::string fleet = world.make_fleet();
    const Game game = world.host().games().begin()->second;
    ASSERT_TRUE(world
                    .call("EndGameServerSessionAndProcess",
                          {{"IpAddress", "10.0.0.1"}, {"Port", std::to_string(game.client_port)}})
                    .ok());
    EXPECT_FALSE(world.host().games().contains(game.process)) << "it complied";
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_PROCESS_CRASHED")));
    world.advance(2s);
    EXPECT_THAT(world.host().games(), SizeIs(1));
}

TEST(End, AskedForAgainAndAgainIsForcedNoLater) {
    World world;
    world.host().behaviour.idle_complies = false;
    world.make_fleet();
    const Game game = world.host().games().begin()->second;
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(world
                        .call("EndGameServerSessionAndProcess",
                              {{"IpAddress", "10.0.0.1"}, {"Port", std::to_string(game.client_port)}})
                        .ok());
        world.advance(4s);
    }
    EXPECT_THAT(world.host().killed(), Contains(game.process));
}

TEST(EndServerProcess, TellsItFirstAndForcesItTenSecondsLater) {
    World world;
    world.host().behaviour.idle_complies = false;
    const std::string fleet = world.make_fleet();
    const std::string process =
        world.call("DescribeServerProcesses", {{"FleetId", fleet}})["ServerProcesses.0.ProcessId"];
    ASSERT_TRUE(world.call("EndServerProcess", {{"ProcessId", process}}).ok());
    EXPECT_TRUE(world.host().game(process).asked_to_end);
    EXPECT_EQ(world.call("DescribeServerProcesses", {{"FleetId", fleet}})["ServerProcesses.0.EndReason"],
              "ended by the API");
    world.advance(9s);
    EXPECT_THAT(world.host().killed(), IsEmpty());
    world.advance(2s);
    EXPECT_THAT(world.host().killed(), Contains(process));
    world.advance(5s);
    EXPECT_NE(world.make_session(fleet), "") << "it was replaced";
}

TEST(EndServerProcess, ByForceIsAtOnceWithoutAWordAndHurriesOneThatIsEnding) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2, .protection = "FullProtection"});
    const std::string session = world.make_session(fleet);
    const std::string seat = world.join(session, "ann");
    const std::string process = world.host().game_of(session).process;
    EXPECT_EQ(world.call("EndServerProcess", {{"ProcessId", process}}).code(), "UnsupportedOperation");
    ASSERT_TRUE(world.call("EndServerProcess", {{"ProcessId", process}, {"Force", "true"}}).ok());
    EXPECT_EQ(world.session_status(session), "TERMINATED");
    EXPECT_EQ(world.player_status(seat), "COMPLETED");
    world.advance(Millis{100});
    EXPECT_THAT(world.host().killed(), Contains(process));
    EXPECT_THAT(world.event_codes(fleet), Contains("SERVER_PROCESS_FORCE_TERMINATED"));
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_PROCESS_CRASHED")));

    world.host().behaviour.idle_complies = false;
    world.advance(5s);
    const std::string next = world.call("DescribeServerProcesses", {{"FleetId", fleet}})["ServerProcesses.0.ProcessId"];
    ASSERT_TRUE(world.call("EndServerProcess", {{"ProcessId", next}}).ok());
    world.restart_server();
    ASSERT_TRUE(world.call("EndServerProcess", {{"ProcessId", next}, {"Force", "true"}}).ok());
    world.advance(Millis{100});
    EXPECT_THAT(world.host().killed(), Contains(next));
}

}  // namespace
}  // namespace gse::testing
