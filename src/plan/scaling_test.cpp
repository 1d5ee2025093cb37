// How many instances a fleet should have [弹性伸缩; 配置扩缩容; API:PutScalingPolicy].
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plan/capacity.h"
#include "plan/scale_in.h"

namespace gse::plan {
namespace {

TEST(NeededForBuffer, Table) {
    struct Case {
        std::uint64_t sessions;
        std::uint32_t per_instance, target, wanted;
        const char* why;
    };
    for (const Case& c :
         {Case{0, 10, 30, 1, "one instance is kept when nobody plays"}, Case{6, 10, 30, 1, "6 of 10 leave 40 % free"},
          Case{7, 10, 30, 1, "exactly the buffer is enough"}, Case{8, 10, 30, 2, "8 sessions need a second instance"},
          Case{14, 10, 30, 2, "14 of 20 leave 30 %"}, Case{15, 10, 30, 3, "one more does not"},
          Case{1, 1, 99, 100, "a buffer of 99 % wants a hundredfold"}, Case{99, 1, 1, 100, "99 of 100 leave 1 %"},
          Case{100'000, 1'000, 50, 200, "large fleets do not overflow"}})
        EXPECT_EQ(needed_for_buffer(c.sessions, c.per_instance, {.percent = c.target}), c.wanted) << c.why;
}

TEST(PlanCapacity, Table) {
    const auto view = [](auto change) {
        CapacityView v{.min = 0,
                       .max = 3,
                       .desired = 1,
                       .staying = 1,
                       .per_instance = 10,
                       .sessions = 0,
                       .auto_scaling = true,
                       .buffer = Buffer{.percent = 30},
                       .last_scaling = EngineTime{100'000},
                       .cooldown = Millis{60'000}};
        change(v);
        return v;
    };
    struct Case {
        CapacityView view;
        CapacityPlan wanted;
        const char* why;
    };
    const EngineTime now{110'000};
    const EngineTime cooled{160'000};
    const std::vector<Case> cases = {
        {view([](auto& v) { v.sessions = 8; }), {2}, "growth does not wait for the cool-down"},
        {view([](auto& v) { v.sessions = 8, v.cooldown_delays_growth = true; }),
         {.desired = 1, .look_again = cooled},
         "unless the settings say so"},
        {view([](auto& v) { v.staying = 2, v.sessions = 6; }),
         {.desired = 2, .look_again = cooled},
         "shrinking waits for the cool-down"},
        {view([](auto& v) { v.staying = 2, v.sessions = 6, v.last_scaling = {}; }),
         {1},
         "which a fleet that never scaled does not have"},
        {view([](auto& v) { v.staying = 5; }), {1}, "leaving the limits is never put off, upwards"},
        {view([](auto& v) { v.min = 2, v.staying = 0; }), {2}, "nor downwards"},
        {view([](auto& v) { v.sessions = 1'000; }), {3}, "the maximum holds"},
        {view([](auto& v) { v.auto_scaling = false, v.desired = 2, v.sessions = 30; }),
         {2},
         "without auto scaling the wish counts"},
        {view([](auto& v) { v.buffer.reset(), v.desired = 9; }), {3}, "a wish beyond the maximum is cut"},
        {view([](auto& v) { v.buffer.reset(), v.min = 2, v.desired = 0; }), {2}, "a wish below the minimum is raised"},
        {view([](auto& v) { v.max = 0, v.staying = 0; }), {0}, "a maximum of none means none"},
    };
    for (const Case& c : cases) EXPECT_EQ(plan_capacity(c.view, now), c.wanted) << c.why;
    EXPECT_EQ(plan_capacity(cases[2].view, cooled), CapacityPlan{1}) << "when the cool-down is over it shrinks";
}

TEST(PlanCapacity, WhoeverWaitsIsDemand) {
    struct Case {
        std::uint32_t staying, desired, max;
        std::uint64_t sessions, demand;
        bool auto_scaling;
        std::optional<std::uint32_t> target;
        std::uint32_t wanted;
        const char* why;
    };
    for (const Case& c : {
             Case{1, 1, 3, 7, 1, true, 30, 2, "one who waits counts like a session"},
             Case{1, 1, 3, 6, 1, true, 30, 1, "for whom there is room within the buffer"},
             Case{1, 1, 3, 10, 500, true, 30, 3, "never beyond the maximum"},
             Case{1, 1, 3, 10, 5, false, 30, 1, "by hand the desired number rules"},
             Case{0, 0, 3, 0, 1, true, std::nullopt, 1, "without a policy a fleet wakes up from zero"},
             Case{0, 0, 3, 0, 0, true, std::nullopt, 0, "if somebody waits"},
             Case{1, 1, 3, 10, 5, true, std::nullopt, 1, "and then what is desired rules"},
             Case{0, 0, 3, 0, 5, false, std::nullopt, 0, "by hand zero stays zero"},
         }) {
        const CapacityView view{.min = 0,
                                .max = c.max,
                                .desired = c.desired,
                                .staying = c.staying,
                                .per_instance = 10,
                                .sessions = c.sessions,
                                .auto_scaling = c.auto_scaling,
                                .buffer = c.target ? std::optional(Buffer{.percent = *c.target}) : std::nullopt,
                                .last_scaling = EngineTime{},
                                .cooldown = Millis{60'000},
                                .cooldown_delays_growth = false,
                                .demand = c.demand};
        EXPECT_EQ(plan_capacity(view, EngineTime{1}).desired, c.wanted) << c.why;
    }
}

TEST(NeededForBuffer, TheLargerOfAPercentageAndANumber) {
    struct Case {
        std::uint64_t sessions;
        std::uint32_t per_instance;
        Buffer buffer;
        std::uint32_t wanted;
        const char* why;
    };
    for (const Case& c : {
             Case{0, 10, {.percent = 30, .keep_one = false}, 0, "scaled to zero"},
             Case{1, 10, {.percent = 30, .keep_one = false}, 1, "until somebody plays"},
             Case{0, 10, {.percent = 30, .minimum_free = 20}, 2, "20 free sessions are two instances"},
             Case{1, 10, {.percent = 30, .minimum_free = 20}, 3, "beside one that is used"},
             Case{0, 10, {.percent = 30, .minimum_free = 5, .keep_one = false}, 1, "a number needs an instance too"},
             Case{100, 10, {.percent = 30, .minimum_free = 20}, 15, "30 % of 150 are more than 20"},
             Case{100, 10, {.percent = 10, .minimum_free = 20}, 12, "20 are more than 10 % of 112"},
         })
        EXPECT_EQ(needed_for_buffer(c.sessions, c.per_instance, c.buffer), c.wanted) << c.why;
}

/// 24 of 30 processes are busy with 96 players; games reported 40 of 200.
constexpr FleetFigures kBusy{
    .instances = 3, .per_instance = 10, .sessions = 24, .players = 96, .custom_current = 40, .custom_maximum = 200};
constexpr FleetFigures kNothing{.instances = 0, .per_instance = 10};

TEST(RuleMetrics, FollowThePublishedFormulas) {
    struct Case {
        ScalingMetric metric;
        std::optional<double> busy, nothing;
    };
    for (const Case& c : {
             Case{ScalingMetric::AvailableGameServerSessions, 6, 0},
             Case{ScalingMetric::PercentAvailableGameServerSessions, 20, std::nullopt},
             Case{ScalingMetric::AvailableCustomCount, 40, 0},
             Case{ScalingMetric::PercentAvailableCustomCount, 20, std::nullopt},
             Case{ScalingMetric::ActiveInstances, 3, 0},
             Case{ScalingMetric::IdleInstances, 0.6, 0},
             Case{ScalingMetric::PercentIdleInstances, 20, std::nullopt},
             Case{ScalingMetric::CurrentPlayerSessions, 96, 0},
         }) {
        const auto busy = value_of(c.metric, kBusy);
        ASSERT_TRUE(busy.has_value()) << to_text(c.metric);
        EXPECT_DOUBLE_EQ(*busy, *c.busy) << to_text(c.metric);
        EXPECT_EQ(value_of(c.metric, kNothing), c.nothing) << to_text(c.metric) << " of nothing";
    }
    const FleetFigures fewer{.instances = 1, .per_instance = 2, .sessions = 3};
    EXPECT_EQ(value_of(ScalingMetric::AvailableGameServerSessions, fewer), 0)
        << "a configuration that became smaller leaves more sessions than processes";
}

TEST(RuleMetrics, AreComparedInFourWays) {
    struct Case {
        Comparison comparison;
        bool below, equal, above;
    };
    for (const Case& c :
         {Case{Comparison::Greater, false, false, true}, Case{Comparison::GreaterOrEqual, false, true, true},
          Case{Comparison::Less, true, false, false}, Case{Comparison::LessOrEqual, true, true, false}}) {
        const auto holds_at = [&](double threshold) {
            return holds({.metric = ScalingMetric::ActiveInstances, .comparison = c.comparison, .threshold = threshold},
                         kBusy);
        };
        EXPECT_EQ(holds_at(3.5), c.below) << to_text(c.comparison);
        EXPECT_EQ(holds_at(3), c.equal) << to_text(c.comparison);
        EXPECT_EQ(holds_at(2.5), c.above) << to_text(c.comparison);
    }
    for (const Comparison comparison : {Comparison::Greater, Comparison::LessOrEqual})
        EXPECT_FALSE(
            holds({.metric = ScalingMetric::PercentIdleInstances, .comparison = comparison, .threshold = 1}, kNothing))
            << "of a percentage of nothing no rule holds";
}

TEST(RuleAdjustments, Table) {
    struct Case {
        ScalingAdjustment type;
        std::int64_t by;
        std::uint32_t instances, wanted;
        const char* why;
    };
    using enum ScalingAdjustment;
    for (const Case& c : {
             Case{ChangeInCapacity, 2, 3, 5, "two more"},
             Case{ChangeInCapacity, -2, 3, 1, "two fewer"},
             Case{ChangeInCapacity, -5, 3, 0, "never below none"},
             Case{ExactCapacity, 7, 3, 7, "so many"},
             Case{ExactCapacity, 0, 3, 0, "none"},
             Case{PercentChangeInCapacity, 20, 10, 12, "the example of the guide: 10 and 20 % are 12"},
             Case{PercentChangeInCapacity, -20, 10, 8, "20 % fewer"},
             Case{PercentChangeInCapacity, 25, 10, 13, "2.5 more are rounded up"},
             Case{PercentChangeInCapacity, -25, 10, 7, "2.5 fewer are rounded down"},
             Case{PercentChangeInCapacity, 1, 10, 11, "at least one more"},
             Case{PercentChangeInCapacity, -1, 10, 9, "at least one fewer"},
             Case{PercentChangeInCapacity, 50, 0, 1, "of none too"},
             Case{PercentChangeInCapacity, -50, 0, 0, "of none there are no fewer"},
             Case{PercentChangeInCapacity, 0, 10, 10, "no percent, no change"},
         })
        EXPECT_EQ(adjusted(c.type, c.by, c.instances), c.wanted) << c.why;
}

/// `ActiveInstances >= 0` always holds, `< 0` never does.
RuleView rule(ScalingAdjustment type, std::int64_t by, EngineTime since, bool holds = true) {
    return {.metric = ScalingMetric::ActiveInstances,
            .comparison = holds ? Comparison::GreaterOrEqual : Comparison::Less,
            .threshold = 0,
            .period = Millis{300'000},
            .adjustment_type = type,
            .adjustment = by,
            .holds_since = since};
}

TEST(PlanCapacity, SeveralPoliciesTogether) {
    using enum ScalingAdjustment;
    const EngineTime now{1'000'000}, long_ago{100'000}, lately{900'000};
    const EngineTime ready{1'200'000};
    const auto view = [&](auto change) {
        CapacityView v{.min = 1, .max = 10, .desired = 4, .staying = 4, .per_instance = 10, .cooldown = Millis{60'000}};
        change(v);
        return v;
    };
    const auto up = [&](std::int64_t by) { return rule(ChangeInCapacity, by, long_ago); };
    struct Case {
        CapacityView view;
        CapacityPlan wanted;
        const char* why;
    };
    const std::vector<Case> cases = {
        {view([&](auto& v) { v.rules = {up(2)}; }), {.desired = 6, .rule = 0}, "a rule that held for its time acts"},
        {view([&](auto& v) { v.rules = {rule(ChangeInCapacity, 2, lately)}; }),
         {.desired = 4, .rules_again = ready},
         "one that holds for less waits"},
        {view([&](auto& v) { v.rules = {rule(ChangeInCapacity, 2, kNever)}; }),
         {.desired = 4},
         "nobody saw yet that it holds"},
        {view([&](auto& v) { v.rules = {rule(ChangeInCapacity, 2, long_ago, false)}; }),
         {.desired = 4},
         "it does not hold any more"},
        {view([&](auto& v) {
             v.rules = {up(2)};
             v.last_scaling = EngineTime{950'000};
         }),
         {.desired = 4, .rules_again = EngineTime{1'010'000}},
         "rules wait for the cool-down, those that grow too"},
        {view([&](auto& v) { v.rules = {up(1), up(3), up(2)}; }),
         {.desired = 7, .rule = 1},
         "the largest proposal wins"},
        {view([&](auto& v) { v.rules = {up(-1), up(3)}; }),
         {.desired = 7, .rule = 1},
         "fewer only when nobody wants more"},
        {view([&](auto& v) { v.rules = {up(-1), up(-2)}; }),
         {.desired = 3, .rule = 0},
         "of those that want fewer the largest too"},
        {view([&](auto& v) { v.rules = {up(-1), rule(ChangeInCapacity, 2, lately)}; }),
         {.desired = 4, .rules_again = ready},
         "somebody begins to want more: nothing goes"},
        {view([&](auto& v) {
             v.rules = {up(-2)};
             v.demand = 1;
         }),
         {.desired = 4},
         "nor while somebody waits"},
        {view([&](auto& v) { v.rules = {up(20)}; }), {.desired = 10, .rule = 0}, "never beyond the maximum"},
        {view([&](auto& v) { v.rules = {up(-20)}; }), {.desired = 1, .rule = 0}, "nor below the minimum"},
        {view([&](auto& v) {
             v.rules = {up(2)};
             v.staying = v.desired = 10;
         }),
         {.desired = 10},
         "at the maximum a rule that holds does nothing, and does not begin anew"},
        {view([&](auto& v) { v.rules = {rule(ExactCapacity, 4, long_ago)}; }),
         {.desired = 4},
         "so many are there already"},
        {view([&](auto& v) {
             v.rules = {up(2)};
             v.auto_scaling = false;
         }),
         {.desired = 4},
         "by hand no rule acts"},
        // with a session buffer that wants 2 of the 4
        {view([&](auto& v) {
             v.buffer = Buffer{.percent = 30};
             v.sessions = 14;
         }),
         {.desired = 2},
         "the buffer alone"},
        {view([&](auto& v) {
             v.buffer = Buffer{.percent = 30};
             v.sessions = 14;
             v.rules = {up(2)};
         }),
         {.desired = 6, .rule = 0},
         "a rule that wants more wins over it"},
        {view([&](auto& v) {
             v.buffer = Buffer{.percent = 30};
             v.sessions = 14;
             v.rules = {rule(ChangeInCapacity, 2, lately)};
         }),
         {.desired = 4, .rules_again = ready},
         "and while it holds the buffer takes nothing away"},
        {view([&](auto& v) {
             v.buffer = Buffer{.percent = 30};
             v.sessions = 14;
             v.rules = {up(-1)};
         }),
         {.desired = 3, .rule = 0},
         "of two that want fewer the larger"},
        {view([&](auto& v) {
             v.buffer = Buffer{.percent = 30};
             v.sessions = 40;
             v.rules = {up(1)};
         }),
         {.desired = 6},
         "the buffer wants more than the rule"},
        {view([&](auto& v) {
             v.buffer = Buffer{.percent = 30};
             v.sessions = 40;
             v.rules = {up(-2)};
         }),
         {.desired = 6},
         "and a rule that wants fewer does not count"},
        {view([&](auto& v) {
             v.buffer = Buffer{.percent = 30};
             v.sessions = 40;
             v.rules = {up(1)};
             v.last_scaling = EngineTime{950'000};
         }),
         {.desired = 6, .rules_again = EngineTime{1'010'000}},
         "in the cool-down the buffer grows, and the rule waits"},
    };
    for (const Case& c : cases) EXPECT_EQ(plan_capacity(c.view, now), c.wanted) << c.why;
}

TEST(PlanCapacity, ARuleHoldsFromWhenItIsSeenToHold) {
    const EngineTime now{500'000};
    RuleView one = rule(ScalingAdjustment::ChangeInCapacity, 1, kNever);
    EXPECT_EQ(hold(one, kBusy, now), now);
    one.holds_since = EngineTime{400'000};
    EXPECT_EQ(hold(one, kBusy, now), EngineTime{400'000});
    one.threshold = 4;
    EXPECT_EQ(hold(one, kBusy, now), kNever) << "a break begins it anew";
}

TEST(PlanCapacity, ABurstAsksForAllItNeedsAtOnce) {
    const CapacityView view{.min = 0,
                            .max = 1'000,
                            .desired = 1,
                            .staying = 1,
                            .per_instance = 10,
                            .buffer = Buffer{.percent = 30},
                            .last_scaling = EngineTime{1},
                            .cooldown = Millis{600'000},
                            .demand = 1'000};
    EXPECT_EQ(plan_capacity(view, EngineTime{2}).desired, 143U);
}

TEST(ScaleIn, WhatComesBackGivesMostAtOnce) {
    using Candidates = std::vector<ReopenCandidate>;
    using Chosen = std::vector<std::size_t>;
    EXPECT_EQ(choose_reopen(Candidates{}, 1), Chosen{});
    EXPECT_EQ(choose_reopen(Candidates{{0, 5}, {0, 9}}, 2), Chosen{}) << "who was asked to end is not asked to stay";
    EXPECT_EQ(choose_reopen(Candidates{{1, 5}, {3, 0}, {0, 9}}, 1), Chosen{1});
    EXPECT_EQ(choose_reopen(Candidates{{3, 0}, {3, 2}}, 1), Chosen{1}) << "then the one that carries most";
    EXPECT_EQ(choose_reopen(Candidates{{1, 5}, {3, 0}, {0, 9}, {3, 1}}, 9), (Chosen{3, 1, 0}));
}

}  // namespace
}  // namespace gse::plan
