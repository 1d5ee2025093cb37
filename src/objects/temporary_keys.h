/// Temporary keys: what GetUploadFederationToken hands out. A key is sealed into its token, so nothing is stored, any
/// number may exist, and all survive a restart; they end with their time, and with the key they were asked for with.
/// Source: [API:GetUploadFederationToken].
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"

namespace gse::objects {

struct TemporaryKey {
    std::string secret_id;
    std::string secret_key;
    std::string token;
};

/// Thread-safe, immutable.
class TemporaryKeys {
public:
    /// `secret`: ≥ 32 bytes, of this deployment.
    explicit TemporaryKeys(std::string secret);

    /// `parent_id`: the SecretId that asked. The id carries 120 random bits.
    [[nodiscard]] TemporaryKey issue(std::string_view parent_id, WallTime expires, Rng& rng) const;

    /// Whether a SecretId is of the form of a temporary one.
    [[nodiscard]] static bool is_temporary(std::string_view secret_id);

    struct Opened {
        std::string secret_key;
        std::string parent_id;
    };
    /// AuthTokenFailure when the token is missing, not ours, another key's, or late. Constant time.
    [[nodiscard]] Result<Opened> open(std::string_view secret_id, std::string_view token, WallTime now) const;

private:
    [[nodiscard]] std::string secret_of(std::string_view secret_id, std::string_view token) const;
    std::string secret_;
};

}  // namespace gse::objects
