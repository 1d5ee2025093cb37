// Changes of a fleet while it runs: new processes start with the new configuration, old ones go on until their sessions
// have ended [游戏进程启动配置].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Answer change_runtime(World& world, const std::string& fleet, const std::string& parameters, int processes) {
    return world.call("UpdateRuntimeConfiguration",
                      {{"FleetId", fleet},
                       {"RuntimeConfiguration.GameServerSessionActivationTimeoutSeconds", "60"},
                       {"RuntimeConfiguration.ServerProcesses.0.LaunchPath", "/local/game/server"},
                       {"RuntimeConfiguration.ServerProcesses.0.Parameters", parameters},
                       {"RuntimeConfiguration.ServerProcesses.0.ConcurrentExecutions", std::to_string(processes)}});
}

/// With how many processes of each parameter text the hosts run.
std::map<std::string, int> wanted(World& world) {
    std::map<std::string, int> out;
    for (const auto& [id, spec] : world.host().instances())
        for (const auto& place : spec.places) ++out[place.parameters];
    return out;
}

TEST(LiveChange, OldProcessesFinishNewOnesStart) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3, .protection = "FullProtection"});
    const std::string session = world.make_session(fleet);
    const std::string old = world.host().game_of(session).process;
    ASSERT_TRUE(change_runtime(world, fleet, "-v 2", 3).ok());
    EXPECT_EQ(wanted(world), (std::map<std::string, int>{{"-v 2", 3}}));
    EXPECT_EQ(world.host().games().size(), 4U) << "for a while there are more than configured";
    EXPECT_FALSE(world.host().game(old).asked_to_end) << "its match goes on undisturbed";
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(world.fleet(fleet).processes_active, 4U);
    world.advance(24h);
    EXPECT_EQ(world.session_status(session), "ACTIVE") << "for as long as it likes";
    world.host().end_session(session);
    EXPECT_EQ(world.host().games().count(old), 1U) << "most games end by themselves: a moment is given";
    world.advance(3s);
    EXPECT_EQ(world.host().games().count(old), 0U);
    world.advance(5s);
    EXPECT_EQ(world.host().games().size(), 3U);
    EXPECT_THAT(world.host().killed(), IsEmpty());
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_PROCESS_CRASHED")));
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_PROCESS_FORCE_TERMINATED")));
}

TEST(LiveChange, OldIdleProcessesStandInUntilNewOnesAreReady) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    world.host().behaviour.becomes_ready = false;  // the new version never gets there
    ASSERT_TRUE(change_runtime(world, fleet, "-broken", 2).ok());
    world.advance(10min);
    EXPECT_EQ(world.fleet(fleet).processes_active, 2U) << "a configuration that does not start takes nothing away";
    const std::string session = world.make_session(fleet);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    world.host().behaviour.becomes_ready = true;
    ASSERT_TRUE(change_runtime(world, fleet, "-v 3", 2).ok());
    world.advance(2s);
    EXPECT_EQ(wanted(world), (std::map<std::string, int>{{"-v 3", 2}}));
    EXPECT_EQ(world.fleet(fleet).processes_active, 3U) << "two new ones, and the old one with its match";
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    world.host().end_match(session);
    world.advance(10s);
    EXPECT_EQ(world.host().games().size(), 2U);
}

TEST(LiveChange, FewerOrMoreProcessesKeepThoseThatRun) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3});
    const std::string session = world.make_session(fleet);
    const std::string busy = world.host().game_of(session).process;
    ASSERT_TRUE(change_runtime(world, fleet, "", 1).ok());
    world.advance(5s);
    ASSERT_EQ(world.host().games().size(), 1U);
    EXPECT_EQ(world.host().games().begin()->first, busy) << "the one with a match stays, the idle ones go";
    ASSERT_TRUE(change_runtime(world, fleet, "", 4).ok());
    world.advance(5s);
    EXPECT_EQ(world.host().games().size(), 4U);
    EXPECT_EQ(world.host().games().count(busy), 1U);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    ASSERT_TRUE(change_runtime(world, fleet, "", 4).ok());
    EXPECT_EQ(world.events_of(fleet, "GENERIC_EVENT").size(), 2U) << "the same once more changes nothing";
}

