#include "main/own_journal.h"

#include <fmt/format.h>

#include "journal/sole_leader.h"
#include "main/postgres_options.h"

namespace gse {

Result<journal::OpenedJournal> open_own_journal(const config::Config& config, const DataDir& data, WallTime now) {
    if (config.journal.kind == config::JournalKind::Postgres) {
        const std::string server = TRY(data.server_id());
        const auto options = TRY(postgres_options(config, data.root(), server, now));
        auto opened = TRY(open_postgres(options, data.root()));
        const journal::SharedJournal* shared = opened.journal.get();
        return journal::OpenedJournal{journal::make_sole_leader(std::move(opened.journal), config.listen),
                                      std::move(opened.deployment), [shared] { return shared->leads(); }};
    }
    // What is in the folder besides, a journal from before it was copied, has been overtaken.
    if (const auto elsewhere = TRY(remembered_deployment(data.root())))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("the state of {} is in a database (deployment {}); set journal.kind and "
                                  "journal.postgres, or copy it back with gse journal copy",
                                  data.root().string(), *elsewhere));
    return journal::open_sqlite_journal(
        {.dir = data.journal(), .create = true, .created = now, .segment_bytes = config.journal.segment_bytes});
}

}  // namespace gse
