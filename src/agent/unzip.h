/// Packages are zips from anyone [创建生成包]. This unpacks one, or refuses it with a sentence that says what to
/// change.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "agent/sandbox.h"
#include "base/result.h"

namespace gse::agent {

struct UnzipLimits {
    std::uint64_t bytes = 32ULL << 30;  ///< all files, unpacked
    std::uint64_t entries = 500'000;
    std::uint64_t path_bytes = 1'024;  ///< one entry's name
    std::uint64_t ratio = 200;         ///< unpacked : packed, once ratio_from is exceeded
    std::uint64_t ratio_from = 64ULL << 20;
};

struct Unzipped {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::string listing;  ///< one line a file, at most 1 MiB
};

/// Unpacks into `folder`, which exists and is empty. Refused: absolute names, `..`, names twice, symlinks that lead
/// outside, hard links, devices, encrypted or damaged entries, and whatever exceeds `limits`. Execute bits are kept;
/// set-id bits are not. Files belong to `owner`. `stop` ends it early.
[[nodiscard]] Result<Unzipped> unzip(const std::filesystem::path& zip, const std::filesystem::path& folder,
                                     const UnzipLimits& limits, GameUser owner, const std::atomic<bool>& stop);

/// Whether `name` may be an entry's: relative, no `..`, no empty or NUL part. Returns it normalised.
[[nodiscard]] Result<std::string> check_entry_name(std::string_view name, std::uint64_t path_bytes_max);

/// Whether a symlink at `name` with this target stays within the package (without following anything).
[[nodiscard]] bool link_stays_inside(std::string_view name, std::string_view target);

}  // namespace gse::agent
