/// Small objects as texts, for tests.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "objects/object_store.h"

namespace gse::objects::testing {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

inline Result<ObjectInfo> put(ObjectStore& store, std::string_view bucket, std::string_view key,
                              std::string_view content) {
    auto upload = TRY(store.put(bucket, key, 1 << 20));
    TRY(upload->write(bytes_of(content)));
    return upload->finish();
}

inline Result<std::string> get(ObjectStore& store, std::string_view bucket, std::string_view key) {
    const auto download = TRY(store.get(bucket, key));
    std::string content(download->info().size, '\0');
    const std::size_t got = TRY(download->read(0, std::as_writable_bytes(std::span{content})));
    if (got != content.size()) return refuse(ErrorCode::Internal, "an object came short");
    return content;
}

}  // namespace gse::objects::testing
