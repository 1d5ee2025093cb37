/// One connection to PostgreSQL: prepared statements with binary parameters and results, every wait with a bound.
/// Private to src/journal.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct pg_conn;
struct pg_result;

namespace gse::journal::pg {

using Deadline = std::chrono::steady_clock::time_point;
[[nodiscard]] inline Deadline within(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

struct Failure {
    /// The connection is gone: whether the statement took effect is unknown. Otherwise the database refused it, and
    /// nothing of it took effect.
    bool lost = false;
    std::string sqlstate;  ///< five characters, or "" where there was no answer
    std::string message;   ///< holds no secret
};
template <class T>
using Outcome = std::expected<T, Failure>;

[[nodiscard]] std::unexpected<Error> refuse(const Failure& failure);

/// What a connection is made of. Copied freely; holds the password if the text does.
struct ConnectOptions {
    std::string conninfo;  ///< in libpq's form
    std::string schema;    ///< first in the search path
    std::string name;      ///< application_name, for the administrator's eyes
};

/// InvalidParameterValue for a text that is no connection string; never repeats it, since it may hold a password.
[[nodiscard]] Result<void> check_conninfo(const std::string& conninfo);

/// Prepared on first use by each connection. Constants: the address is the statement's identity.
struct Statement {
    const char* name;
    const char* sql;
};

/// Parameters of one execution, in order. Texts and bytes are not copied: they outlive the execution.
class Params {
public:
    Params() = default;
    Params(const Params&) = delete;
    Params& operator=(const Params&) = delete;

    Params& number(std::int64_t value);
    Params& number(std::uint64_t value) { return number(static_cast<std::int64_t>(value)); }
    Params& small(std::uint32_t value);  ///< int4, bit by bit
    Params& text(std::string_view value);
    Params& bytes(std::span<const std::byte> value);

private:
    friend class Connection;
    void add(const char* data, std::size_t size);
    std::deque<std::array<char, 8>> numbers_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
};

/// One row of a result; columns count from 0 and must have the type asked for.
class Row {
public:
    Row(const pg_result* result, int row) : result_(result), row_(row) {}
    [[nodiscard]] std::int64_t number(int column) const;  ///< int8
    [[nodiscard]] std::uint64_t count(int column) const { return static_cast<std::uint64_t>(number(column)); }
    [[nodiscard]] std::uint32_t small(int column) const;  ///< int4
    [[nodiscard]] bool flag(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::span<const std::byte> bytes(int column) const;

private:
    const pg_result* result_;
    int row_;
};

/// A whole result.
class Rows {
public:
    explicit Rows(pg_result* result) : result_(result, &clear) {}
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] Row operator[](std::size_t row) const { return {result_.get(), static_cast<int>(row)}; }
    /// Rows that an INSERT, UPDATE or DELETE changed.
    [[nodiscard]] std::uint64_t changed() const;

private:
    static void clear(pg_result* result);
    std::unique_ptr<pg_result, void (*)(pg_result*)> result_;
};

/// One thread at a time. After a failure with `lost` it is closed and of no use any more.
class Connection {
public:
    /// Waits for each host of the string as long as its connect_timeout says (3 s where it says nothing).
    static Outcome<std::unique_ptr<Connection>> open(const ConnectOptions& options);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Outcome<Rows> run(const Statement& statement, const Params& params, Deadline deadline);
    /// Row by row, as they come; each may take `patience`. An error of `take` ends it, and the connection with it.
    using Take = std::function<Result<void>(const Row&)>;
    Outcome<Result<void>> stream(const Statement& statement, const Params& params, std::chrono::milliseconds patience,
                                 const Take& take);
    /// Statements without parameters and rows, one after the other.
    Outcome<void> script(const std::string& sql, Deadline deadline);
    /// The database warned while the last run(), stream() or script() went on: a commit is perhaps not where it should
    /// be.
    [[nodiscard]] const std::string& warning() const { return warning_; }
    /// Until a notification comes or the deadline; true: one came.
    Outcome<bool> wait_notified(Deadline deadline);

    [[nodiscard]] int server_version() const;
    /// `host:port/database`, for messages.
    [[nodiscard]] std::string where() const;

private:
    explicit Connection(pg_conn* connection) : connection_(connection) {}
    static void take_notice(void* self, const pg_result* notice);
    Outcome<void> prepare(const Statement& statement, Deadline deadline);
    enum class Rest : std::uint8_t { AtOnce, RowByRow };
    Outcome<void> send(const Statement& statement, const Params& params, Rest rest, Deadline deadline);
    Outcome<void> flush(Deadline deadline);
    Outcome<pg_result*> next_result(Deadline deadline);
    Outcome<void> drain(Deadline deadline);
    /// false: not before the deadline.
    [[nodiscard]] Outcome<bool> is_ready(short events, Deadline deadline) const;
    /// The same, but the connection is lost when it is not.
    Outcome<void> wait_socket(short events, Deadline deadline);
    std::unexpected<Failure> lose(std::string why);
    Failure failure_of(const pg_result* result) const;

    pg_conn* connection_;
    std::set<const Statement*> prepared_;
    std::string warning_;
};

/// A connection that is made when it is first needed, and again when it was lost: for statements that may come twice.
/// Thread-safe: one statement at a time.
class Asker {
public:
    explicit Asker(ConnectOptions options) : options_(std::move(options)) {}
    /// A warning of the database is a failure: what was written is perhaps not where it should be.
    Result<Rows> ask(const Statement& statement, const Params& params, std::chrono::milliseconds patience);

private:
    Outcome<Rows> try_ask(const Statement& statement, const Params& params, std::chrono::milliseconds patience);

    const ConnectOptions options_;
    std::mutex mutex_;
    std::unique_ptr<Connection> connection_;
};

/// `text` as an SQL identifier.
[[nodiscard]] std::string quote_identifier(std::string_view text);

}  // namespace gse::journal::pg
