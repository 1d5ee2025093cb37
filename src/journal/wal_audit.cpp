#include "journal/wal_audit.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace gse::journal {
namespace {

constexpr std::uint32_t kWalMagic = 0x377f0682;  // and one more: words of the checksum are big-endian
constexpr std::uint32_t kWalVersion = 3'007'000;

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

/// Whether the first bytes of a write-ahead log check; their checksum, which the first frame's goes on from.
bool read_head(std::span<const std::byte, kWalHeadBytes> head, WalChecksum& checksum) {
    const std::uint32_t magic = big_endian(head.data());
    checksum = {.big_endian_words = (magic & 1) != 0};
    checksum.add(head.data(), 24);
    return (magic & ~1u) == kWalMagic && big_endian(head.data() + 8) == kPageBytes && checksum.matches(&head[24]);
}

/// The same for the next frame.
bool read_frame(std::span<const std::byte> frame, std::uint64_t salts, WalChecksum& checksum) {
    std::uint64_t frame_salts;
    std::memcpy(&frame_salts, frame.data() + 8, 8);
    checksum.add(frame.data(), 8);
    checksum.add(frame.data() + 24, kPageBytes);
    return big_endian(frame.data()) != 0 && frame_salts == salts && checksum.matches(frame.data() + 16);
}

bool is_commit(std::span<const std::byte> frame) { return big_endian(frame.data() + 4) != 0; }

std::uint64_t salts_of(std::span<const std::byte, kWalHeadBytes> head) {
    std::uint64_t salts;
    std::memcpy(&salts, head.data() + 16, 8);
    return salts;
}

}  // namespace

std::array<std::byte, kWalHeadBytes> fresh_wal_head(std::uint64_t salts) {
    std::array<std::byte, kWalHeadBytes> head{};
    const auto put = [&](std::size_t at, std::uint32_t value) {
        value = __builtin_bswap32(value);
        std::memcpy(&head[at], &value, 4);
    };
    put(0, kWalMagic);
    put(4, kWalVersion);
    put(8, kPageBytes);
    put(12, 1);  // checkpoints so far; with none SQLite draws salts of its own
    std::memcpy(&head[16], &salts, 8);
    WalChecksum checksum;
    checksum.add(head.data(), 24);
    put(24, checksum.s0);
    put(28, checksum.s1);
    return head;
}

Result<std::uint64_t> committed_wal_bytes(File& wal) {
    std::byte head[kWalHeadBytes];
    WalChecksum checksum;
    if (TRY(wal.read_at(0, head)) < kWalHeadBytes || !read_head(head, checksum)) return 0;
    std::uint64_t committed = 0;
    std::vector<std::byte> frame(kWalFrameBytes);
    for (std::uint64_t at = kWalHeadBytes; TRY(wal.read_at(at, frame)) == kWalFrameBytes; at += kWalFrameBytes) {
        if (!read_frame(frame, salts_of(head), checksum)) break;
        if (is_commit(frame)) committed = at + kWalFrameBytes;
    }
    return committed;
}

Result<void> audit_wal(FileSystem& files, const path& wal) {
    auto file = files.open(wal, OpenMode::Read);
    if (!file) {
        if (file.error().code == ErrorCode::NotFound) return {};
        return std::unexpected(std::move(file).error());
    }
    std::byte head[kWalHeadBytes];
    if (TRY((*file)->read_at(0, head)) < kWalHeadBytes) return {};
    WalChecksum checksum;
    const bool head_good = read_head(head, checksum);
    std::uint64_t salts = salts_of(head);  // of the header; of the first frame seen if the header is bad
    bool salts_known = head_good;

    bool in_good_part = head_good;
    std::uint64_t commits_behind = 0;
    std::vector<std::byte> frame(kWalFrameBytes);
    for (std::uint64_t at = kWalHeadBytes;; at += kWalFrameBytes) {
        if (TRY((*file)->read_at(at, frame)) < kWalFrameBytes) break;
        const std::uint32_t page = big_endian(frame.data());
        if (page == 0 && !in_good_part) continue;  // the zeros laid down ahead
        std::uint64_t frame_salts;
        std::memcpy(&frame_salts, frame.data() + 8, 8);
        if (!salts_known) {
            salts = frame_salts;
            salts_known = true;
        }
        if (in_good_part) {
            if (read_frame(frame, salts, checksum)) continue;
            in_good_part = false;
        }
        if (page != 0 && is_commit(frame) && frame_salts == salts) ++commits_behind;
    }
    if (commits_behind > (head_good ? 1u : 0u))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is damaged: acknowledged batches lie behind a part that does not check. Nothing "
                                  "was changed; restore the data directory from a copy",
                                  wal.string()));
    return {};
}

}  // namespace gse::journal
