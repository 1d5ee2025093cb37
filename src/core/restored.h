/// A state that was restored from a backup knows less than its hosts do: matches began and ended since. What runs is
/// not ended for that. For `timers.restored_grace` after the restore
/// - the processes of instances that the state does not know are told to end (OnProcessTerminate), and have until the
///   end of that time to finish their match;
/// - a match on a process that the state does know becomes a session of its own, which nobody can join: it keeps its
///   protection and its process until the game ends it;
/// - a session whose match is over meanwhile ends.
/// Processes that were idle get no session before their agent has described them.
/// Afterwards what is unknown is removed, as ever.
#pragma once

#include "core/step.h"

namespace gse::core {

/// The first change of a restored state. Agents refuse epochs below the highest they have obeyed, and nobody knows how
/// many starts the lost server had: the epoch goes on from the wall clock's milliseconds, which starts never reach, and
/// which later restores pass. Every agent is asked to describe its processes afresh.
void begin_restored(State& state, Now now);

/// What is left of the time in which unknown matches may go on; zero: nothing was restored, or it has passed.
[[nodiscard]] Millis restored_left(const Step& step);

/// A process of an instance that the state does not know.
void end_unknown_process(Step& step, Slot host, const std::string& process_id);

/// The agent has described the process: it no longer waits for that.
void end_rest(Step& step, Slot process);

/// The agent says which session runs on the process, as far as it knows; "" none. While restored_left() > 0.
void settle_match(Step& step, Slot process, const std::string& session_id);

}  // namespace gse::core
