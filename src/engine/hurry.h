/// That nobody should be kept waiting: the caller has gone, or the server is about to.
#pragma once

#include <atomic>
#include <memory>

namespace gse::engine {

/// Set once by whoever knows the caller, from any thread; looked at by the engine every half second at the latest.
/// Null: the caller stays.
using Hurry = std::shared_ptr<const std::atomic<bool>>;

}  // namespace gse::engine
