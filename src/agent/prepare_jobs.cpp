#include "agent/prepare_jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/beneath.h"
#include "agent/game_path.h"
#include "agent/launch_path.h"
#include "agent/refusals.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;

StepOutcome failed(std::string message, bool try_again, std::string log = {}) {
    return {
        .ok = false, .try_again = try_again, .message = message, .log = log.empty() ? message + "\n" : std::move(log)};
}

Result<std::string> hash_file(const fs::path& path) {
    const Fd fd{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return refuse_errno("open", path);
    Sha256 hash;
    std::vector<std::byte> buffer(256 << 10);
    for (;;) {
        const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
        if (n < 0) return refuse_errno("read", path);
        if (n == 0) return to_hex(hash.finish());
        hash.add(std::span(buffer.data(), static_cast<std::size_t>(n)));
    }
}

/// False when the descriptor did not become readable in time, or `stop` came first.
bool wait_readable(int fd, Millis limit, const std::atomic<bool>& stop) {
    constexpr int kLookMs = 200;  // how soon `stop` is noticed
    for (std::int64_t waited = 0; waited < limit.count() && !stop; waited += kLookMs) {
        pollfd waiting{fd, POLLIN, 0};
        if (poll(&waiting, 1, kLookMs) > 0) return true;
    }
    return false;
}

}  // namespace

