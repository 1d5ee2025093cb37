// Timed and rule-based policies as resources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

Params timer_of(const std::string& fleet, const std::string& name, const std::string& begin, const std::string& end) {
    return {{"TimerScalingPolicy.TimerName", name},
            {"TimerScalingPolicy.TimerFleetCapacity.FleetId", fleet},
            {"TimerScalingPolicy.TimerFleetCapacity.MaxSize", "3"},
            {"TimerScalingPolicy.TimerConfiguration.TimerType", "TimerTypeDay"},
            {"TimerScalingPolicy.TimerConfiguration.BeginTime", begin},
            {"TimerScalingPolicy.TimerConfiguration.EndTime", end}};
}

TEST(Timer, ItsStatusFollowsTheCalendarAndSurvivesARestart) {
    World world;  // 2020-09-13T12:26:40Z
    const std::string fleet = world.make_fleet();
    ASSERT_TRUE(
        world.call("PutTimerScalingPolicy", timer_of(fleet, "evening", "2020-09-13T13:00:00Z", "2020-09-14T14:00:00Z"))
            .ok());
    const auto status = [&] {
        return world.call("DescribeTimerScalingPolicies", {{"FleetId", fleet}})["TimerScalingPolicies.0.TimerStatus"];
    };
    EXPECT_EQ(status(), "1") << "not yet in effect";
    world.advance(1h);
    EXPECT_EQ(status(), "2") << "in effect";
    world.restart_server();
    EXPECT_EQ(status(), "2");
    const std::string id = world.call("DescribeTimerScalingPolicies", {})["TimerScalingPolicies.0.TimerId"];
    const auto stop = [&](const std::string& value) {
        return world
            .call("PutTimerScalingPolicy",
                  {{"TimerScalingPolicy.TimerId", id}, {"TimerScalingPolicy.TimerStatus", value}})
            .ok();
    };
    EXPECT_TRUE(stop("3"));
    EXPECT_EQ(status(), "3") << "stopped";
    EXPECT_TRUE(stop("2"));
    EXPECT_EQ(status(), "2");
    world.advance(24h);
    EXPECT_EQ(status(), "4") << "expired";
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"), ::testing::Contains("Timer 'evening' was changed"));
}

TEST(Timer, SentBackAsItWasReadMeansTheSameDays) {
    World world;
    const std::string fleet = world.make_fleet({.max = 5});
    const std::string when = "TimerScalingPolicy.TimerConfiguration.";
    const auto put = [&](const std::string& id, const std::string& begin, const std::string& end) {
        Params params = timer_of(fleet, "weekly", begin, end);
        params[3].second = "4";
        params.emplace_back(when + "TimerValue.WeekDays.0", "1");
        if (!id.empty()) params.emplace_back("TimerScalingPolicy.TimerId", id);
        return world.call("PutTimerScalingPolicy", params);
    };
    const struct {
        const char *begin, *end, *shown_begin, *shown_end;
    } kCases[] = {
        {"2020-10-05T07:00:00+08:00", "2021-10-04T23:00:00.250Z", "2020-10-05T07:00:00.000+08:00",
         "2021-10-05T07:00:00.250+08:00"},
        {"2020-10-05T20:00:00-0330", "2021-10-05T20:00:00-03:30", "2020-10-05T20:00:00.000-03:30",
         "2021-10-05T20:00:00.000-03:30"},
        {"2020-10-05T07:00:00Z", "2021-10-05T07:00:00+08:00", "2020-10-05T07:00:00.000Z", "2021-10-04T23:00:00.000Z"},
        {"2020-10-05T07:00:00+08:00", "9999-12-31T23:59:59Z", "2020-10-05T07:00:00.000+08:00",
         "9999-12-31T23:59:59.000Z"},
    };
    std::string id;
    for (const auto& c : kCases) {
        const Answer set = put(id, c.begin, c.end);
        EXPECT_TRUE(set.ok()) << set.body();
        const Answer read = world.call("DescribeTimerScalingPolicies", {});
        const std::string begin = read["TimerScalingPolicies.0.TimerConfiguration.BeginTime"];
        const std::string end = read["TimerScalingPolicies.0.TimerConfiguration.EndTime"];
        EXPECT_EQ(begin, c.shown_begin);
        EXPECT_EQ(end, c.shown_end);
        id = read["TimerScalingPolicies.0.TimerId"];
        const core::Slot slot = world.state().find_timer(id);
        const auto before = world.state().at<core::ScalingTimer>(slot).schedule();
        EXPECT_TRUE(put(id, begin, end).ok());
        const auto after = world.state().at<core::ScalingTimer>(slot).schedule();
        EXPECT_EQ(after.begin, before.begin);
        EXPECT_EQ(after.end, before.end);
        EXPECT_EQ(after.offset_minutes, before.offset_minutes);
    }
}

