/// AWS Signature Version 4, as S3 wants it: the path is encoded once, and the body's hash is part of what is signed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace gse::objects {

struct S3Credentials {
    std::string access_key_id;
    std::string secret_key;
    std::string session_token;  ///< of temporary credentials; "" for others
};

/// Names in lower case, values without blanks around them.
using S3Fields = std::vector<std::pair<std::string, std::string>>;

struct S3SignedRequest {
    std::string_view method;
    std::string_view host;   ///< as it is sent: with the port, if it is not the scheme's
    std::string_view path;   ///< encoded, begins with `/`
    std::string_view query;  ///< as s3_query() makes it; without `?`
    S3Fields fields;         ///< others that are sent; all of them are signed
    std::string_view body_sha256;
};

/// Sorted and encoded: what is sent is what is signed.
[[nodiscard]] std::string s3_query(S3Fields parameters);

/// What is sent besides the request's own fields: x-amz-date, x-amz-content-sha256, x-amz-security-token if there is
/// one, and authorization.
[[nodiscard]] S3Fields sign_s3(const S3SignedRequest& request, const S3Credentials& credentials,
                               std::string_view region, WallTime now);

}  // namespace gse::objects