TEST(LiveChange, SurvivesARestartOfTheServerAndOfTheAgent) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string session = world.make_session(fleet);
    ASSERT_TRUE(change_runtime(world, fleet, "-v 2", 1).ok());
    world.restart_server(30s);
    world.host().restart_agent();
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(wanted(world), (std::map<std::string, int>{{"-v 2", 1}}));
    world.host().end_session(session);
    world.restart_server(1s);
    world.advance(10s);
    EXPECT_EQ(world.host().games().size(), 1U) << "the old one left after its match, although the server was away";
}

TEST(LiveChange, WhileTheFleetIsCreatedAMistakeCanBeMended) {
    World world;
    world.host().behaviour.becomes_ready = false;
    const std::string fleet = world.make_fleet({.processes = 2});
    EXPECT_EQ(world.fleet_status(fleet), "VALIDATING");
    world.host().behaviour.becomes_ready = true;
    ASSERT_TRUE(change_runtime(world, fleet, "--listen", 1).ok());
    world.advance(5s);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    EXPECT_EQ(world.fleet(fleet).processes_active, 1U);
}

TEST(LiveChange, ADrainingInstanceIsLeftToItsMatches) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2, .protection = "FullProtection"});
    const std::string session = world.make_session(fleet);
    ASSERT_TRUE(
        world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", "0"}}).ok());
    EXPECT_EQ(world.instances(fleet), 0U);
    ASSERT_TRUE(change_runtime(world, fleet, "-v 2", 1).ok());
    world.restart_server();
    world.advance(1h);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(world.host().games().size(), 1U) << "nothing new starts there";
    world.host().end_match(session);
    world.advance(10s);
    EXPECT_THAT(world.host().instances(), IsEmpty());
}

TEST(LiveChange, AnInstanceThatComesBackFromDrainingKeepsNoOldProcessOverTheNewOne) {
    Settings settings;
    settings.timers.drain_grace = 60s;
    World world(true, settings);
    const std::string fleet = world.make_fleet({.processes = 1});
    const auto want = [&](const std::string& n) {
        ASSERT_TRUE(
            world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", n}}).ok());
    };
    world.host().behaviour.becomes_ready = false;
    ASSERT_TRUE(change_runtime(world, fleet, "-v 2", 1).ok());
    ASSERT_EQ(world.host().games().size(), 2U) << "the old one stands in for the new one";
    const auto [renewed, game] =
        *std::ranges::find_if(world.host().games(), [](const auto& g) { return !g.second.ready; });
    want("0");
    ASSERT_EQ(world.fleet(fleet).instances_draining, 1U);
    const auto ready = world.host().sdk(
        renewed, link::CallReady{.client_port = game.client_port, .grpc_port = game.grpc_port, .log_paths = {}});
    ASSERT_EQ(ready.status, link::CallStatus::Ok);
    ASSERT_EQ(world.host().games().size(), 2U) << "nobody is told before the grace is over";
    want("1");
    world.advance(5s);
    ASSERT_EQ(world.host().games().size(), 1U);
    EXPECT_EQ(world.host().games().begin()->first, renewed);
}

TEST(LiveChange, ProcessesOnPortsThatAreRevokedMoveAfterTheirMatch) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2, .port_low = 15'000, .port_high = 15'999});
    const std::string session = world.make_session(fleet);
    const auto rule = [](const std::string& list, const std::string& low, const std::string& high) {
        return Params{{list + ".0.FromPort", low},
                      {list + ".0.ToPort", high},
                      {list + ".0.Protocol", "TCP"},
                      {list + ".0.IpRange", "0.0.0.0/0"}};
    };
    Params change = rule("InboundPermissionAuthorizations", "16000", "16999");
    for (auto& entry : rule("InboundPermissionRevocations", "15000", "15999")) change.push_back(entry);
    change.emplace_back("FleetId", fleet);
    ASSERT_TRUE(world.call("UpdateFleetPortSettings", change).ok());
    world.advance(10s);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    for (const auto& [id, game] : world.host().games())
        EXPECT_EQ(game.client_port < 16'000, game.session == session) << "only the match that runs is where it was";
    EXPECT_EQ(world.host().instances().begin()->second.client_ports.front().low, 16'000) << "the agent knows, too";
    world.host().end_match(session);
    world.advance(10s);
    ASSERT_EQ(world.host().games().size(), 2U);
    for (const auto& [id, game] : world.host().games()) EXPECT_GE(game.client_port, 16'000);
}

TEST(LiveChange, PortsThatNoHostHandsOutAreToldInAnEvent) {
    Settings settings;
    settings.hosts.ports_beyond = false;
    World world(true, settings);
    const std::string fleet = world.make_fleet({.port_low = 15'000, .port_high = 15'999});
    ASSERT_TRUE(world
                    .call("UpdateFleetPortSettings", {{"FleetId", fleet},
                                                      {"InboundPermissionAuthorizations.0.FromPort", "2000"},
                                                      {"InboundPermissionAuthorizations.0.ToPort", "2999"},
                                                      {"InboundPermissionAuthorizations.0.Protocol", "TCP"},
                                                      {"InboundPermissionAuthorizations.0.IpRange", "0.0.0.0/0"},
                                                      {"InboundPermissionRevocations.0.FromPort", "15000"},
                                                      {"InboundPermissionRevocations.0.ToPort", "15999"},
                                                      {"InboundPermissionRevocations.0.Protocol", "TCP"},
                                                      {"InboundPermissionRevocations.0.IpRange", "0.0.0.0/0"}})
                    .ok());
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), Contains(HasSubstr("10000 to 32000")));
}

