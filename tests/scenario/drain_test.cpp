// Fleets that run empty, and instances that come back: nobody who plays is hurt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/drain.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Answer drain(World& world, const std::string& fleet, Params more = {}) {
    more.insert(more.begin(), {"FleetId", fleet});
    return world.call("DrainFleet", more);
}

Answer describe(World& world, const std::string& fleet) {
    return world.call("DescribeFleetDrain", {{"FleetId", fleet}});
}

Answer create(World& world, const std::string& fleet) {
    return world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "4"}});
}

/// A fleet of three instances of two processes; one instance has two sessions, one has one, one is idle.
struct Busy {
    explicit Busy(const std::string& protection, Settings settings = {}) : world(true, std::move(settings)) {
        fleet = world.make_fleet({.processes = 2, .min = 3, .max = 3, .protection = protection});
        for (int i = 0; i < 3; ++i) sessions.push_back(world.make_session(fleet));
    }
    World world;
    std::string fleet;
    std::vector<std::string> sessions;
};

TEST(Drain, LetsSessionsEndByThemselvesWhateverTheirProtection) {
    for (const std::string protection : {"NoProtection", "TimeLimitProtection", "FullProtection"}) {
        Busy busy(protection);
        World& world = busy.world;
        const Answer drained = drain(world, busy.fleet);
        ASSERT_TRUE(drained.ok()) << drained.body();
        EXPECT_EQ(drained["FleetDrain.Status"], "DRAINING");
        EXPECT_EQ(drained["FleetDrain.GameServerSessionCount"], "3");
        EXPECT_EQ(drained["FleetDrain.LatestTime"], "null") << "nothing is ended by force";
        world.advance(10s);
        EXPECT_EQ(world.fleet(busy.fleet).instances.size(), 2U) << "what is idle goes, below the minimum";
        world.advance(48h);
        for (const auto& session : busy.sessions) {
            EXPECT_EQ(world.session_status(session), "ACTIVE") << protection;
            EXPECT_FALSE(world.host().game_of(session).asked_to_end) << protection;
        }
        world.host().end_match(busy.sessions[0]);
        world.host().end_match(busy.sessions[1]);
        world.advance(10s);
        EXPECT_EQ(world.fleet(busy.fleet).instances.size(), 1U);
        EXPECT_EQ(describe(world, busy.fleet)["FleetDrain.Status"], "DRAINING");
        world.restart_server();
        world.host().end_match(busy.sessions[2]);
        world.advance(10s);
        EXPECT_EQ(world.fleet(busy.fleet).instances.size(), 0U) << "no instance is kept";
        EXPECT_EQ(describe(world, busy.fleet)["FleetDrain.Status"], "DRAINED");
        EXPECT_THAT(world.host().killed(), IsEmpty());
        EXPECT_EQ(world.fleet_status(busy.fleet), "ACTIVE") << "nobody asked to delete it";
        EXPECT_THAT(world.events_of(busy.fleet, "FLEET_SCALING_EVENT"),
                    Contains("The fleet is drained: no instance is left"));
    }
}

