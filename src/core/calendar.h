/// Timed policies: at their moments they replace capacity settings of their fleet [定时变更扩缩容策略].
///
/// Moments are of the wall clock, which may jump. A timer is therefore looked at by engine time, at least once a
/// minute, and what is due is told from what has fired by ScalingTimer::seen_until, which is journaled with the change.
#pragma once

#include "core/step.h"

namespace gse::core {

/// The timer is new, or its schedule is: from now on its moments count.
void start_calendar(Step& step, Slot timer);

/// Fires it if it is due. `at` is the moment this look was armed for; of one that is not the timer's next look nothing
/// comes. A fleet that is not ACTIVE yet lets its timers wait.
void check_calendar(Step& step, Slot timer, EngineTime at);

}  // namespace gse::core
