#include "journal/wal_audit.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace gse::journal {
namespace {

std::uint32_t big_endian(const std::byte* at) {
    std::uint32_t value;
    std::memcpy(&value, at, 4);
    return __builtin_bswap32(value);
}

/// The running checksum of the WAL format (https://sqlite.org/fileformat2.html#checksum_algorithm).
struct WalChecksum {
    bool big_endian_words = false;
    std::uint32_t s0 = 0;
    std::uint32_t s1 = 0;

    void add(const std::byte* at, std::size_t length) {  // length is a multiple of 8
        for (const std::byte* end = at + length; at != end; at += 8) {
            std::uint32_t words[2];
            std::memcpy(words, at, 8);
            if (big_endian_words) words[0] = __builtin_bswap32(words[0]), words[1] = __builtin_bswap32(words[1]);
            s0 += words[0] + s1;
            s1 += words[1] + s0;
        }
    }
    [[nodiscard]] bool matches(const std::byte* stored) const {
        return s0 == big_endian(stored) && s1 == big_endian(stored + 4);
    }
};

}  // namespace

Result<void> audit_wal(FileSystem& files, const path& wal) {
    auto file = files.open(wal, OpenMode::Read);
    if (!file) {
        if (file.error().code == ErrorCode::NotFound) return {};
        return std::unexpected(std::move(file).error());
    }
    std::byte head[kWalHeadBytes];
    if (TRY((*file)->read_at(0, head)) < kWalHeadBytes) return {};
    const std::uint32_t magic = big_endian(head);
    WalChecksum checksum{.big_endian_words = (magic & 1) != 0};
    checksum.add(head, 24);
    const bool head_good =
        (magic & ~1u) == 0x377f0682 && big_endian(head + 8) == kPageBytes && checksum.matches(head + 24);
    std::uint64_t salts = 0;  // of the header; of the first frame seen if the header is bad
    std::memcpy(&salts, head + 16, 8);
    bool salts_known = head_good;

    bool in_good_part = head_good;
    std::uint64_t commits_behind = 0;
    std::vector<std::byte> frame(kWalFrameBytes);
    for (std::uint64_t at = kWalHeadBytes;; at += kWalFrameBytes) {
        if (TRY((*file)->read_at(at, frame)) < kWalFrameBytes) break;
        const std::uint32_t page = big_endian(frame.data());
        const bool is_commit = big_endian(frame.data() + 4) != 0;
        if (page == 0 && !in_good_part) continue;  // the zeros laid down ahead
        std::uint64_t frame_salts;
        std::memcpy(&frame_salts, frame.data() + 8, 8);
        if (!salts_known) {
            salts = frame_salts;
            salts_known = true;
        }
        if (in_good_part) {
            checksum.add(frame.data(), 8);
            checksum.add(frame.data() + 24, kPageBytes);
            if (page != 0 && frame_salts == salts && checksum.matches(frame.data() + 16)) continue;
            in_good_part = false;
        }
        if (page != 0 && is_commit && frame_salts == salts) ++commits_behind;
    }
    if (commits_behind > (head_good ? 1u : 0u))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is damaged: acknowledged batches lie behind a part that does not check. Nothing "
                                  "was changed; restore the data directory from a copy",
                                  wal.string()));
    return {};
}

}  // namespace gse::journal
