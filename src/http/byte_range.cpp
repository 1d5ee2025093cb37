#include "http/byte_range.h"

#include <algorithm>
#include <optional>

#include "base/whole_number.h"

namespace gse::http {
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
        const auto last = parse_whole_number(right);
        if (!last) return whole;
        if (*last == 0 || size == 0) return std::unexpected(NotSatisfiable{});
        const std::uint64_t length = std::min(*last, size);
        return ByteRange{size - length, length, true};
    }
    const auto first = parse_whole_number(left);
    const auto end = right.empty() ? std::optional{UINT64_MAX} : parse_whole_number(right);
    if (!first || !end || *end < *first) return whole;
    if (*first >= size) return std::unexpected(NotSatisfiable{});
    return ByteRange{*first, std::min(*end, size - 1) - *first + 1, true};
}

}  // namespace gse::http
