// Why sessions go where they go, and waiting for placements without asking again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Explained : World {
    using World::World;

    static std::string arn(const std::string& id, const std::string& region = "ap-shanghai") {
        const std::string kind = id.starts_with("alias-") ? "alias/" : "fleet/";
        return "qcs::gse:" + region + ":uin/100000000001:" + kind + id;
    }
    void queue(const std::vector<std::string>& arns, Params more = {}) {
        Params params{{"Name", "q"}};
        for (std::size_t i = 0; i < arns.size(); ++i)
            params.emplace_back("Destinations." + std::to_string(i) + ".DestinationArn", arns[i]);
        params.insert(params.end(), more.begin(), more.end());
        const Answer answer = call("CreateGameServerSessionQueue", params);
        EXPECT_TRUE(answer.ok()) << answer.body();
    }
    Answer start(const std::string& id, Params more = {}) {
        Params params{{"PlacementId", id}, {"GameServerSessionQueueName", "q"}, {"MaximumPlayerSessionCount", "4"}};
        params.insert(params.end(), more.begin(), more.end());
        return call("StartGameServerSessionPlacement", params);
    }
    Answer create(const std::string& target, Params more = {}) {
        Params params{{target.starts_with("alias-") ? "AliasId" : "FleetId", target},
                      {"MaximumPlayerSessionCount", "4"}};
        params.insert(params.end(), more.begin(), more.end());
        return call("CreateGameServerSession", params);
    }
    Answer explain(const std::string& placement) {
        return call("DescribePlacementDecision", {{"PlacementId", placement}});
    }
    /// Of the request that this answer answered.
    Answer explain(const Answer& answer) {
        return call("DescribePlacementDecision", {{"RequestId", answer["RequestId"]}});
    }
    /// `fleet REASON`, in order.
    static std::vector<std::string> reasons(const Answer& answer) {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < answer.count("Decision.Destinations"); ++i) {
            const std::string at = "Decision.Destinations." + std::to_string(i) + ".";
            out.push_back(answer[at + "FleetId"] + " " + answer[at + "Reason"]);
        }
        return out;
    }
    static std::string instance_reason(const Answer& answer, int i = 0) {
        return answer["Decision.Destinations.0.Instances." + std::to_string(i) + ".Reason"];
    }
};

using Reasons = std::vector<std::string>;

TEST(Decision, ACreateThatWasGranted) {
    Explained world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const Answer made = world.create(world.make_alias(fleet));
    const Answer why = world.explain(made);
    EXPECT_EQ(why["Decision.Action"], "CreateGameServerSession");
    EXPECT_EQ(why["Decision.Outcome"], "GRANTED");
    EXPECT_EQ(why["Decision.GameServerSessionId"], made["GameServerSession.GameServerSessionId"]);
    EXPECT_EQ(Explained::reasons(why), Reasons{fleet + " CHOSEN"});
    EXPECT_THAT(why["Decision.Destinations.0.DestinationArn"], HasSubstr(":alias/alias-"));
    EXPECT_EQ(why["Decision.Destinations.0.IdleProcesses"], "2") << "as it was before";
    EXPECT_EQ(why["Decision.Destinations.0.BusyProcesses"], "0");
    EXPECT_EQ(Explained::instance_reason(why), "CHOSEN");
}

TEST(Decision, ACreateThatWasRefusedSaysWhatEachInstanceSaid) {
    Explained world;
    const std::string fleet = world.make_fleet({.processes = 1});
    world.make_session(fleet);
    Answer why = world.explain(world.create(fleet));
    EXPECT_EQ(why["Decision.Outcome"], "REFUSED");
    EXPECT_EQ(Explained::reasons(why), Reasons{fleet + " NO_IDLE_PROCESS"});
    EXPECT_EQ(why["Decision.Destinations.0.BusyProcesses"], "1");
    EXPECT_EQ(why["Decision.Destinations.0.MaximumInstances"], "1");
    EXPECT_EQ(Explained::instance_reason(why), "NO_IDLE_PROCESS");
    EXPECT_THAT(why["Decision.Message"], HasSubstr("1/1 processes busy")) << "what the caller was told";
}

