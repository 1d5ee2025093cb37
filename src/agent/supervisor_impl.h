// Private to the supervisor_*.cpp files: its state and what each of them does with it. Everything below "owned by the
// supervisor's thread" is touched by that thread only (and by start() before the thread exists).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "agent/http_transfer.h"
#include "agent/prepare_jobs.h"
#include "agent/proc.h"
#include "agent/process_life.h"
#include "agent/record.h"
#include "agent/shim_process.h"
#include "agent/supervisor.h"
#include "agent/usage_meter.h"
#include "agent/worker_pool.h"
#include "base/check.h"
#include "base/rng.h"

namespace gse::agent {

inline constexpr std::int64_t kKillPatienceMs = 3'000;  ///< for a shim to answer, before its tree is walked
inline constexpr std::int64_t kKillAgainMs = 1'000;
inline constexpr std::int64_t kShutdownLimitMs = 10'000;
inline constexpr std::int64_t kSaveAgainMs = 1'000;  ///< a record that could not be written

struct Place {
    link::PlaceSpec spec;
    RestartBackoff backoff;
    std::uint64_t busy_version = 0;
    bool wanted = true;      ///< in the newest spec
    std::string process_id;  ///< that occupies it, or ""
};

/// A call of a game that is quicker than the news of its start.
struct EarlyCall {
    Caller caller;
    CallBody body;
    Reply reply;
};

struct Process {
    enum class State : std::uint8_t { Launching, Running, Exited };
    std::string id;
    std::string instance_id;
    std::string fleet_id;
    std::uint32_t place = 0;
    bool attached = false;  ///< started by hand: no shim, no folder, no place, and not ours to kill
    std::filesystem::path folder;
    std::string working_folder;
    std::uint16_t assigned_client_port = 0;
    std::uint16_t assigned_grpc_port = 0;
    State state = State::Launching;

    std::int64_t shim_pid = 0;
    std::uint64_t shim_ticks = 0;
    std::int64_t game_pid = 0;
    Fd pidfd;
    Fd news;
    std::string news_text;
    std::int64_t look_again_ms = kNeverMs;  ///< without a pidfd: when to look at the lock

    // Kept in `state` on disk.
    ProcessTimes times;
    std::uint16_t client_port = 0;
    std::uint16_t grpc_port = 0;
    std::vector<std::string> log_paths;
    HealthSchedule health;
    bool killed_by_agent = false;
    EndReason kill_reason = EndReason::None;
    std::string session_id;     ///< of the last StartSession
    bool session_done = false;  ///< its outcome is known
    bool session_ok = false;
    std::string session_message;
    bool session_over = false;  ///< the game has terminated it

    std::int64_t save_again_ms = kNeverMs;  ///< `state` on disk is not what is kept here; tried again then

    std::int64_t kill_again_ms = kNeverMs;
    bool session_waiting = false;  ///< a call of the door is under way
    std::int64_t session_next_ms = kNeverMs;
    std::int64_t session_since_ms = 0;
    Retry session_retry;
    link::StartSession session;
    std::uint64_t exit_seq = 0;        ///< report that carried the exit
    std::int64_t notice_after_ms = 0;  ///< no two notices about one process within some seconds
    std::size_t waiting_calls = 0;
    std::vector<EarlyCall> early_calls;
    /// ProcessReady that the server was asked about and has not refused: the answer may be lost.
    std::optional<link::CallReady> asked_ready;
    std::uint64_t asked_ready_call = 0;
};

struct Instance {
    std::string id;
    std::string fleet_id;
    std::uint64_t version = 0;  ///< of the spec; 0: not heard since start
    link::InstancePhase phase = link::InstancePhase::Drain;
    link::InstanceSpec spec;
    InstanceFolders folders;
    GameUser user;
    std::map<std::uint32_t, Place> places;
    std::set<std::string> processes;

