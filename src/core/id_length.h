/// How long the random part of an id of ours is: "ins-" and these letters.
#pragma once

#include <cstddef>

namespace gse::core {

inline constexpr std::size_t kIdLength = 8;

}  // namespace gse::core
