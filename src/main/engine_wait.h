/// For threads that may wait: a decision, made and durable when this returns.
#pragma once

#include <memory>

#include "base/result.h"
#include "engine/engine.h"

namespace gse {

/// Runs `decide` on the owner's thread and waits until all it has seen and done is durable. Overloaded: that takes too
/// long; whether it was decided is not known, and `decide` may still run later.
Result<void> decide_and_wait(engine::Engine& engine, engine::Engine::Kind kind,
                             std::move_only_function<void(core::Step&)> decide);

}  // namespace gse
