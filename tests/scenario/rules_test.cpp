// Rule-based policies that act [API:PutScalingPolicy].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

struct Rule {
    std::string metric = "AvailableGameServerSessions";
    std::string comparison = "<";
    std::string threshold = "2";
    std::string type = "ChangeInCapacity";
    std::string adjustment = "1";
    std::string minutes = "5";
    std::string name = "rule";
};

void put(World& world, const std::string& fleet, const Rule& rule) {
    const Answer answer = world.call("PutScalingPolicy", {{"FleetId", fleet},
                                                          {"Name", rule.name},
                                                          {"PolicyType", "RuleBased"},
                                                          {"MetricName", rule.metric},
                                                          {"ComparisonOperator", rule.comparison},
                                                          {"Threshold", rule.threshold},
                                                          {"ScalingAdjustmentType", rule.type},
                                                          {"ScalingAdjustment", rule.adjustment},
                                                          {"EvaluationPeriods", rule.minutes}});
    EXPECT_TRUE(answer.ok()) << answer.body();
}

TEST(Rules, ActWhenTheyHeldForTheirTimeWithoutABreak) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3, .max = 9});
    world.advance(11min);  // the first instance is a scaling too
    put(world, fleet, {});
    const std::string a = world.make_session(fleet);
    world.make_session(fleet);
    EXPECT_EQ(world.instances(fleet), 1U) << "one of three is free: it holds";
    world.advance(4min);
    world.host().end_match(a);
    world.advance(3s);
    world.make_session(fleet);
    world.advance(4min);
    EXPECT_EQ(world.instances(fleet), 1U) << "a break of three seconds begins it anew";
    world.advance(61s);
    EXPECT_EQ(world.instances(fleet), 2U);
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"),
                Contains("Desired 2, minimum 0, maximum 9: rule 'rule': AvailableGameServerSessions is 1, < 2 for 5 "
                         "min; ChangeInCapacity 1"));
    world.advance(1h);
    EXPECT_EQ(world.instances(fleet), 2U) << "4 of 6 are free: it holds no more";
}

TEST(Rules, FireAgainWhenTheyHoldOnOnceACoolDown) {
    World world;
    const std::string fleet = world.make_fleet({.max = 4});
    world.advance(11min);
    put(world, fleet, {.metric = "ActiveInstances", .comparison = ">=", .threshold = "1", .minutes = "1"});
    world.advance(61s);
    EXPECT_EQ(world.instances(fleet), 2U);
    world.advance(9min);
    EXPECT_EQ(world.instances(fleet), 2U) << "the cool-down of 10 minutes";
    world.advance(61s);
    EXPECT_EQ(world.instances(fleet), 3U);
    world.advance(1h);
    EXPECT_EQ(world.instances(fleet), 4U) << "the maximum holds";
    const auto events = world.events_of(fleet, "FLEET_SCALING_EVENT").size();
    world.advance(10h);
    EXPECT_EQ(world.events_of(fleet, "FLEET_SCALING_EVENT").size(), events) << "and is not told again and again";
}

TEST(Rules, OfACopyHoldForTheirWholeTimeOnTheCopy) {
    World world;
    const std::string fleet = world.make_fleet({.max = 4});
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"ScalingInterval", "3"}});
    put(world, fleet, {.minutes = "30"});
    world.advance(29min);
    const Answer made =
        world.call("CopyFleet", {{"FleetId", fleet}, {"CopyNumber", "1"}, {"SelectedScalingType", "SCALING_SELECTED"}});
    const std::string copy = made["FleetAttributes.0.FleetId"];
    const core::Slot rule = world.fleet(copy).rules.at("rule");
    EXPECT_GE(world.state().at<core::ScalingRule>(rule).holds_since, world.now().engine);
    world.advance(10min);
    EXPECT_EQ(world.instances(fleet), 2U) << "it has held for half an hour there";
    EXPECT_EQ(world.instances(copy), 1U) << "and for ten minutes here";
}

