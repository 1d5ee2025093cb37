#include "journal/pg_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace gse::journal::pg {
namespace {

constexpr int kBinary = 1;

/// One line without the end of it, as messages of libpq have it.
std::string line_of(const char* text) {
    std::string line = text == nullptr ? "" : text;
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    std::ranges::replace(line, '\n', ' ');
    return line;
}

template <class T>
T read_big_endian(const char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return std::byteswap(value);
}

/// The server has gone, or is not one that takes writes any more: the next connection may find a better one.
bool means_lost(std::string_view sqlstate) {
    return sqlstate.starts_with("08") || sqlstate.starts_with("57P") || sqlstate == "25006";
}

}  // namespace

std::unexpected<Error> refuse(const Failure& failure) {
    return gse::refuse(ErrorCode::FailedOperation, failure.message);
}

Result<void> check_conninfo(const std::string& conninfo) {
    char* why = nullptr;
    PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), &why);
    PQfreemem(why);  // it quotes the text
    const bool good = options != nullptr;
    PQconninfoFree(options);
    if (good && !conninfo.empty()) return {};
    return gse::refuse(ErrorCode::InvalidParameterValue,
                       "journal.postgres is no connection string of PostgreSQL; write it as 'host=db1,db2 dbname=gse "
                       "user=gse target_session_attrs=read-write sslmode=verify-full' or as a postgresql:// address");
}

std::string quote_identifier(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + '"';
}

// ---- Parameters and rows -----------------------------------------------------------------------------------------

void Params::add(const char* data, std::size_t size) {
    values_.push_back(data);
    lengths_.push_back(static_cast<int>(size));
}

Params& Params::number(std::int64_t value) {
    const std::int64_t wire = std::byteswap(value);
    std::memcpy(numbers_.emplace_back().data(), &wire, sizeof wire);
    add(numbers_.back().data(), sizeof wire);
    return *this;
}

Params& Params::small(std::uint32_t value) {
    const std::uint32_t wire = std::byteswap(value);
    std::memcpy(numbers_.emplace_back().data(), &wire, sizeof wire);
    add(numbers_.back().data(), sizeof wire);
    return *this;
}

Params& Params::text(std::string_view value) {
    add(value.empty() ? "" : value.data(), value.size());
    return *this;
}

Params& Params::bytes(std::span<const std::byte> value) {
    add(value.empty() ? "" : reinterpret_cast<const char*>(value.data()), value.size());
    return *this;
}

std::int64_t Row::number(int column) const {
    CHECK(PQgetlength(result_, row_, column) == 8);
    return read_big_endian<std::int64_t>(PQgetvalue(result_, row_, column));
}
std::uint32_t Row::small(int column) const {
    CHECK(PQgetlength(result_, row_, column) == 4);
    return read_big_endian<std::uint32_t>(PQgetvalue(result_, row_, column));
}
bool Row::flag(int column) const {
    CHECK(PQgetlength(result_, row_, column) == 1);
    return *PQgetvalue(result_, row_, column) != 0;
}
std::string_view Row::text(int column) const {
    return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}
std::span<const std::byte> Row::bytes(int column) const { return std::as_bytes(std::span(text(column))); }

void Rows::clear(pg_result* result) { PQclear(result); }
std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
std::uint64_t Rows::changed() const { return std::strtoull(PQcmdTuples(result_.get()), nullptr, 10); }

// ---- Connecting --------------------------------------------------------------------------------------------------

Outcome<std::unique_ptr<Connection>> Connection::open(const ConnectOptions& options) {
    // Before dbname: what the string may say otherwise. A database that does not answer must be noticed in seconds.
    const char* const keys[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                "keepalives_count", "tcp_user_timeout", "dbname",
                                "application_name", "client_encoding",  nullptr};
    const char* const values[] = {"3",    "5",    "2", "3", "10000", options.conninfo.c_str(), options.name.c_str(),
                                  "UTF8", nullptr};
    std::unique_ptr<Connection> made(new Connection(PQconnectdbParams(keys, values, 1)));
    CHECK(made->connection_ != nullptr);
    if (PQstatus(made->connection_) != CONNECTION_OK)
        return std::unexpected(
            Failure{true, {}, "cannot connect to the database: " + line_of(PQerrorMessage(made->connection_))});
    PQsetNoticeReceiver(made->connection_, &Connection::take_notice, made.get());
    CHECK(PQsetnonblocking(made->connection_, 1) == 0);
    // Whatever the role or the database prefers: a commit must wait for the disk, and for the standbys where there are
    // any; nothing of ours may be ended by a timer, but a transaction that a stopped process left open must be.
    const auto prepared = made->script(
        fmt::format("SET search_path TO {}; SET statement_timeout = 0; SET lock_timeout = 0;"
                    "SET idle_in_transaction_session_timeout = '60s';"
                    "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;"
                    "SELECT set_config('synchronous_commit', 'on', false)"
                    " WHERE current_setting('synchronous_commit') NOT IN ('remote_write', 'remote_apply')",
                    quote_identifier(options.schema)),
        within(std::chrono::seconds(10)));
    if (!prepared) return std::unexpected(prepared.error());
    return made;
}

