#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenAccessKeys, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const auto with = [](const std::string& json, const std::string& id) { return fill(json, {{"id", id}}); };

    const std::string all = golden.call("CreateAccessKey", "a key that may do everything, and its secret, this once",
                                        "{}")["AccessKey.SecretId"];
    world.advance(1s);
    const std::string reader = golden.call("CreateAccessKey", "a key that may only read",
                                           R"({"Description":"dashboard","ReadOnly":true})")["AccessKey.SecretId"];
    golden.call("CreateAccessKey", "with a word for a flag", R"({"ReadOnly":"maybe"})");
    golden.call("CreateAccessKey", "with a description that is too long",
                fill(R"({"Description":"$x"})", {{"x", std::string(1'025, 'd')}}));
    golden.call("CreateAccessKey", "with a parameter it does not define", R"({"SecretKey":"mine"})");
    world.settings.limits.access_keys = 2;
    golden.call("CreateAccessKey", "beyond the limit", "{}");
    world.settings.limits.access_keys = 1'000;

    golden.call("ListAccessKeys", "all, the root key first, then by age; no secret", "{}");
    golden.call("ListAccessKeys", "the last page of one", R"({"Offset":2,"Limit":1})");
    golden.call("ListAccessKeys", "a page behind the end", R"({"Offset":3})");
    golden.call("ListAccessKeys", "from another region: keys are of the deployment", R"({"Limit":1})", "ap-tokyo");
    golden.call("ListAccessKeys", "a page of nothing", R"({"Limit":0})");

    golden.call("UpdateAccessKey", "disabled", with(R"({"SecretId":"$id","Status":"DISABLED"})", reader));
    golden.call("UpdateAccessKey", "enabled again, and described",
                with(R"({"SecretId":"$id","Status":"ENABLED","Description":"big screen"})", reader));
    golden.call("UpdateAccessKey", "described as nothing", with(R"({"SecretId":"$id","Description":""})", reader));
    golden.call("UpdateAccessKey", "nothing at all", with(R"({"SecretId":"$id"})", reader));
    golden.call("UpdateAccessKey", "the root key", R"({"SecretId":"AKIDTEST","Status":"DISABLED"})");
    golden.call("UpdateAccessKey", "one that does not exist", R"({"SecretId":"AKIDNONE","Status":"DISABLED"})");
    golden.call("UpdateAccessKey", "to a status that no key has", with(R"({"SecretId":"$id","Status":"OFF"})", all));
    golden.call("UpdateAccessKey", "without an id", R"({"Status":"DISABLED"})");

    golden.call("DeleteAccessKey", "a key", with(R"({"SecretId":"$id"})", all));
    golden.call("DeleteAccessKey", "one that is gone", with(R"({"SecretId":"$id"})", all));
    golden.call("DeleteAccessKey", "the root key", R"({"SecretId":"AKIDTEST"})");
    golden.call("DeleteAccessKey", "without an id", "{}");
}

}  // namespace
}  // namespace gse::testing
