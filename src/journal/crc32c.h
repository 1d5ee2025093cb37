/// CRC-32C (Castagnoli), the checksum of batches and snapshots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gse::journal {

/// The checksum of `bytes` appended to what `previous` is the checksum of.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t previous = 0);

}  // namespace gse::journal