TEST(Drain, TakesNoSessionAndSaysWhy) {
    Busy busy("NoProtection");
    World& world = busy.world;
    world.call("CreateGameServerSessionQueue",
               {{"Name", "q"},
                {"Destinations.0.DestinationArn", "qcs::gse:ap-shanghai:uin/100000000001:fleet/" + busy.fleet}});
    drain(world, busy.fleet);
    const Answer refused = create(world, busy.fleet);
    EXPECT_EQ(refused.code(), "ResourceUnavailable");
    EXPECT_THAT(refused.message(), HasSubstr("is being drained and takes no new game server sessions"));
    EXPECT_EQ(world.call("DescribePlacementDecision",
                         {{"RequestId", refused["RequestId"]}})["Decision.Destinations.0.Reason"],
              "FLEET_DRAINING");
    world.call("StartGameServerSessionPlacement",
               {{"PlacementId", "p-1"}, {"GameServerSessionQueueName", "q"}, {"MaximumPlayerSessionCount", "2"}});
    world.advance(5s);
    EXPECT_EQ(world.call("DescribePlacementDecision", {{"PlacementId", "p-1"}})["Decision.Destinations.0.Reason"],
              "FLEET_DRAINING");
    EXPECT_EQ(
        world.call("DescribeGameServerSessions", {{"FleetId", busy.fleet}})["GameServerSessions.0.AvailabilityStatus"],
        "Disable");
    EXPECT_EQ(world.call("DescribeFleetAttributes", {{"FleetIds.0", busy.fleet}})["FleetAttributes.0.Draining"],
              "true");
    EXPECT_EQ(world.instances(busy.fleet), 2U) << "nobody who waits makes it grow";

    // Taken back, it serves who waited.
    ASSERT_TRUE(world.call("UndrainFleet", {{"FleetId", busy.fleet}}).ok());
    world.advance(5s);
    EXPECT_EQ(
        world.call("DescribeGameServerSessionPlacement", {{"PlacementId", "p-1"}})["GameServerSessionPlacement.Status"],
        "FULFILLED");
    EXPECT_EQ(world.instances(busy.fleet), 3U) << "the minimum holds again";
    EXPECT_TRUE(create(world, busy.fleet).ok());
    EXPECT_EQ(describe(world, busy.fleet)["FleetDrain.Status"], "NONE");
}

TEST(Drain, MayDenyNewPlayersAndGivesSessionsTheirOwnPolicyBack) {
    Busy busy("NoProtection");
    World& world = busy.world;
    const std::string session = busy.sessions[0];
    const auto join = [&](const std::string& player) {
        return world.call("JoinGameServerSession", {{"GameServerSessionId", session}, {"PlayerId", player}});
    };
    const auto policy = [&] {
        return world.call("DescribeGameServerSessions",
                          {{"GameServerSessionId", session}})["GameServerSessions.0.PlayerSessionCreationPolicy"];
    };
    ASSERT_TRUE(join("ann").ok());
    drain(world, busy.fleet);
    EXPECT_TRUE(join("bob").ok()) << "running matches fill up";
    drain(world, busy.fleet, {{"DenyJoins", "true"}});
    EXPECT_EQ(join("cid").code(), "ResourceUnavailable");
    EXPECT_TRUE(join("ann").ok()) << "whoever has a seat keeps it";
    EXPECT_EQ(policy(), "DENY_ALL");
    EXPECT_EQ(world
                  .call("SearchGameServerSessions",
                        {{"FleetId", busy.fleet}, {"FilterExpression", "hasAvailablePlayerSessions=true"}})
                  .count("GameServerSessions"),
              0U);
    world.restart_server();
    EXPECT_EQ(join("cid").code(), "ResourceUnavailable");
    world.call("UndrainFleet", {{"FleetId", busy.fleet}});
    EXPECT_EQ(policy(), "ACCEPT_ALL");
    EXPECT_TRUE(join("cid").ok());
}

TEST(Drain, ADeadlineEndsWhatIsLeftAndGamesHearOfItBefore) {
    for (const std::string protection : {"NoProtection", "TimeLimitProtection", "FullProtection"}) {
        Busy busy(protection);
        World& world = busy.world;
        const std::string session = busy.sessions[0];
        ASSERT_TRUE(drain(world, busy.fleet, {{"DeadlineInSeconds", "7200"}}).ok());
        world.advance(60min);
        world.restart_server();
        world.advance(54min + 59s);
        EXPECT_FALSE(world.host().game_of(session).asked_to_end) << protection;
        world.advance(2s);
        EXPECT_TRUE(world.host().game_of(session).asked_to_end) << protection << ": five minutes before";
        world.host().end_match(busy.sessions[1]);
        world.advance(4min + 55s);
        EXPECT_EQ(world.session_status(session), "ACTIVE") << protection;
        world.advance(10s);
        EXPECT_EQ(world.session_status(session), "ERROR") << protection << ": the deadline is the operator's word";
        world.advance(10s);
        EXPECT_EQ(describe(world, busy.fleet)["FleetDrain.Status"], "DRAINED");
        EXPECT_EQ(world.host().killed().size(), 2U) << protection;
    }
}

