// Queues and placements [创建游戏服务器队列; 就近调度; 跨地域容灾].
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string fleet_arn(const std::string& fleet, const std::string& region = "ap-shanghai") {
    return "qcs::gse:" + region + ":uin/100000000001:fleet/" + fleet;
}
std::string alias_arn(const std::string& alias, const std::string& region = "ap-shanghai") {
    return "qcs::gse:" + region + ":uin/100000000001:alias/" + alias;
}

/// A world with short words for placements; the queue is "q".
struct Places : World {
    using World::World;

    void queue(const std::vector<std::string>& arns, Params more = {}) {
        Params params{{"Name", "q"}};
        for (std::size_t i = 0; i < arns.size(); ++i)
            params.emplace_back("Destinations." + std::to_string(i) + ".DestinationArn", arns[i]);
        params.insert(params.end(), more.begin(), more.end());
        const bool exists = call("DescribeGameServerSessionQueues", {{"Names.0", "q"}}).ok();
        const Answer answer = call(exists ? "UpdateGameServerSessionQueue" : "CreateGameServerSessionQueue", params);
        EXPECT_TRUE(answer.ok()) << answer.body();
    }
    Answer start(const std::string& id, Params more = {}) {
        Params params{{"PlacementId", id}, {"GameServerSessionQueueName", "q"}, {"MaximumPlayerSessionCount", "4"}};
        params.insert(params.end(), more.begin(), more.end());
        return call("StartGameServerSessionPlacement", params);
    }
    std::string read(const std::string& id, const std::string& field) {
        return call("DescribeGameServerSessionPlacement", {{"PlacementId", id}})["GameServerSessionPlacement." + field];
    }
    std::string status(const std::string& id) { return read(id, "Status"); }
    std::string session(const std::string& id) { return read(id, "GameServerSessionId"); }
    std::string region(const std::string& id) { return read(id, "GameServerSessionRegion"); }
};

Params latencies(const std::vector<std::tuple<std::string, std::string, int>>& samples) {
    Params params;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const std::string prefix = "PlayerLatencies." + std::to_string(i) + ".";
        params.emplace_back(prefix + "PlayerId", std::get<0>(samples[i]));
        params.emplace_back(prefix + "RegionIdentifier", std::get<1>(samples[i]));
        params.emplace_back(prefix + "LatencyInMilliseconds", std::to_string(std::get<2>(samples[i])));
    }
    return params;
}
Params policies(const std::vector<std::pair<int, int>>& list) {
    Params params;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string prefix = "PlayerLatencyPolicies." + std::to_string(i) + ".";
        params.emplace_back(prefix + "MaximumIndividualPlayerLatencyMilliseconds", std::to_string(list[i].first));
        if (list[i].second > 0) params.emplace_back(prefix + "PolicyDurationSeconds", std::to_string(list[i].second));
    }
    return params;
}
const Params kMeasured = latencies({{"player-1", "ap-shanghai", 100},
                                    {"player-1", "na-siliconvalley", 50},
                                    {"player-2", "ap-shanghai", 60},
                                    {"player-2", "na-siliconvalley", 80}});

struct TwoRegions : Places {
    TwoRegions() {
        shanghai = make_fleet({.name = "shanghai"});
        valley = make_fleet({.name = "valley", .region = "na-siliconvalley"});
    }
    void both(std::vector<std::pair<int, int>> limits = {}, int timeout = 30) {
        Params more = policies(limits);
        more.emplace_back("TimeoutInSeconds", std::to_string(timeout));
        queue({fleet_arn(shanghai), fleet_arn(valley, "na-siliconvalley")}, more);
    }
    std::string shanghai, valley;
};

TEST(Placement, WakesAFleetThatHasLostItsInstancesSinceItCame) {
    Places world;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    const std::string session = world.make_session(fleet);
    world.start("m");
    ASSERT_EQ(world.status("m"), "PENDING") << "full, and without a policy it does not grow";
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MinSize", "0"}, {"DesiredInstances", "0"}});
    world.host().end_match(session);
    world.advance(1min);
    EXPECT_EQ(world.status("m"), "FULFILLED");
}

