#include "http/response.h"

#include <fmt/core.h>

#include <ctime>
#include <iterator>

namespace gse::http {
namespace {

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 206: return "Partial Content";
        case 304: return "Not Modified";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 409: return "Conflict";
        case 408: return "Request Timeout";
        case 413: return "Content Too Large";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 421: return "Misdirected Request";
        case 431: return "Request Header Fields Too Large";
        case 503: return "Service Unavailable";
        case 507: return "Insufficient Storage";
        default: return "Internal Server Error";
    }
}

}  // namespace

std::string format_http_date(WallTime t) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = t.ms / 1000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                       utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

void append_head(std::string& out, int status, std::string_view date, std::string_view content_type,
                 std::uint64_t content_length, std::initializer_list<std::string_view> fields, After after) {
    // By hand: this runs for every request.
    if (status == 200) {
        out += "HTTP/1.1 200 OK\r\nDate: ";
    } else {
        fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: ", status, reason_of(status));
    }
    out += date;
    if (!content_type.empty()) {
        out += "\r\nContent-Type: ";
        out += content_type;
    }
    if (status != 304) {
        out += "\r\nContent-Length: ";
        out += std::to_string(content_length);
    }
    out += "\r\n";
    for (const std::string_view part : fields) out += part;
    if (after == After::Close) out += "Connection: close\r\n";
    if (after == After::KeepAliveTold) out += "Connection: keep-alive\r\n";
    out += "\r\n";
}

}  // namespace gse::http
