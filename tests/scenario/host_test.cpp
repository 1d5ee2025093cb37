// Silence is not death; what was acknowledged survives everything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Host, SilentIsShieldedAndHealsWithoutLoss) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string session = world.make_session(fleet);
    const std::string seat = world.join(session, "ann");
    EXPECT_EQ(world.host().accept(session, seat), link::CallStatus::Ok);
    world.host().lose_network();
    world.advance(20s);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    const Answer seen = world.call("DescribeGameServerSessions", {{"GameServerSessionId", session}});
    EXPECT_EQ(seen["GameServerSessions.0.AvailabilityStatus"], "Disable");
    const Answer refused =
        world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}});
    EXPECT_THAT(refused.message(), HasSubstr("1 on hosts that are not answering"));
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), ElementsAre(HasSubstr("gave no sign of life")));
    world.host().heal_network();
    EXPECT_EQ(world.player_status(seat), "ACTIVE");
    EXPECT_NE(world.make_session(fleet), "");
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_DOWN")));
}

TEST(Host, ThatHasHealedIsNoticedWhenItFallsSilentAgain) {
    World world;
    const auto status = [&] { return world.call("ListHosts", {})["Hosts.0.Status"]; };
    for (int time = 0; time < 3; ++time) {
        world.host().lose_network();
        world.advance(20s);
        EXPECT_EQ(status(), "SILENT") << time;
        world.host().heal_network();
        world.advance(5s);
        EXPECT_EQ(status(), "CONNECTED") << time;
    }
}

TEST(Host, OffersTheTypesThatItsAgentNames) {
    World world(false);
    const auto types = [&](const std::string& region = "") {
        std::vector<std::string> names;
        const Answer list = world.call("DescribeInstanceTypes", {}, region);
        for (std::size_t i = 0; i < list.count("InstanceTypeList"); ++i)
            names.push_back(list["InstanceTypeList." + std::to_string(i) + ".InstanceType"]);
        return names;
    };
    EXPECT_THAT(types(), IsEmpty()) << "no host, no type on offer";
    world.add_host({.name = "small", .region = "ap-shanghai", .instance_types = {"S5.SMALL2", "C3.LARGE8"}});
    EXPECT_THAT(types(), ElementsAre("S5.SMALL2", "C3.LARGE8"));
    EXPECT_THAT(types("ap-beijing"), IsEmpty());

    const std::string fleet = world.make_fleet();  // of S5.LARGE8
    EXPECT_EQ(world.host().instances().size(), 0U);
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"),
                ElementsAre(HasSubstr("1 that do not offer S5.LARGE8, 0 of another region")));
    world.add_host({.name = "any", .address = "10.0.0.2"});
    EXPECT_EQ(types().size(), world.settings.instance_types.size());
    world.advance(10s);
    EXPECT_EQ(world.host(1).instances().size(), 1U) << "the other one cannot take it";
    world.restart_server();
    EXPECT_EQ(types("ap-beijing").size(), world.settings.instance_types.size())
        << "of the host that serves all regions";
}

TEST(Host, WhoseAddressNobodyKnowsGetsNoSessionsAndOneThatIsKnownStays) {
    World world(false);
    FakeHost& host = world.add_host({.address = ""});
    const Params wish{{"FleetId", world.make_fleet({.processes = 1})}, {"MaximumPlayerSessionCount", "2"}};
    const Answer refused = world.call("CreateGameServerSession", wish);
    EXPECT_FALSE(refused.ok()) << "players could not be told where it is: " << refused.body();
    host.move_to("10.0.0.7");
    const Answer made = world.call("CreateGameServerSession", wish);
    EXPECT_EQ(made["GameServerSession.IpAddress"], "10.0.0.7") << made.body();
    host.move_to("");
    EXPECT_EQ(world.call("ListHosts", {})["Hosts.0.IpAddress"], "10.0.0.7") << "until another one is known";
    host.move_to("10.0.0.8");
    EXPECT_EQ(world.call("ListHosts", {})["Hosts.0.IpAddress"], "10.0.0.8");
}

