#include "plan/timer_schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace gse::plan {
namespace {

WallTime at(std::string_view text) { return parse_time(text).value(); }

std::string shown(std::optional<WallTime> time) { return time ? format_utc(*time) : "never"; }

TEST(NextFiring, Table) {
    const TimerSchedule once{.type = TimerType::Once, .begin = at("2021-06-17T15:31:00Z")};
    const TimerSchedule daily{.type = TimerType::Daily,
                              .every_days = 2,
                              .begin = at("2021-06-16T15:36:00Z"),
                              .end = at("2022-06-16T15:36:00Z")};
    const TimerSchedule weekly{
        .type = TimerType::Weekly, .week_days = 0b101, .begin = at("2021-06-16T15:38:00Z")};  // from a Wednesday
    const TimerSchedule monthly{
        .type = TimerType::Monthly, .from_day = 3, .to_day = 5, .begin = at("2021-06-16T15:39:00Z")};
    const TimerSchedule last_days{
        .type = TimerType::Monthly, .from_day = 31, .to_day = 31, .begin = at("2021-01-01T00:00:00Z")};
    // Monday 07:00 eight hours ahead of UTC is Sunday 23:00 there.
    const TimerSchedule ahead{
        .type = TimerType::Weekly, .week_days = 1, .begin = at("2021-06-16T07:00:00+08:00"), .offset_minutes = 480};
    const TimerSchedule behind{.type = TimerType::Monthly,
                               .from_day = 1,
                               .to_day = 1,
                               .begin = at("2021-06-16T23:30:00-05:00"),
                               .offset_minutes = -300};
    TimerSchedule ended = weekly;
    ended.end = at("2021-06-20T00:00:00Z");
    TimerSchedule none = weekly;
    none.week_days = 0;
    struct Case {
        TimerSchedule timer;
        const char* from;
        const char* wanted;
        const char* why;
    };
    for (const Case& c : {
             Case{once, "2021-01-01T00:00:00Z", "2021-06-17T15:31:00Z", "once, from long before"},
             Case{once, "2021-06-17T15:31:00Z", "2021-06-17T15:31:00Z", "at its very moment"},
             Case{once, "2021-06-17T15:31:01Z", "never", "and never again"},
             Case{daily, "2021-01-01T00:00:00Z", "2021-06-16T15:36:00Z", "the first day is the first time"},
             Case{daily, "2021-06-16T15:36:01Z", "2021-06-18T15:36:00Z", "then every other day"},
             Case{daily, "2021-06-17T23:00:00Z", "2021-06-18T15:36:00Z", "from a day between"},
             Case{daily, "2021-06-18T15:36:00Z", "2021-06-18T15:36:00Z", "at its moment"},
             Case{daily, "2022-06-16T00:00:00Z", "never", "365 days later is a day between, and then it has ended"},
             Case{weekly, "2021-06-16T00:00:00Z", "2021-06-16T15:38:00Z", "Wednesday"},
             Case{weekly, "2021-06-16T15:38:01Z", "2021-06-21T15:38:00Z", "then Monday"},
             Case{weekly, "2021-06-22T00:00:00Z", "2021-06-23T15:38:00Z", "Wednesday again"},
             Case{ended, "2021-06-16T15:38:01Z", "never", "the end is before Monday"},
             Case{none, "2021-06-16T00:00:00Z", "never", "on no day"},
             Case{monthly, "2021-06-16T00:00:00Z", "2021-07-03T15:39:00Z", "next month's third"},
             Case{monthly, "2021-07-03T15:39:01Z", "2021-07-04T15:39:00Z", "each day of the range"},
             Case{monthly, "2021-07-05T15:39:01Z", "2021-08-03T15:39:00Z", "up to its last"},
             Case{last_days, "2021-01-31T00:00:01Z", "2021-03-31T00:00:00Z", "February has no 31st"},
             Case{last_days, "2021-07-31T00:00:01Z", "2021-08-31T00:00:00Z", "July and August have"},
             Case{ahead, "2021-06-16T00:00:00Z", "2021-06-20T23:00:00Z", "Monday by the clock that it was written by"},
             Case{behind, "2021-06-16T00:00:00Z", "2021-07-02T04:30:00Z", "the first there is the second in UTC"},
             Case{last_days, "1969-12-30T00:00:00Z", "2021-01-31T00:00:00Z", "from before 1970"},
         })
        EXPECT_EQ(shown(next_firing(c.timer, at(c.from))), c.wanted) << c.why;
}

TEST(PlanTimer, Table) {
    const TimerSchedule once{.type = TimerType::Once, .begin = at("2021-06-17T15:31:00Z")};
    TimerSchedule once_until = once;
    once_until.end = at("2021-06-17T15:31:00Z");
    const TimerSchedule daily{.type = TimerType::Daily,
                              .every_days = 2,
                              .begin = at("2021-06-16T15:36:00Z"),
                              .end = at("2021-06-24T15:36:00Z")};
    const TimerSchedule weekly{.type = TimerType::Weekly, .week_days = 0b101, .begin = at("2021-06-16T15:38:00Z")};
    const TimerSchedule last_days{
        .type = TimerType::Monthly, .from_day = 31, .to_day = 31, .begin = at("2021-01-01T00:00:00Z")};
    struct Case {
        TimerSchedule timer;
        const char* seen;
        const char* now;
        const char* fire;
        const char* next;
        const char* why;
    };
    for (const Case& c : {
             Case{once, "2021-06-17T15:00:00Z", "2021-06-17T15:30:59Z", "never", "2021-06-17T15:31:00Z", "not yet"},
             Case{once, "2021-06-17T15:00:00Z", "2021-06-17T15:31:00Z", "2021-06-17T15:31:00Z", "never", "now"},
             Case{once, "2021-06-17T15:31:00Z", "2021-06-17T15:31:01Z", "never", "never", "once is once"},
             Case{once, "2021-06-17T15:31:00Z", "2021-06-17T14:00:00Z", "never", "never",
                  "though the clock was set back"},
             Case{once, "2021-06-17T15:00:00Z", "2021-08-01T00:00:00Z", "2021-06-17T15:31:00Z", "never",
                  "missed, and valid without end"},
             Case{once_until, "2021-06-17T15:00:00Z", "2021-06-17T15:31:05Z", "2021-06-17T15:31:00Z", "never",
                  "the last moment is punctual if somebody looks within a minute"},
             Case{once_until, "2021-06-17T15:00:00Z", "2021-06-17T15:33:00Z", "never", "never",
                  "missed, and no longer valid"},
             Case{daily, "2021-06-16T15:36:00Z", "2021-06-21T00:00:00Z", "2021-06-20T15:36:00Z", "2021-06-22T15:36:00Z",
                  "of two that were missed the last fires"},
             Case{daily, "2021-06-16T15:36:00Z", "2021-06-18T15:00:00Z", "never", "2021-06-18T15:36:00Z",
                  "between two"},
             Case{daily, "2021-06-16T15:36:00Z", "2021-07-01T00:00:00Z", "never", "never",
                  "missed until after its end"},
             Case{daily, "2021-06-20T15:36:00Z", "2021-06-19T00:00:00Z", "never", "2021-06-22T15:36:00Z",
                  "the clock was set back: what has fired does not again"},
             Case{weekly, "2021-06-16T15:38:00Z", "2021-06-21T15:38:00Z", "2021-06-21T15:38:00Z",
                  "2021-06-23T15:38:00Z", "Monday, then Wednesday"},
             Case{last_days, "2021-01-31T00:00:00Z", "2021-03-30T00:00:00Z", "never", "2021-03-31T00:00:00Z",
                  "none in February"},
             Case{last_days, "2020-12-01T00:00:00Z", "2021-03-30T00:00:00Z", "2021-01-31T00:00:00Z",
                  "2021-03-31T00:00:00Z", "that of January was missed"},
             Case{weekly, "2021-06-01T00:00:00Z", "2021-06-10T00:00:00Z", "never", "2021-06-16T15:38:00Z",
                  "not before its beginning"},
         }) {
        const TimerPlan plan = plan_timer(c.timer, at(c.seen), at(c.now));
        EXPECT_EQ(shown(plan.fire), c.fire) << c.why;
        EXPECT_EQ(shown(plan.next), c.next) << c.why;
    }
}

TEST(TimerStatusOf, Table) {
    const TimerSchedule timer{.type = TimerType::Daily,
                              .every_days = 1,
                              .begin = at("2021-06-16T15:36:00Z"),
                              .end = at("2021-06-20T00:00:00Z")};
    EXPECT_EQ(timer_status(timer, false, at("2021-06-16T15:35:59Z")), TimerStatus::NotYet);
    EXPECT_EQ(timer_status(timer, false, at("2021-06-16T15:36:00Z")), TimerStatus::InEffect);
    EXPECT_EQ(timer_status(timer, false, at("2021-06-19T15:36:00Z")), TimerStatus::InEffect);
    EXPECT_EQ(timer_status(timer, false, at("2021-06-19T15:36:01Z")), TimerStatus::Expired) << "nothing comes any more";
    EXPECT_EQ(timer_status(timer, true, at("2021-06-16T15:36:00Z")), TimerStatus::Stopped);
}

}  // namespace
}  // namespace gse::plan
