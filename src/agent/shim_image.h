/// The gse-shim program, carried inside the agent so that one binary is all a host needs.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace gse::agent {

/// Writes the program to `folder`/gse-shim-<hash> unless it is there, and returns that path. Shims of earlier versions
/// stay: games may still run under them.
[[nodiscard]] Result<std::filesystem::path> install_shim(const std::filesystem::path& folder);

}  // namespace gse::agent
