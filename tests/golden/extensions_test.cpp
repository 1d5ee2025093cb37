#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenExtensions, DecisionsAndWaiting) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet();
    const std::string arn = "qcs::gse:ap-shanghai:uin/100000000001:fleet/" + fleet;
    world.call("CreateGameServerSessionQueue", {{"Name", "near"}, {"Destinations.0.DestinationArn", arn}});
    const auto start = [&](const std::string& id) {
        world.call("StartGameServerSessionPlacement",
                   {{"PlacementId", id}, {"GameServerSessionQueueName", "near"}, {"MaximumPlayerSessionCount", "2"}});
    };
    start("match-1");
    start("match-2");
    const std::string refused =
        world.call("CreateGameServerSession", {{"FleetId", fleet}, {"MaximumPlayerSessionCount", "2"}})["RequestId"];
    const auto explain = [&](const std::string& what, const std::string& json, const std::string& region = "") {
        golden.call("DescribePlacementDecision", what, json, region);
    };
    explain("a placement that got a session", R"({"PlacementId":"match-1"})");
    explain("one that waits, as things are now", R"({"PlacementId":"match-2"})");
    explain("a refused create, by its request", fmt::format(R"({{"RequestId":"{}"}})", refused));
    explain("a placement that does not exist", R"({"PlacementId":"nothing"})");
    explain("a request that is not known", R"({"RequestId":"nothing"})");
    explain("a request of another region", fmt::format(R"({{"RequestId":"{}"}})", refused), "ap-beijing");
    explain("neither placement nor request", "{}");

    const auto wait = [&](const std::string& what, const std::string& json, const std::string& region = "") {
        golden.call("WaitGameServerSessionPlacement", what, json, region);
    };
    wait("one that has ended, at once", R"({"PlacementId":"match-1","TimeoutSeconds":1})");
    wait("one that is PENDING, at the timeout", R"({"PlacementId":"match-2"})");
    wait("one that does not exist", R"({"PlacementId":"nothing"})");
    wait("one of another region", R"({"PlacementId":"match-1"})", "ap-beijing");
    wait("for longer than anybody may", R"({"PlacementId":"match-1","TimeoutSeconds":61})");
    wait("for no time", R"({"PlacementId":"match-1","TimeoutSeconds":0})");
    wait("without an id", "{}");
}

TEST(GoldenExtensions, Monitoring) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string instance = world.host().instances().begin()->first;
    const std::string arn = "qcs::gse:ap-shanghai:uin/100000000001:fleet/" + fleet;
    world.call("CreateGameServerSessionQueue", {{"Name", "near"}, {"Destinations.0.DestinationArn", arn}});
    world.advance(60s);
    world.make_session(fleet);
    world.host().measure({{instance, {.cpu_percent = 12.5, .memory_bytes = 256e6, .connections = 3}}});
    world.advance(60s);
    const auto ask = [&](const std::string& what, const std::string& json, const std::string& region = "") {
        golden.call("DescribeMetrics", what, fill(json, {{"fleet", fleet}, {"instance", instance}}), region);
    };
    const std::string since = format_utc(world.now().wall - 210s);
    ask("two metrics of a fleet, and a minute before the server was there",
        R"({"ResourceType":"FLEET","ResourceIds":["$fleet"],"MetricNames":["ActiveGameServerSessions",)"
        R"("ServerProcessActivations"],"StartTime":")" +
            since + R"("})");
    ask("every metric of a fleet, now", R"({"ResourceType":"FLEET","ResourceIds":["$fleet"],"LatestOnly":true})");
    ask("every metric of a queue, now", R"({"ResourceType":"QUEUE","ResourceIds":["near"],"LatestOnly":true})");
    ask("every metric of an instance, now; some the machine cannot tell",
        R"({"ResourceType":"INSTANCE","ResourceIds":["$instance"],"LatestOnly":true})");
    ask("five minutes together",
        R"({"ResourceType":"FLEET","ResourceIds":["$fleet"],"MetricNames":["DesiredInstances"],"Period":300,)"
        R"("StartTime":")" +
            since + R"("})");
    ask("a fleet that does not exist", R"({"ResourceType":"FLEET","ResourceIds":["fleet-0"]})");
    ask("a fleet of another region", R"({"ResourceType":"FLEET","ResourceIds":["$fleet"]})", "ap-beijing");
    ask("a metric that does not exist",
        R"({"ResourceType":"INSTANCE","ResourceIds":["$instance"],"MetricNames":["Charm"]})");
    ask("a period of half minutes", R"({"ResourceType":"FLEET","ResourceIds":["$fleet"],"Period":90})");
    ask("of nothing", R"({"ResourceType":"FLEET","ResourceIds":[]})");
    ask("of a type that has none", R"({"ResourceType":"ALIAS","ResourceIds":["x"]})");
}

