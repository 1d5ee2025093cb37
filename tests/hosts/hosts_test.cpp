// Several hosts as they are in the world: enrolled by tokens, cut off and healed, killed, drained under running
// matches.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <map>

#include "hosts/rack.h"

namespace gse::hosts {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Millis kLimit{60'000};

/// `<life> <pid> <session>`: the life is drawn once per process.
std::string life_of(const std::string& who) { return who.substr(0, who.find(' ')); }

std::string status_of(const Rack& rack, const std::string& session) {
    e2e::Api api = rack.api();
    const auto found = e2e::find_session(api, session);
    return found ? found->status : "(gone)";
}

/// Which host each session is on, by its address.
std::map<std::string, std::size_t> places_of(const Rack& rack, const std::vector<std::string>& sessions) {
    e2e::Api api = rack.api();
    std::map<std::string, std::size_t> out;
    for (const std::string& session : sessions) {
        const auto found = e2e::find_session(api, session);
        for (std::size_t host = 0; found && host < 4; ++host)
            if (found->ip_address == Rack::address(host)) out[session] = host;
    }
    return out;
}

TEST(Hosts, SessionsSpreadOverEnrolledHostsAndACutOffHostLosesNothing) {
    Rack rack(3);
    ASSERT_TRUE(rack.start()) << rack.problem();
    for (std::size_t i = 0; i < 3; ++i) {
        const api::Host host = rack.seen(i);
        EXPECT_TRUE(host.enrolled);
        EXPECT_THAT(host.host_id, HasSubstr("host-"));
        EXPECT_EQ(host.ip_address, Rack::address(i)) << "the address by which it reaches the server";
        EXPECT_TRUE(host.certificate_end_time);
    }
    const std::string fleet = rack.make_fleet(3, 2, "FullProtection");
    ASSERT_NE(fleet, "") << rack.problem();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(rack.seen(i).instance_count, 1U) << "a fleet spreads";
    const auto sessions = rack.make_sessions(fleet, 6);
    const auto places = places_of(rack, sessions);
    ASSERT_THAT(places, SizeIs(6)) << rack.problem();
    std::map<std::string, std::string> lives;
    for (const std::string& session : sessions) {
        lives[session] = life_of(rack.ask(session, "WHO"));
        EXPECT_NE(lives[session], "") << "players reach it at its own address";
    }
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(std::ranges::count_if(places, [i](const auto& place) { return place.second == i; }), 2);

    rack.cut(1);
    ASSERT_TRUE(rack.wait_status(1, "SILENT")) << rack.problem();
    EXPECT_THAT(rack.games(1), SizeIs(2)) << "its games go on";
    for (const std::string& session : sessions) EXPECT_EQ(status_of(rack, session), "ACTIVE");
    rack.heal(1);
    ASSERT_TRUE(rack.wait_status(1, "CONNECTED")) << rack.problem();
    for (const std::string& session : sessions) {
        EXPECT_EQ(status_of(rack, session), "ACTIVE");
        EXPECT_EQ(life_of(rack.ask(session, "WHO")), lives[session]) << "the same process all along";
    }
    e2e::Api api = rack.api();
    EXPECT_THAT(e2e::event_text(api, fleet), Not(HasSubstr("SERVER_DOWN")));

    // An agent that is killed is a host too: its games go on, and the next one adopts them, with no token any more.
    rack.agent(1).kill_hard();
    ASSERT_TRUE(rack.wait_status(1, "SILENT")) << rack.problem();
    ASSERT_TRUE(rack.start_agent(1)) << rack.problem();
    ASSERT_TRUE(rack.wait_status(1, "CONNECTED")) << rack.problem();
    for (const std::string& session : sessions) EXPECT_EQ(life_of(rack.ask(session, "WHO")), lives[session]);
}

TEST(Hosts, AKilledHostIsGivenUpAndItsInstancesAreReplacedElsewhere) {
    Rack rack(3, {"timers.host_lost=5s"});
    ASSERT_TRUE(rack.start()) << rack.problem();
    const std::string fleet = rack.make_fleet(3, 1, "FullProtection");
    ASSERT_NE(fleet, "") << rack.problem();
    const auto sessions = rack.make_sessions(fleet, 3);
    const auto places = places_of(rack, sessions);
    ASSERT_THAT(places, SizeIs(3)) << rack.problem();

    rack.kill_host(2);
    e2e::Api api = rack.api();
    const auto down = e2e::wait_event(api, fleet, "SERVER_DOWN", Rack::name(2), kLimit);
    ASSERT_TRUE(down) << e2e::event_text(api, fleet);
    EXPECT_THAT(down->message.value_or(""), HasSubstr("is lost with 1 session and is replaced"));
    EXPECT_EQ(rack.seen(2).status, "LOST");
    for (const auto& [session, host] : places) EXPECT_EQ(status_of(rack, session), host == 2 ? "ERROR" : "ACTIVE");
    EXPECT_TRUE(rack.wait_instances(fleet, 3)) << rack.problem();
    EXPECT_EQ(rack.seen(0).instance_count + rack.seen(1).instance_count, 3U);
    EXPECT_THAT(rack.make_sessions(fleet, 1), Not(::testing::Contains(""))) << rack.problem();
}

TEST(Hosts, TwoHostsAreDrainedWhileMatchesRunAndThenRemoved) {
    Rack rack(4);
    ASSERT_TRUE(rack.start()) << rack.problem();
    const std::string fleet = rack.make_fleet(2, 1, "FullProtection");
    ASSERT_NE(fleet, "") << rack.problem();
    const auto sessions = rack.make_sessions(fleet, 2);
    const auto places = places_of(rack, sessions);
    ASSERT_THAT(places, SizeIs(2)) << rack.problem();
    std::map<std::string, std::string> lives;
    for (const std::string& session : sessions) lives[session] = life_of(rack.ask(session, "WHO"));

    e2e::Api api = rack.api();
    for (const auto& [session, host] : places) {
        const auto drained = api.call(api::UpdateHostRequest{.host_id = Rack::name(host), .availability = "DRAINING"});
        ASSERT_TRUE(drained) << e2e::describe(drained.error());
        const auto refused = api.call(api::RemoveHostRequest{.host_id = Rack::name(host)});
        ASSERT_FALSE(refused) << "a match runs there";
        EXPECT_EQ(refused.error().code, "ResourceInUse");
    }
    EXPECT_TRUE(rack.wait_instances(fleet, 2)) << rack.problem();
    for (const auto& [session, host] : places)
        EXPECT_TRUE(e2e::wait_until(kLimit, [&, h = host] {
            return rack.games(h).size() == 1;  // the match's; what idled is gone
        })) << e2e::event_text(api, fleet);
    for (const std::string& session : sessions) {
        EXPECT_EQ(status_of(rack, session), "ACTIVE");
        EXPECT_EQ(life_of(rack.ask(session, "WHO")), lives[session]) << "the match goes on undisturbed";
    }
    for (const auto& [session, host] : places_of(rack, rack.make_sessions(fleet, 2)))
        for (const auto& [old, drained] : places) EXPECT_NE(host, drained) << "new ones begin elsewhere";

    for (const std::string& session : sessions) (void)rack.ask(session, "END");
    for (const auto& [session, host] : places) {
        EXPECT_TRUE(e2e::wait_until(kLimit, [&, h = host] { return rack.seen(h).instance_count == 0; }))
            << e2e::event_text(api, fleet);
        EXPECT_EQ(status_of(rack, session), "TERMINATED") << "ended by the game, not by us";
        const auto removed = api.call(api::RemoveHostRequest{.host_id = Rack::name(host)});
        EXPECT_TRUE(removed) << e2e::describe(removed.error());
    }
    // What a removed host's certificate is worth, from that moment on and after a restart of its agent.
    const std::size_t gone = places.begin()->second;
    rack.agent(gone).kill_hard();
    ASSERT_TRUE(rack.start_agent(gone)) << rack.problem();
    EXPECT_TRUE(e2e::wait_until(kLimit, [&] {
        return rack.agent(gone).log().find("was removed from this deployment") != std::string::npos;
    })) << rack.agent(gone).log();
    EXPECT_EQ(rack.seen(gone).host_id, "");
    rack.agent(gone).kill_hard();
    ASSERT_TRUE(rack.start_agent(gone, true)) << rack.problem();
    EXPECT_TRUE(rack.wait_status(gone, "CONNECTED")) << "with a new token it is a host again: " << rack.problem();
}

}  // namespace
}  // namespace gse::hosts
