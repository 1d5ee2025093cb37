#include "base/hex.h"

namespace gse {
namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void to_hex(std::span<const std::byte> bytes, char* out) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (const std::byte byte : bytes) {
        const auto value = static_cast<unsigned>(byte);
        *out++ = kDigits[value >> 4];
        *out++ = kDigits[value & 15];
    }
}

std::string to_hex(std::span<const std::byte> bytes) {
    std::string text(bytes.size() * 2, '\0');
    to_hex(bytes, text.data());
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit_of(text[i]);
        const int low = digit_of(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
}

}  // namespace gse
