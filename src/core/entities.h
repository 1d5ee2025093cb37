/// The records: everything durable that the system knows. Fields under "derived" are rebuilt, never journaled.
/// References between records are slots. Order and meaning of archived fields: entities_archive.h.
#pragma once

#include <absl/container/btree_map.h>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/compact_text.h"
#include "base/rare.h"
#include "base/time.h"
#include "base/wall_second.h"
#include "core/slab.h"
#include "model/link_messages.h"
#include "model/scaling_policies.h"
#include "model/statuses.h"
#include "plan/destination.h"
#include "plan/refusals.h"
#include "plan/timer_schedule.h"

namespace gse::core {

struct Tag {
    std::string key;
    std::string value;
};

/// One uploaded package. Pinned to its SHA-256: what runs is what was registered.
struct Asset {
    std::string id;
    std::string region;
    std::string name;
    std::string version;
    std::string operate_system;
    std::string image_id;
    std::string os_type;
    std::string bucket;
    std::string key;
    std::string sha256;
    std::uint64_t bytes = 0;
    WallTime created;
    std::vector<Tag> tags;
    bool is_image = false;   ///< a machine image: known by name only, there is no package
    std::string image_size;  ///< as it was stated: `40GB`
    std::uint32_t image_bits = 0;
    // derived
    std::uint32_t bound_fleets = 0;
};

/// What has happened since the server started, for monitoring; only grows. Not journaled: a restart begins anew.
struct FleetCounts {
    std::uint64_t process_activations = 0;
    std::uint64_t process_terminations = 0;
    std::uint64_t process_abnormal_terminations = 0;
    std::uint64_t player_activations = 0;
};

/// How long fulfilled placements had waited.
struct WaitCounts {
    static constexpr std::array<double, 11> kBounds{0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600};  ///< seconds
    std::array<std::uint64_t, kBounds.size() + 1> counts{};  ///< up to the bound; the last: longer
    double seconds = 0;                                      ///< all together

    void add(Millis wait) {
        const double waited = static_cast<double>(wait.count()) / 1000;
        std::size_t i = 0;
        while (i < kBounds.size() && waited > kBounds[i]) ++i;
        ++counts[i];
        seconds += waited;
    }
};

struct QueueCounts {
    std::uint64_t started = 0;
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t timed_out = 0;
    // of those that succeeded
    std::uint64_t first_choice_not_viable = 0;
    std::uint64_t first_choice_out_of_capacity = 0;
    std::uint64_t lowest_latency = 0;
    std::vector<std::uint64_t> placed_in;  ///< by position in Settings::regions
    WaitCounts waits;
};

/// Where an alias leads.
struct Route {
    AliasType type = AliasType::Simple;
    std::string fleet_id;  ///< a terminal alias keeps, and ignores, what it was given
    std::string message;
    friend bool operator==(const Route&, const Route&) = default;
};

/// An alias was pointed elsewhere. Where it led from then on is where the next change found it.
struct AliasChange {
    std::uint64_t number = 0;  ///< grows with each
    WallTime time;
    Route from;
    std::string secret_id;
    std::string request_id;
};

struct Alias {
    static constexpr std::size_t kHistoryMax = 50;

    std::string id;
    std::string region;
    std::string name;
    std::string description;
    AliasType type = AliasType::Simple;
    std::string fleet_id;  ///< a terminal alias keeps, and ignores, what it was given
    std::string message;
    WallTime created;
    WallTime updated;
    std::vector<Tag> tags;
    std::vector<AliasChange> history;  ///< oldest first, the last kHistoryMax

