/// A copy of the SQLite journal's files, which a server may be appending to.
#pragma once

#include "journal/file_system.h"

namespace gse::journal {

/// Copies what the journal in `from` needs into `to`, which exists and is empty. Everything that was durable when this
/// was called is in the copy, which is what a power cut some time during the call would have left: whoever opens it
/// checks it. Needs no lock, and nothing in `from` is written to; segments are settled, made and trimmed meanwhile.
/// NotFound: no journal there. Unavailable: it changed under every attempt; try again.
Result<void> copy_live_journal(FileSystem& files, const path& from, const path& to);

}  // namespace gse::journal
