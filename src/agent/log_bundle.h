/// The files that a process named as its logs [进程准备就绪], as one zip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace gse::agent {

struct LogRequest {
    std::filesystem::path game_dir;     ///< the instance's copy: nothing outside it is read
    std::string working_folder;         ///< of the process, /local/game/…; relative paths start there
    std::vector<std::string> paths;     ///< as the process named them
    std::filesystem::path process_dir;  ///< its own output is added as process.log; may be empty
    std::uint64_t bytes_max = 0;        ///< of the zip and of what goes into it
    std::uint64_t files_max = 10'000;
};

struct LogBundle {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;  ///< size of the zip
    std::string message;      ///< what was left out and why; "" when nothing was
};

/// Writes `zip`. Only regular files beneath the game's folder are taken, without following any link; pipes, devices
/// and links are named in `message` and left out. Insufficient: there is no room for the zip.
[[nodiscard]] Result<LogBundle> bundle_logs(const LogRequest& request, const std::filesystem::path& zip);

}  // namespace gse::agent