    [[nodiscard]] Route route() const { return {type, fleet_id, message}; }
};

/// How many processes of which program run on each instance.
struct ProcessRecipe {
    std::string launch_path;
    std::string parameters;
    std::uint32_t concurrent = 1;
    friend bool operator==(const ProcessRecipe&, const ProcessRecipe&) = default;
};

struct InboundPermission {
    std::uint16_t from_port = 0;
    std::uint16_t to_port = 0;
    std::string protocol;
    std::string ip_range;
    friend bool operator==(const InboundPermission&, const InboundPermission&) = default;
};

struct Disk {
    std::string type;
    std::uint64_t gb = 0;
};

struct TargetPolicy {
    std::string name;
    std::string metric;
    std::uint32_t percent = 0;  ///< 1–99: share of free sessions to keep
};

/// By order. A B-tree, because it may be long: 17 to 20 bytes an entry, where a node of a std::map takes 48.
using SessionList = absl::btree_map<std::uint64_t, Slot>;

/// What says how many instances a fleet has; a timer may set all of it.
struct Capacity {
    std::uint32_t desired = 1;
    std::uint32_t min = 0;
    std::uint32_t max = 1;
    std::uint32_t cooldown_minutes = 10;
    bool auto_scaling = true;
    std::optional<TargetPolicy> target;
    std::uint32_t minimum_free = 0;  ///< of `target`: free sessions to keep at least
    bool keep_one = true;            ///< of `target`: an instance stays without any session
};

struct Fleet : Capacity {
    std::string id;
    std::string region;
    std::string name;
    std::string description;
    std::string asset_id;
    Slot asset = kNone;
    std::string instance_type;
    std::string operating_system;
    ProtectionPolicy protection = ProtectionPolicy::NoProtection;
    std::uint32_t protection_minutes = 60;
    std::uint32_t creator_limit = 0;    ///< sessions a creator may make in creator_minutes; 0: no limit
    std::uint32_t creator_minutes = 0;  ///< 0: no limit either
    std::vector<ProcessRecipe> recipes;
    std::uint32_t max_activations = 0;  ///< sessions ACTIVATING at once on an instance; 0: no limit
    std::uint32_t activation_timeout_s = 600;
    std::vector<InboundPermission> inbound;
    std::optional<Disk> system_disk;
    std::vector<Disk> data_disks;
    std::int64_t bandwidth_mbps = 100;
    std::vector<Tag> tags;
    std::vector<std::pair<std::string, std::string>> ccn;  ///< account id, ccn id

    FleetStatus status = FleetStatus::New;
    bool was_active = false;  ///< a first deployment succeeded
    WallTime created;
    WallTime terminated;
    EngineTime terminated_at;
    EngineTime creation_deadline = kNever;
    std::uint32_t creation_failures = 0;

    EngineTime last_scaling;  ///< of the last change of the number of instances
    bool waits_for_room = false;
    bool ccn_after_creation = false;  ///< attached by AttachCcnInstances, not named by CreateFleet
    WallTime ccn_attached;
    // how it runs empty, if it does (core/drain.h); range and policies wait meanwhile
    bool draining = false;
    bool drain_denies_joins = false;
    bool delete_when_drained = false;
    WallTime drain_started;
    EngineTime drain_deadline = kNever;  ///< what is left is ended
    WallTime drained;                    ///< {}: something is left

    // derived
    std::vector<Slot> instances;
    std::set<std::pair<std::uint64_t, Slot>> open;  ///< instances that may take a session, by placement rank
    std::uint32_t instances_pending = 0;
    std::uint32_t instances_active = 0;
    std::uint32_t instances_draining = 0;
    std::set<Slot> draining_instances;
    std::uint32_t instances_leaving = 0;  ///< of the pending and active ones
    SessionList live_sessions;
    SessionList ended_sessions;
    std::map<std::uint64_t, Slot> events;  ///< by order
    std::map<std::uint64_t, Slot> usages;  ///< by order
    std::map<std::string, Slot> rules;     ///< by name
    std::map<std::uint64_t, Slot> timers;  ///< by order
    std::uint32_t sessions_activating = 0;
    std::uint32_t sessions_active = 0;
    std::uint32_t sessions_on_staying = 0;  ///< live sessions on instances that are not draining
    std::uint64_t players = 0;              ///< RESERVED and ACTIVE
    std::uint64_t players_max = 0;          ///< sum of MaximumPlayerSessionCount of live sessions
    std::uint32_t processes_active = 0;
    std::uint32_t processes_idle = 0;  ///< of these, those that may take a session
    std::int64_t custom_current = 0;   ///< sums of ReportCustomData over processes that were not asked to end
    std::int64_t custom_maximum = 0;
    std::optional<std::uint64_t>
        open_terms;            ///< what of the fleet decides whether instances are open, as they were told
    EngineTime next_launch;    ///< back-off after an instance that could not be prepared
    EngineTime no_room_until;  ///< no host could take another instance: none is looked for before
    std::uint32_t launch_failures = 0;
    bool reconcile_queued = false;
    EngineTime wakes_at = kNever;  ///< the earliest FleetCheck that is armed
    // of this run: found out again by looking at every PENDING placement once
    std::set<std::pair<std::uint64_t, Slot>> waiting;  ///< placements that would come here, by order
    std::uint32_t demand = 0;                          ///< of these, those that it grows for
    std::uint64_t waiting_saw = 0;                     ///< what its placements were last told of it
    bool serve_queued = false;
    plan::RefusalCounter refused;  ///< creates that found no idle process
    std::string host_wait;         ///< why a host that was asked for does not come, as an event told last
    EngineTime host_wait_told;
    FleetCounts counts;

