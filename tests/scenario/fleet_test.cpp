// A fleet from its creation to its end [创建服务器舰队; 查看事件].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Fleet, GoesThroughSixStatesWithTheirEvents) {
    World world;
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    world.host().behaviour.becomes_ready = false;
    const std::string fleet = world.make_fleet({.processes = 2});
    EXPECT_EQ(world.fleet_status(fleet), "DOWNLOADING");
    world.advance(60s);
    world.host().go_on();
    EXPECT_EQ(world.fleet_status(fleet), "VALIDATING");
    std::vector<std::string> processes;
    for (const auto& [id, game] : world.host().games()) processes.push_back(id);
    ASSERT_EQ(processes.size(), 2U);
    const auto ready = [&](const std::string& process) {
        const Game& game = world.host().game(process);
        return world.host().sdk(process, link::CallReady{game.client_port, game.grpc_port, {}}).status;
    };
    EXPECT_EQ(ready(processes[0]), link::CallStatus::Ok);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVATING") << "one of two processes reported ready";
    EXPECT_EQ(ready(processes[1]), link::CallStatus::Ok);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    EXPECT_THAT(
        world.event_codes(fleet),
        ElementsAre("FLEET_CREATED", "FLEET_STATE_DOWNLOADING", "FLEET_CREATION_EXTRACTING_BUILD",
                    "FLEET_CREATION_RUNNING_INSTALLER", "FLEET_CREATION_VALIDATING_RUNTIME_CONFIG",
                    "FLEET_STATE_VALIDATING", "FLEET_STATE_BUILDING", "FLEET_STATE_ACTIVATING", "FLEET_STATE_ACTIVE"));
    EXPECT_EQ(world.events_of(fleet, "FLEET_CREATED").front(), "Fleet has been created with state NEW.");
}

TEST(Fleet, AFailureInAnyStepOfCreationEndsInError) {
    struct Case {
        std::string what;
        std::function<void(Behaviour&)> fails;
        std::string code;
        std::string message;
    };
    using link::PrepareStep;
    const auto at = [](PrepareStep step) {
        return [step](Behaviour& behaviour) {
            behaviour.fails_at = step;
            behaviour.failure_text = "the reason why";
        };
    };
    const Case cases[] = {
        {"the download", at(PrepareStep::Downloaded), "FLEET_BINARY_DOWNLOAD_FAILED", "the reason why"},
        {"unpacking", at(PrepareStep::Extracted), "FLEET_INITIALIZATION_FAILED", "the reason why"},
        {"install.sh", at(PrepareStep::Installed), "FLEET_INITIALIZATION_FAILED", "the reason why"},
        {"a missing launch path", at(PrepareStep::PathsValidated), "FLEET_VALIDATION_LAUNCH_PATH_NOT_FOUND",
         "the reason why"},
        {"a program that cannot be executed", [](Behaviour& b) { b.start_failure = link::StartFailure::CannotExecute; },
         "FLEET_VALIDATION_EXECUTABLE_RUNTIME_FAILURE", "did not stay up"},
        {"a program that may not be executed", [](Behaviour& b) { b.gives_up = 126; },
         "FLEET_VALIDATION_EXECUTABLE_RUNTIME_FAILURE", "without Unix modes"},
        {"a library that is not there", [](Behaviour& b) { b.gives_up = 127; },
         "FLEET_VALIDATION_EXECUTABLE_RUNTIME_FAILURE", "or a library it needs, was not found"},
        {"a process that never becomes ready", [](Behaviour& b) { b.becomes_ready = false; },
         "FLEET_VALIDATION_TIMED_OUT", "0 of 1 processes"},
    };
    for (const Case& one : cases) {
        World world;
        one.fails(world.host().behaviour);
        const std::string fleet = world.make_fleet();
        world.advance(21min);
        EXPECT_EQ(world.fleet_status(fleet), "ERROR") << one.what;
        EXPECT_THAT(world.events_of(fleet, one.code), ElementsAre(HasSubstr(one.message))) << one.what;
        EXPECT_THAT(world.event_codes(fleet), Contains("FLEET_STATE_ERROR")) << one.what;
        EXPECT_EQ(world.fleet(fleet).instances.size(), 0U) << one.what << ": nothing is left on the host";
        EXPECT_THAT(world.host().instances(), IsEmpty()) << one.what;
        EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok()) << one.what;
        world.advance(1s);
        EXPECT_EQ(world.fleet_status(fleet), "TERMINATED") << one.what;
    }
}

