/// Lower-case hexadecimal text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gse {

[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
/// Two characters a byte, written at `out`; nothing is added behind them.
void to_hex(std::span<const std::byte> bytes, char* out);
/// Accepts capitals too; nullopt for an odd length or any other character.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

}  // namespace gse
