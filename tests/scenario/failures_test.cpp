// Rows of docs/failures.md that no other story tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Millis kYear{365 * 24 * 3'600'000LL};

/// Hosts of equal size with a match on each.
struct Region {
    explicit Region(std::size_t count) : world(false) {
        for (std::size_t i = 0; i < count; ++i)
            world.add_host({.name = "host-" + std::to_string(i), .address = "10.0.0." + std::to_string(i)});
        const auto n = static_cast<std::uint32_t>(count);
        fleet = world.make_fleet({.processes = 1, .min = n, .max = n});
        world.advance(5s);
        for (std::size_t i = 0; i < count; ++i) sessions.push_back(world.make_session(fleet));
    }
    std::size_t count(const std::string& status) {
        return static_cast<std::size_t>(
            std::ranges::count_if(sessions, [&](const auto& id) { return world.session_status(id) == status; }));
    }

    World world;
    std::string fleet;
    std::vector<std::string> sessions;
};

TEST(Failures, OneHostOfManyThatIsCutOffForLongIsGivenUpAloneAndTheOthersAreNot) {
    Region region(10);
    region.world.host(3).lose_network();
    region.world.advance(11min);
    EXPECT_EQ(region.count("ERROR"), 1u);
    EXPECT_EQ(region.count("ACTIVE"), 9u);
    EXPECT_THAT(region.world.events_of(region.fleet, "SERVER_DOWN"), ::testing::SizeIs(1));
    EXPECT_EQ(region.world.instances(region.fleet), 10u) << "replaced on one of the others";
}

TEST(Failures, AThirdOfARegionThatIsCutOffIsShieldedForAsLongAsItTakes) {
    Region region(9);
    for (std::size_t i : {1, 4, 7}) region.world.host(i).lose_network();
    region.world.advance(24h);
    EXPECT_EQ(region.count("ACTIVE"), 9u) << "the fault is probably ours";
    EXPECT_THAT(region.world.event_codes(region.fleet), Not(Contains("SERVER_DOWN")));
    EXPECT_THAT(region.world.events_of(region.fleet, "GENERIC_EVENT"), Contains(HasSubstr("gave no sign of life")));
    for (std::size_t i : {1, 4, 7}) region.world.host(i).heal_network();
    region.world.advance(5s);
    EXPECT_EQ(region.count("ACTIVE"), 9u);
    const Answer hosts = region.world.call("ListHosts", {});
    for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(hosts["Hosts." + std::to_string(i) + ".Status"], "CONNECTED");
}

TEST(Failures, NothingExpiresBecauseItsHostCannotSayThatItHasHappened) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string session = world.make_session(fleet);
    world.advance(1min);
    const std::string seat = world.join(session, "ann");
    world.host().behaviour.activates = false;
    const std::string starting = world.make_session(fleet);
    world.host().lose_network();
    world.advance(5min);
    EXPECT_EQ(world.player_status(seat), "RESERVED") << "she may have been let in";
    EXPECT_EQ(world.session_status(starting), "ACTIVATING") << "it may have been activated";
    world.host().heal_network();
    EXPECT_EQ(world.host().accept(session, seat), link::CallStatus::Ok);
    world.host().activate(starting);
    world.advance(1min);
    EXPECT_EQ(world.player_status(seat), "ACTIVE");
    EXPECT_EQ(world.session_status(starting), "ACTIVE");
}

TEST(Failures, AMatchWhoseEndWasDecidedWhileItsHostWasAwayIsToldBeforeItsTimeBegins) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string session = world.make_session(fleet);
    world.host().lose_network();
    world.advance(1min);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", "0"}});
    world.advance(6min);
    ASSERT_EQ(world.session_status(session), "ACTIVE");
    world.host().heal_network();
    world.advance(4min);
    ASSERT_EQ(world.session_status(session), "ACTIVE") << "five minutes from OnProcessTerminate";
    EXPECT_TRUE(world.host().game_of(session).asked_to_end);
    world.restart_server();
    world.advance(2min);
    EXPECT_EQ(world.session_status(session), "ERROR") << "once told, its time is not renewed";
}

TEST(Failures, AGameThatHasSaidItEndsGetsNoMatchAfterItsHostWasAway) {
    World world;
    const std::string fleet = world.make_fleet();
    const std::string session = world.make_session(fleet);
    world.host().end_session(session);
    world.host().lose_network();
    world.restart_server();
    world.advance(5s);
    EXPECT_EQ(world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}}).code(),
              "ResourceInsufficient")
        << "nobody knows yet whether it stays";
    world.host().heal_network();
    world.advance(5s);
    EXPECT_NE(world.make_session(fleet), "");
}

