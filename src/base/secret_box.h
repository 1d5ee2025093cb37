/// A secret at rest in somebody else's hands: sealed with AES-256-GCM, so that it can be neither read nor changed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gse {

inline constexpr std::size_t kBoxKeyBytes = 32;

/// `key` is of kBoxKeyBytes random bytes; fit for 2^32 boxes. `context` says where the box belongs: it opens nowhere
/// else, and is not in it. The box is 29 bytes longer than the secret.
[[nodiscard]] std::string put_in_box(std::string_view key, std::string_view context, std::string_view secret);

/// nullopt: of another key or context, or changed.
[[nodiscard]] std::optional<std::string> open_box(std::string_view key, std::string_view context, std::string_view box);

}  // namespace gse
