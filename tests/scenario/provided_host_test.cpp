// Where no host has room, one is asked for: it is made for one instance, and goes with it. Who makes it is played by
// the test, which reads what is asked and says what came of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "core/enrolment.h"
#include "core/provided_hosts.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Settings on_demand() {
    Settings settings;
    settings.hosts.provider = HostProvider::Kubernetes;
    settings.timers.unprotected_grace = 60s;
    return settings;
}

class ProvidedHost : public ::testing::Test {
protected:
    explicit ProvidedHost(Settings settings = on_demand()) : world(false, std::move(settings)) {}

    std::vector<core::ProvidedHost> asked() { return core::list_provided(world.state()); }
    /// The only one.
    core::ProvidedHost only() {
        const auto all = asked();
        EXPECT_THAT(all, SizeIs(1));
        return all.at(0);
    }
    template <class Change>
    void decide(Change&& change) {
        world.decide([&](core::Step& step) {
            change(step);
            return std::string(R"({"Response":{"RequestId":"none"}})");
        });
        world.run();
    }
    Result<std::string> enrol(const core::ProvidedHost& host, const std::string& secret, const std::string& key) {
        Result<std::string> out;
        decide([&](core::Step& step) {
            const auto slot = core::enrol_host(step, {.token_id = host.id,
                                                      .secret_sha256 = to_hex(sha256(secret)),
                                                      .key_sha256 = to_hex(sha256(key)),
                                                      .host_name = "whatever it says"});
            out = slot ? Result<std::string>(step.state.at<core::Host>(*slot).id) : std::unexpected(slot.error());
        });
        return out;
    }
    void place(const core::ProvidedHost& host, const std::string& address = "198.51.100.7") {
        decide([&](core::Step& step) {
            core::on_host_placed(step, host.id, address, "node-1");
            core::on_host_runs(step, host.id);
        });
    }
    /// Its machine starts, enrols and connects.
    FakeHost& start(const core::ProvidedHost& host, const std::string& address = "198.51.100.7") {
        place(host, address);
        EXPECT_TRUE(enrol(host, host.secret, "key of " + host.id));
        HostOptions options{.name = host.name, .address = "10.244.0.9", .instances = 64, .certified_id = host.id};
        options.ports = host.ports;
        FakeHost& made = world.add_host(options);
        world.advance(5s);
        return made;
    }
    void gone(const std::string& id, const std::string& why) {
        decide([&](core::Step& step) { core::on_host_gone(step, id, why); });
    }
    /// From 7777 on, instead of all that its permissions opened.
    void permit_udp_only(const std::string& fleet, const std::string& to) {
        world.call("UpdateFleetPortSettings", {{"FleetId", fleet},
                                               {"InboundPermissionAuthorizations.0.FromPort", "7777"},
                                               {"InboundPermissionAuthorizations.0.ToPort", to},
                                               {"InboundPermissionAuthorizations.0.Protocol", "UDP"},
                                               {"InboundPermissionAuthorizations.0.IpRange", "0.0.0.0/0"},
                                               {"InboundPermissionRevocations.0.FromPort", "1025"},
                                               {"InboundPermissionRevocations.0.ToPort", "60000"},
                                               {"InboundPermissionRevocations.0.Protocol", "TCP"},
                                               {"InboundPermissionRevocations.0.IpRange", "0.0.0.0/0"}});
    }
    std::string status(const std::string& name) {
        return world.call("ListHosts", {{"HostId", name}})["Hosts.0.Status"];
    }

    World world;
};

