/// One HTTP request as the routes see it: views into what the connection has read.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gse::http {

struct Field {
    std::string_view name;   ///< as sent; compare with equal_ignoring_case()
    std::string_view value;  ///< without the blanks around it
};

struct RequestView {
    std::string_view method;  ///< as sent: `GET`, `POST`, `PUT` …
    std::string_view path;    ///< as sent, still encoded, without the query
    std::string_view query;   ///< as sent, still encoded, without `?`
    std::span<const Field> fields;
    std::string_view body;  ///< the bytes as received (de-chunked), before any decoding

    /// The first field of that name, in any capitals; a null view (data() == nullptr) when there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// Whether two ASCII texts are equal but for capitals.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::string to_lower(std::string_view text);
void append_lower(std::string& out, std::string_view text);
/// `Application/JSON` of `Application/JSON; charset=utf-8`; compare with is_media_type().
[[nodiscard]] std::string_view media_type(std::string_view content_type);
/// Whether a Content-Type says `type`, in whatever capitals and with whatever parameters.
[[nodiscard]] bool is_media_type(std::string_view content_type, std::string_view type);
/// `127.0.0.1` of `127.0.0.1:8080`, `[::1]` of `[::1]:8080`; the text itself when it ends in no port.
[[nodiscard]] std::string_view without_port(std::string_view host);

}  // namespace gse::http
