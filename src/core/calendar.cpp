#include "core/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/events.h"
#include "core/fleets.h"

namespace gse::core {
namespace {

/// A jump of the wall clock is noticed within this time.
constexpr Millis kLookAgain{60'000};

/// "; minimum from 0 to 2", or nothing.
template <class T>
std::string moved(std::string_view what, const T& from, const T& to) {
    return from == to ? std::string() : fmt::format("; {} from {} to {}", what, from, to);
}

std::string buffer_text(const Capacity& of) {
    if (!of.target) return "none";
    std::string text = fmt::format("{} %", of.target->percent);
    if (of.minimum_free > 0) text += fmt::format(", at least {} free", of.minimum_free);
    if (!of.keep_one) text += ", down to none";
    return text;
}

/// What it does not set stays, and moves into the new range if it must.
Capacity changed_by(const ScalingTimer& timer, const Fleet& fleet) {
    Capacity to = fleet;
    to.max = timer.max.value_or(std::max(to.max, timer.min.value_or(0)));
    to.min = std::min(timer.min.value_or(to.min), to.max);
    to.desired = std::clamp(timer.desired.value_or(to.desired), to.min, to.max);
    if (timer.cooldown_minutes) to.cooldown_minutes = *timer.cooldown_minutes;
    if (timer.scaling != TimerScaling::Undefined) to.auto_scaling = timer.scaling == TimerScaling::Automatic;
    if (!timer.target_percent) return to;
    // Rules and the target share their names.
    if (!to.target)
        to.target = TargetPolicy{.name = fleet.rules.contains(timer.name) ? timer.id : timer.name,
                                 .metric = "PercentAvailableGameSessions"};
    to.target->percent = *timer.target_percent;
    to.minimum_free = timer.minimum_free.value_or(0);
    to.keep_one = timer.keep_one.value_or(true);
    return to;
}

std::string moves_of(const Capacity& from, const Capacity& to) {
    const auto mode = [](const Capacity& of) { return std::string_view(of.auto_scaling ? "automatic" : "manual"); };
    return moved("desired", from.desired, to.desired) + moved("minimum", from.min, to.min) +
           moved("maximum", from.max, to.max) + moved("cool-down", from.cooldown_minutes, to.cooldown_minutes) +
           moved("scaling", mode(from), mode(to)) + moved("session buffer", buffer_text(from), buffer_text(to));
}

void fire(Step& step, Slot slot, WallTime due) {
    State& state = step.state;
    {
        auto edit = state.edit<ScalingTimer>(slot);
        edit->seen_until = edit->last_fired = due;
    }
    const ScalingTimer& timer = state.at<ScalingTimer>(slot);
    const Fleet& fleet = state.at<Fleet>(timer.fleet);
    const std::string head = fmt::format("Timer '{}' of {}{}", timer.name.substr(0, 100), format_utc(due),
                                         step.now.wall - due > plan::kPunctual ? ", which was missed," : "");
    const Capacity from = fleet;
    const Capacity to = changed_by(timer, fleet);
    const std::uint64_t quota = step.settings().limits.instances_per_region;
    const std::uint64_t sum = to.max + sum_of_maxima(state, fleet.region, timer.fleet);
    if (to.max > from.max && sum > quota)
        return add_event(step, timer.fleet, "FLEET_SCALING_EVENT",
                         fmt::format("{} was due, and changed nothing: the maxima of all fleets in region {} would add "
                                     "up to {} instances; the quota is {}",
                                     head, fleet.region, sum, quota));
    static_cast<Capacity&>(*state.edit<Fleet>(timer.fleet)) = to;
    const std::string moves = moves_of(from, to);
    add_event(step, timer.fleet, "FLEET_SCALING_EVENT",
              fmt::format("{} fired{}", head, moves.empty() ? "; all it sets was so already" : moves));
    state.queue_reconcile(timer.fleet);
}

}  // namespace

void start_calendar(Step& step, Slot slot) {
    // A moment that is now still counts.
    step.state.edit<ScalingTimer>(slot)->seen_until = step.now.wall - Millis{1};
    step.state.wake_calendar(slot, step.now.engine);
}

void check_calendar(Step& step, Slot slot, EngineTime at) {
    State& state = step.state;
    const ScalingTimer* timer = state.find<ScalingTimer>(slot);
    if (!timer || timer->wakes_at != at || timer->stopped) return;
    const WallTime seen = timer->seen_until == WallTime{} ? timer->created : timer->seen_until;
    const plan::TimerPlan plan = plan::plan_timer(timer->schedule(), seen, step.now.wall);
    const FleetStatus status = state.at<Fleet>(timer->fleet).status;
    const bool waits = in_creation(status);
    if (!waits && status != FleetStatus::Active) return;
    if (plan.fire && !waits) fire(step, slot, *plan.fire);
    if (!plan.next && !(plan.fire && waits)) return;
    const Millis sleep = plan.next ? std::clamp(*plan.next - step.now.wall, Millis{1}, kLookAgain) : kLookAgain;
    state.wake_calendar(slot, step.now.engine + sleep);
}

}  // namespace gse::core
