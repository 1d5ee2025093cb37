// Calls of games: who is it really, may it, and what did the server say.
#include <fmt/format.h>

#include "agent/sockets.h"
#include "agent/supervisor_impl.h"

namespace gse::agent {
namespace {

using link::CallStatus;

constexpr std::size_t kCallsPerProcessMax = 256;
constexpr std::size_t kEarlyCallsMax = 16;
constexpr std::size_t kAttachedMax = 256;
constexpr std::size_t kKnownMax = 65'536;
constexpr std::int64_t kLateAnswerMs = 60'000;
constexpr std::int64_t kNoticeGapMs = 10'000;

/// `127.0.0.1:5758` → host and port.
std::pair<std::string, std::uint16_t> split_address(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return {address, 0};
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return {host, static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1))};
}

bool in_ranges(std::uint16_t port, const std::vector<link::PortRange>& ranges) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const auto& range) { return port >= range.low && port <= range.high; });
}

}  // namespace

void Supervisor::Impl::refuse_call(Reply& reply, CallStatus status, std::string message) {
    if (!reply) return;
    auto answer = std::exchange(reply, nullptr);
    answer({.status = status, .message = std::move(message)});
}

void Supervisor::Impl::call(Caller caller, CallBody body, Reply reply) {
    if (caller.claimed_pid <= 0)
        return refuse_call(reply, CallStatus::InvalidArgument,
                           "the metadata 'pid' is missing; send the process id of the game server with every call");
    // Shared with the event until one of the two takes it. An event that is dropped answers too.
    struct Pending {
        Reply reply;
        explicit Pending(Reply given) : reply(std::move(given)) {}
        ~Pending() { refuse_call(reply, CallStatus::Unavailable, "the agent is overloaded or stops; try again"); }
    };
    post([this, caller = std::move(caller), body = std::move(body),
          pending = std::make_shared<Pending>(std::move(reply))]() mutable {
        on_call(std::move(caller), std::move(body), std::exchange(pending->reply, nullptr));
    });
}

/// The process that really calls, if it is the one that the caller claims to belong to.
Result<Process*> Supervisor::Impl::identify(const Caller& caller) {
    const std::int64_t pid = caller.claimed_pid;
    Process* claimed = nullptr;
    const auto stat = read_stat(pid);
    if (const auto known = known_pids_.find(pid);
        known != known_pids_.end() && stat && stat->start_ticks == known->second.first) {
        claimed = find_process(known->second.second);
    } else if (stat) {
        // From the claimed process upwards until one of our shims: a game may be started by a script.
        std::int64_t at = pid;
        for (int depth = 0; depth < 64 && at > 1 && !claimed; ++depth) {
            for (auto& [id, process] : processes_)
                if (process.state != Process::State::Exited && (process.shim_pid == at || process.game_pid == at))
                    claimed = &process;
            const auto step = read_stat(at);
            if (!step) break;
            at = step->parent;
        }
        if (claimed) {
            if (known_pids_.size() >= kKnownMax) known_pids_.clear();
            known_pids_[pid] = {stat->start_ticks, claimed->id};
        }
    }
    const auto [host, port] = split_address(options.sdk_address);
    const bool any_address = host.empty() || host == "0.0.0.0" || host == "::" || host == "localhost";
    const auto inode =
        inode_of_peer(caller.peer_address, caller.peer_port, any_address ? caller.peer_address : host, port);
    const auto known = known_peers_.find(caller.peer_port);
    if (claimed && known != known_peers_.end() && known->second.second == claimed->id) {
        // Seen before. Gone by now means that the game hung up right after its call, as one does that ends itself; of
        // one that lives on anybody may have got the port since.
        const bool leaving = stat && (stat->exiting || stat->state == 'Z');
        if (inode && (*inode == known->second.first || (*inode == 0 && leaving))) return claimed;
    }
    if (claimed && inode && *inode != 0 &&
        (has_socket(pid, *inode) || any_has_socket(process_tree(claimed->shim_pid), {*inode}))) {
        if (known_peers_.size() >= kKnownMax) known_peers_.clear();
        known_peers_[caller.peer_port] = {*inode, claimed->id};
        return claimed;
    }
    // Refused. For the notice it is worth finding out who it was, though not more often than every few seconds.
    const std::int64_t at = now();
    Process* real = nullptr;
    std::int64_t& after = claimed ? claimed->notice_after_ms : stranger_notice_after_ms_;
    const bool tell = at >= after;
    if (tell) {
        after = at + kNoticeGapMs;
        if (inode && *inode != 0)
            for (auto& [id, process] : processes_)
                if (process.state != Process::State::Exited && any_has_socket(process_tree(process.shim_pid), {*inode}))
                    real = &process;
    }
    if (!claimed) {
        if (tell && real)
            notice(real->instance_id,
                   fmt::format(
                       "process {} called with pid {}, which is no game process of this host; the call was refused",
                       real->id, pid));
        return refuse(
            ErrorCode::Unavailable,
            fmt::format("pid {} is not a process of a game server on this host; send the game server's own process id",
                        pid));
    }
    if (tell)
        notice(
            claimed->instance_id,
            fmt::format("a call claimed pid {} of process {}, but its connection belongs to {}; the call was refused",
                        pid, claimed->id, real ? "process " + real->id : "no process of that game server"));
    return refuse(
        ErrorCode::Unavailable,
        fmt::format("pid {} does not belong to the process that made this connection; send your own process id", pid));
}

