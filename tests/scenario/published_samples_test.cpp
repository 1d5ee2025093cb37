// What the published samples show, field by field: programs were written by them [API samples].
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::MatchesRegex;

TEST(PublishedSamples, IdsAndArnsHaveTheirShape) {
    World world;
    const std::string fleet = world.make_fleet();
    EXPECT_THAT(fleet, MatchesRegex("fleet-[0-9a-z]{8}-[0-9a-z]{8}"));
    EXPECT_THAT(world.make_asset(), MatchesRegex("asset-[0-9a-z]{8}-[0-9a-z]{8}"));
    const std::string prefix = "qcs::gse:ap-shanghai:uin/[0-9]+:";
    const Answer attributes = world.call("DescribeFleetAttributes", {{"FleetIds.0", fleet}});
    EXPECT_THAT(attributes["FleetAttributes.0.FleetArn"], MatchesRegex(prefix + "fleet/" + fleet));
    const std::string alias = world.make_alias(fleet);
    EXPECT_THAT(world.call("DescribeAlias", {{"AliasId", alias}})["Alias.AliasArn"],
                MatchesRegex(prefix + "alias/" + alias));
    const std::string session = world.make_session(fleet);
    EXPECT_THAT(session, MatchesRegex(prefix + "gameserversession/" + fleet + "/gssess-[0-9a-z]{8}-[0-9a-z]{8}"));
    EXPECT_THAT(world.join(session, "ann"), MatchesRegex("psess-.+"));
    const Answer events = world.call("DescribeFleetEvents", {{"FleetId", fleet}});
    EXPECT_THAT(events["Events.0.EventId"], MatchesRegex("event-[0-9a-z]{8}-[0-9a-z]{8}"));
    const Answer instances = world.call("DescribeInstances", {{"FleetId", fleet}});
    EXPECT_THAT(instances["Instances.0.InstanceId"], MatchesRegex("ins-[0-9a-z]{8}"));
    EXPECT_EQ(instances["Instances.0.Status"], "RUNNING");
    EXPECT_EQ(instances["Instances.0.Weight"], "5");
    EXPECT_THAT(events["Events.0.EventTime"], MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"));
    EXPECT_EQ(attributes["FleetAttributes.0.TerminationTime"], "null") << "an unset time";
    EXPECT_EQ(attributes["FleetAttributes.0.Description"], "") << "an empty text is there";
    EXPECT_EQ(attributes.count("FleetAttributes.0.Tags"), 0U);
}

TEST(PublishedSamples, ASessionIsAnsweredActivatingWithItsAddress) {
    World world;
    const Answer made =
        world.call("CreateGameServerSession", {{"FleetId", world.make_fleet()}, {"MaximumPlayerSessionCount", "9"}});
    EXPECT_EQ(made["GameServerSession.Status"], "ACTIVATING");
    EXPECT_EQ(made["GameServerSession.IpAddress"], "10.0.0.1");
    EXPECT_THAT(made["GameServerSession.Port"], MatchesRegex("[1-9][0-9]*")) << "a number, though a sample has text";
    EXPECT_EQ(made["GameServerSession.TerminationTime"], "null");
}

TEST(PublishedSamples, ATerminalAliasMayBearAFleet) {
    World world;
    const std::string fleet = world.make_fleet();
    const Answer alias = world.call("CreateAlias", {{"Name", "closed"},
                                                    {"RoutingStrategy.Type", "TERMINAL"},
                                                    {"RoutingStrategy.Message", "see you"},
                                                    {"RoutingStrategy.FleetId", fleet}});
    EXPECT_TRUE(alias.ok()) << alias.body();
    EXPECT_EQ(alias["Alias.RoutingStrategy.FleetId"], fleet);
    const Answer resolved = world.call("ResolveAlias", {{"AliasId", alias["Alias.AliasId"]}});
    EXPECT_EQ(resolved.message(), "see you");
}

TEST(PublishedSamples, AnUnplacedPlacementEndsAfterTheDefaultOfSixHundredSeconds) {
    World world;
    world.make_fleet();
    const std::string fleet = world.make_fleet({.max = 1});
    world.make_session(fleet);
    const std::string alias = world.make_alias(fleet);
    const std::string arn = world.call("DescribeAlias", {{"AliasId", alias}})["Alias.AliasArn"];
    ASSERT_TRUE(
        world.call("CreateGameServerSessionQueue", {{"Name", "q"}, {"Destinations.0.DestinationArn", arn}}).ok());
    const auto look = [&](const char* field) {
        return world.call("DescribeGameServerSessionPlacement",
                          {{"PlacementId", "p"}})[fmt::format("GameServerSessionPlacement.{}", field)];
    };
    ASSERT_TRUE(
        world
            .call("StartGameServerSessionPlacement",
                  {{"PlacementId", "p"}, {"GameServerSessionQueueName", "q"}, {"MaximumPlayerSessionCount", "2"}})
            .ok());
    world.advance(599s);
    EXPECT_EQ(look("Status"), "PENDING");
    EXPECT_EQ(look("EndTime"), "null");
    world.advance(2s);
    EXPECT_EQ(look("Status"), "TIMED_OUT");
    const auto seconds = [&](const char* field) { return parse_time(look(field)).value().ms / 1000; };
    EXPECT_EQ(seconds("EndTime") - seconds("StartTime"), 600);
}

TEST(PublishedSamples, ALimitOfNoSessionsIsNoLimit) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3});
    EXPECT_TRUE(
        world
            .call("UpdateFleetAttributes", {{"FleetId", fleet},
                                            {"ResourceCreationLimitPolicy.NewGameServerSessionsPerCreator", "0"},
                                            {"ResourceCreationLimitPolicy.PolicyPeriodInMinutes", "0"}})
            .ok());
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(world
                        .call("CreateGameServerSession",
                              {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}, {"CreatorId", "ann"}})
                        .ok());
}

TEST(PublishedSamples, TimesComeInThreeShapes) {
    for (const char* text : {"2021-01-14T14:04:29.496Z", "2021-01-14T14:04:29Z", "2021-01-14 14:04:29"})
        EXPECT_EQ(format_utc(parse_time(text).value()), "2021-01-14T14:04:29Z") << text;
}

}  // namespace
}  // namespace gse::testing
