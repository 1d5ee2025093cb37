#include "core/processes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/size_text.h"
#include "core/events.h"
#include "core/fleets.h"
#include "core/hand_started.h"
#include "core/instances.h"
#include "core/players.h"
#include "core/process_ports.h"
#include "core/restored.h"
#include "core/sessions.h"
#include "plan/protection.h"

namespace gse::core {
namespace {

/// kNone when the process is unknown, or lives on another host than the one that speaks.
Slot find_on_host(const State& state, Slot host, std::string_view process_id) {
    const Slot slot = state.find_process(process_id);
    if (slot == kNone || state.at<Instance>(state.at<Process>(slot).instance).host != host) return kNone;
    return slot;
}

Slot fleet_of(const State& state, const Process& process) { return state.at<Instance>(process.instance).fleet; }

std::string exit_text(const link::ProcessExited& report) {
    return fmt::format("{} {}{}", report.signal != 0 ? "signal" : "exit code",
                       report.signal != 0 ? report.signal : report.exit_code,
                       report.out_of_memory ? " (out of memory)" : "");
}

/// What it ran into, with the figures, and what to change.
std::string out_of_memory_text(const State& state, const Instance& instance, const link::OutOfMemory& memory) {
    const Host& host = state.at<Host>(instance.host);
    const std::string& type = state.at<Fleet>(instance.fleet).instance_type;
    const std::string used =
        fmt::format("used {} of {}", size_text(memory.used_bytes > 0 ? memory.used_bytes : memory.limit_bytes),
                    size_text(memory.limit_bytes));
    switch (memory.limit) {
        case link::MemoryLimit::Instance:
            return fmt::format(
                "the processes of instance {} {} of {}: give the fleet a larger InstanceType or fewer "
                "processes an instance",
                instance.id, used, type);
        case link::MemoryLimit::Process:
            return fmt::format("it {} that agent.process_memory on host {} allows a process", used, host.name);
        case link::MemoryLimit::Host: break;
    }
    return fmt::format(
        "host {} had no memory left, and the kernel chose this process: give the host less to carry, or "
        "state agent.memory there",
        host.name);
}

/// What a shell's, or the loader's, way to say that there was nothing to run usually means; "" for any other exit.
std::string_view exit_meaning(const link::ProcessExited& report) {
    if (report.signal != 0) return "";
    if (report.exit_code == 126)
        return "; 126 usually means that a program in the package may not be executed: its zip was made without Unix "
               "modes (gse asset upload FOLDER keeps them), or install.sh should run chmod +x on it";
    if (report.exit_code == 127)
        return "; 127 usually means that a program, or a library it needs, was not found: see that the package holds "
               "it, or that install.sh installs it";
    return "";
}

/// "" when the exit needs no event. Mapping inferred from [查看事件].
std::string_view exit_event(const Process& process, const link::ProcessExited& report) {
    if (report.killed_by_agent && report.kill_reason == EndReason::ReadyTimeout)
        return "SERVER_PROCESS_PROCESS_READY_TIMEOUT";
    switch (process.end_reason) {
        case EndReason::None: return "SERVER_PROCESS_CRASHED";
        case EndReason::Unhealthy: return "SERVER_PROCESS_TERMINATED_UNHEALTHY";
        case EndReason::Itself: return report.killed_by_agent ? "SERVER_PROCESS_PROCESS_EXIT_TIMEOUT" : "";
        case EndReason::ReadyTimeout: return "SERVER_PROCESS_PROCESS_READY_TIMEOUT";
        case EndReason::Killed: return "SERVER_PROCESS_FORCE_TERMINATED";
        default:
            return report.killed_by_agent && process.status == ProcessStatus::Ending && process.end_delivered
                       ? "SERVER_PROCESS_FORCE_TERMINATED"
                       : "";
    }
}

void become_ready(Step& step, Slot slot, std::uint16_t client_port, std::uint16_t grpc_port,
                  std::vector<std::string> log_paths) {
    State& state = step.state;
    const Slot instance = state.at<Process>(slot).instance;
    if (state.at<Instance>(instance).status == InstanceStatus::Pending)
        state.edit<Instance>(instance)->status = InstanceStatus::Active;
    {
        auto process = state.edit<Process>(slot);
        process->status = ProcessStatus::Active;
        process->ready = true;
        process->client_port = client_port;
        process->grpc_port = grpc_port;
        process->log_paths = std::move(log_paths);
    }
    const Slot fleet = state.at<Instance>(instance).fleet;
    state.change_run<Fleet>(fleet, [](Fleet& run) { ++run.counts.process_activations; });
    end_stand_ins(step, instance);
    advance_creation(step, fleet);
    state.queue_reconcile(fleet);
}

const Place* place_of(const Instance& instance, std::uint32_t number) {
    const auto found = std::ranges::find(instance.places, number, &Place::number);
    return found == instance.places.end() ? nullptr : &*found;
}

/// The order to drain, or to leave the place, crossed the launch on the wire.
void end_if_unwanted(Step& step, Slot slot) {
    const Process& process = step.state.at<Process>(slot);
    if (process.status == ProcessStatus::Ending) return;
    const Instance& instance = step.state.at<Instance>(process.instance);
    if (is_hand_started(step.state.at<Fleet>(instance.fleet))) return;
    const Place* place = place_of(instance, process.place);
    if (instance.status == InstanceStatus::Draining)
        request_end(step, slot, EndReason::ScaleIn);
    else if (place == nullptr || place->retired)
        request_end(step, slot, EndReason::Replaced);
}

}  // namespace

void on_process_started(Step& step, Slot host, const link::ProcessStarted& report) {
    State& state = step.state;
    if (report.instance_id.empty() && state.find_process(report.process_id) == kNone)
        return attach_process(step, host, report);
    const Slot instance_slot = state.find_instance(report.instance_id);
    if (instance_slot == kNone) return end_unknown_process(step, host, report.process_id);
    if (state.at<Instance>(instance_slot).host != host) return;
    if (state.find_process(report.process_id) != kNone) return;
    const Instance& instance = state.at<Instance>(instance_slot);
    Process process;
    process.id = report.process_id;
    process.instance = instance_slot;
    process.place = report.place;
    process.pid = report.pid;
    process.started = step.now.engine;
    if (const Place* place = place_of(instance, report.place)) {
        process.client_port = place->client_port;
        process.grpc_port = place->grpc_port;
    }
    const Slot slot = state.add(std::move(process));
    // Whether a match runs there that a restored state does not know is said once it is ready.
    if (restored_left(step) == Millis{0}) end_if_unwanted(step, slot);
}

void on_process_start_failed(Step& step, Slot host, const link::ProcessStartFailed& report) {
    State& state = step.state;
    const Slot instance = state.find_instance(report.instance_id);
    if (instance == kNone || state.at<Instance>(instance).host != host) return;
    const Slot fleet = state.at<Instance>(instance).fleet;
    switch (report.failure) {
        case link::StartFailure::PortBusy: {
            note_busy_port(step, instance, report.port);
            (void)replace_place(step, instance, report.place);  // without a free port it is tried again
            drop_retired_places(step, instance);
            return;
        }
        case link::StartFailure::InvalidPath:
            add_event(step, fleet, "SERVER_PROCESS_INVALID_PATH", report.message);
            break;
        case link::StartFailure::CannotExecute:
        case link::StartFailure::HostResources:
            add_event(step, fleet, "SERVER_PROCESS_PULL_FAILED", report.message);
            break;
    }
    count_creation_failure(step, fleet, report.message);
}

void on_process_ready(Step& step, Slot host, const link::ProcessIsReady& report) {
    const Slot slot = find_on_host(step.state, host, report.process_id);
    if (slot == kNone) return;
    if (step.state.at<Process>(slot).status == ProcessStatus::Activating)
        become_ready(step, slot, report.client_port, report.grpc_port, report.log_paths);
    if (restored_left(step) == Millis{0}) return end_rest(step, slot);
    if (report.session_id)
        settle_match(step, slot, *report.session_id);
    else
        end_rest(step, slot);
    end_if_unwanted(step, slot);
}

void request_end(Step& step, Slot slot, EndReason reason) {
    const Process& process = step.state.at<Process>(slot);
    const bool harder =
        reason == EndReason::EndedByApi || reason == EndReason::FleetDeleted || reason == EndReason::ActivationTimeout;
    // Asked again, it has no more time than it was given.
    if (process.status == ProcessStatus::Ending && reason != EndReason::Killed &&
        (!harder || process.end_reason == reason || process.end_reason == EndReason::Itself ||
         process.end_reason == EndReason::Killed))
        return;
    {
        auto edit = step.state.edit<Process>(slot);
        edit->status = ProcessStatus::Ending;
        edit->end_reason = reason;
        edit->end_requested = step.now.engine;
        edit->end_delivered = false;  // it may have been told before, of a later deadline
    }
    const Instance& instance = step.state.at<Instance>(process.instance);
    step.order(instance.host, end_order(step.state, slot, step.now));
    step.state.queue_reconcile(instance.fleet);
}

void renew_end(Step& step, Slot slot) {
    const Process& process = step.state.at<Process>(slot);
    if (process.status != ProcessStatus::Ending || process.end_reason == EndReason::Itself) return;
    if (process.session == kNone) step.state.edit<Process>(slot)->end_requested = step.now.engine;
    tell_deadline(step, slot);
}

void repeat_end(Step& step, Slot slot) {
    const Process& process = step.state.at<Process>(slot);
    const bool could_hear = process.ready && process.grpc_port != 0 && process.end_reason != EndReason::Itself;
    if (could_hear && !process.end_delivered) step.state.edit<Process>(slot)->end_requested = step.now.engine;
    step.order(step.state.at<Instance>(process.instance).host, end_order(step.state, slot, step.now));
}

void tell_deadline(Step& step, Slot slot) {
    const Process& process = step.state.at<Process>(slot);
    if (process.status != ProcessStatus::Ending || process.end_reason == EndReason::Itself) return;
    step.order(step.state.at<Instance>(process.instance).host, end_order(step.state, slot, step.now));
}

EngineTime kill_time(const State& state, Slot slot) {
    const Process& process = state.at<Process>(slot);
    const Fleet& fleet = state.at<Fleet>(fleet_of(state, process));
    // Whatever comes first: the end of the fleet, or of the machine.
    const EngineTime latest =
        std::min(fleet.drain_deadline, state.at<Host>(state.at<Instance>(process.instance).host).ends_by);
    if (process.status != ProcessStatus::Ending) return latest;
    // The drain decides, whose deadline may have been put off since the match was told of it.
    if (fleet.draining && process.session != kNone && process.end_reason == EndReason::ScaleIn) return latest;
    std::optional<ProtectionPolicy> protection;
    if (process.session != kNone) protection = state.at<GameSession>(process.session).protection;
    const auto after =
        plan::kill_after(process.end_reason, protection, fleet.protection_minutes, state.settings().timers);
    return plan::kill_at(process.end_requested, after, latest);
}

link::EndProcess end_order(const State& state, Slot slot, Now now) {
    const Process& process = state.at<Process>(slot);
    const EngineTime kill = kill_time(state, slot);
    link::EndProcess order;
    order.process_id = process.id;
    // To an agent a kill is the API's end with no time left; the wire needs no further word for it.
    const bool killed = process.end_reason == EndReason::Killed;
    order.reason = killed ? EndReason::EndedByApi : process.end_reason;
    order.notify = process.ready && process.grpc_port != 0 && !process.end_delivered && !killed;
    if (kill == kNever) return order;
    // A process that never reported ready cannot be told: there is nothing to wait for.
    const Millis left = process.ready ? std::max(Millis{0}, kill - now.engine) : Millis{0};
    order.kill_after_ms = left.count();
    order.termination_time_unix_s = (now.wall + left).ms / 1000;
    return order;
}

void forget_process(Step& step, Slot slot, std::string_view crash_text, ProcessEnd kind) {
    State& state = step.state;
    const Slot session = state.at<Process>(slot).session;
    const Slot instance = state.at<Process>(slot).instance;
    if (session != kNone) {
        const bool itself = state.at<Process>(slot).end_reason == EndReason::Itself;
        end_session(step, session, itself && crash_text.empty() ? SessionStatus::Terminated : SessionStatus::Error,
                    crash_text.empty() ? "its process ended" : std::string(crash_text));
    }
    if (const std::uint16_t own = state.at<Process>(slot).own_port; own != 0)
        state.rest_port(state.at<Instance>(instance).host, own, step.now.engine + step.timers().port_quarantine);
    state.change_run<Fleet>(state.at<Instance>(instance).fleet, [&](Fleet& run) {
        ++run.counts.process_terminations;
        run.counts.process_abnormal_terminations += kind == ProcessEnd::Abnormal;
    });
    state.remove<Process>(slot);
    state.queue_reconcile(state.at<Instance>(instance).fleet);
}

void on_process_exited(Step& step, Slot host, const link::ProcessExited& report) {
    State& state = step.state;
    const Slot slot = find_on_host(state, host, report.process_id);
    if (slot == kNone) return;
    const Process& process = state.at<Process>(slot);
    const Slot instance = process.instance;
    const Slot fleet = fleet_of(state, process);
    const std::string session = process.session == kNone ? std::string("none") : state.session_id(process.session);
    const bool by_hand = is_hand_started(state.at<Fleet>(fleet));  // whoever started it knows that he ended it
    const std::string_view code = by_hand ? std::string_view() : exit_event(process, report);
    const bool crashed = code == "SERVER_PROCESS_CRASHED" || code == "SERVER_PROCESS_PROCESS_READY_TIMEOUT";
    const bool was_ready = process.ready;
    if (!code.empty()) {
        std::string text = fmt::format("Process {} (pid {}) on instance {} ended with {} after {:.1f} s; session {}",
                                       report.process_id, process.pid, state.at<Instance>(instance).id,
                                       exit_text(report), static_cast<double>(report.uptime_ms) / 1000.0, session);
        if (process.status == ProcessStatus::Ending)
            text += fmt::format("; asked to end: {}", to_text(process.end_reason));
        if (report.killed_by_agent) text += "; killed when its time was up";
        if (report.out_of_memory)
            text +=
                "; out of memory: " + out_of_memory_text(state, state.at<Instance>(instance), *report.out_of_memory);
        if (!was_ready) text += exit_meaning(report);
        const std::string_view said{report.last_output};
        if (const auto end = said.find_last_not_of(" \n"); end != std::string_view::npos)
            text += fmt::format("; last output: {}", said.substr(0, end + 1));
        add_event(step, fleet, code, std::move(text));
    }
    forget_process(
        step, slot,
        process.end_reason == EndReason::Itself ? std::string()
                                                : fmt::format("its process ended with {}", exit_text(report)),
        code.empty() || code == "SERVER_PROCESS_FORCE_TERMINATED" ? ProcessEnd::Normal : ProcessEnd::Abnormal);
    drop_retired_places(step, instance);
    if (crashed || !was_ready)
        count_creation_failure(step, fleet,
                               was_ready ? fmt::format("a process ended with {}", exit_text(report))
                                         : fmt::format("a process ended with {} before it called ProcessReady{}",
                                                       exit_text(report), exit_meaning(report)));
    remove_when_empty(step, instance);
}

void on_health_changed(Step& step, Slot host, const link::HealthChanged& report) {
    State& state = step.state;
    const Slot slot = find_on_host(state, host, report.process_id);
    if (slot == kNone || state.at<Process>(slot).healthy == report.healthy) return;
    const ProcessStatus status = state.at<Process>(slot).status;
    if (status != ProcessStatus::Active) return;  // it is ending anyway
    state.edit<Process>(slot)->healthy = report.healthy;
    if (report.healthy) return;
    const Slot instance = state.at<Process>(slot).instance;
    const std::uint32_t place = state.at<Process>(slot).place;
    const Slot fleet = state.at<Instance>(instance).fleet;
    request_end(step, slot, EndReason::Unhealthy);
    // It may go on for as long as its session is protected; the replacement does not wait for that.
    if (state.at<Instance>(instance).status == InstanceStatus::Draining) return;
    if (!replace_place(step, instance, place))
        add_event(
            step, fleet, "GENERIC_EVENT",
            fmt::format("Process {} is unhealthy and no free port is left for its replacement", report.process_id));
}

void on_session_start_result(Step& step, Slot host, const link::SessionStartResult& report) {
    State& state = step.state;
    const Slot slot = state.find_session(report.session_id);
    if (slot == kNone || !state.at<GameSession>(slot).live()) return;
    const Slot process = state.at<GameSession>(slot).process;
    if (find_on_host(state, host, report.process_id) != process) return;
    if (report.ok) {
        if (!state.at<GameSession>(slot).start_delivered) state.edit<GameSession>(slot)->start_delivered = true;
        return;
    }
    if (state.at<GameSession>(slot).status != SessionStatus::Activating) return;
    add_event(
        step, state.at<GameSession>(slot).fleet, "GAME_SESSION_ACTIVATION_TIMEOUT",
        fmt::format("Game server session {}: OnStartGameServerSession failed: {}. The process is ended and replaced.",
                    report.session_id, report.message));
    end_session(step, slot, SessionStatus::Error, "OnStartGameServerSession failed: " + report.message);
    request_end(step, process, EndReason::ActivationTimeout);
}

void on_terminate_delivered(Step& step, Slot host, const link::TerminateDelivered& report) {
    const Slot slot = find_on_host(step.state, host, report.process_id);
    if (slot == kNone || step.state.at<Process>(slot).end_delivered) return;
    step.state.edit<Process>(slot)->end_delivered = true;
}

void finish_rest(Step& step, Slot slot) {
    const Process* process = step.state.find<Process>(slot);
    if (!process || process->rests_until == EngineTime{} || process->rests_until > step.now.engine) return;
    // That the process ends itself may have been said, and be on its way.
    if (await_backlog(step, process->instance, TimerKind::Rest, slot)) return;
    stop_rest(step, slot);
}

void stop_rest(Step& step, Slot slot) {
    const Slot instance = step.state.at<Process>(slot).instance;
    step.state.edit<Process>(slot)->rests_until = {};
    end_stand_ins(step, instance);
    step.state.queue_reconcile(step.state.at<Instance>(instance).fleet);
}

// ------------------------------------------------------------------ calls of games

namespace {

using link::CallStatus;

CallStatus status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::MissingParameter:
        case ErrorCode::InvalidParameter:
        case ErrorCode::InvalidParameterValue: return CallStatus::InvalidArgument;
        case ErrorCode::NotFound: return CallStatus::NotFound;
        case ErrorCode::Internal: return CallStatus::Internal;
        default: return CallStatus::FailedPrecondition;
    }
}

