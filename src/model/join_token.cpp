#include "model/join_token.h"

#include <algorithm>
#include <array>

namespace gse {
namespace {

constexpr std::string_view kPrefix = "gse1";
constexpr std::size_t kTextMax = 512;
constexpr std::size_t kSecretMin = 20;  // more than 100 bits
constexpr std::size_t kSha256Hex = 64;

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text,
                               [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}
bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string to_text(const JoinToken& token) {
    return std::string(kPrefix) + '.' + token.id + '.' + token.secret + '.' + token.authority_sha256;
}

Result<JoinToken> parse_join_token(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    std::array<std::string_view, 4> parts;
    std::size_t count = 0;
    if (text.size() <= kTextMax) {
        for (std::string_view rest = text; count < parts.size();) {
            const std::size_t dot = count + 1 < parts.size() ? rest.find('.') : std::string_view::npos;
            parts[count++] = rest.substr(0, dot);
            if (dot == std::string_view::npos) break;
            rest.remove_prefix(dot + 1);
        }
    }
    const auto& [prefix, id, secret, authority] = parts;
    if (count != parts.size() || prefix != kPrefix || id.empty() || !is_plain(id) || secret.size() < kSecretMin ||
        !is_plain(secret) || authority.size() != kSha256Hex || !is_hex(authority))
        return refuse(ErrorCode::InvalidParameterValue,
                      "this is no enrolment token; gse host token prints one, which begins with gse1.htok-");
    return JoinToken{std::string(id), std::string(secret), std::string(authority)};
}

}  // namespace gse
