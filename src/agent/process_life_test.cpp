#include "agent/process_life.h"

#include <gtest/gtest.h>

namespace gse::agent {
namespace {

link::AgentTimers timers() {
    link::AgentTimers out;
    out.restart_backoff_min = Millis{1'000};
    out.restart_backoff_max = Millis{60'000};
    out.restart_backoff_reset = Millis{60'000};
    out.process_ready = Millis{300'000};
    out.process_exit = Millis{30'000};
    out.health_interval = Millis{60'000};
    out.health_failures = 3;
    return out;
}

TEST(RestartBackoff, WaitsLongerAfterEachCrashAndStartsOverAfterAGoodLife) {
    struct Case {
        const char* name;
        std::uint32_t failures;
        bool orderly;
        std::int64_t uptime_ms;
        std::int64_t wait_ms;
        std::uint32_t failures_after;
    };
    const Case kCases[] = {
        {"the first crash waits the minimum", 0, false, 10, 1'000, 1},
        {"the second twice as long", 1, false, 10, 2'000, 2},
        {"the fifth sixteen times", 4, false, 10, 16'000, 5},
        {"never longer than the maximum", 20, false, 10, 60'000, 21},
        {"the count itself is bounded", 32, false, 10, 60'000, 32},
        {"a crash after a long life waits the minimum", 7, false, 60'000, 1'000, 0},
        {"an orderly end after a match is followed at once", 0, true, 5'000, 0, 0},
        {"an orderly end right after the start is slowed like a crash", 0, true, 999, 1'000, 1},
        {"and again", 1, true, 0, 2'000, 2},
    };
    for (const auto& c : kCases) {
        RestartBackoff backoff{.failures = c.failures};
        backoff.on_exit(c.orderly, c.uptime_ms, 5'000'000, timers());
        EXPECT_EQ(backoff.not_before_ms - 5'000'000, c.wait_ms) << c.name;
        EXPECT_EQ(backoff.failures, c.failures_after) << c.name;
    }
}

TEST(HealthSchedule, FirstCheckComesOneIntervalAfterReady) {
    HealthSchedule health;
    EXPECT_FALSE(health.due(1'000'000));
    health.start(1'000, timers());
    EXPECT_FALSE(health.due(60'999));
    EXPECT_TRUE(health.due(61'000));
    health.sent(61'005, timers());
    EXPECT_FALSE(health.due(200'000)) << "no second one while the first is under way";
    EXPECT_EQ(health.answered(true, false, timers()), std::nullopt);
    EXPECT_FALSE(health.due(120'999)) << "a late wake-up does not shift the next";
    EXPECT_TRUE(health.due(121'000));
}

TEST(HealthSchedule, OnlyFailuresInARowCount) {
    struct Case {
        const char* name;
        std::string answers;  ///< + healthy, - not, e the process is told to end from here on
        std::string changes;  ///< what was reported, in order
    };
    const Case kCases[] = {
        {"two failures are not enough", "--", ""},
        {"three in a row are", "---", "-"},
        {"a good answer between them starts over", "--+--", ""},
        {"more of the same is no news", "------", "-"},
        {"it recovers", "---+", "-+"},
        {"and may fail again", "---+---", "-+-"},
        {"not while it is being ended", "---e+", "-"},
    };
    for (const auto& c : kCases) {
        HealthSchedule health;
        std::string changes;
        bool ending = false;
        for (const char answer : c.answers) {
            if (answer == 'e') {
                ending = true;
                continue;
            }
            if (const auto change = health.answered(answer == '+', ending, timers())) changes += *change ? '+' : '-';
        }
        EXPECT_EQ(changes, c.changes) << c.name;
    }
}

TEST(EndPlan, LaterOrdersReplaceTheDeadlineAndNotifyOnce) {
    EndPlan plan;
    EXPECT_FALSE(plan.ending());
    plan.ordered({.reason = EndReason::ScaleIn, .notify = true, .kill_after_ms = 300'000}, 1'000);
    EXPECT_TRUE(plan.ending());
    EXPECT_TRUE(plan.notify);
    EXPECT_EQ(plan.kill_at_ms, 301'000);
    plan.notify = false;
    plan.notified = true;
    plan.ordered({.reason = EndReason::ScaleIn, .notify = true, .kill_after_ms = -1}, 2'000);
    EXPECT_FALSE(plan.notify) << "it was told before";
    EXPECT_EQ(plan.kill_at_ms, kNeverMs) << "full protection: never by force";
    plan.announced(3'000, timers());
    EXPECT_EQ(plan.kill_at_ms, 33'000);
    EXPECT_EQ(plan.reason, EndReason::Itself);
    plan.ordered({.reason = EndReason::EndedByApi, .notify = true, .kill_after_ms = 10}, 4'000);
    EXPECT_TRUE(plan.notify) << "another reason, and less time: the game is told again";
    plan.announced(4'000, timers());
    EXPECT_EQ(plan.kill_at_ms, 4'010) << "an earlier deadline stays";
    EXPECT_EQ(plan.reason, EndReason::EndedByApi);
}

TEST(DueKill, EachDeadlineKillsForItsOwnReason) {
    struct Case {
        const char* name;
        ProcessTimes process;
        std::int64_t now;
        std::optional<EndReason> want;
    };
    const EndPlan scale_in{.reason = EndReason::ScaleIn, .kill_at_ms = 500};
    const Case kCases[] = {
        {"young and not ready: patience", {.started_ms = 0}, 299'999, std::nullopt},
        {"never ready", {.started_ms = 0}, 300'000, EndReason::ReadyTimeout},
        {"ready in time: lives for ever", {.started_ms = 0, .ready = true}, 1'000'000'000, std::nullopt},
        {"told to end, still has time", {.ready = true, .end = scale_in}, 499, std::nullopt},
        {"told to end, time is over", {.ready = true, .end = scale_in}, 500, EndReason::ScaleIn},
        {"told to end before it was ready", {.started_ms = 0, .end = scale_in}, 500, EndReason::ScaleIn},
        {"already being killed", {.ready = true, .killing = true, .end = scale_in}, 1'000, std::nullopt},
    };
    for (const auto& c : kCases) EXPECT_EQ(due_kill(c.process, c.now, timers()), c.want) << c.name;
}

TEST(MayLaunch, OnlyWhereNothingStandsAgainstIt) {
    const PlaceView good{.prepared = true, .spec_version = 3};
    struct Case {
        const char* name;
        PlaceView place;
        bool want;
    };
    const auto with = [&](auto change) {
        PlaceView place = good;
        change(place);
        return place;
    };
    const Case kCases[] = {
        {"prepared and free", good, true},
        {"not prepared", with([](auto& p) { p.prepared = false; }), false},
        {"occupied", with([](auto& p) { p.occupied = true; }), false},
        {"draining", with([](auto& p) { p.phase = link::InstancePhase::Drain; }), false},
        {"being removed", with([](auto& p) { p.phase = link::InstancePhase::Remove; }), false},
        {"a port was busy under this spec", with([](auto& p) { p.busy_version = 3; }), false},
        {"a port was busy under an earlier spec", with([](auto& p) { p.busy_version = 2; }), true},
        {"still backing off", with([](auto& p) { p.not_before_ms = 101; }), false},
        {"backed off long enough", with([](auto& p) { p.not_before_ms = 100; }), true},
    };
    for (const auto& c : kCases) EXPECT_EQ(may_launch(c.place, 100), c.want) << c.name;
}

TEST(Retry, IsBounded) {
    Retry retry;
    EXPECT_TRUE(retry.failed(0, Millis{100}, Millis{250}, 4));
    EXPECT_EQ(retry.not_before_ms, 100);
    EXPECT_TRUE(retry.failed(0, Millis{100}, Millis{250}, 4));
    EXPECT_EQ(retry.not_before_ms, 200);
    EXPECT_TRUE(retry.failed(0, Millis{100}, Millis{250}, 4));
    EXPECT_EQ(retry.not_before_ms, 250);
    EXPECT_FALSE(retry.failed(0, Millis{100}, Millis{250}, 4));
}

}  // namespace
}  // namespace gse::agent
