/// The Range header (RFC 9110 §14), single ranges of bytes.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace gse::http {

struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool partial = false;  ///< to be answered with 206
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct NotSatisfiable {
    friend bool operator==(const NotSatisfiable&, const NotSatisfiable&) = default;
};

/// The whole for no header and for forms we do not serve (several ranges, other units), as the RFC allows.
[[nodiscard]] std::expected<ByteRange, NotSatisfiable> choose_range(std::string_view range, std::uint64_t size);

}  // namespace gse::http
