/// JSON and UTF-8 text by hand, for whoever writes JSON without a struct of the API.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gse::api {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so that the
/// output is always valid JSON whatever a game server printed.
void append_json_string(std::string& out, std::string_view text);

/// Appends a number that every client reads as a floating-point one: always with a point (`1024.0`, `1.0e+30`).
/// JSON has no infinity and no NaN; they become 0.0.
void append_json_double(std::string& out, double value);

[[nodiscard]] bool is_utf8(std::string_view text);
/// Characters (code points) of valid UTF-8.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
/// At most `max_bytes` of `text`, never cutting a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

}  // namespace gse::api