TEST(Placement, IsFulfilledWhenItsSessionIsActiveAndSeatsItsPlayers) {
    Places world;
    world.host().behaviour.activates = false;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    const Answer asked = world.start("m-1", {{"DesiredPlayerSessions.0.PlayerId", "ann"},
                                             {"DesiredPlayerSessions.0.PlayerData", "blue"},
                                             {"DesiredPlayerSessions.1.PlayerId", "bob"},
                                             {"DesiredPlayerSessions.1.PlayerData", ""}});
    EXPECT_EQ(asked["GameServerSessionPlacement.Status"], "PENDING");
    const std::string session =
        world.call("DescribeGameServerSessions", {{"FleetId", fleet}})["GameServerSessions.0.GameServerSessionId"];
    EXPECT_THAT(session, EndsWith("/m-1"));
    EXPECT_EQ(world.session_status(session), "ACTIVATING");
    EXPECT_EQ(world.status("m-1"), "PENDING");
    EXPECT_EQ(world.session("m-1"), "") << "nobody should send players to it yet";
    world.advance(20s);
    world.host().activate(session);
    EXPECT_EQ(world.status("m-1"), "FULFILLED");
    EXPECT_EQ(world.session("m-1"), session);
    EXPECT_EQ(world.read("m-1", "IpAddress"), "10.0.0.1");
    EXPECT_EQ(world.region("m-1"), "ap-shanghai");
    EXPECT_EQ(world.read("m-1", "PlacedPlayerSessions.1.PlayerId"), "bob");
    const std::string ann = world.read("m-1", "PlacedPlayerSessions.0.PlayerSessionId");
    const std::string bob = world.read("m-1", "PlacedPlayerSessions.1.PlayerSessionId");
    EXPECT_EQ(world.player_status(ann), "RESERVED");
    world.advance(59s);
    EXPECT_EQ(world.host().accept(session, ann), link::CallStatus::Ok) << "the seats' minute begins at fulfilment";
    world.advance(2s);
    EXPECT_EQ(world.player_status(bob), "TIMEDOUT");
    world.host().end_match(session);
    EXPECT_EQ(world.status("m-1"), "FULFILLED") << "what becomes of the session does not concern it any more";
    world.advance(24h);
    EXPECT_EQ(world.call("DescribeGameServerSessionPlacement", {{"PlacementId", "m-1"}}).code(), "ResourceNotFound");
}

TEST(Placement, NearbyTheWorkedExample) {
    TwoRegions world;
    world.both({{80, 10}, {100, 10}, {150, 0}});
    world.start("m", kMeasured);
    EXPECT_EQ(world.region("m"), "na-siliconvalley") << "under the 80 ms policy";
}

TEST(Placement, RecoveryBothQualifyAndPriorityDecides) {
    TwoRegions world;
    world.both({{150, 0}});
    world.start("m", kMeasured);
    EXPECT_EQ(world.region("m"), "ap-shanghai");
}

TEST(Placement, RecoveryAClientThatMeasuresNothingAvoidsTheRegion) {
    TwoRegions world;
    world.both({{150, 0}});
    world.start("m", latencies({{"player-1", "ap-shanghai", 0},
                                {"player-1", "na-siliconvalley", 50},
                                {"player-2", "ap-shanghai", 0},
                                {"player-2", "na-siliconvalley", 80}}));
    EXPECT_EQ(world.region("m"), "na-siliconvalley");
}

