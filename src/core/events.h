/// Fleet events. Codes: [查看事件; API:Event].
#pragma once

#include <string>
#include <string_view>

#include "core/step.h"

namespace gse::core {

/// Adds an event to a fleet; the oldest leave when there are more than retention.events_per_fleet.
void add_event(Step& step, Slot fleet, std::string_view code, std::string message, std::string log_key = {});

}  // namespace gse::core
