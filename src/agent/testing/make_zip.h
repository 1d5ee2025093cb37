/// Zips for tests, good and bad ones.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gse::agent::testing {

struct ZipEntry {
    std::string name;
    std::string content;
    unsigned mode = 0100644;       ///< with the file type
    std::string link_target = {};  ///< of a symlink
};

/// The bytes of a zip with these entries; names are taken as they are.
std::string make_zip(const std::vector<ZipEntry>& entries);

}  // namespace gse::agent::testing
