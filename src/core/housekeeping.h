/// What time does: timers that fire, fleets that are looked at again, ended things that leave.
#pragma once

#include "core/step.h"

namespace gse::core {

/// Fires timers that are due, at most `max`; true when more are due.
bool fire_timers(Step& step, std::size_t max);
/// Forgets ended sessions, player sessions, placements and deleted fleets beyond retention.*, at most `max` of each.
void retire_ended(Step& step, std::size_t max);
/// Last act of every batch: serves whoever waits, reconciles queued fleets and sends changed instance specs. One batch
/// stays bounded: for what is left a timer is due at once.
void settle(Step& step);

}  // namespace gse::core
