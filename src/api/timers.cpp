// Timed policies. Source: [定时变更扩缩容策略; API:PutTimerScalingPolicy; API:TimerScalingPolicy].
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "api/lookup.h"
#include "core/calendar.h"
#include "core/events.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

std::unexpected<Error> missing(std::string_view field, std::string_view why) {
    return refuse(ErrorCode::MissingParameter, fmt::format("TimerScalingPolicy.{} is missing; {}", field, why));
}
std::unexpected<Error> bad_value(std::string message) {
    return refuse(ErrorCode::InvalidParameterValue, "TimerScalingPolicy." + std::move(message));
}

/// Minutes that a time was written ahead of UTC: 480 of `…T07:00:00+08:00`, 0 of `…Z`. The text has been read as a
/// time.
std::int32_t offset_of(std::string_view time) {
    const auto sign = time.find_last_of("+-");
    if (sign == std::string_view::npos || sign < std::string_view("2020-01-01T00:00:00").size()) return 0;
    int digits = 0;
    std::int32_t hours_minutes = 0;
    for (const char c : time.substr(sign + 1)) {
        if (c < '0' || c > '9') continue;
        hours_minutes = hours_minutes * 10 + (c - '0');
        ++digits;
    }
    if (digits != 4) return 0;
    const std::int32_t minutes = hours_minutes / 100 * 60 + hours_minutes % 100;
    return time[sign] == '-' ? -minutes : minutes;
}

/// What is to be set. A field that is not given stays as the fleet has it when the timer fires.
Result<void> read_capacity(const TimerFleetCapacity& from, core::ScalingTimer& timer) {
    const auto number = [](const auto& value) {
        return value ? std::optional(static_cast<std::uint32_t>(
                           std::min<std::int64_t>(static_cast<std::int64_t>(*value), UINT32_MAX)))
                     : std::nullopt;
    };
    timer.desired = number(from.desired_instances);
    timer.min = number(from.min_size);
    timer.max = number(from.max_size);
    timer.cooldown_minutes = number(from.scaling_interval);
    timer.scaling = static_cast<TimerScaling>(from.scaling_type.value_or(0));
    timer.target_percent = from.target_configuration
                               ? std::optional(static_cast<std::uint32_t>(from.target_configuration->target_value))
                               : std::nullopt;
    timer.minimum_free =
        from.target_configuration ? number(from.target_configuration->minimum_free_sessions) : std::nullopt;
    timer.keep_one = from.target_configuration ? from.target_configuration->keep_one : std::nullopt;
    const bool sets = timer.desired || timer.min || timer.max || timer.cooldown_minutes || timer.target_percent ||
                      timer.scaling != TimerScaling::Undefined;
    if (!sets)
        return missing("TimerFleetCapacity.DesiredInstances",
                       "a timer sets at least one of DesiredInstances, MinSize, MaxSize, ScalingInterval, ScalingType "
                       "and TargetConfiguration");
    return {};
}

/// When. Each kind of recurrence needs its own values; those of the others are ignored.
Result<void> read_configuration(const TimerConfiguration& from, core::ScalingTimer& timer) {
    timer.type = static_cast<TimerType>(from.timer_type.value_or(0));
    if (timer.type == TimerType::Undefined)
        return missing("TimerConfiguration.TimerType", "it is 1 once, 2 every so many days, 3 monthly or 4 weekly");
    if (!from.begin_time)
        return missing("TimerConfiguration.BeginTime",
                       "it says from when on, and at which time of day, the timer fires");
    timer.begin = TRY(parse_time(*from.begin_time));
    timer.offset_minutes = offset_of(*from.begin_time);
    timer.end = from.end_time ? TRY(parse_time(*from.end_time)) : plan::kNoEnd;
    if (timer.end < timer.begin) return bad_value("TimerConfiguration.EndTime is before BeginTime; exchange them");

    const TimerValue value = from.timer_value.value_or(TimerValue{});
    timer.every_days = timer.from_day = timer.to_day = timer.week_days = 0;
    switch (timer.type) {
        case TimerType::Daily:
            // 0 and nothing mean every day.
            timer.every_days = static_cast<std::uint32_t>(std::max<std::int64_t>(1, value.day.value_or(1)));
            break;
        case TimerType::Monthly:
            if (value.from_day.value_or(0) < 1 || value.to_day.value_or(0) < 1)
                return missing("TimerConfiguration.TimerValue.FromDay",
                               "a monthly timer fires each day from FromDay to ToDay, both 1 to 31");
            if (*value.from_day > *value.to_day)
                return bad_value(
                    fmt::format("TimerConfiguration.TimerValue.FromDay is {} and ToDay is {}; the first "
                                "day must not be after the last",
                                *value.from_day, *value.to_day));
            timer.from_day = static_cast<std::uint32_t>(*value.from_day);
            timer.to_day = static_cast<std::uint32_t>(*value.to_day);
            break;
        case TimerType::Weekly:
            if (!value.week_days || value.week_days->empty())
                return missing("TimerConfiguration.TimerValue.WeekDays",
                               "a weekly timer fires on these days, 1 Monday to 7 Sunday");
            for (const std::int64_t day : *value.week_days) timer.week_days |= 1u << (day - 1);
            break;
        default: break;
    }
    return {};
}