TEST(Drain, ADeadlineThatIsTakenBackEndsNothing) {
    Busy busy("FullProtection");
    World& world = busy.world;
    const std::string session = busy.sessions[0];
    drain(world, busy.fleet, {{"DeadlineInSeconds", "60"}});
    world.advance(5s);
    EXPECT_TRUE(world.host().game_of(session).asked_to_end) << "less than five minutes: told at once";
    world.call("UndrainFleet", {{"FleetId", busy.fleet}});
    world.advance(24h);
    EXPECT_EQ(world.session_status(session), "ACTIVE") << "FullProtection holds again";
    EXPECT_THAT(world.host().killed(), IsEmpty());
    EXPECT_EQ(world.instances(busy.fleet), 3U) << "those that were told are replaced by new ones";
    const std::string next = world.make_session(busy.fleet);
    EXPECT_FALSE(world.host().game_of(next).asked_to_end);
}

TEST(Drain, ADeadlineThatIsPutOffEndsNothingWhenItWouldHaveCome) {
    for (const std::string protection : {"NoProtection", "TimeLimitProtection", "FullProtection"}) {
        Busy busy(protection);
        World& world = busy.world;
        const std::string session = busy.sessions[0];
        drain(world, busy.fleet, {{"DeadlineInSeconds", "600"}});
        world.advance(6min);
        EXPECT_TRUE(world.host().game_of(session).asked_to_end) << protection;
        drain(world, busy.fleet, {{"DeadlineInSeconds", "7200"}});
        world.advance(119min);
        EXPECT_EQ(world.session_status(session), "ACTIVE") << protection;
        drain(world, busy.fleet);
        world.advance(24h);
        EXPECT_EQ(world.session_status(session), "ACTIVE") << protection << ": nothing is ended by force now";
        EXPECT_EQ(describe(world, busy.fleet)["FleetDrain.LatestTime"], "null");
        world.call("UndrainFleet", {{"FleetId", busy.fleet}});
        world.advance(4min + 55s);
        EXPECT_EQ(world.session_status(session), "ACTIVE") << protection << ": its policy's time begins now";
        world.advance(10s);
        EXPECT_EQ(world.session_status(session) == "ERROR", protection == "NoProtection") << protection;
    }
}

TEST(Drain, GivesIdleProcessesTheirTimeBackWhenItIsTakenBack) {
    Busy busy("FullProtection");
    World& world = busy.world;
    world.host().behaviour.idle_complies = false;
    drain(world, busy.fleet, {{"DeadlineInSeconds", "60"}});
    world.advance(30s);
    EXPECT_THAT(world.host().killed(), IsEmpty());
    world.call("UndrainFleet", {{"FleetId", busy.fleet}});
    world.advance(4min);
    EXPECT_THAT(world.host().killed(), IsEmpty()) << "five minutes are theirs, not what was left of the drain's one";
    world.advance(1min);
    EXPECT_FALSE(world.host().killed().empty()) << "an idle process is unprotected";
}

TEST(Drain, DeletesTheFleetWhenItIsEmpty) {
    Busy busy("NoProtection");
    World& world = busy.world;
    EXPECT_EQ(world.call("DeleteFleet", {{"FleetId", busy.fleet}}).code(), "ResourceInUse");
    ASSERT_TRUE(drain(world, busy.fleet, {{"DeleteWhenEmpty", "true"}}).ok());
    for (const auto& session : busy.sessions) world.host().end_match(session);
    world.restart_server();
    world.advance(20s);
    EXPECT_EQ(world.fleet_status(busy.fleet), "TERMINATED");
    EXPECT_THAT(world.event_codes(busy.fleet), Contains("FLEET_DELETED"));
    EXPECT_EQ(world.call("UndrainFleet", {{"FleetId", busy.fleet}}).code(), "ResourceNotFound");
}

