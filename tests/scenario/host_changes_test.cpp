// Operators cordon, drain and remove hosts; matches play on unless somebody says otherwise, with force.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/host_changes.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Several hosts of equal size.
class Rack {
public:
    explicit Rack(std::size_t hosts, Settings settings = {}, std::uint32_t instances = 10) : world(false, settings) {
        for (std::size_t i = 1; i <= hosts; ++i)
            world.add_host({.name = "host-" + std::to_string(i),
                            .address = "10.0.0." + std::to_string(i),
                            .instances = instances});
    }
    Answer set(std::size_t host, const std::string& availability) {
        return world.call("UpdateHost", {{"HostId", name(host)}, {"Availability", availability}});
    }
    Answer remove(std::size_t host, bool force = false) {
        world.host(host).behaviour.may_be_closed = true;
        return world.call("RemoveHost", {{"HostId", name(host)}, {"Force", force ? "true" : "false"}});
    }
    [[nodiscard]] std::string name(std::size_t host) { return world.host(host).options().name; }
    /// Where a session is; every game of it is on one host.
    std::size_t host_of(const std::string& session) {
        for (std::size_t i = 0;; ++i)
            for (const auto& [id, game] : world.host(i).games())
                if (game.session == session) return i;
    }
    std::string fleet_of(std::uint32_t instances, std::uint32_t processes = 2,
                         std::string protection = "NoProtection") {
        const std::string fleet = world.make_fleet(
            {.processes = processes, .min = instances, .max = instances, .protection = std::move(protection)});
        world.advance(5s);
        EXPECT_EQ(world.instances(fleet), instances);
        return fleet;
    }
    [[nodiscard]] std::size_t instances_on(std::size_t host) { return world.host(host).instances().size(); }

    World world;
};

TEST(HostChanges, TheAgentInsideGseDevIsNotRemovedUnderItsOwnFeet) {
    Rack rack(1);
    const std::string fleet = rack.fleet_of(1);
    rack.world.put_agent_inside();
    const Answer refused = rack.remove(0, true);
    EXPECT_EQ(refused.code(), "UnsupportedOperation");
    EXPECT_THAT(refused.message(), HasSubstr("CORDONED"));
    EXPECT_EQ(rack.instances_on(0), 1u);
    EXPECT_EQ(rack.world.host(0).closed_because(), "");
    EXPECT_FALSE(rack.world.make_session(fleet).empty()) << "it goes on";
    rack.world.host(0).lose_network();
    rack.world.advance(30s);
    EXPECT_EQ(rack.remove(0).code(), "UnsupportedOperation") << "silent, but its connection stands";
}

TEST(HostChanges, ACordonedHostGetsNoFurtherInstancesAndItsOwnGoOn) {
    Rack rack(2);
    const std::string fleet = rack.fleet_of(2);
    EXPECT_EQ(rack.instances_on(0), 1u) << "a fleet spreads";
    rack.set(0, "CORDONED");
    rack.world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "4"}, {"MaxSize", "4"}});
    rack.world.advance(5s);
    EXPECT_EQ(rack.instances_on(0), 1u);
    EXPECT_EQ(rack.instances_on(1), 3u);
    std::vector<std::size_t> taken;
    for (int i = 0; i < 8; ++i) taken.push_back(rack.host_of(rack.world.make_session(fleet)));
    EXPECT_THAT(taken, Contains(0u)) << "what is there takes sessions as before";

    rack.set(1, "CORDONED");
    rack.world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "5"}, {"MaxSize", "5"}});
    rack.world.advance(5s);
    EXPECT_EQ(rack.world.instances(fleet), 4u);
    EXPECT_THAT(rack.world.events_of(fleet, "GENERIC_EVENT"), Contains(HasSubstr("2 cordoned or draining")));
    rack.set(0, "OPEN");
    rack.world.advance(5s);
    EXPECT_EQ(rack.world.instances(fleet), 5u) << "who waited for room is served at once";
}

