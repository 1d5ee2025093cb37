#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenFleets, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string asset = world.make_asset();
    const std::string tokyo = world.make_asset("ap-tokyo");
    const auto with = [&](std::string json, std::map<std::string, std::string, std::greater<>> more = {}) {
        more.insert(
            {{"asset", asset},
             {"tokyo", tokyo},
             {"ports",
              R"("InboundPermissions":[{"FromPort":10000,"ToPort":20000,"Protocol":"TCP","IpRange":"0.0.0.0/0"}])"},
             {"runtime",
              R"("RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/local/game/chat","ConcurrentExecutions":2}]})"}});
        return fill(std::move(json), more);
    };

    const std::string small =
        golden.call("CreateFleet", "with what is required; NEW at once",
                    with(R"({"AssetId":"$asset","Name":"small","InstanceType":"S5.LARGE8",$ports,$runtime})"))
            ["FleetAttributes.FleetId"];
    world.advance(1s);
    const std::string large = golden.call(
        "CreateFleet", "with everything",
        with(
            R"({"AssetId":"$asset","Name":"large","Description":"all there is","InstanceType":"S5.LARGE16","FleetType":"ON_DEMAND","NewGameServerSessionProtectionPolicy":"TimeLimitProtection","GameServerSessionProtectionTimeLimit":5,"ResourceCreationLimitPolicy":{"NewGameServerSessionsPerCreator":3,"PolicyPeriodInMinutes":5},"InboundPermissions":[{"FromPort":1025,"ToPort":60000,"Protocol":"TCP","IpRange":"0.0.0.0/0"},{"FromPort":2000,"ToPort":2000,"Protocol":"UDP","IpRange":"10.0.0.0/8"}],"RuntimeConfiguration":{"GameServerSessionActivationTimeoutSeconds":600,"MaxConcurrentGameServerSessionActivations":2147483647,"ServerProcesses":[{"LaunchPath":"/local/game/a","Parameters":"-p {client_port}","ConcurrentExecutions":3},{"LaunchPath":"/local/game/b","Parameters":"","ConcurrentExecutions":1}]},"Tags":[{"Key":"env","Value":"prod"}],"SystemDiskInfo":{"DiskType":"CLOUD_SSD","DiskSize":100},"DataDiskInfo":[{"DiskType":"CLOUD_PREMIUM","DiskSize":10}],"CcnInfos":[{"AccountId":"100000000001","CcnId":"ccn-1"}],"InternetMaxBandwidthOut":200,"PeerVpcId":"vpc-1","SubNetId":"subnet-1"})"))
                                  ["FleetAttributes.FleetId"];
    golden.call("CreateFleet", "of an asset that does not exist",
                with(R"({"AssetId":"asset-00000000-00000000","Name":"x","InstanceType":"S5.LARGE8",$ports,$runtime})"));
    golden.call("CreateFleet", "of an asset of another region",
                with(R"({"AssetId":"$tokyo","Name":"x","InstanceType":"S5.LARGE8",$ports,$runtime})"));
    golden.call("CreateFleet", "of an unknown instance type",
                with(R"({"AssetId":"$asset","Name":"x","InstanceType":"Z9.HUGE",$ports,$runtime})"));
    golden.call("CreateFleet", "without an asset", with(R"({"Name":"x","InstanceType":"S5.LARGE8",$ports,$runtime})"));
    golden.call("CreateFleet", "without a name",
                with(R"({"AssetId":"$asset","InstanceType":"S5.LARGE8",$ports,$runtime})"));
    golden.call("CreateFleet", "without ports",
                with(R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$runtime})"));
    golden.call("CreateFleet", "without processes",
                with(R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports})"));
    golden.call(
        "CreateFleet", "with more than 50 processes an instance",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports,"RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/local/game/a","ConcurrentExecutions":50},{"LaunchPath":"/local/game/b","ConcurrentExecutions":1}]}})"));
    golden.call(
        "CreateFleet", "with a port below 1025",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8","InboundPermissions":[{"FromPort":80,"ToPort":80,"Protocol":"TCP","IpRange":"0.0.0.0/0"}],$runtime})"));
    golden.call(
        "CreateFleet", "with a first port above the last",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8","InboundPermissions":[{"FromPort":3000,"ToPort":2000,"Protocol":"TCP","IpRange":"0.0.0.0/0"}],$runtime})"));
    golden.call(
        "CreateFleet", "with an address range that is none",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8","InboundPermissions":[{"FromPort":3000,"ToPort":3000,"Protocol":"TCP","IpRange":"everywhere"}],$runtime})"));
    golden.call(
        "CreateFleet", "with a launch path outside /local/game/",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports,"RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/bin/sh","ConcurrentExecutions":1}]}})"));
    golden.call(
        "CreateFleet", "with a launch path that climbs out of /local/game/",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports,"RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/local/game/../../bin/sh","ConcurrentExecutions":1}]}})"));
    golden.call(
        "CreateFleet", "with a launch path on drive C:",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports,"RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"C:\\game\\chat.exe","ConcurrentExecutions":1}]}})"));
    golden.call(
        "CreateFleet", "with a system disk that is too small",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports,$runtime,"SystemDiskInfo":{"DiskType":"CLOUD_SSD","DiskSize":50}})"));
    golden.call(
        "CreateFleet", "with a policy that does not exist",
        with(
            R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports,$runtime,"NewGameServerSessionProtectionPolicy":"SomeProtection"})"));
    world.settings.limits.fleets_per_region = 2;
    golden.call("CreateFleet", "beyond the quota of the region",
                with(R"({"AssetId":"$asset","Name":"x","InstanceType":"S5.LARGE8",$ports,$runtime})"));
    world.settings.limits.fleets_per_region = 20;

    const auto of = [&](const std::string& fleet, std::string json = R"({"FleetId":"$f"})") {
        return fill(std::move(json), {{"f", fleet}});
    };
    golden.call("ListFleets", "all, newest first", "{}");
    golden.call("ListFleets", "Limit and Offset are declared as not used", R"({"Limit":1,"Offset":1})");
    golden.call("ListFleets", "of an asset", with(R"({"AssetId":"$asset"})"));
    golden.call("ListFleets", "of an asset that has none", with(R"({"AssetId":"$tokyo"})"));
    golden.call("ListFleets", "by name", R"({"Filters":[{"Key":"resource:name","Values":["small"]}]})");
    golden.call("ListFleets", "by tag", R"({"Filters":[{"Key":"tag:key-value","Values":["env:prod"]}]})");
    golden.call("ListFleets", "of another region", "{}", "ap-tokyo");
    golden.call("ListFleets", "by a filter that it does not know",
                R"({"Filters":[{"Key":"resource:resourceId","Values":["x"]}]})");

    golden.call("DescribeFleetAttributes", "all", "{}");
    golden.call("DescribeFleetAttributes", "the second page of one", R"({"Limit":1,"Offset":1})");
    golden.call("DescribeFleetAttributes", "a page behind the end", R"({"Limit":1,"Offset":2})");
    golden.call("DescribeFleetAttributes", "some, in the order asked for",
                fill(R"({"FleetIds":["$a","$b"]})", {{"a", small}, {"b", large}}));
    golden.call("DescribeFleetAttributes", "one that does not exist", R"({"FleetIds":["fleet-00000000-00000000"]})");
    golden.call("DescribeFleetAttributes", "one of another region", fill(R"({"FleetIds":["$f"]})", {{"f", small}}),
                "ap-tokyo");
    golden.call("DescribeFleetAttributes", "with a limit above 100", R"({"Limit":101})");

    golden.call("DescribeRuntimeConfiguration", "one process", of(small));
    golden.call("DescribeRuntimeConfiguration", "two recipes", of(large));
    golden.call("DescribeRuntimeConfiguration", "of a fleet that does not exist",
                R"({"FleetId":"fleet-00000000-00000000"})");
    golden.call("DescribeRuntimeConfiguration", "without an id", "{}");

    golden.call("DescribeFleetEvents", "the first page, newest first", of(small, R"({"FleetId":"$f","Limit":3})"));
    golden.call("DescribeFleetEvents", "the page behind it", of(small, R"({"FleetId":"$f","Limit":3,"Offset":3})"));
    golden.call("DescribeFleetEvents", "of one code", of(small, R"({"FleetId":"$f","EventCode":"FLEET_CREATED"})"));
    golden.call(
        "DescribeFleetEvents", "between two times, with an offset",
        of(small,
           R"({"FleetId":"$f","StartTime":"2020-09-13T20:26:40+08:00","EndTime":"2020-09-13T20:26:40+08:00","Limit":2})"));
    golden.call("DescribeFleetEvents", "with a time that is none",
                of(small, R"({"FleetId":"$f","StartTime":"yesterday"})"));
    golden.call("DescribeFleetEvents", "with a start behind the end",
                of(small, R"({"FleetId":"$f","StartTime":"2021-01-01T00:00:00Z","EndTime":"2020-01-01T00:00:00Z"})"));
    golden.call("DescribeFleetEvents", "of a code that does not exist",
                of(small, R"({"FleetId":"$f","EventCode":"FLEET_LOST_ITS_HAT"})"));
    golden.call("DescribeFleetEvents", "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    golden.call("DescribeFleetEvents", "without an id", "{}");

    const std::string session = world.make_session(small, 8);
    world.join(session, "ann");
    golden.call("DescribeFleetUtilization", "one busy, one idle",
                fill(R"({"FleetIds":["$a","$b"]})", {{"a", small}, {"b", large}}));
    golden.call("DescribeFleetUtilization", "of a fleet that does not exist",
                R"({"FleetIds":["fleet-00000000-00000000"]})");
    golden.call("DescribeFleetUtilization", "without ids", "{}");

    const std::string alias = world.make_alias(small);
    golden.call("DescribeFleetRelatedResources", "an alias", of(small));
    golden.call("DescribeFleetRelatedResources", "none", of(large));
    golden.call("DescribeFleetRelatedResources", "of a fleet that does not exist",
                R"({"FleetId":"fleet-00000000-00000000"})");
    golden.call("DescribeFleetRelatedResources", "without an id", "{}");

    const std::string instance = world.host().games().begin()->second.instance;
    golden.call("DescribeInstances", "all", "{}");
    golden.call("DescribeInstances", "of a fleet", of(small));
    golden.call("DescribeInstances", "by id", fill(R"({"InstanceId":"$i"})", {{"i", instance}}));
    golden.call("DescribeInstances", "by address, the second page of one",
                R"({"IpAddress":"10.0.0.1","Limit":1,"Offset":1})");
    golden.call("DescribeInstances", "of an address that nobody has", R"({"IpAddress":"10.9.9.9"})");
    golden.call("DescribeInstances", "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    golden.call("DescribeInstances", "with a limit above 100", R"({"Limit":101})");

    golden.call("DeleteFleet", "with a live session", of(small));
    world.host().end_match(session);
    golden.call("DeleteFleet", "with an alias", of(small));
    world.call("DeleteAlias", {{"AliasId", alias}});
    golden.call("DeleteFleet", "an empty one", of(small));
    golden.call("DescribeFleetAttributes", "one that is being deleted", fill(R"({"FleetIds":["$f"]})", {{"f", small}}));
    golden.call("DescribeFleetEvents", "of a fleet that was deleted, while it is remembered",
                of(small, R"({"FleetId":"$f","Limit":2})"));
    world.advance(10s);
    golden.call("DescribeFleetAttributes", "one that is gone: TERMINATED",
                fill(R"({"FleetIds":["$f"]})", {{"f", small}}));
    golden.call("ListFleets", "without the one that is gone", "{}");
    golden.call("DeleteFleet", "one that is gone", of(small));
    golden.call("DeleteFleet", "one of another region", of(large), "ap-tokyo");
    golden.call("DeleteFleet", "without an id", "{}");
}

}  // namespace
}  // namespace gse::testing