TEST_F(ProvidedHost, IsAskedForServesAndGoesWithItsInstance) {
    const std::string fleet = world.make_fleet({.processes = 2});
    const core::ProvidedHost host = only();
    EXPECT_EQ(host.fleet_id, fleet);
    EXPECT_EQ(host.instance_type, "S5.LARGE8");
    EXPECT_EQ(host.region, "ap-shanghai");
    EXPECT_EQ(host.ports.high - host.ports.low + 1, 8);
    EXPECT_THAT(host.open_ports, SizeIs(8));
    EXPECT_FALSE(host.joined);
    EXPECT_EQ(status(host.name), "STARTING");
    EXPECT_EQ(world.instances(fleet), 1u) << "what is on its way counts";
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), IsEmpty()) << "nobody waits for room";

    start(host);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    EXPECT_EQ(status(host.name), "CONNECTED");
    const core::ProvidedHost joined = only();
    EXPECT_TRUE(joined.joined);
    EXPECT_EQ(joined.secret, "") << "a token that was used is kept nowhere";
    EXPECT_FALSE(joined.busy);
    const std::string session = world.make_session(fleet);
    const Answer shown = world.call("DescribeGameServerSessions", {{"GameServerSessionId", session}});
    EXPECT_EQ(shown["GameServerSessions.0.IpAddress"], "198.51.100.7") << "the node's address, not the Pod's";
    EXPECT_TRUE(only().busy);

    // A second one comes with demand, on ports of its own, and goes again.
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}, {"MaxSize", "3"}});
    ASSERT_THAT(asked(), SizeIs(2));
    const core::ProvidedHost second = asked()[1];
    EXPECT_GT(second.ports.low, host.ports.high) << "both may stand on one node";
    start(second, "198.51.100.8");
    EXPECT_EQ(world.fleet(fleet).instances_active, 2u);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "1"}});
    world.advance(5s);
    ASSERT_THAT(asked(), SizeIs(2));
    EXPECT_TRUE(asked()[1].released) << "the one without a match";
    EXPECT_FALSE(asked()[0].released);
    EXPECT_EQ(status(second.name), "LEAVING");
    world.host(1).behaviour.may_be_closed = true;
    world.restart_server();
    EXPECT_TRUE(asked()[1].released) << "until its machine is gone it is not forgotten";
    gone(second.id, "its Pod was deleted");
    EXPECT_THAT(asked(), SizeIs(1));
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    gone(second.id, "told twice");
    EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(ProvidedHost, PlainHostsWithRoomComeFirst) {
    world.add_host({.name = "plain", .instances = 1});
    const std::string fleet = world.make_fleet();
    EXPECT_THAT(asked(), IsEmpty());
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}, {"MaxSize", "2"}});
    EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(ProvidedHost, ItsTokenLetsOneMachineIn) {
    world.make_fleet();
    const core::ProvidedHost host = only();
    EXPECT_FALSE(enrol(host, host.secret + "x", "key-1"));
    EXPECT_EQ(enrol(host, host.secret, "key-1"), host.id);
    EXPECT_EQ(enrol(host, host.secret, "key-1"), host.id) << "the answer was lost";
    world.restart_server();
    EXPECT_EQ(enrol(host, host.secret, "key-1"), host.id);
    EXPECT_FALSE(enrol(host, host.secret, "key-2")) << "a stolen token is worth nothing once it was used";
    gone(host.id, "evicted");
    EXPECT_FALSE(enrol(host, host.secret, "key-1")) << "nor when nothing wants the host";
}

TEST_F(ProvidedHost, TakesNoSessionBeforePlayersCanBeToldWhereItIs) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    EXPECT_TRUE(enrol(host, host.secret, "key"));
    HostOptions options{.name = host.name, .certified_id = host.id};
    options.ports = host.ports;
    world.add_host(options);
    world.advance(5s);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    const Params wish{{"FleetId", fleet}, {"MaximumPlayerSessionCount", "4"}};
    EXPECT_FALSE(world.call("CreateGameServerSession", wish).ok());
    place(host, "203.0.113.5");
    EXPECT_EQ(world.call("CreateGameServerSession", wish)["GameServerSession.IpAddress"], "203.0.113.5");
}

TEST_F(ProvidedHost, WhyItDoesNotComeIsToldOnceAWhile) {
    const std::string fleet = world.make_fleet();
    const auto waits = [&](const std::string& reason) {
        for (const auto& host : asked())
            decide([&](core::Step& step) { core::on_host_waits(step, host.id, reason, "0/3 nodes are available"); });
    };
    waits("Unschedulable");
    waits("Unschedulable");
    EXPECT_THAT(
        world.events_of(fleet, "GENERIC_EVENT"),
        ElementsAre(HasSubstr("waits for its host " + asked()[0].name + ": Unschedulable: 0/3 nodes are available")));
    waits("ImagePullBackOff");
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), SizeIs(2));
    world.advance(3h);
    waits("ImagePullBackOff");
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), SizeIs(3));
    EXPECT_THAT(asked(), SizeIs(1)) << "and no other is asked for instead of it";
    EXPECT_NE(world.fleet_status(fleet), "ERROR") << "lack of room is no failure";
}

TEST_F(ProvidedHost, ThatRunsButNeverConnectsIsGivenUpAndReplaced) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    world.advance(2h);
    EXPECT_THAT(asked(), SizeIs(1)) << "as long as its machine does not run, there is nothing to give up";
    place(host);
    world.advance(14min);
    world.restart_server();
    EXPECT_FALSE(only().released);
    world.advance(2min);
    EXPECT_THAT(world.events_of(fleet, "SERVER_DOWN"), ElementsAre(HasSubstr("its agent has not connected within")));
    ASSERT_THAT(asked(), SizeIs(2));
    EXPECT_TRUE(asked()[0].released);
    EXPECT_NE(asked()[1].id, host.id);
}

