#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenSearch, EveryFieldAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 6});
    const std::string alias = world.make_alias(fleet);
    const auto make = [&](const std::string& name, const std::string& players, const std::string& map) {
        const Answer made = world.call("CreateGameServerSession", {{"FleetId", fleet},
                                                                   {"Name", name},
                                                                   {"MaximumPlayerSessionCount", players},
                                                                   {"GameProperties.0.Key", "map"},
                                                                   {"GameProperties.0.Value", map}});
        EXPECT_TRUE(made.ok()) << made.body();
        world.advance(1s);
        return made["GameServerSession.GameServerSessionId"];
    };
    const std::string first = make("lobby", "2", "desert");
    make("arena", "10", "ice");
    const std::string last = make("arena", "4", "desert");
    world.join(first, "ann");
    world.join(first, "bob");
    world.join(last, "cid");
    const auto call = [&](const std::string& sentence, std::string json, const std::string& region = "") {
        return golden.call("SearchGameServerSessions", sentence,
                           fill(std::move(json), {{"f", fleet}, {"a", alias}, {"s", first}}), region);
    };
    EXPECT_EQ(call("everything that is active", R"({"FleetId":"$f"})").count("GameServerSessions"), 3U);
    EXPECT_EQ(
        call("by alias, room for players", R"({"AliasId":"$a","FilterExpression":"hasAvailablePlayerSessions=true"})")
            .count("GameServerSessions"),
        2U);
    EXPECT_EQ(
        call(
            "by name and property",
            R"({"FleetId":"$f","FilterExpression":"gameServerSessionName = 'arena' AND gameServerSessionProperties.map<>'ice'"})")
            .count("GameServerSessions"),
        1U);
    EXPECT_EQ(call("by id", R"({"FleetId":"$f","FilterExpression":"gameServerSessionId='$s'"})")
                  ["GameServerSessions.0.GameServerSessionId"],
              first);
    EXPECT_EQ(call("none", R"({"FleetId":"$f","FilterExpression":"playerSessionCount>2"})").count("GameServerSessions"),
              0U);
    EXPECT_EQ(call("sorted by capacity, the first page of one",
                   R"({"FleetId":"$f","SortExpression":"maximumSessions DESC","Limit":1})")
                  ["GameServerSessions.0.MaximumPlayerSessionCount"],
              "10");
    EXPECT_EQ(call("sorted by name, equals in order of creation",
                   R"({"FleetId":"$f","SortExpression":"gameServerSessionName ASC"})")
                  ["GameServerSessions.1.GameServerSessionId"],
              last);
    call("an expression that is none", R"({"FleetId":"$f","FilterExpression":"players > 2"})");
    call("one that ends too early", R"({"FleetId":"$f","FilterExpression":"playerSessionCount >= 2 AND"})");
    call("one that is too long",
         fill(R"({"FleetId":"$f","FilterExpression":"$x"})", {{"x", std::string(4'097, 'x')}, {"f", fleet}}));
    call("sorted by what has no order", R"({"FleetId":"$f","SortExpression":"hasAvailablePlayerSessions"})");
    call("a token of another list", R"({"FleetId":"$f","NextToken":"ntoken-1-00000000000000000000"})");
    call("a fleet of another region", R"({"FleetId":"$f"})", "ap-tokyo");
    call("an alias that does not exist", R"({"AliasId":"alias-00000000-00000000"})");
    call("neither fleet nor alias", R"({"FilterExpression":"playerSessionCount>2"})");
}

}  // namespace
}  // namespace gse::testing
