#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenQueues, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string shanghai = world.make_fleet();
    const std::string valley = world.make_fleet({.name = "valley", .region = "na-siliconvalley"});
    const std::string alias = world.make_alias(valley, "na-siliconvalley");
    const std::string closed = world.call("CreateAlias", {{"Name", "closed"},
                                                          {"RoutingStrategy.Type", "TERMINAL"},
                                                          {"RoutingStrategy.Message", "closed"}})["Alias.AliasId"];
    const auto with = [&](std::string json) {
        return fill(std::move(json), {{"fleet", "qcs::gse:ap-shanghai:uin/100000000001:fleet/" + shanghai},
                                      {"alias", "qcs::gse:na-siliconvalley:uin/100000000001:alias/" + alias},
                                      {"closed", "qcs::gse:ap-shanghai:uin/100000000001:alias/" + closed}});
    };
    const auto create = [&](const std::string& what, std::string json) {
        return golden.call("CreateGameServerSessionQueue", what, with(std::move(json)));
    };
    create(
        "fleets and aliases of any region, latency policies, tags",
        R"({"Name":"worldwide","Destinations":[{"DestinationArn":"$fleet"},{"DestinationArn":"$alias"},{"DestinationArn":"$closed"}],"PlayerLatencyPolicies":[{"MaximumIndividualPlayerLatencyMilliseconds":60,"PolicyDurationSeconds":10},{"MaximumIndividualPlayerLatencyMilliseconds":150}],"TimeoutInSeconds":30,"Tags":[{"Key":"env","Value":"prod"}]})");
    create("with its name only: 600 s, and nowhere to go yet", R"({"Name":"empty"})");
    create("a name that exists", R"({"Name":"empty"})");
    create("without a name", "{}");
    create("an empty name", R"({"Name":""})");
    create("a destination that is no ARN", R"({"Name":"x","Destinations":[{"DestinationArn":"fleet-1"}]})");
    create("a destination of another service",
           R"({"Name":"x","Destinations":[{"DestinationArn":"qcs::cvm:ap-shanghai:uin/100000000001:fleet/fleet-1"}]})");
    create("a destination in a region that does not exist",
           R"({"Name":"x","Destinations":[{"DestinationArn":"qcs::gse:mars-north:uin/100000000001:fleet/fleet-1"}]})");
    create("a destination of another account",
           R"({"Name":"x","Destinations":[{"DestinationArn":"qcs::gse:ap-shanghai:uin/7:fleet/fleet-1"}]})");
    create("a queue as a destination",
           R"({"Name":"x","Destinations":[{"DestinationArn":"qcs::gse:ap-shanghai:uin/100000000001:queue/empty"}]})");
    create("a fleet that does not exist",
           R"({"Name":"x","Destinations":[{"DestinationArn":"qcs::gse:ap-shanghai:uin/100000000001:fleet/fleet-1"}]})");
    create("the same destination twice",
           R"({"Name":"x","Destinations":[{"DestinationArn":"$fleet"},{"DestinationArn":"$fleet"}]})");
    create("a destination without an ARN", R"({"Name":"x","Destinations":[{}]})");
    create("a policy without a maximum", R"({"Name":"x","PlayerLatencyPolicies":[{"PolicyDurationSeconds":10}]})");
    create("a timeout of no time", R"({"Name":"x","TimeoutInSeconds":0})");
    create("a timeout beyond ten minutes", R"({"Name":"x","TimeoutInSeconds":601})");
    world.settings.limits.destinations_per_queue = 1;
    create("more destinations than the limit",
           R"({"Name":"x","Destinations":[{"DestinationArn":"$fleet"},{"DestinationArn":"$alias"}]})");
    world.settings.limits.destinations_per_queue = 100;
    world.settings.limits.queues_per_region = 2;
    create("beyond the limit of the region", R"({"Name":"x"})");
    world.settings.limits.queues_per_region = 20;

    const std::string list = "DescribeGameServerSessionQueues";
    golden.call(list, "all, newest first", "{}");
    golden.call(list, "by name, in the order asked for", R"({"Names":["worldwide","empty","worldwide"]})");
    golden.call(list, "a name that does not exist", R"({"Names":["empty","nothing"]})");
    golden.call(list, "the second page of one", R"({"Limit":1,"Offset":1})");
    golden.call(list, "a page behind the end", R"({"Offset":9})");
    golden.call(list, "by several names in a filter",
                R"({"Filters":[{"Key":"resource:name","Values":["empty","nothing"]}]})");
    golden.call(list, "by a tag", R"({"Filters":[{"Key":"tag:key-value","Values":["env:prod"]}]})");
    golden.call(list, "by a filter that it does not know",
                R"({"Filters":[{"Key":"resource:resourceId","Values":["x"]}]})");
    golden.call(list, "more than a page holds", R"({"Limit":101})");
    golden.call(list, "of a region that has none", "{}", "ap-tokyo");
    const Answer related = world.call("DescribeFleetRelatedResources", {{"FleetId", shanghai}});
    EXPECT_EQ(related["Resources.0.Type"], "QUEUE");
    EXPECT_EQ(related["Resources.0.ResourceId"], "worldwide");
    EXPECT_EQ(related.count("Resources"), 1U);

    const auto update = [&](const std::string& what, std::string json, const std::string& region = "") {
        golden.call("UpdateGameServerSessionQueue", what, with(std::move(json)), region);
    };
    update("the lists are replaced, the rest stays",
           R"({"Name":"worldwide","Destinations":[{"DestinationArn":"$alias"}],"PlayerLatencyPolicies":[]})");
    update("the time only", R"({"Name":"worldwide","TimeoutInSeconds":60})");
    update(
        "to a fleet that does not exist",
        R"({"Name":"worldwide","TimeoutInSeconds":5,"Destinations":[{"DestinationArn":"qcs::gse:ap-shanghai:uin/100000000001:fleet/fleet-1"}]})");
    update("one that does not exist", R"({"Name":"nothing"})");
    update("one of another region", R"({"Name":"worldwide"})", "ap-beijing");
    update("without a name", "{}");
    golden.call(list, "a refused change has changed nothing", R"({"Names":["worldwide"]})");

    golden.call("DeleteGameServerSessionQueue", "one of another region", R"({"Name":"empty"})", "ap-beijing");
    golden.call("DeleteGameServerSessionQueue", "a queue", R"({"Name":"empty"})");
    golden.call("DeleteGameServerSessionQueue", "one that is gone", R"({"Name":"empty"})");
    golden.call("DeleteGameServerSessionQueue", "without a name", "{}");
}

