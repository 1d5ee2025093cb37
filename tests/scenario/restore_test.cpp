// A server that was restored from a backup, and hosts that know more than it does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The one session of a fleet that is ACTIVE and has this name.
std::string session_named(World& world, const std::string& fleet, const std::string& name) {
    const Answer list =
        world.call("DescribeGameServerSessions", {{"FleetId", fleet}, {"StatusFilter", "ACTIVE"}, {"Limit", "50"}});
    for (std::size_t i = 0; i < list.count("GameServerSessions"); ++i) {
        const std::string at = "GameServerSessions." + std::to_string(i);
        if (list[at + ".Name"] == name) return list[at + ".GameServerSessionId"];
    }
    return "";
}
constexpr const char* kStandIn = "(unknown since the restore)";

TEST(Restore, GoesOnWithEverythingThatTheBackupHolds) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string alias = world.make_alias(fleet);
    const std::string session = world.make_session(alias);
    const std::string seat = world.join(session, "ann");
    EXPECT_EQ(world.host().accept(session, seat), link::CallStatus::Ok);
    const std::string process = world.host().game_of(session).process;
    const std::string backup = world.take_backup();
    const std::string late = world.make_alias(fleet);

    world.restore(backup, 1h);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(world.player_status(seat), "ACTIVE");
    EXPECT_EQ(world.host().game_of(session).process, process);
    EXPECT_THAT(world.host().killed(), IsEmpty());
    EXPECT_EQ(world.call("DescribeAlias", {{"AliasId", late}}).code(), "ResourceNotFound");
    EXPECT_NE(world.make_session(alias), "") << "the other process is as idle as it was";
}

TEST(Restore, BeginsAnEpochThatNoAgentHasSeenEvenTwiceFromTheSameBackup) {
    World world;
    const std::string backup = world.take_backup();
    for (int i = 0; i < 5; ++i) world.restart_server(1s);
    std::uint64_t obeyed = world.state().epoch();
    for (int time = 0; time < 2; ++time) {
        world.restore(backup, 1s);
        EXPECT_GT(world.state().epoch(), obeyed);
        for (int i = 0; i < 5; ++i) world.restart_server(1s);
        obeyed = world.state().epoch();
    }
}

TEST(Restore, AMatchThatBeganAfterTheBackupGoesOnAsASessionNobodyCanJoin) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string backup = world.take_backup();
    const std::string session = world.make_session(fleet);
    const std::string process = world.host().game_of(session).process;

    world.restore(backup, 1h);
    const std::string stand_in = session_named(world, fleet, kStandIn);
    ASSERT_NE(stand_in, "");
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), ElementsAre(HasSubstr("it goes on as game server session")));
    EXPECT_EQ(world.call("JoinGameServerSession", {{"GameServerSessionId", stand_in}, {"PlayerId", "bob"}}).code(),
              "ResourceUnavailable");
    // Another match never meets it.
    const std::string other = world.make_session(fleet);
    EXPECT_NE(world.host().game_of(other).process, process);
    EXPECT_EQ(world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}}).code(),
              "ResourceInsufficient");

    // An agent that starts again says the same once more.
    world.host().restart_agent();
    EXPECT_EQ(world.session_status(stand_in), "ACTIVE");

    world.host().end_session(session);
    EXPECT_EQ(world.session_status(stand_in), "TERMINATED");
    world.advance(5s);
    const std::string next = world.make_session(fleet);
    EXPECT_EQ(world.host().game_of(next).process, process) << "and the process serves again";
    world.restart_server();
    EXPECT_EQ(world.session_status(next), "ACTIVE");
}

