/// Game server processes: from launch to confirmed exit, and the calls they make. Source: [进程准备就绪; 结束进程;
/// 健康检查].
#pragma once

#include "core/step.h"

namespace gse::core {

void on_process_started(Step& step, Slot host, const link::ProcessStarted& report);
void on_process_start_failed(Step& step, Slot host, const link::ProcessStartFailed& report);
void on_process_ready(Step& step, Slot host, const link::ProcessIsReady& report);
void on_process_exited(Step& step, Slot host, const link::ProcessExited& report);
void on_health_changed(Step& step, Slot host, const link::HealthChanged& report);
void on_session_start_result(Step& step, Slot host, const link::SessionStartResult& report);
void on_terminate_delivered(Step& step, Slot host, const link::TerminateDelivered& report);
/// A game's call; the answer goes out as an order.
void on_sdk_call(Step& step, Slot host, const link::SdkCall& call);

/// Asks a process to end: it gets no further session, OnProcessTerminate, and SIGKILL when its protection runs out.
void request_end(Step& step, Slot process, EndReason reason);
/// The protection changed (its session ended, or the policy was updated): tells the agent the new deadline.
void renew_end(Step& step, Slot process);
/// Its host has connected: the order to end may have been lost. Who cannot have heard of it gets the whole of its time.
void repeat_end(Step& step, Slot process);
/// What the deadline of a process that is being ended depends on has changed, but for its own session: tells the agent.
void tell_deadline(Step& step, Slot process);
/// When force ends a process, or will by a deadline that is set already; kNever: it is not foreseen.
[[nodiscard]] EngineTime kill_time(const State& state, Slot process);
[[nodiscard]] link::EndProcess end_order(const State& state, Slot process, Now now);

/// For monitoring: Abnormal is an end that neither the process nor anybody who may end it wanted.
enum class ProcessEnd : std::uint8_t { Normal, Abnormal };
/// The process is gone: `crash_text` says how when that was not expected ("" otherwise). Its session, if any, ends.
void forget_process(Step& step, Slot process, std::string_view crash_text, ProcessEnd kind);

/// The time for which a process rests after a session is over: it may take the next one, once its host has said all
/// that it knows.
void finish_rest(Step& step, Slot process);
/// It may take the next one now.
void stop_rest(Step& step, Slot process);

}  // namespace gse::core
