/// Instances: a fleet's servers, each living on a host. Source: [工作原理; 查看实例列表; API:InstanceCounts].
#pragma once

#include "core/step.h"

namespace gse::core {

/// Puts up to `count` new instances of the fleet on the hosts that plan/host_choice.h says, with ports for all their
/// processes; where none has room, on ones that are asked for, if somebody supplies hosts. How many were; fewer: there
/// is no room for another one. Looks at every host once.
std::uint32_t launch_instances(Step& step, Slot fleet, std::uint32_t count);
/// Why no host took an instance, in one line for people.
[[nodiscard]] std::string describe_no_room(const State& state, Slot fleet);

/// Chosen for scale-in: no new sessions from now on; after timers.drain_grace its processes are asked to end.
void drain_instance(Step& step, Slot instance);
/// Being scaled in, and nothing forbids to take it back: its host answers, and it is not being removed.
[[nodiscard]] bool can_reopen(const State& state, Slot instance);
/// Processes of it that were not asked to end.
[[nodiscard]] std::uint32_t untold_processes(const State& state, Slot instance);
/// It stays after all. Processes that were asked to end are replaced when they have.
void reopen_instance(Step& step, Slot instance);
/// timers.drain_grace has passed, or the deadline of its fleet's drain.
void end_drained_processes(Step& step, Slot instance);
/// Orders the removal of a draining instance once nothing runs on it and its logs are collected.
void remove_when_empty(Step& step, Slot instance);

void on_instance_step(Step& step, Slot host, const link::InstanceStep& report);
void on_instance_removed(Step& step, Slot host, const link::InstanceRemoved& report);
/// An instance came to nothing before it ran: the fleet's next one is launched after a pause, which doubles each time.
void delay_next_launch(Step& step, Slot fleet);
/// The host is lost: the instance goes with all it carried; sessions end in ERROR.
void lose_instance(Step& step, Slot instance, std::string_view why);

/// Gives a process's place up (it is unhealthy or its port is taken) and opens another with fresh ports.
/// False when the host has no free ports now: fill_places() tries again.
bool replace_place(Step& step, Slot instance, std::uint32_t place);
/// Opens the places that the fleet's configuration asks for and that are missing; tries again later while ports are
/// short.
bool fill_places(Step& step, Slot instance);
/// The fleet's recipes or permissions have changed from `before`: places for which something changed are given up and
/// others opened. Sessions go on to their end; the idle processes that they leave end as new ones get ready.
void renew_places(Step& step, Slot instance, const std::vector<ProcessRecipe>& before);
/// Ends processes that idle in retired places, except as many as stand in for new ones that are not ready yet.
void end_stand_ins(Step& step, Slot instance);
/// Forgets retired places on which nothing runs; their ports rest.
void drop_retired_places(Step& step, Slot instance);

/// What its agent said last of what it takes; nothing when that was too long ago.
[[nodiscard]] const link::InstanceLoad& load_of(const Instance& instance, EngineTime now);

[[nodiscard]] link::InstanceSpec instance_spec(const State& state, Slot instance);

}  // namespace gse::core
