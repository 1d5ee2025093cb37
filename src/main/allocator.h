/// What the allocator knows of this process' memory.
#pragma once

#include <cstdint>

namespace gse {

/// Bytes that parts of the program hold now. What was given back and not yet returned to the system, which the resident
/// size counts too, is not among them. 0: this allocator does not say.
[[nodiscard]] std::uint64_t allocated_bytes();

}  // namespace gse
