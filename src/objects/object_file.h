/// The file that an object is. For this folder, and for whoever copies such files (src/backup).
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/result.h"
#include "objects/object_store.h"

namespace gse::objects {

// One object is one file, so that content and description cannot part: a header of kHeaderBytes, then the content.
//
//   root/tmp/<number>            uploads in progress
//   root/parts/<64 hex>          uploads in pieces, by SHA-256 of bucket and key; see directory_pieces.h
//   root/<2 hex>/<62 hex>        objects, by SHA-256 of bucket and key
//
// Header, little-endian: magic, size u64, stored_at ms i64, SHA-256 of the content, bucket length u32, key length u32,
// bucket, key, zeros, and in its last 32 bytes the SHA-256 of all before them.
inline constexpr std::size_t kHeaderBytes = 4096;
inline constexpr std::size_t kDigestBytes = 32;
inline constexpr std::string_view kMagic{"GSEOBJ1\n", 8};
inline constexpr std::size_t kBucketMax = 128;
inline constexpr std::size_t kKeyMax = 1024;

struct Header {
    ObjectInfo info;
    std::string bucket;
    std::string key;
};

/// Behind a header's own numbers: the names, zeros up to kHeaderBytes, and the checksum.
[[nodiscard]] std::string seal_header(std::string text, std::string_view bucket, std::string_view key);
/// Whether it is whole, unchanged, and of that magic.
[[nodiscard]] bool is_sealed_header(std::string_view text, std::string_view magic);
[[nodiscard]] std::string encode(const Header& header, const Digest256& content);
[[nodiscard]] std::optional<Header> decode(std::string_view text);
/// Of content whose SHA-256 has changed.
[[nodiscard]] std::unexpected<Error> refuse_damaged(std::string_view key);
[[nodiscard]] Result<void> check_names(std::string_view bucket, std::string_view key);
/// 64 hexadecimal digits: SHA-256 of bucket and key.
[[nodiscard]] std::string name_of(std::string_view bucket, std::string_view key);
[[nodiscard]] std::filesystem::path path_of(const std::filesystem::path& root, std::string_view bucket,
                                            std::string_view key);
[[nodiscard]] Result<void> write_all(int fd, std::span<const std::byte> bytes, std::uint64_t offset,
                                     const std::filesystem::path& path);
[[nodiscard]] Result<std::size_t> read_all(int fd, std::span<std::byte> buffer, std::uint64_t offset,
                                           const std::filesystem::path& path);
[[nodiscard]] Result<void> make_private_directory(const std::filesystem::path& directory);
/// FailedOperation when that many bytes more would leave less free space than `reserve_bytes`.
[[nodiscard]] Result<void> check_room(int fd, std::size_t bytes, std::uint64_t reserve_bytes,
                                      const std::filesystem::path& root);

// Little-endian numbers in headers.
template <class T>
void append_number(std::string& text, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    text.append(bytes, sizeof value);
}

template <class T>
T take_number(std::string_view& text) {
    T value;
    std::memcpy(&value, text.data(), sizeof value);
    text.remove_prefix(sizeof value);
    return value;
}

inline std::string_view text_of(const Digest256& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace gse::objects
