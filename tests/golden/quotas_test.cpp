// Quotas, and what is bookkeeping on machines of your own.
#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenQuotas, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    golden.call("DescribeUserQuotas", "by default: what a machine can hold", "{}");
    world.settings.limits.aliases_per_region = world.settings.limits.fleets_per_region =
        world.settings.limits.queues_per_region = world.settings.limits.instances_per_region = 20;
    world.settings.limits.assets_per_region = 1'000;
    world.settings.limits.asset_bytes_per_region = 100ULL << 30;
    const std::string fleet = world.make_fleet({.max = 7});
    world.make_alias(fleet);
    world.make_alias(fleet);
    world.upload("big.zip", 25ULL << 30);
    ASSERT_TRUE(world
                    .call("CreateAsset", {{"BucketKey", "big.zip"},
                                          {"AssetName", "big"},
                                          {"AssetVersion", "1"},
                                          {"AssetRegion", "ap-shanghai"},
                                          {"OperateSystem", "CentOS7.16"}})
                    .ok());
    golden.call("DescribeUserQuotas", "with the documented limits", "{}");
    golden.call("DescribeUserQuotas", "of another region", "{}", "ap-tokyo");
    golden.call("DescribeUserQuotas", "with a parameter that it does not know", R"({"ResourceType":1})");
    for (int type = 1; type <= 5; ++type)
        golden.call("DescribeUserQuota", "type " + std::to_string(type),
                    R"({"ResourceType":)" + std::to_string(type) + "}");
    world.settings.limits.fleets_per_region = 1;
    golden.call("DescribeUserQuota", "more in use than a lowered limit allows", R"({"ResourceType":2})");
    golden.call("DescribeUserQuota", "of a type that does not exist", R"({"ResourceType":6})");
    golden.call("DescribeUserQuota", "without a type", "{}");
    EXPECT_EQ(world
                  .call("CreateAsset", {{"BucketKey", "big.zip"},
                                        {"AssetName", "big"},
                                        {"AssetVersion", "2"},
                                        {"AssetRegion", "ap-shanghai"},
                                        {"OperateSystem", "CentOS7.16"}})
                  .code(),
              "");
    world.settings.limits.asset_bytes_per_region = 60ULL << 30;
    EXPECT_EQ(world
                  .call("CreateAsset", {{"BucketKey", "big.zip"},
                                        {"AssetName", "big"},
                                        {"AssetVersion", "3"},
                                        {"AssetRegion", "ap-shanghai"},
                                        {"OperateSystem", "CentOS7.16"}})
                  .code(),
              "LimitExceeded")
        << "the total size is enforced";
}

TEST(GoldenCcn, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet();
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        return golden.call(action, sentence, fill(std::move(json), {{"f", fleet}}), region);
    };
    call("DescribeCcnInstances", "of a fleet without any", R"({"FleetId":"$f"})");
    call("DetachCcnInstances", "of a fleet without any", R"({"FleetId":"$f"})");
    world.advance(1s);
    call("AttachCcnInstances", "one", R"({"FleetId":"$f","AccountId":"100000000002","CcnId":"ccn-2dsbtmo3"})");
    call("AttachCcnInstances", "a second", R"({"FleetId":"$f","AccountId":"100000000002","CcnId":"ccn-00000000"})");
    call("DescribeCcnInstances", "one", R"({"FleetId":"$f"})");
    const Answer attributes = world.call("DescribeFleetAttributes", {{"FleetIds.0", fleet}});
    EXPECT_EQ(attributes["FleetAttributes.0.RelatedCcnInfos.0.CcnId"], "ccn-2dsbtmo3");
    EXPECT_EQ(attributes["FleetAttributes.0.RelatedCcnInfos.0.AttachType"], "CCN_SELECTED_AFTER_CREATE");
    call("AttachCcnInstances", "a fleet that does not exist",
         R"({"FleetId":"fleet-00000000-00000000","AccountId":"100000000002","CcnId":"ccn-2dsbtmo3"})");
    call("AttachCcnInstances", "an account that is no number",
         R"({"FleetId":"$f","AccountId":"mine","CcnId":"ccn-2dsbtmo3"})");
    call("AttachCcnInstances", "an id of something else",
         R"({"FleetId":"$f","AccountId":"100000000002","CcnId":"vpc-2dsbtmo3"})");
    call("AttachCcnInstances", "without a CCN", R"({"FleetId":"$f","AccountId":"100000000002"})");
    call("DescribeCcnInstances", "of a fleet of another region", R"({"FleetId":"$f"})", "ap-tokyo");
    call("DescribeCcnInstances", "without a fleet", "{}");
    world.restart_server();
    call("DetachCcnInstances", "one, after a restart", R"({"FleetId":"$f"})");
    call("DetachCcnInstances", "without a fleet", "{}");
    call("DescribeCcnInstances", "after it was detached", R"({"FleetId":"$f"})");
}

}  // namespace
}  // namespace gse::testing
