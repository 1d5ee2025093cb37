/// The object store of the configuration.
#pragma once

#include <memory>

#include "base/result.h"
#include "config/config.h"
#include "objects/object_store.h"
#include "objects/s3_client.h"

namespace gse {

/// objects.s3, with its secret from its file or from the environment. MissingParameter: there is none.
Result<objects::S3Options> s3_options(const config::Config& config);

/// For objects.kind = "s3". Refuses when the settings are wrong; a store that does not answer now is a warning in the
/// log, because matches need none.
Result<std::unique_ptr<objects::ObjectStore>> open_checked_s3_store(const config::Config& config);

}  // namespace gse
