#include "core/drain.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/events.h"
#include "core/fleets.h"
#include "core/hand_started.h"
#include "core/instances.h"
#include "core/processes.h"
#include "core/scaling.h"

namespace gse::core {
namespace {

/// Before the deadline games get the time that an unprotected one always has.
EngineTime closes_at(const Step& step, const Fleet& fleet) {
    if (fleet.drain_deadline == kNever) return kNever;
    return fleet.drain_deadline - step.timers().unprotected_grace - step.timers().drain_grace;
}

void finish(Step& step, Slot slot) {
    State& state = step.state;
    state.edit<Fleet>(slot)->drained = step.now.wall;
    const bool deletes = state.at<Fleet>(slot).delete_when_drained;
    add_event(step, slot, "FLEET_SCALING_EVENT",
              fmt::format("The fleet is drained: no instance is left{}", deletes ? ", and it is deleted" : ""));
    if (!deletes) return;
    if (const auto deleted = delete_fleet(step, slot); !deleted)
        add_event(step, slot, "GENERIC_EVENT",
                  fmt::format("The drained fleet was not deleted: {}", deleted.error().message));
}

/// The matches that only the drain's deadline would have ended have their policy's time, from now.
void renew_times(Step& step, Slot slot) {
    for (const Slot instance : step.state.at<Fleet>(slot).instances)
        for (const Slot process_slot : step.state.at<Instance>(instance).processes) {
            const Process& process = step.state.at<Process>(process_slot);
            if (process.status == ProcessStatus::Ending && process.end_reason == EndReason::ScaleIn &&
                process.session != kNone)
                step.state.edit<Process>(process_slot)->end_requested = step.now.engine;
        }
}

}  // namespace

Result<void> drain_fleet(Step& step, Slot slot, const DrainOptions& options) {
    State& state = step.state;
    const Fleet& fleet = state.at<Fleet>(slot);
    if (is_hand_started(fleet))
        return refuse(ErrorCode::UnsupportedOperation,
                      "The processes of this fleet are started by hand, and end by the same hand");
    if (fleet.status != FleetStatus::Active)
        return refuse(ErrorCode::Unavailable,
                      fmt::format("Fleet {} is {}; only an ACTIVE fleet can be drained. DeleteFleet ends any other",
                                  fleet.id, to_text(fleet.status)));
    TRY(check_no_alias(state, slot));
    {
        auto edit = state.edit<Fleet>(slot);
        if (!edit->draining) edit->drain_started = step.now.wall;
        edit->draining = true;
        edit->drained = {};
        edit->drain_denies_joins = options.deny_joins;
        edit->delete_when_drained = options.delete_when_empty;
        edit->drain_deadline = options.deadline ? step.now.engine + *options.deadline : kNever;
        edit->waits_for_room = false;
    }
    const std::size_t live = fleet.live_sessions.size();
    add_event(step, slot, "FLEET_SCALING_EVENT",
              fmt::format("The fleet drains: no new sessions{}; {} session{} run{} on{}{}",
                          options.deny_joins ? ", and no new players in those that run" : "", live,
                          live == 1 ? "" : "s", live == 1 ? "s" : "",
                          options.deadline
                              ? fmt::format(", until {} at the latest", format_utc(step.now.wall + *options.deadline))
                              : std::string(),
                          options.delete_when_empty ? "; it is deleted once it is empty" : ""));
    renew_ends(step, slot);
    state.queue_reconcile(slot);
    return {};
}

void undrain_fleet(Step& step, Slot slot) {
    State& state = step.state;
    if (!state.at<Fleet>(slot).draining) return;
    {
        auto edit = state.edit<Fleet>(slot);
        edit->draining = edit->drain_denies_joins = edit->delete_when_drained = false;
        edit->drain_started = edit->drained = {};
        edit->drain_deadline = kNever;
    }
    add_event(step, slot, "FLEET_SCALING_EVENT", "The drain was taken back: the fleet takes sessions and scales again");
    renew_times(step, slot);
    renew_ends(step, slot);
    for (const Slot instance : std::vector<Slot>(state.at<Fleet>(slot).instances))
        if (can_reopen(state, instance) && untold_processes(state, instance) > 0) reopen_instance(step, instance);
    state.queue_reconcile(slot);
}

void reconcile_draining(Step& step, Slot slot) {
    State& state = step.state;
    const EngineTime closes = closes_at(step, state.at<Fleet>(slot));
    const EngineTime deadline = state.at<Fleet>(slot).drain_deadline;
    const bool closing = step.now.engine >= closes;
    const bool over = step.now.engine >= deadline;
    if (!over) state.wake_fleet(slot, closing ? deadline : closes);
    std::size_t told = 0;
    for (const Slot instance_slot : std::vector<Slot>(state.at<Fleet>(slot).instances)) {
        const Instance& instance = state.at<Instance>(instance_slot);
        const bool idle = instance.sessions == 0 && !instance.reserved;
        if (instance.status != InstanceStatus::Draining && (closing || idle)) {
            told += instance.sessions;
            drain_instance(step, instance_slot);
        }
        if (over) end_drained_processes(step, instance_slot);
        if (state.find<Instance>(instance_slot)) remove_when_empty(step, instance_slot);
    }
    if (told > 0)
        add_event(step, slot, "FLEET_SCALING_EVENT",
                  fmt::format("The deadline of the drain comes near: {} session{} {} told, and ended at {}", told,
                              told == 1 ? "" : "s", told == 1 ? "is" : "are",
                              format_utc(step.now.wall + std::max(Millis{0}, deadline - step.now.engine))));
    const Fleet& fleet = state.at<Fleet>(slot);
    if (fleet.instances.empty() && fleet.live_sessions.empty() && fleet.drained == WallTime{}) finish(step, slot);
}

std::vector<Millis> session_lengths(const State& state, const Fleet& fleet) {
    std::vector<Millis> lengths;
    for (auto it = fleet.ended_sessions.rbegin(); it != fleet.ended_sessions.rend(); ++it) {
        const GameSession& session = state.at<GameSession>(it->second);
        if (session.status != SessionStatus::Terminated) continue;
        lengths.push_back(session.end->at - session.created_at);
        if (lengths.size() == kLengthsMax) break;
    }
    std::sort(lengths.begin(), lengths.end());
    return lengths;
}

std::vector<plan::RunningSession> running_sessions(const State& state, EngineTime now, std::span<const Slot> sessions) {
    std::vector<plan::RunningSession> running;
    running.reserve(sessions.size());
    for (const Slot slot : sessions) {
        const GameSession& session = state.at<GameSession>(slot);
        const EngineTime killed = kill_time(state, session.process);
        plan::RunningSession& one = running.emplace_back();
        one.age = now - session.created_at;
        if (killed != kNever) one.killed_in = std::max(Millis{0}, killed - now);
    }
    const auto younger = [](const auto& a, const auto& b) { return a.age < b.age; };
    if (running.size() > kEstimatedMax) {
        std::nth_element(running.begin(), running.begin() + kEstimatedMax, running.end(), younger);
        running.resize(kEstimatedMax);
    }
    return running;
}

}  // namespace gse::core
