/// What the journal's tests share.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/temp_folder.h"
#include "journal/journal.h"

namespace gse::journal {

using Bytes = std::vector<std::byte>;

/// A batch whose every byte depends on seq and salt.
inline Bytes batch_of(std::uint64_t seq, std::size_t size, std::uint64_t salt = 0) {
    Bytes bytes(size);
    std::uint64_t x = seq * 0x9e3779b97f4a7c15ULL + salt + 1;
    for (std::byte& byte : bytes) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        byte = static_cast<std::byte>(x);
    }
    return bytes;
}

inline Bytes text_bytes(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// Keeps what is replayed, and checks the order that Replay promises.
class Recorder final : public Replay {
public:
    Result<void> snapshot_slice(std::span<const std::byte> slice) override {
        EXPECT_TRUE(entries.empty()) << "a slice after an entry";
        slices.emplace_back(slice.begin(), slice.end());
        return {};
    }
    Result<void> entry(std::uint64_t seq, std::span<const std::byte> batch) override {
        EXPECT_TRUE(entries.empty() || seq == entries.rbegin()->first + 1) << "a gap before " << seq;
        entries[seq].assign(batch.begin(), batch.end());
        return {};
    }
    std::vector<Bytes> slices;
    std::map<std::uint64_t, Bytes> entries;
};

/// Cannot read one entry.
class RefusingReplay final : public Replay {
public:
    explicit RefusingReplay(std::uint64_t refused) : refused_(refused) {}
    Result<void> snapshot_slice(std::span<const std::byte>) override { return {}; }
    Result<void> entry(std::uint64_t seq, std::span<const std::byte>) override {
        if (seq == refused_) return refuse(ErrorCode::Internal, "unreadable record");
        return {};
    }

private:
    const std::uint64_t refused_;
};

#define ASSERT_OK(expression) \
    do { \
        const auto& gse_outcome = (expression); \
        ASSERT_TRUE(gse_outcome) << gse_outcome.error().message; \
    } while (false)
#define EXPECT_OK(expression) \
    do { \
        const auto& gse_outcome = (expression); \
        EXPECT_TRUE(gse_outcome) << gse_outcome.error().message; \
    } while (false)

}  // namespace gse::journal
