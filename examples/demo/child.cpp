#include "child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>

#include "base/file.h"

namespace gse::demo {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kLineBytesMax = 64 * 1024;
constexpr std::size_t kErrorLines = 15;

int left(SteadyClock::time_point until) {
    const auto ms = std::chrono::ceil<Millis>(until - SteadyClock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 3'600'000));
}

/// Between fork and exec only what is safe there.
[[noreturn]] void become(char* const* argv, int out, int err, pid_t parent) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(126);  // it died before the line above
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

std::vector<pid_t> children() {
    std::vector<pid_t> pids;
    std::ifstream list{fmt::format("/proc/self/task/{}/children", getpid())};
    for (pid_t pid = 0; list >> pid;) pids.push_back(pid);
    return pids;
}

}  // namespace

Result<Child> Child::start(const std::vector<std::string>& command, const std::filesystem::path& log) {
    const Fd err{open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    if (!err) return refuse_errno("write", log);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return refuse_errno("make a pipe for", command.front());
    Fd out{ends[0]};
    const Fd in{ends[1]};

    std::vector<std::string> words = command;
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t self = getpid();
    const pid_t pid = fork();
    if (pid < 0) return refuse_errno("start", command.front());
    if (pid == 0) become(argv.data(), in.get(), err.get(), self);
    return Child{pid, Fd{static_cast<int>(syscall(SYS_pidfd_open, pid, 0))}, std::move(out)};
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      out_(std::move(other.out_)),
      unread_(std::move(other.unread_)) {}

Child::~Child() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

Result<std::string> Child::next_line(Millis limit) {
    const auto until = SteadyClock::now() + limit;
    for (;;) {
        if (const auto end = unread_.find('\n'); end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        pollfd waiting{out_.get(), POLLIN, 0};
        const int ready = poll(&waiting, 1, left(until));
        if (ready == 0) return refuse(ErrorCode::Unavailable, "no line in time");
        char buffer[4096];
        const ssize_t got = ready < 0 ? -1 : read(out_.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || unread_.size() > kLineBytesMax)
            return refuse(ErrorCode::FailedOperation, "it said nothing more");
        unread_.append(buffer, static_cast<std::size_t>(got));
    }
}

void Child::signal(int number) const {
    if (pid_ > 0) kill(pid_, number);
}

Result<int> Child::wait(Millis limit) {
    const auto until = SteadyClock::now() + limit;
    pollfd waiting{pidfd_.get(), POLLIN, 0};
    int ready = 0;
    do ready = poll(&waiting, 1, left(until));
    while (ready < 0 && errno == EINTR);
    if (ready != 1) return refuse(ErrorCode::Unavailable, "it still runs");
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool Child::running() {
    pollfd waiting{pidfd_.get(), POLLIN, 0};
    return pid_ > 0 && poll(&waiting, 1, 0) == 0;
}

Result<void> run_program(const std::vector<std::string>& command, const std::filesystem::path& log, Millis limit) {
    Child child = TRY(Child::start(command, log));
    const Result<int> code = child.wait(limit);
    if (code && *code == 0) return {};
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("{} {}:\n{}", command.front(),
                              code ? fmt::format("failed with exit code {}", *code)
                                   : fmt::format("was not done after {} s", limit.count() / 1000),
                              tail(log, kErrorLines)));
}

void adopt_orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::size_t end_children(Millis limit) {
    const auto until = SteadyClock::now() + limit;
    std::size_t killed = 0;
    for (;;) {
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        const std::vector<pid_t> pids = children();
        if (pids.empty()) return killed;
        if (SteadyClock::now() >= until) {
            for (const pid_t pid : pids) killed += kill(pid, SIGKILL) == 0;
            for (const pid_t pid : pids) waitpid(pid, nullptr, 0);
            continue;
        }
        const Fd first{static_cast<int>(syscall(SYS_pidfd_open, pids.front(), 0))};
        pollfd waiting{first.get(), POLLIN, 0};
        poll(&waiting, 1, std::min(left(until), 100));
    }
}

std::string tail(const std::filesystem::path& file, std::size_t lines) {
    std::ifstream in{file};
    std::deque<std::string> last;
    for (std::string line; std::getline(in, line);) {
        last.push_back(std::move(line));
        if (last.size() > lines) last.pop_front();
    }
    return fmt::format("{}", fmt::join(last, "\n"));
}

}  // namespace gse::demo
