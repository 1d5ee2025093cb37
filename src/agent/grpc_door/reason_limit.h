/// How much of a status message is passed on: it travels in HTTP/2 trailers, which clients bound to 8 KiB.
#pragma once

#include <cstddef>

namespace gse::agent {

inline constexpr std::size_t kMaxReasonBytes = 1024;

}  // namespace gse::agent
