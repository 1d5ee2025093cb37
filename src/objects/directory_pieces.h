/// Unfinished uploads as files of their own. Private to this folder.
///
/// root/parts/<64 hex>: the header's place first, then the bytes so far. Until the object is whole, the place holds
/// what is known of it: magic, total u64, stored u64, touched_at ms i64, bucket length u32, key length u32, bucket,
/// key, zeros, and in its last 32 bytes the SHA-256 of all before them. `stored` counts what is synced; bytes behind it
/// are written again.
#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "objects/directory_store.h"

namespace gse::objects {

/// Thread-safe. `options` and `names` (held while a name changes the file it stands for) outlive it.
class DirectoryPieces {
public:
    /// Bytes after which what came of a long piece is synced.
    static constexpr std::uint64_t kSyncBytes = 64ULL << 20;

    DirectoryPieces(std::filesystem::path root, const DirectoryStoreOptions& options, std::mutex& names)
        : root_(std::move(root)), options_(options), names_(names) {}

    Result<std::unique_ptr<PieceUpload>> open(std::string_view bucket, std::string_view key, const Piece& piece);
    Result<std::optional<Unfinished>> look(std::string_view bucket, std::string_view key);
    Result<std::size_t> drop(WallTime idle_since);

private:
    class Coming;
    Result<std::size_t> count() const;

    const std::filesystem::path root_;
    const DirectoryStoreOptions& options_;
    std::mutex& names_;
    std::mutex mutex_;
    std::set<std::string, std::less<>> coming_;  ///< names of the files that a piece is written to
};

}  // namespace gse::objects