    [[nodiscard]] bool limits_creators() const { return creator_limit != 0 && creator_minutes != 0; }
    [[nodiscard]] std::uint32_t processes_per_instance() const {
        std::uint32_t sum = 0;
        for (const auto& recipe : recipes) sum += recipe.concurrent;
        return sum;
    }
};

/// A machine that runs an agent.
struct Host {
    std::string name;
    std::string region;  ///< "" serves every region
    std::string address;
    std::string private_address;
    std::uint32_t capacity = 0;
    link::PortRange ports;
    std::string operating_system;
    std::string sandbox;
    bool lost = false;
    std::vector<std::string> instance_types;  ///< none: every type
    std::string id;                           ///< `host-…`; certificates name it. Records older than ids: the name
    std::uint64_t order = 0;
    WallTime added;
    std::string key_sha256;     ///< of the public key in its newest certificate, in hex; "": it has no certificate
    std::string key_before;     ///< and in the one before, in case the newest never arrived
    bool region_fixed = false;  ///< by the token that it was enrolled with
    HostAvailability availability = HostAvailability::Open;
    std::uint32_t cpus = 0;          ///< for instances; 0: not told
    std::uint64_t memory_bytes = 0;  ///< likewise
    std::vector<std::pair<std::string, std::string>> labels;
    // of one that a provider supplies, for one instance (core/provided_hosts.h)
    bool provided = false;
    bool released = false;               ///< nothing wants it any more
    std::string join_secret;             ///< of the token that its machine shows; "" once it has connected. Secret
    std::string place;                   ///< where its machine runs, by the provider's name; "" nowhere yet
    bool place_closed = false;           ///< and that is being emptied
    EngineTime start_deadline = kNever;  ///< by then its agent has connected, or it is given up
    EngineTime ends_by = kNever;         ///< its machine is being taken away by others

    // derived / of this run
    Slot cursor = kNone;      ///< its HostCursor
    std::string access_user;  ///< how operators log in to it, as its agent was told; never on a disk of the server
    std::string access_key;   ///< private key in PEM form; secret
    std::string ping_http;    ///< where players measure their way to it; "" nowhere
    std::string ping_udp;
    std::string limits;       ///< as its agent says: what holds instances to their types
    std::string limits_lack;  ///< what that cannot keep, for people
    std::vector<Slot> instances;
    std::uint32_t instances_held = 0;   ///< that take up room: not those of games started by hand
    std::uint64_t cpus_held = 0;        ///< by the instance types of these
    std::uint64_t memory_gb_held = 0;   ///< likewise
    WallTime certificate_end;           ///< of the certificate that its stream was opened with
    std::uint64_t foreign_reports = 0;  ///< about what is not its own; they were refused
    EngineTime foreign_told;            ///< when an event last said so
    EngineTime next_check;              ///< its alive timer; an earlier one is a stale timer of another host
    std::map<std::uint16_t, EngineTime> ports_resting;                  ///< port → usable again at
    boost::unordered_flat_map<std::uint16_t, std::uint8_t> ports_used;  ///< how many hold it; none: not there
    std::uint32_t port_cursor = 0;
    std::uint64_t stream = 0;  ///< 0: not connected
    bool synced = false;       ///< has delivered its backlog in this run of the server
    bool silent = false;
    EngineTime last_alive;
    EngineTime silent_together;  ///< when it was last seen to be one of many that are silent

