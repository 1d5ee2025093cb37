#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kNoFleet = "fleet-00000000-00000000";

TEST(GoldenFleetChanges, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 2});
    const auto with = [&](std::string json) { return fill(std::move(json), {{"f", fleet}, {"none", kNoFleet}}); };

    golden.call("UpdateFleetAttributes", "only what is given changes",
                with(R"({"FleetId":"$f","Name":"renamed","NewGameSessionProtectionPolicy":"TimeLimitProtection"})"));
    golden.call(
        "UpdateFleetAttributes", "everything",
        with(
            R"({"FleetId":"$f","Name":"again","Description":"of the night","NewGameSessionProtectionPolicy":"FullProtection","GameServerSessionProtectionTimeLimit":5,"ResourceCreationLimitPolicy":{"NewGameServerSessionsPerCreator":1,"PolicyPeriodInMinutes":10}})"));
    golden.call("UpdateFleetAttributes", "an empty description takes the old one away",
                with(R"({"FleetId":"$f","Description":""})"));
    golden.call("UpdateFleetAttributes", "nothing", with(R"({"FleetId":"$f"})"));
    golden.call("UpdateFleetAttributes", "with an empty name", with(R"({"FleetId":"$f","Name":""})"));
    golden.call("UpdateFleetAttributes", "with a policy that does not exist",
                with(R"({"FleetId":"$f","NewGameSessionProtectionPolicy":"SomeProtection"})"));
    golden.call("UpdateFleetAttributes", "with a time that is too short",
                with(R"({"FleetId":"$f","GameServerSessionProtectionTimeLimit":4})"));
    golden.call("UpdateFleetAttributes", "of a fleet that does not exist", with(R"({"FleetId":"$none"})"));
    golden.call("UpdateFleetAttributes", "of a fleet of another region", with(R"({"FleetId":"$f"})"), "ap-tokyo");
    golden.call("UpdateFleetAttributes", "without an id", "{}");

    golden.call("UpdateFleetName", "a name", with(R"({"FleetId":"$f","Name":"fleet"})"));
    golden.call("UpdateFleetName", "one that is too long",
                fill(R"({"FleetId":"$f","Name":"$n"})", {{"f", fleet}, {"n", std::string(51, 'n')}}));
    golden.call("UpdateFleetName", "without a name", with(R"({"FleetId":"$f"})"));
    golden.call("UpdateFleetName", "of a fleet that does not exist", with(R"({"FleetId":"$none","Name":"x"})"));

    golden.call("DescribeFleetPortSettings", "one rule", with(R"({"FleetId":"$f"})"));
    const auto rules = [&](const std::string& more) { return with(R"({"FleetId":"$f",)" + more + "}"); };
    const std::string udp = R"([{"FromPort":2000,"ToPort":3000,"Protocol":"UDP","IpRange":"10.0.0.0/8"}])";
    const std::string tcp = R"([{"FromPort":1025,"ToPort":60000,"Protocol":"TCP","IpRange":"0.0.0.0/0"}])";
    golden.call("UpdateFleetPortSettings", "a rule more", rules(R"("InboundPermissionAuthorizations":)" + udp));
    golden.call("UpdateFleetPortSettings", "one that is there already",
                rules(R"("InboundPermissionAuthorizations":)" + udp));
    golden.call("DescribeFleetPortSettings", "two rules", with(R"({"FleetId":"$f"})"));
    golden.call("UpdateFleetPortSettings", "one rule less", rules(R"("InboundPermissionRevocations":)" + udp));
    golden.call("UpdateFleetPortSettings", "one that is not there", rules(R"("InboundPermissionRevocations":)" + udp));
    golden.call("UpdateFleetPortSettings", "the last one", rules(R"("InboundPermissionRevocations":)" + tcp));
    golden.call("UpdateFleetPortSettings", "one rule both ways",
                rules(R"("InboundPermissionAuthorizations":)" + tcp + R"(,"InboundPermissionRevocations":)" + tcp));
    golden.call("UpdateFleetPortSettings", "the last one for another",
                rules(R"("InboundPermissionAuthorizations":)" + udp + R"(,"InboundPermissionRevocations":)" + tcp));
    golden.call("DescribeFleetPortSettings", "the other one", with(R"({"FleetId":"$f"})"));
    golden.call("UpdateFleetPortSettings", "and back",
                rules(R"("InboundPermissionAuthorizations":)" + tcp + R"(,"InboundPermissionRevocations":)" + udp));
    golden.call(
        "UpdateFleetPortSettings", "a port below 1025",
        rules(
            R"("InboundPermissionAuthorizations":[{"FromPort":80,"ToPort":80,"Protocol":"TCP","IpRange":"0.0.0.0/0"}])"));
    golden.call("UpdateFleetPortSettings", "nothing", with(R"({"FleetId":"$f"})"));
    golden.call("UpdateFleetPortSettings", "of a fleet that does not exist",
                with(R"({"FleetId":"$none","InboundPermissionAuthorizations":)") + udp + "}");
    golden.call("DescribeFleetPortSettings", "of a fleet that does not exist", with(R"({"FleetId":"$none"})"));
    golden.call("DescribeFleetPortSettings", "without an id", "{}");

    golden.call(
        "UpdateRuntimeConfiguration", "two programs",
        with(
            R"({"FleetId":"$f","RuntimeConfiguration":{"GameServerSessionActivationTimeoutSeconds":30,"MaxConcurrentGameServerSessionActivations":2,"ServerProcesses":[{"LaunchPath":"/local/game/server","Parameters":"-v 2","ConcurrentExecutions":1},{"LaunchPath":"/local/game/lobby","ConcurrentExecutions":1}]}})"));
    golden.call(
        "UpdateRuntimeConfiguration", "what is left out has its default",
        with(
            R"({"FleetId":"$f","RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/local/game/server","ConcurrentExecutions":2}]}})"));
    golden.call(
        "UpdateRuntimeConfiguration", "with a launch path outside /local/game/",
        with(
            R"({"FleetId":"$f","RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/bin/sh","ConcurrentExecutions":1}]}})"));
    golden.call(
        "UpdateRuntimeConfiguration", "with more than 50 processes an instance",
        with(
            R"({"FleetId":"$f","RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/local/game/a","ConcurrentExecutions":51}]}})"));
    golden.call("UpdateRuntimeConfiguration", "without processes",
                with(R"({"FleetId":"$f","RuntimeConfiguration":{"ServerProcesses":[]}})"));
    golden.call("UpdateRuntimeConfiguration", "without a configuration", with(R"({"FleetId":"$f"})"));
    golden.call(
        "UpdateRuntimeConfiguration", "of a fleet that does not exist",
        with(
            R"({"FleetId":"$none","RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/local/game/a","ConcurrentExecutions":1}]}})"));

    world.call("UpdateFleetCapacity",
               {{"FleetId", fleet}, {"MinSize", "1"}, {"MaxSize", "3"}, {"ScalingInterval", "5"}});
    const std::string asset = world.make_asset();
    golden.call("CopyFleet", "all but scaling", with(R"({"FleetId":"$f","CopyNumber":1})"));
    golden.call("CopyFleet", "two, with scaling and another name",
                with(R"({"FleetId":"$f","CopyNumber":2,"Name":"copy","SelectedScalingType":"SCALING_SELECTED"})"));
    golden.call(
        "CopyFleet", "everything otherwise",
        fill(
            R"({"FleetId":"$f","CopyNumber":1,"AssetId":"$asset","Name":"other","Description":"else","InstanceType":"S5.LARGE16","FleetType":"ON_DEMAND","NewGameServerSessionProtectionPolicy":"TimeLimitProtection","GameServerSessionProtectionTimeLimit":6,"ResourceCreationLimitPolicy":{"NewGameServerSessionsPerCreator":0,"PolicyPeriodInMinutes":0},"InboundPermissions":[{"FromPort":4000,"ToPort":5000,"Protocol":"UDP","IpRange":"0.0.0.0/0"}],"RuntimeConfiguration":{"ServerProcesses":[{"LaunchPath":"/local/game/b","ConcurrentExecutions":1}]},"Tags":[{"Key":"env","Value":"test"}],"SystemDiskInfo":{"DiskType":"CLOUD_SSD","DiskSize":100},"DataDiskInfo":[{"DiskType":"CLOUD_PREMIUM","DiskSize":10}],"CcnInfos":[{"AccountId":"100000000001","CcnId":"ccn-1"}],"SelectedCcnType":"CCN_SELECTED_BEFORE_CREATE","InternetMaxBandwidthOut":10})",
            {{"f", fleet}, {"asset", asset}}));
    golden.call("CopyFleet", "none", with(R"({"FleetId":"$f","CopyNumber":0})"));
    golden.call("CopyFleet", "of a fleet that does not exist", with(R"({"FleetId":"$none","CopyNumber":1})"));
    golden.call("CopyFleet", "with an asset that does not exist",
                with(R"({"FleetId":"$f","CopyNumber":1,"AssetId":"asset-00000000-00000000"})"));
    golden.call("CopyFleet", "with an unknown instance type",
                with(R"({"FleetId":"$f","CopyNumber":1,"InstanceType":"Z9.HUGE"})"));
    golden.call("CopyFleet", "with a choice that does not exist",
                with(R"({"FleetId":"$f","CopyNumber":1,"SelectedScalingType":"YES"})"));
    golden.call("CopyFleet", "without a number", with(R"({"FleetId":"$f"})"));
    world.settings.limits.fleets_per_region = 6;
    golden.call("CopyFleet", "beyond the quota of fleets", with(R"({"FleetId":"$f","CopyNumber":2})"));
    world.settings.limits.instances_per_region = 12;
    golden.call("CopyFleet", "beyond the quota of instances",
                with(R"({"FleetId":"$f","CopyNumber":1,"SelectedScalingType":"SCALING_SELECTED"})"));

    world.host().behaviour.idle_complies = false;
    world.call("DeleteFleet", {{"FleetId", fleet}});
    golden.call("UpdateFleetName", "of a fleet that is being deleted", with(R"({"FleetId":"$f","Name":"late"})"));
}