TEST(Decision, WhatHoldsAnInstanceBack) {
    Explained world;
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string instance = world.call("DescribeInstances", {{"FleetId", fleet}})["Instances.0.InstanceId"];
    const auto weigh = [&](const std::string& weight) {
        world.call("SetServerWeight", {{"FleetId", fleet}, {"Weight", weight}, {"InstanceId", instance}});
    };
    const auto reserve = [&](const std::string& value) {
        world.call("SetServerReserved", {{"FleetId", fleet}, {"InstanceId", instance}, {"ReserveValue", value}});
    };
    weigh("0");
    Answer why = world.explain(world.create(fleet));
    EXPECT_EQ(Explained::instance_reason(why), "WEIGHT_ZERO") << why.body();
    EXPECT_THAT(why["Decision.Destinations.0.Message"], HasSubstr("1 at weight 0"));
    weigh("5");
    reserve("1");
    EXPECT_EQ(Explained::instance_reason(world.explain(world.create(fleet))), "RESERVED");
    reserve("0");
    world.host().lose_network();
    world.advance(20s);
    EXPECT_EQ(Explained::instance_reason(world.explain(world.create(fleet))), "HOST_UNREACHABLE");
}

TEST(Decision, WhatAFleetOrAliasRefuses) {
    Explained world;
    const std::string fleet = world.make_fleet({.processes = 5});
    ASSERT_TRUE(world.create(fleet, {{"GameServerSessionId", "mine"}}).ok());
    EXPECT_EQ(Explained::reasons(world.explain(world.create(fleet, {{"GameServerSessionId", "mine"}}))),
              Reasons{fleet + " ID_TAKEN"});
    world.call("UpdateFleetAttributes", {{"FleetId", fleet},
                                         {"ResourceCreationLimitPolicy.NewGameServerSessionsPerCreator", "1"},
                                         {"ResourceCreationLimitPolicy.PolicyPeriodInMinutes", "1"}});
    ASSERT_TRUE(world.create(fleet, {{"CreatorId", "ann"}}).ok());
    EXPECT_EQ(Explained::reasons(world.explain(world.create(fleet, {{"CreatorId", "ann"}}))),
              Reasons{fleet + " CREATOR_LIMIT"});
    EXPECT_EQ(Explained::reasons(world.explain(world.create("fleet-00000000-00000000"))),
              Reasons{"fleet-00000000-00000000 FLEET_NOT_FOUND"});
    EXPECT_EQ(Explained::reasons(world.explain(world.create("alias-00000000-00000000"))),
              Reasons{"null ALIAS_NOT_FOUND"});
    const std::string alias = world.make_alias(fleet);
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "TERMINAL"}, {"RoutingStrategy.Message", "closed"}});
    const Answer closed = world.explain(world.create(alias));
    EXPECT_EQ(Explained::reasons(closed), Reasons{"null ALIAS_TERMINAL"});
    EXPECT_EQ(closed["Decision.Message"], "closed");
    world.settings.limits.players_per_session = 3;
    EXPECT_EQ(world.explain(world.create(fleet))["Decision.Outcome"], "REFUSED") << "a quota refuses before any fleet";
}

