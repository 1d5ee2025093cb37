// Games that a developer started by hand get sessions of unsigned local calls. Source: [本地调试工具].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/hand_started.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

class HandStarted : public ::testing::Test {
protected:
    void start_by_hand(const std::string& id, std::uint16_t port) { world_.host().start_by_hand(id, port); }
    Answer create(const std::string& fleet) {
        return world_.call_locally("CreateGameServerSession",
                                   R"({"FleetId":")" + fleet + R"(","MaximumPlayerSessionCount":10})");
    }
    World world_;
};

TEST_F(HandStarted, WaitsAndGetsTheSessionOfAnyFleetId) {
    start_by_hand("by-hand.1", 7'777);
    EXPECT_EQ(world_.fleet_status(std::string{core::kHandStartedFleet}), "ACTIVE");
    const Answer made = create("fleet-123");
    ASSERT_TRUE(made.ok()) << made.body();
    EXPECT_EQ(made["GameServerSession.FleetId"], "fleet-123");
    EXPECT_EQ(made["GameServerSession.Port"], "7777");
    EXPECT_EQ(made["GameServerSession.InstanceType"], "localhost");
    EXPECT_FALSE(create("fleet-123").ok()) << "one process, one session";
    start_by_hand("by-hand.2", 7'778);
    EXPECT_TRUE(create("fleet-123").ok());
    world_.restart_server();
    EXPECT_EQ(world_.fleet("fleet-123").live_sessions.size(), 2u);
}

TEST_F(HandStarted, SignedCallsAreToldThatThereIsNoSuchFleet) {
    start_by_hand("by-hand.1", 7'777);
    const Answer refused =
        world_.call("CreateGameServerSession", {{"FleetId", "fleet-123"}, {"MaximumPlayerSessionCount", "10"}});
    EXPECT_FALSE(refused.ok());
}

TEST_F(HandStarted, FleetsWithAPackageStayAsTheyAre) {
    const std::string fleet = world_.make_fleet();
    start_by_hand("by-hand.1", 7'777);
    ASSERT_TRUE(create(fleet).ok()) << "on its own process";
    const Answer full = create(fleet);
    EXPECT_FALSE(full.ok()) << "a process that was started by hand is not lent to it";
}

TEST_F(HandStarted, NothingIsLaunchedScaledOrSentThere) {
    start_by_hand("by-hand.1", 7'777);
    ASSERT_TRUE(create("fleet-123").ok());
    world_.advance(std::chrono::hours{1});
    EXPECT_EQ(world_.fleet("fleet-123").instances.size(), 1u);
    EXPECT_EQ(world_.fleet("fleet-123").processes_active, 1u);
    world_.call("UpdateFleetCapacity", {{"FleetId", "fleet-123"}, {"MaxSize", "5"}, {"DesiredCapacity", "3"}});
    world_.advance(60s);
    EXPECT_EQ(world_.fleet("fleet-123").instances.size(), 1u);
}

TEST_F(HandStarted, AGameThatEndsIsForgottenAndItsFleetCanGo) {
    start_by_hand("by-hand.1", 7'777);
    ASSERT_TRUE(create("fleet-123").ok());
    world_.host().end_by_hand("by-hand.1");
    EXPECT_EQ(world_.fleet("fleet-123").processes_active, 0u);
    EXPECT_TRUE(world_.fleet("fleet-123").live_sessions.empty());
    EXPECT_THAT(world_.event_codes("fleet-123"), ::testing::Not(::testing::Contains("SERVER_PROCESS_CRASHED")));
    EXPECT_TRUE(world_.call("DeleteFleet", {{"FleetId", "fleet-123"}}).ok());
    world_.advance(1s);
    EXPECT_EQ(world_.fleet("fleet-123").status, FleetStatus::Terminated);
}

}  // namespace
}  // namespace gse::testing