TEST_F(ProvidedHost, ThatEnrolledAndIsNeverHeardOfAgainIsGivenUpAndReplaced) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    // Its machine is gone before anybody has said that it runs, and no other can be this host.
    ASSERT_TRUE(enrol(host, host.secret, "its key"));
    world.advance(14min);
    ASSERT_TRUE(enrol(host, host.secret, "its key")) << "asked again: the answer was lost";
    world.restart_server();
    EXPECT_FALSE(only().released);
    world.advance(2min);
    EXPECT_THAT(world.events_of(fleet, "SERVER_DOWN"),
                ElementsAre(HasSubstr("its machine runs, but its agent has not connected within")));
    ASSERT_THAT(asked(), SizeIs(2));
    EXPECT_TRUE(asked()[0].released);
    EXPECT_NE(asked()[1].id, host.id);
}

TEST_F(ProvidedHost, ThatIsGoneIsReplacedAndItsSessionsEnd) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    start(host);
    const std::string session = world.make_session(fleet);
    world.host(0).lose_network();
    world.host(0).behaviour.may_be_closed = true;
    gone(host.id, "Evicted: The node was low on resource: memory");
    EXPECT_EQ(world.session_status(session), "ERROR");
    EXPECT_THAT(world.events_of(fleet, "SERVER_DOWN"), ElementsAre(HasSubstr("low on resource: memory. Instance")));
    ASSERT_THAT(asked(), SizeIs(2)) << "at once, though nothing was silent for long";
    EXPECT_TRUE(asked()[0].released);
    EXPECT_FALSE(asked()[1].released);
    EXPECT_NE(asked()[0].ports.low, asked()[1].ports.low);
}

TEST_F(ProvidedHost, ThatComesToNothingAgainAndAgainIsTriedWithGrowingPauses) {
    world.make_fleet();
    int tries = 0;
    for (int i = 0; i < 600; ++i) {
        for (const auto& host : asked()) {
            if (!host.released) ++tries;
            gone(host.id, "its agent ended with exit code 1");
            gone(host.id, "its Pod was deleted");
        }
        world.advance(1s);
    }
    EXPECT_GT(tries, 5);
    EXPECT_LT(tries, 40) << "in ten minutes";
}

TEST_F(ProvidedHost, ThatOthersEndGetsNoNewSessionsAndItsMatchesHaveTheTimeThatIsLeft) {
    const std::string fleet = world.make_fleet({.protection = "FullProtection"});
    const core::ProvidedHost host = only();
    FakeHost& agent = start(host);
    const std::string session = world.make_session(fleet);
    decide([&](core::Step& step) {
        core::on_host_ending(step, host.id, "EvictionByEvictionAPI: Eviction API: evicting", 30min);
    });
    EXPECT_THAT(
        world.events_of(fleet, "GENERIC_EVENT"),
        Contains(AllOf(HasSubstr("EvictionByEvictionAPI"), HasSubstr("1 session may go on for 1800 s at most"))));
    ASSERT_THAT(asked(), SizeIs(2)) << "its successor is on its way";
    world.advance(29min);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    EXPECT_TRUE(agent.game_of(session).asked_to_end) << "the game knows";
    world.restart_server();
    world.advance(2min);
    EXPECT_EQ(world.session_status(session), "ERROR") << "the machine's end comes before the session's protection";
    EXPECT_TRUE(asked()[0].released) << "nothing is left on it";
}

TEST_F(ProvidedHost, OnANodeThatIsCordonedMatchesPlayOnAndReplacementsComeFirst) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    start(host);
    const std::string session = world.make_session(fleet);
    const auto close = [&](bool closed) {
        decide([&](core::Step& step) { core::on_place_closed(step, host.id, "node-1", closed); });
    };
    close(true);
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), Contains(HasSubstr("Node node-1 was cordoned")));
    ASSERT_THAT(asked(), SizeIs(2));
    EXPECT_EQ(world.fleet(fleet).instances_draining, 0u) << "until the other one is ready nothing goes";
    close(false);
    EXPECT_TRUE(asked()[1].released) << "it was not needed after all";
    close(true);
    start(asked().back());
    world.advance(30s);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    world.host(0).end_match(session);
    world.advance(10s);
    EXPECT_TRUE(asked()[0].released);
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_DOWN")));
}

TEST_F(ProvidedHost, ThatAnOperatorRemovesIsTakenAwayFirst) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    start(host);
    world.host(0).behaviour.may_be_closed = true;
    EXPECT_TRUE(world.call("RemoveHost", {{"HostId", host.name}}).ok());
    ASSERT_THAT(asked(), SizeIs(2));
    EXPECT_TRUE(asked()[0].released);
    gone(host.id, "its Pod was deleted");
    EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(ProvidedHost, ADeletedFleetNeedsNoneAnyMore) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok());
    world.advance(1s);
    EXPECT_TRUE(only().released) << "though it has never been there";
    EXPECT_EQ(world.fleet_status(fleet), "TERMINATED");
    gone(host.id, "no Pod");
    EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(ProvidedHost, OtherPermissionsNeedOtherPorts) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    start(host);
    permit_udp_only(fleet, "7780");
    world.run();
    ASSERT_THAT(asked(), SizeIs(2)) << "a machine's open ports cannot be changed while it runs";
    EXPECT_THAT(asked()[1].open_ports,
                ElementsAre(core::OpenPort{7777, false, true}, core::OpenPort{7778, false, true},
                            core::OpenPort{7779, false, true}, core::OpenPort{7780, false, true}));
}

