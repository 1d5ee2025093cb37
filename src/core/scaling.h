/// The number of a fleet's instances, and how it is reached. What it should be is decided in plan/capacity.h.
/// Source: [弹性伸缩; 配置扩缩容; 工作原理].
#pragma once

#include "core/step.h"
#include "plan/capacity.h"

namespace gse::core {

/// What decides the number of a fleet's instances. Its rules come in the order of Fleet::rules.
[[nodiscard]] plan::CapacityView capacity_view(const State& state, const Fleet& fleet, EngineTime now);

/// Gives an ACTIVE fleet that does not drain the number of instances that it should have.
void scale_fleet(Step& step, Slot fleet);

/// Drains those instances of hosts being drained that somebody stands in for, those with the fewest sessions first.
/// `wanted` is how many the fleet should have.
void let_leave(Step& step, Slot fleet, std::uint32_t wanted);

/// Takes back what is being scaled in, and launches, until that many instances stay or there is no room.
void grow_fleet(Step& step, Slot fleet, std::uint32_t wanted);

}  // namespace gse::core
