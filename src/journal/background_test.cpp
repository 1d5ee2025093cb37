#include "journal/background.h"

#include <gtest/gtest.h>

#include <future>

namespace gse::journal {
namespace {

using namespace std::chrono_literals;

/// Rests that nobody cuts short take longer than any test may.
constexpr auto kForEver = 1h;

TEST(Background, ARestEndsWhenAnotherJobWaits) {
    Background background(BackgroundMode::Thread);
    std::promise<void> resting, done;
    background.post([&] {
        resting.set_value();
        background.rest(kForEver);
    });
    resting.get_future().wait();
    background.post([&] { done.set_value(); });
    done.get_future().wait();
}

TEST(Background, ARestEndsWhenSomebodyIsInAHurryAndUntilAllIsDone) {
    Background background(BackgroundMode::Thread);
    std::promise<void> resting, rested;
    background.post([&] {
        resting.set_value();
        background.rest(kForEver);
        background.rest(kForEver);
        rested.set_value();
    });
    resting.get_future().wait();
    background.hurry();
    rested.get_future().wait();
}

TEST(Background, ARestEndsWithTheObject) {
    std::promise<void> resting;
    bool rested = false;
    {
        Background background(BackgroundMode::Thread);
        background.post([&] {
            resting.set_value();
            background.rest(kForEver);
            rested = true;
        });
        resting.get_future().wait();
    }
    EXPECT_TRUE(rested);
}

TEST(Background, InlineNothingRests) {
    Background background(BackgroundMode::Inline);
    int steps = 0;
    background.post([&] {
        background.rest(kForEver);
        ++steps;
    });
    EXPECT_EQ(steps, 1);
}

}  // namespace
}  // namespace gse::journal
