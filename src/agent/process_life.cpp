#include "agent/process_life.h"

namespace gse::agent {
namespace {

std::int64_t doubled(std::int64_t first, std::uint32_t times, std::int64_t longest) {
    std::int64_t wait = first;
    for (std::uint32_t i = 0; i < times && wait < longest; ++i) wait *= 2;
    return std::min(wait, longest);
}

}  // namespace

void RestartBackoff::on_exit(bool orderly, std::int64_t uptime_ms, std::int64_t now_ms,
                             const link::AgentTimers& timers) {
    const bool lived = uptime_ms >= timers.restart_backoff_reset.count();
    if (lived || (orderly && uptime_ms >= timers.restart_backoff_min.count())) {
        failures = 0;
        not_before_ms = orderly ? now_ms : now_ms + timers.restart_backoff_min.count();
        return;
    }
    on_start_failure(now_ms, timers);
}

void RestartBackoff::on_start_failure(std::int64_t now_ms, const link::AgentTimers& timers) {
    not_before_ms = now_ms + doubled(timers.restart_backoff_min.count(), failures, timers.restart_backoff_max.count());
    failures = std::min<std::uint32_t>(failures + 1, 32);
}

void HealthSchedule::start(std::int64_t now_ms, const link::AgentTimers& timers) {
    next_ms = now_ms + timers.health_interval.count();
}

void HealthSchedule::sent(std::int64_t now_ms, const link::AgentTimers& timers) {
    waiting = true;
    // From the plan, not from now: a late wake-up does not shift all later checks. One that is far behind starts over.
    next_ms = std::max(next_ms + timers.health_interval.count(), now_ms);
}

std::optional<bool> HealthSchedule::answered(bool ok, bool ending, const link::AgentTimers& timers) {
    waiting = false;
    if (ok) {
        failures = 0;
        if (healthy || ending) return std::nullopt;
        healthy = true;
        return true;
    }
    failures = std::min<std::uint32_t>(failures + 1, 1'000'000);
    if (!healthy || failures < std::max<std::uint32_t>(timers.health_failures, 1)) return std::nullopt;
    healthy = false;
    return false;
}

void EndPlan::ordered(const link::EndProcess& order, std::int64_t now_ms) {
    const EndReason wanted = order.reason == EndReason::None ? EndReason::EndedByApi : order.reason;
    if (wanted != reason) notified = false;
    reason = wanted;
    notify = notify || (order.notify && !notified);
    termination_time_unix_s = order.termination_time_unix_s;
    kill_at_ms = order.kill_after_ms < 0 ? kNeverMs : now_ms + order.kill_after_ms;
}

void EndPlan::announced(std::int64_t now_ms, const link::AgentTimers& timers) {
    const std::int64_t limit = now_ms + timers.process_exit.count();
    if (limit >= kill_at_ms) return;
    reason = EndReason::Itself;
    kill_at_ms = limit;
}

std::optional<EndReason> due_kill(const ProcessTimes& process, std::int64_t now_ms, const link::AgentTimers& timers) {
    if (process.killing || now_ms < next_kill_ms(process, timers)) return std::nullopt;
    if (now_ms >= process.end.kill_at_ms) return process.end.reason;
    return EndReason::ReadyTimeout;
}

std::int64_t next_kill_ms(const ProcessTimes& process, const link::AgentTimers& timers) {
    if (process.killing) return kNeverMs;
    const std::int64_t ready_limit = process.ready ? kNeverMs : process.started_ms + timers.process_ready.count();
    return std::min(process.end.kill_at_ms, ready_limit);
}

bool Retry::failed(std::int64_t now_ms, Millis first, Millis longest, std::uint32_t tries_max) {
    ++tries;
    if (tries >= tries_max) return false;
    not_before_ms = now_ms + doubled(first.count(), tries - 1, longest.count());
    return true;
}

bool may_launch(const PlaceView& place, std::int64_t now_ms) {
    return place.phase == link::InstancePhase::Run && place.prepared && !place.occupied &&
           place.busy_version < place.spec_version && now_ms >= place.not_before_ms;
}

}  // namespace gse::agent