TEST(Host, LostIsReplacedAndTidiedUpWhenItComesBack) {
    World world;
    for (int i = 2; i <= 4; ++i)
        world.add_host({.name = "host-" + std::to_string(i), .address = "10.0.0." + std::to_string(i)});
    const std::string fleet = world.make_fleet({.processes = 1});
    const std::string session = world.make_session(fleet);
    std::size_t mine = 0;
    for (std::size_t i = 0; i < 4; ++i)
        if (!world.host(i).games().empty()) mine = i;
    world.host(mine).lose_network();
    world.advance(9min);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    world.advance(2min);
    EXPECT_EQ(world.session_status(session), "ERROR");
    EXPECT_THAT(world.events_of(fleet, "SERVER_DOWN"),
                ElementsAre(HasSubstr("is lost with 1 session and is replaced")));
    EXPECT_EQ(world.fleet(fleet).instances_active, 1U);
    EXPECT_NE(world.make_session(fleet), "");
    world.host(mine).heal_network();
    world.advance(5s);
    EXPECT_THAT(world.host(mine).instances(), IsEmpty()) << "what was given up is removed there";
    EXPECT_EQ(world.session_status(session), "ERROR") << "ERROR is final";
}

/// Each with a match.
struct ThreeHosts {
    ThreeHosts() {
        world.add_host({.name = "host-2", .address = "10.0.0.2"});
        world.add_host({.name = "host-3", .address = "10.0.0.3"});
        fleet = world.make_fleet({.processes = 1, .max = 3});
        world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "3"}});
        for (int i = 0; i < 3; ++i) sessions.push_back(world.make_session(fleet));
    }
    [[nodiscard]] std::ptrdiff_t lost() {
        return std::ranges::count_if(sessions, [&](const auto& id) { return world.session_status(id) != "ACTIVE"; });
    }

    World world;
    std::string fleet;
    std::vector<std::string> sessions;
};

TEST(Host, ManyAtOnceAreNeverGivenUp) {
    ThreeHosts three;
    World& world = three.world;
    world.host(0).lose_network();
    world.host(1).lose_network();
    world.advance(2h);
    EXPECT_EQ(three.lost(), 0);
    EXPECT_THAT(world.event_codes(three.fleet), Not(Contains("SERVER_DOWN")));
    world.host(0).heal_network();
    world.host(1).heal_network();
    for (const auto& session : three.sessions)
        EXPECT_EQ(world.call("DescribeGameServerSessions",
                             {{"GameServerSessionId", session}})["GameServerSessions.0.AvailabilityStatus"],
                  "Enable");
}

TEST(Host, WhoComesBackFirstDoesNotTakeTheShieldFromTheOthers) {
    ThreeHosts three;
    World& world = three.world;
    world.host(0).lose_network();
    world.host(1).lose_network();
    world.advance(2h);
    world.host(0).heal_network();
    world.advance(8min);
    EXPECT_EQ(three.lost(), 0) << "the other one is on its way";
    world.host(1).heal_network();
    world.advance(1min);
    EXPECT_EQ(three.lost(), 0);
    EXPECT_FALSE(world.host(1).games().empty());

    world.host(0).lose_network();
    world.host(1).lose_network();
    world.advance(595s);
    world.host(0).heal_network();
    world.advance(1min);
    EXPECT_EQ(three.lost(), 0) << "it was not alone for ten minutes";
    world.advance(11min);
    EXPECT_EQ(three.lost(), 1) << "now it was";
}

TEST(Host, AServerThatSleptHearsItsHostsBeforeItGivesThemUp) {
    for (const int hosts : {1, 2, 3}) {
        World world;
        for (int i = 2; i <= hosts; ++i)
            world.add_host({.name = "host-" + std::to_string(i), .address = "10.0.0." + std::to_string(i)});
        const std::string fleet = world.make_fleet({.processes = 1});
        const std::string session = world.make_session(fleet);
        world.stand_still(8h);
        world.advance(1h);
        EXPECT_EQ(world.session_status(session), "ACTIVE") << hosts;
        EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_DOWN"))) << hosts;
    }
}

