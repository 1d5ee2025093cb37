/// `gse backup` and `gse restore`: what they say when they are done.
#pragma once

#include "cli/program.h"

namespace gse {

Result<std::string> back_up(const cli::BackupWish& wish, const cli::Progress& progress);
Result<std::string> restore(const cli::RestoreWish& wish, const cli::Progress& progress);

}  // namespace gse