TEST(Placement, AnyNumberIsALatencyAndTheLargestOnesAreNone) {
    TwoRegions world;
    const std::string largest = "18446744073709551615";
    world.queue({fleet_arn(world.shanghai), fleet_arn(world.valley, "na-siliconvalley")},
                {{"PlayerLatencyPolicies.0.MaximumIndividualPlayerLatencyMilliseconds", largest}});
    Params measured = kMeasured;
    measured.push_back({"PlayerLatencies.4.PlayerId", "player-3"});
    measured.push_back({"PlayerLatencies.4.RegionIdentifier", "ap-shanghai"});
    measured.push_back({"PlayerLatencies.4.LatencyInMilliseconds", largest});
    measured.push_back({"PlayerLatencies.5.PlayerId", "player-3"});
    measured.push_back({"PlayerLatencies.5.RegionIdentifier", "na-siliconvalley"});
    measured.push_back({"PlayerLatencies.5.LatencyInMilliseconds", "86399999"});
    const Answer started = world.start("m", measured);
    EXPECT_TRUE(started.ok()) << started.body();
    EXPECT_EQ(world.region("m"), "na-siliconvalley") << "the policy is no limit, and nobody measured Shanghai so";
    EXPECT_EQ(world.read("m", "PlayerLatencies.4.LatencyInMilliseconds"), largest);
}

TEST(Placement, PoliciesRelaxOnTime) {
    TwoRegions world;
    world.both({{60, 10}, {100, 10}, {150, 0}});
    world.make_session(world.shanghai);
    ASSERT_TRUE(world
                    .call("CreateGameServerSession", {{"FleetId", world.valley}, {"MaximumPlayerSessionCount", "1"}},
                          "na-siliconvalley")
                    .ok());
    // Near enough to Silicon Valley, which is full; Shanghai is admitted by the second policy, and has room meanwhile.
    world.start("m", latencies({{"p", "ap-shanghai", 90}, {"p", "na-siliconvalley", 50}}));
    world.call("UpdateFleetCapacity", {{"FleetId", world.shanghai}, {"MaxSize", "2"}, {"DesiredInstances", "2"}});
    world.advance(9s);
    EXPECT_EQ(world.fleet(world.shanghai).open.size(), 1U);
    EXPECT_EQ(world.status("m"), "PENDING") << "the first policy is waited out";
    world.advance(1s);
    EXPECT_EQ(world.region("m"), "ap-shanghai");
}

TEST(Placement, APolicyThatNobodyMeetsIsNotWaitedFor) {
    TwoRegions world;
    world.both({{40, 10}, {150, 0}});
    world.start("near", kMeasured);
    EXPECT_EQ(world.status("near"), "FULFILLED");
    world.both({{30, 10}, {40, 0}});
    EXPECT_EQ(world.start("far", kMeasured)["GameServerSessionPlacement.Status"], "FAILED");
}

TEST(Placement, ThoseWhoWaitAreServedInTheirOrder) {
    Places world;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    std::string running = world.make_session(fleet);
    for (const char* id : {"first", "second", "third"}) world.start(id);
    for (const char* id : {"first", "second", "third"}) {
        EXPECT_EQ(world.status(id), "PENDING");
        world.advance(1s);
        world.host().end_match(running);
        world.advance(5s);
        EXPECT_EQ(world.status(id), "FULFILLED") << id;
        running = world.session(id);
    }
}

TEST(Placement, ADirectCreateDoesNotOvertake) {
    Places world;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    const std::string running = world.make_session(fleet);
    world.start("m");
    world.host().end_session(running);
    world.advance(2s);
    EXPECT_EQ(world.status("m"), "FULFILLED");
    EXPECT_EQ(world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}}).code(),
              "ResourceInsufficient");
}

TEST(Placement, APreferredFleetWinsWheneverItHasRoom) {
    TwoRegions world;
    world.both();
    EXPECT_EQ((world.start("a"), world.region("a")), "ap-shanghai");
    EXPECT_EQ((world.start("b"), world.region("b")), "na-siliconvalley") << "Shanghai is full";
    world.start("c");
    world.host().end_match(world.session("b"));
    world.advance(5s);
    EXPECT_EQ(world.region("c"), "na-siliconvalley") << "the first that has room";
}

TEST(Placement, WakesUpWhenAnAliasIsPointedSomewhereElse) {
    Places world;
    const std::string full = world.make_fleet({.name = "full"});
    const std::string free = world.make_fleet({.name = "free"});
    world.make_session(full);
    const std::string alias = world.make_alias(full);
    world.queue({alias_arn(alias)});
    world.start("m");
    EXPECT_EQ(world.status("m"), "PENDING");
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", free}});
    EXPECT_EQ(world.status("m"), "FULFILLED");
    EXPECT_THAT(world.session("m"), HasSubstr(free));
}

