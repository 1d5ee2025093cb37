/// A PostgreSQL server of a test's own: in a folder of its own, reached by a socket in that folder only, run by the
/// user postgres when the test is root. Costs about a second.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/temp_folder.h"

struct pg_conn;

namespace gse::pgtest {

/// The first column of the first row of the last of the statements, "" for none; throws std::runtime_error with the
/// database's words.
std::string ask(const std::string& conninfo, const std::string& sql);

/// A session that stays open, for transactions.
class Session {
public:
    explicit Session(const std::string& conninfo);
    /// As above.
    std::string ask(const std::string& sql);

private:
    std::unique_ptr<pg_conn, void (*)(pg_conn*)> connection_;
};

/// Asks every 10 ms until the answer is `wanted`, for a minute; false: it never was.
[[nodiscard]] bool wait_for_answer(const std::string& conninfo, const std::string& sql, const std::string& wanted);

/// Throws std::runtime_error with the server's words when something does not work. One thread at a time, but ask().
class Cluster {
public:
    enum class Kind : std::uint8_t {
        Quick,    ///< waits for no disk: for what is not about that
        Durable,  ///< as users run it
    };
    /// Made and started. `settings`: more lines of postgresql.conf.
    static std::unique_ptr<Cluster> make(Kind kind, const std::vector<std::string>& settings = {});
    /// A copy that follows this one, started, and for whose disk each commit of this one waits from now on.
    std::unique_ptr<Cluster> make_synchronous_standby();
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    void start();
    /// Orderly; sessions are ended.
    void stop();
    /// SIGKILL for every process of it; all are gone when this returns.
    void kill_hard();
    /// Of a standby: a primary of its own from now on, which waits for nobody.
    void promote();
    [[nodiscard]] bool running() const { return pid_ > 0; }
    /// Of the process that is the parent of all others.
    [[nodiscard]] pid_t pid() const { return pid_; }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    /// The server's socket.
    [[nodiscard]] std::filesystem::path socket() const { return folder() / ".s.PGSQL.5432"; }
    /// As the superuser, in libpq's form. `host`: a folder with another socket, a proxy's.
    [[nodiscard]] std::string conninfo(const std::string& host = {}) const;
    std::string ask(const std::string& sql) const { return pgtest::ask(conninfo(), sql); }
    [[nodiscard]] std::string log() const;

private:
    explicit Cluster(TempFolder folder);
    void run_to_end(std::vector<std::string> command);
    [[nodiscard]] pid_t spawn(std::vector<std::string> command) const;
    [[nodiscard]] std::filesystem::path data() const { return folder() / "data"; }
    [[nodiscard]] std::filesystem::path log_file() const { return folder() / "log"; }

    TempFolder folder_;
    pid_t pid_ = -1;
};

}  // namespace gse::pgtest