TEST(GoldenInstances, EveryActionAndItsRefusals) {
    World world(false);
    Golden golden(world);
    world.add_host({.name = "own", .address = "10.0.0.1", .instances = 1, .access_user = "game", .access_key = "key"});
    world.host().behaviour.log_paths = {"/local/game/log"};
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string instance = world.host().games().begin()->second.instance;
    const std::string ended = world.make_session(fleet, 8);
    world.advance(10s);
    world.host().end_match(ended);
    world.advance(10s);
    const std::string session = world.make_session(fleet, 8);
    world.join(session, "ann");
    const auto with = [&](std::string json) {
        return fill(std::move(json), {{"f", fleet}, {"i", instance}, {"none", kNoFleet}});
    };

    golden.call("DescribeInstancesExtend", "all of a fleet", with(R"({"FleetId":"$f","Offset":0,"Limit":10})"));
    golden.call("DescribeInstancesExtend", "a page behind the end", with(R"({"FleetId":"$f","Offset":1,"Limit":10})"));
    golden.call("DescribeInstancesExtend", "of an address that nobody has",
                with(R"({"FleetId":"$f","Offset":0,"Limit":10,"IpAddress":"10.9.9.9"})"));
    golden.call("DescribeInstancesExtend", "of a fleet that does not exist",
                with(R"({"FleetId":"$none","Offset":0,"Limit":10})"));
    golden.call("DescribeInstancesExtend", "without a page", with(R"({"FleetId":"$f"})"));
    golden.call("DescribeInstancesExtend", "with a limit above 100",
                with(R"({"FleetId":"$f","Offset":0,"Limit":101})"));

    golden.call("DescribeInstanceTypes", "all", "{}");
    golden.call("DescribeInstanceTypes", "of a region that does not exist", "{}", "mars-north");
    world.settings.limits.instances_per_region = 20;
    golden.call("DescribeInstanceLimit", "in total and by type", "{}");
    golden.call("DescribeInstanceLimit", "of a region that does not exist", "{}", "mars-north");

    golden.call("SetServerWeight", "a weight", with(R"({"FleetId":"$f","InstanceId":"$i","Weight":10})"));
    golden.call("SetServerWeight", "above 10", with(R"({"FleetId":"$f","InstanceId":"$i","Weight":11})"));
    golden.call("SetServerWeight", "none", with(R"({"FleetId":"$f","InstanceId":"$i"})"));
    golden.call("SetServerWeight", "of an instance that does not exist",
                with(R"({"FleetId":"$f","InstanceId":"ins-00000000","Weight":5})"));
    golden.call("SetServerWeight", "of a fleet that does not exist",
                with(R"({"FleetId":"$none","InstanceId":"$i","Weight":5})"));
    golden.call("SetServerReserved", "kept", with(R"({"FleetId":"$f","InstanceId":"$i","ReserveValue":1})"));
    golden.call("DescribeInstancesExtend", "kept, with a weight", with(R"({"FleetId":"$f","Offset":0,"Limit":10})"));
    golden.call("SetServerReserved", "released, which is the default", with(R"({"FleetId":"$f","InstanceId":"$i"})"));
    golden.call("SetServerReserved", "a value that is none",
                with(R"({"FleetId":"$f","InstanceId":"$i","ReserveValue":2})"));
    golden.call("SetServerReserved", "of an instance that does not exist",
                with(R"({"FleetId":"$f","InstanceId":"ins-00000000"})"));

    golden.call("GetInstanceAccess", "of a machine that carries nothing else",
                with(R"({"FleetId":"$f","InstanceId":"$i"})"));
    golden.call("GetInstanceAccess", "of an instance that does not exist",
                with(R"({"FleetId":"$f","InstanceId":"ins-00000000"})"));
    golden.call("GetInstanceAccess", "without an instance", with(R"({"FleetId":"$f"})"));
    const auto instance_of = [&](const std::string& id) {
        return world.state().at<core::Instance>(world.fleet(id).instances.front()).id;
    };
    world.add_host(
        {.name = "shared", .address = "10.0.0.2", .instances = 9, .access_user = "root", .access_key = "key"});
    const std::string second = world.make_fleet({.name = "second"});
    golden.call("GetInstanceAccess", "of a machine that carries others too",
                fill(R"({"FleetId":"$f","InstanceId":"$i"})", {{"f", second}, {"i", instance_of(second)}}));
    world.add_host({.name = "closed", .address = "10.0.0.3", .instances = 90});
    const std::string third = world.make_fleet({.name = "third"});
    golden.call("GetInstanceAccess", "of a machine whose operator has set no login",
                fill(R"({"FleetId":"$f","InstanceId":"$i"})", {{"f", third}, {"i", instance_of(third)}}));

    golden.call("GetGameServerSessionLogUrl", "of a session that has ended",
                fill(R"({"GameServerSessionId":"$s"})", {{"s", ended}}));
    golden.call("GetGameServerSessionLogUrl", "of one that is live",
                fill(R"({"GameServerSessionId":"$s"})", {{"s", session}}));
    golden.call("GetGameServerSessionLogUrl", "of one of another region",
                fill(R"({"GameServerSessionId":"$s"})", {{"s", ended}}), "ap-tokyo");
    world.host().behaviour.collects_logs = false;
    world.host().end_match(session);
    golden.call("GetGameServerSessionLogUrl", "of one whose logs are being collected",
                fill(R"({"GameServerSessionId":"$s"})", {{"s", session}}));
    const std::string silent = world.make_session(third);
    world.host(2).end_match(silent);
    golden.call("GetGameServerSessionLogUrl", "of one without logs",
                fill(R"({"GameServerSessionId":"$s"})", {{"s", silent}}));
    golden.call("GetGameServerSessionLogUrl", "without an id", "{}");

    golden.call("GetGameServerInstanceLogUrl", "of an instance: its preparation and its sessions",
                with(R"({"FleetId":"$f","InstanceId":"$i"})"));
    golden.call("GetGameServerInstanceLogUrl", "of a fleet, the first page",
                with(R"({"FleetId":"$f","Offset":0,"Size":3})"));
    golden.call("GetGameServerInstanceLogUrl", "the last page", with(R"({"FleetId":"$f","Offset":3,"Size":3})"));
    golden.call("GetGameServerInstanceLogUrl", "of an address",
                with(R"({"FleetId":"$f","ServerIp":"10.0.0.1","Size":1})"));
    golden.call("GetGameServerInstanceLogUrl", "of an address that nobody has",
                with(R"({"FleetId":"$f","ServerIp":"10.9.9.9"})"));
    golden.call("GetGameServerInstanceLogUrl", "of an instance that does not exist",
                with(R"({"FleetId":"$f","InstanceId":"ins-00000000"})"));
    golden.call("GetGameServerInstanceLogUrl", "of a fleet that does not exist", with(R"({"FleetId":"$none"})"));
    golden.call("GetGameServerInstanceLogUrl", "without a fleet", "{}");
}

