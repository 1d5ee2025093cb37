// What listeners to events are told of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using engine::AliasChange;
using engine::FleetChange;
using engine::InstanceChange;
using engine::PlayerChange;
using engine::SessionChange;
using namespace std::chrono_literals;

class Listener final : public engine::ChangeSink {
public:
    core::WatchLevel level = core::WatchLevel::AllButPlayers;
    std::vector<engine::Change> seen;

    core::WatchLevel wanted() const override { return level; }
    void take(engine::Changes changes) override {
        for (auto& change : changes.list) seen.push_back(std::move(change));
    }
    template <class T>
    std::vector<T> of() const {
        std::vector<T> out;
        for (const auto& change : seen)
            if (const T* one = std::get_if<T>(&change)) out.push_back(*one);
        return out;
    }
};

class EventStory : public ::testing::Test {
protected:
    EventStory() {
        world_.listen(&listener_);
        world_.advance(1s);  // from now on it is listened
    }
    World world_;
    Listener listener_;
};

TEST_F(EventStory, AFleetComesUpAndASessionLives) {
    const std::string fleet = world_.make_fleet();
    const std::string session = world_.make_session(fleet);
    world_.call("EndGameServerSessionAndProcess", {{"GameServerSessionId", session}});
    world_.advance(10s);

    const auto fleets = listener_.of<FleetChange>();
    ASSERT_FALSE(fleets.empty());
    EXPECT_TRUE(fleets.front().is_new);
    bool became_active = false;
    for (const auto& change : fleets) became_active |= change.status == FleetStatus::Active && change.from.has_value();
    EXPECT_TRUE(became_active);
    std::vector<std::string> moves;
    for (const auto& change : listener_.of<SessionChange>()) {
        EXPECT_EQ(change.id, session);
        EXPECT_EQ(change.fleet_id, fleet);
        moves.push_back((change.from ? std::string{to_text(*change.from)} : "new") + " " +
                        std::string{to_text(change.status)});
    }
    ASSERT_FALSE(moves.empty());
    EXPECT_THAT(moves.front(), ::testing::StartsWith("new "));
    EXPECT_THAT(moves.back(), ::testing::EndsWith(std::string{to_text(SessionStatus::Terminated)}));
    EXPECT_FALSE(listener_.of<InstanceChange>().empty());
    EXPECT_TRUE(listener_.of<PlayerChange>().empty()) << "nobody asked for players";
}

TEST_F(EventStory, AnAliasSaysWhereItLedAndWhereItLeads) {
    const std::string first = world_.make_fleet(), second = world_.make_fleet();
    const std::string alias = world_.make_alias(first);
    world_.call("UpdateAlias", {{"AliasId", alias}, {"Description", "the same way"}});
    world_.call("UpdateAlias",
                {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", second}});
    world_.call("DeleteAlias", {{"AliasId", alias}});
    const auto moves = listener_.of<AliasChange>();
    ASSERT_EQ(moves.size(), 3u) << "a description is no routing";
    EXPECT_FALSE(moves[0].from);
    EXPECT_EQ(moves[0].to->fleet_id, first);
    EXPECT_EQ(moves[1].from->fleet_id, first);
    EXPECT_EQ(moves[1].to->fleet_id, second);
    EXPECT_EQ(moves[2].from->fleet_id, second);
    EXPECT_FALSE(moves[2].to);
}

TEST_F(EventStory, ABurstOfJoinsIsAFewEventsOfTheFleet) {
    const std::string fleet = world_.make_fleet();
    const std::string session = world_.make_session(fleet, 1'000);
    world_.advance(2s);
    listener_.seen.clear();
    for (int i = 0; i < 1'000; ++i) {
        world_.join(session, "player-" + std::to_string(i));
        world_.advance(1ms);
    }
    world_.advance(2s);
    const auto told = listener_.of<FleetChange>();
    EXPECT_GE(told.size(), 2u);
    EXPECT_LE(told.size(), 6u) << "four a second, and the last word";
    EXPECT_EQ(told.back().numbers.players, 1'000u) << "the last word is right";
    EXPECT_EQ(listener_.seen.size(), told.size()) << "and nothing else";
}

TEST_F(EventStory, PlayersAreToldOfOnRequest) {
    listener_.level = core::WatchLevel::All;
    const std::string fleet = world_.make_fleet();
    const std::string session = world_.make_session(fleet);
    world_.join(session, "ann");
    world_.advance(61s);
    const auto moves = listener_.of<PlayerChange>();
    ASSERT_EQ(moves.size(), 2u);
    EXPECT_EQ(moves[0].player_id, "ann");
    EXPECT_EQ(moves[0].status, PlayerStatus::Reserved);
    EXPECT_EQ(moves[1].from, PlayerStatus::Reserved);
    EXPECT_EQ(moves[1].status, PlayerStatus::TimedOut);
}

TEST_F(EventStory, NothingIsGatheredForNobody) {
    listener_.level = core::WatchLevel::Nothing;
    world_.advance(1s);
    listener_.seen.clear();
    const std::string fleet = world_.make_fleet();
    world_.make_session(fleet);
    EXPECT_TRUE(listener_.seen.empty());
    listener_.level = core::WatchLevel::AllButPlayers;
    world_.advance(4s);
    EXPECT_TRUE(listener_.seen.empty()) << "what was there before anybody listened is no news";
}

}  // namespace
}  // namespace gse::testing
