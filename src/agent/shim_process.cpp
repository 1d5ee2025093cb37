#include "agent/shim_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include <fmt/format.h>

#include "agent/proc.h"
#include "base/file.h"

namespace gse::agent {
namespace {

/// A copy of `fd` above the numbers that the shim expects, closed on exec.
Fd moved_up(Fd fd) { return Fd{fcntl(fd.get(), F_DUPFD_CLOEXEC, 10)}; }

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    out.reserve(words.size() + 1);
    for (auto& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> shim_arguments(const ShimSpec& spec) {
    std::vector<std::string> args{spec.shim.string(), "run", "--token", spec.token, "--dir", spec.folder.string()};
    const auto add = [&](const char* option, std::string value) {
        args.emplace_back(option);
        args.push_back(std::move(value));
    };
    add("--log-bytes", std::to_string(spec.log_bytes));
    add("--cwd", spec.working_folder);
    add("--nofile", std::to_string(spec.open_files));
    if (spec.uid >= 0) add("--uid", std::to_string(spec.uid));
    if (spec.gid >= 0) add("--gid", std::to_string(spec.gid));
    if (spec.processes >= 0) add("--nproc", std::to_string(spec.processes));
    if (spec.data_bytes >= 0) add("--data", std::to_string(spec.data_bytes));
    for (const auto& file : spec.cgroup_files) add("--cgroup", file);
    for (const auto& word : spec.wrap) add("--wrap", word);
    args.emplace_back("--");
    args.insert(args.end(), spec.program.begin(), spec.program.end());
    return args;
}

}  // namespace

Result<ShimChild> spawn_shim(const ShimSpec& spec) {
    const auto alive_path = spec.folder / "alive";
    Fd opened{open(alive_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!opened) return refuse_errno("create", alive_path);
    const Fd alive = moved_up(std::move(opened));
    // Locked before the shim exists and inherited by it: there is no moment in which a crash of ours could leave a
    // running game that looks dead.
    if (!alive || flock(alive.get(), LOCK_EX | LOCK_NB) != 0) return refuse_errno("lock", alive_path);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return refuse_errno("make a pipe for", spec.folder);
    Fd news{ends[0]};
    const Fd tell = moved_up(Fd{ends[1]});
    fcntl(news.get(), F_SETFL, O_NONBLOCK);

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, alive.get(), 3);
    posix_spawn_file_actions_adddup2(&actions, tell.get(), 4);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    std::vector<std::string> args = shim_arguments(spec);
    std::vector<std::string> environment = spec.environment;
    pid_t pid = 0;
    const int error = posix_spawn(&pid, spec.shim.c_str(), &actions, &attributes, pointers(args).data(),
                                  pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        errno = error;
        return refuse_errno("start", spec.shim);
    }
    ShimChild child;
    child.pid = pid;
    child.news = std::move(news);
    child.pidfd = Fd{static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};  // our child, not yet reaped: surely the same
    if (!child.pidfd) {
        kill(pid, SIGTERM);
        return refuse_errno("watch", spec.shim);
    }
    if (const auto stat = read_stat(pid)) child.start_ticks = stat->start_ticks;
    return child;
}

ShimNews parse_shim_news(std::string_view line) {
    const std::string text(line);
    ShimNews news;
    long long pid = 0;
    int error = 0;
    char step[32] = "";
    if (std::sscanf(text.c_str(), "started %lld", &pid) == 1 && pid > 0) {
        news.pid = pid;
    } else if (std::sscanf(text.c_str(), "failed %d %31[^\n]", &error, step) == 2) {
        news.message = fmt::format("{}: {}", step, std::strerror(error));
    } else {
        news.message = "gse-shim ended before it could start the game";
    }
    return news;
}

bool shim_alive(const std::filesystem::path& folder) {
    const Fd fd{open((folder / "alive").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
    return fd && flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::optional<ShimStarted> read_shim_started(const std::filesystem::path& folder) {
    const auto text = read_file(folder / "started", 4096);
    if (!text) return std::nullopt;
    long long shim = 0, game = 0, boot = 0;
    unsigned long long ticks = 0;
    if (std::sscanf(text->c_str(), "%lld %llu %lld %lld", &shim, &ticks, &game, &boot) != 4) return std::nullopt;
    return ShimStarted{shim, ticks, game, boot};
}

std::optional<ShimExit> read_shim_exit(const std::filesystem::path& folder) {
    const auto text = read_file(folder / "exit", 4096);
    if (!text) return std::nullopt;
    ShimExit result;
    long long uptime = 0, wall = 0;
    if (std::sscanf(text->c_str(), "%d %d %lld %lld", &result.code, &result.signal, &uptime, &wall) != 4)
        return std::nullopt;
    result.uptime_ms = uptime;
    result.ended_wall_ms = wall;
    return result;
}

std::string read_last_output(const std::filesystem::path& folder, std::size_t max_bytes) {
    std::string text;
    for (const char* name : {"output.log", "output.1.log"}) {
        const Fd fd{open((folder / name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        if (!fd) continue;
        const off_t size = lseek(fd.get(), 0, SEEK_END);
        const std::size_t wanted =
            std::min<std::size_t>(max_bytes - text.size(), static_cast<std::size_t>(std::max<off_t>(size, 0)));
        std::string part(wanted, '\0');
        const ssize_t n = pread(fd.get(), part.data(), wanted, size - static_cast<off_t>(wanted));
        part.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        text = part + text;
        if (text.size() >= max_bytes) break;
    }
    if (text.size() == max_bytes)
        if (const std::size_t line = text.find('\n');
            line != std::string::npos && line + 1 < text.size() && line < max_bytes / 2)
            text.erase(0, line + 1);
    return text;
}

Fd open_process(std::int64_t pid, std::uint64_t start_ticks) {
    Fd pidfd{static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0))};
    if (!pidfd) return {};
    // Looked at after the descriptor was opened: if it is the right one now, the descriptor is of the right one.
    const auto stat = read_stat(pid);
    if (!stat || stat->state == 'Z' || stat->start_ticks != start_ticks) return {};
    return pidfd;
}

Fd open_shim(std::int64_t pid, std::uint64_t start_ticks, const std::string& token) {
    Fd pidfd = open_process(pid, start_ticks);
    if (pidfd && read_command_line(pid).find(token) == std::string::npos) return {};
    return pidfd;
}

void kill_through_shim(const Fd& pidfd) { syscall(SYS_pidfd_send_signal, pidfd.get(), SIGTERM, nullptr, 0); }

void kill_tree(std::int64_t shim_pid, const Fd& pidfd) {
    // The parent is still there and unreaped (the descriptor says so), so the walk starts at the right process.
    for (const std::int64_t pid : process_tree(shim_pid))
        if (pid != shim_pid) kill(static_cast<pid_t>(pid), SIGKILL);
    syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

}  // namespace gse::agent
