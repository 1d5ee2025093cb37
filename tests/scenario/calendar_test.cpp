// Timers that fire [定时变更扩缩容策略].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kPrefix = "TimerScalingPolicy.";

/// A timer of a fleet; parameters without their prefix.
Answer put(World& world, const std::string& fleet, Params more) {
    Params params{{"TimerScalingPolicy.TimerFleetCapacity.FleetId", fleet}};
    for (auto& [name, value] : more) params.emplace_back(std::string(kPrefix) + name, value);
    Answer answer = world.call("PutTimerScalingPolicy", params);
    EXPECT_TRUE(answer.ok()) << answer.body();
    return answer;
}

/// Moments at which timer `t` fired, oldest first.
std::vector<std::string> fired(World& world, const std::string& fleet) {
    std::vector<std::string> out;
    for (const std::string& text : world.events_of(fleet, "FLEET_SCALING_EVENT"))
        if (text.starts_with("Timer 't' of ") && text.find(" fired") != std::string::npos)
            out.push_back(text.substr(13, 20));
    return out;
}

std::string status(World& world, const std::string& fleet) {
    return world.call("DescribeTimerScalingPolicies", {{"FleetId", fleet}})["TimerScalingPolicies.0.TimerStatus"];
}

TEST(Calendar, OnceReplacesEverySettingAndSaysWhat) {
    World world;  // 2020-09-13T12:26:40Z, a Sunday
    const std::string fleet = world.make_fleet({.processes = 10});
    put(world, fleet,
        {{"TimerName", "t"},
         {"TimerFleetCapacity.DesiredInstances", "3"},
         {"TimerFleetCapacity.MinSize", "2"},
         {"TimerFleetCapacity.MaxSize", "5"},
         {"TimerFleetCapacity.ScalingInterval", "3"},
         {"TimerFleetCapacity.ScalingType", "ScalingTypeManual"},
         {"TimerFleetCapacity.TargetConfiguration.TargetValue", "40"},
         {"TimerFleetCapacity.TargetConfiguration.MinimumFreeSessions", "15"},
         {"TimerConfiguration.TimerType", "TimerTypeOnce"},
         {"TimerConfiguration.BeginTime", "2020-09-13T12:30:00Z"}});
    world.advance(199s);
    EXPECT_EQ(world.instances(fleet), 1U);
    EXPECT_EQ(status(world, fleet), "1");
    world.advance(2s);
    EXPECT_EQ(world.instances(fleet), 3U);
    EXPECT_EQ(status(world, fleet), "4") << "once is over";
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"),
                Contains("Timer 't' of 2020-09-13T12:30:00Z fired; desired from 1 to 3; minimum from 0 to 2; maximum "
                         "from 1 to 5; cool-down from 10 to 3; scaling from automatic to manual; session buffer from "
                         "none to 40 %, at least 15 free"));
    const core::Fleet& record = world.fleet(fleet);
    EXPECT_FALSE(record.auto_scaling);
    EXPECT_EQ(record.cooldown_minutes, 3U);
    EXPECT_EQ(record.target->percent, 40U);
    EXPECT_EQ(record.minimum_free, 15U);
    world.call("StartFleetActions", {{"FleetId", fleet}, {"Actions.0", "AUTO_SCALING"}});
    world.advance(4min);
    EXPECT_EQ(world.instances(fleet), 2U) << "15 free need two";
    world.advance(48h);
    EXPECT_THAT(fired(world, fleet), SizeIs(1));
}

