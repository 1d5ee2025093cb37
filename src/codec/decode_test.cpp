// Refusals and what is accepted, by table: one sentence, the parameters, the code and the whole message.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>

#include "api/model.h"
#include "codec/codec.h"
#include "codec/flat.h"

namespace gse {
void PrintTo(const Error& error, std::ostream* out) { *out << static_cast<int>(error.code) << ": " << error.message; }
}  // namespace gse

namespace gse::api {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
    std::string out;
    while (times-- > 0) out += text;
    return out;
}

Result<void> decode(std::string_view action, std::string_view json) {
    const Type& type = *find_action(action)->request;
    const std::unique_ptr<void, void (*)(void*)> out{type.ops->create(), type.ops->destroy};
    return decode_json(type, json, out.get());
}

Result<void> decode(std::string_view action, const codec::FlatParams& pairs) {
    const Type& type = *find_action(action)->request;
    const std::unique_ptr<void, void (*)(void*)> out{type.ops->create(), type.ops->destroy};
    return decode_flat(type, pairs, out.get());
}

struct JsonCase {
    const char* name;
    const char* action;
    std::string json;
    ErrorCode code;
    std::string message;
};

const std::string kFleetStart = R"("AssetId":"asset-1","Name":"n","InstanceType":"S5.LARGE8","InboundPermissions":[)"
                                R"({"FromPort":1025,"ToPort":60000,"Protocol":"TCP","IpRange":"0.0.0.0/0"}])";
const std::string kProcess = R"({"ConcurrentExecutions":10,"LaunchPath":"/local/game/server"})";
const std::string kFleet =
    "{" + kFleetStart + R"(,"RuntimeConfiguration":{"ServerProcesses":[)" + kProcess + "]}";  // open

std::string fleet_with(std::string_view member) { return kFleet + "," + std::string{member} + "}"; }
std::string fleet_with_port(std::string_view permission) {
    return R"({"AssetId":"a","Name":"n","InstanceType":"t","InboundPermissions":[)" + std::string{permission} +
           R"(],"RuntimeConfiguration":{"ServerProcesses":[)" + kProcess + "]}}";
}
std::string fleet_with_processes(std::string_view processes) {
    return "{" + kFleetStart + R"(,"RuntimeConfiguration":{"ServerProcesses":[)" + std::string{processes} + "]}}";
}
std::string rule_policy(std::string_view members) {
    return R"({"FleetId":"f","PolicyType":"RuleBased","MetricName":"IdleInstances")" + std::string{members} + "}";
}

using enum ErrorCode;

const JsonCase kShapeCases[] = {
    {"an empty body", "DescribeAlias", "", InvalidParameter,
     "The body is empty; send a JSON object, {} when there are no parameters."},
    {"blanks only", "DescribeAlias", " \n\t", InvalidParameter,
     "The body is empty; send a JSON object, {} when there are no parameters."},
    {"a list instead of an object", "DescribeAlias", "[]", InvalidParameter,
     R"(The body is not a JSON object; send the parameters as {"Name": value}.)"},
    {"a bare text", "DescribeAlias", R"("AliasId")", InvalidParameter,
     R"(The body is not a JSON object; send the parameters as {"Name": value}.)"},
    {"a bare null", "DescribeAlias", "null", InvalidParameter,
     R"(The body is not a JSON object; send the parameters as {"Name": value}.)"},
    {"something behind the object", "DescribeAlias", R"({"AliasId":"a"} {"AliasId":"b"})", InvalidParameter,
     "Something follows the JSON object in the body."},
    {"a brace too many", "DescribeAlias", R"({"AliasId":"a"}})", InvalidParameter,
     "Something follows the JSON object in the body."},
    {"an unknown member", "CreateAlias", R"({"Foo":1})", UnknownParameter, "The parameter Foo is not recognized."},
    {"an unknown member that is null", "CreateAlias", R"({"Foo":null})", UnknownParameter,
     "The parameter Foo is not recognized."},
    {"an unknown member deep inside, with a near miss", "CreateAlias", R"({"RoutingStrategy":{"FleetID":"x"}})",
     UnknownParameter,
     "The parameter RoutingStrategy.FleetID is not recognized. Did you mean RoutingStrategy.FleetId?"},
    {"names are case-sensitive", "DescribeAlias", R"({"aliasId":"a"})", UnknownParameter,
     "The parameter aliasId is not recognized. Did you mean AliasId?"},
    {"an unknown name is shortened and escaped", "DescribeAlias", "{\"" + repeat("x", 60) + "\\n\":1}",
     UnknownParameter, "The parameter " + repeat("x", 48) + "… is not recognized."},
    {"the same member twice", "DescribeAlias", R"({"AliasId":"a","AliasId":"a"})", InvalidParameter,
     "AliasId is given twice."},
    {"the same member twice through an escape", "DescribeAlias", R"({"AliasId":"a","Alias\u0049d":"a"})",
     InvalidParameter, "AliasId is given twice."},
    {"twice in a nested object", "CreateAlias", R"({"RoutingStrategy":{"Type":"SIMPLE","Type":"SIMPLE"}})",
     InvalidParameter, "RoutingStrategy.Type is given twice."},
    {"an empty name", "DescribeAlias", R"({"":1})", UnknownParameter, R"(The parameter "" is not recognized.)"},
    {"not UTF-8", "DescribeAlias", "{\"AliasId\":\"\xFF\"}", InvalidParameter, "The body is not valid UTF-8."},
    {"overlong UTF-8", "DescribeAlias", "{\"AliasId\":\"\xC0\x80\"}", InvalidParameter, "The body is not valid UTF-8."},
    {"a NUL inside a text", "DescribeAlias", R"({"AliasId":"a\u0000b"})", InvalidParameterValue,
     "AliasId has a NUL character; it must be plain text."},
};

