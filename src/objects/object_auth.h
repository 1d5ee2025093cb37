/// Authorization texts for /objects: what GetUploadCredentials calls BucketAuth, what agents fetch packages and put
/// logs with, and what signed log URLs carry. Self-contained, scoped and expiring: nothing is stored.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace gse::objects {

enum class Access : std::uint8_t { Read, Write };

/// HMAC-SHA256 over (access, bucket, key or key prefix, expiry) with a secret of this deployment. Thread-safe,
/// immutable.
class ObjectAuth {
public:
    /// `secret`: ≥ 32 bytes.
    explicit ObjectAuth(std::string secret);

    /// `key_or_prefix` ending in `/` covers every key below it.
    [[nodiscard]] std::string grant(Access access, std::string_view bucket, std::string_view key_or_prefix,
                                    WallTime expires) const;

    /// AuthSignatureExpire when late, AuthSignatureFailure when it does not cover the request. Constant time.
    [[nodiscard]] Result<void> check(std::string_view authorization, Access access, std::string_view bucket,
                                     std::string_view key, WallTime now) const;

private:
    std::string secret_;
};

}  // namespace gse::objects