TEST(Decision, APlacementConsidersItsDestinationsInOrder) {
    Explained world;
    const std::string full = world.make_fleet({.name = "full"});
    const std::string far = world.make_fleet({.name = "far", .region = "eu-frankfurt"});
    const std::string free = world.make_fleet({.name = "free", .processes = 2});
    const std::string unmeasured = world.make_fleet({.name = "unmeasured", .region = "ap-tokyo"});
    const std::string spare = world.make_fleet({.name = "spare"});
    world.make_session(full);
    world.queue({Explained::arn(full), Explained::arn(far, "eu-frankfurt"), Explained::arn(free),
                 Explained::arn(unmeasured, "ap-tokyo"), Explained::arn(spare)},
                {{"PlayerLatencyPolicies.0.MaximumIndividualPlayerLatencyMilliseconds", "100"}});
    const Answer started = world.start("m", {{"PlayerLatencies.0.PlayerId", "ann"},
                                             {"PlayerLatencies.0.RegionIdentifier", "ap-shanghai"},
                                             {"PlayerLatencies.0.LatencyInMilliseconds", "40"},
                                             {"PlayerLatencies.1.PlayerId", "ann"},
                                             {"PlayerLatencies.1.RegionIdentifier", "eu-frankfurt"},
                                             {"PlayerLatencies.1.LatencyInMilliseconds", "240"}});
    ASSERT_TRUE(started.ok()) << started.body();
    const Answer why = world.explain("m");
    EXPECT_EQ(Explained::reasons(why), (Reasons{full + " NO_IDLE_PROCESS", free + " CHOSEN", spare + " NOT_ASKED",
                                                far + " LATENCY_TOO_HIGH", unmeasured + " LATENCY_UNKNOWN"}))
        << why.body();
    EXPECT_EQ(why["Decision.Outcome"], "GRANTED");
    EXPECT_EQ(why["Decision.RequestId"], started["RequestId"]);
    EXPECT_EQ(why["Decision.Destinations.3.LatencyInMilliseconds"], "240");
    EXPECT_EQ(why["Decision.Destinations.3.MaximumLatencyInMilliseconds"], "100");
    EXPECT_EQ(world.explain(started)["Decision.PlacementId"], "m") << "the request leads to the placement";
}

TEST(Decision, OneThatWaitsIsExplainedAsThingsAre) {
    Explained world;
    const std::string fleet = world.make_fleet();
    world.make_session(fleet);
    world.queue({Explained::arn(fleet)}, {{"TimeoutInSeconds", "60"}});
    world.start("m");
    Answer why = world.explain("m");
    EXPECT_EQ(why["Decision.Outcome"], "WAITING");
    EXPECT_EQ(Explained::reasons(why), Reasons{fleet + " NO_IDLE_PROCESS"});
    EXPECT_EQ(why["Decision.Destinations.0.WaitingPlacements"], "1");
    world.call("SetServerWeight",
               {{"FleetId", fleet},
                {"Weight", "0"},
                {"InstanceId", world.call("DescribeInstances", {{"FleetId", fleet}})["Instances.0.InstanceId"]}});
    EXPECT_EQ(Explained::instance_reason(world.explain("m")), "WEIGHT_ZERO") << "now";
    world.advance(61s);
    why = world.explain("m");
    EXPECT_EQ(why["Decision.Outcome"], "TIMED_OUT");
    EXPECT_EQ(Explained::instance_reason(why), "WEIGHT_ZERO") << "as it was when the time was up";
    world.start("late");
    world.call("StopGameServerSessionPlacement", {{"PlacementId", "late"}});
    EXPECT_EQ(world.explain("late")["Decision.Outcome"], "CANCELLED");
}

TEST(Decision, ARestartForgetsWhyAndNotWhat) {
    Explained world;
    const std::string fleet = world.make_fleet();
    world.queue({Explained::arn(fleet)});
    const Answer started = world.start("m");
    world.restart_server();
    const Answer why = world.explain("m");
    EXPECT_EQ(why["Decision.Outcome"], "GRANTED");
    EXPECT_EQ(why["Decision.GameServerSessionId"],
              world.call("DescribeGameServerSessionPlacement",
                         {{"PlacementId", "m"}})["GameServerSessionPlacement.GameServerSessionId"]);
    EXPECT_THAT(why["Decision.Message"], HasSubstr("not known any more"));
    EXPECT_EQ(world.explain(started).code(), "ResourceNotFound");
}

