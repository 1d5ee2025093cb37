// What is true of every action: versions, regions, names, bodies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gse::testing {
namespace {

using ::testing::HasSubstr;

TEST(EveryAction, RefusesWhatItCannotBe) {
    World world;
    struct Case {
        std::string what, action, json, region, version, code, message;
    };
    const std::string now = "2019-11-12";
    const Case cases[] = {
        {"a version that never was", "ListFleets", "{}", "", "2020-01-01", "NoSuchVersion", "2019-11-12"},
        {"no version", "ListFleets", "{}", "", "", "MissingParameter", "X-TC-Version"},
        {"no action", "", "{}", "", now, "MissingParameter", "X-TC-Action"},
        {"an action that never was", "MakeCoffee", "{}", "", now, "InvalidAction", "MakeCoffee"},
        {"an unknown region", "ListFleets", "{}", "mars-north", now, "UnsupportedRegion", "ap-shanghai"},
        {"a body that is no JSON", "ListFleets", R"({"AssetId")", "", now, "InvalidParameter", ""},
        {"a body that is a list", "ListFleets", "[]", "", now, "InvalidParameter", ""},
        {"a parameter twice", "DescribeAlias", R"({"AliasId":"a","AliasId":"b"})", "", now, "InvalidParameter",
         "AliasId"},
        {"a parameter in lower case", "DescribeAlias", R"({"aliasId":"a"})", "", now, "UnknownParameter", "aliasId"},
        {"null is as good as nothing", "DescribeAlias", R"({"AliasId":null})", "", now, "MissingParameter", "AliasId"},
    };
    for (const Case& one : cases) {
        const Answer answer = world.call_json(one.action, one.json, one.region, one.version);
        EXPECT_EQ(answer.code(), one.code) << one.what;
        EXPECT_THAT(answer.message(), HasSubstr(one.message)) << one.what;
        EXPECT_NE(answer["RequestId"], "(absent)") << one.what;
    }
}

TEST(EveryAction, WithoutARegionMeansTheDefaultOne) {
    World world;
    const std::string fleet = world.make_fleet();
    EXPECT_EQ(world.call("ListFleets", {})["FleetIds.0"], fleet);
    EXPECT_EQ(world.call("ListFleets", {}, "ap-shanghai")["FleetIds.0"], fleet);
    EXPECT_EQ(world.call("ListFleets", {}, "ap-beijing")["TotalCount"], "0");
}

TEST(EveryAction, AnswersExactlyOneObjectWithTheRequestsId) {
    World world;
    const std::string alias = world.make_alias(world.make_fleet());
    const Answer gone = world.call("DeleteAlias", {{"AliasId", alias}});
    EXPECT_THAT(gone.body(), ::testing::MatchesRegex(R"(\{"Response":\{"RequestId":"[0-9-]+"\}\})"));
    const Answer refused = world.call("DeleteAlias", {{"AliasId", alias}});
    EXPECT_THAT(
        refused.body(),
        ::testing::MatchesRegex(
            R"(\{"Response":\{"Error":\{"Code":"ResourceNotFound","Message":"[^"]+"\},"RequestId":"[0-9-]+"\}\})"));
}

}  // namespace
}  // namespace gse::testing
