/// How unlike two words are, for "did you mean".
#pragma once

#include <cstddef>
#include <string_view>

namespace gse {

/// Levenshtein: insertions, removals and substitutions that turn `a` into `b`. O(a·b) time; bound the lengths first.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace gse
