// Update without downtime [不停服更新].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

TEST(UpdateWithoutDowntime, NobodyNotices) {
    World world;
    const std::string v1 = world.make_fleet({.name = "v1", .processes = 10, .max = 3, .buffer = 30});
    const std::string v2 = world.make_fleet({.name = "v2", .processes = 10, .max = 3, .buffer = 30});
    const std::string alias = world.make_alias(v1);
    std::vector<std::string> old_matches, players;
    for (int i = 0; i < 15; ++i) {
        old_matches.push_back(world.make_session(alias));
        for (int j = 0; j < 2; ++j) {
            players.push_back(world.join(old_matches.back(), "v1-" + std::to_string(2 * i + j)));
            EXPECT_EQ(world.host().accept(old_matches.back(), players.back()), link::CallStatus::Ok);
        }
    }
    EXPECT_EQ(world.instances(v1), 3U);
    EXPECT_EQ(world.instances(v2), 1U);

    ASSERT_TRUE(world
                    .call("UpdateAlias",
                          {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", v2}})
                    .ok());
    EXPECT_EQ(world.call("ResolveAlias", {{"AliasId", alias}})["FleetId"], v2);
    for (int i = 0; i < 15; ++i) {
        const std::string match = world.make_session(alias);
        EXPECT_EQ(
            world.call("DescribeGameServerSessions", {{"GameServerSessionId", match}})["GameServerSessions.0.FleetId"],
            v2);
    }
    EXPECT_EQ(world.instances(v2), 3U);
    EXPECT_EQ(world.call("DescribeGameServerSessions", {{"AliasId", alias}}).count("GameServerSessions"), 15U)
        << "AliasId means the fleet it points to now";
    for (const auto& match : old_matches) EXPECT_EQ(world.session_status(match), "ACTIVE");
    for (const auto& player : players) EXPECT_EQ(world.player_status(player), "ACTIVE");

    EXPECT_EQ(world.call("DeleteFleet", {{"FleetId", v1}}).code(), "ResourceInUse");
    for (const auto& match : old_matches) {
        world.host().end_match(match);
        world.advance(1min);
    }
    world.advance(20min);
    EXPECT_EQ(world.instances(v1), 1U) << "one instance stays, though the minimum is 0";
    EXPECT_THAT(world.host().killed(), IsEmpty());
    ASSERT_TRUE(world.call("DeleteFleet", {{"FleetId", v1}}).ok());
    world.advance(15s);
    EXPECT_EQ(world.fleet_status(v1), "TERMINATED");
    EXPECT_EQ(world.instances(v2), 3U);
}

}  // namespace
}  // namespace gse::testing