TEST_F(ProvidedHost, WhoseOpenPortsAreStaleIsReplacedWhateverElseHappensToIt) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    start(host);
    const std::string instance = host.instance_id;
    const auto reserve = [&](const char* value) {
        world.call("SetServerReserved", {{"FleetId", fleet}, {"InstanceId", instance}, {"ReserveValue", value}});
    };
    reserve("1");
    permit_udp_only(fleet, "7999");
    world.advance(1min);
    EXPECT_EQ(world.fleet(fleet).instances_leaving, 0u) << "somebody wants to look at it";
    reserve("0");
    EXPECT_EQ(world.fleet(fleet).instances_leaving, 1u);
    for (const char* availability : {"CORDONED", "DRAINING", "OPEN"}) {
        world.call("UpdateHost", {{"HostId", host.name}, {"Availability", availability}});
        EXPECT_EQ(world.fleet(fleet).instances_leaving, 1u) << availability;
    }
    ASSERT_THAT(asked(), SizeIs(2));
    start(asked()[1], "198.51.100.8");
    world.advance(1min);
    EXPECT_TRUE(asked()[0].released);
    EXPECT_EQ(world.fleet(fleet).processes_active, 1u);
}

TEST_F(ProvidedHost, WithTooFewPortsForMoreProcessesIsReplacedByALargerOne) {
    const std::string fleet = world.make_fleet();
    start(only());
    const auto run = [&](int processes) {
        return world.call("UpdateRuntimeConfiguration",
                          {{"FleetId", fleet},
                           {"RuntimeConfiguration.GameServerSessionActivationTimeoutSeconds", "60"},
                           {"RuntimeConfiguration.ServerProcesses.0.LaunchPath", "/local/game/server"},
                           {"RuntimeConfiguration.ServerProcesses.0.ConcurrentExecutions", std::to_string(processes)}});
    };
    ASSERT_TRUE(run(3).ok());
    world.advance(10s);
    EXPECT_EQ(world.fleet(fleet).processes_active, 3u) << "eight ports do for three";
    EXPECT_THAT(asked(), SizeIs(1));
    ASSERT_TRUE(run(10).ok());
    world.advance(10s);
    ASSERT_THAT(asked(), SizeIs(2));
    ASSERT_TRUE(run(3).ok());
    EXPECT_EQ(world.fleet(fleet).instances_leaving, 0u) << "they do again";
    ASSERT_TRUE(run(10).ok());
    world.advance(10s);
    start(asked().back(), "198.51.100.8");
    world.advance(1min);
    EXPECT_EQ(world.fleet(fleet).processes_active, 10u);
}

TEST_F(ProvidedHost, ThatAnOperatorDrainsIsNotTakenBackByItsNode) {
    const std::string fleet = world.make_fleet();
    const core::ProvidedHost host = only();
    start(host);
    const auto set = [&](const char* availability) {
        world.call("UpdateHost", {{"HostId", host.name}, {"Availability", availability}});
    };
    const auto availability = [&] { return world.call("ListHosts", {{"HostId", host.name}})["Hosts.0.Availability"]; };
    const auto close = [&](bool closed) {
        decide([&](core::Step& step) { core::on_place_closed(step, host.id, "node-1", closed); });
    };
    set("DRAINING");
    close(true);
    close(false);
    EXPECT_EQ(availability(), "DRAINING");
    close(true);
    set("OPEN");
    EXPECT_FALSE(asked()[0].place_closed) << "so the provider says it again";
    close(true);
    EXPECT_EQ(availability(), "DRAINING") << "a cordoned node is emptied";
    close(false);
    EXPECT_EQ(availability(), "OPEN");
}

class FewHosts : public ProvidedHost {
protected:
    FewHosts()
        : ProvidedHost([] {
              Settings settings = on_demand();
              settings.limits.hosts = 1;
              return settings;
          }()) {}
};

TEST_F(FewHosts, TheirNumberIsBounded) {
    const std::string fleet = world.make_fleet();
    start(only());
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "2"}, {"MaxSize", "2"}});
    EXPECT_THAT(asked(), SizeIs(1));
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), Contains(HasSubstr("limits.hosts allows no more")));
}

}  // namespace
}  // namespace gse::testing