TEST(LiveChange, AnInboundRuleGivenTwiceIsOneRule) {
    World world;
    const std::string fleet = world.make_fleet();
    Params copy{{"FleetId", fleet}, {"CopyNumber", "1"}};
    for (const char* const index : {"0", "1"})
        for (const auto& [field, value] :
             Params{{"FromPort", "2000"}, {"ToPort", "3000"}, {"Protocol", "UDP"}, {"IpRange", "0.0.0.0/0"}})
            copy.emplace_back(std::string("InboundPermissions.") + index + "." + field, value);
    const std::string made = world.call("CopyFleet", copy)["FleetAttributes.0.FleetId"];
    EXPECT_EQ(world.call("DescribeFleetPortSettings", {{"FleetId", made}}).count("InboundPermissions"), 1U);
}

TEST(LiveChange, WhereOldProcessesHoldThePortsIdleOnesMakeRoom) {
    World world(false);
    world.add_host({.name = "tight", .instances = 1, .ports = {10'000, 10'003}});  // two processes, no port more
    const std::string fleet = world.make_fleet({.processes = 2});
    ASSERT_EQ(world.fleet_status(fleet), "ACTIVE");
    const std::string session = world.make_session(fleet);
    ASSERT_TRUE(change_runtime(world, fleet, "-v 2", 2).ok());
    world.advance(30s);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(world.host().games().size(), 2U) << "the match, and one new process on the ports of the idle one";
    world.host().end_match(session);
    world.advance(30s);
    EXPECT_EQ(wanted(world), (std::map<std::string, int>{{"-v 2", 2}}));
    EXPECT_EQ(world.fleet(fleet).processes_active, 2U);
}