TEST(Failures, AFleetInCreationWhoseHostIsLostWaitsForRoom) {
    World world;
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    const std::string fleet = world.make_fleet();
    ASSERT_EQ(world.fleet_status(fleet), "DOWNLOADING");
    world.host().lose_network();
    world.advance(40min);
    EXPECT_EQ(world.fleet_status(fleet), "DOWNLOADING") << "lack of room is not its fault";
    world.restart_server();
    world.add_host({.name = "second", .address = "10.0.0.2"});
    world.advance(5s);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
}

TEST(Failures, AFleetInCreationThatMovesToAnotherHostHasItsTimeAnewThere) {
    World world(false);
    for (const char* name : {"a", "b", "c", "d"}) world.add_host({.name = name}).behaviour.becomes_ready = false;
    const std::string fleet = world.make_fleet();
    std::size_t carrier = 0;
    while (world.host(carrier).instances().empty()) ++carrier;
    world.advance(8min);
    world.host(carrier).lose_network();
    world.advance(11min);
    ASSERT_THAT(world.events_of(fleet, "SERVER_DOWN"), ::testing::SizeIs(1));
    world.advance(17min);
    EXPECT_EQ(world.fleet_status(fleet), "VALIDATING");
    world.advance(5min);
    EXPECT_EQ(world.fleet_status(fleet), "ERROR") << "twenty minutes are enough";
}

TEST(Failures, AServersClockThatJumpsExpiresAndRevivesNothing) {
    for (const Millis jump : {kYear, -kYear}) {
        World world;
        const std::string fleet = world.make_fleet({.processes = 2, .protection = "TimeLimitProtection"});
        const std::string session = world.make_session(fleet);
        const std::string seat = world.join(session, "ann");
        const Answer made = world.call("CreateHostToken", {});
        world.jump_wall_clock(jump);
        world.advance(30s);
        EXPECT_EQ(world.session_status(session), "ACTIVE");
        EXPECT_EQ(world.player_status(seat), "RESERVED") << "half of its minute is left, whatever the calendar says";
        EXPECT_EQ(world.call("ListHostTokens", {}).count("HostTokens"), 1u);
        EXPECT_EQ(world.call("ListHosts", {})["Hosts.0.Status"], "CONNECTED");
        world.advance(31s);
        EXPECT_EQ(world.player_status(seat), "TIMEDOUT");
        world.restart_server();
        EXPECT_EQ(world.session_status(session), "ACTIVE");
        EXPECT_NE(world.make_session(fleet), "");
    }
}

TEST(Failures, APackageThatIsGoneOrCorruptedCostsTheNewInstanceOnly) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .max = 3});
    const std::string session = world.make_session(fleet);
    world.host().behaviour.fails_at = link::PrepareStep::Downloaded;
    world.host().behaviour.failure_text = "The downloaded package has SHA-256 0, 1 was expected";
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "2"}});
    world.advance(1min);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_THAT(world.events_of(fleet, "FLEET_BINARY_DOWNLOAD_FAILED"),
                Contains(HasSubstr("is given up and replaced: The downloaded package has SHA-256")));
    EXPECT_LT(world.events_of(fleet, "FLEET_BINARY_DOWNLOAD_FAILED").size(), 10u) << "tried again, but not in haste";
    world.host().behaviour.fails_at.reset();
    world.advance(2min);
    EXPECT_EQ(world.fleet(fleet).instances_active, 2u) << "and it recovers alone";
}

TEST(Failures, AHostWithAFullDiskCostsTheNewInstanceOnly) {
    World world;
    world.add_host({.name = "roomy", .address = "10.0.0.2", .instances = 1});
    const std::string fleet = world.make_fleet({.processes = 1, .max = 3});
    const std::string session = world.make_session(fleet);
    for (std::size_t i : {0, 1}) {
        world.host(i).behaviour.fails_at = link::PrepareStep::Extracted;
        world.host(i).behaviour.failure_text = "cannot write /local/game/level.dat: No space left on device";
    }
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "2"}});
    world.advance(1min);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_THAT(world.events_of(fleet, "FLEET_INITIALIZATION_FAILED"), Contains(HasSubstr("No space left on device")));
    for (std::size_t i : {0, 1}) world.host(i).behaviour.fails_at.reset();
    world.advance(2min);
    EXPECT_EQ(world.fleet(fleet).instances_active, 2u);
}

}  // namespace
}  // namespace gse::testing