TEST(DecodeJson, RefusesWrongShapes) {
    for (const JsonCase& c : kShapeCases) {
        const Result<void> got = decode(c.action, c.json);
        ASSERT_FALSE(got) << c.name;
        EXPECT_EQ(got.error(), (Error{c.code, c.message})) << c.name;
    }
}

/// Malformed in ways that only the parser's own words describe.
TEST(DecodeJson, RefusesBrokenJson) {
    const std::string cases[] = {
        "{",
        "}",
        "{\"AliasId\"",
        "{\"AliasId\":",
        "{\"AliasId\":\"a\"",
        "{\"AliasId\" \"a\"}",
        "{\"AliasId\":\"a\",}",
        "{,}",
        "{'AliasId':'a'}",
        "{AliasId:\"a\"}",
        "{\"AliasId\":\"a\nb\"}",
        "{\"AliasId\":\"\\x\"}",
        "{\"AliasId\":\"\\ud800\"}",
        "{\"AliasId\":nul}",
        "{\"AliasId\":nulls}",
        "{\"AliasId\":\"a}",
    };
    for (const std::string& json : cases) {
        const Result<void> got = decode("DescribeAlias", json);
        ASSERT_FALSE(got) << json;
        EXPECT_EQ(got.error().code, InvalidParameter) << json << ": " << got.error().message;
    }
}

TEST(DecodeJson, IsNotHarmedByDeepNesting) {
    const Result<void> opened = decode("DescribeAlias", repeat("[", 200'000));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, InvalidParameter);
    const std::string objects = repeat(R"({"RoutingStrategy":)", 50'000) + "1" + repeat("}", 50'000);
    const Result<void> nested = decode("CreateAlias", objects);
    ASSERT_FALSE(nested);
    EXPECT_EQ(nested.error(),
              (Error{UnknownParameter, "The parameter RoutingStrategy.RoutingStrategy is not recognized."}));
    const Result<void> list = decode("CreateAlias", R"({"Name":)" + repeat("[", 50'000) + repeat("]", 50'000) + "}");
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error(), (Error{InvalidParameter, "Name is a list; it must be a string."}));
}

TEST(DecodeJson, RefusesWhatIsTooLong) {
    const Result<void> got = decode("DescribeAlias", R"({"AliasId":")" + repeat("x", kJsonBytesMax) + "\"}");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, RequestTooLarge);
}

const JsonCase kTypeCases[] = {
    {"a number for a text", "DescribeAlias", R"({"AliasId":1})", InvalidParameter,
     "AliasId is 1; it must be a string."},
    {"an object for a text", "DescribeAlias", R"({"AliasId":{}})", InvalidParameter,
     "AliasId is an object; it must be a string."},
    {"a text for a list", "DescribeFleetUtilization", R"({"FleetIds":"f"})", InvalidParameter,
     R"(FleetIds is the string "f"; it must be a list.)"},
    {"an object for a list", "DescribeFleetUtilization", R"({"FleetIds":{"0":"f"}})", InvalidParameter,
     "FleetIds is an object; it must be a list."},
    {"a wrong item", "DescribeFleetUtilization", R"({"FleetIds":["f",2]})", InvalidParameter,
     "FleetIds.1 is 2; it must be a string."},
    {"a null item", "DescribeFleetUtilization", R"({"FleetIds":[null]})", InvalidParameter,
     "FleetIds.0 is null; it must be a string."},
    {"a text for an object", "CreateAlias", R"({"RoutingStrategy":"SIMPLE"})", InvalidParameter,
     R"(RoutingStrategy is the string "SIMPLE"; it must be an object.)"},
    {"a list for an object", "CreateAlias", R"({"RoutingStrategy":[]})", InvalidParameter,
     "RoutingStrategy is a list; it must be an object."},
    {"a null item among objects", "CreateAlias", R"({"Tags":[null]})", InvalidParameter,
     "Tags.0 is null; it must be an object."},
    {"a text for an integer", "DescribeFleetAttributes", R"({"Limit":"10"})", InvalidParameter,
     R"(Limit is the string "10"; it must be an integer.)"},
    {"a fraction for an integer", "DescribeFleetAttributes", R"({"Limit":10.0})", InvalidParameter,
     "Limit is 10.0; it must be an integer."},
    {"an exponent for an integer", "DescribeFleetAttributes", R"({"Limit":1e1})", InvalidParameter,
     "Limit is 1e1; it must be an integer."},
    {"true for an integer", "DescribeFleetAttributes", R"({"Limit":true})", InvalidParameter,
     "Limit is true; it must be an integer."},
    {"a negative unsigned integer", "DescribeFleetAttributes", R"({"Limit":-1})", InvalidParameterValue,
     "Limit is -1; it must not be negative."},
    {"an unsigned integer beyond 64 bits", "DescribeFleetAttributes", R"({"Limit":18446744073709551616})",
     InvalidParameterValue, "Limit is 18446744073709551616; it must fit into 64 bits."},
    {"a signed integer beyond 64 bits", "DescribeAssets",
     R"({"AssetRegion":"r","Limit":1,"Offset":-9223372036854775809})", InvalidParameterValue,
     "Offset is -9223372036854775809; it must fit into 64 bits."},
    {"a leading zero", "DescribeFleetAttributes", R"({"Limit":010})", InvalidParameter,
     R"(Limit is "010"; it must be an integer.)"},
    {"a number with a tail", "DescribeFleetAttributes", R"({"Limit":10x})", InvalidParameter,
     R"(Limit is "10x"; it must be an integer.)"},
    {"1 for a boolean", "UpdateBucketAccelerateOpt", R"({"Allowed":1})", InvalidParameter,
     "Allowed is 1; it must be true or false."},
    {"a text for a number", "PutScalingPolicy", R"({"FleetId":"f","Threshold":"1"})", InvalidParameter,
     R"(Threshold is the string "1"; it must be a number.)"},
    {"a number beyond a float", "PutScalingPolicy", R"({"FleetId":"f","Threshold":1e999})", InvalidParameterValue,
     "Threshold is 1e999; it must fit into a 64-bit float."},
    {"a malformed number", "PutScalingPolicy", R"({"FleetId":"f","Threshold":1.})", InvalidParameter,
     R"(Threshold is "1."; it must be a number.)"},
    {"a long text is shortened in the message", "DescribeFleetAttributes", "{\"Limit\":\"" + repeat("é", 40) + "\"}",
     InvalidParameter, "Limit is the string \"" + repeat("é", 24) + "…\"; it must be an integer."},
    {"a word that names no number", "PutTimerScalingPolicy",
     R"({"TimerScalingPolicy":{"TimerConfiguration":{"TimerType":"Daily"}}})", InvalidParameter,
     R"(TimerScalingPolicy.TimerConfiguration.TimerType is the string "Daily"; it must be an integer.)"},
};