TEST(Rules, EveryMetricIsWatched) {
    struct Case {
        Rule rule;
        std::string what;
    };
    // Of 2 instances with 2 processes each, 1 session with 2 players that reports 30 of 40.
    for (const Case& one : {
             Case{{.metric = "AvailableGameServerSessions", .comparison = "<=", .threshold = "3"}, "3 of 4 are free"},
             Case{{.metric = "PercentAvailableGameServerSessions", .comparison = "<=", .threshold = "75"}, "75 %"},
             Case{{.metric = "AvailableCustomCount", .comparison = ">=", .threshold = "30"}, "30 reported"},
             Case{{.metric = "PercentAvailableCustomCount", .comparison = ">=", .threshold = "75"}, "of 40"},
             Case{{.metric = "ActiveInstances", .comparison = ">", .threshold = "1.5"}, "2 instances"},
             Case{{.metric = "IdleInstances", .comparison = "<", .threshold = "1.6"}, "1.5 instances"},
             Case{{.metric = "PercentIdleInstances", .comparison = "<=", .threshold = "75"}, "1.5 of 2"},
             Case{{.metric = "CurrentPlayerSessions", .comparison = ">", .threshold = "1"}, "2 players"},
         }) {
        World world;
        const std::string fleet = world.make_fleet({.processes = 2, .max = 5});
        world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}});
        world.advance(11min);
        Rule rule = one.rule;
        rule.minutes = "1";
        put(world, fleet, rule);
        world.advance(2min);
        if (one.rule.metric != "ActiveInstances") {
            EXPECT_EQ(world.instances(fleet), 2U) << one.rule.metric;
        }
        const std::string session = world.make_session(fleet);
        for (const std::string player : {"ann", "bob"}) {
            const std::string seat = world.join(session, player);
            world.host().accept(session, seat);
        }
        world.host().sdk(world.host().game_of(session).process, link::CallCustomData{30, 40});
        world.advance(61s);
        EXPECT_EQ(world.instances(fleet), 3U) << one.rule.metric << ": " << one.what;
    }
}

TEST(Rules, EveryAdjustment) {
    struct Case {
        std::string type, by;
        std::uint32_t wanted;
    };
    for (const Case& one :
         {Case{"ChangeInCapacity", "2", 6}, Case{"ChangeInCapacity", "-3", 1}, Case{"ExactCapacity", "7", 7},
          Case{"ExactCapacity", "0", 0}, Case{"PercentChangeInCapacity", "30", 6},
          Case{"PercentChangeInCapacity", "-10", 3}, Case{"ChangeInCapacity", "99", 10}}) {
        World world;
        const std::string fleet = world.make_fleet({.max = 10});
        world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "4"}});
        world.advance(11min);
        put(world, fleet, {.metric = "IdleInstances", .comparison = ">=", .type = one.type, .adjustment = one.by});
        world.advance(5min + 1s);
        EXPECT_EQ(world.instances(fleet), one.wanted) << one.type << " " << one.by;
    }
}

TEST(Rules, OneThatWantsFewerYieldsToWhoeverWantsMore) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 10, .max = 9, .buffer = 30});
    world.advance(11min);
    put(world, fleet, {.comparison = ">", .adjustment = "-1", .minutes = "1", .name = "fewer"});
    for (int i = 0; i < 15; ++i) world.make_session(fleet);
    world.advance(1h);
    EXPECT_EQ(world.instances(fleet), 3U) << "the buffer of 30 % wants three";
}

TEST(Rules, DoNotActByHandNorWithoutAnInstanceToMeasure) {
    World world;
    const std::string fleet = world.make_fleet({.max = 4});
    world.call("StopFleetActions", {{"FleetId", fleet}, {"Actions.0", "AUTO_SCALING"}});
    put(world, fleet, {.metric = "IdleInstances", .comparison = ">=", .threshold = "1", .minutes = "1"});
    world.advance(1h);
    EXPECT_EQ(world.instances(fleet), 1U);
    world.call("StartFleetActions", {{"FleetId", fleet}, {"Actions.0", "AUTO_SCALING"}});
    EXPECT_EQ(world.instances(fleet), 1U) << "its time begins now";
    world.advance(61s);
    EXPECT_EQ(world.instances(fleet), 2U);
}

TEST(Rules, BeginTheirTimeAnewAfterARestart) {
    World world;
    const std::string fleet = world.make_fleet({.max = 4});
    world.advance(11min);
    put(world, fleet, {.metric = "IdleInstances", .comparison = ">=", .threshold = "1"});
    world.advance(4min);
    world.restart_server();
    world.advance(4min);
    EXPECT_EQ(world.instances(fleet), 1U) << "nobody saw whether it held meanwhile";
    world.advance(61s);
    EXPECT_EQ(world.instances(fleet), 2U);
}