TEST(Fleet, WrittenForAMachineOfItsOwnGetsThePortsItNames) {
    World world;
    const std::string fleet = world.make_fleet({.name = "old", .processes = 2, .port_low = 7'000, .port_high = 7'003});
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE") << "although hosts hand out 10000 to 32000";
    std::set<std::uint16_t> ports;
    for (const auto& [id, game] : world.host().games()) ports.insert(game.client_port);
    EXPECT_THAT(ports, ElementsAre(7'000, 7'001));
    const std::string second = world.make_fleet({.name = "new", .processes = 2, .port_low = 7'000, .port_high = 7'003});
    EXPECT_EQ(world.fleet_status(second), "ACTIVE") << "two versions side by side share what there is";
    const std::string third = world.make_fleet({.name = "third", .port_low = 7'000, .port_high = 7'003});
    EXPECT_EQ(world.fleet_status(third), "NEW") << "nobody gets a port that another one has";
    EXPECT_THAT(world.events_of(third, "GENERIC_EVENT"), ElementsAre(HasSubstr("without enough free ports")));
    world.restart_server(1s);
    EXPECT_EQ(world.fleet_status(third), "NEW") << "nor after a restart";
}

TEST(Fleet, WhosePortsNoHostHandsOutIsToldWhichOnesThereAre) {
    Settings settings;
    settings.hosts.ports_beyond = false;
    World world(true, settings);
    const std::string fleet = world.make_fleet({.port_low = 7'000, .port_high = 7'100});
    EXPECT_EQ(world.fleet_status(fleet), "NEW");
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"),
                ElementsAre(HasSubstr("the host's range (10000 to 32000: hosts.port_low and hosts.port_high there)")));
}

TEST(Fleet, WithoutRoomItWaitsAndSaysWhyThenProceeds) {
    World world(false);
    const std::string fleet = world.make_fleet();
    EXPECT_EQ(world.fleet_status(fleet), "NEW");
    world.advance(30min);
    EXPECT_EQ(world.fleet_status(fleet), "NEW") << "lack of room is waiting, never ERROR";
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), ElementsAre(HasSubstr("Waiting for room")));
    world.add_host({.name = "small", .instances = 1});
    world.advance(10s);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");

    const std::string second = world.make_fleet({.name = "second"});
    EXPECT_EQ(world.fleet_status(second), "NEW");
    EXPECT_THAT(world.events_of(second, "GENERIC_EVENT"), ElementsAre(HasSubstr("1 host full")));
    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok());
    world.advance(10s);
    EXPECT_EQ(world.fleet_status(second), "ACTIVE") << "room that came free is used";
}

