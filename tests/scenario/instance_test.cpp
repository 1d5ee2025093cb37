// What operators do with single instances, and what remains of those that are gone [查看实例列表; 查看数据统计].
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Instances of a fleet, oldest first.
std::vector<std::string> ids(World& world, const std::string& fleet) {
    const Answer list = world.call("DescribeInstances", {{"FleetId", fleet}});
    std::vector<std::string> out;
    for (int i = 0; i < std::stoi(list["TotalCount"]); ++i)
        out.push_back(list[fmt::format("Instances.{}.InstanceId", i)]);
    return out;
}

std::string seconds(World& world, const std::string& fleet) {
    return world.call("DescribeFleetStatisticSummary", {{"FleetId", fleet}})["TotalUsedTimeSeconds"];
}

TEST(Instance, TheHeavierOneGetsTheSessionsAndOneOfWeightZeroNone) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2, .min = 3, .max = 3});
    const auto all = ids(world, fleet);
    ASSERT_EQ(all.size(), 3U);
    const auto set = [&](const std::string& instance, int weight) {
        EXPECT_TRUE(world
                        .call("SetServerWeight",
                              {{"FleetId", fleet}, {"InstanceId", instance}, {"Weight", std::to_string(weight)}})
                        .ok());
    };
    set(all[0], 0), set(all[1], 4), set(all[2], 6);
    const auto next = [&] { return world.host().game_of(world.make_session(fleet)).instance; };
    EXPECT_EQ(next(), all[2]);
    EXPECT_EQ(next(), all[2]);
    EXPECT_EQ(next(), all[1]) << "the next heavier when it is full";
    world.restart_server();
    EXPECT_EQ(next(), all[1]);
    const Answer full = world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}});
    EXPECT_EQ(full.code(), "ResourceInsufficient");
    EXPECT_THAT(full.message(), HasSubstr("1 reserved or at weight 0"));
    set(all[0], 1);
    EXPECT_EQ(next(), all[0]);
}

TEST(Instance, ScaleInTakesTheLighterAndNeverAReservedOne) {
    World world;
    const std::string fleet = world.make_fleet({.min = 3, .max = 3});
    const auto all = ids(world, fleet);
    const auto reserve = [&](const std::string& instance, const char* value) {
        EXPECT_TRUE(
            world.call("SetServerReserved", {{"FleetId", fleet}, {"InstanceId", instance}, {"ReserveValue", value}})
                .ok());
    };
    reserve(all[0], "1");
    world.call("SetServerWeight", {{"FleetId", fleet}, {"InstanceId", all[2]}, {"Weight", "1"}});
    const auto resize = [&](const char* size) {
        EXPECT_TRUE(world
                        .call("UpdateFleetCapacity",
                              {{"FleetId", fleet}, {"MinSize", "0"}, {"MaxSize", "3"}, {"DesiredInstances", size}})
                        .ok());
        world.advance(10s);
    };
    resize("2");
    EXPECT_THAT(ids(world, fleet), ::testing::ElementsAre(all[0], all[1])) << "the lighter one is gone";
    world.restart_server();
    resize("0");
    EXPECT_THAT(ids(world, fleet), ::testing::ElementsAre(all[0])) << "the reserved one stays";
    EXPECT_EQ(world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}}).code(),
              "ResourceInsufficient")
        << "a faulty instance gets no players";
    world.advance(61s);  // whoever was refused is demand for a minute
    reserve(all[0], "0");
    world.advance(10s);
    EXPECT_TRUE(ids(world, fleet).empty()) << "released, it goes";
}

TEST(Statistics, TimeIsCountedFromLaunchToRemovalAndOutlivesBoth) {
    World world;
    const std::string fleet = world.make_fleet({.min = 2, .max = 2});
    world.advance(100s);
    EXPECT_EQ(seconds(world, fleet), "200");
    ASSERT_TRUE(world
                    .call("UpdateFleetCapacity",
                          {{"FleetId", fleet}, {"MinSize", "0"}, {"MaxSize", "2"}, {"DesiredInstances", "1"}})
                    .ok());
    world.advance(100s);
    const Answer details = world.call("DescribeFleetStatisticDetails", {{"FleetId", fleet}});
    EXPECT_EQ(details["TotalCount"], "2");
    EXPECT_EQ(std::stoi(details["DetailList.0.TotalUsedTimeSeconds"]) +
                  std::stoi(details["DetailList.1.TotalUsedTimeSeconds"]),
              std::stoi(seconds(world, fleet)));
    EXPECT_LT(std::stoi(seconds(world, fleet)), 310) << "one of them has gone";
    const std::string before = seconds(world, fleet);
    world.restart_server();
    EXPECT_EQ(seconds(world, fleet), before);
    ASSERT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok());
    world.advance(10s);
    const std::string final = seconds(world, fleet);
    world.advance(1h);
    EXPECT_EQ(seconds(world, fleet), final) << "a deleted fleet uses nothing, and is still remembered";
}