TEST(DecodeJson, IsStrictAboutTypes) {
    for (const JsonCase& c : kTypeCases) {
        const Result<void> got = decode(c.action, c.json);
        ASSERT_FALSE(got) << c.name;
        EXPECT_EQ(got.error(), (Error{c.code, c.message})) << c.name;
    }
}

const JsonCase kRuleCases[] = {
    {"a required member is missing", "DescribeAlias", "{}", MissingParameter, "AliasId is missing; it is required."},
    {"a required member is null", "DescribeAlias", R"({"AliasId":null})", MissingParameter,
     "AliasId is missing; it is required."},
    {"a required member of an item is missing", "CreateAlias", R"({"Tags":[{"Key":"k","Value":"v"},{"Key":"k"}]})",
     MissingParameter, "Tags.1.Value is missing; it is required."},
    {"a fleet needs its asset, which the published model does not say", "CreateFleet", "{}", MissingParameter,
     "AssetId is missing; it is required."},
    {"a fleet needs its processes", "CreateFleet", "{" + kFleetStart + "}", MissingParameter,
     "RuntimeConfiguration is missing; it is required."},
    {"a fleet needs a port rule", "CreateFleet", fleet_with_port(""), InvalidParameterValue,
     "InboundPermissions has 0 items; it must have between 1 and 50."},
    {"above the maximum", "DescribeFleetAttributes", R"({"Limit":101})", InvalidParameterValue,
     "Limit is 101; it must be between 0 and 100."},
    {"far above the maximum", "DescribeFleetAttributes", R"({"Limit":18446744073709551615})", InvalidParameterValue,
     "Limit is 18446744073709551615; it must be between 0 and 100."},
    {"below the minimum", "UpdateFleetCapacity", R"({"FleetId":"f","MaxSize":0})", InvalidParameterValue,
     "MaxSize is 0; it must be at least 1."},
    {"a cool-down of two minutes", "UpdateFleetCapacity", R"({"FleetId":"f","ScalingInterval":2})",
     InvalidParameterValue, "ScalingInterval is 2; it must be between 3 and 30."},
    {"not among the texts", "CreateAlias", R"({"Name":"n","RoutingStrategy":{"Type":"ROUTABLE"}})",
     InvalidParameterValue, R"(RoutingStrategy.Type is "ROUTABLE"; it must be one of SIMPLE, TERMINAL.)"},
    {"not the only text", "CreateFleet", fleet_with(R"("FleetType":"SPOT")"), InvalidParameterValue,
     R"(FleetType is "SPOT"; it must be ON_DEMAND.)"},
    {"not among the numbers", "DescribeUserQuota", R"({"ResourceType":6})", InvalidParameterValue,
     "ResourceType is 6; it must be one of 1, 2, 3, 4, 5."},
    {"not among an item's texts", "StartFleetActions", R"({"FleetId":"f","Actions":["SCALE"]})", InvalidParameterValue,
     R"(Actions.0 is "SCALE"; it must be AUTO_SCALING.)"},
    {"an empty text", "CreateAlias", R"({"Name":"","RoutingStrategy":{"Type":"SIMPLE","FleetId":"f"}})",
     InvalidParameterValue, "Name is empty; give at least 1 character."},
    {"too many characters", "UpdateFleetName", R"({"FleetId":"f","Name":")" + repeat("x", 51) + "\"}",
     InvalidParameterValue, "Name has 51 characters (\"" + repeat("x", 48) + "…\"); it must have between 1 and 50."},
    {"too many bytes in a tag", "CreateAlias",
     R"({"Name":"n","RoutingStrategy":{"Type":"SIMPLE","FleetId":"f"},"Tags":[{"Key":")" + repeat("é", 64) +
         R"(","Value":"v"}]})",
     InvalidParameterValue, "Tags.0.Key has 128 bytes (\"" + repeat("é", 24) + "…\"); it must have between 1 and 127."},
    {"too many tags", "CreateAlias",
     R"({"Name":"n","RoutingStrategy":{"Type":"SIMPLE","FleetId":"f"},"Tags":[)" +
         repeat(R"({"Key":"k","Value":"v"},)", 50) + R"({"Key":"k","Value":"v"}]})",
     InvalidParameterValue, "Tags has 51 items; it must have at most 50."},
    {"beyond ASCII", "JoinGameServerSession", R"({"GameServerSessionId":"s","PlayerId":"é"})", InvalidParameterValue,
     R"(PlayerId is "é"; it must have ASCII characters only.)"},
    {"a character outside the pattern", "StartGameServerSessionPlacement",
     R"({"PlacementId":"a b","GameServerSessionQueueName":"q","MaximumPlayerSessionCount":1})", InvalidParameterValue,
     "PlacementId is \"a b\"; it must have the characters "
     "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz only."},
    {"no players in a batch", "JoinGameServerSessionBatch", R"({"GameServerSessionId":"s","PlayerIds":[]})",
     InvalidParameterValue, "PlayerIds has 0 items; it must have between 1 and 25."},
    {"a player twice in a batch", "JoinGameServerSessionBatch",
     R"({"GameServerSessionId":"s","PlayerIds":["a","b","a"]})", InvalidParameterValue,
     R"(PlayerIds.2 is "a", as PlayerIds.0 already is; a player can join once only.)"},
    {"one process recipe too many processes", "CreateFleet",
     fleet_with_processes(R"({"ConcurrentExecutions":51,"LaunchPath":"/local/game/a"})"), InvalidParameterValue,
     "RuntimeConfiguration.ServerProcesses.0.ConcurrentExecutions is 51; the sum over all ServerProcesses must be "
     "between 1 and 50."},
    {"all recipes together too many processes", "CreateFleet",
     fleet_with_processes(
         R"({"ConcurrentExecutions":30,"LaunchPath":"a"},{"ConcurrentExecutions":21,"LaunchPath":"b"})"),
     InvalidParameterValue,
     "RuntimeConfiguration.ServerProcesses.1.ConcurrentExecutions is 21, after 30 in the items before it; the sum over "
     "all "
     "ServerProcesses must be between 1 and 50."},
    {"a port below the range", "CreateFleet",
     fleet_with_port(R"({"FromPort":1024,"ToPort":2000,"Protocol":"TCP","IpRange":"0.0.0.0/0"})"),
     InvalidParameterValue, "InboundPermissions.0.FromPort is 1024; it must be between 1025 and 60000."},
    {"ports the wrong way round", "CreateFleet",
     fleet_with_port(R"({"FromPort":3000,"ToPort":2000,"Protocol":"TCP","IpRange":"0.0.0.0/0"})"),
     InvalidParameterValue,
     "InboundPermissions.0.FromPort is 3000 and InboundPermissions.0.ToPort is 2000; the first port must not be above "
     "the last."},
    {"not a block of addresses", "CreateFleet",
     fleet_with_port(R"({"FromPort":1025,"ToPort":2000,"Protocol":"TCP","IpRange":"10.0.0.0/33"})"),
     InvalidParameterValue,
     R"(InboundPermissions.0.IpRange is "10.0.0.0/33"; it must be a block of addresses such as 10.0.0.0/8.)"},
    {"a system disk too small for its kind", "CreateFleet",
     fleet_with(R"("SystemDiskInfo":{"DiskType":"CLOUD_SSD","DiskSize":99})"), InvalidParameterValue,
     "SystemDiskInfo.DiskSize is 99; with SystemDiskInfo.DiskType CLOUD_SSD it must be between 100 and 500 GB."},
    {"a data disk between two steps", "CreateFleet",
     fleet_with(R"("DataDiskInfo":[{"DiskType":"CLOUD_PREMIUM","DiskSize":15}])"), InvalidParameterValue,
     "DataDiskInfo.0.DiskSize is 15; it must be a multiple of 10 GB."},
    {"a simple alias without a fleet", "CreateAlias", R"({"Name":"n","RoutingStrategy":{"Type":"SIMPLE"}})",
     MissingParameter, "RoutingStrategy.FleetId is missing; it is required when RoutingStrategy.Type is SIMPLE."},
    {"a terminal alias with an empty message", "UpdateAlias",
     R"({"AliasId":"a","RoutingStrategy":{"Type":"TERMINAL","Message":""}})", MissingParameter,
     "RoutingStrategy.Message is missing; it is required when RoutingStrategy.Type is TERMINAL."},
    {"neither fleet nor alias", "CreateGameServerSession", R"({"MaximumPlayerSessionCount":1,"AliasId":""})",
     MissingParameter, "One of these must be given: FleetId or AliasId."},
    {"nothing to list by", "DescribeGameServerSessions", "{}", MissingParameter,
     "One of these must be given: FleetId, AliasId or GameServerSessionId."},
    {"an address without its port", "EndGameServerSessionAndProcess", R"({"IpAddress":"10.0.0.1"})", MissingParameter,
     "One of these must be given: GameServerSessionId or IpAddress together with Port."},
    {"not a time", "DescribeFleetEvents", R"({"FleetId":"f","StartTime":"yesterday"})", InvalidParameterValue,
     R"(StartTime is "yesterday"; it must be a time such as 2021-04-10T10:56:38+08:00 or 2021-04-10 02:56:38 (UTC).)"},
    {"not a size", "CreateAssetWithImage",
     R"({"AssetName":"n","AssetVersion":"1","AssetRegion":"r","ImageId":"i","ImageSize":"40","ImageOs":"o","OsType":"CentOS",)"
     R"("ImageType":"SHARED_IMAGE","OsBit":64})",
     InvalidParameterValue, R"(ImageSize is "40"; it must be a number and KB, MB or GB, such as 40GB.)"},
    {"a minimum above the maximum", "UpdateFleetCapacity", R"({"FleetId":"f","MinSize":3,"MaxSize":2})",
     InvalidParameterValue, "MinSize is 3 and MaxSize is 2; the minimum must not be above the maximum."},
    {"more wanted than the maximum", "UpdateFleetCapacity", R"({"FleetId":"f","DesiredInstances":3,"MaxSize":2})",
     InvalidParameterValue, "DesiredInstances is 3; it must not be above MaxSize, which is 2."},
    {"fewer wanted than the minimum", "UpdateFleetCapacity", R"({"FleetId":"f","DesiredInstances":0,"MinSize":1})",
     InvalidParameterValue, "DesiredInstances is 0; it must not be below MinSize, which is 1."},
    {"the same in a timer", "PutTimerScalingPolicy",
     R"({"TimerScalingPolicy":{"TimerFleetCapacity":{"MinSize":3,"MaxSize":2}}})", InvalidParameterValue,
     "TimerScalingPolicy.TimerFleetCapacity.MinSize is 3 and TimerScalingPolicy.TimerFleetCapacity.MaxSize is 2; the "
     "minimum must not "
     "be above the maximum."},
    {"a target policy without a target", "PutScalingPolicy",
     R"({"FleetId":"f","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions"})", MissingParameter,
     "TargetConfiguration is missing; it is required when PolicyType is TargetBased."},
    {"a target of 100 %", "PutScalingPolicy",
     R"({"FleetId":"f","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":100}})",
     InvalidParameterValue, "TargetConfiguration.TargetValue is 100; it must be between 1 and 99."},
    {"a target policy on a rule's metric", "PutScalingPolicy",
     R"({"FleetId":"f","PolicyType":"TargetBased","MetricName":"IdleInstances","TargetConfiguration":{"TargetValue":30}})",
     InvalidParameterValue,
     R"(MetricName is "IdleInstances"; a TargetBased policy follows PercentAvailableGameSessions.)"},
    {"a rule without a name", "PutScalingPolicy", rule_policy(""), MissingParameter,
     "Name is missing; it is required when PolicyType is RuleBased."},
    {"a rule without a threshold", "PutScalingPolicy",
     rule_policy(
         R"(,"Name":"n","ScalingAdjustmentType":"ExactCapacity","ScalingAdjustment":1,"ComparisonOperator":"<")"),
     MissingParameter, "Threshold is missing; it is required when PolicyType is RuleBased."},
    {"a rule that changes by 100 percent", "PutScalingPolicy",
     rule_policy(
         R"(,"Name":"n","ScalingAdjustmentType":"PercentChangeInCapacity","ScalingAdjustment":-100,"ComparisonOperator":"<",)"
         R"("Threshold":1,"EvaluationPeriods":1)"),
     InvalidParameterValue, "ScalingAdjustment is -100; a percentage must be between -99 and 99."},
    {"a rule that sets a negative number", "PutScalingPolicy",
     rule_policy(
         R"(,"Name":"n","ScalingAdjustmentType":"ExactCapacity","ScalingAdjustment":-1,"ComparisonOperator":"<",)"
         R"("Threshold":1,"EvaluationPeriods":1)"),
     InvalidParameterValue, "ScalingAdjustment is -1; an exact number of instances must not be negative."},
};