TEST(Placement, FailsAtOnceWhenEveryDestinationIsATerminalAlias) {
    Places world;
    const std::string fleet = world.make_fleet();
    world.make_session(fleet);
    const std::string alias = world.make_alias(fleet);
    const Params close{{"AliasId", alias}, {"RoutingStrategy.Type", "TERMINAL"}, {"RoutingStrategy.Message", "closed"}};
    world.queue({alias_arn(alias)});
    world.start("waits");
    EXPECT_EQ(world.status("waits"), "PENDING");
    world.call("UpdateAlias", close);
    EXPECT_EQ(world.status("waits"), "FAILED");
    EXPECT_EQ(world.start("late")["GameServerSessionPlacement.Status"], "FAILED");
    world.queue({alias_arn(alias), fleet_arn(fleet)});
    world.start("still");
    EXPECT_EQ(world.status("still"), "PENDING") << "the other one may get room";
}

TEST(Placement, WaitsForAFleetThatIsStillBeingMade) {
    Places world;
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    world.start("m");
    EXPECT_EQ(world.status("m"), "PENDING");
    world.host().go_on();
    EXPECT_EQ(world.status("m"), "FULFILLED");
}

TEST(Placement, TimesOutOnTheSecond) {
    Places world;
    const std::string fleet = world.make_fleet();
    world.make_session(fleet);
    world.queue({fleet_arn(fleet)}, {{"TimeoutInSeconds", "30"}});
    world.start("m");
    world.queue({fleet_arn(fleet)}, {{"TimeoutInSeconds", "5"}});
    world.advance(29s);
    EXPECT_EQ(world.status("m"), "PENDING") << "its time was set when it began";
    world.advance(1s);
    EXPECT_EQ(world.status("m"), "TIMED_OUT");
    EXPECT_NE(world.read("m", "EndTime"), "null");
}

TEST(Placement, ALostSessionPutsItBackAtItsOldPlace) {
    Places world;
    world.host().behaviour.activates = false;
    const std::string fleet = world.make_fleet({.activation_timeout_s = 10});
    world.queue({fleet_arn(fleet)}, {{"TimeoutInSeconds", "60"}});
    world.start("first");
    world.start("second");
    const auto live = [&] {
        return world.call(
            "DescribeGameServerSessions",
            {{"FleetId", fleet}, {"StatusFilter", "ACTIVATING"}})["GameServerSessions.0.GameServerSessionId"];
    };
    const std::string lost = live();
    EXPECT_THAT(lost, EndsWith("/first"));
    world.advance(25s);
    EXPECT_EQ(world.session_status(lost), "ERROR");
    EXPECT_THAT(live(), EndsWith("/first")) << "before the second";
    EXPECT_NE(live(), lost);
    world.host().activate(live());
    EXPECT_EQ(world.status("first"), "FULFILLED");
    EXPECT_EQ(world.status("second"), "PENDING");
    world.advance(60s);
    EXPECT_EQ(world.status("second"), "TIMED_OUT");
}

TEST(Placement, ATimeoutDuringActivationEndsTheSession) {
    Places world;
    world.host().behaviour.activates = false;
    const std::string fleet = world.make_fleet({.activation_timeout_s = 600});
    world.queue({fleet_arn(fleet)}, {{"TimeoutInSeconds", "20"}});
    world.start("m");
    world.advance(20s);
    EXPECT_EQ(world.status("m"), "TIMED_OUT");
    EXPECT_EQ(world.read("m", "PlacedPlayerSessions#"), "0");
    EXPECT_EQ(world.fleet(fleet).live_sessions.size(), 0U);
}

