#include "e2e/program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "agent/proc.h"
#include "agent/record.h"
#include "e2e/deployment.h"

namespace gse::e2e {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr Millis kPollGap{20};
constexpr int kGamePatienceS = 5;

int left(SteadyClock::time_point until) {
    const auto ms = std::chrono::ceil<Millis>(until - SteadyClock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 3'600'000));
}

std::vector<pid_t> children() {
    std::vector<pid_t> pids;
    std::ifstream list("/proc/self/task/" + std::to_string(getpid()) + "/children");
    for (pid_t pid = 0; list >> pid;) pids.push_back(pid);
    return pids;
}

}  // namespace

void pass(Millis time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

bool wait_until(Millis limit, const std::function<bool()>& done) {
    const auto until = SteadyClock::now() + limit;
    while (!done()) {
        if (SteadyClock::now() >= until) return false;
        pass(kPollGap);
    }
    return true;
}

TempFolder test_folder(std::string_view name) {
    TempFolder folder = TempFolder::make(name).value();
    if (std::getenv("GSE_TEST_KEEP")) folder.keep();
    return folder;
}

void own_orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

void end_orphans() {
    for (int round = 0; round < 1000; ++round) {
        const std::vector<pid_t> pids = children();
        if (pids.empty()) return;
        for (const pid_t pid : pids) kill(pid, SIGKILL);
        for (const pid_t pid : pids) waitpid(pid, nullptr, 0);
    }
}

Program::Program(std::vector<std::string> command, fs::path log) : log_(std::move(log)) {
    const Fd err(open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    int ends[2];
    if (!err || pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot prepare " + command.front());
    out_.reset(ends[0]);
    const Fd in(ends[1]);
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string id = std::string("TENCENTCLOUD_SECRET_ID=") + kSecretId;
    const std::string key = std::string("TENCENTCLOUD_SECRET_KEY=") + kSecretKey;
    const char* path = std::getenv("PATH");
    const std::string search = std::string("PATH=") + (path ? path : "/usr/bin:/bin");
    std::vector<char*> environment{const_cast<char*>(id.c_str()), const_cast<char*>(key.c_str()),
                                   const_cast<char*>(search.c_str())};
    // Of the sanitizers, and of the allocator: profiles of memory are asked for with it.
    const char* options[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "MALLOC_CONF"};
    std::vector<std::string> more;
    for (const char* name : options)
        if (const char* value = std::getenv(name)) more.push_back(std::string(name) + "=" + value);
    for (std::string& text : more) environment.push_back(text.data());
    environment.push_back(nullptr);

    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGTERM);  // at which gse dev takes its games along
        if (getppid() != parent) _exit(126);
        const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, 0);
        dup2(in.get(), 1);
        dup2(err.get(), 2);
        execve(argv[0], argv.data(), environment.data());
        _exit(127);
    }
    pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
}

Program::~Program() { kill_hard(); }

std::map<std::string, std::string> Program::ready(Millis limit) {
    const auto until = SteadyClock::now() + limit;
    std::string text;
    while (text.find('\n') == std::string::npos) {
        pollfd waiting{out_.get(), POLLIN, 0};
        if (poll(&waiting, 1, left(until)) <= 0) return {};
        char buffer[512];
        const ssize_t n = read(out_.get(), buffer, sizeof buffer);
        if (n <= 0) return {};
        text.append(buffer, static_cast<std::size_t>(n));
    }
    std::istringstream words(text.substr(0, text.find('\n')));
    std::string word;
    words >> word;
    std::map<std::string, std::string> out;
    if (word != "ready") return out;
    while (words >> word)
        if (const auto equals = word.find('='); equals != std::string::npos)
            out[word.substr(0, equals)] = word.substr(equals + 1);
    return out;
}

bool Program::running() {
    pollfd waiting{pidfd_.get(), POLLIN, 0};
    return pid_ > 0 && poll(&waiting, 1, 0) == 0;
}

void Program::signal(int number) {
    if (pid_ > 0) kill(pid_, number);
}

void Program::kill_hard() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

int Program::wait(Millis limit) {
    pollfd waiting{pidfd_.get(), POLLIN, 0};
    if (pid_ < 0 || poll(&waiting, 1, static_cast<int>(limit.count())) != 1) return -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string Program::log() const { return read_text(log_); }

std::vector<std::string> gse_command(std::vector<std::string> words) {
    words.insert(words.begin(), GSE_BINARY);
    return words;
}

std::string ask_game(std::uint16_t port, const std::string& line, const std::string& at) {
    const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{kGamePatienceS, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, at.c_str(), &address.sin_addr) != 1) return "";
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "";
    const std::string text = line + "\n";
    if (send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) return "";
    std::string answer;
    char c = 0;
    while (recv(fd.get(), &c, 1, 0) == 1 && c != '\n') answer += c;
    return answer;
}

std::vector<GameProcess> running_games(const fs::path& agent_data) {
    std::vector<GameProcess> out;
    std::error_code error;
    for (const auto& instance : fs::directory_iterator(agent_data / "agent" / "instances", error)) {
        std::error_code gone;
        for (const auto& folder : fs::directory_iterator(instance.path() / "processes", gone)) {
            GameProcess game;
            unsigned long long ticks = 0;
            std::istringstream started(read_text(folder.path() / "started"));
            if (!(started >> game.shim >> ticks >> game.pid)) continue;
            const auto shim = agent::read_stat(game.shim);
            const auto stat = agent::read_stat(game.pid);
            if (!shim || shim->start_ticks != ticks || !stat || stat->state == 'Z') continue;
            const auto intent = agent::load_record(folder.path() / "launch");
            if (!intent) continue;
            game.id = folder.path().filename();
            game.instance = instance.path().filename();
            game.fleet = intent->text("fleet");
            game.port = static_cast<std::uint16_t>(intent->number("client_port"));
            game.folder = folder.path();
            out.push_back(std::move(game));
        }
    }
    return out;
}

void remove_control_groups(const std::vector<GameProcess>& games) {
    std::error_code error;
    std::set<fs::path> found;
    const auto options = fs::directory_options::skip_permission_denied;
    for (auto entry = fs::recursive_directory_iterator("/sys/fs/cgroup", options, error);
         entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename();
        if (entry->is_directory(error) &&
            std::ranges::any_of(games, [&](const GameProcess& game) { return name == game.id; }))
            found.insert(entry->path());
    }
    // With that of its instance, and of its agent, if nobody else is left in them.
    for (const fs::path& group : found)
        for (fs::path at = group;
             at.filename() != "cgroup" && rmdir(at.c_str()) == 0 && !at.filename().string().starts_with("gse-");)
            at = at.parent_path();
}

std::uint16_t free_port() {
    const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
        throw std::runtime_error("no free port");
    return ntohs(at.sin_port);
}

std::string read_text(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace gse::e2e
