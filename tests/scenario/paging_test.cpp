// Pages that neither repeat nor skip, whatever comes and goes meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(NextToken, NeitherRepeatsNorSkipsUnderChange) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 50});
    std::vector<std::string> there_all_along;
    for (int i = 0; i < 20; ++i) there_all_along.push_back(world.make_session(fleet));
    std::multiset<std::string> seen;
    std::string token;
    int pages = 0;
    do {
        const Answer page =
            world.call("DescribeGameServerSessions", {{"FleetId", fleet}, {"Limit", "3"}, {"NextToken", token}});
        ASSERT_TRUE(page.ok()) << page.body();
        for (std::size_t i = 0; i < page.count("GameServerSessions"); ++i)
            seen.insert(page["GameServerSessions." + std::to_string(i) + ".GameServerSessionId"]);
        token = page["NextToken"];
        // One that was listed ends, one that was not listed yet ends, and a new one comes.
        if (pages < 5) {
            world.host().end_match(there_all_along[static_cast<std::size_t>(pages)]);
            world.host().end_match(there_all_along[static_cast<std::size_t>(19 - pages)]);
            world.make_session(fleet);
        }
        ASSERT_LT(++pages, 20);
    } while (!token.empty());
    for (const auto& session : there_all_along) EXPECT_EQ(seen.count(session), 1U) << session;
    EXPECT_EQ(seen.size(), 25U);
}

TEST(NextToken, OnlyOursIsTaken) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3});
    const std::string session = world.make_session(fleet);
    world.make_session(fleet);
    world.join(session, "ann");
    world.join(session, "bob");
    const std::string sessions =
        world.call("DescribeGameServerSessions", {{"FleetId", fleet}, {"Limit", "1"}})["NextToken"];
    const std::string players =
        world.call("DescribePlayerSessions", {{"GameServerSessionId", session}, {"Limit", "1"}})["NextToken"];
    ASSERT_FALSE(sessions.empty() || players.empty());
    const auto next = [&](const std::string& token) {
        return world.call("DescribeGameServerSessions", {{"FleetId", fleet}, {"NextToken", token}}).code();
    };
    EXPECT_EQ(next(sessions), "");
    EXPECT_EQ(next(players), "InvalidParameterValue") << "of another list";
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        std::string forged = sessions;
        forged[i] = forged[i] == '1' ? '2' : '1';
        EXPECT_EQ(next(forged), "InvalidParameterValue") << forged;
        EXPECT_EQ(next(sessions.substr(0, i)), i == 0 ? "" : "InvalidParameterValue");
    }
    world.restart_server();
    EXPECT_EQ(next(sessions), "") << "it survives a restart";
}

TEST(OffsetAndLimit, CoverAListExactlyOnce) {
    World world;
    const std::string fleet = world.make_fleet();
    for (int i = 0; i < 7; ++i) world.make_alias(fleet);
    std::set<std::string> seen;
    for (int offset = 0; offset < 9; offset += 3) {
        const Answer page = world.call("ListAliases", {{"Limit", "3"}, {"Offset", std::to_string(offset)}});
        EXPECT_EQ(page["TotalCount"], "7");
        for (std::size_t i = 0; i < page.count("Aliases"); ++i)
            seen.insert(page["Aliases." + std::to_string(i) + ".AliasId"]);
    }
    EXPECT_EQ(seen.size(), 7U);
    const Answer behind = world.call("ListAliases", {{"Offset", "18446744073709551615"}});
    EXPECT_EQ(behind.count("Aliases"), 0U);
}

}  // namespace
}  // namespace gse::testing