TEST(Fleet, PortsOutsideItsPermissionsAreNeverGivenAndNoneIsGivenTwice) {
    World world;
    const std::string v1 = world.make_fleet({.name = "v1", .processes = 10, .port_low = 15'000, .port_high = 15'100});
    const std::string v2 = world.make_fleet({.name = "v2", .processes = 10, .port_low = 15'000, .port_high = 15'100});
    for (const auto& fleet : {v1, v2}) EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    std::set<std::uint16_t> ports;
    for (const auto& [id, game] : world.host().games()) {
        EXPECT_GE(game.client_port, 15'000);
        EXPECT_LE(game.client_port, 15'100);
        EXPECT_TRUE(ports.insert(game.client_port).second && ports.insert(game.grpc_port).second) << id;
    }
    EXPECT_EQ(ports.size(), 40U);
}

TEST(Fleet, APortThatAGameChoseItselfIsRefusedIfAnotherFleetHasIt) {
    World world;
    const std::string v1 = world.make_fleet({.name = "v1"});
    const std::uint16_t taken = world.host().games().begin()->second.client_port;
    world.host().behaviour.becomes_ready = false;
    const std::string v2 = world.make_fleet({.name = "v2"});
    const auto game = std::find_if(world.host().games().begin(), world.host().games().end(),
                                   [](const auto& entry) { return !entry.second.ready; });
    ASSERT_NE(game, world.host().games().end());
    const auto reply = world.host().sdk(game->first, link::CallReady{taken, game->second.grpc_port, {}});
    EXPECT_NE(reply.status, link::CallStatus::Ok);
    EXPECT_THAT(world.events_of(v2, "GENERIC_EVENT"), ElementsAre(HasSubstr("fleet " + v1)));
    EXPECT_THAT(world.events_of(v2, "GENERIC_EVENT"), ElementsAre(HasSubstr(v2))) << "the clash names both fleets";
    const auto other = world.host().sdk(game->first, link::CallReady{25'000, game->second.grpc_port, {}});
    EXPECT_EQ(other.status, link::CallStatus::Ok) << "a free port inside the range is accepted";
    EXPECT_EQ(world.fleet_status(v2), "ACTIVE");
}

TEST(Fleet, APortHeldByAStrangerMovesThePlace) {
    World world;
    world.host().behaviour.busy_ports = {10'000};
    const std::string fleet = world.make_fleet();
    world.advance(5s);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    EXPECT_THAT(world.events_of(fleet, "GENERIC_EVENT"), ElementsAre(HasSubstr("Port 10000 on host host-1 is taken")));
    EXPECT_NE(world.host().games().begin()->second.client_port, 10'000);
}

TEST(Fleet, ManyPortsHeldByStrangersAreOneEvent) {
    World world;
    // Of the pairs of ports that the four processes get first, one of each.
    world.host().behaviour.busy_ports = {10'001, 10'002, 10'004, 10'006};
    const std::string fleet = world.make_fleet({.processes = 4});
    world.advance(5s);
    EXPECT_EQ(world.fleet_status(fleet), "ACTIVE");
    const auto events = world.events_of(fleet, "GENERIC_EVENT");
    ASSERT_EQ(events.size(), 1U) << "they were found within a second";
    EXPECT_THAT(events[0], HasSubstr("Ports 10001-10002, 10004, 10006"));
    EXPECT_THAT(events[0], HasSubstr("are taken by a program that is not ours"));
    world.advance(1h);
    EXPECT_EQ(world.events_of(fleet, "GENERIC_EVENT").size(), 1U);
}

TEST(Fleet, IsDeletedOnlyWhenNothingNeedsIt) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string alias = world.make_alias(fleet);
    const std::string session = world.make_session(alias);
    const auto remove = [&] { return world.call("DeleteFleet", {{"FleetId", fleet}}); };
    EXPECT_THAT(remove().message(), HasSubstr("1 live game server session"));
    world.host().end_match(session);
    EXPECT_EQ(remove().code(), "ResourceInUse");
    EXPECT_THAT(remove().message(), HasSubstr(alias));
    EXPECT_TRUE(
        world
            .call("UpdateAlias",
                  {{"AliasId", alias}, {"RoutingStrategy.Type", "TERMINAL"}, {"RoutingStrategy.Message", "over"}})
            .ok());
    EXPECT_TRUE(remove().ok());
    world.advance(15s);
    EXPECT_EQ(world.fleet_status(fleet), "TERMINATED");
    EXPECT_THAT(world.host().games(), IsEmpty());
    EXPECT_EQ(remove().code(), "ResourceNotFound");
    EXPECT_EQ(world.call("DeleteAsset", {{"AssetId", world.fleet(fleet).asset_id}}).code(), "")
        << "its asset is free again";
}

TEST(Fleet, ACopyIsAttachedToACcnAsItWasAsked) {
    World world;
    const std::string fleet = world.make_fleet();
    ASSERT_TRUE(
        world.call("AttachCcnInstances", {{"FleetId", fleet}, {"AccountId", "100000000002"}, {"CcnId", "ccn-2dsbtmo3"}})
            .ok());
    world.advance(1h);
    const auto copy = [&](const Params& more) {
        Params params{{"FleetId", fleet}, {"CopyNumber", "1"}};
        params.insert(params.end(), more.begin(), more.end());
        return world.call("CopyFleet", params);
    };
    const auto infos = [](const std::string& account, const std::string& ccn) -> Params {
        return {{"CcnInfos.0.AccountId", account}, {"CcnInfos.0.CcnId", ccn}};
    };
    const std::string type = "FleetAttributes.0.RelatedCcnInfos.0.AttachType";
    for (const std::string kind : {"CCN_SELECTED_BEFORE_CREATE", "CCN_SELECTED_AFTER_CREATE"}) {
        const Answer made = copy({{"SelectedCcnType", kind}});
        EXPECT_EQ(made[type], kind);
        const Answer listed = world.call("DescribeCcnInstances", {{"FleetId", made["FleetAttributes.0.FleetId"]}});
        EXPECT_EQ(listed["CcnInstanceSets.0.CcnId"], "ccn-2dsbtmo3");
        EXPECT_EQ(listed["CcnInstanceSets.0.CreateTime"], made["FleetAttributes.0.CreationTime"]) << kind;
    }
    Params named = infos("100000000003", "ccn-1");
    EXPECT_EQ(copy(named)[type], "CCN_SELECTED_BEFORE_CREATE");
    named.emplace_back("SelectedCcnType", "CCN_SELECTED_AFTER_CREATE");
    EXPECT_EQ(copy(named)[type], "CCN_SELECTED_AFTER_CREATE");
    EXPECT_THAT(copy(infos("mine", "ccn-1")).message(), HasSubstr("AccountId 'mine' is no account number"));
    EXPECT_THAT(copy(infos("1", "vpc-1")).message(), HasSubstr("CcnId 'vpc-1' is no id of a CCN"));

    Params create = World::fleet_params(world.fleet(fleet).asset_id);
    create.insert(create.end(), {{"CcnInfos.0.AccountId", "1"}, {"CcnInfos.0.CcnId", "ccn_1"}});
    EXPECT_EQ(world.call("CreateFleet", create).code(), "InvalidParameterValue");
    create.back().second = "ccn-1";
    EXPECT_EQ(world.call("CreateFleet", create).code(), "");
}

TEST(Process, ThatCrashesIsReplacedAndItsSessionEndsInError) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string session = world.make_session(fleet);
    const std::string player = world.join(session, "ann");
    world.host().crash(world.host().game_of(session).process, 11);
    EXPECT_EQ(world.session_status(session), "ERROR");
    EXPECT_EQ(world.player_status(player), "COMPLETED");
    EXPECT_THAT(world.events_of(fleet, "SERVER_PROCESS_CRASHED"),
                ElementsAre(::testing::AllOf(HasSubstr("signal 11"), HasSubstr(session), HasSubstr("1.5 s"))));
    EXPECT_EQ(world.host().games().size(), 1U);
    world.advance(2s);
    EXPECT_EQ(world.host().games().size(), 2U);
    EXPECT_EQ(world.fleet(fleet).processes_active, 2U);
}

TEST(Process, ThatIsOutOfMemorySaysOfWhoseAndHowMuch) {
    const struct {
        link::OutOfMemory memory;
        const char* said;
    } kCases[] = {
        {{.limit = link::MemoryLimit::Instance, .used_bytes = 64 << 20, .limit_bytes = 64 << 20},
         "used 64 MiB of 64 MiB of S5.LARGE8: give the fleet a larger InstanceType"},
        {{.limit = link::MemoryLimit::Instance, .limit_bytes = 64 << 20}, "used 64 MiB of 64 MiB of S5.LARGE8"},
        {{.limit = link::MemoryLimit::Process, .used_bytes = 1'000 << 10, .limit_bytes = 1 << 20},
         "it used 1000 KiB of 1 MiB that agent.process_memory on host "},
        {{.limit = link::MemoryLimit::Host}, "had no memory left"},
    };
    for (const auto& c : kCases) {
        World world;
        const std::string fleet = world.make_fleet({.processes = 1});
        const std::string session = world.make_session(fleet);
        world.host().say(link::ProcessExited{.process_id = world.host().game_of(session).process,
                                             .signal = 9,
                                             .last_output = {},
                                             .out_of_memory = c.memory});
        EXPECT_THAT(world.events_of(fleet, "SERVER_PROCESS_CRASHED"),
                    ElementsAre(::testing::AllOf(HasSubstr("signal 9 (out of memory)"), HasSubstr(c.said))));
        EXPECT_EQ(world.session_status(session), "ERROR");
    }
}

TEST(Instance, IsTheSizeOfItsType) {
    World world;
    world.make_fleet();
    const link::InstanceSpec& spec = world.host().instances().begin()->second;
    EXPECT_EQ(spec.instance_type, "S5.LARGE8");
    EXPECT_EQ(spec.cpus, 4U);
    EXPECT_EQ(spec.memory_bytes, 8ULL << 30);
}

TEST(Process, ThatIsUnhealthyIsReplacedAtOnceInANewPlace) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .protection = "FullProtection"});
    const std::string session = world.make_session(fleet);
    const std::string sick = world.host().game_of(session).process;
    const std::uint16_t old_port = world.host().game(sick).client_port;
    world.host().set_health(sick, false);
    EXPECT_EQ(world.session_status(session), "ACTIVE") << "its session is protected and goes on";
    EXPECT_TRUE(world.host().game(sick).asked_to_end);
    ASSERT_EQ(world.host().games().size(), 2U) << "the replacement does not wait";
    const std::string next = world.make_session(fleet);
    EXPECT_NE(world.host().game_of(next).client_port, old_port);
    world.advance(24h);
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    world.host().end_match(session);
    world.advance(5s);
    EXPECT_EQ(world.host().games().size(), 1U) << "the old place is gone";
    EXPECT_THAT(world.event_codes(fleet), Not(Contains("SERVER_PROCESS_CRASHED")));
}

}  // namespace
}  // namespace gse::testing