TEST(Restore, NoMatchBeginsOnAProcessBeforeItsAgentHasSaidWhatRunsThere) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string backup = world.take_backup();
    const std::string session = world.make_session(fleet);
    world.host().lose_network();
    world.restore(backup, 1min);
    const auto create = [&] {
        return world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}}).code();
    };
    EXPECT_EQ(create(), "ResourceInsufficient");
    world.restart_server();
    EXPECT_EQ(create(), "ResourceInsufficient") << "though it starts once more";
    world.host().heal_network();
    world.advance(1s);
    EXPECT_EQ(create(), "");
    EXPECT_EQ(create(), "ResourceInsufficient") << "the other process has the match that nobody knew of";
    (void)world.host().game_of(session);
}

TEST(Restore, AMatchThatTheBackupDoesNotKnowKeepsItsProtection) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .protection = "FullProtection"});
    const std::string backup = world.take_backup();
    const std::string session = world.make_session(fleet);
    world.restore(backup, 1h);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "0"}, {"MinSize", "0"}});
    world.advance(2h);
    EXPECT_EQ(world.host().games().size(), 1U) << "asked to end, and left to finish";
    EXPECT_THAT(world.host().killed(), IsEmpty());
    world.host().end_match(session);
    world.advance(1min);
    EXPECT_THAT(world.host().games(), IsEmpty());
}

TEST(Restore, AMatchThatEndedAfterTheBackupIsOver) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string session = world.make_session(fleet);
    const std::string gone = world.make_session(fleet);
    const std::string backup = world.take_backup();
    const std::string process = world.host().game_of(session).process;
    world.host().end_session(session);
    world.host().end_match(gone);
    world.advance(10s);
    const std::string next = world.make_session(fleet);
    ASSERT_NE(next, "");

    world.restore(backup, 1min);
    EXPECT_EQ(world.session_status(session), "TERMINATED");
    EXPECT_EQ(world.session_status(gone), "ERROR") << "with its process";
    EXPECT_EQ(world.fleet(fleet).sessions_active, 1U) << "the match that runs";
    EXPECT_TRUE(world.host().games().contains(process));
    EXPECT_THAT(world.host().killed(), IsEmpty());
}

TEST(Restore, InstancesThatTheBackupDoesNotKnowRunEmpty) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .max = 3});
    const std::string backup = world.take_backup();
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "3"}});
    world.advance(10s);
    std::vector<std::string> sessions;
    for (int i = 0; i < 2; ++i) sessions.push_back(world.make_session(fleet));
    ASSERT_EQ(world.host().games().size(), 3U);
    const std::string known = world.state().at<core::Instance>(0).id;
    std::vector<std::string> strangers;  // matches on instances that the backup does not have
    for (const std::string& session : sessions)
        if (world.host().game_of(session).instance != known) strangers.push_back(session);
    ASSERT_THAT(strangers, ::testing::Not(IsEmpty()));

    world.restore(backup, 1h);
    world.advance(1h);
    for (const std::string& session : sessions) (void)world.host().game_of(session);  // or the world ends
    EXPECT_THAT(world.host().killed(), IsEmpty());
    for (const std::string& session : strangers) EXPECT_TRUE(world.host().game_of(session).asked_to_end);
    world.host().end_match(strangers.front());
    // A server that starts again meanwhile spares them too; afterwards they are removed.
    world.restart_server();
    world.advance(23h);
    for (std::size_t i = 1; i < strangers.size(); ++i)
        EXPECT_THAT(world.host().killed(), ::testing::SizeIs(strangers.size() - 1));
    world.restart_server();
    EXPECT_THAT(world.host().instances(), ::testing::SizeIs(1));
}

TEST(Restore, AProcessThatStartedAfterTheBackupOnAKnownInstanceServes) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string backup = world.take_backup();
    world.host().crash(world.host().games().begin()->first);
    world.advance(10s);
    const std::string session = world.make_session(fleet);
    world.restore(backup, 1h);
    world.advance(10s);
    EXPECT_EQ(world.host().games().size(), 2U);
    EXPECT_THAT(world.host().killed(), IsEmpty());
    EXPECT_NE(session_named(world, fleet, kStandIn), "");
    EXPECT_NE(world.make_session(fleet), "");
}

}  // namespace
}  // namespace gse::testing
