#include "http/content_range.h"

#include <fmt/core.h>

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

Result<ContentRange> parse_content_range(std::string_view text) {
    const auto wrong = [&] {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("Content-Range '{}' is neither bytes FIRST-LAST/TOTAL nor bytes */TOTAL with a TOTAL "
                                  "of at least 1",
                                  text.substr(0, 100)));
    };
    constexpr std::string_view kUnit = "bytes ";
    const auto slash = text.find('/');
    if (!text.starts_with(kUnit) || slash == std::string_view::npos) return wrong();
    const auto total = number(text.substr(slash + 1));
    if (!total || *total == 0) return wrong();
    const std::string_view range = text.substr(kUnit.size(), slash - kUnit.size());
    if (range == "*") return ContentRange{.asks = true, .total = *total};
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) return wrong();
    const auto first = number(range.substr(0, dash));
    const auto last = number(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= *total) return wrong();
    return ContentRange{.asks = false, .offset = *first, .length = *last - *first + 1, .total = *total};
}

}  // namespace gse::http
