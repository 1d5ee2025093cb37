#include "main/postgres_options.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/file.h"
#include "journal/identity.h"

namespace gse {
namespace {

namespace fs = std::filesystem;

fs::path deployment_file(const fs::path& root) { return root / "deployment"; }
fs::path own_journal(const fs::path& root) { return root / "journal"; }

}  // namespace

Result<std::optional<std::string>> remembered_deployment(const fs::path& root) {
    auto text = read_file(deployment_file(root), 4096);
    if (!text && text.error().code == ErrorCode::NotFound) return std::nullopt;
    if (!text) return std::unexpected(text.error());
    while (!text->empty() && text->back() == '\n') text->pop_back();
    if (journal::valid_deployment(*text)) return *text;
    return refuse(
        ErrorCode::FailedOperation,
        fmt::format("{} is damaged; write the deployment's name into it, which the table meta of the database "
                    "has",
                    deployment_file(root).string()));
}

Result<void> forget_deployment(const fs::path& root) {
    std::error_code error;
    if (!std::filesystem::remove(deployment_file(root), error) && error)
        return refuse(ErrorCode::FailedOperation, fmt::format("cannot remove {}", deployment_file(root).string()));
    return sync_directory(root);
}

Result<journal::PostgresOptions> postgres_options(const config::Config& config, const fs::path& root,
                                                  const std::string& server, WallTime now) {
    journal::PostgresOptions options{.conninfo = config.journal.postgres,
                                     .schema = config.journal.schema,
                                     .created = now,
                                     .server = server,
                                     .lease = config.journal.lease,
                                     .patience = config.journal.patience};
    auto remembered = TRY(remembered_deployment(root));
    if (!remembered)
        if (const auto own = TRY(journal::read_identity(journal::posix_file_system(), own_journal(root))))
            remembered = own->deployment;
    options.create = !remembered;
    options.deployment = remembered.value_or("");
    return options;
}

Result<journal::OpenedSharedJournal> open_postgres(const journal::PostgresOptions& options, const fs::path& root) {
    auto opened = journal::open_postgres_journal(options);
    if (!opened && opened.error().code == ErrorCode::NotFound && std::filesystem::exists(own_journal(root)))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{}; {} holds the journal of this deployment: copy it with gse journal copy, or give "
                                  "another data folder",
                                  opened.error().message, own_journal(root).string()));
    if (!opened) return opened;
    for (const std::string& warning : opened->warnings) spdlog::warn("journal: {}", warning);
    if (TRY(remembered_deployment(root)) != opened->deployment)
        TRY(write_file_atomically(deployment_file(root), opened->deployment + "\n"));
    return opened;
}

}  // namespace gse
