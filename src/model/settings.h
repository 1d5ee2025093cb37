/// Every timer and limit of the system, as plain numbers. src/config reads them from the TOML file; the
/// defaults here are the defaults there. Timers default to the original's (document titles in brackets).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace gse {

struct Timers {
    Millis minute{60'000};              ///< length of a minute wherever the API counts minutes
    Millis reservation{60'000};         ///< RESERVED → TIMEDOUT [接收玩家会话]
    Millis process_ready{300'000};      ///< launch → ProcessReady [查看事件; value inferred]
    Millis process_exit{30'000};        ///< ProcessEnding → real exit, then SIGKILL [查看事件; value inferred]
    Millis end_grace{10'000};           ///< EndGameServerSessionAndProcess: OnProcessTerminate → SIGKILL
    Millis unprotected_grace{300'000};  ///< NoProtection: OnProcessTerminate → SIGKILL [结束游戏进程]
    Millis drain_grace{0};              ///< an instance is shielded → OnProcessTerminate
    Millis health_interval{
        60'000};  ///< between OnHealthCheck calls; the first comes one interval after ready [健康检查]
    Millis health_timeout{60'000};      ///< an answer later than this is a failure [进程准备就绪]
    std::uint32_t health_failures = 3;  ///< in a row, until unhealthy [gRPC tutorials]
    Millis sdk_call{10'000};            ///< a game's SDK call waits at most this long for the commit, then UNAVAILABLE
    Millis heartbeat{3'000};            ///< between an agent's signs of life
    Millis host_silent{15'000};         ///< no sign of life: shield the host
    Millis host_lost{600'000};          ///< no sign of life: SERVER_DOWN, sessions ERROR, instances replaced
    Millis restored_grace{86'400'000};  ///< after a restore: how long matches that the backup does not know may go on
    Millis restart_backoff_min{1'000};  ///< first wait before a crashed process is launched again; doubles
    Millis restart_backoff_max{60'000};
    Millis restart_backoff_reset{60'000};  ///< a process that lived this long starts over at the minimum
    Millis fleet_creation{1'200'000};      ///< a host has its instance → ACTIVE, else FLEET_VALIDATION_TIMED_OUT
    Millis host_start{900'000};            ///< the machine of a host that was asked for runs → its agent is connected
    Millis port_quarantine{5'000};         ///< a freed port rests, so that late packets of the old match reach nobody
};

/// Calls per second with one key in one region, by action.
struct Rates {
    bool documented = false;  ///< the original's, which the API model holds; else none
    std::map<std::string, std::uint32_t, std::less<>> actions;  ///< instead of those; 0: no limit
    friend bool operator==(const Rates&, const Rates&) = default;
};

/// Defaults are what a machine can hold; limits.profile = "gse-2019" restores the documented numbers [资源限制].
struct Limits {
    std::uint64_t aliases_per_region = 100'000;
    std::uint64_t fleets_per_region = 10'000;
    std::uint64_t assets_per_region = 100'000;
    std::uint64_t instances_per_region = 1'000'000;
    std::uint64_t queues_per_region = 10'000;
    std::uint64_t destinations_per_queue = 100;
    std::uint64_t placements_per_queue = 10'000;  ///< PENDING at once; further ones are refused
    std::uint64_t policies_per_fleet = 100;       ///< rule-based ones
    std::uint64_t timers_per_fleet = 100;
    std::uint64_t asset_bytes_per_region = 1ULL << 50;  ///< all registered packages together
    std::uint64_t players_per_session = 1'000'000;
    std::uint64_t waiting_calls = 1'000;  ///< WaitGameServerSessionPlacement at once
    std::uint64_t access_keys = 1'000;    ///< of the deployment, those of credentials.toml besides
    std::uint64_t hosts = 20'000;         ///< enrolled ones, of the deployment
    std::uint64_t host_tokens = 1'000;    ///< enrolment tokens that have not expired yet, used ones too
    Rates rates;
    std::uint64_t package_bytes = 8ULL << 30;            ///< one uploaded zip
    std::uint64_t log_bytes_per_session = 200ULL << 20;  ///< [资源限制]
    double silent_share = 0.30;  ///< more than this share of a region's hosts silent at once: shield and alarm only
};

/// How long and how many of what has ended stay queryable.
struct Retention {
    Millis ended_sessions{24 * 3'600'000LL};
    std::uint64_t ended_sessions_max = 200'000;
    Millis ended_players{3'600'000};
    std::uint64_t ended_players_max = 500'000;
    Millis ended_placements{24 * 3'600'000LL};  ///< a PlacementId is remembered, and taken, for this long
    std::uint64_t ended_placements_max = 100'000;
    std::uint64_t decisions = 10'000;  ///< explanations of placements, in memory only: promises are records
    std::uint64_t events_per_fleet = 1'000;
    Millis statistics{90 * 24 * 3'600'000LL};  ///< of instances that are gone
    std::uint64_t statistics_max = 100'000;
    Millis deleted_fleets{24 * 3'600'000LL};
    Millis idempotency{24 * 3'600'000LL};  ///< at least a day
};

/// What scaling does beyond what a fleet says itself.
struct ScalingSettings {
    std::uint64_t cooldown_minutes = 10;     ///< ScalingInterval of a new fleet [配置扩缩容]
    bool cooldown_delays_scale_out = false;  ///< scaling.cooldown = "both" is the original; ours grows at once
};

/// What monitoring keeps.
struct MetricSettings {
    std::uint64_t memory_bytes = 64ULL << 20;  ///< of samples; without room the ended go first, then the oldest hour
    bool instance_labels = false;              ///< /metrics has series for each instance too
};

/// Which host takes the next instance, of those that can.
enum class HostPacking : std::uint8_t {
    Spread,  ///< the one with the fewest instances of the fleet, then the one with the most free room
    Fill,    ///< the one with the least free room, so that others can be emptied and switched off
};

/// Where hosts come from, besides those that enrol by themselves.
enum class HostProvider : std::uint8_t {
    Hosts,       ///< from nowhere else
    Kubernetes,  ///< a Pod for each instance that finds no room
};

/// How instances share hosts.
struct HostSettings {
    HostProvider provider = HostProvider::Hosts;
    std::uint16_t port_low = 10'000;  ///< below the kernel's ephemeral range
    std::uint16_t port_high = 32'000;
    bool ports_beyond = true;  ///< a fleet whose InboundPermissions share no port with that range gets its own ports
    bool share = true;         ///< several instances a host; false for servers with fixed ports
    HostPacking packing = HostPacking::Spread;
};

/// What becomes of stored objects.
struct ObjectSettings {
    Millis keep_uploads{24 * 3'600'000LL};  ///< an upload goes after this, registered (and copied) or not; 0: never
};

struct InstanceType {
    std::string name;       ///< `S5.LARGE8`
    std::string type_name;  ///< `Standard S5`
    std::uint64_t cpu = 0;
    std::uint64_t memory_gb = 0;
    std::uint64_t network_card = 0;  ///< ×10,000 packets a second
};

/// Everything the core needs to know from the configuration. Constant while the process runs.
struct Settings {
    std::string default_region = "ap-shanghai";
    std::vector<std::string> regions{"ap-shanghai", "ap-beijing",  "ap-guangzhou", "ap-chengdu",
                                     "ap-nanjing",  "ap-hongkong", "ap-singapore", "ap-mumbai",
                                     "ap-seoul",    "ap-tokyo",    "ap-bangkok",   "na-siliconvalley",
                                     "na-ashburn",  "na-toronto",  "eu-frankfurt", "eu-moscow"};
    std::string uin = "100000000001";  ///< the account number in ARNs
    std::vector<InstanceType> instance_types{
        {"S5.SMALL2", "Standard S5", 1, 2, 30},       {"S5.MEDIUM4", "Standard S5", 2, 4, 30},
        {"S5.MEDIUM8", "Standard S5", 2, 8, 30},      {"S5.LARGE8", "Standard S5", 4, 8, 50},
        {"S5.LARGE16", "Standard S5", 4, 16, 50},     {"S5.2XLARGE16", "Standard S5", 8, 16, 80},
        {"S5.2XLARGE32", "Standard S5", 8, 32, 80},   {"S5.4XLARGE32", "Standard S5", 16, 32, 150},
        {"S5.4XLARGE64", "Standard S5", 16, 64, 150}, {"C3.LARGE8", "Compute C3", 4, 8, 80},
        {"C3.2XLARGE16", "Compute C3", 8, 16, 130}};
    Timers timers;
    Limits limits;
    Retention retention;
    ScalingSettings scaling;
    HostSettings hosts;
    MetricSettings metrics;
    ObjectSettings objects;
};

}  // namespace gse
