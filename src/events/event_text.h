/// From a change to the event that listeners get: JSON with the field names of the API.
#pragma once

#include "engine/changes.h"
#include "events/event_ring.h"

namespace gse::events {

[[nodiscard]] Event event_of(const engine::Change& change, WallTime time);

}  // namespace gse::events
