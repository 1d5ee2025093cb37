/// Waiting for fleets, and growing one so that it can take over the sessions of another.
#pragma once

#include <cstdint>
#include <string>

#include "cli/commands.h"

namespace gse::cli {

/// Between two looks at a server that is waited for.
inline constexpr Millis kBetweenLooks{500};

/// Looks until the fleet has the status, whatever the case of its letters, and says each new status on stderr.
/// Refusals: the fleet is gone; it is in ERROR (the newest event says why); the time is over; Ctrl-C was noted.
Result<api::FleetAttributes> wait_for_status(Session& session, const std::string& fleet_id, const std::string& status,
                                             std::uint64_t seconds);

/// Code and message of the newest event that says more than that the fleet changed its state; "" when there is none.
std::string newest_reason(Api& api, const std::string& fleet_id);

/// "interrupted" when Ctrl-C was noted.
Result<void> go_on(const Session& session);

/// Instances that carry `sessions` and leave `buffer_percent` (0 to 99) of all free: the server's own formula. At
/// least 1.
[[nodiscard]] std::uint64_t instances_for(std::uint64_t sessions, std::uint64_t per_instance,
                                          std::uint64_t buffer_percent);

/// What moving from one fleet to another has to carry.
struct Load {
    std::uint64_t sessions = 0;        ///< ACTIVE on the old fleet
    std::uint64_t free = 0;            ///< processes of the new fleet without a session
    std::uint64_t per_instance = 1;    ///< processes on an instance of the new fleet
    std::uint64_t buffer_percent = 0;  ///< of the new fleet's target-based policy, else of the old one's, else 0
};
Result<Load> load_of(Api& api, const std::string& from_fleet, const std::string& to_fleet);

/// Grows `to_fleet` until it has as many free processes as `from_fleet` has sessions and its buffer besides, raising
/// its maximum if it must, and waits for them. What it does is said on stderr.
Result<void> match_capacity(Session& session, const std::string& from_fleet, const std::string& to_fleet,
                            std::uint64_t seconds);

}  // namespace gse::cli
