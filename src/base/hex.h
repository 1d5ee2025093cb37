/// Lower-case hexadecimal text.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gse {

[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
/// Two characters a byte, written at `out`; nothing is added behind them.
void to_hex(std::span<const std::byte> bytes, char* out);
/// The same of what has a fixed size, such as a digest, held in place instead of allocated.
template <std::size_t Bytes>
class HexText {
public:
    explicit HexText(const std::array<std::byte, Bytes>& bytes) { to_hex(bytes, text_.data()); }
    [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size()}; }

private:
    std::array<char, 2 * Bytes> text_;
};

/// Accepts capitals too; nullopt for an odd length or any other character.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

}  // namespace gse