TEST(Timer, WhoseNumbersNoLongerFitIsStoppedAndRenamedAllTheSame) {
    World world;
    const std::string fleet = world.make_fleet({.max = 5});
    const std::string other = world.make_fleet({.name = "other"});
    Params wish = timer_of(fleet, "evening", "2020-09-13T13:00:00Z", "2020-09-14T14:00:00Z");
    wish[2] = {"TimerScalingPolicy.TimerFleetCapacity.DesiredInstances", "5"};
    ASSERT_TRUE(world.call("PutTimerScalingPolicy", wish).ok());
    ASSERT_TRUE(world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MaxSize", "2"}}).ok());
    const std::string id = world.call("DescribeTimerScalingPolicies", {})["TimerScalingPolicies.0.TimerId"];
    const auto put = [&](const Params& change) {
        Params params{{"TimerScalingPolicy.TimerId", id}};
        params.insert(params.end(), change.begin(), change.end());
        return world.call("PutTimerScalingPolicy", params).code();
    };
    EXPECT_EQ(put({{"TimerScalingPolicy.TimerStatus", "3"}}), "");
    EXPECT_EQ(put({{"TimerScalingPolicy.TimerName", "night"}}), "");
    wish[0].second = "late";
    EXPECT_EQ(put(wish), "") << "all of it, with the numbers that it has";
    EXPECT_EQ(put({{"TimerScalingPolicy.TimerFleetCapacity.DesiredInstances", "4"}}), "InvalidParameterValue");

    world.settings.limits.instances_per_region = 2;  // less than what the fleets have
    EXPECT_EQ(put({{"TimerScalingPolicy.TimerFleetCapacity.DesiredInstances", "1"}}), "");
    EXPECT_EQ(put({{"TimerScalingPolicy.TimerFleetCapacity.MaxSize", "2"}}), "");
    EXPECT_EQ(put({{"TimerScalingPolicy.TimerFleetCapacity.MaxSize", "3"}}), "LimitExceeded.InstanceLimitExceeded");
}

TEST(Policies, AreKeptAndGoWithTheirFleet) {
    World world;
    const std::string fleet = world.make_fleet();
    ASSERT_TRUE(
        world.call("PutTimerScalingPolicy", timer_of(fleet, "t", "2020-09-14T13:00:00Z", "2021-09-14T14:00:00Z")).ok());
    const Params rule = {{"FleetId", fleet},          {"Name", "busy"},
                         {"PolicyType", "RuleBased"}, {"MetricName", "AvailableGameServerSessions"},
                         {"ScalingAdjustment", "1"},  {"ScalingAdjustmentType", "ChangeInCapacity"},
                         {"ComparisonOperator", "<"}, {"Threshold", "2"},
                         {"EvaluationPeriods", "5"}};
    ASSERT_TRUE(world.call("PutScalingPolicy", rule).ok());
    world.restart_server();
    const Answer kept = world.call("DescribeScalingPolicies", {});
    EXPECT_EQ(kept["TotalCount"], "1");
    EXPECT_EQ(kept["ScalingPolicies.0.ComparisonOperator"], "<");
    EXPECT_EQ(kept["ScalingPolicies.0.Threshold"], "2");
    EXPECT_EQ(kept["ScalingPolicies.0.EvaluationPeriods"], "5");
    EXPECT_EQ(world.call("DescribeTimerScalingPolicies", {})["TotalCount"], "1");

    const Answer copies = world.call("CopyFleet", {{"FleetId", fleet},
                                                   {"CopyNumber", "2"},
                                                   {"SelectedScalingType", "SCALING_SELECTED"},
                                                   {"SelectedTimerType", "TIMER_SELECTED"}});
    ASSERT_TRUE(copies.ok()) << copies.body();
    std::set<std::string> timers;
    for (const std::string& owner : {fleet, copies["FleetAttributes.0.FleetId"], copies["FleetAttributes.1.FleetId"]}) {
        EXPECT_EQ(world.call("DescribeScalingPolicies", {{"FleetId", owner}})["ScalingPolicies.0.Name"], "busy");
        const Answer timed = world.call("DescribeTimerScalingPolicies", {{"FleetId", owner}});
        EXPECT_EQ(timed["TotalCount"], "1");
        timers.insert(timed["TimerScalingPolicies.0.TimerId"]);
    }
    EXPECT_EQ(timers.size(), 3U) << "each has a timer of its own";
    const Answer bare = world.call("CopyFleet", {{"FleetId", fleet}, {"CopyNumber", "1"}});
    EXPECT_EQ(world.call("DescribeScalingPolicies", {{"FleetId", bare["FleetAttributes.0.FleetId"]}})["TotalCount"],
              "0");
    for (const std::string& copy : {copies["FleetAttributes.0.FleetId"], copies["FleetAttributes.1.FleetId"]})
        EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", copy}}).ok());
    world.advance(10s);
    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok());
    world.advance(10min);
    ASSERT_EQ(world.fleet_status(fleet), "TERMINATED");
    EXPECT_EQ(world.call("DescribeScalingPolicies", {})["TotalCount"], "0");
    EXPECT_EQ(world.call("DescribeTimerScalingPolicies", {})["TotalCount"], "0");
    EXPECT_EQ(world.state().table<core::ScalingTimer>().size(), 0U);
    EXPECT_EQ(world.state().table<core::ScalingRule>().size(), 0U);
    world.restart_server();
}

TEST(Buckets, OptionsSurviveARestart) {
    World world;
    ASSERT_TRUE(world
                    .call("UpdateBucketCORSOpt", {{"AllowedOrigins.0", "https://play.example.com"},
                                                  {"AllowedMethods.0", "PUT"},
                                                  {"MaxAgeSeconds", "60"}})
                    .ok());
    ASSERT_TRUE(world.call("UpdateBucketAccelerateOpt", {{"Allowed", "true"}}).ok());
    world.restart_server();
    const core::Slot slot = world.state().find_bucket("ap-shanghai");
    ASSERT_NE(slot, core::kNone);
    const core::Bucket& bucket = world.state().at<core::Bucket>(slot);
    EXPECT_TRUE(bucket.accelerated);
    EXPECT_THAT(bucket.allowed_origins, ::testing::ElementsAre("https://play.example.com"));
    EXPECT_EQ(bucket.max_age_s, 60U);
    EXPECT_EQ(world.state().table<core::Bucket>().size(), 1U);
}

}  // namespace
}  // namespace gse::testing