TEST(Validation, RefusesWithTheRightCodeAndSaysWhatToChange) {
    for (const JsonCase& c : kRuleCases) {
        const Result<void> got = decode(c.action, c.json);
        ASSERT_FALSE(got) << c.name;
        EXPECT_EQ(got.error(), (Error{c.code, c.message})) << c.name;
    }
}

struct AcceptedCase {
    const char* name;
    const char* action;
    std::string json;
};

const AcceptedCase kAcceptedCases[] = {
    {"no parameters", "DescribeUserQuotas", "{}"},
    {"blanks around and inside", "DescribeAlias", " \n{ \"AliasId\" :\t\"a\" } \r\n"},
    {"null is absent", "DescribeFleetAttributes", R"({"FleetIds":null,"Limit":null})"},
    {"an empty list", "DescribeFleetUtilization", R"({"FleetIds":[]})"},
    {"the length counts characters, not bytes", "UpdateFleetName",
     R"({"FleetId":"f","Name":")" + repeat("舰", 50) + "\"}"},
    {"a character beyond the basic plane counts once", "UpdateFleetName",
     R"({"FleetId":"f","Name":")" + repeat("🎮", 50) + "\"}"},
    {"a session id is an ARN, far longer than the published 48", "JoinGameServerSession",
     R"({"GameServerSessionId":")" + repeat("x", 4096) + R"(","PlayerId":"p"})"},
    {"the same when listing", "DescribePlayerSessions", R"({"GameServerSessionId":")" + repeat("x", 4096) + "\"}"},
    {"no creation limit", "CreateFleet",
     fleet_with(R"("ResourceCreationLimitPolicy":{"NewGameServerSessionsPerCreator":0,"PolicyPeriodInMinutes":0})")},
    {"concurrent activations without a limit", "UpdateRuntimeConfiguration",
     R"({"FleetId":"f","RuntimeConfiguration":{"MaxConcurrentGameServerSessionActivations":0,"ServerProcesses":[)" +
         kProcess + "]}}"},
    {"exactly fifty processes", "CreateFleet",
     fleet_with_processes(
         R"({"ConcurrentExecutions":30,"LaunchPath":"a"},{"ConcurrentExecutions":20,"LaunchPath":"b"})")},
    {"the metric as in the text", "PutScalingPolicy",
     R"({"FleetId":"f","PolicyType":"TargetBased","MetricName":"PercentAvailableGameSessions","TargetConfiguration":{"TargetValue":1}})"},
    {"the metric as in the example", "PutScalingPolicy",
     R"({"FleetId":"f","PolicyType":"TargetBased","MetricName":"PercentAvailableGameServerSessions","TargetConfiguration":{"TargetValue":99}})"},
    {"a whole rule", "PutScalingPolicy",
     rule_policy(
         R"(,"Name":"n","ScalingAdjustmentType":"ChangeInCapacity","ScalingAdjustment":-2,"ComparisonOperator":">=",)"
         R"("Threshold":2.5,"EvaluationPeriods":5)")},
    {"a threshold without a fraction", "PutScalingPolicy",
     rule_policy(
         R"(,"Name":"n","ScalingAdjustmentType":"ChangeInCapacity","ScalingAdjustment":1,"ComparisonOperator":"<",)"
         R"("Threshold":2,"EvaluationPeriods":5)")},
    {"an IPv6 block", "CreateFleet",
     fleet_with_port(R"({"FromPort":1025,"ToPort":1025,"Protocol":"UDP","IpRange":"2001:db8::/32"})")},
    {"names for a timer's numbers, as the examples send them", "PutTimerScalingPolicy",
     R"({"TimerScalingPolicy":{"TimerFleetCapacity":{"ScalingType":"ScalingTypeAuto"},"TimerConfiguration":{"TimerType":"TimerTypeDay"}}})"},
    {"an alias by fleet and alias", "CreateGameServerSession",
     R"({"MaximumPlayerSessionCount":0,"FleetId":"f","AliasId":"a"})"},
    {"the first page asked for with an empty token", "DescribePlayerSessions", R"({"NextToken":""})"},
    {"an asset for the default system needs no image", "CreateAsset",
     R"({"BucketKey":"k","AssetName":"n","AssetVersion":"1","AssetRegion":"r","OperateSystem":"CentOS7.16"})"},
    {"a terminal alias that still names a fleet", "CreateAlias",
     R"({"Name":"n","RoutingStrategy":{"Type":"TERMINAL","FleetId":"f","Message":"closed"}})"},
};

