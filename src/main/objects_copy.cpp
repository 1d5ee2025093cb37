#include "main/objects_copy.h"

#include <fmt/ostream.h>

#include <algorithm>
#include <vector>

#include "base/crypto.h"
#include "base/hex.h"
#include "main/data_dir.h"
#include "main/object_store.h"
#include "objects/directory_store.h"
#include "objects/s3_store.h"

namespace gse {
namespace {

constexpr std::size_t kStep = 100;

/// Of what the store gives, not of what it says.
Result<std::string> sha256_of(objects::ObjectStore& store, const objects::ObjectName& name) {
    const auto download = TRY(store.get(name.bucket, name.key));
    Sha256 hash;
    std::vector<std::byte> buffer(1 << 20);
    for (std::uint64_t offset = 0; offset < download->info().size;) {
        const std::size_t got = TRY(download->read(offset, buffer));
        hash.add(std::span<const std::byte>(buffer).first(got));
        offset += got;
    }
    return to_hex(hash.finish());
}

struct Counts {
    std::size_t copied = 0;
    std::size_t there = 0;
    std::uint64_t bytes = 0;
};

Result<void> copy_one(objects::ObjectStore& from, objects::ObjectStore& to, const objects::ObjectName& name,
                      Counts& counts) {
    const auto source = TRY(from.get(name.bucket, name.key));
    const objects::ObjectInfo info = source->info();
    const auto known = TRY(to.stat(name.bucket, name.key));
    if (known && known->sha256 == info.sha256 && known->size == info.size) {
        ++counts.there;
    } else {
        const auto target = TRY(to.put(name.bucket, name.key, info.size));
        TRY(objects::copy_bytes(*source, *target));
        TRY(target->finish());
        ++counts.copied;
        counts.bytes += info.size;
    }
    if (TRY(sha256_of(to, name)) == info.sha256) return {};
    return refuse(ErrorCode::FailedOperation, "what came out is not what went in; is the source damaged?");
}

}  // namespace

Result<void> copy_objects(const config::Config& config, bool to_s3, std::ostream& said) {
    // Held, so that no server changes what is copied; the servers that use the bucket are the operator's to stop.
    const DataDir data = TRY(DataDir::open(config.data));
    const auto directory = TRY(objects::open_directory_store(
        config.objects.dir.empty() ? data.objects() : std::filesystem::path(config.objects.dir),
        {.reserve_bytes = config.journal.reserve_bytes, .owner = {}, .before_step = {}}));
    const objects::S3Options options = TRY(s3_options(config));
    TRY(objects::check_s3_store(options));
    const auto s3 = TRY(objects::open_s3_store(options));
    objects::ObjectStore& from = to_s3 ? *directory : *s3;
    objects::ObjectStore& to = to_s3 ? *s3 : *directory;

    Counts counts;
    std::size_t failed = 0;
    objects::SweepCursor cursor;
    for (bool complete = false; !complete;) {
        const auto listed = TRY(from.list(cursor, kStep));
        complete = listed.complete;
        for (const std::string& where : listed.damaged) {
            ++failed;
            fmt::print(said, "damaged, not copied: {}\n", where);
        }
        for (const auto& name : listed.objects) {
            const auto copied = copy_one(from, to, name, counts);
            if (copied) continue;
            // A store that does not answer will not answer the next one either.
            if (copied.error().code == ErrorCode::Overloaded) return copied;
            ++failed;
            fmt::print(said, "not copied: {}/{}: {}\n", name.bucket, name.key, copied.error().message);
        }
    }
    fmt::print(said, "copied {} objects of {} bytes, {} were there already; all were read back and compared\n",
               counts.copied, counts.bytes, counts.there);
    if (failed == 0) return {};
    return refuse(ErrorCode::FailedOperation, fmt::format("{} objects were not copied; the others were", failed));
}

}  // namespace gse
