/// `gse objects copy`: packages and logs from a data folder into a bucket, or back.
#pragma once

#include <ostream>

#include "base/result.h"
#include "config/config.h"

namespace gse {

/// Of a server that is stopped. Every object is read back from where it went and compared by its SHA-256; what is there
/// already is compared, not sent again, so that a copy that was cut goes on. Removes nothing. Says on `said` what it
/// did.
Result<void> copy_objects(const config::Config& config, bool to_s3, std::ostream& said);

}  // namespace gse
