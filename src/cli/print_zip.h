/// Shows what is inside a zip of logs.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "base/result.h"

namespace gse::cli {

/// Each file of the zip with a line `==> name <==` above it, in the zip's order; at most 1 GiB in all. Control
/// characters but tabs and line ends, which a game or a player may have chosen, are shown as `?`.
Result<void> print_zip(const std::filesystem::path& zip, std::ostream& out);

/// The same for any text.
void print_plain(std::string_view text, std::ostream& out);

}  // namespace gse::cli