/// A game may choose its own ports, within limits [创建服务器舰队]: others must be able to rely on theirs.
Result<void> Supervisor::Impl::check_ports(const Process& process, const link::CallReady& ready) {
    const Instance* instance = find_instance(process.instance_id);
    std::vector<std::int64_t> tree;
    const auto listened_on = [&](std::uint16_t port) {
        const auto inodes = listeners_on(port);
        if (inodes.empty()) return false;
        if (tree.empty()) tree = process_tree(process.shim_pid);
        return any_has_socket(tree, inodes);
    };
    const auto taken_by = [&](std::uint16_t port) -> std::string {
        for (const auto& [id, other] : processes_)
            if (id != process.id && other.state != Process::State::Exited &&
                (other.client_port == port || other.grpc_port == port || other.assigned_client_port == port ||
                 other.assigned_grpc_port == port))
                return fmt::format("a process of fleet {}", other.fleet_id);
        for (const auto& [id, other] : instances_)
            for (const auto& [number, place] : other.places)
                if (place.wanted && !(id == process.instance_id && number == process.place) &&
                    (place.spec.client_port == port || place.spec.grpc_port == port))
                    return fmt::format("a place of fleet {}", other.fleet_id);
        return {};
    };
    for (const auto& [port, assigned, name] :
         {std::tuple{ready.client_port, process.assigned_client_port, "clientPort"},
          std::tuple{ready.grpc_port, process.assigned_grpc_port, "grpcPort"}}) {
        if (port != 0 && process.attached) continue;
        if (port == 0) return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} must be 1 to 65535", name));
        if (port == assigned) continue;
        if (port == process.assigned_client_port || port == process.assigned_grpc_port) continue;
        if (const std::string other = taken_by(port); !other.empty())
            return refuse(ErrorCode::Unavailable,
                          fmt::format("{} {} belongs to {} on this host, not to this one of fleet {}; use the port in "
                                      "GSE_CLIENT_PORT and GSE_GRPC_PORT",
                                      name, port, other, process.fleet_id));
        // Only players come from outside: the callback port may be any.
        if (std::string_view(name) == "clientPort" && instance && !in_ranges(port, instance->spec.client_ports))
            return refuse(
                ErrorCode::Unavailable,
                fmt::format("clientPort {} is outside the fleet's inbound ports; use the port in GSE_CLIENT_PORT or "
                            "open it in InboundPermissions",
                            port));
        if (!listened_on(port))
            return refuse(
                ErrorCode::Unavailable,
                fmt::format("{} {} is not listened on by this game server; listen first, then call ProcessReady", name,
                            port));
    }
    return {};
}

Process* Supervisor::Impl::attach(const Caller& caller) {
    const std::int64_t pid = caller.claimed_pid;
    const auto stat = read_stat(pid);
    if (!options.attach || dying_ || !stat) return nullptr;
    std::size_t attached = 0;
    for (const auto& [id, process] : processes_) {
        attached += process.attached ? 1 : 0;
        // What descends from a supervised process obeys its rules.
        if (process.state != Process::State::Exited && descends_from(pid, process.shim_pid)) return nullptr;
    }
    if (attached >= kAttachedMax) return nullptr;
    const auto [host, port] = split_address(options.sdk_address);
    const auto inode = inode_of_peer(caller.peer_address, caller.peer_port, host, port);
    if (!inode || *inode == 0 || !has_socket(pid, *inode)) return nullptr;
    Process process;
    process.id = fmt::format("by-hand.{}.{}", pid, rng_.text(20));
    process.attached = true;
    process.state = Process::State::Running;
    process.shim_pid = process.game_pid = pid;
    process.shim_ticks = stat->start_ticks;
    process.times.started_ms = now();
    process.pidfd = open_process(pid, stat->start_ticks);
    Process& kept = processes_.emplace(process.id, std::move(process)).first->second;
    if (kept.pidfd) {
        next_watch_ += 2;
        watched_[next_watch_ & ~std::uint64_t{1}] = kept.id;
        watch(kept.pidfd.get(), next_watch_ & ~std::uint64_t{1});
    } else {
        kept.look_again_ms = now();
    }
    known_peers_[caller.peer_port] = {*inode, kept.id};
    inventory_changed_ = true;
    publish();  // no hello may miss a process that a report before it has named
    report(link::ProcessStarted{kept.id, "", 0, pid});
    return &kept;
}

