/// SQLite takes a damaged write-ahead log for one that ends early, and so forgets acknowledged batches without a
/// word. This check tells damage from the torn end that a power cut leaves.
#pragma once

#include <array>

#include "journal/file_system.h"

namespace gse::journal {

inline constexpr std::uint32_t kPageBytes = 16384;
inline constexpr std::uint64_t kWalHeadBytes = 32;
inline constexpr std::uint64_t kWalFrameBytes = 24 + kPageBytes;

/// An error if `wal` holds commits behind a frame that does not check. Each commit is synced before the next begins,
/// so a power cut leaves at most one such commit, and none before the header is whole. Writes nothing; an absent
/// file is fine. What it cannot see is damage to the very last commit.
Result<void> audit_wal(FileSystem& files, const path& wal);

/// The first bytes of a write-ahead log in which nothing is valid: frames of an earlier life have other salts. SQLite
/// writes these very bytes again with the first commit, as after its own first checkpoint, so no crash can tear them.
[[nodiscard]] std::array<std::byte, kWalHeadBytes> fresh_wal_head(std::uint64_t salts);

/// Bytes through the last commit of a write-ahead log that checks, and may be growing meanwhile; 0: there is none.
Result<std::uint64_t> committed_wal_bytes(File& wal);

}  // namespace gse::journal