TEST(LiveChange, AShorterProtectionTimeCountsForThoseThatAreBeingEnded) {
    World world;
    const std::string fleet =
        world.make_fleet({.processes = 1, .protection = "TimeLimitProtection", .protection_minutes = 60});
    const std::string session = world.make_session(fleet);
    ASSERT_TRUE(
        world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", "0"}}).ok());
    world.advance(10min);
    ASSERT_TRUE(
        world.call("UpdateFleetAttributes", {{"FleetId", fleet}, {"GameServerSessionProtectionTimeLimit", "15"}}).ok());
    world.advance(4min);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    world.advance(2min);
    EXPECT_EQ(world.session_status(session), "ERROR");
}

TEST(LiveChange, ALimitPerCreatorCountsWhatWasMadeBefore) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 4});
    const auto create = [&] {
        return world.call("CreateGameServerSession",
                          {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}, {"CreatorId", "ann"}});
    };
    ASSERT_TRUE(create().ok());
    ASSERT_TRUE(create().ok());
    const auto limit = [&](const char* sessions) {
        return world.call("UpdateFleetAttributes",
                          {{"FleetId", fleet},
                           {"ResourceCreationLimitPolicy.NewGameServerSessionsPerCreator", sessions},
                           {"ResourceCreationLimitPolicy.PolicyPeriodInMinutes", "10"}});
    };
    ASSERT_TRUE(limit("2").ok());
    EXPECT_EQ(create().code(), "LimitExceeded");
    ASSERT_TRUE(limit("0").ok());
    ASSERT_TRUE(limit("3").ok());
    EXPECT_TRUE(create().ok()) << "nothing is counted twice";
    EXPECT_EQ(create().code(), "LimitExceeded");
}

TEST(LiveChange, ALongerPeriodOfTheLimitPerCreatorCountsWhatTheShorterOneForgot) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 6});
    const auto create = [&] {
        return world.call("CreateGameServerSession",
                          {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}, {"CreatorId", "ann"}});
    };
    const auto period = [&](const char* minutes) {
        return world
            .call("UpdateFleetAttributes", {{"FleetId", fleet},
                                            {"ResourceCreationLimitPolicy.NewGameServerSessionsPerCreator", "2"},
                                            {"ResourceCreationLimitPolicy.PolicyPeriodInMinutes", minutes}})
            .ok();
    };
    ASSERT_TRUE(period("1"));
    ASSERT_TRUE(create().ok());
    world.advance(2min);
    ASSERT_TRUE(create().ok());
    ASSERT_TRUE(period("60"));
    EXPECT_EQ(create().code(), "LimitExceeded");
    ASSERT_TRUE(period("0"));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(create().ok()) << "a period of 0 is no limit, also within one moment";
    ASSERT_TRUE(period("60"));
    EXPECT_EQ(create().code(), "LimitExceeded");
}

TEST(LiveChange, ACopyHasTheScalingOfItsOriginalOnceItIsActive) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 10, .min = 2, .max = 5, .buffer = 30});
    const Answer made =
        world.call("CopyFleet", {{"FleetId", fleet}, {"CopyNumber", "2"}, {"SelectedScalingType", "SCALING_SELECTED"}});
    ASSERT_TRUE(made.ok()) << made.body();
    EXPECT_EQ(made["TotalCount"], "2");
    const std::string copy = made["FleetAttributes.0.FleetId"];
    EXPECT_NE(copy, made["FleetAttributes.1.FleetId"]);
    EXPECT_EQ(world.fleet_status(copy), "ACTIVE");
    EXPECT_EQ(world.instances(copy), 2U);
    EXPECT_EQ(world.fleet(copy).max, 5U);
    EXPECT_EQ(world.fleet(copy).target->percent, 30U);
    const Answer plain = world.call("CopyFleet", {{"FleetId", fleet}, {"CopyNumber", "1"}});
    EXPECT_EQ(world.fleet(plain["FleetAttributes.0.FleetId"]).max, 1U);
    EXPECT_FALSE(world.fleet(plain["FleetAttributes.0.FleetId"]).target);
    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok());
    world.advance(10s);
    EXPECT_EQ(world.fleet_status(copy), "ACTIVE") << "its life is its own";
}

}  // namespace
}  // namespace gse::testing
