/// The journal of a server that shares it with nobody.
#pragma once

#include "config/config.h"
#include "journal/sqlite.h"
#include "main/data_dir.h"

namespace gse {

/// By journal.kind: files in the data folder, or a database of which this server is the only one. On error nothing was
/// changed.
[[nodiscard]] Result<journal::OpenedJournal> open_own_journal(const config::Config& config, const DataDir& data,
                                                              WallTime now);

}  // namespace gse
