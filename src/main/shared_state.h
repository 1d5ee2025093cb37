/// Which journal a server works with, by its configuration.
#pragma once

#include "config/config.h"
#include "main/server_parts.h"

namespace gse {

/// Null: a journal of its own, in its data folder.
[[nodiscard]] OpenShared shared_state_of(const config::Config& config);

}  // namespace gse
