/// A fleet that is to run empty: it takes no new sessions, an instance goes when its last session has ended, and no
/// range, buffer or policy holds one. Nothing is ended by force before the drain's deadline, if it has one; then what
/// is left is, whatever its protection. It can be taken back at any time.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/step.h"
#include "plan/drain_estimate.h"

namespace gse::core {

struct DrainOptions {
    bool deny_joins = false;
    std::optional<Millis> deadline;  ///< from now
    bool delete_when_empty = false;
};

/// Again, it replaces the options. Unavailable: not ACTIVE. Unsupported: its processes are started by hand. InUse: a
/// SIMPLE alias points to it.
Result<void> drain_fleet(Step& step, Slot fleet, const DrainOptions& options);

/// Takes it back: processes that were not asked to end are open again, the others are replaced. No error if it does not
/// drain.
void undrain_fleet(Step& step, Slot fleet);

/// Lets go what is idle, and what is left at the deadline; notices when the fleet is empty.
void reconcile_draining(Step& step, Slot fleet);

/// How long past sessions of the fleet took, sorted; the last `kLengthsMax`.
inline constexpr std::size_t kLengthsMax = 1'000;
[[nodiscard]] std::vector<Millis> session_lengths(const State& state, const Fleet& fleet);

/// Of these sessions, how old each is and when force ends it; the youngest `kEstimatedMax` of them stand for all.
inline constexpr std::size_t kEstimatedMax = 1'000;
[[nodiscard]] std::vector<plan::RunningSession> running_sessions(const State& state, EngineTime now,
                                                                 std::span<const Slot> sessions);

}  // namespace gse::core
