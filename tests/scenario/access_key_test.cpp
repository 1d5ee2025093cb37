// Access keys over time: several live at once, what is durable of them, and what is not written down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/access_keys.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// What the rim would be told after a start.
class Told final : public engine::KeyBook {
public:
    void set(engine::LiveKey key) override { live.insert_or_assign(key.secret_id, key); }
    void remove(std::string_view secret_id) override { live.erase(std::string(secret_id)); }
    [[nodiscard]] std::vector<engine::FixedKey> fixed() const override { return {}; }
    [[nodiscard]] WallTime last_used(std::string_view) const override { return {}; }
    [[nodiscard]] std::vector<engine::KeyUse> take_uses() override { return {}; }
    std::map<std::string, engine::LiveKey> live;
};

TEST(AccessKeys, RotationLosesNothing) {
    World world;
    const Answer old = world.call("CreateAccessKey", {{"Description", "build server"}});
    world.advance(24h);
    const Answer fresh = world.call("CreateAccessKey", {{"Description", "build server"}});
    ASSERT_TRUE(fresh.ok());
    EXPECT_NE(fresh["AccessKey.SecretId"], old["AccessKey.SecretId"]);
    EXPECT_NE(fresh["SecretKey"], old["SecretKey"]);
    EXPECT_EQ(world.call("ListAccessKeys", {}).count("AccessKeys"), 3U) << "the root key and both";

    const std::string id = old["AccessKey.SecretId"];
    ASSERT_TRUE(world.call("UpdateAccessKey", {{"SecretId", id}, {"Status", "DISABLED"}}).ok());
    ASSERT_TRUE(world.call("UpdateAccessKey", {{"SecretId", id}, {"Status", "ENABLED"}}).ok()) << "somebody missed it";
    ASSERT_TRUE(world.call("UpdateAccessKey", {{"SecretId", id}, {"Status", "DISABLED"}}).ok());
    ASSERT_TRUE(world.call("DeleteAccessKey", {{"SecretId", id}}).ok());
    EXPECT_EQ(world.call("UpdateAccessKey", {{"SecretId", id}, {"Status", "ENABLED"}}).code(), "ResourceNotFound");
}

TEST(AccessKeys, ARestartPutsExactlyThoseThatThereAreInForce) {
    World world;
    const Answer kept = world.call("CreateAccessKey", {{"ReadOnly", "true"}});
    const Answer disabled = world.call("CreateAccessKey", {});
    const Answer deleted = world.call("CreateAccessKey", {});
    ASSERT_TRUE(
        world.call("UpdateAccessKey", {{"SecretId", disabled["AccessKey.SecretId"]}, {"Status", "DISABLED"}}).ok());
    ASSERT_TRUE(world.call("DeleteAccessKey", {{"SecretId", deleted["AccessKey.SecretId"]}}).ok());
    world.restart_server();

    Told told;
    api::publish_access_keys(world.state(), told);
    ASSERT_EQ(told.live.size(), 2U);
    const engine::LiveKey& reader = told.live.at(kept["AccessKey.SecretId"]);
    EXPECT_EQ(reader.secret, kept["SecretKey"]);
    EXPECT_TRUE(reader.read_only);
    EXPECT_FALSE(reader.disabled);
    EXPECT_TRUE(told.live.at(disabled["AccessKey.SecretId"]).disabled);
    EXPECT_THAT(world.call("ListAccessKeys", {}).body(), Not(HasSubstr(kept["SecretKey"])));
}

TEST(AccessKeys, AUseIsWrittenDownOnceAMinute) {
    World world;
    const std::string id = world.call("CreateAccessKey", {})["AccessKey.SecretId"];
    EXPECT_EQ(world.call("ListAccessKeys", {})["AccessKeys.1.LastUsedTime"], "null");
    const WallTime minute{world.now().wall.ms / 60'000 * 60'000};
    std::uint64_t batches = world.batches();
    world.record_uses({{id, minute}, {"AKIDGONE", minute}});
    EXPECT_EQ(world.batches(), batches + 1);
    world.record_uses({{id, minute}});
    EXPECT_EQ(world.batches(), batches + 1) << "nothing new, nothing written";
    world.restart_server();
    EXPECT_EQ(world.call("ListAccessKeys", {})["AccessKeys.1.LastUsedTime"], format_utc(minute));
    world.record_uses({{id, minute + 1min}});
    EXPECT_EQ(world.call("ListAccessKeys", {})["AccessKeys.1.LastUsedTime"], format_utc(minute + 1min));
}

}  // namespace
}  // namespace gse::testing
