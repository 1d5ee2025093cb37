/// The XML of S3, read and written. What cannot be read is a refusal: a proxy or a portal may answer in its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace gse::objects {

/// `<Error>`; all empty when the body is none.
struct S3Fault {
    std::string code;  ///< NoSuchKey, SlowDown …
    std::string message;
    std::string region;  ///< the right one, where that is what is wrong
    std::string server_time;
};
[[nodiscard]] S3Fault read_fault(std::string_view body);

struct S3Listed {
    std::string key;
    WallTime modified;
};
struct S3Listing {
    std::vector<S3Listed> objects;
    std::string next;  ///< continuation token; "" at the end
};
[[nodiscard]] Result<S3Listing> read_listing(std::string_view body);

struct S3OpenUpload {
    std::string key;
    std::string id;
    WallTime begun;
};
struct S3OpenUploads {
    std::vector<S3OpenUpload> uploads;
    std::string next_key;  ///< where the next page begins; "" at the end
    std::string next_id;
};
[[nodiscard]] Result<S3OpenUploads> read_open_uploads(std::string_view body);

struct S3Part {
    std::uint32_t number = 0;
    std::string etag;
    std::uint64_t size = 0;
};
struct S3Parts {
    std::vector<S3Part> parts;
    std::string next;  ///< part number marker; "" at the end
};
[[nodiscard]] Result<S3Parts> read_parts(std::string_view body);

/// Of InitiateMultipartUploadResult.
[[nodiscard]] Result<std::string> read_upload_id(std::string_view body);
/// Of CopyPartResult: the part's ETag.
[[nodiscard]] Result<std::string> read_copied_etag(std::string_view body);
/// Of CompleteMultipartUploadResult; that its status is 200 does not say that it worked.
[[nodiscard]] Result<void> read_completed(std::string_view body);

/// `etags[0]` is part 1's.
[[nodiscard]] std::string write_completion(const std::vector<std::string>& etags);

}  // namespace gse::objects
