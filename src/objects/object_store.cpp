#include "objects/object_store.h"

#include <vector>

namespace gse::objects {

Result<std::optional<ObjectInfo>> ObjectStore::stat(std::string_view bucket, std::string_view key) {
    const auto found = get(bucket, key);
    if (found) return (*found)->info();
    if (found.error().code == ErrorCode::NotFound) return std::nullopt;
    return std::unexpected(found.error());
}

Result<void> copy_bytes(Download& from, Upload& to) {
    std::vector<std::byte> buffer(1 << 20);
    for (std::uint64_t offset = 0; offset < from.info().size;) {
        const std::size_t got = TRY(from.read(offset, buffer));
        if (got == 0)
            return refuse(ErrorCode::FailedOperation,
                          "an object is shorter than its description says; upload it again");
        TRY(to.write(std::span(buffer).first(got)));
        offset += got;
    }
    return {};
}

}  // namespace gse::objects