    // Preparing. `next` is the step to do; past PathsValidated: prepared.
    static constexpr int kPrepared = 5;
    int next = 0;
    bool job_running = false;
    std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
    Retry retry;
    bool gave_up = false;  ///< until a newer spec
    std::uint64_t tried_version = 0;
    std::array<std::string, kPrepared> log_keys;
    std::string sha256;                     ///< of what was extracted
    std::int64_t save_again_ms = kNeverMs;  ///< its record on disk is not what is kept here; tried again then
    bool removing = false;
    bool removed_files = false;
};

struct Package {
    bool ready = false;
    bool fetching = false;
    Retry retry;
    link::ObjectRef ref;
    std::uint64_t bytes = 0;
    std::set<std::string> waiting;  ///< instances
    std::size_t in_use = 0;         ///< being unpacked
    std::int64_t used_ms = 0;
    std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
};

struct WaitingCall {
    Reply reply;
    std::string process_id;
    std::int64_t deadline_ms = 0;
    std::optional<link::CallReady> ready;
    bool ending = false;
    bool session_over = false;  ///< TerminateGameServerSession
};

struct LogJob {
    link::CollectLogs order;
    Retry retry;
    bool running = false;
    std::optional<link::LogCollected> done;
    std::int64_t done_ms = 0;
};

class Supervisor::Impl : public std::enable_shared_from_this<Supervisor::Impl> {
public:
    Impl(SupervisorOptions options, Door& door, link::Reporter& reporter, const Clock& clock);
    ~Impl();

    Result<void> start();
    void shutdown(bool kill_games);
    link::HostHello hello();
    SupervisorView view() const;
    std::vector<link::InstanceReading> take_readings();
    /// False when the queue is full or the thread has ended.
    bool post(std::move_only_function<void()> event, bool must = false);
    void call(Caller caller, CallBody body, Reply reply);

    // -- owned by the supervisor's thread, like all that follows
    void on_welcome(const link::Welcome& welcome);
    void on_order(link::OrderBody order);
    void on_acked(std::uint64_t seq);

    SupervisorOptions options;

private:
    // supervisor.cpp
    void loop();
    void act(std::int64_t now);
    std::int64_t next_deadline() const;
    void watch(int fd, std::uint64_t what);
    void publish();
    void measure(std::int64_t now);
    /// What an instance is to be held to: its type's, as far as this host is to keep that.
    Allowance allowed(const link::InstanceSpec& spec) const;
    /// What any game here may be held to, for asking whether this machine can do it.
    Allowance wanted_limits() const;
    std::uint64_t report(link::ReportBody body) { return reporter_.report(std::move(body)); }
    void notice(const std::string& instance_id, std::string message);
    std::int64_t now() const { return clock_.monotonic_ms(); }
    /// Runs `work` on a worker and `then` with its result on this thread, unless the supervisor has ended.
    template <class Work, class Then>
    bool in_background(Work work, Then then) {
        return workers_->run([weak = weak_from_this(), work = std::move(work), then = std::move(then)]() mutable {
            auto result = work();
            if (const auto self = weak.lock())
                self->post([then = std::move(then), result = std::move(result)]() mutable { then(std::move(result)); },
                           true);
        });
    }

    // supervisor_instances.cpp
    void on_spec(link::InstanceSpec spec);
    void begin_instance(Instance& instance);
    void tell_lacking_limits(const link::InstanceSpec& spec);
    Result<GameUser> choose_user() const;
    void save(Instance& instance);
    Instance* load_instance(const std::filesystem::path& folder);
    void prepare(Instance& instance, std::int64_t now);
    void step_done(const std::string& instance_id, int step, StepOutcome outcome, std::string log_key);
    void need_package(Instance& instance);
    void fetch_package(const std::string& sha256);
    void package_fetched(const std::string& sha256, StepOutcome outcome);
    /// Unused packages leave, the longest unused first, until what is kept takes no more than `bytes`.
    void evict_packages(std::uint64_t bytes);
    void evict_packages() { evict_packages(options.package_cache_bytes); }
    void drop_rest(const std::string& sha256);
    void check_wanted_user(const Instance& instance);
    std::string put_step_log(const Instance& instance, int step) const;
    void remove_if_empty(Instance& instance);
    std::filesystem::path package_path(const std::string& sha256) const;
    std::string objects_url() const { return options.objects_url.empty() ? objects_url_ : options.objects_url; }

