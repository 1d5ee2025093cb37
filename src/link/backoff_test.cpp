#include "link/backoff.h"

#include <gtest/gtest.h>

#include "link/log_limit.h"

namespace gse::link {
namespace {

TEST(Backoff, DoublesUpToTheMaximumWithJitterInTheUpperHalf) {
    SeededRng rng(1);
    Backoff backoff(Millis{200}, Millis{10'000});
    for (const int full : {200, 400, 800, 1600, 3200, 6400, 10'000, 10'000}) {
        const auto wait = backoff.next(rng).count();
        EXPECT_LE(wait, full);
        EXPECT_GE(wait, full / 2);
    }
}

TEST(Backoff, StartsOverAfterReset) {
    SeededRng rng(2);
    Backoff backoff(Millis{200}, Millis{10'000});
    for (int i = 0; i < 10; ++i) backoff.next(rng);
    backoff.reset();
    EXPECT_LE(backoff.next(rng).count(), 200);
}

TEST(Backoff, TheLongestWaitComesAtOnceAndStays) {
    SeededRng rng(3);
    Backoff backoff(Millis{200}, Millis{10'000});
    EXPECT_GE(backoff.longest(rng).count(), 5'000);
    EXPECT_GE(backoff.next(rng).count(), 5'000);
}

TEST(Backoff, TwoAgentsDoNotStayInStep) {
    SeededRng one(4), other(5);
    Backoff a(Millis{10'000}, Millis{10'000}), b(Millis{10'000}, Millis{10'000});
    int same = 0;
    for (int i = 0; i < 20; ++i) same += a.next(one) == b.next(other);
    EXPECT_LT(same, 5);
}

TEST(LogLimit, AdmitsOneLineAPeriodAndCountsTheRest) {
    LogLimit limit(Millis{10'000});
    EXPECT_EQ(limit.admit(0), 0u);
    EXPECT_EQ(limit.admit(1), std::nullopt);
    EXPECT_EQ(limit.admit(9'999), std::nullopt);
    EXPECT_EQ(limit.admit(10'000), 2u);
    EXPECT_EQ(limit.admit(10'001), std::nullopt);
}

}  // namespace
}  // namespace gse::link