TEST(Drain, MayBeDeletedMeanwhile) {
    Busy busy("NoProtection");
    World& world = busy.world;
    drain(world, busy.fleet, {{"DeadlineInSeconds", "7200"}});
    for (const auto& session : busy.sessions) world.host().end_match(session);
    ASSERT_TRUE(world.call("DeleteFleet", {{"FleetId", busy.fleet}}).ok());
    world.advance(3h);
    EXPECT_EQ(world.fleet_status(busy.fleet), "TERMINATED");
    EXPECT_EQ(world.call("UndrainFleet", {{"FleetId", busy.fleet}}).code(), "ResourceNotFound");
}

TEST(Drain, AndAliasesKeepOutOfEachOthersWay) {
    World world;
    const std::string v1 = world.make_fleet({.name = "v1"});
    const std::string v2 = world.make_fleet({.name = "v2"});
    const std::string alias = world.make_alias(v1);
    const Answer refused = drain(world, v1);
    EXPECT_EQ(refused.code(), "ResourceInUse");
    EXPECT_THAT(refused.message(), HasSubstr(alias));
    const auto point = [&](const std::string& fleet) {
        return world.call("UpdateAlias",
                          {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", fleet}});
    };
    ASSERT_TRUE(point(v2).ok());
    ASSERT_TRUE(drain(world, v1).ok());
    EXPECT_EQ(point(v1).code(), "ResourceUnavailable");
    EXPECT_EQ(world.call("RollbackAlias", {{"AliasId", alias}}).code(), "ResourceUnavailable");
    world.call("UndrainFleet", {{"FleetId", v1}});
    EXPECT_TRUE(world.call("RollbackAlias", {{"AliasId", alias}}).ok());
    EXPECT_NE(world.make_session(alias), "");
}

TEST(Drain, IsForActiveFleetsOnlyAndNotCopied) {
    World world;
    const std::string fleet = world.make_fleet({.buffer = 30});
    drain(world, fleet);
    const Answer copies =
        world.call("CopyFleet", {{"FleetId", fleet}, {"CopyNumber", "1"}, {"SelectedScalingType", "SCALING_SELECTED"}});
    ASSERT_TRUE(copies.ok()) << copies.body();
    const std::string copy = copies["FleetAttributes.0.FleetId"];
    EXPECT_EQ(copies["FleetAttributes.0.Draining"], "false");
    EXPECT_EQ(world.fleet_status(copy), "ACTIVE");
    EXPECT_NE(world.make_session(copy), "");
    world.host().behaviour.fails_at = link::PrepareStep::Extracted;
    const std::string broken = world.make_fleet({.name = "broken"});
    EXPECT_EQ(drain(world, broken).code(), "ResourceUnavailable");
    EXPECT_TRUE(world.call("UndrainFleet", {{"FleetId", broken}}).ok()) << "there is nothing to take back";
}

TEST(Drain, SaysWhenItWillBeOver) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 10, .max = 2});
    // Ten past sessions of 1 to 10 minutes.
    std::vector<std::string> past;
    for (int i = 0; i < 10; ++i) past.push_back(world.make_session(fleet));
    for (const auto& session : past) {
        world.advance(1min);
        world.host().end_session(session);
    }
    world.advance(1min);
    const std::string session = world.make_session(fleet);
    world.join(session, "ann");
    const Answer would = describe(world, fleet);
    EXPECT_EQ(would["FleetDrain.Status"], "NONE");
    EXPECT_EQ(would["FleetDrain.SessionLengthSamples"], "10");
    EXPECT_EQ(would["FleetDrain.SessionLengthP50Seconds"], "300");
    EXPECT_EQ(would["FleetDrain.SessionLengthP90Seconds"], "540");
    EXPECT_EQ(would["FleetDrain.EstimatedTime"], format_utc(world.now().wall + 5min));
    EXPECT_EQ(would["FleetDrain.EstimatedTimeP90"], format_utc(world.now().wall + 9min));
    EXPECT_THAT(would["FleetDrain.Message"], HasSubstr("1 session on 1 instance; empty as likely as not by"));
    EXPECT_EQ(would["Instances.0.Status"], "STAYING");
    EXPECT_EQ(would["Instances.0.GameServerSessionCount"], "1");
    EXPECT_EQ(would["Instances.0.PlayerSessionCount"], "1");
    EXPECT_EQ(would["Instances.0.EstimatedTime"], format_utc(world.now().wall + 5min));

    const WallTime deadline = world.now().wall + 420s;
    drain(world, fleet, {{"DeadlineInSeconds", "420"}});
    const Answer drained = describe(world, fleet);
    EXPECT_EQ(drained["FleetDrain.DeadlineTime"], format_utc(deadline));
    EXPECT_EQ(drained["FleetDrain.LatestTime"], format_utc(deadline));
    EXPECT_EQ(drained["FleetDrain.EstimatedTime"], format_utc(world.now().wall + 5min));
    EXPECT_EQ(drained["FleetDrain.EstimatedTimeP90"], format_utc(deadline)) << "force comes before";
    world.advance(3min);
    EXPECT_EQ(describe(world, fleet)["Instances.0.Status"], "ENDING");
    EXPECT_EQ(describe(world, fleet)["Instances.0.ProcessesToldToEnd"], "1");
    drain(world, fleet);
    EXPECT_EQ(describe(world, fleet)["FleetDrain.DeadlineTime"], "null");
    EXPECT_EQ(describe(world, fleet)["FleetDrain.LatestTime"], "null")
        << "it was told already, and may go on all the same: nothing is ended by force now";
    world.advance(5min);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
}

