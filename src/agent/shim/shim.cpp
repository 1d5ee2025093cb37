// gse-shim: stands between the agent and one game process, so that the game outlives the agent.
//
// A static program of its own without the C++ runtime: it must not depend on the agent's libraries, which may be
// replaced under it, and its pages are shared by all shims of a host. It
// - starts the game (through bubblewrap where given), in its own session, as the reaper of all its descendants;
// - holds the lock on descriptor 3 that says "this process lives": whoever can take that lock knows the shim is gone;
// - copies the game's output into two files of bounded size;
// - writes the file `started`, and at the end the file `exit`, atomically and synced;
// - on SIGTERM kills everything below it. When the launched process ends, what it left behind is killed as well.
//
// Usage: gse-shim run --token T --dir D --log-bytes N [--uid U --gid G] --cwd C [--cgroup FILE]… [--nofile N] [--nproc
// N]
//        [--data N] [--wrap ARG]… -- PROGRAM ARG…
//        gse-shim exec REPORT_FD UID GID CWD NOFILE NPROC DATA PROGRAM ARG…   (inside the sandbox)
// Descriptor 3: the locked file. Descriptor 4: a pipe that hears `started PID` or `failed ERRNO STEP`, then is closed.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr int kLockFd = 3;
constexpr int kTellFd = 4;
constexpr int kArgsMax = 4096;
constexpr const char* kInnerShim = "/run/gse-shim";

/// What the starting process reports before it becomes the game; the pipe closes by itself at exec.
struct StartReport {
    int32_t pid;    ///< the process that is about to exec
    int32_t error;  ///< errno, 0 so far
    char step[24];
};

struct Options {
    const char* token = "";
    const char* dir = nullptr;
    long log_bytes = 1 << 20;
    long uid = -1;
    long gid = -1;
    const char* cwd = "/";
    long nofile = 65536;
    long nproc = -1;
    long data = -1;
    const char* cgroups[8] = {};
    int cgroup_count = 0;
    char* wrap[kArgsMax] = {};
    int wrap_count = 0;
    char** program = nullptr;
};

long long now_ms(clockid_t clock) {
    timespec ts{};
    clock_gettime(clock, &ts);
    return static_cast<long long>(ts.tv_sec) * 1000 + ts.tv_nsec / 1000000;
}

void write_all(int fd, const char* data, size_t size) {
    while (size > 0) {
        const ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;  // a full disk must not stop the game
        data += n;
        size -= static_cast<size_t>(n);
    }
}

/// Ticks since boot at which `pid` started: with the pid, what tells a process from a later one of the same number.
unsigned long long start_ticks(int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    char text[1024];
    const ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = 0;
    char* at = strrchr(text, ')');  // the name may hold anything
    if (!at) return 0;
    for (int field = 2; field < 22; ++field) {
        at = strchr(at + 1, ' ');
        if (!at) return 0;
    }
    return strtoull(at + 1, nullptr, 10);
}

/// Replaces `name` in `dir` so that a reader sees the old or the new text, even after a power cut.
void write_file(int dir, const char* name, const char* text) {
    char draft[64];
    snprintf(draft, sizeof draft, "%s.tmp", name);
    const int fd = openat(dir, draft, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return;
    write_all(fd, text, strlen(text));
    if (ftruncate(fd, static_cast<off_t>(strlen(text))) == 0) fsync(fd);
    close(fd);
    renameat(dir, draft, dir, name);
    fsync(dir);
}

bool limit(int resource, long value) {
    if (value < 0) return true;
    rlimit current{};
    getrlimit(static_cast<__rlimit_resource>(resource), &current);
    rlim_t wanted = static_cast<rlim_t>(value);
    if (geteuid() != 0 && current.rlim_max != RLIM_INFINITY && wanted > current.rlim_max) wanted = current.rlim_max;
    const rlimit next{wanted, wanted};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &next) == 0) return true;
    const rlimit best{current.rlim_max, current.rlim_max};
    return setrlimit(static_cast<__rlimit_resource>(resource), &best) == 0;
}

