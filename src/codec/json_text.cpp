#include "codec/json_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace gse::api {
namespace {

/// Length of the UTF-8 sequence at the start of `text`, 0 when it is not one. Refuses overlong forms, surrogates
/// and what is beyond U+10FFFF (RFC 3629).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if (!tail(1) || !tail(2)) return 0;
        if (first == 0xE0 && byte(1) < 0xA0) return 0;
        if (first == 0xED && byte(1) > 0x9F) return 0;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!tail(1) || !tail(2) || !tail(3)) return 0;
        if (first == 0xF0 && byte(1) < 0x90) return 0;
        if (first == 0xF4 && byte(1) > 0x8F) return 0;
        return 4;
    }
    return 0;
}

/// 1 for the bytes that cannot be copied as they are.
constexpr auto kSpecial = [] {
    std::array<bool, 256> table{};
    for (int c = 0; c < 256; ++c) table[c] = c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
    return table;
}();

/// True when one of eight bytes is special: the tricks of "Bit Twiddling Hacks", a third of the time of a table look-up
/// for each byte.
bool any_special(const char* text) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighs = 0x8080808080808080;
    std::uint64_t word = 0;
    std::memcpy(&word, text, sizeof word);
    const auto has_zero = [](std::uint64_t w) { return (w - kOnes) & ~w; };
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    return ((control | has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\')) | word) & kHighs) != 0;
}

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t copied = 0;
    std::size_t i = 0;
    while (i < text.size()) {
        if (text.size() - i >= 8 && !any_special(text.data() + i)) {
            i += 8;
            continue;
        }
        if (!kSpecial[static_cast<std::uint8_t>(text[i])]) [[likely]] {
            ++i;
            continue;
        }
        if (static_cast<std::uint8_t>(text[i]) >= 0x80) {
            if (const std::size_t length = sequence_length(text.substr(i))) {
                i += length;
                continue;
            }
        }
        out.append(text, copied, i - copied);
        if (static_cast<std::uint8_t>(text[i]) >= 0x80) {
            out += "\xEF\xBF\xBD";
        } else {
            append_escaped(out, text[i]);
        }
        copied = ++i;
    }
    out.append(text, copied, text.size() - copied);
    out.push_back('"');
}

void append_json_double(std::string& out, double value) {
    if (!std::isfinite(value)) value = 0.0;
    fmt::memory_buffer text;
    fmt::format_to(std::back_inserter(text), "{}", value);
    std::string_view number{text.data(), text.size()};
    const std::size_t exponent = number.find('e');
    const std::string_view mantissa = number.substr(0, exponent);
    out += mantissa;
    if (mantissa.find('.') == std::string_view::npos) out += ".0";
    if (exponent != std::string_view::npos) out += number.substr(exponent);
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::size_t utf8_length(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<std::uint8_t>(c) & 0xC0) != 0x80;
    return count;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
    if (text.size() <= max_bytes) return text;
    while (max_bytes > 0 && (static_cast<std::uint8_t>(text[max_bytes]) & 0xC0) == 0x80) --max_bytes;
    return text.substr(0, max_bytes);
}

}  // namespace gse::api