TEST(Drain, SaysSoWhenPastSessionsDoNotTell) {
    World world;
    const std::string fleet = world.make_fleet({.protection = "FullProtection"});
    world.make_session(fleet);
    drain(world, fleet);
    EXPECT_EQ(describe(world, fleet)["FleetDrain.EstimatedTime"], "null");
    EXPECT_THAT(describe(world, fleet)["FleetDrain.Message"],
                HasSubstr("none has ended here yet, so nobody can say when it will be empty, and nothing is ended by "
                          "force; a DeadlineInSeconds would"));
}

TEST(Drain, KeepsAReservedInstanceUntilTheDeadline) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string instance = world.call("DescribeInstances", {{"FleetId", fleet}})["Instances.0.InstanceId"];
    world.call("SetServerReserved", {{"FleetId", fleet}, {"InstanceId", instance}, {"ReserveValue", "1"}});
    drain(world, fleet);
    world.advance(1h);
    EXPECT_EQ(world.fleet(fleet).instances.size(), 1U);
    EXPECT_EQ(describe(world, fleet)["Instances.0.Status"], "RESERVED");
    EXPECT_THAT(describe(world, fleet)["FleetDrain.Message"], HasSubstr("1 instance is reserved, and kept"));
    world.call("SetServerReserved", {{"FleetId", fleet}, {"InstanceId", instance}, {"ReserveValue", "0"}});
    world.advance(10s);
    EXPECT_EQ(describe(world, fleet)["FleetDrain.Status"], "DRAINED");
}

