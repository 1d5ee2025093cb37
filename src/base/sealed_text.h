/// Text that only the holder of a secret can have made: what a server hands out and gets back without remembering it.
/// `<part>.<part>.….<MAC>`, each in URL-safe base64.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gse {

/// At least one part. `purpose` keeps texts of different kinds apart, so that one is never taken for another; it is not
/// in the text.
[[nodiscard]] std::string seal(std::string_view secret, std::string_view purpose,
                               std::span<const std::string_view> parts);

/// The parts; nullopt when the text is not of this secret, purpose and number of parts. Compares in constant time.
[[nodiscard]] std::optional<std::vector<std::string>> unseal(std::string_view secret, std::string_view purpose,
                                                             std::string_view text, std::size_t parts);

}  // namespace gse