/// The live or ended session of that id, if it is or was this process's own.
Result<Slot> own_session(const Step& step, Slot process, std::string_view session_id) {
    const Slot slot = step.state.find_session(session_id);
    const Slot own = step.state.at<Process>(process).session;
    // The game knows its match by the id that was lost with what the backup did not hold.
    if (slot == kNone && own != kNone && step.state.at<GameSession>(own).stand_in) return own;
    if (slot == kNone) return refuse(ErrorCode::NotFound, "no such game server session");
    if (own != slot)
        return refuse(ErrorCode::Unavailable, step.state.at<GameSession>(slot).live()
                                                  ? "the game server session runs in another process"
                                                  : "the game server session has ended");
    return slot;
}

struct CallRunner {
    Step& step;
    Slot host;
    Slot process;
    const link::SdkCall& call;
    link::SdkReply& reply;

    Result<void> operator()(const link::CallReady& ready) {
        const Process& own = step.state.at<Process>(process);
        if (own.status == ProcessStatus::Active) {  // the retry of a lost answer
            end_rest(step, process);
            return {};
        }
        if (own.status != ProcessStatus::Activating)
            return refuse(ErrorCode::Unavailable, "the process is being ended");
        const bool by_hand = is_hand_started(step.state.at<Fleet>(fleet_of(step.state, own)));
        if (!by_hand && ready.client_port != own.client_port) {
            if (auto fits = check_chosen_port(step.state, process, ready.client_port); !fits) {
                add_event(step, fleet_of(step.state, own), "GENERIC_EVENT",
                          fmt::format("ProcessReady of {} of fleet {} was refused: {}", own.id,
                                      step.state.at<Fleet>(fleet_of(step.state, own)).id, fits.error().message));
                return fits;
            }
        }
        // The developer has the log before his eyes.
        become_ready(step, process, ready.client_port, ready.grpc_port,
                     by_hand ? std::vector<std::string>() : ready.log_paths);
        if (restored_left(step) > Millis{0}) end_if_unwanted(step, process);
        return {};
    }
    Result<void> operator()(const link::CallActivateSession& activate) {
        return activate_session(step, TRY(own_session(step, process, activate.session_id)));
    }
    Result<void> operator()(const link::CallAcceptPlayer& accept) {
        const Slot session = TRY(own_session(step, process, accept.session_id));
        return accept_player(step, session, step.state.find_player_session(accept.player_session_id), call.request_id);
    }
    Result<void> operator()(const link::CallRemovePlayer& remove) {
        const Slot session = TRY(own_session(step, process, remove.session_id));
        return remove_player(step, session, step.state.find_player_session(remove.player_session_id));
    }
    Result<void> operator()(const link::CallDescribePlayers& describe) {
        const State& state = step.state;
        const Slot session_slot = state.at<Process>(process).session;
        if (session_slot == kNone) return refuse(ErrorCode::Unavailable, "the process has no game server session");
        if (!describe.session_id.empty()) TRY(own_session(step, process, describe.session_id));
        std::optional<PlayerStatus> wanted;
        if (!describe.status_filter.empty()) {
            PlayerStatus status{};
            if (!from_text(describe.status_filter, status))
                return refuse(ErrorCode::InvalidParameterValue,
                              "playerSessionStatusFilter is RESERVED, ACTIVE, COMPLETED or TIMEDOUT");
            wanted = status;
        }
        const GameSession& session = state.at<GameSession>(session_slot);
        // The token is the number of the last seat given: numbers never repeat within a session.
        std::uint32_t after = 0;
        for (const char c : describe.next_token) {
            if (c < '0' || c > '9' || after > 100'000'000)
                return refuse(ErrorCode::InvalidParameterValue, "nextToken is not ours");
            after = after * 10 + static_cast<std::uint32_t>(c - '0');
        }
        const std::size_t limit = describe.limit <= 0 ? 100 : std::min(describe.limit, 1000);
        for (Slot slot = session.first_player; slot != kNone; slot = state.at<PlayerSession>(slot).next) {
            const PlayerSession& player = state.at<PlayerSession>(slot);
            if (player.number <= after || (wanted && player.status != *wanted)) continue;
            if (!describe.player_id.empty() && player.player_id != describe.player_id) continue;
            const std::string id = state.player_session_id(slot);
            if (!describe.player_session_id.empty() && id != describe.player_session_id) continue;
            if (reply.players.size() == limit) {
                reply.next_token = std::to_string(after);
                break;
            }
            after = player.number;
            reply.players.push_back({.player_session_id = id,
                                     .player_id = std::string(player.player_id.view()),
                                     .session_id = state.session_id(session_slot),
                                     .fleet_id = state.at<Fleet>(session.fleet).id,
                                     .address = std::string(session.address.view()),
                                     .status = player.status,
                                     .created = player.created,
                                     .ended = player.ended,
                                     .port = session.port,
                                     .player_data = player.data ? *player.data : std::string(),
                                     .dns_name = {}});
        }
        return {};
    }
    Result<void> operator()(const link::CallUpdatePolicy& update) {
        const Slot session = TRY(own_session(step, process, update.session_id));
        if (update.policy != "ACCEPT_ALL" && update.policy != "DENY_ALL")
            return refuse(ErrorCode::InvalidParameterValue, "newPlayerSessionCreationPolicy is ACCEPT_ALL or DENY_ALL");
        step.state.edit<GameSession>(session)->accept_all = update.policy == "ACCEPT_ALL";
        return {};
    }
    Result<void> operator()(const link::CallTerminateSession& terminate) {
        const Slot known = step.state.find_session(terminate.session_id);
        // The retry of a lost answer, or a session that the API ended meanwhile.
        if (known != kNone && !step.state.at<GameSession>(known).live() &&
            step.state.at<GameSession>(known).end->log_process == step.state.at<Process>(process).id)
            return {};
        end_session(step, TRY(own_session(step, process, terminate.session_id)), SessionStatus::Terminated,
                    "ended by the game");
        return {};
    }
    Result<void> operator()(const link::CallEnding&) {
        const Process& own = step.state.at<Process>(process);
        if (own.session != kNone) end_session(step, own.session, SessionStatus::Terminated, "its process ended itself");
        if (own.status == ProcessStatus::Ending && own.end_reason == EndReason::Itself) return {};
        {
            auto edit = step.state.edit<Process>(process);
            edit->status = ProcessStatus::Ending;
            // A process that was asked to end and complies keeps the reason of the request for its exit.
            if (edit->end_reason == EndReason::None || edit->end_reason == EndReason::ScaleIn)
                edit->end_reason = EndReason::Itself;
            edit->end_delivered = true;
            edit->end_requested = step.now.engine;
        }
        step.state.queue_reconcile(fleet_of(step.state, step.state.at<Process>(process)));
        return {};
    }
    Result<void> operator()(const link::CallCustomData& data) {
        auto edit = step.state.edit<Process>(process);
        edit->custom_current = data.current;
        edit->custom_maximum = data.maximum;
        return {};
    }
};

}  // namespace

void on_sdk_call(Step& step, Slot host, const link::SdkCall& call) {
    link::SdkReply reply;
    reply.call_id = call.call_id;
    const Slot process = find_on_host(step.state, host, call.process_id);
    Result<void> result;
    if (process == kNone) {
        result = refuse(ErrorCode::Unavailable, "the process is not known to the server");
    } else if (step.state.at<Process>(process).status == ProcessStatus::Activating &&
               !std::holds_alternative<link::CallReady>(call.call)) {
        result = refuse(ErrorCode::Unavailable, "call ProcessReady first");
    } else {
        result = std::visit(CallRunner{step, host, process, call, reply}, call.call);
    }
    if (!result) {
        reply.status = status_of(result.error().code);
        reply.message = result.error().message;
    }
    step.order(host, std::move(reply));
}

}  // namespace gse::core
