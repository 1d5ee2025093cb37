/// A shared journal in PostgreSQL. docs/postgres.md has the tables, the rules and the set-up.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "journal/secrets.h"
#include "journal/shared.h"

namespace gse::journal {

/// Tables that are being filled by a copy: nobody else opens them until publish_postgres_draft().
enum class Draft : std::uint8_t {
    No,
    Begin,  ///< made afresh, in place of an earlier draft; InUse where there is more than that
    GoOn,   ///< those that Begin made
};

struct PostgresOptions {
    std::string conninfo;  ///< libpq's form; may hold a password, which no message repeats
    std::string schema = "gse";
    /// The database must belong to this deployment; empty accepts the one that is there, or draws a new name.
    std::string deployment;
    /// Make the tables if there are none; otherwise that is an error.
    bool create = false;
    WallTime created;  ///< noted for people
    /// Names this server among those that share the journal, the same after a restart; nobody else may have it at the
    /// same time. "": a new one is drawn.
    std::string server;
    /// How long a leader leads without a word to the database.
    std::chrono::milliseconds lease{3'000};
    /// How long append() looks for a database that has gone before it gives up.
    std::chrono::milliseconds patience{30'000};
    Draft draft = Draft::No;
};

struct OpenedSharedJournal {
    std::unique_ptr<SharedJournal> journal;
    std::string deployment;
    /// What the operator should know although all is well (say, a database that does not wait for its disk).
    std::vector<std::string> warnings;
};

/// Errors: InvalidParameterValue (no connection string), NotFound (no journal there and create is false),
/// FailedOperation (unreachable, another deployment's, newer tables, missing rights). Nothing that is there is changed
/// on error.
[[nodiscard]] Result<OpenedSharedJournal> open_postgres_journal(PostgresOptions options);

/// The draft becomes a journal like any other.
[[nodiscard]] Result<void> publish_postgres_draft(const PostgresOptions& options);

/// The secrets beside the journal of that deployment, sealed with `key` (read_secrets_key()). The journal was opened
/// before, so that its tables are there. Connects when it is first asked.
[[nodiscard]] std::unique_ptr<SharedSecrets> open_postgres_secrets(const PostgresOptions& options,
                                                                   std::string deployment, std::string key);

}  // namespace gse::journal
