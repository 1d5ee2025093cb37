#include "postgres/cluster.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

#include "base/low_latency.h"

namespace gse::pgtest {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 60s;
constexpr const char* kUser = "gse";

/// The newest PostgreSQL of the machine.
fs::path programs() {
    fs::path newest;
    int version = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error))
        if (const int found = std::atoi(entry.path().filename().c_str()); found > version) {
            version = found;
            newest = entry.path() / "bin";
        }
    if (newest.empty())
        throw std::runtime_error("there is no PostgreSQL in /usr/lib/postgresql; install postgresql-15");
    return newest;
}

/// Root of a user namespace that one user made: there is nobody else to be.
bool is_root_among_none() {
    std::ifstream map("/proc/self/uid_map");
    std::uint64_t inside = 0, outside = 0, count = 0;
    return ::getuid() == 0 && map >> inside >> outside >> count && count == 1;
}

/// In such a namespace PostgreSQL gets one of its own, where the same user is not called root. Safe after a fork.
bool be_called_otherwise() {
    if (::unshare(CLONE_NEWUSER) != 0) return false;
    const auto write = [](const char* file, std::string_view text) {
        const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
        return fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    };
    return write("/proc/self/setgroups", "deny") && write("/proc/self/uid_map", "1000 0 1") &&
           write("/proc/self/gid_map", "1000 0 1");
}

/// Who runs it: PostgreSQL refuses to be root.
struct Identity {
    uid_t uid = ::getuid();
    gid_t gid = ::getgid();
};
Identity identity() {
    if (::getuid() != 0 || is_root_among_none()) return {};
    const passwd* found = ::getpwnam("postgres");
    if (found == nullptr) throw std::runtime_error("there is no user postgres");
    return {found->pw_uid, found->pw_gid};
}

bool wait_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        ::poll(nullptr, 0, 10);
    }
    return true;
}

