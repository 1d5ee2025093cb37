#include "http/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "base/rng.h"

namespace gse::http {
namespace {

struct Numbered : TimerNode {
    int number = 0;
};

std::vector<int> advance(TimerWheel& wheel, std::int64_t now) {
    std::vector<int> expired;
    wheel.advance(now, [&](TimerNode& node) { expired.push_back(static_cast<Numbered&>(node).number); });
    return expired;
}

TEST(TimerWheel, NeverEarlyAndAtMostATickLate) {
    TimerWheel wheel{250, 1'000};
    Numbered node;
    for (const std::int64_t deadline : {1'001, 1'250, 1'251, 2'000, 5'000, 127'000, 129'000, 1'000'000}) {
        TimerWheel fresh{250, 1'000};
        fresh.set(node, deadline);
        std::int64_t now = 1'000;
        while (advance(fresh, now).empty()) {
            ASSERT_LT(now, deadline + 250) << deadline;
            now += 10;
        }
        EXPECT_GE(now, deadline);
    }
}

TEST(TimerWheel, DeadlinesMoveBothWays) {
    TimerWheel wheel{250, 0};
    Numbered node;
    wheel.set(node, 10'000);
    wheel.set(node, 1'000);
    EXPECT_EQ(advance(wheel, 1'000).size(), 1u) << "earlier";
    wheel.set(node, 2'000);
    wheel.set(node, 10'000);
    EXPECT_EQ(advance(wheel, 9'999).size(), 0u) << "later";
    EXPECT_EQ(advance(wheel, 10'000).size(), 1u);
    EXPECT_EQ(advance(wheel, 1'000'000).size(), 0u) << "once";
}

TEST(TimerWheel, AClearedDeadlineIsNone) {
    TimerWheel wheel{250, 0};
    Numbered node;
    wheel.set(node, 1'000);
    wheel.clear(node);
    EXPECT_TRUE(advance(wheel, 5'000).empty());
    wheel.set(node, 6'000);
    wheel.clear(node);
    wheel.set(node, 7'000);
    EXPECT_TRUE(advance(wheel, 6'999).empty());
    EXPECT_EQ(advance(wheel, 7'000).size(), 1u);
}

TEST(TimerWheel, ADestroyedNodeIsForgotten) {
    TimerWheel wheel{250, 0};
    auto one = std::make_unique<Numbered>();
    auto two = std::make_unique<Numbered>();
    wheel.set(*one, 1'000);
    wheel.set(*two, 1'000);
    int expired = 0;
    wheel.advance(2'000, [&](TimerNode&) {  // the first to expire takes the other with it
        ++expired;
        one.reset();
        two.reset();
    });
    EXPECT_EQ(expired, 1);
}

TEST(TimerWheel, AfterALongPauseEverythingDueIsSeen) {
    TimerWheel wheel{250, 0};
    std::vector<Numbered> nodes(1000);
    for (std::size_t i = 0; i < nodes.size(); ++i) wheel.set(nodes[i], static_cast<std::int64_t>(i) * 1'000);
    EXPECT_EQ(advance(wheel, 10'000'000).size(), 1000u);
}

TEST(TimerWheel, AgreesWithASortedMapWhateverIsDone) {
    SeededRng rng{11};
    TimerWheel wheel{250, 0};
    std::vector<std::unique_ptr<Numbered>> nodes;
    std::map<int, std::int64_t> wanted;
    std::int64_t now = 0;
    for (int i = 0; i < 50; ++i) {
        nodes.push_back(std::make_unique<Numbered>());
        nodes.back()->number = i;
    }
    for (int step = 0; step < 20'000; ++step) {
        const int which = static_cast<int>(rng.below(nodes.size()));
        if (rng.chance(0.7)) {
            wanted[which] = now + rng.between(1, 200'000);
            wheel.set(*nodes[static_cast<std::size_t>(which)], wanted[which]);
        } else if (rng.chance(0.3)) {
            wanted.erase(which);
            wheel.clear(*nodes[static_cast<std::size_t>(which)]);
        } else {
            now += rng.between(0, 3'000);
            for (const int expired : advance(wheel, now)) {
                ASSERT_TRUE(wanted.contains(expired));
                ASSERT_LE(wanted[expired], now);
                wanted.erase(expired);
            }
            for (const auto& [number, deadline] : wanted) ASSERT_GT(deadline, now - 250) << number;
        }
    }
}

}  // namespace
}  // namespace gse::http
