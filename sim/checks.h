/// What must hold after every step, whatever happened, and what must come to rest once faults stop.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/state.h"
#include "sim/server.h"

namespace gse::sim {

/// One run of the server: remembers what it saw last, to judge moves.
class Checks {
public:
    /// Throws Violation.
    void after_step(const Server& server, EngineTime now);
    /// The server restarted: what it had not made durable never happened.
    void forget();

private:
    struct SeenProcess {
        ProcessStatus status;
        core::Slot session;
        WallTime fleet_drains;     ///< since; {} when it does not
        EngineTime instance_goes;  ///< since; {} when it stays
    };
    void check_drains(const core::State& state);
    void check_timers(const core::State& state);
    std::map<std::string, FleetStatus> fleets_;
    std::map<std::string, std::pair<WallTime, std::size_t>> drains_;  ///< fleet id → since, instances that stay
    std::map<std::string, WallTime> timers_;                          ///< timer id → last firing
    std::map<std::string, SeenProcess> processes_;
    std::map<std::string, SessionStatus> sessions_;
    std::map<std::string, PlayerStatus> players_;
    struct SeenPlacement {
        PlacementStatus status;
        core::Slot session;
    };
    void check_placements(const core::State& state, EngineTime now);
    std::map<std::uint64_t, SeenPlacement> placements_;       ///< by order
    std::map<std::string, std::set<std::uint64_t>> waiting_;  ///< fleet id → orders
    std::uint64_t looked_at_ = 0;                             ///< orders below it were given before the last look
    std::uint64_t last_event_ = 0;
};

/// Why the world has not come to rest; nullopt when it has.
[[nodiscard]] std::optional<std::string> unsettled(const core::State& state, EngineTime now);

}  // namespace gse::sim