void end_leftover(const fs::path& folder) {
    if (!shim_alive(folder)) return;
    const auto started = read_shim_started(folder);
    if (!started) return;
    const Fd pidfd = open_shim(started->shim_pid, started->shim_ticks, folder.string());
    if (!pidfd) return;
    kill_through_shim(pidfd);
    const std::atomic<bool> never = false;
    if (!wait_readable(pidfd.get(), Millis{3'000}, never)) kill_tree(started->shim_pid, pidfd);
}

StepOutcome verify_package(const fs::path& part, const std::string& sha256, const fs::path& cached) {
    const auto actual = hash_file(part);
    if (!actual) return failed(actual.error().message, true);
    if (*actual != sha256) {
        std::error_code error;
        fs::remove(part, error);
        return failed(
            fmt::format("The downloaded package has SHA-256 {}, {} was expected; it is fetched again", *actual, sha256),
            true);
    }
    if (rename(part.c_str(), cached.c_str()) != 0) return failed(refuse_errno("rename", part).error().message, true);
    (void)sync_directory(cached.parent_path());
    return {};
}

StepOutcome extract_package(const fs::path& package, const InstanceFolders& folders, const UnzipLimits& limits,
                            GameUser user, const std::atomic<bool>& stop) {
    end_leftover(folders.install());
    remove_tree(folders.install());
    remove_tree(folders.game());
    if (mkdir(folders.game().c_str(), 0755) != 0)
        return failed(refuse_errno("create", folders.game()).error().message, true);
    const auto done = unzip(package, folders.game(), limits, user, stop);
    if (!done) {
        remove_tree(folders.game());  // half of it serves nobody, and keeps a full disk full
        StepOutcome outcome = failed(done.error().message, done.error().code != ErrorCode::InvalidParameterValue);
        outcome.disk_full = done.error().code == ErrorCode::Insufficient;
        return outcome;
    }
    const auto users = write_game_users(folders.etc(), user);
    if (!users) return failed(users.error().message, true);
    StepOutcome outcome{.message = fmt::format("{} files, {} bytes", done->files, done->bytes)};
    outcome.log = fmt::format("Extracting the package to /local/game\n{}{} files, {} bytes\n", done->listing,
                              done->files, done->bytes);
    return outcome;
}

StepOutcome run_installer(const InstallerRun& run, const std::atomic<bool>& stop) {
    struct stat info{};
    const fs::path script = run.folders.game() / "install.sh";
    if (lstat(script.c_str(), &info) != 0) return {.message = "no install.sh"};  // no log: no event
    if (!S_ISREG(info.st_mode)) return failed("install.sh is not a regular file; make it one", false);
    std::string log = "Running installer at /local/game/install.sh\n";
    const fs::path folder = run.folders.install();
    remove_tree(folder);
    if (mkdir(folder.c_str(), 0700) != 0) return failed(refuse_errno("create", folder).error().message, true);
    const SandboxPlan plan = run.sandbox->plan({.game_dir = run.folders.game(),
                                                .etc_dir = run.folders.etc(),
                                                .shim = run.shim,
                                                .program = {"/bin/sh", std::string(kGameRoot) + "/install.sh"},
                                                .working_folder = std::string(kGameRoot)});
    ShimSpec spec{.shim = run.shim,
                  .token = folder.string(),
                  .folder = folder,
                  .log_bytes = run.log_bytes,
                  .uid = run.user.uid,
                  .gid = run.user.gid,
                  .working_folder = plan.working_folder,
                  .cgroup_files = run.limits.cgroup_files,
                  .processes = run.limits.rlimit_processes,
                  .data_bytes = run.limits.rlimit_data_bytes,
                  .wrap = plan.wrap,
                  .program = plan.program,
                  .environment = run.environment};
    const auto child = spawn_shim(spec);
    if (!child) return failed(child.error().message, true);
    const bool in_time = wait_readable(child->pidfd.get(), run.time_limit, stop);
    if (!in_time) {
        kill_through_shim(child->pidfd);
        const std::atomic<bool> never = false;
        if (!wait_readable(child->pidfd.get(), Millis{5'000}, never)) kill_tree(child->pid, child->pidfd);
    }
    siginfo_t ended{};
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(child->pidfd.get()), &ended, WEXITED);
    log += read_last_output(folder, static_cast<std::size_t>(run.log_bytes));
    if (!log.ends_with('\n')) log += '\n';
    if (stop) return failed("stopped", true, log);
    if (!in_time)
        return failed(fmt::format("install.sh did not end within {} s; make it shorter or raise the limit",
                                  run.time_limit.count() / 1000),
                      false, log);
    char line[160] = "";
    const ssize_t n = read(child->news.get(), line, sizeof line - 1);
    const ShimNews news = parse_shim_news(std::string_view(line, n > 0 ? static_cast<std::size_t>(n) : 0));
    if (news.pid == 0)
        return failed(fmt::format("install.sh could not be run: {}", news.message), true, log + news.message + "\n");
    const auto exit = read_shim_exit(folder);
    if (!exit) return failed("install.sh was killed from outside", true, log);
    if (exit->signal != 0) {
        return failed(fmt::format("install.sh was ended by signal {}; its output is in the log", exit->signal), false,
                      log + fmt::format("ended by signal {}\n", exit->signal));
    }
    const std::string refused = refused_paths(log);
    const std::string advice =
        refused.empty() ? ""
                        : fmt::format(
                              "it was refused {}, for it may write below {} only; install there, and set PATH or "
                              "LD_LIBRARY_PATH in the launched script",
                              refused, kGameRoot);
    if (exit->code != 0) {
        return failed(fmt::format("install.sh ended with exit code {}{}{}; its output is in the log", exit->code,
                                  advice.empty() ? "" : ": ", advice),
                      false, log + fmt::format("exit code {}\n", exit->code));
    }
    StepOutcome outcome{.message = fmt::format("install.sh ended well after {} ms", exit->uptime_ms),
                        .log = log + "exit code 0\n"};
    if (!advice.empty()) outcome.notice = fmt::format("install.sh ended well, but {}", advice);
    return outcome;
}

StepOutcome validate_paths(const std::vector<std::string>& launch_paths, const InstanceFolders& folders) {
    StepOutcome outcome;
    outcome.log = "Searching for runtime path.\n";
    for (const auto& path : launch_paths) {
        const auto found = make_launchable(path, folders.game());
        if (found) {
            outcome.log += fmt::format("{}: found{}\n", path, *found ? ", made executable" : "");
            continue;
        }
        outcome.log += fmt::format("{}: not found. {}\n", path, found.error().message);
        if (outcome.ok) outcome.message = found.error().message;
        outcome.ok = false;
        outcome.try_again = false;
    }
    if (outcome.ok) outcome.message = fmt::format("{} launch paths found", launch_paths.size());
    return outcome;
}

WantedUser read_wanted_user(const fs::path& game_dir) {
    const Fd root{open(game_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const Fd file = open_beneath(root.get(), "gse.yaml", O_RDONLY | O_NONBLOCK);
    if (!file) return {};
    std::string text(4096, '\0');
    const ssize_t n = read(file.get(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    WantedUser wanted;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        at = end + 1;
        std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\''; });
        if (!line.starts_with("User:")) continue;
        wanted.asked = true;
        if (line != "User:user_00:users") wanted.problem = "gse.yaml: only 'User: user_00:users' is supported";
    }
    return wanted;
}

void remove_tree(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);  // does not follow links
}

}  // namespace gse::agent
