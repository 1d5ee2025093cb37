#include "api/uploads.h"

#include "api/actions.h"

namespace gse::api {

void publish_bucket_rules(const core::State& state, objects::BucketRules& rules) {
    state.table<core::Bucket>().for_each([&](core::Slot, const core::Bucket& bucket) {
        if (bucket.has_cors) rules.set({upload_bucket(state.settings(), bucket.region), cors_rule(bucket)});
    });
}

Result<objects::Swept> sweep_uploads(objects::ObjectStore& store, objects::SweepCursor& cursor,
                                     const Settings& settings, WallTime now, std::size_t max) {
    const Millis keep = settings.objects.keep_uploads;
    const WallTime old = keep == Millis{0} ? WallTime{} : now - keep;  // 0s: nothing is that old
    if (cursor.position.empty()) TRY(store.drop_unfinished(old));      // once a walk
    if (keep == Millis{0}) return objects::Swept{.complete = true};
    return store.sweep(cursor, max, old, [&](std::string_view bucket) { return is_upload_bucket(settings, bucket); });
}

}  // namespace gse::api
