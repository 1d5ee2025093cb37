/// Unfinished uploads in an S3 bucket, so that whichever server leads may take the next piece. Private to this folder.
///
/// Full parts are in a multipart upload of the object itself. What is not a full part yet lies, behind a description of
/// how far it is, in prefix/unfinished/<64 hex>, which is replaced as a whole: what it says is what counts. Its
/// description has kHeaderBytes: magic, total u64, stored u64, touched_at ms i64, size of parts u64, their number u32,
/// SHA-256 of the parts so far (ResumableSha256), SHA-256 of the whole once it is known (else zeros), length u32 and
/// bytes of the upload's id, bucket length u32, key length u32, bucket, key, zeros, and the SHA-256 of all before them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "objects/name_locks.h"
#include "objects/object_store.h"
#include "objects/s3_client.h"

namespace gse::objects {

/// Where objects lie: `prefix`objects/<bucket>/<64 hex>.
[[nodiscard]] std::string s3_path_of(const S3Options& options, std::string_view bucket, std::string_view key);
[[nodiscard]] std::string s3_objects_folder(const S3Options& options);
/// Of such a path; nullopt when it is none.
[[nodiscard]] std::optional<std::string> s3_bucket_in(const S3Options& options, std::string_view path);

/// Thread-safe. `client` and `names` (held while a name changes what it stands for) outlive it.
class S3Pieces {
public:
    /// Pieces that may come in at once: each holds a part in memory.
    static constexpr std::size_t kComingMax = 64;
    /// Bytes after which what came of a long piece is written down.
    static constexpr std::uint64_t kKeepBytes = 64ULL << 20;
    /// After it, parts that no unfinished upload knows of were left by a crash.
    static constexpr Millis kLeftAfter{24 * 3'600'000LL};

    S3Pieces(S3Client& client, NameLocks& names);
    ~S3Pieces();

    Result<std::unique_ptr<PieceUpload>> open(std::string_view bucket, std::string_view key, const Piece& piece);
    Result<std::optional<Unfinished>> look(std::string_view bucket, std::string_view key);
    Result<std::size_t> drop(WallTime idle_since);

private:
    class Coming;
    class Reserved;
    /// nullopt when somebody has the name.
    std::optional<Reserved> reserve(const std::string& name);
    /// Until `visit` says false.
    Result<void> each_state(const std::function<Result<bool>(const std::string& path)>& visit);
    /// Overloaded when no further upload may be unfinished.
    Result<void> check_count();
    Result<void> drop_leftovers(const std::set<std::string>& known);
    [[nodiscard]] std::string folder() const;

    S3Client& client_;
    NameLocks& names_;
    std::mutex mutex_;
    std::set<std::string, std::less<>> coming_;  ///< names of those that a piece is coming in of, or that go
};

}  // namespace gse::objects
