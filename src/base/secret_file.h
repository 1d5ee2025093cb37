/// A secret as an operator keeps it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace gse {

/// One line; what ends it does not count. FailedOperation when others than its owner may read the file; of root's files
/// the group may too, unless we are root.
[[nodiscard]] Result<std::string> read_secret_file(const std::filesystem::path& path);

/// One line in a new file that only its owner may read; durable. InUse when there is something of that name: it stays.
Result<void> write_new_secret_file(const std::filesystem::path& path, const std::string& secret);

/// From the system's generator.
[[nodiscard]] std::string random_secret(std::size_t size);
/// So many bytes, as text of twice the size.
[[nodiscard]] std::string random_secret_hex(std::size_t size);

}  // namespace gse
