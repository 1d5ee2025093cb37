/// What was built, from what.
#pragma once

#include <string_view>

namespace gse {

[[nodiscard]] std::string_view version();     ///< `0.1.0`
[[nodiscard]] std::string_view git_commit();  ///< `1a2b3c4d5e6f`, with `+` when files were changed; "" when unknown
[[nodiscard]] std::string_view build_type();  ///< `Release`

}  // namespace gse