void Supervisor::Impl::on_call(Caller caller, CallBody body, Reply reply) {
    auto found = identify(caller);
    if (!found && std::holds_alternative<link::CallReady>(body))
        if (Process* joined = attach(caller)) found = joined;
    if (!found) return refuse_call(reply, CallStatus::FailedPrecondition, found.error().message);
    Process& process = **found;
    if (process.state == Process::State::Launching) {
        // The server hears of the process first.
        if (process.early_calls.size() >= kEarlyCallsMax)
            return refuse_call(reply, CallStatus::Unavailable, "the process is just being started; try again");
        process.early_calls.push_back({std::move(caller), std::move(body), std::move(reply)});
        return;
    }
    const auto* ready = std::get_if<link::CallReady>(&body);
    if (!ready && !process.times.ready)
        return refuse_call(reply, CallStatus::FailedPrecondition,
                           "ProcessReady has not been called, or was not answered yet; call it first");
    if (ready) {
        if (const auto fit = check_ports(process, *ready); !fit) {
            if (const std::int64_t at = now(); at >= process.notice_after_ms) {
                process.notice_after_ms = at + kNoticeGapMs;
                notice(process.instance_id,
                       fmt::format("ProcessReady of process {} was refused: {}", process.id, fit.error().message));
            }
            const bool argument = fit.error().code == ErrorCode::InvalidParameterValue;
            return refuse_call(reply, argument ? CallStatus::InvalidArgument : CallStatus::FailedPrecondition,
                               fit.error().message);
        }
    }
    if (calls_.size() >= options.calls_max || process.waiting_calls >= kCallsPerProcessMax)
        return refuse_call(reply, CallStatus::Unavailable, "too many calls wait for the server; try again");
    const std::uint64_t id = next_call_++;
    WaitingCall call{.reply = std::move(reply),
                     .process_id = process.id,
                     .deadline_ms = now() + timers_.sdk_call.count(),
                     .ending = std::holds_alternative<link::CallEnding>(body),
                     .session_over = std::holds_alternative<link::CallTerminateSession>(body)};
    if (ready) call.ready = *ready;
    if (reporter_.report(link::SdkCall{id, process.id, caller.request_id, std::move(body)}) == 0)
        return refuse_call(call.reply, CallStatus::Unavailable, "too much waits for the server; try again");
    if (call.ready) {
        process.asked_ready = call.ready;
        process.asked_ready_call = id;
    }
    ++process.waiting_calls;
    calls_.emplace(id, std::move(call));
    calls_by_age_.push_back(id);
}

void Supervisor::Impl::on_reply(link::SdkReply reply) {
    auto taken = calls_.extract(reply.call_id);
    const bool late = taken.empty();
    if (late) taken = late_calls_.extract(reply.call_id);
    if (taken.empty()) return;
    WaitingCall call = std::move(taken.mapped());
    Process* process = find_process(call.process_id);
    if (process && !late) --process->waiting_calls;
    if (process && process->asked_ready_call == reply.call_id && reply.status != CallStatus::Ok)
        process->asked_ready.reset();
    if (process && process->state == Process::State::Running && reply.status == CallStatus::Ok) {
        if (call.ready) became_ready(*process, *call.ready);
        if (call.ending) {
            process->times.end.announced(now(), timers_);
            save(*process);
        }
        if (call.session_over) {
            process->session_over = true;
            save(*process);
        }
    }
    if (call.reply) call.reply(std::move(reply));
}

void Supervisor::Impl::became_ready(Process& process, const link::CallReady& ready) {
    const bool first = !process.times.ready;
    process.times.ready = true;
    process.client_port = ready.client_port;
    process.grpc_port = ready.grpc_port;
    process.log_paths = ready.log_paths;
    process.asked_ready.reset();  // which `ready` may be
    // A process in a debugger answers no health check, and is no worse for it.
    if (first && !process.attached) process.health.start(now(), timers_);
    save(process);
}

/// Calls are answered at their time limit. A late answer of the server still counts where it changes something.
void Supervisor::Impl::expire_calls(std::int64_t now) {
    while (!calls_by_age_.empty()) {
        const auto oldest = calls_.find(calls_by_age_.front());
        if (oldest != calls_.end()) {
            WaitingCall& call = oldest->second;
            if (now < call.deadline_ms) break;
            if (Process* process = find_process(call.process_id)) --process->waiting_calls;
            refuse_call(call.reply, CallStatus::Unavailable, "the server did not answer in time; try again");
            if (call.ready || call.ending || call.session_over) {
                if (late_calls_.size() >= options.calls_max) late_calls_.erase(late_calls_.begin());
                late_calls_.emplace(oldest->first, std::move(call));
            }
            calls_.erase(oldest);
        }
        calls_by_age_.pop_front();
    }
    while (!late_calls_.empty() && now >= late_calls_.begin()->second.deadline_ms + kLateAnswerMs)
        late_calls_.erase(late_calls_.begin());
}

}  // namespace gse::agent
