#include "engine/queue_bound.h"

#include <gtest/gtest.h>

namespace gse::engine {
namespace {

using namespace std::chrono_literals;

struct Owner {
    QueueBound bound{10'000};
    QueueBound::Time now{std::chrono::hours{1}};
    void decide(std::chrono::milliseconds time, std::size_t calls_per_ms) {
        for (auto left = time; left > 0ms; left -= 2ms) {
            now += 2ms;
            bound.decided(now, 2 * calls_per_ms);
        }
    }
};

TEST(QueueBound, AsManyAsAreDecidedInASecond) {
    Owner owner;
    owner.bound.idle(owner.now);
    owner.decide(960ms, 5);
    EXPECT_EQ(owner.bound.bound(), 10'000u) << "too early to say";
    owner.decide(2'000ms, 5);
    EXPECT_NEAR(static_cast<double>(owner.bound.bound()), 5'000, 100);
    owner.decide(60'000ms, 2);
    EXPECT_NEAR(static_cast<double>(owner.bound.bound()), 2'000, 100) << "what was long ago hardly counts";
    owner.decide(120'000ms, 0);
    EXPECT_EQ(owner.bound.bound(), 256u) << "never fewer";
    owner.decide(60'000ms, 500);
    EXPECT_EQ(owner.bound.bound(), 10'000u) << "never more than was configured";
    owner.decide(60'000ms, 2);
    owner.now += 1s;
    owner.bound.idle(owner.now);
    EXPECT_EQ(owner.bound.bound(), 10'000u) << "nothing waits";
}

TEST(QueueBound, ASmallConfiguredBoundStays) {
    QueueBound bound{10};
    QueueBound::Time now{std::chrono::hours{1}};
    for (int i = 0; i < 1'000; ++i) bound.decided(now += 1ms, 1'000);
    EXPECT_EQ(bound.bound(), 10u);
    for (int i = 0; i < 3'000; ++i) bound.decided(now += 1ms, 0);
    EXPECT_EQ(bound.bound(), 10u);
}

}  // namespace
}  // namespace gse::engine
