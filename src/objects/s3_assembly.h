/// One object on its way into an S3 bucket. Private to this folder.
///
/// What lies there is the content, then the 4096 bytes that a DirectoryStore has in front (object_file.h): names, size,
/// time and SHA-256 under a checksum. Behind, because the SHA-256 is known only then, and metadata of S3 must be given
/// with the first byte; so nothing is copied or kept on a local disk to make an object.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/resumable_sha256.h"
#include "objects/object_file.h"
#include "objects/s3_client.h"

namespace gse::objects {

/// An object as it lies in the bucket.
struct S3Found {
    Header header;
    std::string etag;
};
/// NotFound; FailedOperation when what lies there is no object of ours, or not whole.
Result<S3Found> look_at_object(S3Client& client, const std::string& path);

/// The size of parts so that an object of `bytes` has few enough of them.
[[nodiscard]] std::uint64_t s3_part_bytes(std::uint64_t wanted, std::uint64_t bytes);

/// Small objects go in one request, larger ones in parts of a multipart upload, which is begun with the first full
/// part. Repeatable: whatever is sent twice is the same. One thread at a time.
class S3Assembly {
public:
    /// How far it is, for another process to go on: all but what is in tail().
    struct Kept {
        std::string upload_id;  ///< "" while there is no full part
        std::uint64_t part_bytes = 0;
        std::uint32_t parts = 0;
        std::string hash;  ///< of the parts: ResumableSha256::save()
    };

    /// `client` outlives it. `part_bytes` is a multiple of ResumableSha256::kBlockBytes.
    S3Assembly(S3Client& client, std::string path, std::uint64_t part_bytes);
    /// nullopt when `kept` is not what kept() gave.
    static std::optional<S3Assembly> resume(S3Client& client, std::string path, const Kept& kept, std::string tail);

    Result<void> add(std::span<const std::byte> bytes);

    /// The next part is bytes [offset, offset + part_bytes) of another object, which the store copies itself.
    /// add_known() was told them before, all of them and no others.
    void add_known(std::span<const std::byte> bytes) { hash_.add(bytes); }
    Result<void> copy_part(const std::string& path, const std::string& etag, std::uint64_t offset);

    /// Of all that was added.
    [[nodiscard]] Digest256 digest() const;
    [[nodiscard]] std::uint64_t size() const { return kept_.parts * kept_.part_bytes + tail_.size(); }
    /// What is in no part yet; never empty when anything was added, so that the last byte is always in it.
    [[nodiscard]] const std::string& tail() const { return tail_; }
    [[nodiscard]] Kept kept() const;

    /// The last part; then the object gets its name, and is looked at there. `before_name` is called in between.
    /// Overloaded: nobody knows whether it has its name.
    Result<ObjectInfo> complete(std::string_view bucket, std::string_view key, WallTime now,
                                const std::function<Result<void>()>& before_name = {});
    /// Gives back what the store has of it. What cannot be given back now is a day later.
    void give_up() noexcept;

private:
    Result<void> put_part(std::string_view bytes);
    Result<void> begin_upload();
    Result<void> find_etags();
    Result<void> name_parts(const Header& wanted);

    S3Client* client_;
    std::string path_;
    Kept kept_;
    ResumableSha256 hash_;  // of the parts
    std::vector<std::string> etags_;
    std::string tail_;
};

}  // namespace gse::objects
