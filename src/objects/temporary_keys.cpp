#include "objects/temporary_keys.h"

#include <fmt/core.h>

#include <charconv>

#include "base/base64.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/sealed_text.h"

namespace gse::objects {
namespace {

// A token seals its expiry in Unix seconds and the parent's SecretId, for the one temporary SecretId. The SecretKey is
// a MAC over id and token: whoever holds our secret can tell it from the two, and nobody else can.
constexpr std::string_view kIdPrefix = "AKIDtmp-";
constexpr std::size_t kIdRandom = 24;
constexpr std::size_t kTokenMax = 1024;

std::string purpose_of(std::string_view secret_id) { return fmt::format("temporary-token\n{}", secret_id); }

std::unexpected<Error> refused(std::string_view what) {
    return refuse(ErrorCode::AuthTokenFailure,
                  fmt::format("{}; ask for a new temporary key with GetUploadFederationToken", what));
}

}  // namespace

TemporaryKeys::TemporaryKeys(std::string secret) : secret_(std::move(secret)) { CHECK(secret_.size() >= 32); }

std::string TemporaryKeys::secret_of(std::string_view secret_id, std::string_view token) const {
    return base64url_encode(hmac_sha256(secret_, fmt::format("temporary-key\n{}\n{}", secret_id, token)));
}

TemporaryKey TemporaryKeys::issue(std::string_view parent_id, WallTime expires, Rng& rng) const {
    TemporaryKey key;
    key.secret_id = fmt::format("{}{}", kIdPrefix, rng.text(kIdRandom));
    const std::string seconds = std::to_string(expires.ms / 1000);
    const std::string_view parts[] = {seconds, parent_id};
    key.token = seal(secret_, purpose_of(key.secret_id), parts);
    key.secret_key = secret_of(key.secret_id, key.token);
    return key;
}

bool TemporaryKeys::is_temporary(std::string_view secret_id) {
    return secret_id.starts_with(kIdPrefix) && secret_id.size() == kIdPrefix.size() + kIdRandom;
}

Result<TemporaryKeys::Opened> TemporaryKeys::open(std::string_view secret_id, std::string_view token,
                                                  WallTime now) const {
    if (token.empty()) return refused("this SecretId is a temporary one, and its Token was not sent with it");
    auto parts = token.size() > kTokenMax ? std::nullopt : unseal(secret_, purpose_of(secret_id), token, 2);
    if (!parts) return refused("the Token is not the one that was given with this SecretId");
    const std::string& expires = parts->front();
    std::int64_t seconds = 0;
    std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
    if (now.ms / 1000 >= seconds)
        return refused(fmt::format("the temporary key ended at {}, the server's clock says {}",
                                   format_utc({seconds * 1000}), format_utc(now)));
    return Opened{secret_of(secret_id, token), std::move(parts->back())};
}

}  // namespace gse::objects
