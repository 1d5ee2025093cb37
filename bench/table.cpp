#include "table.h"

#include <fmt/format.h>

#include <algorithm>

namespace gse::bench {

Result<std::string> with_rows(std::string_view page, const std::vector<std::pair<std::string, std::string>>& rows) {
    const auto begin = page.find(kTableBegin);
    const auto end = page.find(kTableEnd);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("the page needs the lines {} and {}", kTableBegin, kTableEnd));
    const std::size_t from = page.find('\n', begin) + 1;
    std::vector<std::string> lines;
    for (std::string_view left = page.substr(from, end - from); !left.empty();) {
        const auto length = std::min(left.find('\n'), left.size() - 1) + 1;
        lines.emplace_back(left.substr(0, length));
        left.remove_prefix(length);
    }
    for (const auto& [name, row] : rows) {
        const std::string mark = fmt::format("| `{}` |", name);
        const auto same =
            std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.starts_with(mark); });
        if (same != lines.end())
            *same = row + "\n";
        else  // before the blank line that ends the table
            lines.insert(lines.end() - (!lines.empty() && lines.back() == "\n" ? 1 : 0), row + "\n");
    }
    std::string out(page.substr(0, from));
    for (const std::string& line : lines) out += line;
    out += page.substr(end);
    return out;
}

}  // namespace gse::bench
