// Curves whose figures can be computed by hand.
#include "simulate/rehearsal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::simulate {
namespace {

using ::testing::HasSubstr;

constexpr Millis kMinute{60'000};
/// A call, an order or a report on its way: some milliseconds between asking and ACTIVE.
constexpr double kWays = 0.02;
/// A mean is a sum of many parts.
constexpr double kRounding = 1e-6;

Curve steady(double rate, double minutes, double session_minutes) {
    return {{{Millis{0}, Millis{static_cast<std::int64_t>(minutes * 60'000)}, rate, rate, session_minutes}}};
}

Figures rehearsed(const Curve& curve, const Policy& policy, std::optional<Millis> warm_up = Millis{0}) {
    const auto figures = rehearse(curve, policy, {.chance = Chance::Even, .warm_up = warm_up});
    if (figures) return *figures;
    ADD_FAILURE() << figures.error().message;
    return {.samples = std::vector<Sample>(1'000)};
}

TEST(Rehearsal, WithRoomEnoughNobodyWaits) {
    // One a minute for 10 minutes: 10 go on at a time, on 2 instances of 10 processes.
    Policy policy;
    policy.min = policy.max = 2;
    policy.session_start = 3;
    const Figures f = rehearsed(steady(1, 120, 10), policy, kMinute * 30);
    EXPECT_EQ(f.asked, 120U);
    EXPECT_EQ(f.refused, 0U);
    EXPECT_EQ(f.cut, 0U);
    EXPECT_NEAR(f.wait_mean, 3, kWays);
    EXPECT_NEAR(f.wait_max, 3, kWays);
    EXPECT_EQ(f.peak_instances, 2U);
    EXPECT_NEAR(f.mean_instances, 2, 1e-9);
    EXPECT_NEAR(f.instance_hours, 4, 1e-9);
    EXPECT_NEAR(f.idle_share(), 0.5, 0.01);
    ASSERT_EQ(f.samples.size(), 120U);
    EXPECT_EQ(f.sample_length, kMinute);
    EXPECT_NEAR(f.samples[60].demand, 10, 1);
    EXPECT_NEAR(f.samples[60].capacity, 20, kRounding);
    EXPECT_NEAR(f.samples[60].ready, 20, kRounding);
}

TEST(Rehearsal, WithoutRoomAndQueueTheRestIsRefused) {
    // Two a minute for 10 minutes, and 10 processes: 10 are taken in the first 5 minutes, and whoever comes until the
    // first has ended, and its process rested for 2 s, is refused. So 10 of each 21, ten times.
    Policy policy;
    policy.min = policy.max = 1;
    policy.patience = 0;
    policy.session_start = 0;
    const Figures f = rehearsed(steady(2, 105, 10), policy);
    EXPECT_EQ(f.asked, 210U);
    EXPECT_EQ(f.served(), 100U);
    double refused = 0;
    for (const Sample& sample : f.samples) refused += sample.refused;
    EXPECT_DOUBLE_EQ(refused, 110) << "the picture shows them all";
}

TEST(Rehearsal, InAQueueTheyWaitAsLongAsTheirPatience) {
    // One every 30 s for 10 minutes: the eleventh, at 5:00, waits for the end of the first at 10:00 and its rest, 302
    // s.
    Policy policy;
    policy.min = policy.max = 1;
    policy.session_start = 0;
    policy.patience = 600;
    const Figures waited = rehearsed(steady(2, 5.5, 10), policy);
    EXPECT_EQ(waited.asked, 11U);
    EXPECT_EQ(waited.refused, 0U);
    EXPECT_NEAR(waited.wait_max, 302, kWays);
    EXPECT_NEAR(waited.wait_mean, 302.0 / 11, kWays);
    EXPECT_NEAR(waited.wait_p95, 302, kWays) << "the 11th of 11";
    EXPECT_NEAR(waited.samples[5].demand, 11, 0.1) << "10 go on, one waits";
    policy.patience = 300;
    EXPECT_EQ(rehearsed(steady(2, 5.5, 10), policy).refused, 1U);
}

TEST(Rehearsal, FromNoInstanceTheFirstWaitsForAllOfIt) {
    Policy policy;
    policy.min = 0;
    policy.buffer = 20;
    policy.keep_one = false;
    policy.patience = 600;
    policy.instance_start = 100;
    policy.process_start = 20;
    policy.session_start = 3;
    policy.cooldown = 3;
    // Nobody comes for an hour; then one a minute.
    const Curve curve{{{Millis{0}, kMinute * 60, 0, 0, 5}, {kMinute * 60, kMinute * 62, 1, 1, 5}}};
    const Figures f = rehearsed(curve, policy);
    EXPECT_EQ(f.asked, 2U);
    EXPECT_EQ(f.refused, 0U);
    EXPECT_NEAR(f.wait_max, 123, kWays);
    EXPECT_NEAR(f.wait_mean, (123 + 63) / 2.0, kWays) << "the second comes a minute later";
    EXPECT_NEAR(f.samples[30].capacity, 0, kRounding) << "the instance of the beginning has gone";
    EXPECT_EQ(f.peak_instances, 1U);
}

TEST(Rehearsal, TheBufferGrowsAtOnceAndShrinksAfterTheCoolDown) {
    // 40 sessions at once in minute 10, of 10 minutes each; with 50 % free they need 8 instances of 10.
    Policy policy;
    policy.buffer = 50;
    policy.cooldown = 30;
    policy.process_start = 0;
    policy.instance_start = 0;
    policy.patience = 600;
    const Curve curve{{{Millis{0}, kMinute * 10, 0, 0, 10},
                       {kMinute * 10, kMinute * 11, 40, 40, 10},
                       {kMinute * 11, kMinute * 90, 0, 0, 10}}};
    const Figures f = rehearsed(curve, policy);
    EXPECT_EQ(f.asked, 40U);
    EXPECT_EQ(f.peak_instances, 8U);
    EXPECT_NEAR(f.samples[9].capacity, 10, kRounding);
    EXPECT_NEAR(f.samples[11].capacity, 80, kRounding);
    EXPECT_NEAR(f.samples[35].capacity, 80, kRounding) << "all have ended at 21, and the cool-down goes on until 41";
    EXPECT_NEAR(f.samples[45].capacity, 10, kRounding);
}

TEST(Rehearsal, TimersAndRulesAct) {
    Policy policy;
    policy.timers.push_back({.at = "00:30", .min = 5, .line = 1});
    policy.timers.push_back({.at = "01:00", .days = {2}, .min = 9, .line = 2});
    const Figures monday = rehearsed(steady(1, 120, 1), policy);
    EXPECT_NEAR(monday.samples[29].capacity, 10, kRounding);
    EXPECT_NEAR(monday.samples[31].capacity, 50, kRounding);
    EXPECT_NEAR(monday.samples[90].capacity, 50, kRounding) << "the second fires on Tuesdays";
    const auto tuesday =
        rehearse(steady(1, 120, 1), policy, {.chance = Chance::Even, .first_day = 2, .warm_up = Millis{0}});
    ASSERT_TRUE(tuesday);
    EXPECT_NEAR(tuesday->samples[90].capacity, 90, kRounding);

    // 4 of 10 go on: at 5 players each 20. The rule watches them, and its two minutes begin when there are as many.
    Policy crowd;
    crowd.players = 5;
    crowd.cooldown = 3;
    crowd.rules.push_back({.metric = "CurrentPlayerSessions",
                           .comparison = ">=",
                           .threshold = 20,
                           .minutes = 2,
                           .adjustment = "ExactCapacity",
                           .by = 3});
    const Figures f = rehearsed(steady(1, 60, 4.5), crowd);
    EXPECT_NEAR(f.samples[2].capacity, 10, kRounding);
    EXPECT_EQ(f.peak_instances, 3U);
}

TEST(Rehearsal, AnInstanceThatGoesCutsWhatIsNotProtected) {
    // Until minute 30 two instances are needed. Then two sessions of two hours are left, one on each: one must go.
    Policy policy;
    policy.processes = 1;
    policy.max = 2;
    policy.timers.push_back({.at = "00:30", .max = 1, .line = 1});
    policy.min = 0;
    policy.desired = 2;
    const Curve curve{{{Millis{0}, kMinute * 2, 1, 1, 120}, {kMinute * 2, kMinute * 60, 0, 0, 120}}};
    EXPECT_EQ(rehearsed(curve, policy).cut, 1U);
    policy.protection = "full";
    EXPECT_EQ(rehearsed(curve, policy).cut, 0U);
}

TEST(Rehearsal, TheSameSeedGivesTheSameFigures) {
    Policy policy;
    policy.buffer = 30;
    const auto run = [&](std::uint64_t seed) { return rehearse(steady(10, 300, 8), policy, {.seed = seed}).value(); };
    const Figures first = run(1), again = run(1), other = run(2);
    EXPECT_EQ(first.asked, again.asked);
    EXPECT_EQ(first.instance_hours, again.instance_hours);
    EXPECT_EQ(first.wait_mean, again.wait_mean);
    EXPECT_NE(first.instance_hours, other.instance_hours);
}

TEST(Rehearsal, WhatTheServerRefusesIsToldWithThePolicyAndTheLine) {
    Policy policy;
    policy.name = "odd";
    policy.rules.push_back(
        {.metric = "Idle", .comparison = "<", .threshold = 1, .adjustment = "ExactCapacity", .line = 7});
    const auto refused = rehearse(steady(1, 10, 1), policy, {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("policy 'odd': line 7: PutScalingPolicy was refused"));
    EXPECT_THAT(refused.error().message, HasSubstr("MetricName"));
}

}  // namespace
}  // namespace gse::simulate
