#include "core/scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/events.h"
#include "core/instances.h"
#include "plan/host_drain.h"
#include "plan/scale_in.h"

namespace gse::core {
namespace {

/// A fleet that found no room does not look at all hosts again for so long, unless it is told that there is some.
constexpr Millis kRoomRetry{5'000};

/// Those on hosts that are being drained are as good as gone.
std::uint32_t staying(const Fleet& fleet) {
    return fleet.instances_pending + fleet.instances_active - fleet.instances_leaving;
}

void set_desired(Step& step, Slot slot, std::uint32_t desired, std::string_view why) {
    if (step.state.at<Fleet>(slot).desired == desired) return;
    step.state.edit<Fleet>(slot)->desired = desired;
    const Fleet& fleet = step.state.at<Fleet>(slot);
    add_event(step, slot, "FLEET_SCALING_EVENT",
              fmt::format("Desired {}, minimum {}, maximum {}: {}", fleet.desired, fleet.min, fleet.max, why));
}

/// Instances that are being scaled in come back, at most `count`; how many did.
std::uint32_t take_back(Step& step, Slot slot, std::uint32_t count) {
    const State& state = step.state;
    if (state.at<Fleet>(slot).instances_draining == 0) return 0;
    std::vector<Slot> slots;
    std::vector<plan::ReopenCandidate> candidates;
    for (const Slot instance : state.at<Fleet>(slot).draining_instances) {
        if (!can_reopen(state, instance)) continue;
        slots.push_back(instance);
        candidates.push_back(
            {.untold = untold_processes(state, instance), .sessions = state.at<Instance>(instance).sessions});
    }
    const auto chosen = plan::choose_reopen(candidates, count);
    for (const std::size_t index : chosen) reopen_instance(step, slots[index]);
    return static_cast<std::uint32_t>(chosen.size());
}

void shrink(Step& step, Slot slot, std::uint32_t wanted) {
    State& state = step.state;
    std::vector<Slot> slots;
    std::vector<plan::ScaleInCandidate> candidates;
    for (const Slot instance_slot : state.at<Fleet>(slot).instances) {
        const Instance& instance = state.at<Instance>(instance_slot);
        if (instance.status == InstanceStatus::Draining || instance.leaving) continue;
        slots.push_back(instance_slot);
        candidates.push_back({.sessions = instance.sessions,
                              .ready = instance.active > 0,
                              .weight = instance.weight,
                              .reserved = instance.reserved,
                              .age_rank = static_cast<std::uint64_t>(instance.created.ms)});
    }
    const auto chosen = plan::choose_scale_in(candidates, staying(state.at<Fleet>(slot)) - wanted);
    for (const std::size_t index : chosen) drain_instance(step, slots[index]);
    if (!chosen.empty()) state.edit<Fleet>(slot)->last_scaling = step.now.engine;
}

/// Of rules and what they saw, since when each holds.
void note_rules(Step& step, Slot slot, plan::CapacityView& view) {
    std::size_t i = 0;
    for (const auto& [name, rule] : step.state.at<Fleet>(slot).rules) {
        plan::RuleView& seen = view.rules[i++];
        seen.holds_since = view.auto_scaling ? plan::hold(seen, view.figures(), step.now.engine) : kNever;
        step.state.set_rule_holds(rule, seen.holds_since);
    }
}

std::string why_rule(const State& state, Slot slot, const plan::CapacityView& view, std::size_t index) {
    const auto rule = std::next(state.at<Fleet>(slot).rules.begin(), static_cast<std::ptrdiff_t>(index));
    const ScalingRule& record = state.at<ScalingRule>(rule->second);
    return fmt::format("rule '{}': {} is {:.6g}, {} {} for {} min; {} {}", record.name.substr(0, 100),
                       to_text(record.metric), plan::value_of(record.metric, view.figures()).value_or(0),
                       to_text(record.comparison), record.threshold, record.minutes, to_text(record.adjustment_type),
                       record.adjustment);
}

std::string why(const State& state, Slot slot, const plan::CapacityView& view, const plan::CapacityPlan& plan) {
    if (plan.rule) return why_rule(state, slot, view, *plan.rule);
    const std::string waiting = view.demand > 0 ? fmt::format(" and {} waiting", view.demand) : std::string();
    if (!view.buffer) return fmt::format("no instance{}", waiting);
    std::string buffer = fmt::format("buffer {} %", view.buffer->percent);
    if (view.buffer->minimum_free > 0) buffer += fmt::format(", at least {} free", view.buffer->minimum_free);
    return fmt::format("{} sessions{} on {} instances of {}, {}", view.sessions, waiting, view.staying,
                       view.per_instance, buffer);
}

}  // namespace

plan::CapacityView capacity_view(const State& state, const Fleet& fleet, EngineTime now) {
    const Timers& timers = state.settings().timers;
    plan::CapacityView view{
        .min = fleet.min,
        .max = fleet.max,
        .desired = fleet.desired,
        .staying = staying(fleet),
        .per_instance = fleet.processes_per_instance(),
        .sessions = fleet.sessions_on_staying,
        .auto_scaling = fleet.auto_scaling,
        .last_scaling = fleet.last_scaling,
        .cooldown = timers.minute * fleet.cooldown_minutes,
        .cooldown_delays_growth = state.settings().scaling.cooldown_delays_scale_out,
        .demand = fleet.demand + fleet.refused.demand(now, timers.minute),
        .players = fleet.players,
        .custom_current = fleet.custom_current,
        .custom_maximum = fleet.custom_maximum,
    };
    if (fleet.target)
        view.buffer = plan::Buffer{
            .percent = fleet.target->percent, .minimum_free = fleet.minimum_free, .keep_one = fleet.keep_one};
    view.rules.reserve(fleet.rules.size());
    for (const auto& [name, slot] : fleet.rules) {
        const ScalingRule& rule = state.at<ScalingRule>(slot);
        view.rules.push_back({.metric = rule.metric,
                              .comparison = rule.comparison,
                              .threshold = rule.threshold,
                              .period = timers.minute * rule.minutes,
                              .adjustment_type = rule.adjustment_type,
                              .adjustment = rule.adjustment,
                              .holds_since = rule.holds_since});
    }
    return view;
}

void grow_fleet(Step& step, Slot slot, std::uint32_t wanted) {
    State& state = step.state;
    const auto missing = [&] { return wanted - std::min(wanted, staying(state.at<Fleet>(slot))); };
    if (missing() == 0) return;
    bool changed = take_back(step, slot, missing()) > 0;
    if (missing() > 0 && state.at<Fleet>(slot).next_launch > step.now.engine) {
        state.wake_fleet(slot, state.at<Fleet>(slot).next_launch);
    } else if (missing() > 0 && state.at<Fleet>(slot).no_room_until <= step.now.engine) {
        changed = launch_instances(step, slot, missing()) > 0 || changed;
        const bool waits = missing() > 0;
        if (state.at<Fleet>(slot).waits_for_room != waits) {
            state.edit<Fleet>(slot)->waits_for_room = waits;
            if (waits)
                add_event(step, slot, "GENERIC_EVENT",
                          fmt::format("Waiting for room for another instance: {}", describe_no_room(state, slot)));
        }
        if (waits) state.change_fleet_run(slot, [&](Fleet& run) { run.no_room_until = step.now.engine + kRoomRetry; });
    }
    // Ports that rest come back by themselves; everything else wakes the fleet.
    if (missing() > 0 && state.at<Fleet>(slot).no_room_until > step.now.engine)
        state.wake_fleet(slot, state.at<Fleet>(slot).no_room_until);
    if (changed) state.edit<Fleet>(slot)->last_scaling = step.now.engine;
}

void let_leave(Step& step, Slot slot, std::uint32_t wanted) {
    State& state = step.state;
    if (state.at<Fleet>(slot).instances_leaving == 0) return;
    plan::LeavingView view{.wanted = wanted};
    std::vector<std::pair<std::uint32_t, Slot>> leaving;
    for (const Slot instance_slot : state.at<Fleet>(slot).instances) {
        const Instance& instance = state.at<Instance>(instance_slot);
        if (instance.status == InstanceStatus::Draining) continue;
        if (instance.leaving && instance.reserved) continue;  // somebody wants to look at it
        if (instance.leaving)
            leaving.emplace_back(instance.sessions, instance_slot);
        else
            ++(instance.status == InstanceStatus::Active ? view.ready_elsewhere : view.pending_elsewhere);
    }
    view.leaving = static_cast<std::uint32_t>(leaving.size());
    std::ranges::sort(leaving);
    leaving.resize(plan::may_leave_now(view));
    for (const auto& [sessions, instance] : leaving) drain_instance(step, instance);
}

void scale_fleet(Step& step, Slot slot) {
    State& state = step.state;
    plan::CapacityView view = capacity_view(state, state.at<Fleet>(slot), step.now.engine);
    note_rules(step, slot, view);
    const plan::CapacityPlan plan = plan::plan_capacity(view, step.now.engine);
    state.wake_fleet(slot, std::min(plan.look_again, plan.rules_again));
    if (view.auto_scaling && (view.buffer || plan.rule || plan.desired > view.desired))
        set_desired(step, slot, plan.desired, why(state, slot, view, plan));
    if (plan.rule) {
        // It begins anew: its next time is its whole time again.
        const auto rule = std::next(state.at<Fleet>(slot).rules.begin(), static_cast<std::ptrdiff_t>(*plan.rule));
        state.set_rule_holds(rule->second, step.now.engine);
        state.queue_reconcile(slot);
    }
    if (view.staying < plan.desired)
        grow_fleet(step, slot, plan.desired);
    else if (view.staying > plan.desired)
        shrink(step, slot, plan.desired);
    else if (state.at<Fleet>(slot).waits_for_room)
        state.edit<Fleet>(slot)->waits_for_room = false;
    let_leave(step, slot, plan.desired);
}

}  // namespace gse::core
