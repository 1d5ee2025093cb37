#include "objects/temporary_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace gse::objects {
namespace {

constexpr WallTime kNow{1'600'000'000'000};
constexpr WallTime kLater{1'600'003'600'000};

TEST(TemporaryKeys, OpenUntilTheirTime) {
    SeededRng rng(1);
    const TemporaryKeys keys(std::string(32, 's'));
    const TemporaryKey key = keys.issue("AKIDparent", kLater, rng);
    EXPECT_TRUE(TemporaryKeys::is_temporary(key.secret_id));
    EXPECT_FALSE(TemporaryKeys::is_temporary("AKIDparent"));
    const auto opened = keys.open(key.secret_id, key.token, kNow);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->secret_key, key.secret_key);
    EXPECT_EQ(opened->parent_id, "AKIDparent");
    EXPECT_TRUE(keys.open(key.secret_id, key.token, kLater - Millis{1}));
    const auto late = keys.open(key.secret_id, key.token, kLater);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::AuthTokenFailure);
    EXPECT_THAT(late.error().message, ::testing::HasSubstr("ended at 2020-09-13T13:26:40Z"));
    EXPECT_TRUE(TemporaryKeys(std::string(32, 's')).open(key.secret_id, key.token, kNow))
        << "after a restart, since nothing is stored";
}

TEST(TemporaryKeys, NothingElseOpens) {
    SeededRng rng(2);
    const TemporaryKeys keys(std::string(32, 's'));
    const TemporaryKey key = keys.issue("AKIDparent", kLater, rng);
    const TemporaryKey other = keys.issue("AKIDparent", kLater, rng);
    EXPECT_NE(key.secret_id, other.secret_id);
    EXPECT_NE(key.secret_key, other.secret_key);
    EXPECT_FALSE(keys.open(key.secret_id, other.token, kNow)) << "another key's token";
    EXPECT_FALSE(keys.open(key.secret_id, "", kNow));
    EXPECT_FALSE(keys.open(key.secret_id, "...", kNow));
    EXPECT_FALSE(keys.open(key.secret_id, key.token + ".x", kNow));
    EXPECT_FALSE(keys.open(key.secret_id, std::string(2'000, 'x'), kNow));
    EXPECT_FALSE(TemporaryKeys(std::string(32, 't')).open(key.secret_id, key.token, kNow)) << "another deployment";
    for (std::size_t i = 0; i < key.token.size(); ++i) {
        std::string forged = key.token;
        forged[i] = forged[i] == '1' ? '2' : '1';
        EXPECT_FALSE(keys.open(key.secret_id, forged, kNow)) << forged;
        EXPECT_FALSE(keys.open(key.secret_id, key.token.substr(0, i), kNow));
    }
}

}  // namespace
}  // namespace gse::objects