TEST(GoldenExtensions, AliasHistoryAndTags) {
    World world;
    Golden golden(world);
    const std::string v1 = world.make_fleet({.name = "v1"}), v2 = world.make_fleet({.name = "v2"});
    const std::string alias = world.make_alias(v1);
    const auto with = [&](std::string json) { return fill(std::move(json), {{"alias", alias}, {"fleet", v2}}); };
    golden.call("RollbackAlias", "one that was never pointed elsewhere", with(R"({"AliasId":"$alias"})"));
    world.advance(1s);
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", v2}});
    world.advance(1s);
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "TERMINAL"}, {"RoutingStrategy.Message", "closed"}});
    const auto history = [&](const std::string& what, const std::string& json, const std::string& region = "") {
        golden.call("DescribeAliasHistory", what, with(json), region);
    };
    history("all changes, newest first", R"({"AliasId":"$alias"})");
    history("the second page of one", R"({"AliasId":"$alias","Limit":1,"Offset":1})");
    history("a page behind the end", R"({"AliasId":"$alias","Offset":2})");
    history("of an alias that does not exist", R"({"AliasId":"alias-00000000-00000000"})");
    history("of another region", R"({"AliasId":"$alias"})", "ap-beijing");
    history("more than are kept", R"({"AliasId":"$alias","Limit":51})");
    history("without an id", "{}");

    const auto back = [&](const std::string& what, const std::string& json) {
        golden.call("RollbackAlias", what, with(json));
    };
    world.advance(1s);
    back("to where it led before the last change", R"({"AliasId":"$alias"})");
    back("to where it led before a named change", R"({"AliasId":"$alias","HistoryId":1})");
    back("before a change that is not known", R"({"AliasId":"$alias","HistoryId":9})");
    back("one that does not exist", R"({"AliasId":"alias-00000000-00000000"})");
    back("without an id", "{}");
    world.call("UpdateAlias",
               {{"AliasId", alias}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", v2}});
    world.call("DeleteFleet", {{"FleetId", v1}});
    back("to a fleet that is being deleted", R"({"AliasId":"$alias"})");

    world.call("CreateGameServerSessionQueue", {{"Name", "near"}});
    const std::string asset = world.make_asset();
    const auto arn = [&](const std::string& name) { return "qcs::gse:ap-shanghai:uin/100000000001:" + name; };
    const auto tag = [&](const std::string& what, const std::string& resource, const std::string& tags) {
        golden.call("TagResource", what, fmt::format(R"({{"Resource":"{}","Tags":{}}})", resource, tags));
    };
    const std::string env = R"([{"Key":"env","Value":"prod"}])";
    tag("an alias", arn("alias/" + alias), env);
    tag("a fleet", arn("fleet/" + v2), env);
    tag("an asset", arn("asset/" + asset), env);
    tag("a queue", arn("queue/near"), env);
    tag("a queue, as access policies spell it", arn("gameServerSessionQueue/near"), R"([{"Key":"team","Value":""}])");
    tag("a key that is there gets the new value", arn("alias/" + alias),
        R"([{"Key":"env","Value":"test"},{"Key":"team","Value":"blue"}])");
    tag("a key twice", arn("alias/" + alias), R"([{"Key":"a","Value":""},{"Key":"a","Value":""}])");
    tag("a key that is empty", arn("alias/" + alias), R"([{"Key":"","Value":""}])");
    tag("no tags", arn("alias/" + alias), "[]");
    std::string many = "[";
    for (int i = 0; i < 49; ++i) many += fmt::format(R"({}{{"Key":"k{}","Value":""}})", i ? "," : "", i);
    tag("more than a resource may have", arn("alias/" + alias), many + "]");
    tag("what does not exist", arn("fleet/fleet-00000000-00000000"), env);
    tag("what bears no tags", arn("session/x"), env);
    tag("no resource name", "arena", env);
    tag("of another account", "qcs::gse:ap-shanghai:uin/1:alias/" + alias, env);
    tag("of another region", "qcs::gse:ap-beijing:uin/100000000001:alias/" + alias, env);
    golden.call("TagResource", "without a resource", fmt::format(R"({{"Tags":{}}})", env));

    const auto untag = [&](const std::string& what, const std::string& resource, const std::string& keys) {
        golden.call("UntagResource", what, fmt::format(R"({{"Resource":"{}","TagKeys":{}}})", resource, keys));
    };
    untag("one, and one that is not there", arn("alias/" + alias), R"(["env","nothing"])");
    untag("the last", arn("queue/near"), R"(["env","team"])");
    untag("what does not exist", arn("queue/nothing"), R"(["env"])");
    untag("no keys", arn("alias/" + alias), "[]");
    untag("no resource name", "arena", R"(["env"])");
    golden.call("UntagResource", "without keys", fmt::format(R"({{"Resource":"{}"}})", arn("alias/" + alias)));
}

}  // namespace
}  // namespace gse::testing