    // supervisor_processes.cpp
    void launch_places(Instance& instance, std::int64_t now);
    void launch(Instance& instance, Place& place, std::int64_t now);
    void start_failed(Instance& instance, Place& place, link::StartFailure failure, std::string message,
                      std::uint16_t port = 0);
    std::vector<std::string> environment_of(const Instance& instance, const Process* process) const;
    void on_news(Process& process);
    void on_shim_over(Process& process);
    void adopt(Instance& instance);
    void adopt_process(Instance& instance, const std::filesystem::path& folder);
    void watch_shim(Process& process);
    void find_shim(Process& process);
    void save(Process& process);
    void look_after(Process& process, std::int64_t now);
    void begin_kill(Process& process, EndReason reason, bool by_agent = true);
    void check_health(Process& process, std::int64_t now);
    void on_start_session(link::StartSession order);
    void try_session(Process& process, std::int64_t now);
    void session_finished(Process& process, Result<void> result);
    void on_end_process(const link::EndProcess& order);
    void tell_to_end(Process& process);
    void forget(Process& process);
    void release_limits(const std::string& instance_id, const std::string& process_id);
    Process* find_process(const std::string& id);
    Instance* find_instance(const std::string& id);
    void begin_shutdown();

    // supervisor_calls.cpp
    void on_call(Caller caller, CallBody body, Reply reply);
    Result<Process*> identify(const Caller& caller);
    /// Makes a process of one that was started by hand; null when it is not what it claims.
    Process* attach(const Caller& caller);
    [[nodiscard]] Millis session_limit(const Process& process) const;
    Result<void> check_ports(const Process& process, const link::CallReady& ready);
    void on_reply(link::SdkReply reply);
    void became_ready(Process& process, const link::CallReady& ready);
    void expire_calls(std::int64_t now);
    static void refuse_call(Reply& reply, link::CallStatus status, std::string message);

    // supervisor_logs.cpp
    void on_collect_logs(link::CollectLogs order);
    void collect(const std::string& session_id);
    void drive_logs(std::int64_t now);

    Door& door_;
    link::Reporter& reporter_;
    const Clock& clock_;

    mutable std::mutex mutex_;                     ///< guards the queue and what is looked at from other threads
    std::vector<link::InstanceReading> readings_;  ///< that the link has not taken; guarded
    std::condition_variable changed_;
    std::deque<std::move_only_function<void()>> queue_;
    bool accepting_ = false;
    bool games_gone_ = false;  ///< shutdown(kill_games) has reached its aim
    link::HostHello hello_;
    SupervisorView view_;

    Fd wake_;
    Fd epoll_;
    Fd data_lock_;
    std::thread thread_;
    std::unique_ptr<WorkerPool> workers_;

    // -- owned by the supervisor's thread
    std::filesystem::path root_;
    std::filesystem::path shim_;
    std::optional<Sandbox> sandbox_;
    std::unique_ptr<ResourceLimiter> limiter_;
    SystemRng rng_;
    bool stop_ = false;
    bool again_ = false;  ///< something was done that lets more be done: act once more at once
    bool dying_ = false;  ///< shutdown(kill_games)
    std::int64_t dying_since_ms_ = 0;
    bool dying_term_sent_ = false;
    std::string objects_url_;
    link::AgentTimers timers_;
    std::map<std::string, Instance> instances_;
    std::map<std::string, Process> processes_;
    std::unordered_map<std::uint64_t, std::string> watched_;  ///< epoll number → process id
    std::uint64_t next_watch_ = 1;
    std::map<std::string, Package> packages_;
    std::map<std::uint64_t, std::string> unacked_exits_;  ///< seq → process id
    std::uint64_t next_call_ = 1;
    std::map<std::uint64_t, WaitingCall> calls_;
    std::deque<std::uint64_t> calls_by_age_;
    std::map<std::uint64_t, WaitingCall> late_calls_;  ///< answered at their limit, but their outcome matters
    bool inventory_changed_ = true;                    ///< what hello() tells is to be put together anew
    std::unordered_map<std::int64_t, std::pair<std::uint64_t, std::string>>
        known_pids_;  ///< pid → start ticks, process
    std::unordered_map<std::uint16_t, std::pair<std::uint64_t, std::string>> known_peers_;  ///< port → inode, process
    std::map<std::string, LogJob> logs_;
    std::int64_t stranger_notice_after_ms_ = 0;
    bool sandbox_notice_sent_ = false;
    std::shared_ptr<UsageMeter> meter_ = std::make_shared<UsageMeter>();  ///< used by one worker at a time
    bool measuring_ = false;
    std::int64_t measure_ms_ = 0;  ///< next time
};

}  // namespace gse::agent