TEST(DecodeJson, AcceptsWhatTheOriginalAccepts) {
    for (const AcceptedCase& c : kAcceptedCases) {
        const Result<void> got = decode(c.action, c.json);
        EXPECT_TRUE(got) << c.name << ": " << got.error().message;
    }
}

TEST(DecodeJson, FillsTheStruct) {
    const auto request = decode_json<CreateAliasRequest>(
        R"({"Description":"\u00e9\ud83c\udfae\n","Tags":[{"Value":"v","Key":"k"}],"Name":"n","RoutingStrategy":{"FleetId":"f","Type":"SIMPLE"}})");
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(*request, (CreateAliasRequest{.name = "n",
                                            .routing_strategy = {.type = "SIMPLE", .fleet_id = "f"},
                                            .description = "é🎮\n",
                                            .tags = std::vector<Tag>{{.key = "k", .value = "v"}}}));
}

TEST(DecodeJson, TellsAbsentFromEmpty) {
    EXPECT_EQ(decode_json<DescribeFleetAttributesRequest>("{}")->fleet_ids, std::nullopt);
    EXPECT_EQ(decode_json<DescribeFleetAttributesRequest>(R"({"FleetIds":[]})")->fleet_ids, std::vector<std::string>{});
    EXPECT_EQ(decode_json<UpdateAliasRequest>(R"({"AliasId":"a"})")->description, std::nullopt);
    EXPECT_EQ(decode_json<UpdateAliasRequest>(R"({"AliasId":"a","Description":""})")->description, "");
}