TEST(Decision, TheNewestAreKept) {
    Settings settings;
    settings.retention.decisions = 3;
    Explained world(true, settings);
    const std::string fleet = world.make_fleet({.processes = 9});
    std::vector<Answer> made;
    for (int i = 0; i < 5; ++i) made.push_back(world.create(fleet));
    EXPECT_EQ(world.explain(made[1]).code(), "ResourceNotFound");
    for (std::size_t i = 2; i < 5; ++i) EXPECT_TRUE(world.explain(made[i]).ok()) << i;
    EXPECT_EQ(world.call("DescribePlacementDecision", {{"RequestId", made[4]["RequestId"]}}, "ap-tokyo").code(),
              "ResourceNotFound")
        << "of another region";
}

// ------------------------------------------------------------------ waiting

struct Waiting : Explained {
    explicit Waiting(Settings wanted = {}) : Explained(true, std::move(wanted)) {
        fleet = make_fleet();
        running = make_session(fleet);
        queue({arn(fleet)});
    }
    Asked wait(const std::string& placement, const std::string& seconds = "60") {
        return ask("WaitGameServerSessionPlacement", {{"PlacementId", placement}, {"TimeoutSeconds", seconds}});
    }
    static std::string status(const Asked& asked) {
        return *asked ? (**asked)["GameServerSessionPlacement.Status"] : "(waits)";
    }
    std::string fleet, running;
};

TEST(WaitForPlacement, IsAnsweredByTheBatchThatEndsIt) {
    Waiting world;
    for (const char* id : {"m", "stopped"}) world.start(id);
    const auto first = world.wait("m"), second = world.wait("m"), other = world.wait("stopped");
    world.advance(5s);
    EXPECT_EQ(Waiting::status(first), "(waits)");
    world.call("StopGameServerSessionPlacement", {{"PlacementId", "stopped"}});
    EXPECT_EQ(Waiting::status(other), "CANCELLED");
    EXPECT_EQ(Waiting::status(first), "(waits)") << "another's end is none of its business";
    world.host().end_match(world.running);
    world.advance(5s);
    EXPECT_EQ(Waiting::status(first), "FULFILLED");
    EXPECT_EQ(Waiting::status(second), "FULFILLED");
    EXPECT_EQ((**first)["GameServerSessionPlacement.IpAddress"], "10.0.0.1");
    EXPECT_EQ(Waiting::status(world.wait("m")), "FULFILLED") << "at once";
}

TEST(WaitForPlacement, IsAnsweredAtTheTimeoutWithWhatIs) {
    Waiting world;
    world.start("m");
    const auto brief = world.wait("m", "5"), longer = world.wait("m", "10");
    world.advance(4999ms);
    EXPECT_EQ(Waiting::status(brief), "(waits)");
    world.advance(1ms);
    EXPECT_EQ(Waiting::status(brief), "PENDING");
    EXPECT_EQ(Waiting::status(longer), "(waits)");
    world.advance(5s);
    EXPECT_EQ(Waiting::status(longer), "PENDING");
}

TEST(WaitForPlacement, SeesATimeoutOfThePlacement) {
    Waiting world;
    world.start("m");
    world.advance(590s);
    const auto asked = world.wait("m");
    world.advance(11s);
    EXPECT_EQ(Waiting::status(asked), "TIMED_OUT");
}

TEST(WaitForPlacement, AtMostSoManyWaitAndWhoeverGoesFreesAPlace) {
    Settings settings;
    settings.limits.waiting_calls = 2;
    Waiting world(settings);
    world.start("m");
    const auto first = world.wait("m"), second = world.wait("m");
    const auto third = world.wait("m");
    ASSERT_TRUE(*third);
    EXPECT_EQ((**third).code(), "RequestLimitExceeded");
    EXPECT_THAT((**third).message(), HasSubstr("limits.waiting_calls"));
    world.hurry(first);
    EXPECT_EQ(Waiting::status(first), "PENDING") << "answered with what is known";
    EXPECT_EQ(Waiting::status(world.wait("m")), "(waits)");
    EXPECT_EQ(Waiting::status(second), "(waits)");
}