    [[nodiscard]] bool enrolled() const { return !key_sha256.empty(); }
    [[nodiscard]] bool offers(std::string_view type) const {
        return instance_types.empty() ||
               std::find(instance_types.begin(), instance_types.end(), type) != instance_types.end();
    }
};

/// Lets one machine enrol as a host. Kept until it expires, so that an answer that was lost can be asked for again.
struct HostToken {
    std::string id;
    std::string secret_sha256;  ///< in hex; the secret itself is shown once and kept nowhere
    std::string region;         ///< that its host is bound to; "": the host says it itself
    std::string description;
    std::uint64_t order = 0;
    WallTime created;
    EngineTime expires = kNever;
    WallTime expires_wall;   ///< for people
    std::string key_sha256;  ///< of the key that has used it up; "": nobody has
    std::string host_id;     ///< and the host that it became
};

/// How far the reports of a host's agent are durable; small, because every batch of reports writes it.
struct HostCursor {
    Slot host = kNone;
    std::string boot_id;
    std::uint64_t acked_seq = 0;
};

/// A seat for one process at a time on an instance.
struct Place {
    std::uint32_t number = 0;
    std::uint32_t recipe = 0;
    std::uint16_t client_port = 0;
    std::uint16_t grpc_port = 0;
    bool retired = false;  ///< what runs there may finish; nothing new starts
};

/// GSE's word for a server of a fleet; several may share one host.
struct Instance {
    std::string id;
    Slot fleet = kNone;
    Slot host = kNone;
    InstanceStatus status = InstanceStatus::Pending;
    WallTime created;
    std::uint64_t spec_version = 0;
    std::uint32_t next_place = 1;
    std::vector<Place> places;
    std::uint32_t weight = 5;
    bool reserved = false;
    bool accepted = false;  ///< the host has begun to prepare it
    bool prepared = false;  ///< launch paths found
    bool removing = false;  ///< phase Remove was ordered
    EngineTime drained_since;
    Slot usage = kNone;    ///< what remains of it in the statistics
    bool leaving = false;  ///< it goes once another one stands in for it; why: must_leave()
    bool stale_ports = false;  ///< its host was made for it, and players reach other ports there than the fleet permits