TEST(Host, ThatWasFrozenAndGivenUpSaysHelloAgain) {
    World world;
    FakeHost& frozen = world.host();
    frozen.behaviour.may_be_closed = true;
    const std::string fleet = world.make_fleet({.processes = 1});
    const std::string session = world.make_session(fleet);
    frozen.freeze();
    world.advance(11min);
    EXPECT_EQ(world.session_status(session), "ERROR");
    frozen.thaw();
    world.advance(10s);
    EXPECT_THAT(frozen.closed_because(), HasSubstr("connect again"));
    frozen.connect();
    world.advance(10s);
    for (const auto& [id, game] : frozen.games()) EXPECT_NE(game.session, session) << "what was given up is removed";
    EXPECT_EQ(world.call("ListHosts", {})["Hosts.0.Status"], "CONNECTED");
    EXPECT_NE(world.make_session(fleet), "") << "and what replaces it starts here";
}

TEST(Host, IsToldAgainOfAnEndWhoseAnswerWasLost) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1});
    const std::string process = world.host().games().begin()->first;
    world.host().behaviour.idle_complies = false;
    EXPECT_EQ(world.host().sdk(process, link::CallEnding{}).status, link::CallStatus::Ok);
    EXPECT_FALSE(world.host().game(process).kill_at) << "the agent counts from the answer";
    world.host().restart_agent();
    world.advance(5s);
    ASSERT_TRUE(world.host().games().contains(process));
    EXPECT_TRUE(world.host().game(process).kill_at) << "or from this";
    world.advance(5min);
    EXPECT_FALSE(world.host().games().contains(process));
}

TEST(Restart, OfTheServerInTheMiddleKeepsEverything) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 10, .max = 3, .buffer = 30});
    const std::string alias = world.make_alias(fleet);
    std::vector<std::string> sessions, seats;
    for (int i = 0; i < 15; ++i) {
        sessions.push_back(world.make_session(alias));
        seats.push_back(world.join(sessions.back(), "player-" + std::to_string(i)));
        if (i % 2 == 0) {
            EXPECT_EQ(world.host().accept(sessions.back(), seats.back()), link::CallStatus::Ok);
        }
    }
    const auto games = world.host().games().size();
    world.restart_server(30s);
    for (const auto& session : sessions) EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(world.instances(fleet), 3U);
    EXPECT_EQ(world.host().games().size(), games) << "nothing running is ever killed because a server restarted";
    world.advance(61s);
    for (std::size_t i = 0; i < seats.size(); ++i)
        EXPECT_EQ(world.player_status(seats[i]), i % 2 == 0 ? "ACTIVE" : "TIMEDOUT");
    EXPECT_NE(world.make_session(alias), "");
}

TEST(Restart, OfTheServerFiresNoReservationBeforeTheHostHasToldAllItKnows) {
    World world;
    const std::string session = world.make_session(world.make_fleet());
    const std::string seat = world.join(session, "ann");
    world.host().lose_network();
    world.restart_server();
    world.advance(5min);
    EXPECT_EQ(world.player_status(seat), "RESERVED") << "an accept may be on its way";
    world.host().heal_network();
    world.advance(2s);
    EXPECT_EQ(world.player_status(seat), "TIMEDOUT");
}

TEST(Restart, OfTheServerDoesNotEndACreationThatSucceededMeanwhile) {
    World world;
    world.host().behaviour.stops_at = link::PrepareStep::Extracted;
    const std::string fleet = world.make_fleet({.processes = 1});
    world.host().lose_network();
    world.host().behaviour.stops_at.reset();
    world.host().go_on();
    world.restart_server(24h);
    world.advance(1min);
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("FLEET_VALIDATION_TIMED_OUT")));
    world.host().heal_network();
    world.advance(2s);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
}

TEST(Restart, OfAnAgentAdoptsWhatRuns) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string session = world.make_session(fleet);
    world.host().restart_agent();
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_EQ(world.fleet(fleet).processes_active, 2U);
    EXPECT_NE(world.make_session(fleet), "");
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_PROCESS_CRASHED")));
}

}  // namespace
}  // namespace gse::testing
