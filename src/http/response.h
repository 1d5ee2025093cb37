/// The heads of answers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.h"

namespace gse::http {

/// What becomes of the connection behind an answer.
enum class After : std::uint8_t { KeepAlive, KeepAliveTold, Close };  ///< Told: HTTP/1.0 wants to hear it

/// `Sun, 06 Nov 1994 08:49:37 GMT`
[[nodiscard]] std::string format_http_date(WallTime t);

/// `HTTP/1.1 200 OK` up to the blank line; `fields` behind one another are complete lines, each ending in CRLF.
void append_head(std::string& out, int status, std::string_view date, std::string_view content_type,
                 std::uint64_t content_length, std::initializer_list<std::string_view> fields, After after);

}  // namespace gse::http
