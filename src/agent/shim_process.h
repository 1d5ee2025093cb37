/// One run of gse-shim: started, recognised after a restart of the agent, and ended. Its folder holds
/// `alive` (locked as long as the shim lives), `started`, `exit`, `output.log` and `output.1.log`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace gse::agent {

struct ShimSpec {
    std::filesystem::path shim;
    std::string token;             ///< in the shim's arguments, so that it can be recognised
    std::filesystem::path folder;  ///< exists
    std::uint64_t log_bytes = 1 << 20;
    std::int64_t uid = -1;  ///< -1: as the agent
    std::int64_t gid = -1;
    std::string working_folder;
    std::vector<std::string> cgroup_files;  ///< the game writes itself into these
    std::int64_t open_files = 65'536;
    std::int64_t processes = -1;           ///< RLIMIT_NPROC
    std::int64_t data_bytes = -1;          ///< RLIMIT_DATA
    std::vector<std::string> wrap;         ///< bubblewrap and its arguments; empty: none
    std::vector<std::string> program;      ///< ≥ 1 word
    std::vector<std::string> environment;  ///< NAME=value, all of it
};

struct ShimChild {
    std::int64_t pid = 0;
    std::uint64_t start_ticks = 0;
    Fd pidfd;  ///< readable when the shim is over
    Fd news;   ///< one line when the game runs or cannot run, then end of file
};

/// HostResources-like failures only: whether the game itself could be executed is said on `news`.
[[nodiscard]] Result<ShimChild> spawn_shim(const ShimSpec& spec);

/// What the line on `news` says. `pid` 0: it failed; `message` says why.
struct ShimNews {
    std::int64_t pid = 0;
    std::string message;
};
[[nodiscard]] ShimNews parse_shim_news(std::string_view line);

struct ShimStarted {
    std::int64_t shim_pid = 0;
    std::uint64_t shim_ticks = 0;
    std::int64_t game_pid = 0;
    std::int64_t started_boot_ms = 0;  ///< CLOCK_BOOTTIME
};
struct ShimExit {
    int code = 0;
    int signal = 0;
    std::int64_t uptime_ms = 0;
    std::int64_t ended_wall_ms = 0;
};

[[nodiscard]] bool shim_alive(const std::filesystem::path& folder);
[[nodiscard]] std::optional<ShimStarted> read_shim_started(const std::filesystem::path& folder);
[[nodiscard]] std::optional<ShimExit> read_shim_exit(const std::filesystem::path& folder);
/// The end of the game's output, at most `max_bytes`, cut at a line where possible.
[[nodiscard]] std::string read_last_output(const std::filesystem::path& folder, std::size_t max_bytes);

/// A descriptor that becomes readable when the process is over; empty when it is over, or is not the process that
/// started at `start_ticks`.
[[nodiscard]] Fd open_process(std::int64_t pid, std::uint64_t start_ticks);
/// The same for a shim, which has `token` among its arguments.
[[nodiscard]] Fd open_shim(std::int64_t pid, std::uint64_t start_ticks, const std::string& token);

/// Asks the shim to kill everything below it and end.
void kill_through_shim(const Fd& pidfd);
/// For a shim that does not answer: SIGKILL for everything below it, then for itself. May be repeated.
void kill_tree(std::int64_t shim_pid, const Fd& pidfd);

}  // namespace gse::agent
