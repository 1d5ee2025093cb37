/// A shared journal for a server that shares it with nobody: it takes the lead as it loads.
#pragma once

#include <memory>

#include "journal/shared.h"

namespace gse::journal {

/// load() refuses with InUse while another server leads. Destroyed, it resigns. `address` is for the others, see
/// Leader.
[[nodiscard]] std::unique_ptr<Journal> make_sole_leader(std::unique_ptr<SharedJournal> shared, std::string address);

}  // namespace gse::journal