    // derived
    std::vector<Slot> processes;
    std::vector<Slot> idle;        ///< processes that may take a session
    std::uint32_t active = 0;      ///< processes ACTIVE
    std::uint32_t healthy = 0;     ///< of the active
    std::uint32_t sessions = 0;    ///< live sessions
    std::uint32_t activating = 0;  ///< of these ACTIVATING
    std::uint32_t logs_pending = 0;
    bool open = false;  ///< is in the fleet's open set, under open_rank
    std::uint64_t open_rank = 0;
    bool spec_changed = false;  ///< an InstanceSpec goes out with this batch
    // of this run
    link::InstanceLoad load;                ///< as its agent said last
    EngineTime load_at;                     ///< {}: never
    std::vector<std::uint16_t> busy_ports;  ///< found taken by others, and not told of yet
};

/// One launch of a game server. Erased once its exit is confirmed.
struct Process {
    std::string id;
    Slot instance = kNone;
    std::uint32_t place = 0;
    std::int64_t pid = 0;
    ProcessStatus status = ProcessStatus::Activating;
    bool healthy = true;
    std::uint16_t client_port = 0;
    std::uint16_t grpc_port = 0;
    std::vector<std::string> log_paths;
    Slot session = kNone;
    EngineTime rests_until;  ///< after a session ended: no new one before (it may be about to end itself)
    EndReason end_reason = EndReason::None;
    EngineTime end_requested;
    bool end_delivered = false;
    std::int32_t custom_current = 0;
    std::int32_t custom_maximum = 0;
    EngineTime started;
    bool ready = false;  ///< has called ProcessReady: there is somebody to tell
    // derived
    std::uint16_t own_port = 0;  ///< counted in Host::ports_used: the game chose another port than its place has
    std::uint32_t idle_position = UINT32_MAX;
};

struct GameProperty {
    std::string key;
    std::string value;
    friend bool operator==(const GameProperty&, const GameProperty&) = default;
};

enum class LogState : std::uint8_t { None, Pending, Stored, Failed };

/// What few callers say of the session they make.
struct SessionWishes {
    std::string creator_id;
    std::string session_data;
    std::string matchmaker_data;
    std::vector<GameProperty> properties;
    std::string idempotency_token;
    std::uint64_t request_hash = 0;  ///< with a token: of everything the creating request said
    friend bool operator==(const SessionWishes&, const SessionWishes&) = default;
};

/// What is known of a session that has ended.
struct SessionEnd {
    EngineTime at;
    WallTime time;
    std::string reason;
    std::vector<std::string> log_paths;
    std::string log_process;   ///< id of the process it ran in
    std::string log_instance;  ///< and of the instance
    std::string log_key;
    std::int32_t custom_current = 0;
    std::int32_t custom_maximum = 0;
    friend bool operator==(const SessionEnd&, const SessionEnd&) = default;
};

/// A game that runs, or ran. There are hundreds of thousands: what most of them lack stands apart.
struct GameSession {
    CompactText
        key;  ///< `<8>-<8>`, with `/<custom id>` when the caller gave one; `gssess-` before it goes without saying
    std::uint64_t order = 0;
    Slot fleet = kNone;
    Slot instance = kNone;  ///< kNone once the instance is gone
    Slot process = kNone;   ///< kNone once ended
    SessionStatus status = SessionStatus::Activating;
    ProtectionPolicy protection = ProtectionPolicy::NoProtection;
    LogState log_state = LogState::None;
    bool accept_all = true;
    bool start_delivered = false;
    std::uint16_t port = 0;
    std::uint32_t max_players = 0;
    std::uint32_t retired_number = 0;  ///< highest PlayerSession::number that retention has taken; never given again
    Slot placement = kNone;  ///< the one that made it; its id is then the key's second part. Compare Placement::session
    CompactText name;
    CompactText address;
    EngineTime created_at;
    WallTime created;
    EngineTime activation_deadline = kNever;
    Rare<SessionWishes> wishes;
    Rare<SessionEnd> end;
    bool stand_in = false;  ///< for a match that a restored state does not know; see restored.h
    // derived
    bool listed_live = false;  ///< which of the fleet's two maps lists it
    bool listed_ended = false;
    Slot first_player = kNone;
    Slot last_player = kNone;
    std::uint32_t last_number = 0;  ///< highest PlayerSession::number given
    std::uint32_t seats = 0;        ///< RESERVED and ACTIVE

    [[nodiscard]] bool live() const { return status == SessionStatus::Activating || status == SessionStatus::Active; }
};

inline constexpr std::string_view kSessionPrefix = "gssess-";
/// The last part of its id.
[[nodiscard]] inline std::string full_key(const GameSession& session) {
    return std::string(kSessionPrefix).append(session.key.view());
}

/// A seat. Kept small: there are millions. Fields stand so that nothing is lost to alignment.
struct PlayerSession {
    std::array<char, 20> secret{};  ///< ≥ 96 bits from the system's generator: the id admits a player
    TextOf<23> player_id;
    PlayerStatus status = PlayerStatus::Reserved;
    Slot session = kNone;
    std::uint32_t number = 0;  ///< order of joining within the session, from 1
    WallSecond created;
    WallSecond ended;
    std::uint32_t accept_request = 0;  ///< hash of the requestId that accepted it: its retry is answered alike
    EngineTime turn = kNever;          ///< RESERVED: when it times out; ended: when it did; see below
    std::unique_ptr<std::string> data;
    // derived
    Slot next = kNone, previous = kNone;  ///< within the session, in order of joining
    Slot next_same_player = kNone;
    Slot index_link = kNone;  ///< see PlayerIndex

