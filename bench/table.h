/// The table of figures inside a page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace gse::bench {

inline constexpr std::string_view kTableBegin = "<!-- figures, written by ./dev bench --table -->";
inline constexpr std::string_view kTableEnd = "<!-- end of figures -->";

/// The page with these rows (name, and the whole line of the table) in place of those of the same names, or behind the
/// others; what stands before the marks and behind them stays. FailedOperation: it has no marks.
[[nodiscard]] Result<std::string> with_rows(std::string_view page,
                                            const std::vector<std::pair<std::string, std::string>>& rows);

}  // namespace gse::bench
