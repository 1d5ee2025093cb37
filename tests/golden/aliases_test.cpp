#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenAliases, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet();
    const std::string other = world.make_fleet({.name = "beijing", .region = "ap-beijing"});
    world.host().behaviour.stops_at = link::PrepareStep::Accepted;
    const std::string young = world.make_fleet({.name = "young"});
    const auto with = [&](std::string json, std::map<std::string, std::string, std::greater<>> more = {}) {
        more.insert({{"fleet", fleet}, {"other", other}, {"young", young}});
        return fill(std::move(json), more);
    };

    const Answer made = golden.call(
        "CreateAlias", "a SIMPLE alias to an ACTIVE fleet",
        with(
            R"({"Name":"live","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$fleet"},"Description":"what players get","Tags":[{"Key":"env","Value":"prod"}]})"));
    const std::string alias = made["Alias.AliasId"];
    world.advance(1s);
    const std::string end = golden.call(
        "CreateAlias", "a TERMINAL alias keeps its message and the fleet it was given, which it ignores",
        with(
            R"({"Name":"closed","RoutingStrategy":{"Type":"TERMINAL","Message":"Season 1 is over — see you in spring","FleetId":"$fleet"}})"))
                                ["Alias.AliasId"];
    golden.call("CreateAlias", "to a fleet that does not exist",
                R"({"Name":"x","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-00000000-00000000"}})");
    golden.call("CreateAlias", "to a fleet of another region",
                with(R"({"Name":"x","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$other"}})"));
    golden.call("CreateAlias", "to a fleet that is not ACTIVE yet",
                with(R"({"Name":"x","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$young"}})"));
    golden.call("CreateAlias", "without a name", with(R"({"RoutingStrategy":{"Type":"SIMPLE","FleetId":"$fleet"}})"));
    golden.call("CreateAlias", "without a routing strategy", R"({"Name":"x"})");
    golden.call("CreateAlias", "SIMPLE without a fleet", R"({"Name":"x","RoutingStrategy":{"Type":"SIMPLE"}})");
    golden.call("CreateAlias", "TERMINAL without a message", R"({"Name":"x","RoutingStrategy":{"Type":"TERMINAL"}})");
    golden.call("CreateAlias", "with a type that GSE never had",
                with(R"({"Name":"x","RoutingStrategy":{"Type":"ROUTABLE","FleetId":"$fleet"}})"));
    golden.call("CreateAlias", "with a parameter it does not define",
                with(R"({"Name":"x","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$fleet"},"Colour":"red"})"));
    golden.call("CreateAlias", "with a number for a name",
                with(R"({"Name":1,"RoutingStrategy":{"Type":"SIMPLE","FleetId":"$fleet"}})"));
    world.settings.limits.aliases_per_region = 2;
    golden.call("CreateAlias", "beyond the limit of the region",
                with(R"({"Name":"x","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$fleet"}})"));
    world.settings.limits.aliases_per_region = 20;

    golden.call("DescribeAlias", "a SIMPLE one", fill(R"({"AliasId":"$a"})", {{"a", alias}}));
    golden.call("DescribeAlias", "a TERMINAL one", fill(R"({"AliasId":"$a"})", {{"a", end}}));
    golden.call("DescribeAlias", "one that does not exist", R"({"AliasId":"alias-00000000-00000000"})");
    golden.call("DescribeAlias", "one of another region", fill(R"({"AliasId":"$a"})", {{"a", alias}}), "ap-beijing");
    golden.call("DescribeAlias", "without an id", "{}");

    golden.call("ListAliases", "all, newest first", "{}");
    golden.call("ListAliases", "oldest first", R"({"OrderBy":"CreationTime","OrderWay":"asc"})");
    golden.call("ListAliases", "the second page of one", R"({"Limit":1,"Offset":1})");
    golden.call("ListAliases", "a page behind the end", R"({"Limit":1,"Offset":2})");
    golden.call("ListAliases", "by name", R"({"Name":"closed"})");
    golden.call("ListAliases", "by type", R"({"RoutingStrategyType":"SIMPLE"})");
    golden.call("ListAliases", "by filter on a name", R"({"Filters":[{"Key":"resource:name","Values":["live"]}]})");
    golden.call("ListAliases", "by filter on a tag", R"({"Filters":[{"Key":"tag:key-value","Values":["env:prod"]}]})");
    golden.call("ListAliases", "by filter on a tag's key", R"({"Filters":[{"Key":"tag:key","Values":["env"]}]})");
    golden.call("ListAliases", "by a tag that none has",
                R"({"Filters":[{"Key":"tag:key-value","Values":["env:test"]}]})");
    golden.call("ListAliases", "by a filter that it does not know",
                R"({"Filters":[{"Key":"resource:resourceId","Values":["x"]}]})");
    golden.call("ListAliases", "by two names in one filter",
                R"({"Filters":[{"Key":"resource:name","Values":["live","closed"]}]})");
    golden.call("ListAliases", "by a tag without a colon", R"({"Filters":[{"Key":"tag:key-value","Values":["env"]}]})");
    golden.call("ListAliases", "a page of nothing", R"({"Limit":0})");
    golden.call("ListAliases", "sorted by what it cannot sort by", R"({"OrderBy":"Name"})");
    golden.call("ListAliases", "of a region that has none", "{}", "ap-tokyo");

    golden.call("ResolveAlias", "a SIMPLE one", fill(R"({"AliasId":"$a"})", {{"a", alias}}));
    golden.call("ResolveAlias", "a TERMINAL one answers its message, verbatim",
                fill(R"({"AliasId":"$a"})", {{"a", end}}));
    golden.call("ResolveAlias", "one that does not exist", R"({"AliasId":"alias-00000000-00000000"})");
    golden.call("ResolveAlias", "without an id", "{}");

    world.advance(1s);
    const std::string second = world.make_fleet({.name = "second"});
    golden.call(
        "UpdateAlias", "to a fleet that is not ACTIVE yet",
        fill(R"({"AliasId":"$a","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$f"}})", {{"a", alias}, {"f", second}}));
    world.host().go_on();
    golden.call(
        "UpdateAlias", "to another fleet; nothing else changes",
        fill(R"({"AliasId":"$a","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$f"}})", {{"a", alias}, {"f", second}}));
    golden.call("UpdateAlias", "name and description only",
                fill(R"({"AliasId":"$a","Name":"main","Description":""})", {{"a", alias}}));
    golden.call("UpdateAlias", "nothing at all but the time", fill(R"({"AliasId":"$a"})", {{"a", alias}}));
    golden.call("UpdateAlias", "to TERMINAL",
                fill(R"({"AliasId":"$a","RoutingStrategy":{"Type":"TERMINAL","Message":"closed"}})", {{"a", alias}}));
    golden.call("UpdateAlias", "to a fleet that does not exist",
                fill(R"({"AliasId":"$a","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-00000000-00000000"}})",
                     {{"a", alias}}));
    golden.call(
        "UpdateAlias", "to a fleet of another region",
        fill(R"({"AliasId":"$a","RoutingStrategy":{"Type":"SIMPLE","FleetId":"$f"}})", {{"a", alias}, {"f", other}}));
    golden.call("UpdateAlias", "one that does not exist", R"({"AliasId":"alias-00000000-00000000","Name":"x"})");
    golden.call("UpdateAlias", "one of another region", fill(R"({"AliasId":"$a","Name":"x"})", {{"a", alias}}),
                "ap-beijing");
    golden.call("UpdateAlias", "without an id", R"({"Name":"x"})");

    golden.call("DeleteAlias", "one of another region", fill(R"({"AliasId":"$a"})", {{"a", alias}}), "ap-beijing");
    golden.call("DeleteAlias", "an alias", fill(R"({"AliasId":"$a"})", {{"a", alias}}));
    golden.call("DeleteAlias", "one that is gone", fill(R"({"AliasId":"$a"})", {{"a", alias}}));
    golden.call("DeleteAlias", "without an id", "{}");
}

}  // namespace
}  // namespace gse::testing
