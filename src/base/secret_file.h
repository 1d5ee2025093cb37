/// A secret as an operator keeps it.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace gse {

/// One line; what ends it does not count. FailedOperation when others than its owner may read the file; of root's files
/// the group may too, unless we are root.
[[nodiscard]] Result<std::string> read_secret_file(const std::filesystem::path& path);

}  // namespace gse
