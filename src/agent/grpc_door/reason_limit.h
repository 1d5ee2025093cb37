/// How much of a status message is passed on: games and agents need not agree on who wrote it.
#pragma once

#include <cstddef>

namespace gse::agent {

inline constexpr std::size_t kMaxReasonBytes = 1024;

}  // namespace gse::agent