TEST(HostChanges, DrainingStartsReplacementsFirstAndMatchesPlayOn) {
    Rack rack(3);
    const std::string fleet = rack.fleet_of(2);
    std::vector<std::string> sessions;
    for (int i = 0; i < 2; ++i) sessions.push_back(rack.world.make_session(fleet));
    const std::size_t drained = rack.host_of(sessions[0]);
    const std::string seat = rack.world.join(sessions[0], "ann");
    EXPECT_EQ(rack.world.host(drained).accept(sessions[0], seat), link::CallStatus::Ok);

    std::size_t free_host = 0;
    while (rack.instances_on(free_host) != 0) ++free_host;
    rack.world.host(free_host).behaviour.becomes_ready = false;
    rack.set(drained, "DRAINING");
    rack.world.advance(10s);
    EXPECT_EQ(rack.instances_on(free_host), 1u) << "the replacement is on its way";
    EXPECT_EQ(rack.world.fleet(fleet).instances_draining, 0u) << "and until it is ready nothing goes";
    EXPECT_EQ(rack.world.fleet(fleet).instances_leaving, 1u);
    EXPECT_NE(rack.world.make_session(fleet), "") << "players notice nothing";

    rack.world.restart_server();
    EXPECT_EQ(rack.world.fleet(fleet).instances_leaving, 1u) << "a restart does not forget what leaves";
    for (const auto& [id, game] : rack.world.host(free_host).games())
        rack.world.host(free_host).sdk(id, link::CallReady{game.client_port, game.grpc_port, {}});
    rack.world.advance(5s);
    EXPECT_EQ(rack.world.fleet(fleet).instances_draining, 1u);
    EXPECT_EQ(rack.world.instances(fleet), 2u);
    for (int i = 0; i < 2; ++i) EXPECT_NE(rack.host_of(rack.world.make_session(fleet)), drained);
    EXPECT_EQ(rack.world.session_status(sessions[0]), "ACTIVE");
    EXPECT_EQ(rack.world.player_status(seat), "ACTIVE");
    rack.world.host(drained).end_match(sessions[0]);
    rack.world.advance(6min);
    EXPECT_EQ(rack.instances_on(drained), 0u) << "it ran empty";
    EXPECT_THAT(rack.world.event_codes(fleet), Not(Contains("SERVER_DOWN")));
}

TEST(HostChanges, ProtectionHoldsWhileAHostIsDrained) {
    Rack rack(2);
    const std::string fleet = rack.fleet_of(1, 1, "FullProtection");
    const std::string session = rack.world.make_session(fleet);
    const std::size_t drained = rack.host_of(session);
    rack.set(drained, "DRAINING");
    rack.world.advance(24h);
    EXPECT_EQ(rack.world.session_status(session), "ACTIVE");
    EXPECT_THAT(rack.world.host(drained).killed(), IsEmpty());
    EXPECT_TRUE(rack.world.host(drained).game_of(session).asked_to_end) << "the game is told that it is wanted to end";
    EXPECT_EQ(rack.world.instances(fleet), 1u) << "another one stands in for it";
    rack.world.host(drained).end_match(session);
    rack.world.advance(10s);
    EXPECT_EQ(rack.instances_on(drained), 0u);
}

TEST(HostChanges, WhereThereIsNoRoomADrainedHostIsEmptiedAllTheSame) {
    Rack rack(1);
    const std::string fleet = rack.fleet_of(1);
    const std::string session = rack.world.make_session(fleet);
    rack.set(0, "DRAINING");
    rack.world.advance(1s);
    EXPECT_EQ(rack.world.fleet(fleet).instances_draining, 1u);
    EXPECT_EQ(rack.world.session_status(session), "ACTIVE");
    EXPECT_THAT(rack.world.events_of(fleet, "GENERIC_EVENT"), Contains(HasSubstr("Waiting for room")));
    rack.world.add_host({.name = "fresh", .address = "10.0.0.9"});
    rack.world.advance(10s);
    EXPECT_EQ(rack.instances_on(1), 1u) << "room is taken as soon as there is some";
}

TEST(HostChanges, OpeningAHostAgainKeepsWhatHasNotBegunToDrain) {
    Rack rack(2);
    const std::string fleet = rack.fleet_of(1);
    const std::size_t drained = rack.instances_on(0) == 1 ? 0 : 1;
    rack.world.host(1 - drained).behaviour.becomes_ready = false;
    rack.set(drained, "DRAINING");
    rack.world.advance(5s);
    ASSERT_EQ(rack.world.fleet(fleet).instances_leaving, 1u);
    rack.set(drained, "OPEN");
    rack.world.advance(5s);
    EXPECT_EQ(rack.world.fleet(fleet).instances_leaving, 0u);
    EXPECT_EQ(rack.instances_on(drained), 1u);
    rack.world.advance(30min);
    EXPECT_EQ(rack.world.instances(fleet), 1u) << "the replacement that was not needed went again";
    EXPECT_EQ(rack.instances_on(drained), 1u);
}

