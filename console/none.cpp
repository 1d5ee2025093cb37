#include "console_files.h"

namespace gse {

std::span<const http::StaticFile> console_files() { return {}; }

}  // namespace gse