TEST(DecodeJson, FillsInDefaults) {
    EXPECT_EQ(decode_json<DescribeFleetAttributesRequest>("{}")->limit, 20u);
    EXPECT_EQ(decode_json<DescribeFleetAttributesRequest>(R"({"Limit":null})")->limit, 20u);
    EXPECT_EQ(decode_json<DescribePlayerSessionsRequest>("{}")->limit, 100u);
    EXPECT_EQ(decode_json<StopFleetActionsRequest>(R"({"FleetId":"f"})")->actions,
              std::vector<std::string>{"AUTO_SCALING"});
    EXPECT_EQ(decode_json<StopFleetActionsRequest>(R"({"FleetId":"f","Actions":["AUTO_SCALING"]})")->actions.size(),
              1u);
    const auto fleet = decode_json<CreateFleetRequest>(fleet_with(R"("ResourceCreationLimitPolicy":{})"));
    ASSERT_TRUE(fleet) << fleet.error().message;
    EXPECT_EQ(fleet->fleet_type, "ON_DEMAND");
    EXPECT_EQ(fleet->game_server_session_protection_time_limit, 60);
    EXPECT_EQ(fleet->internet_max_bandwidth_out, 100);
    EXPECT_EQ(fleet->resource_creation_limit_policy->new_game_server_sessions_per_creator, 2u);
    EXPECT_EQ(fleet->runtime_configuration.max_concurrent_game_server_session_activations, 0u);
    EXPECT_EQ(fleet->runtime_configuration.server_processes.at(0).parameters, "");
}