TEST(HostChanges, AReservedInstanceStaysOnADrainedHost) {
    Rack rack(2);
    const std::string fleet = rack.fleet_of(1);
    const std::size_t drained = rack.instances_on(0) == 1 ? 0 : 1;
    const std::string instance = rack.world.host(drained).instances().begin()->first;
    rack.world.call("SetServerReserved", {{"FleetId", fleet}, {"InstanceId", instance}, {"ReserveValue", "1"}});
    rack.set(drained, "DRAINING");
    rack.world.advance(1h);
    EXPECT_EQ(rack.instances_on(drained), 1u) << "somebody wants to look at it";
    rack.world.call("SetServerReserved", {{"FleetId", fleet}, {"InstanceId", instance}, {"ReserveValue", "0"}});
    rack.world.advance(10s);
    EXPECT_EQ(rack.instances_on(drained), 0u) << "and has seen it";
    EXPECT_EQ(rack.world.instances(fleet), 1u);
}

TEST(HostChanges, TwoHostsDrainedAtOnceLoseNoMatch) {
    Rack rack(4);
    const std::string fleet = rack.fleet_of(4);
    std::vector<std::string> sessions;
    for (int i = 0; i < 8; ++i) sessions.push_back(rack.world.make_session(fleet));
    rack.set(0, "DRAINING");
    rack.set(1, "DRAINING");
    rack.world.advance(10s);
    for (const auto& session : sessions) EXPECT_EQ(rack.world.session_status(session), "ACTIVE");
    EXPECT_EQ(rack.world.instances(fleet), 4u);
    for (const auto& session : sessions) rack.world.host(rack.host_of(session)).end_match(session);
    rack.world.advance(6min);
    EXPECT_EQ(rack.instances_on(0) + rack.instances_on(1), 0u);
    EXPECT_THAT(rack.world.host(0).killed(), IsEmpty());
    EXPECT_THAT(rack.world.host(1).killed(), IsEmpty());
}

TEST(HostChanges, AHostWithMatchesIsRemovedWithForceOnly) {
    Rack rack(2);
    const std::string fleet = rack.fleet_of(1);
    const std::string session = rack.world.make_session(fleet);
    rack.world.join(session, "ann");
    const std::size_t doomed = rack.host_of(session);
    const Answer refused = rack.remove(doomed);
    EXPECT_EQ(refused.code(), "ResourceInUse");
    EXPECT_THAT(refused.message(), HasSubstr("1 game server session with 1 player on 1 instance of host"));
    EXPECT_EQ(rack.world.host(doomed).closed_because(), "");

    const Answer removed = rack.remove(doomed, true);
    EXPECT_TRUE(removed.ok()) << removed.body();
    EXPECT_EQ(removed["GameServerSessionCount"], "1");
    EXPECT_THAT(rack.world.host(doomed).closed_because(), HasSubstr("was removed"));
    EXPECT_EQ(rack.world.session_status(session), "ERROR");
    EXPECT_THAT(rack.world.events_of(fleet, "SERVER_DOWN"), ElementsAre(HasSubstr("was removed: instance")));
    rack.world.advance(10s);
    EXPECT_EQ(rack.world.instances(fleet), 1u) << "replaced elsewhere";
    rack.world.restart_server();
    EXPECT_EQ(rack.world.call("ListHosts", {}).count("Hosts"), 1u);
}

TEST(HostChanges, WhatARemovedHostStillSaysIsNobodys) {
    Rack rack(2);
    const std::string fleet = rack.fleet_of(2);
    rack.remove(0);
    const std::string late = rack.world.host(1).games().begin()->first;
    // The slot of the removed host is taken by another one in the next batch; its stream is not.
    rack.world.add_host({.name = "newcomer", .address = "10.0.0.7"});
    rack.world.host(0).say_late(link::HealthChanged{late, false});
    rack.world.advance(1s);
    EXPECT_THAT(rack.world.event_codes(fleet), Not(Contains("SERVER_PROCESS_TERMINATED_UNHEALTHY")));
    EXPECT_EQ(rack.world.call("ListHosts", {{"HostId", "newcomer"}})["Hosts.0.ForeignReportCount"], "0");
}