TEST(WaitForPlacement, ASessionLostBeforeActiveIsNoEnd) {
    Waiting world;
    world.host().behaviour.activates = false;
    world.start("m");
    const auto asked = world.wait("m");
    world.host().end_match(world.running);
    world.advance(5s);
    EXPECT_EQ(Waiting::status(asked), "(waits)") << "its session is ACTIVATING";
    EXPECT_EQ(world.explain("m")["Decision.Message"], "it got a session, which is ACTIVATING");
}

// ------------------------------------------------------------------ where aliases led

TEST(AliasHistory, RemembersAndGoesBack) {
    World world;
    const std::string v1 = world.make_fleet({.name = "v1"}), v2 = world.make_fleet({.name = "v2"});
    const std::string alias = world.make_alias(v1);
    const auto history = [&] { return world.call("DescribeAliasHistory", {{"AliasId", alias}}); };
    const auto leads = [&] { return world.call("ResolveAlias", {{"AliasId", alias}})["FleetId"]; };
    EXPECT_EQ(history().count("Changes"), 0U) << "its creation is no change";
    EXPECT_EQ(world.call("RollbackAlias", {{"AliasId", alias}}).code(), "FailedOperation");

    const Params to_v2{{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", v2}};
    const Answer moved = world.call("UpdateAlias", to_v2);
    world.call("UpdateAlias", to_v2);
    world.call("UpdateAlias", {{"AliasId", alias}, {"Name", "other"}});
    EXPECT_EQ(history().count("Changes"), 1U) << "the same again, or a name, is no change of where it leads";
    EXPECT_EQ(history()["Changes.0.RequestId"], moved["RequestId"]);
    EXPECT_EQ(history()["Changes.0.SecretId"], "AKIDTEST");
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "TERMINAL"}, {"RoutingStrategy.Message", "closed"}});
    EXPECT_EQ(history()["Changes.0.To.Message"], "closed");
    EXPECT_EQ(history()["Changes.0.From.FleetId"], v2);
    EXPECT_EQ(history()["Changes.1.To.FleetId"], v2);

    world.restart_server();
    EXPECT_EQ(history()["TotalCount"], "2") << "stored with the alias";
    ASSERT_TRUE(world.call("RollbackAlias", {{"AliasId", alias}}).ok());
    EXPECT_EQ(leads(), v2);
    EXPECT_EQ(history()["Changes.0.HistoryId"], "3") << "going back is a change itself";
    ASSERT_TRUE(world.call("RollbackAlias", {{"AliasId", alias}, {"HistoryId", "1"}}).ok());
    EXPECT_EQ(leads(), v1);
    EXPECT_EQ(world.call("RollbackAlias", {{"AliasId", alias}, {"HistoryId", "9"}}).code(), "ResourceNotFound");
    ASSERT_TRUE(world.call("RollbackAlias", {{"AliasId", alias}, {"HistoryId", "3"}}).ok());
    EXPECT_THAT(world.call("ResolveAlias", {{"AliasId", alias}}).message(), "closed") << "to TERMINAL as well";
}

TEST(AliasHistory, GoingBackChecksWhatPointingChecks) {
    World world;
    const std::string v1 = world.make_fleet({.name = "v1"}), v2 = world.make_fleet({.name = "v2"});
    const std::string alias = world.make_alias(v1);
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", v2}});
    ASSERT_TRUE(world.call("DeleteFleet", {{"FleetId", v1}}).ok());
    world.advance(600s);
    EXPECT_EQ(world.call("RollbackAlias", {{"AliasId", alias}}).code(), "ResourceNotFound");
    EXPECT_EQ(world.call("ResolveAlias", {{"AliasId", alias}})["FleetId"], v2) << "nothing has changed";
    EXPECT_EQ(world.call("DescribeAliasHistory", {{"AliasId", alias}})["TotalCount"], "1");
}

