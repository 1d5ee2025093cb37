#include "http/request.h"

#include <algorithm>
#include <string>

namespace gse::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

void append_lower(std::string& out, std::string_view text) {
    const std::size_t before = out.size();
    out.append(text);
    std::transform(text.begin(), text.end(), out.begin() + static_cast<std::ptrdiff_t>(before), lower);
}

std::string to_lower(std::string_view text) {
    std::string result;
    append_lower(result, text);
    return result;
}

std::string_view RequestView::field(std::string_view name) const {
    for (const Field& candidate : fields) {
        if (equal_ignoring_case(candidate.name, name)) {
            return candidate.value.data() == nullptr ? std::string_view{""} : candidate.value;
        }
    }
    return {};
}

std::string_view media_type(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    return type;
}

bool is_media_type(std::string_view content_type, std::string_view type) {
    return equal_ignoring_case(media_type(content_type), type);
}

std::string_view without_port(std::string_view host) {
    const auto colon = host.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == host.size()) return host;
    const std::string_view port = host.substr(colon + 1);
    const bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    // A bare IPv6 address ends in digits behind a colon too; in a Host it stands in brackets.
    const bool bare_address =
        host.find(':') != colon && host.front() != '[' && host.find('/') == std::string_view::npos;
    return digits && !bare_address ? host.substr(0, colon) : host;
}

}  // namespace gse::http
