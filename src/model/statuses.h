/// The statuses of every noun and the moves between them. The core and its tests read the same tables.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gse {

/// [API:FleetAttributes; 查看事件]. A failure in any creation state leads to Error; DeleteFleet leads to Deleting.
enum class FleetStatus : std::uint8_t {
    New,
    Downloading,
    Validating,
    Building,
    Activating,
    Active,
    Error,
    Deleting,
    Terminated
};

/// Not ACTIVE yet, and on its way there.
constexpr bool in_creation(FleetStatus status) {
    switch (status) {
        case FleetStatus::New:
        case FleetStatus::Downloading:
        case FleetStatus::Validating:
        case FleetStatus::Building:
        case FleetStatus::Activating: return true;
        default: return false;
    }
}

/// Buckets of InstanceCounts [API:InstanceCounts, 查看监控]. Idle is Active with no session, so it is derived.
enum class InstanceStatus : std::uint8_t {
    Pending,   ///< being prepared or starting its first processes
    Active,    ///< runs at least one process that reported ready
    Draining,  ///< chosen for scale-in: no new sessions, its processes have been or will be asked to end
    Gone,      ///< every exit confirmed; the record is removed with the same change
};

/// [查看监控; 结束进程]
enum class ProcessStatus : std::uint8_t {
    Activating,  ///< launched, has not called ProcessReady
    Active,      ///< called ProcessReady
    Ending,      ///< was asked to end (OnProcessTerminate) or said ProcessEnding; never gets another session
    Terminated,  ///< exit confirmed by the agent
};

/// [API:GameServerSession]
enum class SessionStatus : std::uint8_t { Activating, Active, Terminating, Terminated, Error };

/// [API:PlayerSession, 接收玩家会话, 移除玩家会话]
enum class PlayerStatus : std::uint8_t { Reserved, Active, Completed, TimedOut };

/// [创建游戏服务器队列; API:GameServerSessionPlacement]. Only Pending moves, and only once.
enum class PlacementStatus : std::uint8_t { Pending, Fulfilled, TimedOut, Cancelled, Failed };

/// [创建服务器舰队]; names on the wire are the enumerators.
enum class ProtectionPolicy : std::uint8_t { NoProtection, TimeLimitProtection, FullProtection };

enum class AliasType : std::uint8_t { Simple, Terminal };

/// What an operator has said about a host (an extension).
enum class HostAvailability : std::uint8_t {
    Open,
    Cordoned,  ///< gets no further instances; those it has go on
    Draining,  ///< cordoned, and its instances leave: each as soon as another one stands in for it
};

/// Why a process is being ended; decides the event when it is gone.
enum class EndReason : std::uint8_t {
    None,
    ScaleIn,            ///< its instance is draining
    Unhealthy,          ///< three failed health checks
    EndedByApi,         ///< EndGameServerSessionAndProcess
    ActivationTimeout,  ///< a session was not activated in time
    FleetDeleted,
    Itself,        ///< called ProcessEnding
    ReadyTimeout,  ///< never called ProcessReady
    Replaced,      ///< its place left the configuration
    Killed,        ///< EndServerProcess with Force: at once, and without a word
};

/// One allowed move of a life cycle.
template <class Status>
struct Move {
    Status from;
    std::string_view why;
    Status to;
};

std::span<const Move<FleetStatus>> fleet_moves();
std::span<const Move<ProcessStatus>> process_moves();
std::span<const Move<SessionStatus>> session_moves();
std::span<const Move<PlayerStatus>> player_moves();
std::span<const Move<PlacementStatus>> placement_moves();

template <class Status>
constexpr bool is_allowed(std::span<const Move<Status>> moves, Status from, Status to) {
    for (const auto& move : moves)
        if (move.from == from && move.to == to) return true;
    return false;
}

/// As the API spells them.
std::string_view to_text(FleetStatus);
std::string_view to_text(SessionStatus);
std::string_view to_text(PlayerStatus);
std::string_view to_text(PlacementStatus);
std::string_view to_text(ProtectionPolicy);
std::string_view to_text(AliasType);
std::string_view to_text(HostAvailability);
/// For messages and metrics; the API has no words for these.
std::string_view to_text(InstanceStatus);
std::string_view to_text(ProcessStatus);
std::string_view to_text(EndReason);

/// False when `text` is none of the API's words; `out` is then untouched.
bool from_text(std::string_view text, ProtectionPolicy& out);
bool from_text(std::string_view text, SessionStatus& out);
bool from_text(std::string_view text, PlayerStatus& out);
bool from_text(std::string_view text, AliasType& out);
bool from_text(std::string_view text, HostAvailability& out);

}  // namespace gse
