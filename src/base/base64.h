/// Base64 (RFC 4648): the standard alphabet with padding, and the URL-safe one without.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gse {

[[nodiscard]] std::string base64_encode(std::span<const std::byte> bytes);
[[nodiscard]] std::string base64url_encode(std::span<const std::byte> bytes);
/// Strict: right padding, nothing else in between, unused bits zero. nullopt otherwise.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace gse
