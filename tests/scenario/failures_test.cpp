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
