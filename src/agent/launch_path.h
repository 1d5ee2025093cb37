/// Finds what a launch path means on this host, following links as the game's own view of the files would.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gse::agent {

/// The real file of `path` (/local/game/…), which exists and is regular. Links may lead within /local/game, also by
/// absolute targets, or to the system's programs. NotFound or InvalidParameterValue with a sentence for people.
[[nodiscard]] Result<std::filesystem::path> find_launch_path(std::string_view path,
                                                             const std::filesystem::path& game_dir);

/// As above, and makes the file executable where it is the instance's own: zips made on Windows carry no such bits.
/// Answers whether it had to.
[[nodiscard]] Result<bool> make_launchable(std::string_view path, const std::filesystem::path& game_dir);

/// The folder of `path`, where the process starts. Both as the game sees them.
[[nodiscard]] std::string working_folder_of(std::string_view path);

}  // namespace gse::agent