Connection::~Connection() { PQfinish(connection_); }

void Connection::take_notice(void* self, const pg_result* notice) {
    const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity == nullptr || std::string_view(severity) != "WARNING") return;
    static_cast<Connection*>(self)->warning_ = line_of(PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
}

int Connection::server_version() const { return PQserverVersion(connection_); }

std::string Connection::where() const {
    return fmt::format("{}:{}/{}", PQhost(connection_), PQport(connection_), PQdb(connection_));
}

std::unexpected<Failure> Connection::lose(std::string why) {
    Failure failure{true, {}, "the connection to the database was lost: " + std::move(why)};
    PQfinish(connection_);
    connection_ = nullptr;
    return std::unexpected(std::move(failure));
}

Failure Connection::failure_of(const pg_result* result) const {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    Failure failure{false, state == nullptr ? "" : state, line_of(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))};
    if (failure.message.empty()) failure.message = line_of(PQerrorMessage(connection_));
    failure.lost = PQstatus(connection_) != CONNECTION_OK || failure.sqlstate.empty() || means_lost(failure.sqlstate);
    failure.message = fmt::format("the database says: {} ({})", failure.message,
                                  failure.sqlstate.empty() ? "no answer" : failure.sqlstate);
    return failure;
}

// ---- Sending and waiting -----------------------------------------------------------------------------------------

Outcome<bool> Connection::is_ready(short events, Deadline deadline) const {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd wanted{PQsocket(connection_), events, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
        if (ready >= 0) return ready > 0;
        if (errno != EINTR) return std::unexpected(Failure{true, {}, std::strerror(errno)});
    }
}

Outcome<void> Connection::wait_socket(short events, Deadline deadline) {
    const auto ready = is_ready(events, deadline);
    if (!ready) return lose(ready.error().message);
    if (!*ready) return lose("no answer in time");
    return {};
}

Outcome<void> Connection::flush(Deadline deadline) {
    for (;;) {
        const int left = PQflush(connection_);
        if (left == 0) return {};
        if (left < 0) return lose(line_of(PQerrorMessage(connection_)));
        // The server may itself wait for us to read.
        if (auto ready = wait_socket(POLLIN | POLLOUT, deadline); !ready) return ready;
        if (PQconsumeInput(connection_) == 0) return lose(line_of(PQerrorMessage(connection_)));
    }
}

/// Null at the end of what was sent.
Outcome<pg_result*> Connection::next_result(Deadline deadline) {
    while (PQisBusy(connection_) != 0) {
        if (auto ready = wait_socket(POLLIN, deadline); !ready) return std::unexpected(ready.error());
        if (PQconsumeInput(connection_) == 0) return lose(line_of(PQerrorMessage(connection_)));
    }
    return PQgetResult(connection_);
}