TEST(Placement, StoppedDuringActivationEndsTheSession) {
    Places world;
    world.host().behaviour.activates = false;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    world.start("m");
    EXPECT_EQ(world.fleet(fleet).live_sessions.size(), 1U);
    EXPECT_EQ(world.call("StopGameServerSessionPlacement", {{"PlacementId", "m"}})["GameServerSessionPlacement.Status"],
              "CANCELLED");
    EXPECT_EQ(world.fleet(fleet).live_sessions.size(), 0U);
    world.advance(1min);
    EXPECT_EQ(world.status("m"), "CANCELLED");
    EXPECT_EQ(world.fleet(fleet).processes_active, 1U) << "the process that had begun it was replaced";
}

TEST(Placement, ADeletedQueueFailsWhatIsPending) {
    Places world;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    world.start("done");
    world.start("waits");
    ASSERT_TRUE(world.call("DeleteGameServerSessionQueue", {{"Name", "q"}}).ok());
    EXPECT_EQ(world.status("waits"), "FAILED");
    EXPECT_EQ(world.status("done"), "FULFILLED");
    EXPECT_EQ(world.fleet(fleet).live_sessions.size(), 1U);
}

TEST(Placement, ADeletedFleetIsPassedOver) {
    TwoRegions world;
    world.both();
    world.call("DeleteFleet", {{"FleetId", world.shanghai}});
    world.start("m");
    EXPECT_EQ(world.region("m"), "na-siliconvalley");
    world.both({}, 40);  // the queue may keep what was deleted
    EXPECT_EQ(world.call("DescribeGameServerSessionQueues", {})["GameServerSessionQueues.0.TimeoutInSeconds"], "40");
}

TEST(Placement, SurvivesARestart) {
    TwoRegions world;
    world.both({{60, 10}, {150, 0}}, 60);
    const std::string running = [&] {
        return world.call("CreateGameServerSession", {{"FleetId", world.valley}, {"MaximumPlayerSessionCount", "1"}},
                          "na-siliconvalley")["GameServerSession.GameServerSessionId"];
    }();
    const Params near_valley = latencies({{"p", "ap-shanghai", 90}, {"p", "na-siliconvalley", 50}});
    world.start("first", near_valley);
    world.start("second", near_valley);
    world.advance(5s);
    world.restart_server();
    world.advance(4s);
    EXPECT_EQ(world.status("first"), "PENDING");
    world.advance(1s);
    EXPECT_EQ(world.region("first"), "ap-shanghai") << "its policy advances on time";
    EXPECT_EQ(world.status("second"), "PENDING");
    world.restart_server();
    world.host().end_match(running);
    world.advance(5s);
    EXPECT_EQ(world.region("second"), "na-siliconvalley");
    world.start("third", near_valley);
    world.restart_server(30s);
    world.restart_server(31s);
    world.run();
    EXPECT_EQ(world.status("third"), "TIMED_OUT");
    EXPECT_EQ(world.status("first"), "FULFILLED");
}

TEST(Placement, ARestartDuringActivationLosesNothing) {
    Places world;
    world.host().behaviour.activates = false;
    const std::string fleet = world.make_fleet();
    world.queue({fleet_arn(fleet)});
    world.start("m", {{"DesiredPlayerSessions.0.PlayerId", "ann"}, {"DesiredPlayerSessions.0.PlayerData", ""}});
    const std::string session =
        world.call("DescribeGameServerSessions", {{"FleetId", fleet}})["GameServerSessions.0.GameServerSessionId"];
    world.restart_server(5s);
    EXPECT_EQ(world.status("m"), "PENDING");
    world.host().activate(session);
    EXPECT_EQ(world.status("m"), "FULFILLED");
    EXPECT_EQ(world.session("m"), session);
    EXPECT_EQ(world.read("m", "PlacedPlayerSessions#"), "1");
}

TEST(Demand, WhoWaitsMakesAFleetGrow) {
    Places world;
    const std::string fleet = world.make_fleet({.processes = 1, .max = 5, .buffer = 1});
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    world.queue({fleet_arn(fleet)});
    for (int i = 0; i < 4; ++i) world.start("m-" + std::to_string(i));
    EXPECT_EQ(world.instances(fleet), 5U) << "one runs, three wait, and the buffer wants one more";
    EXPECT_THAT(world.events_of(fleet, "FLEET_SCALING_EVENT"), Contains(HasSubstr("waiting on")));
    world.host().go_on();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(world.status("m-" + std::to_string(i)), "FULFILLED");
    EXPECT_EQ(world.fleet(fleet).demand, 0U);
}

