/// The Content-Range header of a PUT (RFC 9110 §14.4): which part of an object its body is.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace gse::http {

struct ContentRange {
    bool asks = false;         ///< `bytes */total`: how much of it is there?
    std::uint64_t offset = 0;  ///< `bytes offset-last/total`
    std::uint64_t length = 0;
    std::uint64_t total = 0;  ///< at least 1
    friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

/// InvalidParameterValue for anything else.
[[nodiscard]] Result<ContentRange> parse_content_range(std::string_view text);

}  // namespace gse::http
