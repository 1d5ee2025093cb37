// How many instances a fleet has [弹性伸缩; 配置扩缩容].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST(Scaling, TheExampleOfTheGuide) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 10, .max = 3, .buffer = 30});
    std::vector<std::string> sessions;
    for (int i = 0; i < 7; ++i) sessions.push_back(world.make_session(fleet));
    EXPECT_EQ(world.instances(fleet), 1U) << "7 of 10 leave exactly 30 %";
    sessions.push_back(world.make_session(fleet));
    EXPECT_EQ(world.instances(fleet), 2U) << "8 of 10 leave 20 %: growth does not wait";
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"), Contains(HasSubstr("Desired 2, minimum 0, maximum 3")));
    for (int i = 0; i < 2; ++i) {
        world.host().end_match(sessions.back());
        sessions.pop_back();
    }
    EXPECT_EQ(world.instances(fleet), 2U) << "shrinking waits for the cool-down";
    world.advance(9min);
    EXPECT_EQ(world.instances(fleet), 2U);
    world.advance(61s);
    EXPECT_EQ(world.instances(fleet), 1U);
    world.advance(10s);
    EXPECT_EQ(world.fleet(fleet).instances.size(), 1U) << "the idle instance is gone";
    for (const auto& session : sessions) EXPECT_EQ(world.session_status(session), "ACTIVE");
}

TEST(Scaling, TheWorkedExamplesOfTheBuffer) {
    struct Case {
        std::uint32_t processes, buffer, sessions, instances;
        std::string what;
    };
    const Case cases[] = {
        {10, 30, 7, 1, "exactly 30 % free"},
        {10, 30, 8, 2, "20 % free is too little"},
        {10, 30, 6, 1, "40 % free is enough"},
        {10, 50, 6, 2, "the older demo"},
        {10, 50, 1, 1, "the older demo, after five have ended"},
        {1, 50, 1, 2, "one process an instance"},
        {1, 50, 0, 1, "without a session one instance stays, though the minimum is 0"},
        {10, 15, 8, 1, "out at 85 % used"},
        {10, 15, 9, 2, "90 % used"},
    };
    for (const Case& one : cases) {
        World world;
        const std::string fleet = world.make_fleet({.processes = one.processes, .max = 3, .buffer = one.buffer});
        for (std::uint32_t i = 0; i < one.sessions; ++i) world.make_session(fleet);
        world.advance(15min);
        EXPECT_EQ(world.instances(fleet), one.instances) << one.what;
    }
}

TEST(Scaling, NeverLeavesItsRange) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .max = 2, .buffer = 90});
    world.make_session(fleet);
    world.make_session(fleet);
    EXPECT_EQ(world.instances(fleet), 2U);
    const Answer refused =
        world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}});
    EXPECT_EQ(refused.code(), "ResourceInsufficient");
    EXPECT_THAT(refused.message(), HasSubstr("2/2 processes busy, maximum 2"));
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "3"}, {"MaxSize", "4"}});
    EXPECT_GE(world.instances(fleet), 3U);
}

TEST(Scaling, AShortageSaysWhatIsComing) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 10, .max = 2, .buffer = 30});
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    for (int i = 0; i < 10; ++i) world.make_session(fleet);
    const Answer refused =
        world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}});
    EXPECT_THAT(refused.message(), HasSubstr("10/10 processes busy, 1 instance starting, maximum 2"));
    world.host().go_on();
    EXPECT_NE(world.make_session(fleet), "");
}

TEST(Scaling, ByHandTheDesiredNumberRules) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .max = 5, .buffer = 50});
    world.call("StopFleetActions", {{"FleetId", fleet}, {"Actions.0", "AUTO_SCALING"}});
    world.make_session(fleet);
    EXPECT_EQ(world.instances(fleet), 1U);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "4"}});
    EXPECT_EQ(world.instances(fleet), 4U);
    world.call("StartFleetActions", {{"FleetId", fleet}, {"Actions.0", "AUTO_SCALING"}});
    world.advance(11min);
    EXPECT_EQ(world.instances(fleet), 2U);
}