/// With milliseconds, as the examples show timers, and by the clock with which the timer was set: its days are that
/// clock's, so that an answer that is sent back means the same days.
std::string show_time(WallTime time, std::int32_t offset_minutes) {
    constexpr WallTime kYear10000{253'402'300'800'000};
    WallTime shown = time + Millis{std::int64_t{offset_minutes} * 60'000};
    if (shown >= kYear10000) {  // the last end that can be written, by a clock that is behind
        shown = time;
        offset_minutes = 0;
    }
    std::string text = format_utc(shown);
    text.pop_back();
    text += fmt::format(".{:03}", ((time.ms % 1000) + 1000) % 1000);
    if (offset_minutes == 0) return text + "Z";
    const std::int32_t minutes = std::abs(offset_minutes);
    return fmt::format("{}{}{:02}:{:02}", text, offset_minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

TimerScalingPolicy show(const Scope& scope, const core::ScalingTimer& timer) {
    const auto number = [](const std::optional<std::uint32_t>& value) {
        return value ? std::optional<std::int64_t>(*value) : std::nullopt;
    };
    TimerFleetCapacity capacity;
    capacity.fleet_id = scope.state().at<core::Fleet>(timer.fleet).id;
    capacity.desired_instances = number(timer.desired);
    capacity.min_size = number(timer.min);
    capacity.max_size = number(timer.max);
    capacity.scaling_interval = number(timer.cooldown_minutes);
    capacity.scaling_type = static_cast<std::int64_t>(timer.scaling);
    if (timer.target_percent)
        capacity.target_configuration = TargetConfiguration{.target_value = *timer.target_percent,
                                                            .minimum_free_sessions = timer.minimum_free.value_or(0),
                                                            .keep_one = timer.keep_one.value_or(true)};

    TimerValue value{.day = timer.every_days, .from_day = timer.from_day, .to_day = timer.to_day};
    value.week_days.emplace();
    for (std::int64_t day = 1; day <= 7; ++day)
        if (timer.week_days >> (day - 1) & 1) value.week_days->push_back(day);
    TimerConfiguration configuration;
    configuration.timer_type = static_cast<std::int64_t>(timer.type);
    configuration.timer_value = std::move(value);
    configuration.begin_time = show_time(timer.begin, timer.offset_minutes);
    if (timer.end != plan::kNoEnd) configuration.end_time = show_time(timer.end, timer.offset_minutes);

    TimerScalingPolicy out;
    out.timer_id = timer.id;
    out.timer_name = timer.name;
    out.timer_status =
        static_cast<std::int64_t>(plan::timer_status(timer.schedule(), timer.stopped, scope.step.now.wall));
    out.timer_fleet_capacity = std::move(capacity);
    out.timer_configuration = std::move(configuration);
    return out;
}

/// NotFound unless it is of the caller's region.
Result<Slot> need_timer(const Scope& scope, std::string_view id) {
    const core::State& state = scope.state();
    const Slot slot = state.find_timer(id);
    if (slot != kNone && state.at<core::Fleet>(state.at<core::ScalingTimer>(slot).fleet).region == scope.region)
        return slot;
    return refuse(ErrorCode::NotFound,
                  fmt::format("Timer '{}' does not exist in region {}", id.substr(0, 200), scope.region));
}

/// What the timer will set must fit together with what the fleet has now, and with the region's quota. Both may change
/// until it fires: see core/calendar.
Result<void> check_fit(const Scope& scope, const core::ScalingTimer& timer) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(timer.fleet);
    const std::uint32_t min = timer.min.value_or(fleet.min);
    const std::uint32_t max = timer.max.value_or(fleet.max);
    if (min > max)
        return bad_value(
            fmt::format("TimerFleetCapacity: MinSize {} is above MaxSize {}; what the timer does not set "
                        "is what the fleet has now, so set both",
                        min, max));
    if (timer.desired && (*timer.desired < min || *timer.desired > max))
        return bad_value(
            fmt::format("TimerFleetCapacity.DesiredInstances is {}, outside [{}, {}]; what the timer does "
                        "not set is what the fleet has now",
                        *timer.desired, min, max));
    return max > fleet.max ? check_instance_quota(scope, timer.fleet, max) : Result<void>{};
}

}  // namespace

Result<PutTimerScalingPolicyResponse> handle(Scope& scope, const PutTimerScalingPolicyRequest& request) {
    const TimerScalingPolicy& policy = request.timer_scaling_policy;
    core::State& state = scope.state();
    const bool is_new = !policy.timer_id || policy.timer_id->empty();
    const std::string fleet_id = policy.timer_fleet_capacity ? policy.timer_fleet_capacity->fleet_id.value_or("") : "";

    core::ScalingTimer timer;
    Slot slot = kNone;
    if (is_new) {
        if (!policy.timer_name || policy.timer_name->empty())
            return missing("TimerName", "a new timer needs a name to be found by");
        if (fleet_id.empty()) return missing("TimerFleetCapacity.FleetId", "it says which fleet the timer changes");
        if (!policy.timer_configuration) return missing("TimerConfiguration", "it says when the timer fires");
        timer.fleet = TRY(need_living_fleet(scope, fleet_id));
        const core::Fleet& fleet = state.at<core::Fleet>(timer.fleet);
        if (const std::uint64_t limit = scope.step.settings().limits.timers_per_fleet; fleet.timers.size() >= limit)
            return refuse(ErrorCode::LimitExceeded,
                          fmt::format("Fleet {} has {} timers; the limit is {}. Delete one, or raise "
                                      "limits.timers_per_fleet",
                                      fleet.id, fleet.timers.size(), limit));
    } else {
        slot = TRY(need_timer(scope, *policy.timer_id));
        timer = state.at<core::ScalingTimer>(slot);
        const core::Fleet& fleet = state.at<core::Fleet>(timer.fleet);
        TRY(need_living_fleet(scope, fleet.id));
        if (!fleet_id.empty() && fleet_id != fleet.id)
            return bad_value(
                fmt::format("TimerFleetCapacity.FleetId is another fleet than the timer's, which is {}; "
                            "make a new timer for another fleet",
                            fleet.id));
    }
    const bool was_stopped = timer.stopped;
    const auto sizes_of = [](const core::ScalingTimer& of) { return std::tuple(of.desired, of.min, of.max); };
    const auto sizes = sizes_of(timer);
    // An update changes what it names: a part that is given replaces the whole part.
    if (policy.timer_name && !policy.timer_name->empty()) timer.name = *policy.timer_name;
    if (policy.timer_status) timer.stopped = *policy.timer_status == static_cast<std::int64_t>(TimerStatus::Stopped);
    if (policy.timer_fleet_capacity) TRY(read_capacity(*policy.timer_fleet_capacity, timer));
    if (policy.timer_configuration) TRY(read_configuration(*policy.timer_configuration, timer));
    // Numbers that no longer fit are no reason to refuse another name, or that it is stopped.
    if (is_new || sizes_of(timer) != sizes) TRY(check_fit(scope, timer));
    if ((is_new || policy.timer_configuration) && !plan::next_firing(timer.schedule(), scope.step.now.wall))
        return bad_value(
            "TimerConfiguration: the timer would never fire: no day that fits lies between now, or "
            "BeginTime, and EndTime");

    const Slot fleet = timer.fleet;
    const bool starts = is_new || policy.timer_configuration || (!timer.stopped && was_stopped);
    const std::string what = fmt::format("Timer '{}' {}{}", timer.name.substr(0, 100),
                                         is_new ? "was set" : "was changed", timer.stopped ? "; it is stopped" : "");
    if (is_new) {
        timer.id = new_timer_id(scope);
        timer.order = state.next_order();
        timer.created = scope.step.now.wall;
        slot = state.add(std::move(timer));
    } else {
        *state.edit<core::ScalingTimer>(slot) = std::move(timer);
    }
    // What was due while it was stopped, or by its old schedule, is past.
    if (starts) core::start_calendar(scope.step, slot);
    core::add_event(scope.step, fleet, "FLEET_SCALING_EVENT", what);
    return PutTimerScalingPolicyResponse{};
}

/// Newest first.
Result<DescribeTimerScalingPoliciesResponse> handle(Scope& scope, const DescribeTimerScalingPoliciesRequest& request) {
    const core::State& state = scope.state();
    WallTime from{INT64_MIN}, to{INT64_MAX};
    if (request.begin_time && !request.begin_time->empty()) from = TRY(parse_time(*request.begin_time));
    if (request.end_time && !request.end_time->empty()) to = TRY(parse_time(*request.end_time));
    if (from > to) return refuse(ErrorCode::InvalidParameterValue, "BeginTime is after EndTime; exchange them");
    std::optional<Slot> fleet;
    if (request.fleet_id && !request.fleet_id->empty()) fleet = TRY(need_fleet(scope, *request.fleet_id));
    std::vector<const core::ScalingTimer*> found;
    const auto look = [&](const core::ScalingTimer& timer) {
        if (request.timer_name && !request.timer_name->empty() && timer.name != *request.timer_name) return;
        if (timer.end < from || timer.begin > to) return;
        found.push_back(&timer);
    };
    if (fleet) {
        for (const auto& [order, slot] : state.at<core::Fleet>(*fleet).timers) look(state.at<core::ScalingTimer>(slot));
    } else {
        state.table<core::ScalingTimer>().for_each([&](Slot, const core::ScalingTimer& timer) {
            if (state.at<core::Fleet>(timer.fleet).region == scope.region) look(timer);
        });
    }
    std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->order > b->order; });
    DescribeTimerScalingPoliciesResponse response{.total_count = static_cast<std::int64_t>(found.size())};
    for (const core::ScalingTimer* timer :
         page(std::move(found), static_cast<std::uint64_t>(request.offset), static_cast<std::uint64_t>(request.limit)))
        response.timer_scaling_policies.push_back(show(scope, *timer));
    return response;
}

