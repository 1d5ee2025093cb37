/// Whole small files, read and replaced.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gse {

/// NotFound when there is none, RequestTooLarge over `max_bytes`, FailedOperation otherwise; messages name the path.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Old content or new, never a mixture, also after a power cut: written beside it, synced, renamed, folder synced.
/// Mode 0600.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Makes creations, renames and removals in `directory` durable.
Result<void> sync_directory(const std::filesystem::path& directory);

/// FailedOperation: "cannot <doing> <path>: <the reason in errno>".
[[nodiscard]] std::unexpected<Error> refuse_errno(std::string_view doing, const std::filesystem::path& path);

}  // namespace gse