TEST(GoldenStatistics, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet();  // 2020-09-13T12:26:40Z
    world.advance(20h);
    world.make_fleet({.name = "other"});
    world.advance(8h);
    const auto with = [&](std::string json) { return fill(std::move(json), {{"f", fleet}, {"none", kNoFleet}}); };

    golden.call("DescribeFleetStatisticDetails", "all of a fleet", with(R"({"FleetId":"$f"})"));
    golden.call("DescribeFleetStatisticDetails", "of all fleets, the second page of one", R"({"Limit":1,"Offset":1})");
    golden.call("DescribeFleetStatisticDetails", "cut to a span",
                with(R"({"FleetId":"$f","BeginTime":"2020-09-14 01:00:00","EndTime":"2020-09-14 02:00:00"})"));
    golden.call("DescribeFleetStatisticDetails", "of a time before",
                with(R"({"FleetId":"$f","EndTime":"2020-09-12 00:00:00"})"));
    golden.call("DescribeFleetStatisticDetails", "with a start behind the end",
                with(R"({"FleetId":"$f","BeginTime":"2020-09-14 01:00:00","EndTime":"2020-09-14 00:00:00"})"));
    golden.call("DescribeFleetStatisticDetails", "with a time that is none", R"({"BeginTime":"yesterday"})");
    golden.call("DescribeFleetStatisticDetails", "with a limit above 100", R"({"Limit":101})");
    golden.call("DescribeFleetStatisticDetails", "of a fleet that does not exist", with(R"({"FleetId":"$none"})"));

    golden.call("DescribeFleetStatisticFlows", "by day", with(R"({"FleetId":"$f"})"));
    golden.call("DescribeFleetStatisticFlows", "of all fleets, the second page of one", R"({"Limit":1,"Offset":1})");
    golden.call("DescribeFleetStatisticFlows", "one day, as the example asks for it",
                R"({"BeginTime":"2020-09-14 00:00:00","EndTime":"2020-09-14 00:00:00"})");
    golden.call("DescribeFleetStatisticFlows", "of a time to come", R"({"BeginTime":"2030-01-01 00:00:00"})");
    golden.call("DescribeFleetStatisticFlows", "of a region without fleets", "{}", "ap-tokyo");
    golden.call("DescribeFleetStatisticFlows", "of a fleet that does not exist", with(R"({"FleetId":"$none"})"));

    golden.call("DescribeFleetStatisticSummary", "of a fleet", with(R"({"FleetId":"$f"})"));
    golden.call("DescribeFleetStatisticSummary", "of all fleets", "{}");
    golden.call("DescribeFleetStatisticSummary", "of an hour",
                R"({"BeginTime":"2020-09-14 01:00:00","EndTime":"2020-09-14 02:00:00"})");
    golden.call("DescribeFleetStatisticSummary", "with a time that is none", R"({"EndTime":"tomorrow"})");
    golden.call("DescribeFleetStatisticSummary", "of a fleet that does not exist", with(R"({"FleetId":"$none"})"));
}

}  // namespace
}  // namespace gse::testing
