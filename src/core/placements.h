/// Placements: wishes for a session that wait in order, and end once: FULFILLED, TIMED_OUT, CANCELLED or FAILED.
/// Source: [创建游戏服务器队列; 跨地域容灾; API:StartGameServerSessionPlacement].
///
/// A PENDING placement that has no session waits at every fleet it would go to now (Fleet::waiting). It is looked at
/// again when something changes where it may go: its latency policy, its queue, an alias or the state of a fleet. When
/// a fleet gets room, its placement of the lowest order is served. Nothing else is walked through.
#pragma once

#include "core/step.h"

namespace gse::core {

/// Placements that are looked at or served in one batch; the rest comes with the next.
inline constexpr std::size_t kPlacementsPerBatch = 2'048;

/// Stores a validated placement of `placement.queue`, and places it at once when it is its turn and there is room. It
/// may have FAILED already: no destination could ever take it.
Slot start_placement(Step& step, Placement placement);

/// PENDING → CANCELLED; a session that is ACTIVATING for it ends, with its process. Stopping twice is no error.
/// FailedOperation: it has ended otherwise.
Result<void> stop_placement(Step& step, Slot placement);

/// The queue goes; what is PENDING in it has FAILED.
void delete_queue(Step& step, Slot queue);

/// The session is ACTIVE: if it was made for a placement, that one is FULFILLED.
void fulfil_placement(Step& step, Slot session);
/// The session ended: if a placement still waited for it to be ACTIVE, it waits again, at its old place.
void put_placement_back(Step& step, Slot session);

/// Its timer: the timeout, or another latency policy comes into force.
void wake_placement(Step& step, Slot placement);

/// Looks at placements whose destinations may have changed, then serves fleets that have room: the lowest order first.
/// At most `max` placements.
void serve_placements(Step& step, std::size_t max);

/// Why a PENDING placement waits, as things are now.
[[nodiscard]] Decision explain_placement(const State& state, Now now, Slot placement);

}  // namespace gse::core
