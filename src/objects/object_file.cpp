#include "objects/object_file.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/hex.h"

namespace gse::objects {

namespace fs = std::filesystem;

std::string seal_header(std::string text, std::string_view bucket, std::string_view key) {
    append_number(text, static_cast<std::uint32_t>(bucket.size()));
    append_number(text, static_cast<std::uint32_t>(key.size()));
    text += bucket;
    text += key;
    text.resize(kHeaderBytes - kDigestBytes, '\0');
    text += text_of(sha256(text));
    return text;
}

bool is_sealed_header(std::string_view text, std::string_view magic) {
    if (text.size() != kHeaderBytes || !text.starts_with(magic)) return false;
    const std::string_view body = text.substr(0, kHeaderBytes - kDigestBytes);
    return text.substr(body.size()) == text_of(sha256(body));
}

std::string encode(const Header& header, const Digest256& content) {
    std::string text{kMagic};
    append_number<std::uint64_t>(text, header.info.size);
    append_number<std::int64_t>(text, header.info.stored_at.ms);
    text += text_of(content);
    return seal_header(std::move(text), header.bucket, header.key);
}

std::optional<Header> decode(std::string_view text) {
    if (!is_sealed_header(text, kMagic)) return std::nullopt;
    text.remove_prefix(kMagic.size());
    Header header;
    header.info.size = take_number<std::uint64_t>(text);
    header.info.stored_at.ms = take_number<std::int64_t>(text);
    header.info.sha256 = to_hex(std::as_bytes(std::span{text.substr(0, kDigestBytes)}));
    text.remove_prefix(kDigestBytes);
    const auto bucket_size = take_number<std::uint32_t>(text);
    const auto key_size = take_number<std::uint32_t>(text);
    if (bucket_size > kBucketMax || key_size > kKeyMax) return std::nullopt;
    header.bucket = text.substr(0, bucket_size);
    header.key = text.substr(bucket_size, key_size);
    return header;
}

std::unexpected<Error> refuse_damaged(std::string_view key) {
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("the stored object {} is damaged (its SHA-256 has changed); upload it again", key));
}

Result<void> check_names(std::string_view bucket, std::string_view key) {
    if (bucket.empty() || bucket.size() > kBucketMax) {
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("a bucket name has 1 to {} bytes", kBucketMax));
    }
    if (key.empty() || key.size() > kKeyMax) {
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("an object key has 1 to {} bytes", kKeyMax));
    }
    return {};
}

std::string name_of(std::string_view bucket, std::string_view key) {
    // The bucket's length stands in front, so that ("a", "b/c") and ("a/b", "c") differ.
    return to_hex(sha256(fmt::format("{}:{}/{}", bucket.size(), bucket, key)));
}

fs::path path_of(const fs::path& root, std::string_view bucket, std::string_view key) {
    const std::string name = name_of(bucket, key);
    return root / name.substr(0, 2) / name.substr(2);
}

Result<void> write_all(int fd, std::span<const std::byte> bytes, std::uint64_t offset, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return refuse_errno("write", path);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
        offset += static_cast<std::uint64_t>(put);
    }
    return {};
}

Result<std::size_t> read_all(int fd, std::span<std::byte> buffer, std::uint64_t offset, const fs::path& path) {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
        const ssize_t got =
            ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse_errno("read", path);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    return filled;
}

Result<void> make_private_directory(const fs::path& directory) {
    if (::mkdir(directory.c_str(), 0700) == 0) return sync_directory(directory.parent_path());
    if (errno != EEXIST) return refuse_errno("create", directory);
    return {};
}

Result<void> check_room(int fd, std::size_t bytes, std::uint64_t reserve_bytes, const fs::path& root) {
    if (reserve_bytes == 0) return {};
    struct statvfs disk{};
    if (::fstatvfs(fd, &disk) != 0) return refuse_errno("look at the free space below", root);
    const std::uint64_t free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (free < reserve_bytes + bytes) {
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} has {} bytes left, and {} are kept in reserve; make room on that disk",
                                  root.string(), free, reserve_bytes));
    }
    return {};
}

}  // namespace gse::objects
