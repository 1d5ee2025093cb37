#include "agent/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "agent/game_path.h"
#include "base/fd.h"
#include "base/file.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kProbeUser = 1'900'000'000;

std::string find_program(const char* name) {
    for (const char* folder : {"/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin"})
        if (const std::string path = fmt::format("{}/{}", folder, name); access(path.c_str(), X_OK) == 0) return path;
    return {};
}

bool may_switch_users() {
    if (geteuid() != 0) return false;
    const pid_t child = fork();
    if (child == 0) {
        // In a user namespace with few ids mapped this is refused.
        const auto id = static_cast<uid_t>(kProbeUser);
        _exit(syscall(SYS_setresgid, id, id, id) == 0 && syscall(SYS_setresuid, id, id, id) == 0 ? 0 : 1);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

std::vector<std::string> system_arguments() {
    std::vector<std::string> args{"--unshare-ipc", "--new-session", "--ro-bind", "/usr", "/usr"};
    for (const char* path : {"/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"}) {
        std::error_code error;
        if (fs::is_symlink(path, error)) {
            args.insert(args.end(), {"--symlink", fs::read_symlink(path, error).string(), path});
        } else if (fs::is_directory(path, error)) {
            args.insert(args.end(), {"--ro-bind", path, path});
        }
    }
    args.insert(args.end(), {"--ro-bind", "/etc", "/etc"});
    // What only root may read is nothing for a game, whoever the game runs as.
    for (const char* path :
         {"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/krb5.keytab"})
        if (std::error_code error; fs::is_regular_file(path, error))
            args.insert(args.end(), {"--ro-bind", "/dev/null", path});
    for (const char* path : {"/etc/ssh", "/etc/ssl/private", "/etc/sudoers.d", "/etc/gse", "/etc/opengse",
                             "/etc/kubernetes", "/etc/docker"})
        if (std::error_code error; fs::is_directory(path, error)) args.insert(args.end(), {"--tmpfs", path});
    // Folders that bubblewrap would make by itself on the way would be closed to all but root.
    // Those after them are where installers like to write: they shall hear that they may not, not that there is
    // nothing.
    for (const char* path :
         {"/local", "/var", "/sys", "/sys/devices", "/sys/devices/system", "/opt", "/srv", "/mnt", "/home", "/root"})
        args.insert(args.end(), {"--perms", "0755", "--dir", path});
    args.insert(args.end(), {"--proc",
                             "/proc",
                             "--dev",
                             "/dev",
                             "--perms",
                             "1777",
                             "--tmpfs",
                             "/dev/shm",
                             "--perms",
                             "1777",
                             "--tmpfs",
                             "/tmp",
                             "--perms",
                             "1777",
                             "--tmpfs",
                             "/var/tmp",
                             "--tmpfs",
                             "/run",
                             "--symlink",
                             "/run",
                             "/var/run",
                             "--perms",
                             "0755",
                             "--dir",
                             "/run/systemd",
                             "--ro-bind-try",
                             "/run/systemd/resolve",
                             "/run/systemd/resolve",
                             "--ro-bind-try",
                             "/sys/devices/system/cpu",
                             "/sys/devices/system/cpu"});
    return args;
}

/// Runs `words`, at most 10 s. "" when it exited with 0, else what it said.
std::string try_command(std::vector<std::string> words) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return std::strerror(errno);
    const Fd reading{ends[0]};
    Fd writing{ends[1]};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, writing.get(), 2);
    std::vector<char*> args;
    for (auto& word : words) args.push_back(word.data());
    args.push_back(nullptr);
    char* no_environment[] = {nullptr};
    pid_t pid = 0;
    const int error = posix_spawn(&pid, args[0], &actions, nullptr, args.data(), no_environment);
    posix_spawn_file_actions_destroy(&actions);
    writing.reset();
    if (error != 0) return std::strerror(error);
    std::string said;
    pollfd waiting{reading.get(), POLLIN, 0};
    bool late = true;
    while (poll(&waiting, 1, 10'000) > 0) {
        char buffer[1024];
        const ssize_t n = read(reading.get(), buffer, sizeof buffer);
        if (n <= 0) {
            late = false;
            break;
        }
        if (said.size() < 1024) said.append(buffer, static_cast<std::size_t>(n));
    }
    if (late) kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    if (status == 0) return {};
    while (!said.empty() && said.back() == '\n') said.pop_back();
    return said.empty() ? fmt::format("it ended with status {}", status) : said;
}

/// "" or why it does not work with these arguments.
std::string try_bubblewrap(const std::string& bwrap, const std::vector<std::string>& arguments) {
    std::vector<std::string> words{bwrap};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), {"--", find_program("true")});
    return try_command(words);
}

}  // namespace

