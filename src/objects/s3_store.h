/// Objects in a bucket of an S3-compatible store, which several servers share. docs/objects.md says what lies where.
#pragma once

#include "objects/object_store.h"
#include "objects/s3_client.h"

namespace gse::objects {

/// Asks nothing of the store yet. InvalidParameterValue: an option is ill-formed. Of several processes one at a time
/// serves clients; the next one goes on with what is unfinished. Bucket names are 1–128 bytes, keys 1–1024.
Result<std::unique_ptr<ObjectStore>> open_s3_store(S3Options options);

/// That the bucket is there, and that everything a server does may be done in it. Overloaded: the store does not
/// answer, so that nothing is known; anything else: the settings are wrong, and the message says which.
Result<void> check_s3_store(const S3Options& options);

}  // namespace gse::objects
