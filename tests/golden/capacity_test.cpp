#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenCapacity, EveryActionAndItsRefusals) {
    World world;
    world.settings.limits.instances_per_region = 20;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string other = world.make_fleet({.name = "other"});
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    const std::string young = world.make_fleet({.name = "young"});
    world.host().go_on();
    world.host().behaviour.fails_at = link::PrepareStep::Extracted;
    const std::string broken = world.make_fleet({.name = "broken"});
    world.host().behaviour.fails_at.reset();
    const auto of = [&](std::string json) {
        return fill(std::move(json), {{"f", fleet}, {"other", other}, {"young", young}, {"broken", broken}});
    };
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        return golden.call(action, sentence, of(std::move(json)), region);
    };

    call("DescribeFleetCapacity", "of two fleets", R"({"FleetIds":["$f","$other"]})");
    call("DescribeFleetCapacity", "the second page of one", R"({"FleetIds":["$f","$other"],"Limit":1,"Offset":1})");
    call("DescribeFleetCapacity", "of one that does not exist", R"({"FleetIds":["$f","fleet-00000000-00000000"]})");
    call("DescribeFleetCapacity", "of one of another region", R"({"FleetIds":["$f"]})", "ap-tokyo");
    call("DescribeFleetCapacity", "without ids", "{}");

    call("UpdateFleetCapacity", "range and cool-down",
         R"({"FleetId":"$f","MinSize":0,"MaxSize":3,"ScalingInterval":3})");
    call("UpdateFleetCapacity", "the desired number", R"({"FleetId":"$f","DesiredInstances":3})");
    const std::string session = world.make_session(fleet);
    call("DescribeFleetCapacity", "three instances, one of them busy", R"({"FleetIds":["$f"]})");
    call("UpdateFleetCapacity", "what was desired moves into the new range", R"({"FleetId":"$f","MaxSize":2})");
    call("DescribeFleetCapacity", "one instance goes", R"({"FleetIds":["$f"]})");
    call("UpdateFleetCapacity", "nothing at all", R"({"FleetId":"$f"})");
    call("UpdateFleetCapacity", "a minimum above the maximum", R"({"FleetId":"$f","MinSize":3})");
    call("UpdateFleetCapacity", "a minimum above the maximum, both given",
         R"({"FleetId":"$f","MinSize":5,"MaxSize":4})");
    call("UpdateFleetCapacity", "a desired number above the maximum", R"({"FleetId":"$f","DesiredInstances":3})");
    call("UpdateFleetCapacity", "a desired number below the minimum",
         R"({"FleetId":"$f","DesiredInstances":0,"MinSize":1})");
    call("UpdateFleetCapacity", "a maximum of nothing", R"({"FleetId":"$f","MaxSize":0})");
    call("UpdateFleetCapacity", "a cool-down that is too short", R"({"FleetId":"$f","ScalingInterval":2})");
    call("UpdateFleetCapacity", "a cool-down that is too long", R"({"FleetId":"$f","ScalingInterval":31})");
    call("UpdateFleetCapacity", "more than the region's quota", R"({"FleetId":"$f","MaxSize":19})");
    call("UpdateFleetCapacity", "two instances for a fleet whose first deployment failed",
         R"({"FleetId":"$broken","MaxSize":2})");
    call("UpdateFleetCapacity", "of a fleet that does not exist",
         R"({"FleetId":"fleet-00000000-00000000","MaxSize":2})");
    call("UpdateFleetCapacity", "without an id", R"({"MaxSize":2})");
    world.host().end_match(session);

    constexpr std::string_view kBuffer =
        R"({"FleetId":"$f","Name":"buffer","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":30}})";
    call("PutScalingPolicy", "a session buffer", std::string(kBuffer));
    call("DescribeScalingPolicies", "of a fleet", R"({"FleetId":"$f"})");
    call(
        "PutScalingPolicy", "a buffer of at least 20 sessions that goes down to none",
        R"({"FleetId":"$f","Name":"buffer","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":30,"MinimumFreeSessions":20,"KeepOne":false}})");
    call("DescribeScalingPolicies", "with the extensions of a target", R"({"FleetId":"$f"})");
    call(
        "PutScalingPolicy", "a minimum of free sessions beyond all measure",
        R"({"FleetId":"$f","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":30,"MinimumFreeSessions":100001}})");
    call(
        "PutScalingPolicy", "another name and the metric's other spelling replace it",
        R"({"FleetId":"$f","Name":"spare","PolicyType":"TargetBased","MetricName":"PercentAvailableGameServerSessions","TargetConfiguration":{"TargetValue":15}})");
    call(
        "PutScalingPolicy", "without a name",
        R"({"FleetId":"$other","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":99}})");
    call(
        "PutScalingPolicy", "a rule",
        R"({"FleetId":"$f","Name":"rule","PolicyType":"RuleBased","MetricName":"IdleInstances","ScalingAdjustment":1,"ScalingAdjustmentType":"ChangeInCapacity","ComparisonOperator":">","Threshold":1.0,"EvaluationPeriods":5})");
    call("DescribeScalingPolicies", "the target, then the rules", R"({"FleetId":"$f"})");
    call(
        "PutScalingPolicy", "the same name changes the rule",
        R"({"FleetId":"$f","Name":"rule","PolicyType":"RuleBased","MetricName":"PercentAvailableGameServerSessions","ScalingAdjustment":-20,"ScalingAdjustmentType":"PercentChangeInCapacity","ComparisonOperator":"<=","Threshold":12.5,"EvaluationPeriods":1})");
    call("DescribeScalingPolicies", "after the rule was changed", R"({"FleetId":"$f","StatusFilter":"ACTIVE"})");
    call(
        "PutScalingPolicy", "a rule with the name of the target",
        R"({"FleetId":"$f","Name":"spare","PolicyType":"RuleBased","MetricName":"IdleInstances","ScalingAdjustment":1,"ScalingAdjustmentType":"ChangeInCapacity","ComparisonOperator":">","Threshold":1.0,"EvaluationPeriods":5})");
    call(
        "PutScalingPolicy", "a target with the name of a rule",
        R"({"FleetId":"$f","Name":"rule","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":30}})");
    call(
        "PutScalingPolicy", "a rule without a threshold",
        R"({"FleetId":"$f","Name":"r","PolicyType":"RuleBased","MetricName":"IdleInstances","ScalingAdjustment":1,"ScalingAdjustmentType":"ChangeInCapacity","ComparisonOperator":">","EvaluationPeriods":5})");
    call(
        "PutScalingPolicy", "a rule of more than 99 %",
        R"({"FleetId":"$f","Name":"r","PolicyType":"RuleBased","MetricName":"IdleInstances","ScalingAdjustment":100,"ScalingAdjustmentType":"PercentChangeInCapacity","ComparisonOperator":">","Threshold":1.0,"EvaluationPeriods":5})");
    world.settings.limits.policies_per_fleet = 1;
    call(
        "PutScalingPolicy", "a rule beyond the limit of the fleet",
        R"({"FleetId":"$f","Name":"r","PolicyType":"RuleBased","MetricName":"IdleInstances","ScalingAdjustment":1,"ScalingAdjustmentType":"ChangeInCapacity","ComparisonOperator":">","Threshold":1.0,"EvaluationPeriods":5})");
    call("PutScalingPolicy", "without a target",
         R"({"FleetId":"$f","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions"})");
    call(
        "PutScalingPolicy", "a target of 100 %",
        R"({"FleetId":"$f","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":100}})");
    call(
        "PutScalingPolicy", "a buffer of something else",
        R"({"FleetId":"$f","PolicyType":"TargetBased","MetricName":"IdleInstances","TargetConfiguration":{"TargetValue":30}})");
    call(
        "PutScalingPolicy", "a type that does not exist",
        R"({"FleetId":"$f","PolicyType":"MoonBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":30}})");
    call(
        "PutScalingPolicy", "for a fleet that does not exist",
        R"({"FleetId":"fleet-00000000-00000000","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":30}})");
    call("DescribeScalingPolicies", "of the whole region", "{}");
    call("DescribeScalingPolicies", "the second page of one", R"({"Limit":1,"Offset":1})");
    call("DescribeScalingPolicies", "of a fleet without any", R"({"FleetId":"$young"})");
    call("DescribeScalingPolicies", "those in force", R"({"FleetId":"$f","StatusFilter":"ACTIVE"})");
    call("DescribeScalingPolicies", "by a status that does not exist", R"({"StatusFilter":"SLEEPY"})");
    call("DescribeScalingPolicies", "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("DeleteScalingPolicy", "by a name that it does not have", R"({"FleetId":"$f","Name":"buffer"})");
    call("DeleteScalingPolicy", "by name", R"({"FleetId":"$f","Name":"spare"})");
    call("DeleteScalingPolicy", "a rule by name", R"({"FleetId":"$f","Name":"rule"})");
    call("DeleteScalingPolicy", "a name that the fleet has not", R"({"FleetId":"$f","Name":"rule"})");
    call("DeleteScalingPolicy", "all of a fleet", R"({"FleetId":"$other"})");
    call("DeleteScalingPolicy", "all of a fleet without any", R"({"FleetId":"$other"})");
    call("DeleteScalingPolicy", "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("DeleteScalingPolicy", "without an id", "{}");

    call("StopFleetActions", "automatic scaling", R"({"FleetId":"$f","Actions":["AUTO_SCALING"]})");
    EXPECT_EQ(world.call("DescribeFleetAttributes", {{"FleetIds.0", fleet}})["FleetAttributes.0.StoppedActions.0"],
              "AUTO_SCALING");
    call("StopFleetActions", "again is no harm; AUTO_SCALING is what is meant", R"({"FleetId":"$f"})");
    call("StopFleetActions", "an action that does not exist", R"({"FleetId":"$f","Actions":["AUTO_PILOT"]})");
    call("StopFleetActions", "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("StopFleetActions", "without an id", "{}");
    call("StartFleetActions", "automatic scaling", R"({"FleetId":"$f","Actions":["AUTO_SCALING"]})");
    EXPECT_EQ(world.call("DescribeFleetAttributes", {{"FleetIds.0", fleet}}).count("FleetAttributes.0.StoppedActions"),
              0U);
    call("StartFleetActions", "an action that does not exist", R"({"FleetId":"$f","Actions":["AUTO_PILOT"]})");
    call("StartFleetActions", "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("StartFleetActions", "without an id", "{}");

    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", other}}).ok());
    world.host().behaviour.idle_complies = false;
    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok());
    ASSERT_EQ(world.fleet_status(fleet), "DELETING");
    call("UpdateFleetCapacity", "of a fleet that is being deleted", R"({"FleetId":"$f","MaxSize":2})");
    call("PutScalingPolicy", "for a fleet that is being deleted", std::string(kBuffer));
    call("DeleteScalingPolicy", "of a fleet that is being deleted", R"({"FleetId":"$f"})");
    call("StopFleetActions", "of a fleet that is being deleted", R"({"FleetId":"$f"})");
    call("StartFleetActions", "of a fleet that is being deleted", R"({"FleetId":"$f"})");
    Params many;
    for (int i = 0; i < 25; ++i) many.emplace_back(fmt::format("FleetIds.{}", i), fleet);
    EXPECT_EQ(world.call("DescribeFleetCapacity", many).count("FleetCapacity"), 25U)
        << "all that are named, unless asked for less";
}

}  // namespace
}  // namespace gse::testing
