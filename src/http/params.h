/// Parameters of queries, forms and multipart bodies as name/value pairs.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "codec/flat.h"

namespace gse::http {

/// More parameters than this are RequestTooLarge.
inline constexpr std::size_t kParametersMax = 10'000;

/// `a=1&b=%20`, percent-decoded. InvalidParameter for a broken `%` or a name given twice.
[[nodiscard]] Result<codec::FlatParams> decode_form(std::string_view text);

/// A multipart/form-data body, one part a top-level parameter; parts whose Content-Type is application/json are
/// flattened (`Tags.0.Key`). InvalidRequest when malformed.
[[nodiscard]] Result<codec::FlatParams> decode_multipart(std::string_view content_type, std::string_view body);

}  // namespace gse::http