TEST(Demand, IsThatOfOneFleetOnly) {
    TwoRegions world;
    for (const auto& [id, region] :
         {std::pair(world.shanghai, "ap-shanghai"), std::pair(world.valley, "na-siliconvalley")}) {
        world.call("UpdateFleetCapacity", {{"FleetId", id}, {"MaxSize", "2"}}, region);
        world.call("PutScalingPolicy",
                   {{"FleetId", id},
                    {"Name", "buffer"},
                    {"PolicyType", "TargetBased"},
                    {"MetricName", "PercentAvailableGameSessions"},
                    {"TargetConfiguration.TargetValue", "1"}},
                   region);
    }
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    world.both();
    world.start("a"), world.start("b");
    EXPECT_EQ(world.instances(world.shanghai), 2U);
    world.start("c");
    EXPECT_EQ(world.fleet(world.shanghai).demand, 1U) << "which is all it could take";
    EXPECT_EQ(world.fleet(world.valley).demand, 0U);
    world.start("d");
    EXPECT_EQ(world.fleet(world.valley).demand, 1U) << "the next one counts for the next fleet";
}

TEST(Demand, WakesAFleetFromZeroInstances) {
    for (const bool by_placement : {true, false}) {
        Places world;
        const std::string fleet = world.make_fleet();
        world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "0"}});
        world.advance(1min);
        EXPECT_EQ(world.instances(fleet), 0U);
        if (by_placement) {
            world.queue({fleet_arn(fleet)});
            world.start("m");
            EXPECT_EQ(world.status("m"), "FULFILLED");
        } else {
            EXPECT_EQ(
                world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}}).code(),
                "ResourceInsufficient");
            EXPECT_NE(world.make_session(fleet), "") << "the next attempt finds a process";
        }
        EXPECT_EQ(world.instances(fleet), 1U);
        world.advance(30min);
        EXPECT_EQ(world.instances(fleet), 1U) << "and nothing takes it away while a session runs";
    }
}

TEST(Demand, RefusedCreatesCountForAMinute) {
    World world;
    const std::string fleet = world.make_fleet({.processes = 1, .max = 4, .buffer = 1});
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    world.make_session(fleet);
    const auto refused = [&] {
        return world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "1"}}).code();
    };
    EXPECT_EQ(world.instances(fleet), 2U);
    EXPECT_EQ(refused(), "ResourceInsufficient");
    EXPECT_EQ(world.instances(fleet), 3U);
    for (int i = 0; i < 20; ++i) {
        world.advance(2s);
        refused();
    }
    EXPECT_EQ(world.instances(fleet), 3U) << "one client that tries again and again is one";
    world.advance(15min);
    EXPECT_EQ(world.instances(fleet), 2U) << "it has given up";
}

TEST(Placement, ManyWaitAndEachIsServedOnce) {
    Places world(true, [] {
        Settings settings;
        settings.limits.placements_per_queue = 100'000;
        return settings;
    }());
    const std::string fleet = world.make_fleet({.processes = 50, .max = 100, .buffer = 1});
    world.host().behaviour.stops_at = link::PrepareStep::Downloaded;
    world.queue({fleet_arn(fleet)});
    for (int i = 0; i < 3'000; ++i) world.start("m-" + std::to_string(i));
    world.host().go_on();
    world.advance(1s);
    int fulfilled = 0;
    world.state().table<core::Placement>().for_each([&](core::Slot, const core::Placement& placement) {
        fulfilled += placement.status == PlacementStatus::Fulfilled;
    });
    EXPECT_EQ(fulfilled, 3'000);
    EXPECT_EQ(world.fleet(fleet).live_sessions.size(), 3'000U);
}

}  // namespace
}  // namespace gse::testing
