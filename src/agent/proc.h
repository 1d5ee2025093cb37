/// What /proc tells about processes: identity, kinship and open sockets. Reads only; every walk is bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace gse::agent {

struct ProcStat {
    std::int64_t parent = 0;
    std::uint64_t start_ticks = 0;  ///< since boot; with the pid it names one process for good
    char state = '?';               ///< `Z`: over, not yet reaped
    bool exiting = false;           ///< it runs no code of its own any more
    std::uint64_t cpu_ticks = 0;    ///< used so far, by the process and the kernel for it
    std::uint64_t resident_pages = 0;
};

/// nullopt when there is no such process.
[[nodiscard]] std::optional<ProcStat> read_stat(std::int64_t pid);

/// Arguments, NUL-separated, at most 64 KiB; "" when there is no such process.
[[nodiscard]] std::string read_command_line(std::int64_t pid);

/// `root` and all its descendants, at most `max`.
[[nodiscard]] std::vector<std::int64_t> process_tree(std::int64_t root, std::size_t max = 4096);

/// Whether `pid` is `root` or descends from it; looks at no more than 64 ancestors.
[[nodiscard]] bool descends_from(std::int64_t pid, std::int64_t root);

/// Whether `pid` has the socket `inode` open. False too when its descriptors may not be looked at.
[[nodiscard]] bool has_socket(std::int64_t pid, std::uint64_t inode);

/// Whether a process of `pids` has one of the sockets `inodes` open.
[[nodiscard]] bool any_has_socket(const std::vector<std::int64_t>& pids,
                                  const std::unordered_set<std::uint64_t>& inodes);

/// How many descriptors of `pid` are sockets among `inodes`.
[[nodiscard]] std::size_t count_sockets(std::int64_t pid, const std::unordered_set<std::uint64_t>& inodes);

/// Every process whose environment holds `assignment` (`NAME=value`). Reads all of /proc: for emergencies only.
[[nodiscard]] std::vector<std::int64_t> processes_with_environment(const std::string& assignment);

}  // namespace gse::agent
