/// The "s" of "3 instances": nothing for one, for messages that people read.
#pragma once

#include <cstdint>

namespace gse {

constexpr const char* plural(std::uint64_t n) { return n == 1 ? "" : "s"; }

}  // namespace gse