TEST(HostChanges, AnAgentReportsOnlyOnItsOwnHostsObjects) {
    Rack rack(2);
    const std::string fleet = rack.fleet_of(2);
    rack.world.host(0).behaviour.log_paths = rack.world.host(1).behaviour.log_paths = {"/local/game/logs"};
    const std::string session = rack.world.make_session(fleet);
    const std::size_t owner = rack.host_of(session);
    FakeHost& liar = rack.world.host(1 - owner);
    const Game victim = rack.world.host(owner).game_of(session);

    const std::vector<link::ReportBody> lies{
        link::InstanceStep{victim.instance, link::PrepareStep::Downloaded, false, "a lie", ""},
        link::InstanceRemoved{victim.instance},
        link::ProcessStarted{"proc-made-up", victim.instance, victim.place, 1},
        link::ProcessStarted{victim.process, liar.games().begin()->second.instance, 1, 1},
        link::ProcessStartFailed{victim.instance, victim.place, link::StartFailure::PortBusy, victim.client_port,
                                 "a lie"},
        link::ProcessIsReady{victim.process, 12'345, 12'346, {}},
        link::ProcessExited{.process_id = victim.process, .exit_code = 1, .last_output = {}},
        link::HealthChanged{victim.process, false},
        link::SessionStartResult{victim.process, session, false, "a lie"},
        link::TerminateDelivered{victim.process, true},
        link::LogCollected{
            .session_id = session, .ok = true, .log_key = "sessions/other.zip", .bytes = 1, .message = {}},
        link::HostNotice{victim.instance, "GENERIC_EVENT", "a lie"},
    };
    for (const auto& lie : lies) liar.say(lie);
    EXPECT_EQ(liar.sdk(victim.process, link::CallTerminateSession{session}).status,
              link::CallStatus::FailedPrecondition)
        << "a call gets the answer of a process that is not there";
    rack.world.advance(1s);
    EXPECT_EQ(rack.world.session_status(session), "ACTIVE");
    EXPECT_EQ(rack.world.instances(fleet), 2u);
    EXPECT_THAT(rack.world.events_of(fleet, "GENERIC_EVENT"), Not(Contains(HasSubstr("a lie"))));
    EXPECT_THAT(rack.world.events_of(fleet, "GENERIC_EVENT"),
                Contains(HasSubstr("reported about instance " + victim.instance)).Times(1))
        << "told once, however often it lies";
    const Answer seen = rack.world.call("ListHosts", {{"HostId", liar.options().name}});
    EXPECT_EQ(seen["Hosts.0.ForeignReportCount"], std::to_string(lies.size() + 1));
    rack.world.advance(2min);
    liar.say(link::HealthChanged{victim.process, false});
    EXPECT_THAT(rack.world.events_of(fleet, "GENERIC_EVENT"), Contains(HasSubstr("refused. If")).Times(2));
}

TEST(HostChanges, StatedVcpusAndMemoryLimitWhatAHostTakes) {
    World world(false);
    // S5.LARGE8 has 4 vCPUs and 8 GiB.
    world.add_host({.name = "small", .address = "10.0.0.1", .cpus = 8, .memory_bytes = 64ULL << 30});
    const std::string fleet = world.make_fleet({.processes = 1, .min = 3, .max = 3});
    world.advance(5s);
    EXPECT_EQ(world.instances(fleet), 2u);
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"),
                Contains(HasSubstr("1 short of vCPUs or memory for S5.LARGE8")));
    const Answer seen = world.call("ListHosts", {});
    EXPECT_EQ(seen["Hosts.0.CpusUsed"], "8");
    EXPECT_EQ(seen["Hosts.0.MemoryUsedMb"], "16384");
    world.add_host({.name = "plain", .address = "10.0.0.2"});
    world.advance(5s);
    EXPECT_EQ(world.instances(fleet), 3u) << "a host that states nothing is packed by number";
}

TEST(HostChanges, FillKeepsHostsFree) {
    Settings settings;
    settings.hosts.packing = HostPacking::Fill;
    Rack rack(3, settings, 4);
    rack.fleet_of(4);
    EXPECT_EQ(rack.instances_on(0), 4u);
    EXPECT_EQ(rack.instances_on(1) + rack.instances_on(2), 0u);
}

}  // namespace
}  // namespace gse::testing