TEST(Calendar, TheExamplesOfTheGuide) {
    struct Case {
        std::string type;
        Params value;
        std::string begin, end;
        std::vector<std::string> fired;
    };
    // From Sunday 2020-09-13; the guide's own dates are later.
    for (const Case& one : {
             Case{"TimerTypeOnce", {}, "2020-09-14T15:31:00Z", "", {"2020-09-14T15:31:00Z"}},
             Case{"TimerTypeDay",
                  {{"TimerConfiguration.TimerValue.Day", "2"}},
                  "2020-09-14T15:36:00Z",
                  "2020-09-19T15:36:00Z",
                  {"2020-09-14T15:36:00Z", "2020-09-16T15:36:00Z", "2020-09-18T15:36:00Z"}},
             Case{
                 "TimerTypeWeek",
                 {{"TimerConfiguration.TimerValue.WeekDays.0", "1"}, {"TimerConfiguration.TimerValue.WeekDays.1", "3"}},
                 "2020-09-13T15:38:00Z",
                 "2020-09-22T00:00:00Z",
                 {"2020-09-14T15:38:00Z", "2020-09-16T15:38:00Z", "2020-09-21T15:38:00Z"}},
             Case{"TimerTypeMonth",
                  {{"TimerConfiguration.TimerValue.FromDay", "15"}, {"TimerConfiguration.TimerValue.ToDay", "17"}},
                  "2020-09-13T15:39:00Z",
                  "2020-10-01T00:00:00Z",
                  {"2020-09-15T15:39:00Z", "2020-09-16T15:39:00Z", "2020-09-17T15:39:00Z"}},
             Case{"TimerTypeWeek",
                  {{"TimerConfiguration.TimerValue.WeekDays.0", "1"}},
                  "2020-09-13T00:30:00+08:00",
                  "2020-09-20T00:00:00Z",
                  {"2020-09-13T16:30:00Z"}},
         }) {
        World world;
        const std::string fleet = world.make_fleet();
        Params params{{"TimerName", "t"},
                      {"TimerFleetCapacity.MaxSize", "2"},
                      {"TimerConfiguration.TimerType", one.type},
                      {"TimerConfiguration.BeginTime", one.begin}};
        if (!one.end.empty()) params.emplace_back("TimerConfiguration.EndTime", one.end);
        params.insert(params.end(), one.value.begin(), one.value.end());
        put(world, fleet, params);
        world.advance(24h * 10);
        EXPECT_EQ(fired(world, fleet), one.fired) << one.type;
        EXPECT_EQ(status(world, fleet), "4") << one.type << ": nothing comes any more";
    }
}

Params daily(const std::string& end = "2020-12-31T00:00:00Z") {
    return {{"TimerName", "t"},
            {"TimerFleetCapacity.DesiredInstances", "2"},
            {"TimerFleetCapacity.MaxSize", "3"},
            {"TimerConfiguration.TimerType", "TimerTypeDay"},
            {"TimerConfiguration.TimerValue.Day", "1"},
            {"TimerConfiguration.BeginTime", "2020-09-13T13:00:00Z"},
            {"TimerConfiguration.EndTime", end}};
}

TEST(Calendar, WhatWasMissedFiresOnceAndOnlyTheLast) {
    World world;
    const std::string fleet = world.make_fleet();
    put(world, fleet, daily());
    world.restart_server(72h);
    EXPECT_EQ(fired(world, fleet), std::vector<std::string>{"2020-09-15T13:00:00Z"});
    EXPECT_EQ(world.instances(fleet), 2U);
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"),
                Contains(HasSubstr("of 2020-09-15T13:00:00Z, which was missed, fired")));
    world.restart_server();
    world.restart_server(1min);
    EXPECT_THAT(fired(world, fleet), SizeIs(1)) << "a firing is one, whatever happens to the server";
    world.advance(24h);
    EXPECT_THAT(fired(world, fleet), SizeIs(2));

    World later;
    const std::string ended = later.make_fleet();
    put(later, ended, daily("2020-09-15T14:00:00Z"));
    later.restart_server(72h);
    EXPECT_THAT(fired(later, ended), IsEmpty()) << "it is not valid any more";
    EXPECT_EQ(status(later, ended), "4");
}

TEST(Calendar, ACrashRightAfterAFiringDoesNotRepeatIt) {
    World world;
    const std::string fleet = world.make_fleet();
    put(world, fleet, daily());
    world.advance(34min);
    ASSERT_THAT(fired(world, fleet), SizeIs(1));
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "1"}});
    world.restart_server();
    world.advance(2h);
    EXPECT_EQ(world.instances(fleet), 1U) << "what was set by hand since then stays";
}

