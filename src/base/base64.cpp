#include "base/base64.h"

#include <cstdint>

namespace gse {
namespace {

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrlSafe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(std::span<const std::byte> bytes, const char* alphabet) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t group = 0;
    int bits = 0;
    for (const std::byte byte : bytes) {
        group = group << 8 | static_cast<std::uint32_t>(byte);
        for (bits += 8; bits >= 6;) {
            bits -= 6;
            text.push_back(alphabet[group >> bits & 63]);
        }
    }
    if (bits > 0) text.push_back(alphabet[group << (6 - bits) & 63]);
    return text;
}

std::optional<std::string> decode(std::string_view text, const char* alphabet) {
    const std::string_view known{alphabet, 64};
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
        const auto value = known.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        group = group << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<char>(group >> bits & 255));
        }
    }
    if ((group & ((1u << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace

std::string base64_encode(std::span<const std::byte> bytes) {
    std::string text = encode(bytes, kStandard);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::string base64url_encode(std::span<const std::byte> bytes) { return encode(bytes, kUrlSafe); }

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    return decode(text, kStandard);
}

std::optional<std::string> base64url_decode(std::string_view text) { return decode(text, kUrlSafe); }

}  // namespace gse
