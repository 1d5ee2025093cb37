#include "base/sealed_text.h"

#include "base/base64.h"
#include "base/crypto.h"

namespace gse {
namespace {

std::string mac_of(std::string_view secret, std::string_view purpose, std::string_view sealed_parts) {
    std::string message;
    message.reserve(purpose.size() + 1 + sealed_parts.size());
    message += purpose;
    message += '\n';
    message += sealed_parts;
    return base64url_encode(hmac_sha256(secret, message));
}

}  // namespace

std::string seal(std::string_view secret, std::string_view purpose, std::span<const std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) {
        text += base64url_encode(std::as_bytes(std::span{part}));
        text += '.';
    }
    return text + mac_of(secret, purpose, text);
}

std::optional<std::vector<std::string>> unseal(std::string_view secret, std::string_view purpose, std::string_view text,
                                               std::size_t parts) {
    const auto end = text.rfind('.');
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view sealed = text.substr(0, end + 1);
    // The MAC first: what is not ours tells nothing.
    if (!equal_in_constant_time(mac_of(secret, purpose, sealed), text.substr(end + 1))) return std::nullopt;
    std::vector<std::string> out;
    while (!sealed.empty()) {
        const auto dot = sealed.find('.');
        auto part = base64url_decode(sealed.substr(0, dot));
        if (!part || out.size() == parts) return std::nullopt;
        out.push_back(*std::move(part));
        sealed.remove_prefix(dot + 1);
    }
    if (out.size() != parts) return std::nullopt;
    return out;
}

}  // namespace gse