TEST(Calendar, TheClockOnTheWallMayJump) {
    World world;
    const std::string fleet = world.make_fleet();
    put(world, fleet, daily());
    world.set_wall(world.now().wall + 2h);
    world.advance(61s);
    EXPECT_THAT(fired(world, fleet), SizeIs(1)) << "set forward over the moment: noticed within a minute";
    world.set_wall(world.now().wall - 3h);
    world.advance(4h);
    EXPECT_THAT(fired(world, fleet), SizeIs(1)) << "set back before it: it has fired";
    world.set_wall(world.now().wall + 24h);
    world.advance(61s);
    EXPECT_THAT(fired(world, fleet), SizeIs(2));
}

TEST(Calendar, AStoppedTimerDoesNotCatchUp) {
    World world;
    const std::string fleet = world.make_fleet();
    put(world, fleet, daily());
    const std::string id = world.call("DescribeTimerScalingPolicies", {})["TimerScalingPolicies.0.TimerId"];
    put(world, fleet, {{"TimerId", id}, {"TimerStatus", "3"}, {"TimerFleetCapacity.MaxSize", "3"}});
    world.advance(25h);
    EXPECT_THAT(fired(world, fleet), IsEmpty());
    put(world, fleet, {{"TimerId", id}, {"TimerStatus", "2"}, {"TimerFleetCapacity.MaxSize", "3"}});
    world.advance(1h);
    EXPECT_THAT(fired(world, fleet), IsEmpty()) << "what was due while it was stopped is past";
    world.advance(24h);
    EXPECT_THAT(fired(world, fleet), SizeIs(1));
}

TEST(Calendar, AFleetInCreationLetsItsTimersWait) {
    World world;
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    const std::string fleet = world.make_fleet();
    put(world, fleet,
        {{"TimerName", "t"},
         {"TimerFleetCapacity.MinSize", "2"},
         {"TimerFleetCapacity.MaxSize", "3"},
         {"TimerConfiguration.TimerType", "TimerTypeOnce"},
         {"TimerConfiguration.BeginTime", "2020-09-13T12:27:00Z"}});
    world.advance(1min);
    EXPECT_THAT(fired(world, fleet), IsEmpty());
    world.host().go_on();
    ASSERT_EQ(world.fleet_status(fleet), "ACTIVE");
    world.advance(61s);
    EXPECT_THAT(fired(world, fleet), SizeIs(1));
    EXPECT_EQ(world.instances(fleet), 2U);
}

TEST(Calendar, MovesWhatItDoesNotSetAndObeysTheQuota) {
    World world;
    world.settings.limits.instances_per_region = 10;
    const std::string fleet = world.make_fleet({.min = 1, .max = 4});
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "4"}});
    const auto at = [&](const std::string& time, Params capacity) {
        Params params{{"TimerName", "t"},
                      {"TimerConfiguration.TimerType", "TimerTypeOnce"},
                      {"TimerConfiguration.BeginTime", time}};
        params.insert(params.end(), capacity.begin(), capacity.end());
        put(world, fleet, params);
    };
    at("2020-09-13T13:00:00Z", {{"TimerFleetCapacity.MaxSize", "2"}});
    at("2020-09-13T14:00:00Z", {{"TimerFleetCapacity.MinSize", "3"}});
    at("2020-09-13T15:00:00Z", {{"TimerFleetCapacity.MaxSize", "9"}});
    world.advance(34min);
    EXPECT_EQ(world.fleet(fleet).desired, 2U);
    EXPECT_EQ(world.instances(fleet), 2U);
    world.advance(1h);
    EXPECT_EQ(world.fleet(fleet).max, 3U) << "the maximum makes room for the new minimum";
    EXPECT_EQ(world.instances(fleet), 3U);
    world.make_fleet({.name = "other", .max = 4});
    world.advance(1h);
    EXPECT_EQ(world.fleet(fleet).max, 3U);
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"),
                Contains(HasSubstr("was due, and changed nothing: the maxima of all fleets in region ap-shanghai would "
                                   "add up to 13 instances; the quota is 10")));
}

}  // namespace
}  // namespace gse::testing
