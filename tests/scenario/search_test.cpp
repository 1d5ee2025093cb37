// Finding a session to join, whatever comes and goes meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> ids(const Answer& page) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < page.count("GameServerSessions"); ++i)
        out.push_back(page["GameServerSessions." + std::to_string(i) + ".GameServerSessionId"]);
    return out;
}

TEST(Search, FindsWhatIsActiveOnly) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3});
    const std::string open = world.make_session(fleet);
    const std::string ended = world.make_session(fleet);
    world.host().end_match(ended);
    world.host().behaviour.activates = false;
    const std::string activating = world.make_session(fleet);
    ASSERT_EQ(world.session_status(activating), "ACTIVATING");
    EXPECT_THAT(ids(world.call("SearchGameServerSessions", {{"FleetId", fleet}})), ::testing::ElementsAre(open));
}

TEST(Search, FollowsWhoComesAndGoes) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string session = world.make_session(fleet, 1);
    const auto joinable = [&] {
        return ids(world.call("SearchGameServerSessions",
                              {{"FleetId", fleet}, {"FilterExpression", "hasAvailablePlayerSessions=true"}}))
            .size();
    };
    EXPECT_EQ(joinable(), 1U);
    world.join(session, "ann");
    EXPECT_EQ(joinable(), 0U) << "a reserved seat counts";
    world.advance(61s);
    EXPECT_EQ(joinable(), 1U) << "until it times out";
    EXPECT_TRUE(world
                    .call("UpdateGameServerSession",
                          {{"GameServerSessionId", session}, {"PlayerSessionCreationPolicy", "DENY_ALL"}})
                    .ok());
    EXPECT_EQ(joinable(), 0U) << "a closed door is no room";
}

TEST(Search, SortedPagesNeitherRepeatNorSkipUnderChange) {
    for (const std::string sort : {"playerSessionCount DESC", "maximumSessions ASC", "gameServerSessionName DESC",
                                   "gameServerSessionId ASC", "creationTimeMillis DESC", ""}) {
        World world;
        const std::string fleet = world.make_fleet({.processes = 50});
        std::vector<std::string> sessions;
        for (int i = 0; i < 12; ++i) {
            const Answer made =
                world.call("CreateGameServerSession", {{"FleetId", fleet},
                                                       {"Name", "name-" + std::to_string(i % 3)},
                                                       {"MaximumPlayerSessionCount", std::to_string(5 + i % 4)}});
            sessions.push_back(made["GameServerSession.GameServerSessionId"]);
            for (int player = 0; player < i % 5; ++player)
                world.join(sessions.back(), std::to_string(i) + "-" + std::to_string(player));
        }
        std::multiset<std::string> seen;
        std::string token;
        int pages = 0;
        do {
            const Answer page =
                world.call("SearchGameServerSessions",
                           {{"FleetId", fleet}, {"SortExpression", sort}, {"Limit", "3"}, {"NextToken", token}});
            ASSERT_TRUE(page.ok()) << sort << page.body();
            for (const auto& id : ids(page)) seen.insert(id);
            token = page["NextToken"];
            if (pages == 0) world.host().end_match(*seen.begin());  // the position of the token may be gone
            ASSERT_LT(++pages, 10) << sort;
        } while (!token.empty());
        EXPECT_EQ(seen.size(), sessions.size()) << sort;
        for (const auto& session : sessions) EXPECT_EQ(seen.count(session), 1U) << sort << session;
    }
}

TEST(Search, ATokenIsOfItsOrder) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 3});
    world.make_session(fleet);
    world.make_session(fleet);
    const auto search = [&](const std::string& sort, const std::string& token) {
        return world.call("SearchGameServerSessions",
                          {{"FleetId", fleet}, {"SortExpression", sort}, {"Limit", "1"}, {"NextToken", token}});
    };
    const std::string up = search("maximumSessions ASC", "")["NextToken"];
    ASSERT_FALSE(up.empty());
    EXPECT_TRUE(search("maximumSessions ASC", up).ok());
    EXPECT_EQ(search("maximumSessions DESC", up).code(), "InvalidParameterValue");
    EXPECT_EQ(search("playerSessionCount ASC", up).code(), "InvalidParameterValue");
    for (std::size_t i = 0; i < up.size(); ++i) {
        std::string forged = up;
        forged[i] = forged[i] == '1' ? '2' : '1';
        EXPECT_EQ(search("maximumSessions ASC", forged).code(), "InvalidParameterValue") << forged;
    }
}

}  // namespace
}  // namespace gse::testing
