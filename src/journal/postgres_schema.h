/// The tables of the PostgreSQL journal: made, migrated, and refused when they are not ours. docs/postgres.md names
/// them. Private to src/journal.
#pragma once

#include <string>

#include "base/time.h"
#include "journal/pg_connection.h"
#include "journal/postgres.h"

namespace gse::journal::pg {

/// Of the tables; a database with a newer one is refused, an older one is migrated.
inline constexpr int kSchemaVersion = 1;
/// Before this one pg_terminate_backend() does not wait.
inline constexpr int kServerVersionMin = 140'000;

/// In place of a version: the tables are a draft.
inline constexpr std::int64_t kDraftVersion = -1;

struct SchemaWish {
    std::string schema;
    std::string deployment;  ///< the database must belong to it; "": to any, or a new name is drawn
    bool create = false;     ///< make the tables where there are none
    WallTime created;        ///< noted for people
    Draft draft = Draft::No;
};

/// Looks, and makes or migrates what is missing, in one transaction under a lock. The deployment of the database.
/// Errors: NotFound (no journal there and create is false), FailedOperation (foreign, newer, no rights, a standby).
/// Nothing was changed on error.
[[nodiscard]] Result<std::string> settle_schema(Connection& connection, const SchemaWish& wish);

}  // namespace gse::journal::pg
