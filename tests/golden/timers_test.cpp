#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenTimers, EveryActionAndItsRefusals) {
    World world;  // 2020-09-13T12:26:40Z, a Sunday
    world.settings.limits.instances_per_region = 20;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.max = 5});
    const std::string other = world.make_fleet({.name = "other"});
    std::string once;
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        return golden.call(action, sentence, fill(std::move(json), {{"f", fleet}, {"other", other}, {"once", once}}),
                           region);
    };
    const auto put = [&](const std::string& sentence, const std::string& timer) {
        return call("PutTimerScalingPolicy", sentence, R"({"TimerScalingPolicy":)" + timer + "}");
    };

    put("once",
        R"({"TimerName":"opening","TimerFleetCapacity":{"FleetId":"$f","DesiredInstances":2,"MinSize":1,"MaxSize":4,"ScalingInterval":10,"ScalingType":1},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z","EndTime":"2020-09-15T00:00:00.250Z"}})");
    once = world.call("DescribeTimerScalingPolicies", {})["TimerScalingPolicies.0.TimerId"];
    put("every other day, with the words of the examples",
        R"({"TimerName":"evening","TimerFleetCapacity":{"FleetId":"$f","MinSize":2,"MaxSize":5,"ScalingType":"ScalingTypeAuto","TargetConfiguration":{"TargetValue":30}},"TimerConfiguration":{"TimerType":"TimerTypeDay","TimerValue":{"Day":2},"BeginTime":"2020-09-10T15:36:00Z","EndTime":"2021-09-10T00:00:00Z"}})");
    put("the third to the fifth of each month",
        R"({"TimerName":"monthly","TimerFleetCapacity":{"FleetId":"$f","DesiredInstances":3},"TimerConfiguration":{"TimerType":3,"TimerValue":{"FromDay":3,"ToDay":5},"BeginTime":"2020-09-01T15:39:00Z"}})");
    put("Monday and Wednesday, by a clock that is eight hours ahead",
        R"({"TimerName":"weekly","TimerFleetCapacity":{"FleetId":"$other","MaxSize":2,"ScalingInterval":1},"TimerConfiguration":{"TimerType":4,"TimerValue":{"WeekDays":[1,3]},"BeginTime":"2020-10-01T07:38:00+08:00"}})");

    call("DescribeTimerScalingPolicies", "of a fleet, newest first", R"({"FleetId":"$f"})");
    call("DescribeTimerScalingPolicies", "of the whole region", "{}");
    call("DescribeTimerScalingPolicies", "the second page of one", R"({"FleetId":"$f","Limit":1,"Offset":1})");
    call("DescribeTimerScalingPolicies", "by name", R"({"TimerName":"weekly"})");
    call("DescribeTimerScalingPolicies", "those that may fire in a time",
         R"({"FleetId":"$f","BeginTime":"2020-09-14T00:00:00Z","EndTime":"2020-09-15T00:00:00Z"})");
    call("DescribeTimerScalingPolicies", "before any begins", R"({"EndTime":"2020-01-01T00:00:00Z"})");
    call("DescribeTimerScalingPolicies", "of another region", "{}", "ap-tokyo");
    call("DescribeTimerScalingPolicies", "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("DescribeTimerScalingPolicies", "from a time behind the one to which",
         R"({"BeginTime":"2020-09-15T00:00:00Z","EndTime":"2020-09-14T00:00:00Z"})");
    call("DescribeTimerScalingPolicies", "from a time that is none", R"({"BeginTime":"tomorrow"})");

    put("stops it, and changes nothing else", R"({"TimerId":"$once","TimerStatus":3})");
    call("DescribeTimerScalingPolicies", "one that is stopped", R"({"TimerName":"opening"})");
    put("lets it go on, under another name and with other numbers",
        R"({"TimerId":"$once","TimerStatus":1,"TimerName":"launch","TimerFleetCapacity":{"MinSize":0,"MaxSize":3}})");
    call("DescribeTimerScalingPolicies", "after the change", R"({"TimerName":"launch"})");

    put("without a name",
        R"({"TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("without a fleet",
        R"({"TimerName":"t","TimerFleetCapacity":{"MaxSize":2},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("without anything to set",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f"},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("without a time", R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2}})");
    put("of no kind",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":0,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("without a beginning",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":1}})");
    put("ending before it begins",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z","EndTime":"2020-09-14T15:30:00Z"}})");
    put("once, in the past",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-12T15:31:00Z"}})");
    put("on a day that its time does not hold",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":4,"TimerValue":{"WeekDays":[5]},"BeginTime":"2020-09-14T15:31:00Z","EndTime":"2020-09-16T00:00:00Z"}})");
    put("monthly without days",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":3,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("monthly from a day behind the last",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":3,"TimerValue":{"FromDay":5,"ToDay":3},"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("weekly without days",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":4,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("on an eighth day of the week",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":4,"TimerValue":{"WeekDays":[8]},"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("a minimum above the maximum that the fleet has",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MinSize":6},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("a desired number above the maximum that the fleet has",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","DesiredInstances":6},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("more than the region's quota",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":20},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("for a fleet that does not exist",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"fleet-00000000-00000000","MaxSize":2},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    put("one that does not exist", R"({"TimerId":"timerId-00000000","TimerStatus":3})");
    put("moved to another fleet", R"({"TimerId":"$once","TimerFleetCapacity":{"FleetId":"$other","MaxSize":2}})");
    call("PutTimerScalingPolicy", "nothing at all", "{}");
    world.settings.limits.timers_per_fleet = 3;
    put("beyond the limit of the fleet",
        R"({"TimerName":"t","TimerFleetCapacity":{"FleetId":"$f","MaxSize":2},"TimerConfiguration":{"TimerType":1,"BeginTime":"2020-09-14T15:31:00Z"}})");
    call("PutTimerScalingPolicy", "of another region", R"({"TimerScalingPolicy":{"TimerId":"$once","TimerStatus":3}})",
         "ap-tokyo");

    call("DeleteTimerScalingPolicy", "by fleet and name", R"({"FleetId":"$f","TimerName":"monthly"})");
    call("DeleteTimerScalingPolicy", "a name that the fleet has not", R"({"FleetId":"$f","TimerName":"monthly"})");
    call("DeleteTimerScalingPolicy", "an id together with another name", R"({"TimerId":"$once","TimerName":"weekly"})");
    call("DeleteTimerScalingPolicy", "an id of another region", R"({"TimerId":"$once"})", "ap-tokyo");
    call("DeleteTimerScalingPolicy", "by id", R"({"TimerId":"$once"})");
    call("DeleteTimerScalingPolicy", "one that is gone", R"({"TimerId":"$once"})");
    call("DeleteTimerScalingPolicy", "by a name alone", R"({"TimerName":"weekly"})");
    call("DeleteTimerScalingPolicy", "nothing", "{}");
}

}  // namespace
}  // namespace gse::testing
