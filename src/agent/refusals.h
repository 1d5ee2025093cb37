/// What an installer was refused, read from what its tools say of it.
#pragma once

#include <string>
#include <string_view>

namespace gse::agent {

/// The paths outside /local/game that the lines of `output` say were refused ("Read-only file system", "Permission
/// denied"), as `/opt/a, /usr/lib/b`: in order, each once, at most three. A line that names a path by its last part
/// only is quoted. "": nothing was refused.
[[nodiscard]] std::string refused_paths(std::string_view output);

}  // namespace gse::agent
