#include "main/shared_state.h"

#include "journal/secrets.h"
#include "main/postgres_options.h"

namespace gse {

OpenShared shared_state_of(const config::Config& config) {
    if (config.journal.kind != config::JournalKind::Postgres || config.secrets.key_file.empty()) return {};
    return [config](const DataDir& data) -> Result<SharedState> {
        const std::string key = TRY(journal::read_secrets_key(config.secrets.key_file));
        const std::string server = TRY(data.server_id());
        const auto options = TRY(postgres_options(config, data.root(), server, SystemClock{}.wall()));
        auto opened = TRY(open_postgres(options, data.root()));
        auto secrets = journal::open_postgres_secrets(options, opened.deployment, key);
        return SharedState{.journal = std::move(opened.journal),
                           .secrets = std::move(secrets),
                           .deployment = std::move(opened.deployment)};
    };
}

}  // namespace gse
