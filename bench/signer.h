/// Requests of the cloud API as an SDK sends them: JSON over HTTP/1.1, signed with TC3-HMAC-SHA256.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"

namespace gse::bench {

/// Keeps the derived key of the day, so that signing costs the load generator about as much as checking costs the
/// server. One thread at a time.
class Signer {
public:
    Signer(std::string host, std::string secret_id, std::string secret_key);

    /// Appends one whole request, signed for `now_s` (Unix seconds).
    void append(std::string& out, std::string_view action, std::string_view body, std::int64_t now_s);

private:
    void turn_to(std::int64_t now_s);

    const std::string host_;
    const std::string secret_id_;
    const std::string secret_key_;
    std::int64_t second_ = -1;
    std::string timestamp_;
    std::string date_;
    std::string scope_;
    std::optional<HmacSha256> key_;
};

}  // namespace gse::bench
