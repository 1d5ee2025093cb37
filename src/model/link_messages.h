/// What a server and an agent say to each other, as plain values: the core and the simulation use these;
/// src/link turns them into protobuf and back.
///
/// The link
/// - An agent dials the server and keeps one stream. It opens with HostHello; the server answers Welcome.
/// - Reports (agent → server) are numbered from 1 within one `boot_id` (one run of an agent process). They are kept
/// until
///   acknowledged after commit and sent again after a reconnect; the core drops those it has seen.
/// - After HostHello the agent sends its whole backlog, then BacklogDone. An agent that was restarted (new boot id)
///   describes every process it adopted afresh: ProcessStarted, ProcessIsReady, …: all reports are idempotent.
/// - Orders (server → agent) are numbered from 1 within a stream, and are derived from durable state: on every new
///   stream the server sends all that is outstanding again. Agents apply them idempotently by process and session id.
/// - Whoever sees a gap in the numbers closes the stream; the reconnect repairs it.
/// - An agent keeps the highest epoch it was ever greeted with and refuses lower ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "model/statuses.h"

namespace gse::link {

struct PortRange {
    std::uint16_t low = 0;   ///< inclusive
    std::uint16_t high = 0;  ///< inclusive
    friend bool operator==(const PortRange&, const PortRange&) = default;
};

// ---------------------------------------------------------------- agent → server

/// First message of a stream. Lists every process whose exit the server has not acknowledged and every instance
/// that still has files here; details follow as reports.
struct HostHello {
    std::string host_name;  ///< stable identity of the machine, from the agent's data directory
    std::string boot_id;    ///< one run of the agent process; new at each start
    std::string region;     ///< "" serves every region (gse dev)
    std::string address;    ///< what players connect to
    std::string private_address;
    std::uint32_t instance_capacity = 0;  ///< instances this host offers
    PortRange ports;                      ///< from which the server hands out ports here
    std::string operating_system;
    std::string sandbox;  ///< "bubblewrap" or "none"
    std::vector<std::string> instance_ids;
    std::vector<std::string> process_ids;
    std::string access_user;  ///< GetInstanceAccess: how to log in to this machine; "" where the operator set nothing
    std::string access_key;   ///< private key in PEM form; secret
    std::vector<std::string> instance_types;  ///< names of those this machine offers; none: every type
    std::string ping_http;   ///< `http://203.0.113.5:8888/v1/ping`: where players measure their way here; "" nowhere
    std::string ping_udp;    ///< `203.0.113.5:8888`
    std::uint32_t cpus = 0;  ///< for instances; 0: not told, so that instances are counted only
    std::uint64_t memory_bytes = 0;                           ///< likewise
    std::vector<std::pair<std::string, std::string>> labels;  ///< for people and their tools
    /// Who the agent's certificate says it is, and until when: filled in by the server's end of the link and never
    /// sent. "": no certificate was asked for.
    std::string certified_id;
    WallTime certificate_end;
    std::string limits = {};       ///< what holds instances to their types: "cgroup v2", "cgroup v1", "prlimit", "off"
    std::string limits_lack = {};  ///< which limits that cannot keep, for people; "": none
};

enum class PrepareStep : std::uint8_t { Accepted, Downloaded, Extracted, Installed, PathsValidated };

/// One step of preparing an instance ended. Steps come in order; a failed one is the last until the agent tries again.
struct InstanceStep {
    std::string instance_id;
    PrepareStep step = PrepareStep::Accepted;
    bool ok = true;
    std::string message;  ///< for people: what failed and what to change
    std::string log_key;  ///< object key of the step's log, or ""
};

/// The files of a removed instance are gone and its ports are free.
struct InstanceRemoved {
    std::string instance_id;
};

struct ProcessStarted {
    std::string process_id;  ///< minted by the agent: globally unique, one launch
    std::string instance_id;
    std::uint32_t place = 0;
    std::int64_t pid = 0;
};

enum class StartFailure : std::uint8_t { InvalidPath, CannotExecute, PortBusy, HostResources };

/// A launch did not happen. The agent tries again with back-off by itself, except after PortBusy: then it waits
/// for the server to move the place to other ports.
struct ProcessStartFailed {
    std::string instance_id;
    std::uint32_t place = 0;
    StartFailure failure = StartFailure::CannotExecute;
    std::uint16_t port = 0;  ///< PortBusy: which
    std::string message;
};

/// After an agent's restart: what an adopted process had reported before. Not sent otherwise (see SdkCall).
struct ProcessIsReady {
    std::string process_id;
    std::uint16_t client_port = 0;
    std::uint16_t grpc_port = 0;
    std::vector<std::string> log_paths;
    std::optional<std::string> session_id;  ///< that runs there, as far as the agent knows; "": none
};

/// Whose limit it was that a process ran into.
enum class MemoryLimit : std::uint8_t { Instance, Process, Host };

/// The kernel ended a process, or a child of it, for want of memory.
struct OutOfMemory {
    MemoryLimit limit = MemoryLimit::Instance;
    std::uint64_t used_bytes = 0;   ///< at most, by whatever the limit is of; 0: the kernel does not tell
    std::uint64_t limit_bytes = 0;  ///< 0: of the host
    friend bool operator==(const OutOfMemory&, const OutOfMemory&) = default;
};

struct ProcessExited {
    std::string process_id;
    int exit_code = 0;  ///< valid when signal == 0
    int signal = 0;
    std::int64_t uptime_ms = 0;
    bool killed_by_agent = false;  ///< a deadline passed and the agent sent SIGKILL
    EndReason kill_reason = EndReason::None;
    std::string last_output;  ///< last lines of stderr/stdout, ≤ 2 KiB
    std::optional<OutOfMemory> out_of_memory = {};
};

/// Sent on each change only: after `health_failures` failed checks in a row, and when it recovers.
struct HealthChanged {
    std::string process_id;
    bool healthy = true;
};

/// OnStartGameServerSession returned (ok) or failed for good.
struct SessionStartResult {
    std::string process_id;
    std::string session_id;
    bool ok = true;
    std::string message;
};

/// OnProcessTerminate returned, or the process could not be reached.
struct TerminateDelivered {
    std::string process_id;
    bool ok = true;
};

struct LogCollected {
    std::string session_id;
    bool ok = true;
    std::string log_key;  ///< object key, "" when there was nothing to collect
    std::uint64_t bytes = 0;
    std::string message;  ///< what was left out and why
};

/// Something an operator should know (a refused pid claim, a missing sandbox). Becomes a fleet event.
struct HostNotice {
    std::string instance_id;
    std::string event_code;  ///< GENERIC_EVENT unless a documented code fits
    std::string message;
};

struct BacklogDone {};

/// What an instance's processes take of its host, as the agent measures it every few seconds. What a machine cannot
/// tell is absent. Not a report: a reading that is lost is followed by the next, and none is journaled.
struct InstanceLoad {
    std::optional<double> cpu_percent;  ///< of all cores of the host, since the reading before
    std::optional<double> memory_bytes;
    std::optional<double> memory_percent;  ///< of what the instance may have: its limit, else the host's memory
    std::optional<double> connections;     ///< TCP, established
    std::optional<double> load;            ///< of the host, one minute
    // Only of an instance that has its host alone: a second, since the reading before.
    std::optional<double> bytes_in, bytes_out;
    std::optional<double> packets_in, packets_out;
    std::optional<double> bytes_out_total;  ///< since the host started
    std::optional<double> cpu_cores;        ///< processor time, in cores, since the reading before
    std::optional<double> cpu_limit;        ///< cores that they may take; absent: no limit is kept
    std::optional<double> memory_limit;     ///< bytes, likewise
    friend bool operator==(const InstanceLoad&, const InstanceLoad&) = default;
};
struct InstanceReading {
    std::string instance_id;
    InstanceLoad load;
    friend bool operator==(const InstanceReading&, const InstanceReading&) = default;
};

// A game's SDK calls (server-side gRPC protocol), already tied to a process by the agent.
struct CallReady {
    std::uint16_t client_port = 0;
    std::uint16_t grpc_port = 0;
    std::vector<std::string> log_paths;
};
struct CallActivateSession {
    std::string session_id;
    std::uint32_t max_players = 0;
};
struct CallAcceptPlayer {
    std::string session_id;
    std::string player_session_id;
};
struct CallRemovePlayer {
    std::string session_id;
    std::string player_session_id;
};
struct CallDescribePlayers {
    std::string session_id, player_id, player_session_id, status_filter, next_token;
    std::int32_t limit = 0;
};
struct CallUpdatePolicy {
    std::string session_id;
    std::string policy;
};
struct CallTerminateSession {
    std::string session_id;
};
struct CallEnding {};
struct CallCustomData {
    std::int32_t current = 0;
    std::int32_t maximum = 0;
};

struct SdkCall {
    std::uint64_t call_id = 0;  ///< unique within the boot id; the reply carries it
    std::string process_id;
    std::string request_id;  ///< the game's own requestId: a retry of the same call is answered alike
    std::variant<CallReady, CallActivateSession, CallAcceptPlayer, CallRemovePlayer, CallDescribePlayers,
                 CallUpdatePolicy, CallTerminateSession, CallEnding, CallCustomData>
        call;
};

using ReportBody = std::variant<BacklogDone, InstanceStep, InstanceRemoved, ProcessStarted, ProcessStartFailed,
                                ProcessIsReady, ProcessExited, HealthChanged, SessionStartResult, TerminateDelivered,
                                LogCollected, HostNotice, SdkCall>;

struct Report {
    std::uint64_t seq = 0;  ///< from 1 within a boot id, without gaps
    ReportBody body;
};

// ---------------------------------------------------------------- server → agent

/// Timers an agent needs to act alone.
struct AgentTimers {
    Millis heartbeat{3'000};
    Millis process_ready{300'000};
    Millis process_exit{30'000};
    Millis health_interval{60'000};
    Millis health_timeout{60'000};
    std::uint32_t health_failures = 3;
    Millis sdk_call{10'000};
    Millis restart_backoff_min{1'000};
    Millis restart_backoff_max{60'000};
    Millis restart_backoff_reset{60'000};
};

/// Answer to HostHello.
struct Welcome {
    std::uint64_t epoch = 0;      ///< grows with every start of a server
    std::string deployment_id;    ///< an agent refuses a deployment it was not enrolled in
    std::uint64_t acked_seq = 0;  ///< reports of this boot id that are already durable
    std::string objects_url;      ///< `http://127.0.0.1:8080/objects`; packages come from and logs go there
    AgentTimers timers;
};

/// Where to fetch or put one object. `authorization` is filled by the link layer, scoped and expiring.
struct ObjectRef {
    std::string bucket;
    std::string key;
    std::string authorization;
};

/// A seat for one process at a time: the agent keeps it filled.
struct PlaceSpec {
    std::uint32_t number = 0;  ///< unique within the instance, never used twice
    std::string launch_path;   ///< `/local/game/…`
    std::string parameters;    ///< `{client_port}` and `{grpc_port}` not yet replaced
    std::uint16_t client_port = 0;
    std::uint16_t grpc_port = 0;
};

enum class InstancePhase : std::uint8_t {
    Run,     ///< keep every place filled
    Drain,   ///< start nothing new; what runs goes on until told otherwise
    Remove,  ///< nothing runs any more (or it is to be killed): remove the files, report InstanceRemoved
};

/// The whole desired state of one instance; replaces what was sent before if `version` is higher.
struct InstanceSpec {
    std::string instance_id;
    std::string fleet_id;
    std::uint64_t version = 0;
    InstancePhase phase = InstancePhase::Run;
    ObjectRef package;
    std::string package_sha256;  ///< lower-case hex; the agent verifies and caches by it
    std::uint64_t package_bytes = 0;
    ObjectRef log_prefix;                 ///< step logs may be put at any key below `key`
    std::vector<PortRange> client_ports;  ///< the fleet's inbound ranges: where self-chosen ports must lie
    std::vector<PlaceSpec> places;
    // What all its processes together may take, by its type.
    std::string instance_type = {};
    std::uint32_t cpus = 0;          ///< vCPUs; 0: no limit
    std::uint64_t memory_bytes = 0;  ///< likewise
};

struct StartSession {
    std::string process_id;
    std::string session_id;
    std::string fleet_id;
    std::string name;
    std::uint32_t max_players = 0;
    bool joinable = true;
    std::vector<std::pair<std::string, std::string>> properties;
    std::uint16_t port = 0;
    std::string address;
    std::string session_data;
    std::string matchmaker_data;
    std::string dns_name;
};

/// End a process: call OnProcessTerminate once (if `notify`), and SIGKILL the process when `kill_after` has passed.
/// A later order for the same process replaces the deadline (protection was changed).
struct EndProcess {
    std::string process_id;
    EndReason reason = EndReason::None;
    bool notify = true;
    std::int64_t termination_time_unix_s = 0;  ///< what the game is told; 0: never by force
    std::int64_t kill_after_ms = -1;           ///< remaining time from receipt; negative: never
};

struct CollectLogs {
    std::string session_id;
    std::string process_id;
    std::string instance_id;
    std::vector<std::string> paths;  ///< as the process named them
    ObjectRef target;
    std::uint64_t max_bytes = 0;
};

/// Reports up to and with this seq are durable.
struct ReportAck {
    std::uint64_t seq = 0;
};

/// Neutral outcome of a game's call; the door turns it into its protocol's words.
enum class CallStatus : std::uint8_t { Ok, InvalidArgument, NotFound, FailedPrecondition, Unavailable, Internal };

struct PlayerView {
    std::string player_session_id, player_id, session_id, fleet_id, address;
    PlayerStatus status = PlayerStatus::Reserved;
    WallTime created;
    WallTime ended;  ///< 0 while open
    std::uint16_t port = 0;
    std::string player_data, dns_name;
};

struct SdkReply {
    std::uint64_t call_id = 0;
    CallStatus status = CallStatus::Ok;
    std::string message;
    std::vector<PlayerView> players;  ///< DescribePlayerSessions only
    std::string next_token;
};

using OrderBody = std::variant<ReportAck, InstanceSpec, StartSession, EndProcess, CollectLogs, SdkReply>;

struct Order {
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;  ///< from 1 within a stream
    OrderBody body;
};

}  // namespace gse::link