TEST(Statistics, DaysAddUpToTheWhole) {
    World world;
    const std::string fleet = world.make_fleet();  // at 12:26:40
    world.advance(48h);
    const Answer flows = world.call("DescribeFleetStatisticFlows", {{"FleetId", fleet}});
    ASSERT_EQ(flows["TotalCount"], "3");
    EXPECT_EQ(flows["UsedTimeList.0.BeginTime"], "2020-09-13 00:00:00");
    EXPECT_EQ(flows["UsedTimeList.1.TotalUsedTimeSeconds"], "86400");
    int sum = 0;
    for (int i = 0; i < 3; ++i) sum += std::stoi(flows[fmt::format("UsedTimeList.{}.TotalUsedTimeSeconds", i)]);
    EXPECT_EQ(sum, 48 * 3600);
    EXPECT_EQ(seconds(world, fleet), std::to_string(sum));
}

TEST(Statistics, WhatIsGoneIsForgottenInTimeAndInNumber) {
    Settings settings;
    settings.retention.statistics = 2h;
    settings.retention.statistics_max = 2;
    World world(true, settings);
    const std::string fleet = world.make_fleet();
    const auto count = [&] {
        return std::stoi(world.call("DescribeFleetStatisticDetails", {{"FleetId", fleet}})["TotalCount"]);
    };
    for (int i = 0; i < 4; ++i) {
        for (const char* size : {"0", "1"}) {
            world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", size}});
            world.advance(60s);
        }
    }
    EXPECT_EQ(count(), 3) << "the one that runs, and two that are gone";
    world.restart_server();
    EXPECT_EQ(count(), 3);
    world.advance(3h);
    EXPECT_EQ(count(), 1) << "only the one that runs";
}

TEST(Logs, AreFoundByInstanceAfterItIsGone) {
    World world;
    world.host().behaviour.log_paths = {"/local/game/log"};
    const std::string fleet = world.make_fleet();
    const std::string instance = ids(world, fleet).front();
    const std::string session = world.make_session(fleet);
    world.host().end_match(session);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", "0"}});
    world.advance(10s);
    ASSERT_TRUE(ids(world, fleet).empty());
    world.host().restart_agent();
    world.restart_server();
    const Answer logs = world.call("GetGameServerInstanceLogUrl", {{"FleetId", fleet}, {"InstanceId", instance}});
    EXPECT_EQ(logs["Total"], "4") << "three steps of its preparation, each once, and a session: " << logs.body();
    const std::string url = logs["PresignedUrls.3"];
    EXPECT_EQ(url, world.call("GetGameServerSessionLogUrl", {{"GameServerSessionId", session}})["PreSignedUrl"]);
    const auto sign = url.find("?sign=");
    ASSERT_NE(sign, std::string::npos);
    const objects::ObjectAuth auth(std::string(32, 'k'));
    const std::string root = "http://127.0.0.1:8080/objects/logs/";
    ASSERT_TRUE(url.starts_with(root));
    const std::string key = url.substr(root.size(), sign - root.size());
    const auto check = [&](objects::Access access, const std::string& wanted, Millis later) {
        return auth.check(url.substr(sign + 6), access, "logs", wanted, world.now().wall + later).has_value();
    };
    EXPECT_TRUE(check(objects::Access::Read, key, 59min));
    EXPECT_FALSE(check(objects::Access::Read, key, 61min)) << "it expires";
    EXPECT_FALSE(check(objects::Access::Write, key, 0min)) << "and is for reading";
    EXPECT_FALSE(check(objects::Access::Read, key + "x", 0min)) << "this one log";
}

}  // namespace
}  // namespace gse::testing
