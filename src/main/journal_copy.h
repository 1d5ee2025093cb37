/// `gse journal copy`: a deployment's state from a data folder into a database, or back.
#pragma once

#include <ostream>

#include "base/result.h"
#include "cli/program.h"

namespace gse {

/// Neither may be in use, and `to` must hold no journal. It appears under its name only when it is whole and reads back
/// the same; what an attempt left that was interrupted is removed by the next. Says on `out` what it does.
[[nodiscard]] Result<void> copy_journal(const cli::JournalCopy& copy, std::ostream& out);

}  // namespace gse
