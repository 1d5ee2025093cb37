/// What the configuration and the data folder say about the journal in PostgreSQL.
#pragma once

#include <filesystem>
#include <optional>

#include "config/config.h"
#include "journal/postgres.h"

namespace gse {

/// For the server of that name, which lives in the data folder `root`. The first time tables are made where there are
/// none; from then on the database must belong to the deployment that the folder remembers. A folder with a journal of
/// its own goes only with a database that this was copied to.
[[nodiscard]] Result<journal::PostgresOptions> postgres_options(const config::Config& config,
                                                                const std::filesystem::path& root,
                                                                const std::string& server, WallTime now);
/// Opens it, writes warnings to the log, and has the folder remember the deployment.
[[nodiscard]] Result<journal::OpenedSharedJournal> open_postgres(const journal::PostgresOptions& options,
                                                                 const std::filesystem::path& root);
/// nullopt: the folder has never been used with a database.
[[nodiscard]] Result<std::optional<std::string>> remembered_deployment(const std::filesystem::path& root);
/// From now on as one that never was.
[[nodiscard]] Result<void> forget_deployment(const std::filesystem::path& root);

}  // namespace gse