/// To the end of what was sent; the first failure.
Outcome<void> Connection::drain(Deadline deadline) {
    Outcome<void> outcome;
    for (;;) {
        auto next = next_result(deadline);
        if (!next) return std::unexpected(next.error());
        if (*next == nullptr) return outcome;
        const Rows kept(*next);  // clears it
        const auto status = PQresultStatus(*next);
        if (outcome && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            outcome = std::unexpected(failure_of(*next));
    }
}

Outcome<void> Connection::script(const std::string& sql, Deadline deadline) {
    if (connection_ == nullptr) return std::unexpected(Failure{true, {}, "the connection to the database was lost"});
    warning_.clear();
    if (PQsendQuery(connection_, sql.c_str()) == 0) return lose(line_of(PQerrorMessage(connection_)));
    if (auto sent = flush(deadline); !sent) return sent;
    auto outcome = drain(deadline);
    if (!outcome && outcome.error().lost && connection_ != nullptr) (void)lose({});
    return outcome;
}

Outcome<void> Connection::prepare(const Statement& statement, Deadline deadline) {
    if (connection_ == nullptr) return std::unexpected(Failure{true, {}, "the connection to the database was lost"});
    if (prepared_.contains(&statement)) return {};
    if (PQsendPrepare(connection_, statement.name, statement.sql, 0, nullptr) == 0)
        return lose(line_of(PQerrorMessage(connection_)));
    if (auto sent = flush(deadline); !sent) return sent;
    if (auto outcome = drain(deadline); !outcome) {
        if (outcome.error().lost && connection_ != nullptr) (void)lose({});
        return outcome;
    }
    prepared_.insert(&statement);
    return {};
}

Outcome<void> Connection::send(const Statement& statement, const Params& params, Rest rest, Deadline deadline) {
    warning_.clear();
    if (auto ready = prepare(statement, deadline); !ready) return ready;
    const std::vector<int> formats(params.values_.size(), kBinary);
    if (PQsendQueryPrepared(connection_, statement.name, static_cast<int>(params.values_.size()), params.values_.data(),
                            params.lengths_.data(), formats.data(), kBinary) == 0)
        return lose(line_of(PQerrorMessage(connection_)));
    if (rest == Rest::RowByRow) CHECK(PQsetSingleRowMode(connection_) == 1);
    return flush(deadline);
}

Outcome<Rows> Connection::run(const Statement& statement, const Params& params, Deadline deadline) {
    if (auto sent = send(statement, params, Rest::AtOnce, deadline); !sent) return std::unexpected(sent.error());
    auto first = next_result(deadline);
    if (!first) return std::unexpected(first.error());
    Rows rows(*first);
    const auto status = PQresultStatus(*first);
    std::optional<Failure> failure;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) failure = failure_of(*first);
    // The end of it comes after the commit: only then is there anything to say.
    if (auto rest = drain(deadline); !rest && !failure) failure = rest.error();
    if (!failure) return rows;
    if (failure->lost && connection_ != nullptr) (void)lose({});
    return std::unexpected(std::move(*failure));
}

Outcome<Result<void>> Connection::stream(const Statement& statement, const Params& params,
                                         std::chrono::milliseconds patience, const Take& take) {
    if (auto sent = send(statement, params, Rest::RowByRow, within(patience)); !sent)
        return std::unexpected(sent.error());
    std::optional<Failure> failure;
    for (;;) {
        auto next = next_result(within(patience));
        if (!next) return std::unexpected(next.error());
        if (*next == nullptr) break;
        const Rows rows(*next);
        const auto status = PQresultStatus(*next);
        if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
            if (!failure) failure = failure_of(*next);
            continue;
        }
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (auto taken = take(rows[i]); !taken) {
                (void)lose({});  // the rest of it is not worth reading
                return Outcome<Result<void>>(std::in_place, std::move(taken));
            }
    }
    if (!failure) return Outcome<Result<void>>(std::in_place);
    if (failure->lost && connection_ != nullptr) (void)lose({});
    return std::unexpected(std::move(*failure));
}

Outcome<bool> Connection::wait_notified(Deadline deadline) {
    if (connection_ == nullptr) return std::unexpected(Failure{true, {}, "the connection to the database was lost"});
    for (;;) {
        bool notified = false;
        while (PGnotify* one = PQnotifies(connection_)) {
            PQfreemem(one);
            notified = true;
        }
        if (notified) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        const auto ready = is_ready(POLLIN, deadline);
        if (!ready) return lose(ready.error().message);
        if (*ready && PQconsumeInput(connection_) == 0) return lose(line_of(PQerrorMessage(connection_)));
    }
}

// ---- Asking now and then -----------------------------------------------------------------------------------------

Result<Rows> Asker::ask(const Statement& statement, const Params& params, std::chrono::milliseconds patience) {
    auto rows = try_ask(statement, params, patience);
    if (!rows) return refuse(rows.error());
    return std::move(*rows);
}

Outcome<Rows> Asker::try_ask(const Statement& statement, const Params& params, std::chrono::milliseconds patience) {
    const std::lock_guard lock(mutex_);
    for (bool fresh = false;; fresh = true) {
        if (!connection_) {
            auto made = Connection::open(options_);
            if (!made) return std::unexpected(made.error());
            connection_ = std::move(*made);
            fresh = true;
        }
        auto rows = connection_->run(statement, params, within(patience));
        if (rows && !connection_->warning().empty())
            return std::unexpected(Failure{false, {}, "the database warns: " + connection_->warning()});
        if (rows || !rows.error().lost) return rows;
        connection_.reset();
        if (fresh) return rows;  // one that was idle may have been dead for long
    }
}

}  // namespace gse::journal::pg
