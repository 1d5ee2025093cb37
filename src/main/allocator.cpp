#include "main/allocator.h"

#include <cstddef>

// jemalloc's; null where the program is linked with another allocator, as for sanitizers.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old, std::size_t* old_size, void* fresh,
                                             std::size_t fresh_size);

namespace gse {

std::uint64_t allocated_bytes() {
    if (mallctl == nullptr) return 0;
    // A new epoch brings the counters up to date.
    std::uint64_t epoch = 1;
    if (mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch) != 0) return 0;
    std::size_t bytes = 0, size = sizeof bytes;
    return mallctl("stats.allocated", &bytes, &size, nullptr, 0) == 0 ? bytes : 0;
}

}  // namespace gse
