#include "http/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace gse::http {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::expected<ByteRange, NotSatisfiable> choose_range(std::string_view range, std::uint64_t size) {
    const ByteRange whole{0, size, false};
    constexpr std::string_view kUnit = "bytes=";
    if (!range.starts_with(kUnit)) return whole;
    range.remove_prefix(kUnit.size());
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) return whole;
    const std::string_view left = range.substr(0, dash);
    const std::string_view right = range.substr(dash + 1);

    if (left.empty()) {
        const auto last = number(right);
        if (!last) return whole;
        if (*last == 0 || size == 0) return std::unexpected(NotSatisfiable{});
        const std::uint64_t length = std::min(*last, size);
        return ByteRange{size - length, length, true};
    }
    const auto first = number(left);
    const auto end = right.empty() ? std::optional{UINT64_MAX} : number(right);
    if (!first || !end || *end < *first) return whole;
    if (*first >= size) return std::unexpected(NotSatisfiable{});
    return ByteRange{*first, std::min(*end, size - 1) - *first + 1, true};
}

}  // namespace gse::http
