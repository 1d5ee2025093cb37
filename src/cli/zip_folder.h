/// Packs a folder for upload.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace gse::cli {

struct ZipSummary {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;  ///< before packing
};

/// What lies in `folder` (not the folder itself) becomes the root of the zip, modes kept, in sorted order. Refuses
/// anything but files and folders, naming it, and more than 100,000 entries. `zip` is removed again after a refusal.
Result<ZipSummary> zip_folder(const std::filesystem::path& folder, const std::filesystem::path& zip);

}  // namespace gse::cli