    [[nodiscard]] bool seated() const { return status == PlayerStatus::Reserved || status == PlayerStatus::Active; }
    /// kNever: its session is not ACTIVE yet, or it is taken.
    [[nodiscard]] EngineTime deadline() const { return seated() ? turn : kNever; }
    [[nodiscard]] EngineTime ended_at() const { return seated() ? EngineTime{} : turn; }
};

/// A fleet or an alias that a queue may place in.
struct QueueDestination {
    std::string arn;  ///< as it was given
    std::string region;
    bool alias = false;
    std::string id;
};

struct LatencyPolicy {
    std::uint64_t max_ms = 0;
    std::optional<std::uint64_t> seconds;
};

struct Queue {
    std::string region;
    std::string name;  ///< its identity within the region
    std::uint64_t order = 0;
    std::vector<QueueDestination> destinations;  ///< by priority
    std::vector<LatencyPolicy> policies;
    std::uint32_t timeout_s = 600;
    std::vector<Tag> tags;
    WallTime created;
    // derived
    std::set<std::pair<std::uint64_t, Slot>> pending;  ///< PENDING placements, by order
    // of this run
    QueueCounts counts;
};

struct PlayerLatency {
    std::string player_id;
    std::string region;
    std::uint64_t ms = 0;
};

struct DesiredPlayer {
    std::string player_id;
    std::string data;
};

/// How the destination that took a placement compares with its first choice.
enum class PlacementChoice : std::uint8_t { First, FirstNotViable, FirstOutOfCapacity };

/// A wish for a session somewhere. While it is PENDING it either waits or has a session that is ACTIVATING.
struct Placement {
    std::string id;  ///< the caller's, unique in the region
    std::string region;
    std::string queue_name;
    Slot queue = kNone;       ///< valid while PENDING
    std::uint64_t order = 0;  ///< its place among those that wait; kept when its session is lost
    std::uint64_t request_hash = 0;
    PlacementStatus status = PlacementStatus::Pending;
    std::uint32_t max_players = 0;
    std::string session_name;
    std::string session_data;
    std::vector<GameProperty> properties;
    std::vector<DesiredPlayer> players;
    std::vector<PlayerLatency> latencies;
    EngineTime started_at;
    WallTime started;
    EngineTime deadline = kNever;
    Slot session = kNone;  ///< PENDING: the one that is ACTIVATING for it
    EngineTime ended_at;
    WallTime ended;
    std::string why;  ///< why it FAILED
    // once FULFILLED: its session may be forgotten before it
    std::string session_id;
    std::string session_region;
    std::string address;
    std::uint16_t port = 0;
    std::vector<std::pair<std::string, std::string>> seats;  ///< player id, player session id
    // derived
    std::vector<plan::Reach> reach;
    // of this run
    std::vector<Slot> waits_at;  ///< fleets whose `waiting` has it, the preferred one first
    Slot grows = kNone;          ///< the fleet whose `demand` counts it
    std::uint64_t decision = 0;  ///< number in the DecisionLog; 0: none
    Slot first_choice = kNone;   ///< the fleet it would go to if all were up and had room; kNone: none is there
    bool first_choice_up = false;
    PlacementChoice choice = PlacementChoice::First;  ///< of its session
    bool nearest = false;                             ///< its session is where the players' latency is the lowest
};

struct FleetEvent {
    std::string id;
    Slot fleet = kNone;
    std::uint64_t order = 0;
    std::string code;
    std::string message;
    WallTime time;
    std::string log_key;
};

/// The time that one instance was there, and its logs: what statistics are made of, and what remains when it is gone.
struct InstanceUsage {
    static constexpr std::size_t kLogsMax = 16;

