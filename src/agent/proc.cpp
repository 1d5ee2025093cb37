#include "agent/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "base/fd.h"

namespace gse::agent {
namespace {

struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

std::string read_text(const std::string& path, std::size_t max) {
    const Fd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return {};
    std::string text(max, '\0');
    std::size_t size = 0;
    while (size < max) {
        const ssize_t n = read(fd.get(), text.data() + size, max - size);
        if (n <= 0) break;
        size += static_cast<std::size_t>(n);
    }
    text.resize(size);
    return text;
}

constexpr unsigned long long kExiting = 0x4;  ///< PF_EXITING, among the flags of the kernel

/// `socket:[123]` → 123, anything else → 0.
std::uint64_t socket_inode(const std::string& link) {
    char target[64];
    const ssize_t n = readlink(link.c_str(), target, sizeof target - 1);
    if (n <= 9 || std::memcmp(target, "socket:[", 8) != 0) return 0;
    std::uint64_t inode = 0;
    std::from_chars(target + 8, target + n, inode);
    return inode;
}

template <class Visit>
void each_number_in(const std::string& folder, Visit visit) {
    const Dir dir{opendir(folder.c_str())};
    if (!dir) return;
    while (const dirent* entry = readdir(dir.get())) {
        std::int64_t number = 0;
        const char* end = entry->d_name + std::strlen(entry->d_name);
        if (std::from_chars(entry->d_name, end, number).ptr == end && end != entry->d_name)
            if (!visit(number)) return;
    }
}

}  // namespace

std::optional<ProcStat> read_stat(std::int64_t pid) {
    const std::string text = read_text(fmt::format("/proc/{}/stat", pid), 1024);
    const std::size_t name_end = text.rfind(')');  // the name may hold anything
    if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
    ProcStat stat;
    const char* at = text.c_str() + name_end + 2;
    stat.state = *at;
    for (int field = 3; field < 24; ++field) {  // `at` is moved to the field after it
        at = std::strchr(at, ' ');
        if (!at) return std::nullopt;
        ++at;
        if (field == 3) stat.parent = std::strtoll(at, nullptr, 10);
        if (field == 8) stat.exiting = (std::strtoull(at, nullptr, 10) & kExiting) != 0;
        if (field == 13 || field == 14) stat.cpu_ticks += std::strtoull(at, nullptr, 10);  // in the program, the kernel
        if (field == 21) stat.start_ticks = std::strtoull(at, nullptr, 10);
        if (field == 23) stat.resident_pages = std::strtoull(at, nullptr, 10);
    }
    return stat;
}

std::string read_command_line(std::int64_t pid) { return read_text(fmt::format("/proc/{}/cmdline", pid), 64 << 10); }

std::vector<std::int64_t> process_tree(std::int64_t root, std::size_t max) {
    std::vector<std::int64_t> tree{root};
    for (std::size_t i = 0; i < tree.size() && tree.size() < max; ++i) {
        const std::string tasks = fmt::format("/proc/{}/task", tree[i]);
        each_number_in(tasks, [&](std::int64_t task) {
            const std::string text = read_text(fmt::format("{}/{}/children", tasks, task), 64 << 10);
            const char* at = text.data();
            const char* end = at + text.size();
            while (at < end && tree.size() < max) {
                std::int64_t child = 0;
                const auto [next, error] = std::from_chars(at, end, child);
                if (error != std::errc()) break;
                tree.push_back(child);
                at = next + 1;
            }
            return tree.size() < max;
        });
    }
    return tree;
}

bool descends_from(std::int64_t pid, std::int64_t root) {
    for (int depth = 0; depth < 64 && pid > 1; ++depth) {
        if (pid == root) return true;
        const auto stat = read_stat(pid);
        if (!stat) return false;
        pid = stat->parent;
    }
    return false;
}

bool has_socket(std::int64_t pid, std::uint64_t inode) { return any_has_socket({pid}, {inode}); }

bool any_has_socket(const std::vector<std::int64_t>& pids, const std::unordered_set<std::uint64_t>& inodes) {
    bool found = false;
    for (const std::int64_t pid : pids) {
        const std::string folder = fmt::format("/proc/{}/fd", pid);
        each_number_in(folder, [&](std::int64_t fd) {
            found = inodes.contains(socket_inode(fmt::format("{}/{}", folder, fd)));
            return !found;
        });
        if (found) return true;
    }
    return false;
}

std::size_t count_sockets(std::int64_t pid, const std::unordered_set<std::uint64_t>& inodes) {
    std::size_t count = 0;
    if (inodes.empty()) return count;
    const std::string folder = fmt::format("/proc/{}/fd", pid);
    each_number_in(folder, [&](std::int64_t fd) {
        count += inodes.contains(socket_inode(fmt::format("{}/{}", folder, fd)));
        return true;
    });
    return count;
}

std::vector<std::int64_t> processes_with_environment(const std::string& assignment) {
    std::vector<std::int64_t> pids;
    each_number_in("/proc", [&](std::int64_t pid) {
        const std::string text = '\0' + read_text(fmt::format("/proc/{}/environ", pid), 64 << 10);
        if (text.find('\0' + assignment + '\0') != std::string::npos) pids.push_back(pid);
        return true;
    });
    return pids;
}

}  // namespace gse::agent
