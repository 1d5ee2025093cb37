/// How many files and sockets this process may have open.
#pragma once

#include <cstddef>

namespace gse {

/// Raises the limit as far as it goes without privilege, and says what it is. Most systems start programs with a soft
/// limit of 1,024 and a hard one far above it.
std::size_t raise_open_files();

}  // namespace gse
