/// Access keys between the state and those who check requests by them.
#pragma once

#include <span>

#include "core/step.h"
#include "engine/key_book.h"

namespace gse::api {

/// Puts all keys of a recovered state in force.
void publish_access_keys(const core::State& state, engine::KeyBook& keys);
/// Writes down when keys were used last; what is known already, or of a key that is gone, changes nothing.
void record_uses(core::Step& step, std::span<const engine::KeyUse> uses);

}  // namespace gse::api
