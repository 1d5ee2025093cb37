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

/// The first firing at or after `from`; nullopt when there is none any more.
constexpr std::optional<WallTime> next_firing(const TimerSchedule& timer, WallTime from) {
    if (timer.type == TimerType::Once)
        return timer.begin >= from && timer.begin <= timer.end ? std::optional(timer.begin) : std::nullopt;

    constexpr std::int64_t kDay = 86'400'000;
    constexpr int kGapMax = 62;  // 31 January is followed by 31 March
    const auto day_of = [&](WallTime t) {
        const std::int64_t local = t.ms + std::int64_t{timer.offset_minutes} * 60'000;
        return (local - ((local % kDay) + kDay) % kDay) / kDay;
    };
    const std::int64_t first = day_of(timer.begin);
    const std::int64_t since_midnight = timer.begin.ms + std::int64_t{timer.offset_minutes} * 60'000 - first * kDay;
    const auto moment = [&](std::int64_t day) {
        return WallTime{day * kDay + since_midnight - std::int64_t{timer.offset_minutes} * 60'000};
    };
    const auto fits = [&](std::int64_t day) {
        using std::chrono::weekday;
        using std::chrono::year_month_day;
        const std::chrono::sys_days date{std::chrono::days{day}};
        switch (timer.type) {
            case TimerType::Daily: return (day - first) % timer.every_days == 0;
            case TimerType::Monthly: {
                const auto number = static_cast<unsigned>(year_month_day{date}.day());
                return number >= timer.from_day && number <= timer.to_day;
            }
            case TimerType::Weekly: return (timer.week_days >> (weekday{date}.iso_encoding() - 1) & 1) != 0;
            default: return false;
        }
    };

    std::int64_t day = std::max(first, day_of(std::max(from, timer.begin)));
    if (moment(day) < from) ++day;
    if (timer.type == TimerType::Daily) {
        const std::int64_t over = (day - first) % timer.every_days;
        if (over != 0) day += timer.every_days - over;
    }
    for (int i = 0; i <= kGapMax; ++i, ++day) {
        if (moment(day) > timer.end) return std::nullopt;
        if (fits(day)) return moment(day);
    }
    return std::nullopt;
}

constexpr TimerStatus timer_status(const TimerSchedule& timer, bool stopped, WallTime now) {
    if (stopped) return TimerStatus::Stopped;
    if (!next_firing(timer, now)) return TimerStatus::Expired;
    return now < timer.begin ? TimerStatus::NotYet : TimerStatus::InEffect;
}

}  // namespace gse::plan