std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> out;
    std::ifstream list(fmt::format("/proc/{}/task/{}/children", pid, pid));
    for (pid_t child = 0; list >> child;) out.push_back(child);
    return out;
}

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Session::Session(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str()), &PQfinish) {
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

std::string Session::ask(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection_.get(), sql.c_str()), &PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        throw std::runtime_error(sql + ": " + PQerrorMessage(connection_.get()));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

std::string ask(const std::string& conninfo, const std::string& sql) { return Session(conninfo).ask(sql); }

bool wait_for_answer(const std::string& conninfo, const std::string& sql, const std::string& wanted) {
    Session session(conninfo);
    return wait_until([&] { return session.ask(sql) == wanted; });
}

Cluster::Cluster(TempFolder folder) : folder_(std::move(folder)) {
    const Identity who = identity();
    if (::chown(folder_.path().c_str(), who.uid, who.gid) != 0) throw std::runtime_error("cannot give the folder away");
}

Cluster::~Cluster() {
    if (running()) kill_hard();
}

std::unique_ptr<Cluster> Cluster::make(Kind kind, const std::vector<std::string>& settings) {
    std::unique_ptr<Cluster> cluster(new Cluster(TempFolder::make("gse-pg").value()));
    cluster->run_to_end({programs() / "initdb", "-D", cluster->data(), "-U", kUser, "-A", "trust", "-E", "UTF8",
                         "--locale=C", "--no-sync", "--no-instructions"});
    std::ofstream conf(cluster->data() / "postgresql.conf", std::ios::app);
    conf << "listen_addresses = ''\n"
         << "unix_socket_directories = '" << cluster->folder().string() << "'\n"
         << "max_connections = 50\nshared_buffers = 32MB\nmax_wal_size = 1GB\nmax_wal_senders = 4\n"
         << "wal_receiver_status_interval = 1s\nlog_min_messages = log\n";
    if (kind == Kind::Quick) conf << "fsync = off\nfull_page_writes = off\n";
    for (const std::string& setting : settings) conf << setting << '\n';
    conf.close();
    cluster->start();
    return cluster;
}

std::unique_ptr<Cluster> Cluster::make_synchronous_standby() {
    std::unique_ptr<Cluster> standby(new Cluster(TempFolder::make("gse-pg").value()));
    standby->run_to_end({programs() / "pg_basebackup", "-D", standby->data(), "-R", "-c", "fast", "-X", "stream",
                         "--no-sync", "-d", conninfo() + " application_name=standby"});
    std::ofstream(standby->data() / "postgresql.conf", std::ios::app)
        << "unix_socket_directories = '" << standby->folder().string() << "'\n";
    standby->start();
    ask("ALTER SYSTEM SET synchronous_standby_names = '*'");
    ask("SELECT pg_reload_conf()");
    if (!wait_for_answer(conninfo(), "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1") ||
        !wait_until([this] { return ask("SHOW synchronous_standby_names") == "*"; }))
        throw std::runtime_error("the standby does not follow: " + standby->log());
    return standby;
}

pid_t Cluster::spawn(std::vector<std::string> command) const {
    const Identity who = identity();
    const bool renamed = is_root_among_none();
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    char path[] = "PATH=/usr/bin:/bin", language[] = "LC_ALL=C";
    char* environment[] = {path, language, nullptr};
    const std::string log = log_file(), home = folder();
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("cannot fork");
    if (pid > 0) return pid;
    // Only what is safe after a fork of a program with threads.
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (renamed && !be_called_otherwise()) ::_exit(126);
    if (who.uid != 0 && ::getuid() == 0 &&
        (::setgroups(1, &who.gid) != 0 || ::setgid(who.gid) != 0 || ::setuid(who.uid) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // its immediate end
    // A backend that a commit wakes would wait for the end of the turn of whatever compiles beside the test.
    prefer_low_latency(true);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (::chdir(home.c_str()) != 0 || ::dup2(null, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(126);
    ::setpgid(0, 0);
    ::execve(argv[0], argv.data(), environment);
    ::_exit(127);
}

void Cluster::run_to_end(std::vector<std::string> command) {
    const std::string name = command.front();
    const pid_t pid = spawn(std::move(command));
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || status != 0) throw std::runtime_error(name + " failed: " + log());
}

void Cluster::start() {
    pid_ = spawn({programs() / "postgres", "-D", data()});
    const bool ready = wait_until([this] {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
        return pid_ < 0 || PQping(conninfo().c_str()) == PQPING_OK;
    });
    if (!ready || pid_ < 0) throw std::runtime_error("PostgreSQL does not start: " + log());
}

void Cluster::stop() {
    ::kill(pid_, SIGINT);
    if (!wait_until([this] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; }))
        throw std::runtime_error("PostgreSQL does not stop: " + log());
    pid_ = -1;
}

void Cluster::kill_hard() {
    ::kill(pid_, SIGSTOP);  // so that it has no more children
    const std::vector<pid_t> children = children_of(pid_);
    ::kill(pid_, SIGKILL);
    for (const pid_t child : children) ::kill(child, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    // Somebody else reaps them; until then they are zombies, which hold nothing any more.
    wait_until([&] {
        return std::ranges::all_of(children, [](pid_t child) {
            const std::string status = text_of(fmt::format("/proc/{}/stat", child));
            const auto name_end = status.rfind(')');
            return name_end == std::string::npos || status.substr(name_end + 2, 1) == "Z";
        });
    });
}

void Cluster::promote() {
    // Not waited for in there: what recovery still has to do may cancel a statement.
    ask("SELECT pg_promote(false)");
    if (!wait_for_answer(conninfo(), "SELECT pg_is_in_recovery()", "f"))
        throw std::runtime_error("the standby is not promoted: " + log());
}

std::string Cluster::conninfo(const std::string& host) const {
    return fmt::format("host={} port=5432 user={} dbname=postgres", host.empty() ? folder().string() : host, kUser);
}

std::string Cluster::log() const { return text_of(log_file()); }

}  // namespace gse::pgtest