    Slot fleet = kNone;
    std::uint64_t order = 0;
    std::string instance_id;
    std::string address;
    WallTime began;
    bool over = false;
    WallTime ended;  ///< not before `began`
    EngineTime ended_at;
    std::vector<std::string> log_keys;  ///< of the steps of its preparation
};

/// A rule-based scaling policy: while `metric` `comparison` `threshold` has held for `minutes`, adjust
/// [API:PutScalingPolicy]. Gone with its fleet.
struct ScalingRule {
    Slot fleet = kNone;
    std::string name;  ///< of its own within the fleet
    ScalingMetric metric = ScalingMetric::AvailableGameServerSessions;
    Comparison comparison = Comparison::Greater;
    double threshold = 0;
    std::uint32_t minutes = 1;
    ScalingAdjustment adjustment_type = ScalingAdjustment::ChangeInCapacity;
    std::int64_t adjustment = 0;
    // of this run: after a restart a rule must hold for its whole time again
    EngineTime holds_since = kNever;  ///< kNever: it does not hold
};

/// A timed policy: what it sets, and when. What is not given stays as the fleet has it. Gone with its fleet
/// [定时变更扩缩容策略].
struct ScalingTimer {
    std::string id;
    Slot fleet = kNone;
    std::uint64_t order = 0;
    std::string name;
    bool stopped = false;
    WallTime created;
    WallTime last_fired;  ///< {} before the first time
    // what it sets
    std::optional<std::uint32_t> desired;
    std::optional<std::uint32_t> min;
    std::optional<std::uint32_t> max;
    std::optional<std::uint32_t> cooldown_minutes;
    TimerScaling scaling = TimerScaling::Undefined;
    std::optional<std::uint32_t> target_percent;
    // when
    TimerType type = TimerType::Once;
    std::uint32_t every_days = 0;
    std::uint32_t from_day = 0;
    std::uint32_t to_day = 0;
    std::uint32_t week_days = 0;  ///< bit 0 Monday … bit 6 Sunday
    WallTime begin;
    WallTime end = plan::kNoEnd;
    std::int32_t offset_minutes = 0;
    WallTime seen_until;  ///< what was due until then has fired, or never will
    std::optional<std::uint32_t> minimum_free;
    std::optional<bool> keep_one;
    // of this run
    EngineTime wakes_at;  ///< the one moment at which it is looked at again

    [[nodiscard]] plan::TimerSchedule schedule() const {
        return {type, every_days, from_day, to_day, week_days, begin, end, offset_minutes};
    }
};

/// Options of a region's upload bucket [API:UpdateBucketCORSOpt; API:UpdateBucketAccelerateOpt].
struct Bucket {
    std::string region;
    bool accelerated = false;
    bool has_cors = false;
    std::vector<std::string> allowed_origins;
    std::vector<std::string> allowed_methods;
    std::vector<std::string> allowed_headers;
    std::vector<std::string> exposed_headers;
    std::uint32_t max_age_s = 0;
};

/// What requests are signed with. Those of the server's own file are no records.
struct AccessKey {
    std::string id;      ///< SecretId, `AKID` and alphanumerics
    std::string secret;  ///< SecretKey; leaves the server once, in the answer that made it
    std::string description;
    bool disabled = false;
    bool read_only = false;
    std::uint64_t order = 0;
    WallTime created;
    WallTime last_used;  ///< {}: never; to the minute
};

/// One for the deployment.
struct Meta {
    std::uint64_t epoch = 0;       ///< grows with each start of a server
    std::uint64_t next_order = 1;  ///< for everything listed in order of creation
    EngineTime restored_at;        ///< {}: never; see restored.h
};

/// Sets every derived field back to empty, as rebuild() expects it.
template <class T>
void clear_derived(T&) {}
void clear_derived(Asset& asset);
void clear_derived(Fleet& fleet);
void clear_derived(Host& host);
void clear_derived(Instance& instance);
void clear_derived(Process& process);
void clear_derived(GameSession& session);
void clear_derived(PlayerSession& player);
void clear_derived(Queue& queue);
void clear_derived(ScalingRule& rule);
void clear_derived(ScalingTimer& timer);
void clear_derived(Placement& placement);

}  // namespace gse::core
