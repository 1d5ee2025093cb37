/// The host side: keeps the processes of all instances of this host as the server wants them.
///
/// It hears desired state (InstanceSpec) and single orders from the link, calls of games from the doors, and the ends
/// of processes from the kernel; it answers with reports. Processes outlive it: whatever it must know about a process
/// is on disk before the process runs, and a new Supervisor on the same folder goes on where the last one stopped,
/// however that one ended. After such a start it launches nothing for an instance before the server has said what it
/// wants there.
///
/// Files (all below `data_dir`/agent, mode 0700):
///   bin/gse-shim-<hash>                    see shim_image.h
///   packages/<sha256>.zip                  each package once, unused ones leave when the cache is full
///   instances/<id>/instance                what was known about it
///   instances/<id>/game/                   its writable copy, /local/game
///   instances/<id>/processes/<process id>/ see shim_process.h, and `launch` (intent) and `state`
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "agent/door.h"
#include "agent/resource_limits.h"
#include "agent/sandbox.h"
#include "agent/unzip.h"
#include "base/time.h"
#include "link/agent_link.h"

namespace gse::agent {

struct SupervisorOptions {
    std::filesystem::path data_dir;
    std::string host_name;  ///< "": made once and kept in data_dir
    std::string region;     ///< "" serves every region
    std::string address;    ///< what players connect to
    std::string private_address;
    std::vector<std::string> instance_types;  ///< that this machine offers; none: all
    std::string access_user;  ///< what GetInstanceAccess answers for this machine; "" where nobody may log in
    std::string access_key;   ///< private key, PEM; secret
    std::string ping_http;    ///< what the server tells players to measure their way here with; see ping.h
    std::string ping_udp;
    std::string sdk_address;  ///< `127.0.0.1:5758`: where games reach the door; needed before start()
    link::PortRange ports{10'000, 32'000};
    std::uint32_t instance_capacity = 16;
    std::uint32_t cpus = 0;          ///< for instances; 0: not told
    std::uint64_t memory_bytes = 0;  ///< likewise
    std::vector<std::pair<std::string, std::string>> labels;
    SandboxMode sandbox = SandboxMode::Auto;
    std::string objects_url;        ///< "": as the server says
    std::string ca_file;            ///< PEM file of the CA that https: there comes from; "": the system's
    ResourceLimits limits;          ///< of each process
    bool limit_type_memory = true;  ///< instances get no more than their type has
    bool limit_type_cpu = true;     ///< likewise
    UnzipLimits unzip;
    std::uint64_t package_bytes_max = 8ULL << 30;
    std::uint64_t package_cache_bytes = 32ULL << 30;
    std::uint64_t process_log_bytes = 10ULL << 20;  ///< one process keeps at most twice this
    Millis installer_limit{600'000};
    Millis prepare_retry_first{5'000};  ///< after a failed step; doubles
    Millis prepare_retry_longest{60'000};
    std::uint32_t prepare_tries = 5;  ///< then a newer spec is waited for
    Millis download_retry_first{500};
    std::uint32_t download_tries = 5;  ///< within one try of the step
    Millis session_retry_first{250};   ///< OnStartGameServerSession that could not be delivered
    std::uint32_t session_tries = 5;
    Millis log_retry_first{1'000};  ///< logs of a session that the store does not take, or for which there is no room
    Millis log_retry_longest{60'000};
    std::uint32_t log_tries = 64;    ///< an hour, about
    Millis session_timeout{10'000};  ///< for one try, and for all of them together
    Millis terminate_timeout{10'000};
    Millis launch_limit{30'000};    ///< fork → exec
    Millis measure_every{10'000};   ///< what instances take of the machine
    Millis shutdown_notice{4'000};  ///< shutdown(kill_games): OnProcessTerminate … SIGTERM
    Millis shutdown_term{7'000};    ///< … SIGKILL
    std::size_t worker_threads = 4;
    std::size_t queue_max = 65'536;  ///< events waiting for the supervisor's thread
    std::size_t calls_max = 16'384;  ///< SDK calls waiting for the server
    /// gse dev: a process that nobody launched here may join with ProcessReady. It is given sessions, and never killed.
    bool attach = false;
};

/// What may be looked at from outside.
struct SupervisorView {
    std::size_t instances = 0;
    std::size_t processes = 0;  ///< whose exit is not acknowledged yet
    std::size_t running = 0;
    std::string sandbox;  ///< "bubblewrap" or "none"
    std::string limiter;  ///< "cgroup v2", "cgroup v1" or "prlimit"
    std::string lacks;    ///< limits that are wanted and that it cannot keep, for people; "": none
};

/// All public functions are thread-safe. `door`, `reporter` and `clock` outlive it; callbacks of `door` that arrive
/// after its end are ignored.
class Supervisor final : public link::ServerEvents, public CallHandler {
public:
    Supervisor(SupervisorOptions options, Door& door, link::Reporter& reporter, const Clock& clock);
    /// Stops; leaves every game running.
    ~Supervisor() override;

    /// For a door that learns its port late. Before start() only.
    void set_sdk_address(std::string address);

    /// Prepares the folders, adopts what runs and reports it: when it returns, the backlog is complete and the link may
    /// dial. FailedOperation when the folder cannot be used (or another agent has it) or the wanted sandbox does not
    /// work.
    Result<void> start();

    /// Stops. With `kill_games` every game is told to end (OnProcessTerminate, then SIGTERM, then SIGKILL) and is gone
    /// when this returns, at most 10 s later. Idempotent.
    void shutdown(bool kill_games);

    // link::ServerEvents
    link::HostHello hello() override;
    void on_welcome(const link::Welcome& welcome) override;
    void on_order(link::OrderBody order) override;
    void on_acked(std::uint64_t seq) override;
    void on_disconnected() override;
    std::vector<link::InstanceReading> take_readings() override;
    // CallHandler
    void on_call(Caller caller, CallBody call, Reply reply) override;

    [[nodiscard]] SupervisorView view() const;
    /// Looks at the clock again: for clocks that are moved by hand.
    void tick();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace gse::agent