Result<Sandbox> Sandbox::find(SandboxMode mode, const fs::path& data_dir) {
    Sandbox sandbox;
    sandbox.data_dir_ = data_dir;
    if (mode == SandboxMode::None) return sandbox;
    const std::string bwrap = find_program("bwrap");
    bool own_users = false;  // games are in user namespaces of their own
    if (bwrap.empty()) {
        sandbox.reason_ = "bubblewrap is not installed (Debian: apt install bubblewrap)";
    } else {
        sandbox.system_ = system_arguments();
        const std::string said = try_bubblewrap(bwrap, sandbox.system_);
        // As root it makes no user namespace unless it is told to, and root in a container may not do without.
        if (!said.empty() && geteuid() == 0) {
            sandbox.system_.emplace_back("--unshare-user");
            own_users = try_bubblewrap(bwrap, sandbox.system_).empty();
        }
        if (said.empty() || own_users)
            sandbox.bwrap_ = bwrap;
        else
            sandbox.reason_ = fmt::format("bubblewrap does not work here: {}", said);
    }
    if (!sandbox.isolates() && mode == SandboxMode::Bubblewrap)
        return refuse(ErrorCode::FailedOperation,
                      sandbox.reason_ + "; install and allow it, or set the sandbox to auto or none");
    // Without a mount namespace a game could not reach its files below the private data directory under another id; in
    // a user namespace of its own there is but one id.
    sandbox.private_users_ = sandbox.isolates() && !own_users && may_switch_users();
    return sandbox;
}

SandboxPlan Sandbox::plan(const SandboxedGame& game) const {
    if (!isolates()) {
        SandboxPlan plan;
        for (const auto& word : game.program) plan.program.push_back(map_game_paths(word, game.game_dir));
        plan.working_folder = map_game_paths(game.working_folder, game.game_dir);
        return plan;
    }
    SandboxPlan plan{{bwrap_}, game.program, game.working_folder};
    plan.wrap.insert(plan.wrap.end(), system_.begin(), system_.end());
    if (!game.etc_dir.empty()) {
        plan.wrap.insert(plan.wrap.end(), {"--ro-bind", game.etc_dir / "passwd", "/etc/passwd", "--ro-bind",
                                           game.etc_dir / "group", "/etc/group"});
    }
    plan.wrap.insert(plan.wrap.end(), {"--bind", game.game_dir.string(), std::string(kGameRoot), "--ro-bind",
                                       game.shim.string(), "/run/gse-shim", "--chdir", "/"});
    // Last: else whoever may write to the sandbox's own root would find his files gone the next time, without a word.
    plan.wrap.insert(plan.wrap.end(), {"--remount-ro", "/"});
    if (geteuid() == 0) {
        // Just enough for the shim to take the game's user; if there is none to take, what a game may need as "root".
        plan.wrap.insert(plan.wrap.end(), {"--cap-drop", "ALL"});
        if (private_users_) {
            plan.wrap.insert(plan.wrap.end(),
                             {"--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SYS_RESOURCE"});
        } else {
            for (const char* cap : {"CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID",
                                    "CAP_KILL", "CAP_NET_BIND_SERVICE"})
                plan.wrap.insert(plan.wrap.end(), {"--cap-add", cap});
        }
    }
    plan.wrap.emplace_back("--");
    return plan;
}

Result<void> write_game_users(const fs::path& etc_dir, GameUser user) {
    std::error_code error;
    fs::create_directories(etc_dir, error);
    constexpr std::size_t kTableBytesMax = 4 << 20;
    std::string passwd = read_file("/etc/passwd", kTableBytesMax).value_or("root:x:0:0:root:/root:/bin/sh\n");
    std::string group = read_file("/etc/group", kTableBytesMax).value_or("root:x:0:\n");
    const auto without = [](const std::string& table, const std::string& name) {
        std::string out;
        for (std::size_t at = 0; at < table.size();) {
            const std::size_t end = std::min(table.find('\n', at), table.size());
            if (table.compare(at, name.size() + 1, name + ":") != 0) out += table.substr(at, end - at) + "\n";
            at = end + 1;
        }
        return out;
    };
    if (user.uid >= 0) {
        passwd = without(passwd, "user_00") + fmt::format("user_00:x:{}:{}::/local/game:/bin/sh\n", user.uid, user.gid);
        group = without(group, "users") + fmt::format("users:x:{}:\n", user.gid);
    }
    TRY(write_file_atomically(etc_dir / "passwd", passwd));
    TRY(write_file_atomically(etc_dir / "group", group));
    for (const char* name : {"passwd", "group"}) {
        fs::permissions(etc_dir / name, fs::perms(0644), error);
        if (error)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("cannot make {} readable: {}", (etc_dir / name).string(), error.message()));
    }
    return {};
}

}  // namespace gse::agent
