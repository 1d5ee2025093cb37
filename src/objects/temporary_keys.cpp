#include "objects/temporary_keys.h"

#include <fmt/core.h>

#include <charconv>
#include <span>

#include "base/base64.h"
#include "base/check.h"
#include "base/crypto.h"

namespace gse::objects {
namespace {

// A token is `gset1.<expiry in Unix seconds>.<parent's SecretId>.<MAC>`, the last two in URL-safe base64; the MAC
// covers the temporary SecretId too. The SecretKey is another MAC over id and token: whoever holds our secret can tell
// it from the two, and nobody else can. The labels keep these MACs apart from every other use of the secret.
constexpr std::string_view kIdPrefix = "AKIDtmp-";
constexpr std::size_t kIdRandom = 24;
constexpr std::string_view kVersion = "gset1";
constexpr std::size_t kTokenMax = 1024;

std::string mac_of(std::string_view secret, std::string_view secret_id, std::string_view expires,
                   std::string_view parent) {
    return base64url_encode(
        hmac_sha256(secret, fmt::format("temporary-token\n{}\n{}\n{}\n{}", kVersion, secret_id, expires, parent)));
}

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
    const std::string parent = base64url_encode(std::as_bytes(std::span{parent_id}));
    key.token = fmt::format("{}.{}.{}.{}", kVersion, seconds, parent, mac_of(secret_, key.secret_id, seconds, parent));
    key.secret_key = secret_of(key.secret_id, key.token);
    return key;
}

bool TemporaryKeys::is_temporary(std::string_view secret_id) {
    return secret_id.starts_with(kIdPrefix) && secret_id.size() == kIdPrefix.size() + kIdRandom;
}

Result<TemporaryKeys::Opened> TemporaryKeys::open(std::string_view secret_id, std::string_view token,
                                                  WallTime now) const {
    if (token.empty()) return refused("this SecretId is a temporary one, and its Token was not sent with it");
    if (token.size() > kTokenMax) return refused("the Token is none of this server");
    std::string_view parts[4];
    std::string_view rest = token;
    for (std::size_t i = 0; i < std::size(parts); ++i) {
        const auto dot = rest.find('.');
        const bool last = i + 1 == std::size(parts);
        if (last != (dot == std::string_view::npos)) return refused("the Token is none of this server");
        parts[i] = rest.substr(0, dot);
        if (!last) rest.remove_prefix(dot + 1);
    }
    const auto [version, expires, parent, mac] = parts;
    // The MAC first: what is not ours tells nothing, not even that it is late.
    if (version != kVersion || !equal_in_constant_time(mac_of(secret_, secret_id, expires, parent), mac))
        return refused("the Token is not the one that was given with this SecretId");
    std::int64_t seconds = 0;
    std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
    if (now.ms / 1000 >= seconds)
        return refused(fmt::format("the temporary key ended at {}, the server's clock says {}",
                                   format_utc({seconds * 1000}), format_utc(now)));
    auto parent_id = base64url_decode(parent);
    CHECK(parent_id.has_value());  // under our MAC
    return Opened{secret_of(secret_id, token), *std::move(parent_id)};
}

}  // namespace gse::objects