TEST(DecodeJson, GivesNoDefaultWhereAbsentMeansUnchanged) {
    EXPECT_EQ(decode_json<UpdateFleetCapacityRequest>(R"({"FleetId":"f"})")->scaling_interval, std::nullopt);
    EXPECT_EQ(
        decode_json<UpdateFleetAttributesRequest>(R"({"FleetId":"f"})")->game_server_session_protection_time_limit,
        std::nullopt);
    EXPECT_EQ(decode_json<CopyFleetRequest>(R"({"FleetId":"f","CopyNumber":1})")->internet_max_bandwidth_out,
              std::nullopt);
}

struct FlatCase {
    const char* name;
    const char* action;
    codec::FlatParams pairs;
    ErrorCode code;
    std::string message;
};

const FlatCase kFlatCases[] = {
    {"an unknown name", "DescribeAlias", {{"Foo", "1"}}, UnknownParameter, "The parameter Foo is not recognized."},
    {"an unknown member",
     "CreateAlias",
     {{"RoutingStrategy.Foo", "1"}},
     UnknownParameter,
     "The parameter RoutingStrategy.Foo is not recognized."},
    {"an empty name", "DescribeAlias", {{"", "1"}}, UnknownParameter, R"(The parameter "" is not recognized.)"},
    {"a name that goes on and on",
     "DescribeAlias",
     {{repeat("a.", 2000), "1"}},
     UnknownParameter,
     "The parameter \"" + repeat("a.", 24) + "…\" is not recognized."},
    {"a name twice",
     "DescribeAlias",
     {{"AliasId", "a"}, {"AliasId", "a"}},
     InvalidParameter,
     "AliasId is given twice."},
    {"an item twice",
     "DescribeFleetUtilization",
     {{"FleetIds.0", "a"}, {"FleetIds.0", "b"}},
     InvalidParameter,
     "FleetIds.0 is given twice."},
    {"a missing parameter", "DescribeAlias", {}, MissingParameter, "AliasId is missing; it is required."},
    {"a missing member",
     "CreateAlias",
     {{"Name", "n"}, {"RoutingStrategy.FleetId", "f"}},
     MissingParameter,
     "RoutingStrategy.Type is missing; it is required."},
    {"an index that does not start at 0",
     "DescribeFleetUtilization",
     {{"FleetIds.1", "a"}},
     InvalidParameter,
     "FleetIds.0 is missing; the indexes of a list count from 0 without a gap."},
    {"a gap",
     "DescribeFleetUtilization",
     {{"FleetIds.0", "a"}, {"FleetIds.2", "c"}},
     InvalidParameter,
     "FleetIds.1 is missing; the indexes of a list count from 0 without a gap."},
    {"an index that is no number",
     "DescribeFleetUtilization",
     {{"FleetIds.first", "a"}},
     InvalidParameter,
     R"(FleetIds is a list; "first" is not an index, they count from 0.)"},
    {"an index with a leading zero",
     "DescribeFleetUtilization",
     {{"FleetIds.00", "a"}},
     InvalidParameter,
     R"(FleetIds is a list; "00" is not an index, they count from 0.)"},
    {"a negative index",
     "DescribeFleetUtilization",
     {{"FleetIds.-1", "a"}},
     InvalidParameter,
     R"(FleetIds is a list; "-1" is not an index, they count from 0.)"},
    {"an index beyond the list's bound",
     "DescribeFleetUtilization",
     {{"FleetIds.4000000000", "a"}},
     InvalidParameterValue,
     "FleetIds has the index 4000000000; at most 100 items are allowed, counted from 0."},
    {"an index beyond 64 bits",
     "DescribeFleetUtilization",
     {{"FleetIds.99999999999999999999", "a"}},
     InvalidParameter,
     R"(FleetIds is a list; "99999999999999999999" is not an index, they count from 0.)"},
    {"a list without an index",
     "DescribeFleetUtilization",
     {{"FleetIds", "a"}},
     InvalidParameter,
     R"(FleetIds is "a"; it must be a list, given as FleetIds.<index from 0>=value.)"},
    {"an object without a member",
     "CreateAlias",
     {{"Name", "n"}, {"RoutingStrategy", R"({"Type":"SIMPLE"})"}},
     InvalidParameter,
     R"(RoutingStrategy is "{\"Type\":\"SIMPLE\"}"; it must be an object, given as RoutingStrategy.<member>=value.)"},
    {"a text with members",
     "DescribeAlias",
     {{"AliasId.0", "a"}},
     InvalidParameter,
     "AliasId has members of its own; it must be a string."},
    {"a text and its member",
     "DescribeAlias",
     {{"AliasId", "a"}, {"AliasId.0", "a"}},
     InvalidParameter,
     "AliasId has members of its own; it must be a string."},
    {"not an integer",
     "DescribeFleetAttributes",
     {{"Limit", "ten"}},
     InvalidParameter,
     R"(Limit is "ten"; it must be an integer.)"},
    {"an empty integer",
     "DescribeFleetAttributes",
     {{"Limit", ""}},
     InvalidParameter,
     R"(Limit is ""; it must be an integer.)"},
    {"a plus sign",
     "DescribeFleetAttributes",
     {{"Limit", "+1"}},
     InvalidParameter,
     R"(Limit is "+1"; it must be an integer.)"},
    {"a negative unsigned integer",
     "DescribeFleetAttributes",
     {{"Limit", "-1"}},
     InvalidParameterValue,
     "Limit is -1; it must not be negative."},
    {"not a boolean",
     "UpdateBucketAccelerateOpt",
     {{"Allowed", "yes"}},
     InvalidParameter,
     R"(Allowed is "yes"; it must be true or false.)"},
    {"not a number",
     "PutScalingPolicy",
     {{"FleetId", "f"}, {"Threshold", "nan"}},
     InvalidParameter,
     R"(Threshold is "nan"; it must be a number.)"},
    {"not UTF-8",
     "DescribeAlias",
     {{"AliasId", "\xFF"}},
     InvalidParameter,
     R"(The parameter "AliasId" is not valid UTF-8.)"},
    {"the limits of the model",
     "DescribeFleetAttributes",
     {{"Limit", "101"}},
     InvalidParameterValue,
     "Limit is 101; it must be between 0 and 100."},
};

TEST(DecodeFlat, RefusesWithTheRightCode) {
    for (const FlatCase& c : kFlatCases) {
        const Result<void> got = decode(c.action, c.pairs);
        ASSERT_FALSE(got) << c.name;
        EXPECT_EQ(got.error(), (Error{c.code, c.message})) << c.name;
    }
}

TEST(DecodeFlat, FillsTheStructInAnyOrder) {
    const codec::FlatParams pairs = {
        {"Filters.0.Values.1", "b"},        {"Limit", "10"},   {"Filters.1.Key", "tag:key"},
        {"Filters.0.Key", "resource:name"}, {"Name", "x=y&é"}, {"Filters.0.Values.0", "a"}};
    const auto request = decode_flat<ListAliasesRequest>(pairs);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(*request, (ListAliasesRequest{.name = "x=y&é",
                                            .limit = 10,
                                            .filters = std::vector<Filter>{
                                                {.key = "resource:name", .values = std::vector<std::string>{"a", "b"}},
                                                {.key = "tag:key"}}}));
}

TEST(DecodeFlat, OrdersIndexesAsNumbers) {
    codec::FlatParams pairs;
    for (int i = 24; i >= 0; --i) pairs.emplace_back("PlayerIds." + std::to_string(i), "p" + std::to_string(i));
    pairs.emplace_back("GameServerSessionId", "s");
    const auto request = decode_flat<JoinGameServerSessionBatchRequest>(pairs);
    ASSERT_TRUE(request) << request.error().message;
    for (int i = 0; i < 25; ++i) EXPECT_EQ(request->player_ids[i], "p" + std::to_string(i));
}

TEST(DecodeFlat, ConvertsByTheDeclaredType) {
    for (const auto& [text, value] :
         {std::pair{"true", true}, {"True", true}, {"1", true}, {"false", false}, {"0", false}}) {
        const codec::FlatParams pairs = {{"Allowed", text}};
        EXPECT_EQ(decode_flat<UpdateBucketAccelerateOptRequest>(pairs)->allowed, value) << text;
    }
    const codec::FlatParams numeric_name = {{"AliasId", "123"}};
    EXPECT_EQ(decode_flat<DescribeAliasRequest>(numeric_name)->alias_id, "123");
}

TEST(DecodeFlat, RefusesTooManyPairs) {
    codec::FlatParams pairs(kFlatPairsMax + 1, {"AliasId", "a"});
    EXPECT_EQ(decode("DescribeAlias", pairs).error().code, RequestTooLarge);
}

TEST(DecodeFlat, BecomesTheSameRequestInJson) {
    const codec::FlatParams pairs = {
        {"Name", "n"}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", "f"}};
    EXPECT_EQ(flat_to_json(type_of<CreateAliasRequest>(), pairs).value(),
              R"({"Name":"n","RoutingStrategy":{"Type":"SIMPLE","FleetId":"f"}})");
    EXPECT_EQ(flat_to_json(type_of<CreateAliasRequest>(), {}).error().code, MissingParameter);
}

}  // namespace
}  // namespace gse::api
