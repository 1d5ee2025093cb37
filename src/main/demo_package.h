/// The demo game as a package: what the console's first steps upload.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "objects/object_store.h"

namespace gse {

/// Packs `gse-chat`, which lies beside this program, and puts the package into `bucket`; its key. `version` is shown on
/// the game's page: `v1`, `v2` …, up to 20 letters, digits and dots. NotFound when there is no gse-chat. Takes about a
/// second: for a worker thread.
Result<std::string> put_demo_package(objects::ObjectStore& store, std::string_view bucket, std::string_view version,
                                     const std::filesystem::path& program_folder, std::uint64_t bytes_max);

}  // namespace gse
