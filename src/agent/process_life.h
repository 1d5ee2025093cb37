/// When to do what with a game process: plain state and functions, with the time handed in (milliseconds of one
/// monotonic clock). The supervisor asks and acts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "model/link_messages.h"

namespace gse::agent {

inline constexpr std::int64_t kNeverMs = INT64_MAX;

/// When a place may be launched again after its process ended or could not be started.
struct RestartBackoff {
    std::uint32_t failures = 0;
    std::int64_t not_before_ms = 0;

    /// `orderly`: it had said ProcessEnding or was asked to end. An orderly end is followed at once by the next launch,
    /// unless the process hardly lived: a game that ends itself right away must not make the host spin.
    void on_exit(bool orderly, std::int64_t uptime_ms, std::int64_t now_ms, const link::AgentTimers& timers);
    void on_start_failure(std::int64_t now_ms, const link::AgentTimers& timers);
};

/// Health checks of one process [健康检查]: the first one interval after ready, then one each interval.
struct HealthSchedule {
    std::int64_t next_ms = kNeverMs;
    std::uint32_t failures = 0;  ///< in a row
    bool healthy = true;
    bool waiting = false;  ///< one is under way

    void start(std::int64_t now_ms, const link::AgentTimers& timers);
    [[nodiscard]] bool due(std::int64_t now_ms) const { return !waiting && now_ms >= next_ms; }
    void sent(std::int64_t now_ms, const link::AgentTimers& timers);
    /// The new health when it changed. A process that is being ended does not become healthy again.
    std::optional<bool> answered(bool ok, bool ending, const link::AgentTimers& timers);
};

/// How the end of a process is pursued.
struct EndPlan {
    EndReason reason = EndReason::None;  ///< None: nobody wants it to end
    bool notify = false;                 ///< OnProcessTerminate is still to be called
    bool notified = false;               ///< it was called, or tried; never twice for one reason
    std::int64_t termination_time_unix_s = 0;
    std::int64_t kill_at_ms = kNeverMs;

    [[nodiscard]] bool ending() const { return reason != EndReason::None; }
    /// A later order replaces the deadline of an earlier one; one for another reason is told to the game again.
    void ordered(const link::EndProcess& order, std::int64_t now_ms);
    /// The process said ProcessEnding and was answered Ok. An earlier deadline stays.
    void announced(std::int64_t now_ms, const link::AgentTimers& timers);
};

struct ProcessTimes {
    std::int64_t started_ms = 0;
    bool ready = false;
    bool killing = false;
    EndPlan end;
};

/// Why the process is to be killed now; nullopt: it is not.
[[nodiscard]] std::optional<EndReason> due_kill(const ProcessTimes& process, std::int64_t now_ms,
                                                const link::AgentTimers& timers);
/// When due_kill may next answer something.
[[nodiscard]] std::int64_t next_kill_ms(const ProcessTimes& process, const link::AgentTimers& timers);

/// Tries of something that may fail for a while: wait 2^n times `first`, at most `longest`, at most `tries` times.
struct Retry {
    std::uint32_t tries = 0;
    std::int64_t not_before_ms = 0;

    /// False when the tries are used up.
    bool failed(std::int64_t now_ms, Millis first, Millis longest, std::uint32_t tries_max);
};

/// What a place needs.
struct PlaceView {
    link::InstancePhase phase = link::InstancePhase::Run;
    bool prepared = false;
    bool occupied = false;  ///< a process of it lives, or its exit is being dealt with
    std::uint64_t spec_version = 0;
    std::uint64_t busy_version = 0;  ///< version of the spec under which a port was busy; 0: none was
    std::int64_t not_before_ms = 0;
};
[[nodiscard]] bool may_launch(const PlaceView& place, std::int64_t now_ms);

}  // namespace gse::agent
