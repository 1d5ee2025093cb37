// Processes: launched, adopted, looked after, ended.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/command_line.h"
#include "agent/game_path.h"
#include "agent/launch_path.h"
#include "agent/sockets.h"
#include "agent/supervisor_impl.h"
#include "base/file.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
using link::InstancePhase;
using link::StartFailure;

constexpr std::size_t kLastOutputBytes = 2'048;
constexpr Millis kAttachedSessionLimit{3'600'000};
constexpr int kAdoptWaitMs = 2'000;  ///< for a shim that was started in our predecessor's last moment

/// Reports are UTF-8; a game may print anything.
std::string printable(std::string text) {
    for (char& c : text)
        if ((static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') || static_cast<unsigned char>(c) == 0x7F)
            c = ' ';
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80                         ? 1
                                   : (lead >> 5) == 6 && lead >= 0xC2  ? 2
                                   : (lead >> 4) == 14                 ? 3
                                   : (lead >> 3) == 30 && lead <= 0xF4 ? 4
                                                                       : 0;
        bool good = length > 0 && i + length <= text.size();
        for (std::size_t k = 1; good && k < length; ++k)
            good = (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
        if (good)
            out.append(text, i, length);
        else
            out += '?';
        i += good ? length : 1;
    }
    return out;
}

/// "" when none runs, or its start was refused.
std::string running_session(const Process& process) {
    const bool refused = process.session_done && !process.session_ok;
    return process.session_over || refused ? std::string() : process.session_id;
}

}  // namespace

void Supervisor::Impl::launch_places(Instance& instance, std::int64_t now) {
    if (dying_ || instance.phase != InstancePhase::Run || instance.version == 0) return;
    for (auto& [number, place] : instance.places) {
        if (!place.wanted) continue;
        const PlaceView view{.phase = instance.phase,
                             .prepared = instance.next >= Instance::kPrepared,
                             .occupied = !place.process_id.empty(),
                             .spec_version = instance.version,
                             .busy_version = place.busy_version,
                             .not_before_ms = place.backoff.not_before_ms};
        if (may_launch(view, now)) launch(instance, place, now);
    }
}

void Supervisor::Impl::start_failed(Instance& instance, Place& place, StartFailure failure, std::string message,
                                    std::uint16_t port) {
    if (failure == StartFailure::PortBusy)
        place.busy_version = instance.version;
    else
        place.backoff.on_start_failure(now(), timers_);
    report(link::ProcessStartFailed{instance.id, place.spec.number, failure, port, std::move(message)});
}

std::vector<std::string> Supervisor::Impl::environment_of(const Instance& instance, const Process* process) const {
    const std::string home = sandbox_->isolates() ? std::string(kGameRoot) : instance.folders.game().string();
    std::vector<std::string> out{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + home,
                                 "LANG=C.UTF-8", "GSE_INSTANCE_ID=" + instance.id, "GSE_FLEET_ID=" + instance.fleet_id};
    if (const char* zone = std::getenv("TZ")) out.push_back(std::string("TZ=") + zone);
    if (process) {
        out.push_back("GSE_SDK_ADDRESS=" + options.sdk_address);
        out.push_back(fmt::format("GSE_CLIENT_PORT={}", process->assigned_client_port));
        out.push_back(fmt::format("GSE_GRPC_PORT={}", process->assigned_grpc_port));
        out.push_back("GSE_PROCESS_ID=" + process->id);
    }
    return out;
}

void Supervisor::Impl::launch(Instance& instance, Place& place, std::int64_t now) {
    const link::PlaceSpec& spec = place.spec;
    if (spec.client_port != 0)
        if (const auto free = check_port_free(spec.client_port, Protocols::TcpAndUdp); !free)
            return start_failed(instance, place, StartFailure::PortBusy, free.error().message, spec.client_port);
    if (spec.grpc_port != 0)
        if (const auto free = check_port_free(spec.grpc_port, Protocols::Tcp); !free)
            return start_failed(instance, place, StartFailure::PortBusy, free.error().message, spec.grpc_port);
    if (const auto found = make_launchable(spec.launch_path, instance.folders.game()); !found)
        return start_failed(instance, place, StartFailure::InvalidPath, found.error().message);
    const auto words = split_parameters(fill_ports(spec.parameters, spec.client_port, spec.grpc_port));
    if (!words) return start_failed(instance, place, StartFailure::CannotExecute, words.error().message);

    Process process;
    process.id = fmt::format("{}.{}.{}", instance.id, spec.number, rng_.text(20));
    process.instance_id = instance.id;
    process.fleet_id = instance.fleet_id;
    process.place = spec.number;
    process.folder = instance.folders.processes() / process.id;
    process.working_folder = working_folder_of(spec.launch_path);
    process.assigned_client_port = spec.client_port;
    process.assigned_grpc_port = spec.grpc_port;
    process.times.started_ms = now;

    // The intent is durable before anything runs: a crash at any later moment finds the folder and looks whether its
    // lock is held.
    Record intent;
    intent.set("process", process.id)
        .set("fleet", instance.fleet_id)
        .set("place", spec.number)
        .set("client_port", spec.client_port)
        .set("grpc_port", spec.grpc_port)
        .set("working_folder", process.working_folder)
        .set("started_ms", now);
    if (mkdir(process.folder.c_str(), 0700) != 0)
        return start_failed(instance, place, StartFailure::HostResources,
                            refuse_errno("create", process.folder).error().message);
    auto ready = save_record(process.folder / "launch", intent);
    if (ready) ready = sync_directory(process.folder.parent_path());
    Result<LimitPlan> limits = ready
                                   ? limiter_->prepare(instance.id, process.id, options.limits, allowed(instance.spec))
                                   : std::unexpected(ready.error());
    if (!limits) {
        remove_tree(process.folder);
        return start_failed(instance, place, StartFailure::HostResources, limits.error().message);
    }
    SandboxedGame game{.game_dir = instance.folders.game(),
                       .etc_dir = instance.folders.etc(),
                       .shim = shim_,
                       .program = {spec.launch_path},
                       .working_folder = process.working_folder};
    game.program.insert(game.program.end(), words->begin(), words->end());
    const SandboxPlan plan = sandbox_->plan(game);
    auto child = spawn_shim({.shim = shim_,
                             .token = process.id,
                             .folder = process.folder,
                             .log_bytes = options.process_log_bytes,
                             .uid = instance.user.uid,
                             .gid = instance.user.gid,
                             .working_folder = plan.working_folder,
                             .cgroup_files = limits->cgroup_files,
                             .open_files = static_cast<std::int64_t>(options.limits.open_files),
                             .processes = limits->rlimit_processes,
                             .data_bytes = limits->rlimit_data_bytes,
                             .wrap = plan.wrap,
                             .program = plan.program,
                             .environment = environment_of(instance, &process)});
    if (!child) {
        release_limits(instance.id, process.id);
        remove_tree(process.folder);
        return start_failed(instance, place, StartFailure::HostResources, child.error().message);
    }
    process.shim_pid = child->pid;
    process.shim_ticks = child->start_ticks;
    process.pidfd = std::move(child->pidfd);
    process.news = std::move(child->news);
    next_watch_ += 2;
    watched_[next_watch_ | 1] = process.id;
    watch(process.news.get(), next_watch_ | 1);
    place.process_id = process.id;
    instance.processes.insert(process.id);
    processes_.emplace(process.id, std::move(process));
    inventory_changed_ = true;
}

/// The shim says whether the game runs.
void Supervisor::Impl::on_news(Process& process) {
    char buffer[256];
    const ssize_t n = read(process.news.get(), buffer, sizeof buffer);
    if (n > 0 && process.news_text.size() < 1024) {
        process.news_text.append(buffer, static_cast<std::size_t>(n));
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    inventory_changed_ = true;
    process.news.reset();  // leaves the epoll set with it
    std::erase_if(watched_, [&](const auto& item) { return item.second == process.id; });
    const ShimNews news = parse_shim_news(process.news_text);
    next_watch_ += 2;
    const std::uint64_t number = next_watch_ & ~std::uint64_t{1};
    watched_[number] = process.id;
    if (news.pid > 0) {
        process.state = Process::State::Running;
        process.game_pid = news.pid;
        if (const auto started = read_shim_started(process.folder)) process.times.started_ms = started->started_boot_ms;
        publish();  // no hello may miss a process that a report before it has named
        report(link::ProcessStarted{process.id, process.instance_id, process.place, process.game_pid});
        watch(process.pidfd.get(), number);
        if (process.times.end.ending()) save(process);
        for (auto& early : std::exchange(process.early_calls, {}))
            on_call(std::move(early.caller), std::move(early.body), std::move(early.reply));
        return;
    }
    if (Instance* instance = find_instance(process.instance_id)) {
        const auto place = instance->places.find(process.place);
        std::string said = printable(read_last_output(process.folder, 512));
        if (place != instance->places.end())
            start_failed(*instance, place->second, StartFailure::CannotExecute,
                         fmt::format("{} could not be executed: {}{}{}", place->second.spec.launch_path, news.message,
                                     said.empty() ? "" : "; ", said));
    }
    watch(process.pidfd.get(), number);  // when the shim is gone, so is the folder
}

void Supervisor::Impl::on_shim_over(Process& process) {
    inventory_changed_ = true;
    siginfo_t ended{};
    if (process.pidfd) {
        waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(process.pidfd.get()), &ended,
               WEXITED | WNOHANG);  // not ours after an adoption
        process.pidfd.reset();
    }
    std::erase_if(watched_, [&](const auto& item) { return item.second == process.id; });
    std::erase_if(known_pids_, [&](const auto& item) { return item.second.second == process.id; });
    std::erase_if(known_peers_, [&](const auto& item) { return item.second.second == process.id; });
    process.look_again_ms = kNeverMs;
    Instance* instance = find_instance(process.instance_id);
    Place* place = nullptr;
    if (instance)
        if (const auto found = instance->places.find(process.place);
            found != instance->places.end() && found->second.process_id == process.id)
            place = &found->second;
    if (place) place->process_id.clear();
    if (process.state == Process::State::Launching) {  // it never ran, and that was said
        forget(process);
        return;
    }
    process.state = Process::State::Exited;
    if (process.grpc_port != 0) door_.forget(process.grpc_port);
    link::ProcessExited exited{.process_id = process.id};
    const auto exit = process.attached ? std::nullopt : read_shim_exit(process.folder);
    if (exit) {
        exited.exit_code = exit->code;
        exited.signal = exit->signal;
        exited.uptime_ms = exit->uptime_ms;
    } else if (process.attached) {
        exited.uptime_ms = std::max<std::int64_t>(now() - process.times.started_ms, 0);  // how it ended nobody told us
    } else {
        // The shim itself was killed: what it kept together is found by the name in its environment.
        exited.signal = SIGKILL;
        exited.uptime_ms = std::max<std::int64_t>(now() - process.times.started_ms, 0);
        for (const std::int64_t pid : processes_with_environment("GSE_PROCESS_ID=" + process.id))
            if (pid > 1 && pid != getpid()) kill(static_cast<pid_t>(pid), SIGKILL);
    }
    exited.killed_by_agent = process.killed_by_agent;
    exited.kill_reason = process.kill_reason;
    if (!process.attached) {
        exited.out_of_memory = limiter_->out_of_memory(process.instance_id, process.id);
        release_limits(process.instance_id, process.id);
        exited.last_output = printable(read_last_output(process.folder, kLastOutputBytes));
    }
    if (place) place->backoff.on_exit(process.times.end.ending(), exited.uptime_ms, now(), timers_);
    if (instance && place && !place->wanted) instance->places.erase(process.place);
    process.exit_seq = report(std::move(exited));
    if (process.exit_seq != 0) unacked_exits_[process.exit_seq] = process.id;  // else only the next run can tell it
}

/// An instance's own group goes with its last process, and is made again by the next launch.
void Supervisor::Impl::release_limits(const std::string& instance_id, const std::string& process_id) {
    limiter_->release(instance_id, process_id);
    const Instance* instance = find_instance(instance_id);
    const auto runs = [&](const std::string& id) {
        const Process* process = find_process(id);
        return process && process->state != Process::State::Exited;
    };
    if (!instance || std::ranges::none_of(instance->processes, runs)) limiter_->release(instance_id);
}

/// The server knows that it is gone.
void Supervisor::Impl::forget(Process& process) {
    const std::string id = process.id;
    const std::string instance_id = process.instance_id;
    for (auto& early : std::exchange(process.early_calls, {}))
        refuse_call(early.reply, link::CallStatus::FailedPrecondition, "the process could not be started");
    for (const auto& [session, log] : logs_)
        if (log.order.process_id == id && !log.done)
            return;  // its output is still to be collected; drive_logs comes back
    if (!process.attached) {
        release_limits(instance_id, id);  // once more: what was killed a moment ago may still have been in it
        remove_tree(process.folder);
    }
    std::erase_if(watched_, [&](const auto& item) { return item.second == id; });
    processes_.erase(id);
    inventory_changed_ = true;
    Instance* instance = find_instance(instance_id);
    if (!instance) return;
    instance->processes.erase(id);
    if (instance->removed_files && instance->processes.empty()) {
        remove_tree(instance->folders.instance);
        instances_.erase(instance_id);
    }
}

void Supervisor::Impl::save(Process& process) {
    if (process.attached) return;  // it joins anew when the agent does
    Record record;
    record.set("ready", process.times.ready ? 1 : 0)
        .set("client_port", process.client_port)
        .set("grpc_port", process.grpc_port)
        .set("log", process.log_paths)
        .set("healthy", process.health.healthy ? 1 : 0)
        .set("end_reason", static_cast<int>(process.times.end.reason))
        .set("notified", process.times.end.notified ? 1 : 0)
        .set("kill_at_ms", process.times.end.kill_at_ms)
        .set("killed", process.killed_by_agent ? 1 : 0)
        .set("kill_reason", static_cast<int>(process.kill_reason))
        .set("session", process.session_id)
        .set("session_done", process.session_done ? 1 : 0)
        .set("session_ok", process.session_ok ? 1 : 0)
        .set("session_message", process.session_message)
        .set("session_over", process.session_over ? 1 : 0);
    const bool told = process.save_again_ms != kNeverMs;
    const auto saved = save_record(process.folder / "state", record);
    process.save_again_ms = saved ? kNeverMs : now() + kSaveAgainMs;
    if (!saved && !told) notice(process.instance_id, saved.error().message);
}

void Supervisor::Impl::adopt(Instance& instance) {
    std::error_code error;
    // Games are launched from files that are complete. A record that says otherwise could not be written, and what runs
    // there must not have its files unpacked anew beneath it.
    bool runs = false;
    for (const auto& entry : fs::directory_iterator(instance.folders.processes(), error))
        runs = runs || (load_record(entry.path() / "launch") && shim_alive(entry.path()));
    if (runs && instance.next < Instance::kPrepared) {
        for (; instance.next < Instance::kPrepared; ++instance.next)
            report(link::InstanceStep{instance.id, static_cast<link::PrepareStep>(instance.next), true, "", ""});
        instance.save_again_ms = now();
    }
    for (const auto& entry : fs::directory_iterator(instance.folders.processes(), error))
        adopt_process(instance, entry.path());
}

/// What a former run of the agent left: described afresh, as far as it went.
void Supervisor::Impl::adopt_process(Instance& instance, const fs::path& folder) {
    const auto intent = load_record(folder / "launch");
    bool alive = shim_alive(folder);
    auto started = read_shim_started(folder);
    for (int waited = 0; alive && !started && waited < kAdoptWaitMs; waited += 10) {
        ::poll(nullptr, 0, 10);  // it is writing that file this very moment
        started = read_shim_started(folder);
        alive = shim_alive(folder);
    }
    if (!intent || (!alive && !started)) {  // nothing ever ran here, and nothing was reported
        remove_tree(folder);
        return;
    }
    Process process;
    process.id = folder.filename().string();
    process.instance_id = instance.id;
    process.fleet_id = intent->text("fleet");
    process.place = static_cast<std::uint32_t>(intent->number("place"));
    process.folder = folder;
    process.working_folder = intent->text("working_folder");
    process.assigned_client_port = static_cast<std::uint16_t>(intent->number("client_port"));
    process.assigned_grpc_port = static_cast<std::uint16_t>(intent->number("grpc_port"));
    process.state = Process::State::Running;
    process.times.started_ms = intent->number("started_ms");
    if (started) {
        process.shim_pid = started->shim_pid;
        process.shim_ticks = started->shim_ticks;
        process.game_pid = started->game_pid;
        process.times.started_ms = started->started_boot_ms;
    }
    if (const auto state = load_record(folder / "state")) {
        process.times.ready = state->number("ready") != 0;
        process.client_port = static_cast<std::uint16_t>(state->number("client_port"));
        process.grpc_port = static_cast<std::uint16_t>(state->number("grpc_port"));
        process.log_paths = state->list("log");
        process.health.healthy = state->number("healthy", 1) != 0;
        process.times.end.reason = static_cast<EndReason>(state->number("end_reason"));
        process.times.end.notified = state->number("notified") != 0;
        process.times.end.kill_at_ms = state->number("kill_at_ms", kNeverMs);
        process.killed_by_agent = state->number("killed") != 0;
        process.kill_reason = static_cast<EndReason>(state->number("kill_reason"));
        process.session_id = state->text("session");
        process.session_done = state->number("session_done") != 0;
        process.session_ok = state->number("session_ok") != 0;
        process.session_message = state->text("session_message");
        process.session_over = state->number("session_over") != 0;
    }
    report(link::ProcessStarted{process.id, instance.id, process.place, process.game_pid});
    if (process.times.ready)
        report(link::ProcessIsReady{process.id, process.client_port, process.grpc_port, process.log_paths,
                                    running_session(process)});
    if (!process.health.healthy) report(link::HealthChanged{process.id, false});
    if (process.times.ready) process.health.start(now(), timers_);
    instance.processes.insert(process.id);
    Process& kept = processes_.emplace(process.id, std::move(process)).first->second;
    if (!alive) {
        on_shim_over(kept);
        return;
    }
    Place& place = instance.places[kept.place];
    place.spec.number = kept.place;
    place.spec.client_port = kept.assigned_client_port;
    place.spec.grpc_port = kept.assigned_grpc_port;
    place.process_id = kept.id;
    place.wanted = false;  // until the server says so
    if (started) watch_shim(kept);
    if (!kept.pidfd) kept.look_again_ms = now();  // the lock says it lives, or it ended this very moment
}

void Supervisor::Impl::watch_shim(Process& process) {
    process.pidfd = open_shim(process.shim_pid, process.shim_ticks, process.id);
    if (!process.pidfd) return;
    next_watch_ += 2;
    watched_[next_watch_ & ~std::uint64_t{1}] = process.id;
    watch(process.pidfd.get(), next_watch_ & ~std::uint64_t{1});
    process.look_again_ms = kNeverMs;
}

/// It was adopted while what its shim wrote of itself could not be read.
void Supervisor::Impl::find_shim(Process& process) {
    if (process.attached || process.shim_pid != 0) return;
    const auto started = read_shim_started(process.folder);
    if (!started) return;
    process.shim_pid = started->shim_pid;
    process.shim_ticks = started->shim_ticks;
    process.game_pid = started->game_pid;
    process.times.started_ms = started->started_boot_ms;
    watch_shim(process);
}

/// What has become due for one process.
void Supervisor::Impl::look_after(Process& process, std::int64_t now) {
    if (now >= process.save_again_ms) save(process);
    if (process.state == Process::State::Exited) return;
    if (now >= process.look_again_ms) {
        const auto stat = process.attached ? read_stat(process.shim_pid) : std::nullopt;
        const bool alive = process.attached ? stat && stat->state != 'Z' && stat->start_ticks == process.shim_ticks
                                            : shim_alive(process.folder);
        if (!alive) return on_shim_over(process);
        process.look_again_ms = now + 1'000;
        find_shim(process);
    }
    if (process.state == Process::State::Launching) {
        if (process.news && now >= process.times.started_ms + options.launch_limit.count() &&
            process.kill_again_ms == kNeverMs) {
            kill_through_shim(process.pidfd);
            process.kill_again_ms = now + kKillPatienceMs;
        }
    } else if (const auto reason = process.attached ? std::nullopt : due_kill(process.times, now, timers_)) {
        begin_kill(process, *reason);
    }
    if (now >= process.kill_again_ms) {
        if (process.pidfd) {
            kill_tree(process.shim_pid, process.pidfd);
        } else if (process.shim_pid == 0) {  // nobody knows its shim, which ends with its game
            for (const std::int64_t pid : processes_with_environment("GSE_PROCESS_ID=" + process.id))
                if (pid > 1 && pid != getpid()) kill(static_cast<pid_t>(pid), SIGKILL);
        }
        process.kill_again_ms = now + kKillAgainMs;
    }
    if (process.state == Process::State::Running && !process.attached && dying_ && !process.times.killing &&
        now >= dying_since_ms_ + options.shutdown_term.count())
        begin_kill(process, EndReason::EndedByApi);
    if (process.state != Process::State::Running || process.times.killing) return;
    if (process.times.end.notify && !process.times.end.notified) tell_to_end(process);
    if (process.times.ready && process.health.due(now)) check_health(process, now);
    if (!process.session_waiting && now >= process.session_next_ms) try_session(process, now);
}

void Supervisor::Impl::begin_kill(Process& process, EndReason reason, bool by_agent) {
    if (process.times.killing) return;
    process.times.killing = true;
    process.killed_by_agent = by_agent;
    process.kill_reason = reason;
    save(process);  // before the deed: a successor must know who did it
    find_shim(process);
    if (process.pidfd) kill_through_shim(process.pidfd);
    process.kill_again_ms = now() + kKillPatienceMs;
}

void Supervisor::Impl::check_health(Process& process, std::int64_t now) {
    process.health.sent(now, timers_);
    door_.health_check(
        process.grpc_port, timers_.health_timeout, [weak = weak_from_this(), id = process.id](bool healthy) {
            const auto self = weak.lock();
            if (!self) return;
            self->post(
                [impl = self.get(), id, healthy] {
                    Process* checked = impl->find_process(id);
                    if (!checked || checked->state != Process::State::Running) return;
                    const auto change = checked->health.answered(healthy, checked->times.end.ending(), impl->timers_);
                    if (!change) return;
                    impl->save(*checked);
                    impl->report(link::HealthChanged{id, *change});
                },
                true);
        });
}

void Supervisor::Impl::on_start_session(link::StartSession order) {
    Process* process = find_process(order.process_id);
    if (!process || process->state != Process::State::Running) {
        if (!process || process->state == Process::State::Exited)
            report(link::SessionStartResult{order.process_id, order.session_id, false, "the process is gone"});
        return;
    }
    // The server gives matches to processes whose ProcessReady it has taken. Where its answer was lost, this is one.
    if (!process->times.ready && process->asked_ready) {
        if (calls_.contains(process->asked_ready_call) || late_calls_.contains(process->asked_ready_call))
            on_reply({.call_id = process->asked_ready_call});
        else
            became_ready(*process, *process->asked_ready);
    }
    if (process->session_id == order.session_id) {  // said before
        if (process->session_done)
            report(link::SessionStartResult{process->id, process->session_id, process->session_ok,
                                            process->session_message});
        else if (!process->session_waiting && process->session_next_ms == kNeverMs) {
            // Begun by a former run of the agent, and its outcome was lost: the game hears it once more.
            process->session = std::move(order);
            process->session_retry = {};
            process->session_since_ms = now();
            process->session_next_ms = now();
        }
        return;
    }
    process->session_id = order.session_id;
    process->session_done = false;
    process->session_ok = false;
    process->session_message.clear();
    process->session_over = false;
    process->session_retry = {};
    process->session_since_ms = now();
    process->session_next_ms = now();
    process->session = std::move(order);
    save(*process);
}

void Supervisor::Impl::try_session(Process& process, std::int64_t now) {
    process.session_next_ms = kNeverMs;
    if (process.session_done || process.session.session_id != process.session_id) return;
    if (!process.times.ready) {
        session_finished(process, refuse(ErrorCode::Unavailable, "the process is not ready"));
        return;
    }
    const Millis left{process.session_since_ms + session_limit(process).count() - now};
    process.session_waiting = true;
    door_.start_session(process.grpc_port, process.session, std::max(left, Millis{1}),
                        [weak = weak_from_this(), id = process.id, session = process.session_id](Result<void> result) {
                            const auto self = weak.lock();
                            if (!self) return;
                            self->post(
                                [impl = self.get(), id, session, result = std::move(result)] {
                                    Process* told = impl->find_process(id);
                                    if (!told) return;
                                    told->session_waiting = false;  // whichever it was for: the next one may be tried
                                    if (told->session_id == session) impl->session_finished(*told, result);
                                },
                                true);
                        });
}

/// Whoever stands at a breakpoint in OnStartGameServerSession is not late.
Millis Supervisor::Impl::session_limit(const Process& process) const {
    return process.attached ? kAttachedSessionLimit : options.session_timeout;
}

void Supervisor::Impl::session_finished(Process& process, Result<void> result) {
    if (process.session_done || process.state != Process::State::Running) return;
    // Only what may not have reached the game is said again; its refusal is final.
    const bool in_time = now() < process.session_since_ms + session_limit(process).count();
    if (!result && result.error().code == ErrorCode::Unavailable && in_time &&
        process.session_retry.failed(now(), options.session_retry_first, Millis{4'000}, options.session_tries)) {
        process.session_next_ms = process.session_retry.not_before_ms;
        return;
    }
    process.session_done = true;
    process.session_ok = result.has_value();
    process.session_message = result ? "" : result.error().message;
    save(process);
    report(link::SessionStartResult{process.id, process.session_id, process.session_ok, process.session_message});
}

void Supervisor::Impl::on_end_process(const link::EndProcess& order) {
    Process* process = find_process(order.process_id);
    if (!process || process->state == Process::State::Exited) return;  // its exit was or will be reported
    process->times.end.ordered(order, now());
    if (process->state == Process::State::Running) save(*process);
}

void Supervisor::Impl::tell_to_end(Process& process) {
    EndPlan& end = process.times.end;
    end.notify = false;
    end.notified = true;
    if (!process.times.ready) {  // it has no callback port yet
        save(process);
        report(link::TerminateDelivered{process.id, false});
        return;
    }
    save(process);  // before the call: it is made at most once
    door_.terminate(process.grpc_port, end.termination_time_unix_s, options.terminate_timeout,
                    [weak = weak_from_this(), id = process.id](Result<void> result) {
                        if (const auto self = weak.lock())
                            self->post([impl = self.get(), id,
                                        ok = result.has_value()] { impl->report(link::TerminateDelivered{id, ok}); },
                                       true);
                    });
}

void Supervisor::Impl::begin_shutdown() {
    dying_ = true;
    dying_since_ms_ = now();
    for (auto& [id, process] : processes_) {
        if (process.attached) continue;
        if (process.state == Process::State::Launching) kill_through_shim(process.pidfd);
        if (process.state != Process::State::Running || !process.times.ready || process.times.end.notified) continue;
        process.times.end.notified = true;
        door_.terminate(process.grpc_port, clock_.wall().ms / 1000 + options.shutdown_term.count() / 1000,
                        options.shutdown_notice, [](Result<void>) {});
    }
}

}  // namespace gse::agent