Result<DeleteTimerScalingPolicyResponse> handle(Scope& scope, const DeleteTimerScalingPolicyRequest& request) {
    core::State& state = scope.state();
    const auto given = [](const std::optional<std::string>& text) { return text && !text->empty(); };
    std::vector<Slot> doomed;
    if (given(request.timer_id)) {
        const Slot slot = TRY(need_timer(scope, *request.timer_id));
        const core::ScalingTimer& timer = state.at<core::ScalingTimer>(slot);
        if ((given(request.fleet_id) && state.at<core::Fleet>(timer.fleet).id != *request.fleet_id) ||
            (given(request.timer_name) && timer.name != *request.timer_name))
            return refuse(
                ErrorCode::NotFound,
                fmt::format("Timer {} is of another fleet or has another name; its id alone is enough", timer.id));
        doomed.push_back(slot);
    } else {
        if (!given(request.fleet_id) || !given(request.timer_name))
            return refuse(ErrorCode::MissingParameter, "TimerId, or FleetId together with TimerName, is required");
        const core::Fleet& fleet = state.at<core::Fleet>(TRY(need_fleet(scope, *request.fleet_id)));
        for (const auto& [order, slot] : fleet.timers)
            if (state.at<core::ScalingTimer>(slot).name == *request.timer_name) doomed.push_back(slot);
        if (doomed.empty())
            return refuse(ErrorCode::NotFound,
                          fmt::format("Fleet {} has no timer '{}'", fleet.id, request.timer_name->substr(0, 100)));
    }
    for (const Slot slot : doomed) {
        const core::ScalingTimer& timer = state.at<core::ScalingTimer>(slot);
        const Slot fleet = timer.fleet;
        const std::string what = fmt::format("Timer '{}' was removed", timer.name.substr(0, 100));
        state.remove<core::ScalingTimer>(slot);
        core::add_event(scope.step, fleet, "FLEET_SCALING_EVENT", what);
    }
    return DeleteTimerScalingPolicyResponse{};
}

}  // namespace gse::api