TEST(ScaleIn, WhatWasNotToldYetComesBackWhenDemandReturns) {
    Settings settings;
    settings.timers.drain_grace = 60s;
    World world(true, settings);
    const std::string fleet = world.make_fleet({.processes = 2, .max = 2});
    const auto want = [&](const std::string& n) {
        ASSERT_TRUE(world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", n}}).ok());
    };
    want("2");
    const std::vector<core::Slot> before = world.fleet(fleet).instances;
    std::vector<std::string> sessions;
    for (int i = 0; i < 3; ++i) sessions.push_back(world.make_session(fleet));
    want("1");
    EXPECT_EQ(world.instances(fleet), 1U);
    EXPECT_EQ(create(world, fleet).code(), "ResourceInsufficient") << "it is shielded at once";
    world.advance(30s);
    world.restart_server();
    want("2");
    EXPECT_EQ(world.instances(fleet), 2U);
    EXPECT_EQ(world.fleet(fleet).instances, before) << "the same two";
    EXPECT_TRUE(create(world, fleet).ok());
    world.advance(1h);
    for (const auto& session : sessions) {
        EXPECT_EQ(world.session_status(session), "ACTIVE");
        EXPECT_FALSE(world.host().game_of(session).asked_to_end) << "its old minute is forgotten";
    }
}

TEST(ScaleIn, WhatWasToldIsReplacedWhenItExits) {
    Settings settings;
    settings.timers.drain_grace = 60s;
    World world(true, settings);
    world.host().behaviour.idle_complies = false;
    const std::string fleet = world.make_fleet({.processes = 2, .max = 2, .protection = "FullProtection"});
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}});
    for (int i = 0; i < 3; ++i) world.make_session(fleet);
    // On the fuller instance one process is asked to end for another reason.
    const std::string told = world.host().games().begin()->first;
    world.host().set_health(told, false);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", "0"}});
    EXPECT_EQ(world.instances(fleet), 0U);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}});
    EXPECT_EQ(world.instances(fleet), 2U);
    EXPECT_TRUE(world.host().game(told).asked_to_end) << "it is not asked to stay";
    world.host().crash(told);
    world.advance(5s);
    EXPECT_EQ(world.fleet(fleet).processes_active, 4U) << "another took its place";

    // After the minute all have been told: new instances come instead.
    const std::vector<core::Slot> before = world.fleet(fleet).instances;
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "0"}});
    world.advance(61s);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}});
    EXPECT_EQ(world.instances(fleet), 2U);
    EXPECT_NE(world.fleet(fleet).instances, before);
    EXPECT_EQ(world.fleet(fleet).instances_draining, 2U);
}

TEST(ScaleIn, WhatTurnedUnhealthyMeanwhileIsReplacedWhenItsInstanceComesBack) {
    Settings settings;
    settings.timers.drain_grace = 60s;
    World world(true, settings);
    const std::string fleet = world.make_fleet({.processes = 2, .max = 1, .protection = "FullProtection"});
    const std::string sick = world.make_session(fleet);
    const std::string well = world.make_session(fleet);
    const auto want = [&](const char* n) {
        world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", n}});
    };
    want("0");
    world.host().set_health(world.host().game_of(sick).process, false);
    ASSERT_EQ(world.host().games().size(), 2U) << "nothing starts on an instance that drains";
    want("1");
    world.advance(5s);
    EXPECT_EQ(world.session_status(sick), "ACTIVE") << "it is protected";
    EXPECT_FALSE(world.host().game_of(well).asked_to_end);
    EXPECT_EQ(world.host().games().size(), 3U);
    EXPECT_TRUE(create(world, fleet).ok());
}

TEST(ScaleIn, TakesTheIdleOneThenTheOneWithTheFewestSessions) {
    Busy busy("FullProtection");
    World& world = busy.world;
    const auto game = [&](int i) { return world.host().game_of(busy.sessions[static_cast<std::size_t>(i)]); };
    ASSERT_EQ(game(0).instance, game(1).instance) << "the fuller one is filled first";
    world.call("UpdateFleetCapacity", {{"FleetId", busy.fleet}, {"MinSize", "0"}, {"DesiredInstances", "2"}});
    world.advance(5s);
    EXPECT_EQ(world.fleet(busy.fleet).instances.size(), 2U) << "the idle one is gone";
    world.call("UpdateFleetCapacity", {{"FleetId", busy.fleet}, {"DesiredInstances", "1"}});
    EXPECT_TRUE(game(2).asked_to_end) << "the one with one session";
    EXPECT_FALSE(game(0).asked_to_end);
    const std::string last = world.call("DescribeInstances", {{"FleetId", busy.fleet}})["Instances.0.InstanceId"];
    for (int i = 0; i < 2; ++i) {
        const Answer all = world.call("DescribeInstances", {{"FleetId", busy.fleet}});
        world.call("SetServerReserved", {{"FleetId", busy.fleet},
                                         {"InstanceId", all["Instances." + std::to_string(i) + ".InstanceId"]},
                                         {"ReserveValue", "1"}});
    }
    world.call("UpdateFleetCapacity", {{"FleetId", busy.fleet}, {"DesiredInstances", "0"}});
    EXPECT_FALSE(game(0).asked_to_end) << "a reserved one never";
    EXPECT_NE(last, "");
}

}  // namespace
}  // namespace gse::testing
