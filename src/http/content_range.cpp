#include "http/content_range.h"

#include <fmt/core.h>

#include <optional>

#include "base/whole_number.h"

namespace gse::http {
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
    const auto total = parse_whole_number(text.substr(slash + 1));
    if (!total || *total == 0) return wrong();
    const std::string_view range = text.substr(kUnit.size(), slash - kUnit.size());
    if (range == "*") return ContentRange{.asks = true, .total = *total};
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) return wrong();
    const auto first = parse_whole_number(range.substr(0, dash));
    const auto last = parse_whole_number(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= *total) return wrong();
    return ContentRange{.asks = false, .offset = *first, .length = *last - *first + 1, .total = *total};
}

}  // namespace gse::http
