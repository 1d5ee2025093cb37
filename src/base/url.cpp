#include "base/url.h"

#include "base/hex.h"

namespace gse {

std::optional<std::string> url_decode(std::string_view text, UrlPart part) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && part == UrlPart::Query) {
            plain.push_back(' ');
        } else if (text[i] != '%') {
            plain.push_back(text[i]);
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            const auto byte = from_hex(text.substr(i + 1, 2));
            if (!byte) return std::nullopt;
            plain += *byte;
            i += 2;
        }
    }
    return plain;
}

std::string url_encode(std::string_view text, UrlPart part) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool digit = c >= '0' && c <= '9';
        const bool mark = c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && part == UrlPart::Path);
        if (letter || digit || mark) {
            encoded.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded.push_back('%');
            encoded.push_back(kDigits[byte >> 4]);
            encoded.push_back(kDigits[byte & 15]);
        }
    }
    return encoded;
}

}  // namespace gse
