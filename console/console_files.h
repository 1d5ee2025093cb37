/// The built console, inside the program.
#pragma once

#include <span>

#include "http/server.h"

namespace gse {

/// Empty in a build without Node.js (GSE_CONSOLE=OFF).
std::span<const http::StaticFile> console_files();

}  // namespace gse