TEST(GoldenPlacements, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string arn = "qcs::gse:ap-shanghai:uin/100000000001:fleet/" + fleet;
    world.call("CreateGameServerSessionQueue", {{"Name", "near"}, {"Destinations.0.DestinationArn", arn}});
    world.call("CreateGameServerSessionQueue", {{"Name", "nowhere"}});
    const auto start = [&](const std::string& what, const std::string& json, const std::string& region = "") {
        golden.call("StartGameServerSessionPlacement", what, json, region);
    };
    const std::string whole =
        R"({"PlacementId":"match-1","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":4,"DesiredPlayerSessions":[{"PlayerId":"ann","PlayerData":"blue"},{"PlayerId":"bob","PlayerData":""}],"GameProperties":[{"Key":"map","Value":"sea"}],"GameServerSessionData":"data","GameServerSessionName":"evening","PlayerLatencies":[{"PlayerId":"ann","RegionIdentifier":"ap-shanghai","LatencyInMilliseconds":20}]})";
    start("with everything it takes", whole);
    start("the same request again: the same placement", whole);
    start("its id under another request",
          R"({"PlacementId":"match-1","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":5})");
    world.advance(1s);
    start("with no more than it needs",
          R"({"PlacementId":"match-2","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})");
    start("one that has to wait",
          R"({"PlacementId":"match-3","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})");
    start("in a queue that leads nowhere",
          R"({"PlacementId":"match-4","GameServerSessionQueueName":"nowhere","MaximumPlayerSessionCount":1})");
    start("in a queue that does not exist",
          R"({"PlacementId":"x","GameServerSessionQueueName":"nothing","MaximumPlayerSessionCount":1})");
    start("in a queue of another region",
          R"({"PlacementId":"x","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})", "ap-beijing");
    start("without an id", R"({"GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})");
    start("with an id of other characters",
          R"({"PlacementId":"a_b","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})");
    start("without a queue", R"({"PlacementId":"x","MaximumPlayerSessionCount":1})");
    start("for nobody", R"({"PlacementId":"x","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":0})");
    start(
        "more players than seats",
        R"({"PlacementId":"x","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1,"DesiredPlayerSessions":[{"PlayerId":"a","PlayerData":""},{"PlayerId":"b","PlayerData":""}]})");
    start(
        "a player twice",
        R"({"PlacementId":"x","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":2,"DesiredPlayerSessions":[{"PlayerId":"a","PlayerData":""},{"PlayerId":"a","PlayerData":""}]})");
    world.settings.limits.players_per_session = 10;
    start("more seats than a session may have",
          R"({"PlacementId":"x","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":11})");
    world.settings.limits.placements_per_queue = 1;
    start("in a queue that is full",
          R"({"PlacementId":"x","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})");

    const auto describe = [&](const std::string& what, const std::string& json, const std::string& region = "") {
        golden.call("DescribeGameServerSessionPlacement", what, json, region);
    };
    describe("FULFILLED, with its players' seats", R"({"PlacementId":"match-1"})");
    describe("PENDING", R"({"PlacementId":"match-3"})");
    describe("FAILED", R"({"PlacementId":"match-4"})");
    describe("one that does not exist", R"({"PlacementId":"nothing"})");
    describe("one of another region", R"({"PlacementId":"match-1"})", "ap-beijing");
    describe("without an id", "{}");

    const auto stop = [&](const std::string& what, const std::string& json) {
        golden.call("StopGameServerSessionPlacement", what, json);
    };
    world.advance(2s);
    stop("one that waits", R"({"PlacementId":"match-3"})");
    stop("once more", R"({"PlacementId":"match-3"})");
    stop("one that is FULFILLED", R"({"PlacementId":"match-1"})");
    stop("one that does not exist", R"({"PlacementId":"nothing"})");
    stop("without an id", "{}");
    start("the id of one that was stopped",
          R"({"PlacementId":"match-3","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})");

    start("one that will not be served",
          R"({"PlacementId":"match-5","GameServerSessionQueueName":"near","MaximumPlayerSessionCount":1})");
    world.advance(601s);
    describe("TIMED_OUT", R"({"PlacementId":"match-5"})");
}

}  // namespace
}  // namespace gse::testing