TEST(Rules, CountMinutesAsTheSettingsDo) {
    Settings settings;
    settings.timers.minute = 1s;
    World world(true, settings);
    const std::string fleet = world.make_fleet({.max = 4});
    world.advance(11s);
    put(world, fleet, {.metric = "IdleInstances", .comparison = ">=", .threshold = "1"});
    world.advance(6s);
    EXPECT_EQ(world.instances(fleet), 2U);
}

TEST(Buffer, GoesDownToNothingAndComesBackForWhoeverWaits) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2, .max = 3});
    const auto target = [&](Params more) {
        Params params{{"FleetId", fleet},
                      {"Name", "buffer"},
                      {"PolicyType", "TargetBased"},
                      {"MetricName", "PercentAvailableGameSessions"},
                      {"TargetConfiguration.TargetValue", "30"}};
        params.insert(params.end(), more.begin(), more.end());
        ASSERT_TRUE(world.call("PutScalingPolicy", params).ok());
    };
    target({{"TargetConfiguration.KeepOne", "false"}});
    const Answer shown = world.call("DescribeScalingPolicies", {{"FleetId", fleet}});
    EXPECT_EQ(shown["ScalingPolicies.0.TargetConfiguration.KeepOne"], "false");
    EXPECT_EQ(shown["ScalingPolicies.0.TargetConfiguration.MinimumFreeSessions"], "0");
    world.advance(11min);
    EXPECT_EQ(world.fleet(fleet).instances.size(), 0U) << "scaled to zero";
    world.restart_server();
    EXPECT_EQ(world.instances(fleet), 0U);

    // A placement that waits.
    world.call(
        "CreateGameServerSessionQueue",
        {{"Name", "q"}, {"Destinations.0.DestinationArn", "qcs::gse:ap-shanghai:uin/100000000001:fleet/" + fleet}});
    ASSERT_TRUE(
        world
            .call("StartGameServerSessionPlacement",
                  {{"PlacementId", "p-1"}, {"GameServerSessionQueueName", "q"}, {"MaximumPlayerSessionCount", "2"}})
            .ok());
    world.advance(5s);
    EXPECT_EQ(world.instances(fleet), 1U);
    const Answer placed = world.call("DescribeGameServerSessionPlacement", {{"PlacementId", "p-1"}});
    ASSERT_EQ(placed["GameServerSessionPlacement.Status"], "FULFILLED");
    world.host().end_match(placed["GameServerSessionPlacement.GameServerSessionId"]);
    world.advance(11min);
    EXPECT_EQ(world.instances(fleet), 0U);

    // A create that is refused.
    EXPECT_EQ(world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}}).code(),
              "ResourceInsufficient");
    world.advance(5s);
    EXPECT_NE(world.make_session(fleet), "") << "asked again, it is served";

    target({{"TargetConfiguration.MinimumFreeSessions", "4"}, {"TargetConfiguration.KeepOne", "true"}});
    world.advance(5s);
    EXPECT_EQ(world.instances(fleet), 3U) << "1 session and 4 free are three instances of two";
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"), Contains(HasSubstr("buffer 30 %, at least 4 free")));
}

TEST(Buffer, ABurstOfAThousandAsksForAllInstancesAtOnce) {
    World world(false);
    world.add_host({.instances = 1'000, .ports = {1'025, 60'000}});
    world.settings.limits.instances_per_region = 1'000;
    const std::string fleet = world.make_fleet({.processes = 10, .max = 500, .buffer = 1});
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    world.call(
        "CreateGameServerSessionQueue",
        {{"Name", "q"}, {"Destinations.0.DestinationArn", "qcs::gse:ap-shanghai:uin/100000000001:fleet/" + fleet}});
    const std::uint64_t launched = world.fleet(fleet).instances.size();
    for (int i = 0; i < 1'000; ++i)
        ASSERT_TRUE(world
                        .call("StartGameServerSessionPlacement", {{"PlacementId", "p-" + std::to_string(i)},
                                                                  {"GameServerSessionQueueName", "q"},
                                                                  {"MaximumPlayerSessionCount", "2"}})
                        .ok());
    EXPECT_EQ(launched, 1U);
    EXPECT_EQ(world.instances(fleet), 102U) << "1,000 sessions, of which one per cent is free, on instances of ten";
    EXPECT_EQ(world.fleet(fleet).instances_active, 1U) << "before any of them is ready";
    world.host().go_on();
    world.advance(2s);
    EXPECT_EQ(world.fleet(fleet).sessions_active, 1'000U);
    EXPECT_EQ(world.instances(fleet), 102U) << "nothing was asked for twice";
}

}  // namespace
}  // namespace gse::testing
