/// Uploaded packages between the object store and the API.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "core/state.h"
#include "model/settings.h"
#include "objects/bucket_rules.h"
#include "objects/object_store.h"

namespace gse::api {

[[nodiscard]] objects::CorsRule cors_rule(const core::Bucket& bucket);

/// Every rule that the state holds, into force: once after recovery, before anybody is served.
void publish_bucket_rules(const core::State& state, objects::BucketRules& rules);

/// A step of the walk that removes uploads stored at least objects.keep_uploads before `now`, whether they were
/// registered (CreateAsset copied them then) or not. Looks at `max` objects; nothing else is ever removed.
Result<objects::Swept> sweep_uploads(objects::ObjectStore& store, objects::SweepCursor& cursor,
                                     const Settings& settings, WallTime now, std::size_t max);

}  // namespace gse::api
