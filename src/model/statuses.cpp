#include "model/statuses.h"

#include <array>

namespace gse {
namespace {

using enum FleetStatus;

constexpr std::array kFleetMoves = {
    Move<FleetStatus>{New, "a host took the first instance", Downloading},
    Move<FleetStatus>{Downloading, "package unpacked, installer run, launch paths found", Validating},
    Move<FleetStatus>{Validating, "a first process reported ready", Building},
    Move<FleetStatus>{Building, "always follows", Activating},
    Move<FleetStatus>{Activating, "every configured process of the first instance reported ready", Active},
    Move<FleetStatus>{New, "failed", FleetStatus::Error},
    Move<FleetStatus>{Downloading, "failed", FleetStatus::Error},
    Move<FleetStatus>{Validating, "failed", FleetStatus::Error},
    Move<FleetStatus>{Building, "failed", FleetStatus::Error},
    Move<FleetStatus>{Activating, "failed", FleetStatus::Error},
    Move<FleetStatus>{New, "DeleteFleet", Deleting},
    Move<FleetStatus>{Downloading, "DeleteFleet", Deleting},
    Move<FleetStatus>{Validating, "DeleteFleet", Deleting},
    Move<FleetStatus>{Building, "DeleteFleet", Deleting},
    Move<FleetStatus>{Activating, "DeleteFleet", Deleting},
    Move<FleetStatus>{FleetStatus::Active, "DeleteFleet", Deleting},
    Move<FleetStatus>{FleetStatus::Error, "DeleteFleet", Deleting},
    Move<FleetStatus>{Deleting, "the last instance is gone", FleetStatus::Terminated},
};

constexpr std::array kProcessMoves = {
    Move<ProcessStatus>{ProcessStatus::Activating, "ProcessReady", ProcessStatus::Active},
    Move<ProcessStatus>{ProcessStatus::Activating, "asked to end", ProcessStatus::Ending},
    Move<ProcessStatus>{ProcessStatus::Active, "asked to end, or ProcessEnding", ProcessStatus::Ending},
    Move<ProcessStatus>{ProcessStatus::Activating, "exited", ProcessStatus::Terminated},
    Move<ProcessStatus>{ProcessStatus::Active, "exited", ProcessStatus::Terminated},
    Move<ProcessStatus>{ProcessStatus::Ending, "exited", ProcessStatus::Terminated},
};

constexpr std::array kSessionMoves = {
    Move<SessionStatus>{SessionStatus::Activating, "ActivateGameServerSession", SessionStatus::Active},
    Move<SessionStatus>{SessionStatus::Activating, "not activated in time, or its process is lost",
                        SessionStatus::Error},
    Move<SessionStatus>{SessionStatus::Activating, "ended by the game or by the API", SessionStatus::Terminated},
    Move<SessionStatus>{SessionStatus::Active, "ended by the game or by the API", SessionStatus::Terminated},
    Move<SessionStatus>{SessionStatus::Active, "its process is lost", SessionStatus::Error},
};

constexpr std::array kPlayerMoves = {
    Move<PlayerStatus>{PlayerStatus::Reserved, "AcceptPlayerSession", PlayerStatus::Active},
    Move<PlayerStatus>{PlayerStatus::Reserved, "not accepted within a minute", PlayerStatus::TimedOut},
    Move<PlayerStatus>{PlayerStatus::Reserved, "its session ended, or RemovePlayerSession", PlayerStatus::Completed},
    Move<PlayerStatus>{PlayerStatus::Active, "RemovePlayerSession, or its session ended", PlayerStatus::Completed},
};

constexpr std::array kPlacementMoves = {
    Move<PlacementStatus>{PlacementStatus::Pending, "its session is ACTIVE", PlacementStatus::Fulfilled},
    Move<PlacementStatus>{PlacementStatus::Pending, "the queue's timeout has passed", PlacementStatus::TimedOut},
    Move<PlacementStatus>{PlacementStatus::Pending, "StopGameServerSessionPlacement", PlacementStatus::Cancelled},
    Move<PlacementStatus>{PlacementStatus::Pending, "no destination can ever take it", PlacementStatus::Failed},
};

template <class Status>
struct Name {
    Status status;
    std::string_view text;
};

constexpr std::array kFleetNames = {
    Name<FleetStatus>{New, "NEW"},
    Name<FleetStatus>{Downloading, "DOWNLOADING"},
    Name<FleetStatus>{Validating, "VALIDATING"},
    Name<FleetStatus>{Building, "BUILDING"},
    Name<FleetStatus>{Activating, "ACTIVATING"},
    Name<FleetStatus>{FleetStatus::Active, "ACTIVE"},
    Name<FleetStatus>{FleetStatus::Error, "ERROR"},
    Name<FleetStatus>{Deleting, "DELETING"},
    Name<FleetStatus>{FleetStatus::Terminated, "TERMINATED"},
};
constexpr std::array kSessionNames = {
    Name<SessionStatus>{SessionStatus::Activating, "ACTIVATING"},
    Name<SessionStatus>{SessionStatus::Active, "ACTIVE"},
    Name<SessionStatus>{SessionStatus::Terminating, "TERMINATING"},
    Name<SessionStatus>{SessionStatus::Terminated, "TERMINATED"},
    Name<SessionStatus>{SessionStatus::Error, "ERROR"},
};
constexpr std::array kPlayerNames = {
    Name<PlayerStatus>{PlayerStatus::Reserved, "RESERVED"},
    Name<PlayerStatus>{PlayerStatus::Active, "ACTIVE"},
    Name<PlayerStatus>{PlayerStatus::Completed, "COMPLETED"},
    Name<PlayerStatus>{PlayerStatus::TimedOut, "TIMEDOUT"},
};
constexpr std::array kPlacementNames = {
    Name<PlacementStatus>{PlacementStatus::Pending, "PENDING"},
    Name<PlacementStatus>{PlacementStatus::Fulfilled, "FULFILLED"},
    Name<PlacementStatus>{PlacementStatus::TimedOut, "TIMED_OUT"},
    Name<PlacementStatus>{PlacementStatus::Cancelled, "CANCELLED"},
    Name<PlacementStatus>{PlacementStatus::Failed, "FAILED"},
};
constexpr std::array kProtectionNames = {
    Name<ProtectionPolicy>{ProtectionPolicy::NoProtection, "NoProtection"},
    Name<ProtectionPolicy>{ProtectionPolicy::TimeLimitProtection, "TimeLimitProtection"},
    Name<ProtectionPolicy>{ProtectionPolicy::FullProtection, "FullProtection"},
};
constexpr std::array kAliasNames = {
    Name<AliasType>{AliasType::Simple, "SIMPLE"},
    Name<AliasType>{AliasType::Terminal, "TERMINAL"},
};
constexpr std::array kAvailabilityNames = {
    Name<HostAvailability>{HostAvailability::Open, "OPEN"},
    Name<HostAvailability>{HostAvailability::Cordoned, "CORDONED"},
    Name<HostAvailability>{HostAvailability::Draining, "DRAINING"},
};
constexpr std::array kInstanceNames = {
    Name<InstanceStatus>{InstanceStatus::Pending, "PENDING"},
    Name<InstanceStatus>{InstanceStatus::Active, "ACTIVE"},
    Name<InstanceStatus>{InstanceStatus::Draining, "TERMINATING"},
    Name<InstanceStatus>{InstanceStatus::Gone, "GONE"},
};
constexpr std::array kProcessNames = {
    Name<ProcessStatus>{ProcessStatus::Activating, "ACTIVATING"},
    Name<ProcessStatus>{ProcessStatus::Active, "ACTIVE"},
    Name<ProcessStatus>{ProcessStatus::Ending, "ENDING"},
    Name<ProcessStatus>{ProcessStatus::Terminated, "TERMINATED"},
};
constexpr std::array kEndNames = {
    Name<EndReason>{EndReason::None, "none"},
    Name<EndReason>{EndReason::ScaleIn, "scale-in"},
    Name<EndReason>{EndReason::Unhealthy, "unhealthy"},
    Name<EndReason>{EndReason::EndedByApi, "ended by the API"},
    Name<EndReason>{EndReason::ActivationTimeout, "session not activated in time"},
    Name<EndReason>{EndReason::FleetDeleted, "fleet deleted"},
    Name<EndReason>{EndReason::Itself, "ended itself"},
    Name<EndReason>{EndReason::ReadyTimeout, "never reported ready"},
    Name<EndReason>{EndReason::Replaced, "replaced"},
    Name<EndReason>{EndReason::Killed, "killed by the API"},
};

template <class Status, std::size_t N>
std::string_view name_of(const std::array<Name<Status>, N>& names, Status status) {
    for (const auto& name : names)
        if (name.status == status) return name.text;
    return "?";
}

template <class Status, std::size_t N>
bool status_of(const std::array<Name<Status>, N>& names, std::string_view text, Status& out) {
    for (const auto& name : names) {
        if (name.text != text) continue;
        out = name.status;
        return true;
    }
    return false;
}

}  // namespace

std::span<const Move<FleetStatus>> fleet_moves() { return kFleetMoves; }
std::span<const Move<ProcessStatus>> process_moves() { return kProcessMoves; }
std::span<const Move<SessionStatus>> session_moves() { return kSessionMoves; }
std::span<const Move<PlayerStatus>> player_moves() { return kPlayerMoves; }
std::span<const Move<PlacementStatus>> placement_moves() { return kPlacementMoves; }

std::string_view to_text(FleetStatus s) { return name_of(kFleetNames, s); }
std::string_view to_text(SessionStatus s) { return name_of(kSessionNames, s); }
std::string_view to_text(PlayerStatus s) { return name_of(kPlayerNames, s); }
std::string_view to_text(PlacementStatus s) { return name_of(kPlacementNames, s); }
std::string_view to_text(ProtectionPolicy s) { return name_of(kProtectionNames, s); }
std::string_view to_text(AliasType s) { return name_of(kAliasNames, s); }
std::string_view to_text(HostAvailability s) { return name_of(kAvailabilityNames, s); }
std::string_view to_text(InstanceStatus s) { return name_of(kInstanceNames, s); }
std::string_view to_text(ProcessStatus s) { return name_of(kProcessNames, s); }
std::string_view to_text(EndReason s) { return name_of(kEndNames, s); }

bool from_text(std::string_view text, ProtectionPolicy& out) { return status_of(kProtectionNames, text, out); }
bool from_text(std::string_view text, SessionStatus& out) { return status_of(kSessionNames, text, out); }
bool from_text(std::string_view text, PlayerStatus& out) { return status_of(kPlayerNames, text, out); }
bool from_text(std::string_view text, AliasType& out) { return status_of(kAliasNames, text, out); }
bool from_text(std::string_view text, HostAvailability& out) { return status_of(kAvailabilityNames, text, out); }

}  // namespace gse