TEST(Scaling, NoNumberIsTooLargeToBeRefused) {
    World world;
    const std::string fleet = world.make_fleet({.max = 5});
    world.make_fleet({.name = "other"});
    const auto set = [&](const Params& numbers) {
        Params params{{"FleetId", fleet}};
        params.insert(params.end(), numbers.begin(), numbers.end());
        return world.call("UpdateFleetCapacity", params).code();
    };
    const std::string largest = "18446744073709551615";
    EXPECT_EQ(set({{"MaxSize", largest}}), "LimitExceeded.InstanceLimitExceeded");
    EXPECT_EQ(set({{"MaxSize", "4294967296"}}), "LimitExceeded.InstanceLimitExceeded");
    EXPECT_EQ(set({{"MaxSize", largest}, {"DesiredInstances", "4294967296"}}), "LimitExceeded.InstanceLimitExceeded");
    EXPECT_EQ(set({{"MaxSize", largest}, {"MinSize", largest}}), "LimitExceeded.InstanceLimitExceeded");
    EXPECT_EQ(set({{"DesiredInstances", "4294967296"}}), "InvalidParameterValue");
    EXPECT_EQ(set({{"MinSize", "4294967296"}}), "InvalidParameterValue");
    EXPECT_EQ(world.fleet(fleet).max, 5U);
    EXPECT_EQ(world.fleet(fleet).desired, 1U);
}

TEST(Scaling, WhatARequestDoesNotRaiseIsNoReasonToRefuseIt) {
    World world;
    const std::string fleet = world.make_fleet({.max = 10});
    world.make_fleet({.name = "other", .max = 5});
    const auto set = [&](const std::string& of, const Params& numbers) {
        Params params{{"FleetId", of}};
        params.insert(params.end(), numbers.begin(), numbers.end());
        return world.call("UpdateFleetCapacity", params).code();
    };
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    const Answer copied =
        world.call("CopyFleet", {{"FleetId", fleet}, {"CopyNumber", "1"}, {"SelectedScalingType", "SCALING_SELECTED"}});
    const std::string copy = copied["FleetAttributes.0.FleetId"];
    EXPECT_EQ(set(copy, {{"ScalingInterval", "5"}}), "") << "in creation, with a maximum of 10 from its original";
    EXPECT_EQ(set(copy, {{"MaxSize", "11"}}), "UnsupportedOperation");
    EXPECT_EQ(set(copy, {{"DesiredInstances", "2"}}), "UnsupportedOperation");
    EXPECT_EQ(set(copy, {{"MinSize", "2"}}), "UnsupportedOperation");
    EXPECT_EQ(set(copy, {{"MaxSize", "9"}, {"MinSize", "1"}}), "");

    world.settings.limits.instances_per_region = 10;  // less than the sum of what they have
    EXPECT_EQ(set(fleet, {{"DesiredInstances", "2"}}), "");
    EXPECT_EQ(set(fleet, {{"ScalingInterval", "5"}, {"MaxSize", "10"}}), "");
    EXPECT_EQ(set(fleet, {{"MaxSize", "8"}}), "") << "less is still too much, and better than before";
    EXPECT_EQ(set(fleet, {{"MaxSize", "9"}}), "LimitExceeded.InstanceLimitExceeded");
}

TEST(Scaling, ANewFleetIsOfTheQuotaOfInstancesToo) {
    World world;
    const std::string fleet = world.make_fleet({.max = 3});
    const auto copy = [&](const std::string& number) {
        return world.call("CopyFleet", {{"FleetId", fleet}, {"CopyNumber", number}}).code();
    };
    world.settings.limits.instances_per_region = 5;
    EXPECT_EQ(copy("3"), "LimitExceeded.InstanceLimitExceeded");
    EXPECT_EQ(copy("2"), "");
    const Params params = World::fleet_params(world.fleet(fleet).asset_id);
    EXPECT_EQ(world.call("CreateFleet", params).code(), "LimitExceeded.InstanceLimitExceeded");
    world.settings.limits.instances_per_region = 6;
    EXPECT_EQ(world.call("CreateFleet", params).code(), "");
}

TEST(Scaling, AnInstanceThatCannotBePreparedIsReplacedWithoutHaste) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .max = 2});
    world.host().behaviour.fails_at = link::PrepareStep::Downloaded;
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}});
    world.advance(10min);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE") << "a later instance does not break the fleet";
    const std::size_t failures = world.events_of(fleet, "FLEET_BINARY_DOWNLOAD_FAILED").size();
    EXPECT_GE(failures, 5U);
    EXPECT_LE(failures, 30U) << "with back-off";
    world.host().behaviour.fails_at.reset();
    world.advance(2min);
    EXPECT_EQ(world.fleet(fleet).instances_active, 2U);
}

}  // namespace
}  // namespace gse::testing
