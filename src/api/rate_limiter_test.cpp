#include "api/rate_limiter.h"

#include <gmock/gmock.h>

#include "codec/describe.h"

namespace gse::api {
namespace {

using testing::HasSubstr;

std::size_t index_of(std::string_view action) {
    return static_cast<std::size_t>(find_action(action) - actions().data());
}

TEST(RateLimiter, IsNotThereUnlessSomethingIsLimited) {
    EXPECT_EQ(*RateLimiter::make({}), nullptr);
    EXPECT_EQ(*RateLimiter::make({.documented = false, .actions = {{"CreateAlias", 0}}}), nullptr);
    EXPECT_NE(*RateLimiter::make({.documented = true, .actions = {}}), nullptr);
}

TEST(RateLimiter, AMisspeltActionIsRefusedWithTheNearest) {
    const auto made = RateLimiter::make({.documented = false, .actions = {{"CreateAlais", 5}}});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::InvalidParameterValue);
    EXPECT_THAT(made.error().message, HasSubstr("the nearest is CreateAlias"));
}

TEST(RateLimiter, TheDocumentedNumbers) {
    const struct {
        const char* action;
        int rate;
    } kCases[] = {{"CreateAlias", 20},
                  {"ListFleets", 20},
                  {"StartGameServerSessionPlacement", 20},
                  {"CreateGameServerSession", 1000},
                  {"SearchGameServerSessions", 1000},
                  {"JoinGameServerSession", 1000},
                  {"JoinGameServerSessionBatch", 1000},
                  {"DescribePlayerSessions", 1000}};
    for (const auto& c : kCases) {
        const auto limiter = RateLimiter::make({.documented = true, .actions = {}}).value();
        int passed = 0;
        while (limiter->admit("K", "r", index_of(c.action), 1'000)) ++passed;
        EXPECT_EQ(passed, c.rate) << c.action;
    }
}

TEST(RateLimiter, RefillsEvenlyAndHoldsOneSecond) {
    const auto limiter = RateLimiter::make({.documented = false, .actions = {{"CreateAlias", 4}}}).value();
    const std::size_t action = index_of("CreateAlias");
    std::int64_t now = 1'000'000;
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(limiter->admit("K", "r", action, now)) << i;
    const auto refused = limiter->admit("K", "r", action, now);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Overloaded);
    EXPECT_THAT(refused.error().message, HasSubstr("CreateAlias may be called 4 times a second"));
    EXPECT_THAT(refused.error().message, HasSubstr("limits.rates.CreateAlias"));
    EXPECT_THAT(refused.error().message, HasSubstr("try again in 251 ms"));
    EXPECT_FALSE(limiter->admit("K", "r", action, now + 249));
    EXPECT_TRUE(limiter->admit("K", "r", action, now + 250)) << "refusals cost nothing";
    EXPECT_FALSE(limiter->admit("K", "r", action, now + 499));
    EXPECT_TRUE(limiter->admit("K", "r", action, now + 500));
    now += 3'600'000;
    int passed = 0;
    while (limiter->admit("K", "r", action, now)) ++passed;
    EXPECT_EQ(passed, 4) << "an hour of silence saves up one second";
}

TEST(RateLimiter, EachKeyRegionAndActionHasItsOwn) {
    const auto limiter =
        RateLimiter::make({.documented = false, .actions = {{"CreateAlias", 1}, {"DeleteAlias", 1}}}).value();
    EXPECT_TRUE(limiter->admit("K", "r", index_of("CreateAlias"), 5));
    EXPECT_FALSE(limiter->admit("K", "r", index_of("CreateAlias"), 5));
    EXPECT_TRUE(limiter->admit("L", "r", index_of("CreateAlias"), 5));
    EXPECT_TRUE(limiter->admit("K", "s", index_of("CreateAlias"), 5));
    EXPECT_TRUE(limiter->admit("K", "r", index_of("DeleteAlias"), 5));
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(limiter->admit("K", "r", index_of("ListAliases"), 5));
}

TEST(RateLimiter, HoldsABoundedNumberOfAccounts) {
    const auto limiter = RateLimiter::make({.documented = false, .actions = {{"CreateAlias", 1}}}).value();
    const std::size_t action = index_of("CreateAlias");
    EXPECT_TRUE(limiter->admit("first", "r", action, 5));
    for (std::size_t i = 0; i < RateLimiter::kRowsMax; ++i)
        EXPECT_TRUE(limiter->admit(std::to_string(i), "r", action, 5));
    EXPECT_TRUE(limiter->admit("first", "r", action, 5)) << "forgotten with all others";
}

}  // namespace
}  // namespace gse::api