TEST(AliasHistory, KeepsTheLastFifty) {
    World world;
    const std::string alias = world.make_alias(world.make_fleet());
    for (int i = 0; i < 60; ++i)
        world.call(
            "UpdateAlias",
            {{"AliasId", alias}, {"RoutingStrategy.Type", "TERMINAL"}, {"RoutingStrategy.Message", std::to_string(i)}});
    const Answer page = world.call("DescribeAliasHistory", {{"AliasId", alias}, {"Limit", "2"}, {"Offset", "48"}});
    EXPECT_EQ(page["TotalCount"], "50");
    EXPECT_EQ(page.count("Changes"), 2U);
    EXPECT_EQ(page["Changes.1.HistoryId"], "11");
    EXPECT_EQ(page["Changes.1.From.Message"], "9");
    EXPECT_EQ(world.call("RollbackAlias", {{"AliasId", alias}, {"HistoryId", "10"}}).code(), "ResourceNotFound");
}

TEST(Tags, MayHoldColons) {
    World world;
    const std::string alias = world.make_alias(world.make_fleet());
    ASSERT_TRUE(world
                    .call("TagResource", {{"Resource", "qcs::gse:ap-shanghai:uin/100000000001:alias/" + alias},
                                          {"Tags.0.Key", "game:env"},
                                          {"Tags.0.Value", "prod:blue"}})
                    .ok());
    const std::pair<const char*, const char*> kCases[] = {
        {"game:env:prod:blue", "1"}, {"game:env:prod", "0"}, {"game:env", "0"}, {"env:prod:blue", "0"}};
    for (const auto& [text, count] : kCases)
        EXPECT_EQ(
            world.call("ListAliases", {{"Filters.0.Key", "tag:key-value"}, {"Filters.0.Values.0", text}})["TotalCount"],
            count)
            << text;
}

TEST(Tags, AreFoundByFiltersAndSurviveARestart) {
    World world;
    const std::string alias = world.make_alias(world.make_fleet());
    const std::string arn = "qcs::gse:ap-shanghai:uin/100000000001:alias/" + alias;
    const auto found = [&] {
        return world.call("ListAliases",
                          {{"Filters.0.Key", "tag:key-value"}, {"Filters.0.Values.0", "env:prod"}})["TotalCount"];
    };
    const auto tagged = [&] { return world.call("ListAliases", {{"Filters.0.Key", "tag:key"}})["TotalCount"]; };
    EXPECT_EQ(found(), "0");
    EXPECT_EQ(tagged(), "0");
    ASSERT_TRUE(world.call("TagResource", {{"Resource", arn}, {"Tags.0.Key", "env"}, {"Tags.0.Value", "prod"}}).ok());
    world.restart_server();
    EXPECT_EQ(found(), "1");
    EXPECT_EQ(tagged(), "1");
    ASSERT_TRUE(world.call("UntagResource", {{"Resource", arn}, {"TagKeys.0", "env"}, {"TagKeys.1", "none"}}).ok());
    EXPECT_EQ(found(), "0");
}

TEST(Tags, AKeyStandsOnceFromCreationOn) {
    World world;
    const Answer refused = world.call("CreateAlias", {{"Name", "closed"},
                                                      {"RoutingStrategy.Type", "TERMINAL"},
                                                      {"RoutingStrategy.Message", "over"},
                                                      {"Tags.0.Key", "env"},
                                                      {"Tags.0.Value", "prod"},
                                                      {"Tags.1.Key", "env"},
                                                      {"Tags.1.Value", "test"}});
    EXPECT_EQ(refused.code(), "InvalidParameterValue");
    EXPECT_EQ(refused.message(), "Tags names the key 'env' twice");
    EXPECT_EQ(world.call("ListAliases", {})["TotalCount"], "0") << "nothing was made";
}

}  // namespace
}  // namespace gse::testing