[[noreturn]] void fail(int report, const char* step) {
    StartReport message{getpid(), errno ? errno : EIO, {}};
    strncpy(message.step, step, sizeof message.step - 1);
    write_all(report, reinterpret_cast<const char*>(&message), sizeof message);
    _exit(127);
}

/// The last step before the game: limits, identity, folder, exec. Never returns.
[[noreturn]] void become_game(int report, long uid, long gid, const char* cwd, long nofile, long nproc, long data,
                              char** program) {
    fcntl(report, F_SETFD, FD_CLOEXEC);
    StartReport hello{getpid(), 0, {}};
    write_all(report, reinterpret_cast<const char*>(&hello), sizeof hello);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, nofile);
    if (!limit(RLIMIT_NPROC, nproc)) fail(report, "limit of processes");
    if (!limit(RLIMIT_DATA, data)) fail(report, "limit of memory");
    if (gid >= 0) {
        if (setgroups(0, nullptr) != 0) fail(report, "setgroups");
        if (setresgid(static_cast<gid_t>(gid), static_cast<gid_t>(gid), static_cast<gid_t>(gid)) != 0)
            fail(report, "setgid");
    }
    if (uid >= 0 && setresuid(static_cast<uid_t>(uid), static_cast<uid_t>(uid), static_cast<uid_t>(uid)) != 0)
        fail(report, "setuid");
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (chdir(cwd) != 0) fail(report, "working folder");
    execv(program[0], program);
    if (errno == ENOEXEC) {
        // A script without #! line, as execvp and every shell take it.
        char* shell[kArgsMax];
        int n = 0;
        static char sh[] = "/bin/sh";
        shell[n++] = sh;
        for (char** arg = program; *arg && n + 1 < kArgsMax; ++arg) shell[n++] = *arg;
        shell[n] = nullptr;
        execv(shell[0], shell);
    }
    fail(report, "execute");
}

/// SIGKILL for every child, once. As the reaper of orphans we inherit the rest and come back for it.
int kill_children() {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        // A kernel without that file: ask every process for its parent.
        DIR* proc = opendir("/proc");
        if (!proc) return 0;
        int killed = 0;
        while (const dirent* entry = readdir(proc)) {
            const int pid = atoi(entry->d_name);
            if (pid <= 1) continue;
            snprintf(path, sizeof path, "/proc/%d/stat", pid);
            const int stat_fd = open(path, O_RDONLY | O_CLOEXEC);
            if (stat_fd < 0) continue;
            char text[512];
            const ssize_t n = read(stat_fd, text, sizeof text - 1);
            close(stat_fd);
            if (n <= 0) continue;
            text[n] = 0;
            const char* at = strrchr(text, ')');
            if (at && strlen(at) > 4 && atoi(at + 4) == getpid()) killed += kill(pid, SIGKILL) == 0;
        }
        closedir(proc);
        return killed;
    }
    int killed = 0;
    char text[4096];
    int number = 0;
    for (;;) {
        const ssize_t n = read(fd, text, sizeof text);
        if (n <= 0) break;
        for (ssize_t i = 0; i < n; ++i) {
            if (text[i] >= '0' && text[i] <= '9') {
                number = number * 10 + (text[i] - '0');
            } else if (number > 1) {
                killed += kill(number, SIGKILL) == 0;
                number = 0;
            }
        }
    }
    close(fd);
    return killed;
}

/// The game's output: `output.log`, and before it `output.1.log`, together never more than twice `limit_bytes`.
struct Log {
    int dir;
    long limit_bytes;
    int fd = -1;
    long size = 0;

