/// Percent-encoding of URLs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gse {

/// In a query or a form, `+` is a blank; in a path it is itself.
enum class UrlPart : std::uint8_t { Path, Query };

/// nullopt when a `%` is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> url_decode(std::string_view text, UrlPart part);

/// Everything but letters, digits and `-._~` becomes `%XX`; with UrlPart::Path a `/` stays too.
[[nodiscard]] std::string url_encode(std::string_view text, UrlPart part);

}  // namespace gse
