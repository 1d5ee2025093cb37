/// When a timed policy fires, and what state it is in. Source: [定时变更扩缩容策略; API:TimerScalingPolicy].
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "model/scaling_policies.h"

namespace gse::plan {

/// "No end": later than every time that can be written.
inline constexpr WallTime kNoEnd{INT64_MAX};

/// Days are those of the calendar that BeginTime was written in, and the time of day is BeginTime's.
struct TimerSchedule {
    TimerType type = TimerType::Once;
    std::uint32_t every_days = 1;  ///< Daily: ≥ 1
    std::uint32_t from_day = 1;    ///< Monthly: 1–31, ≤ to_day
    std::uint32_t to_day = 31;
    std::uint32_t week_days = 0;  ///< Weekly: bit 0 Monday … bit 6 Sunday
    WallTime begin;
    WallTime end = kNoEnd;            ///< the last moment it may fire
    std::int32_t offset_minutes = 0;  ///< of that calendar from UTC
};

/// A schedule's days, counted from 1970-01-01 in its own calendar.
class TimerDays {
public:
    static constexpr std::int64_t kDay = 86'400'000;
    static constexpr int kGapMax = 62;  ///< 31 January is followed by 31 March

    constexpr explicit TimerDays(const TimerSchedule& timer) : timer_(timer), first_(day_of(timer.begin)) {}

    [[nodiscard]] constexpr std::int64_t first() const { return first_; }
    [[nodiscard]] constexpr std::int64_t day_of(WallTime t) const {
        const std::int64_t local = t.ms + offset();
        return (local - ((local % kDay) + kDay) % kDay) / kDay;
    }
    /// When it fires on a day that fits.
    [[nodiscard]] constexpr WallTime moment(std::int64_t day) const {
        return WallTime{timer_.begin.ms + (day - first_) * kDay};
    }
    [[nodiscard]] constexpr bool fits(std::int64_t day) const {
        using std::chrono::weekday;
        using std::chrono::year_month_day;
        const std::chrono::sys_days date{std::chrono::days{day}};
        switch (timer_.type) {
            case TimerType::Daily: return (day - first_) % timer_.every_days == 0;
            case TimerType::Monthly: {
                const auto number = static_cast<unsigned>(year_month_day{date}.day());
                return number >= timer_.from_day && number <= timer_.to_day;
            }
            case TimerType::Weekly: return (timer_.week_days >> (weekday{date}.iso_encoding() - 1) & 1) != 0;
            default: return false;
        }
    }

private:
    [[nodiscard]] constexpr std::int64_t offset() const { return std::int64_t{timer_.offset_minutes} * 60'000; }

    const TimerSchedule& timer_;
    std::int64_t first_;
};

/// The first firing at or after `from`; nullopt when there is none any more.
constexpr std::optional<WallTime> next_firing(const TimerSchedule& timer, WallTime from) {
    if (timer.type == TimerType::Once)
        return timer.begin >= from && timer.begin <= timer.end ? std::optional(timer.begin) : std::nullopt;
    const TimerDays days(timer);
    std::int64_t day = std::max(days.first(), days.day_of(std::max(from, timer.begin)));
    if (days.moment(day) < from) ++day;
    if (timer.type == TimerType::Daily) {
        const std::int64_t over = (day - days.first()) % timer.every_days;
        if (over != 0) day += timer.every_days - over;
    }
    for (int i = 0; i <= TimerDays::kGapMax; ++i, ++day) {
        if (days.moment(day) > timer.end) return std::nullopt;
        if (days.fits(day)) return days.moment(day);
    }
    return std::nullopt;
}

/// The last firing after `after` and not after `until`; nullopt when there was none.
constexpr std::optional<WallTime> last_firing(const TimerSchedule& timer, WallTime after, WallTime until) {
    until = std::min(until, timer.end);
    if (timer.type == TimerType::Once)
        return timer.begin > after && timer.begin <= until ? std::optional(timer.begin) : std::nullopt;
    const TimerDays days(timer);
    std::int64_t day = days.day_of(until);
    if (days.moment(day) > until) --day;
    if (timer.type == TimerType::Daily && day > days.first()) day -= (day - days.first()) % timer.every_days;
    for (int i = 0; i <= TimerDays::kGapMax && day >= days.first() && days.moment(day) > after; ++i, --day)
        if (days.fits(day)) return days.moment(day);
    return std::nullopt;
}

struct TimerPlan {
    std::optional<WallTime> fire;  ///< the firing that is due; of several that were missed the last
    std::optional<WallTime> next;  ///< nullopt: never again
    friend bool operator==(const TimerPlan&, const TimerPlan&) = default;
};

/// A firing that comes this late is on time.
inline constexpr Millis kPunctual{60'000};

/// What is due at `now`, when everything until `seen` is settled. What was missed while nobody looked (the server was
/// down, the clock was set) fires late while the timer is valid, and not any more after its end.
inline TimerPlan plan_timer(const TimerSchedule& timer, WallTime seen, WallTime now) {
    TimerPlan plan;
    const auto due = last_firing(timer, seen, now);
    if (due && (now <= timer.end || now - *due <= kPunctual)) plan.fire = due;
    plan.next = next_firing(timer, std::max(seen, now) + Millis{1});
    return plan;
}

constexpr TimerStatus timer_status(const TimerSchedule& timer, bool stopped, WallTime now) {
    if (stopped) return TimerStatus::Stopped;
    if (!next_firing(timer, now)) return TimerStatus::Expired;
    return now < timer.begin ? TimerStatus::NotYet : TimerStatus::InEffect;
}

}  // namespace gse::plan