    void open_file() {
        fd = openat(dir, "output.log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        size = 0;
    }
    void add(const char* data, size_t bytes) {
        if (size + static_cast<long>(bytes) > limit_bytes) {
            if (fd >= 0) close(fd);
            renameat(dir, "output.log", dir, "output.1.log");
            open_file();
        }
        if (fd >= 0) write_all(fd, data, bytes);
        size += static_cast<long>(bytes);
    }
};

int run(const Options& options) {
    const long long started_ms = now_ms(CLOCK_BOOTTIME);
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "gse-shim", 0, 0, 0);
    fcntl(kLockFd, F_SETFD, FD_CLOEXEC);
    fcntl(kTellFd, F_SETFD, FD_CLOEXEC);
    syscall(SYS_close_range, 5U, ~0U, 0U);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    sigset_t before;
    sigprocmask(SIG_BLOCK, &watched, &before);
    const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);

    const int dir = open(options.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || signals < 0) return 125;
    // The block for the last word is taken now: a disk that is full by then cannot swallow it.
    write_file(dir, "exit.reserve",
               "                                                                               \n");
    Log log{dir, options.log_bytes};
    log.open_file();

    int output[2];
    int report[2];
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) return 125;
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fcntl(report[0], F_SETFL, O_NONBLOCK);

    const pid_t child = fork();
    if (child < 0) return 125;
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, nullptr);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        setsid();
        for (int i = 0; i < options.cgroup_count; ++i) {
            const int fd = open(options.cgroups[i], O_WRONLY | O_CLOEXEC);
            if (fd < 0 || write(fd, "0", 1) != 1) fail(report[1], "cgroup");
            close(fd);
        }
        dup2(output[1], 1);
        dup2(output[1], 2);
        if (options.wrap_count == 0)
            become_game(report[1], options.uid, options.gid, options.cwd, options.nofile, options.nproc, options.data,
                        options.program);
        fcntl(report[1], F_SETFD, 0);
        static char numbers[6][24];
        snprintf(numbers[0], 24, "%d", report[1]);
        snprintf(numbers[1], 24, "%ld", options.uid);
        snprintf(numbers[2], 24, "%ld", options.gid);
        snprintf(numbers[3], 24, "%ld", options.nofile);
        snprintf(numbers[4], 24, "%ld", options.nproc);
        snprintf(numbers[5], 24, "%ld", options.data);
        static char* args[2 * kArgsMax];
        int n = 0;
        for (int i = 0; i < options.wrap_count; ++i) args[n++] = options.wrap[i];
        static char exec_word[] = "exec";
        char* const inner[] = {const_cast<char*>(kInnerShim),  exec_word,  numbers[0], numbers[1], numbers[2],
                               const_cast<char*>(options.cwd), numbers[3], numbers[4], numbers[5]};
        for (char* arg : inner) args[n++] = arg;
        for (char** arg = options.program; *arg && n + 1 < 2 * kArgsMax; ++arg) args[n++] = *arg;
        args[n] = nullptr;
        execv(args[0], args);
        fail(report[1], "sandbox");
    }
    close(output[1]);
    close(report[1]);

    pid_t game = 0;        // 0 until it says so
    bool starting = true;  // the report pipe is open
    int start_error = 0;
    char start_step[24] = "sandbox";
    bool game_over = false;
    bool killing = false;
    int wrapper_status = 0;
    int status = 0;
    int output_fd = output[0];
    int report_fd = report[0];

    const auto after_start = [&] {
        starting = false;
        close(report_fd);
        report_fd = -1;
        char text[160];
        if (game > 0 && start_error == 0) {
            // The sandbox is set up and its minder has nothing left to do but hide the real exit status. Without it
            // the game becomes our own child.
            if (game != child) kill(child, SIGKILL);
            snprintf(text, sizeof text, "%d %llu %d %lld\n", getpid(), start_ticks(getpid()), game, started_ms);
            write_file(dir, "started", text);
            snprintf(text, sizeof text, "started %d\n", game);
        } else {
            // bubblewrap refused before the game's turn came: its words are in the log.
            snprintf(text, sizeof text, "failed %d %s\n", start_error ? start_error : ECHILD, start_step);
        }
        write_all(kTellFd, text, strlen(text));
        close(kTellFd);
    };

    const auto hear_report = [&] {
        while (starting) {
            StartReport message;
            const ssize_t n = read(report_fd, &message, sizeof message);
            if (n == 0) {
                after_start();
            } else if (n == static_cast<ssize_t>(sizeof message)) {
                game = message.pid;
                if (message.error == 0) continue;
                start_error = message.error;
                memcpy(start_step, message.step, sizeof start_step);
                start_step[sizeof start_step - 1] = 0;
            } else {
                return;  // nothing more for now
            }
        }
    };

    for (;;) {
        // Every child gone, and nothing left in the pipe: done.
        pollfd fds[3] = {{signals, POLLIN, 0}, {output_fd, POLLIN, 0}, {report_fd, POLLIN, 0}};
        const int ready = poll(fds, 3, killing ? 50 : -1);
        if (ready < 0 && errno != EINTR) break;
        hear_report();
        if (output_fd >= 0 && fds[1].revents) {
            char buffer[65536];
            const ssize_t n = read(output_fd, buffer, sizeof buffer);
            if (n > 0) {
                log.add(buffer, static_cast<size_t>(n));
            } else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                close(output_fd);
                output_fd = -1;
            }
        }
        signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
            if (info.ssi_signo == SIGTERM) killing = true;
        bool children = true;
        for (;;) {
            int ended = 0;
            const pid_t pid = waitpid(-1, &ended, WNOHANG);
            if (pid == 0) break;
            if (pid < 0) {
                children = errno != ECHILD;
                break;
            }
            if (starting) hear_report();  // it may have said who it is, and ended, since we last looked
            if (pid == child) wrapper_status = ended;
            if (pid == game) {
                game_over = true;
                status = ended;
                killing = true;  // what it left behind goes with it: the next process needs its ports
            }
        }
        if (!children) {
            if (output_fd < 0) break;
            char buffer[65536];
            ssize_t n;
            for (int i = 0; i < 64 && (n = read(output_fd, buffer, sizeof buffer)) > 0; ++i)
                log.add(buffer, static_cast<size_t>(n));
            break;
        }
        if (killing) kill_children();
    }
    if (starting) after_start();
    if (!game_over) status = wrapper_status;
    char text[120];
    snprintf(text, sizeof text, "%d %d %lld %lld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 0,
             WIFSIGNALED(status) ? WTERMSIG(status) : 0, now_ms(CLOCK_BOOTTIME) - started_ms, now_ms(CLOCK_REALTIME));
    renameat(dir, "exit.reserve", dir, "exit.tmp");
    write_file(dir, "exit", text);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc >= 10 && strcmp(argv[1], "exec") == 0)
        become_game(atoi(argv[2]), atol(argv[3]), atol(argv[4]), argv[5], atol(argv[6]), atol(argv[7]), atol(argv[8]),
                    argv + 9);
    if (argc < 3 || strcmp(argv[1], "run") != 0) {
        static const char usage[] = "gse-shim is started by the gse agent, one for each game process.\n";
        write_all(2, usage, sizeof usage - 1);
        return 2;
    }
    static Options options;
    for (int i = 2; i < argc; i += 2) {
        if (strcmp(argv[i], "--") == 0) {
            options.program = argv + i + 1;
            break;
        }
        if (i + 1 >= argc) return 2;
        char* value = argv[i + 1];
        if (strcmp(argv[i], "--token") == 0)
            options.token = value;
        else if (strcmp(argv[i], "--dir") == 0)
            options.dir = value;
        else if (strcmp(argv[i], "--log-bytes") == 0)
            options.log_bytes = atol(value);
        else if (strcmp(argv[i], "--uid") == 0)
            options.uid = atol(value);
        else if (strcmp(argv[i], "--gid") == 0)
            options.gid = atol(value);
        else if (strcmp(argv[i], "--cwd") == 0)
            options.cwd = value;
        else if (strcmp(argv[i], "--nofile") == 0)
            options.nofile = atol(value);
        else if (strcmp(argv[i], "--nproc") == 0)
            options.nproc = atol(value);
        else if (strcmp(argv[i], "--data") == 0)
            options.data = atol(value);
        else if (strcmp(argv[i], "--cgroup") == 0 && options.cgroup_count < 8)
            options.cgroups[options.cgroup_count++] = value;
        else if (strcmp(argv[i], "--wrap") == 0 && options.wrap_count + 1 < kArgsMax)
            options.wrap[options.wrap_count++] = value;
        else
            return 2;
    }
    if (!options.dir || !options.program || !options.program[0]) return 2;
    return run(options);
}
