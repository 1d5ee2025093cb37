#include "objects/object_auth.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>

#include "base/base64.h"
#include "base/check.h"
#include "base/crypto.h"

namespace gse::objects {
namespace {

// The text is `gse1.<r|w>.<expiry in Unix seconds>.<key or prefix>.<MAC>`, the last two in URL-safe base64, so that it
// needs no escaping in a header or a query. The bucket is in the request's path and under the MAC.
constexpr std::string_view kVersion = "gse1";
constexpr std::size_t kTextMax = 4096;

struct Grant {
    std::string_view access;
    std::string_view expires;
    std::string_view scope;
    std::string_view mac;
};

char letter_of(Access access) { return access == Access::Read ? 'r' : 'w'; }

std::optional<std::string_view> next_part(std::string_view& rest) {
    if (rest.data() == nullptr) return std::nullopt;
    const auto dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    return part;
}

std::optional<Grant> split(std::string_view text) {
    if (text.size() > kTextMax) return std::nullopt;
    const auto version = next_part(text);
    const auto access = next_part(text);
    const auto expires = next_part(text);
    const auto scope = next_part(text);
    const auto mac = next_part(text);
    if (!mac || text.data() != nullptr || version != kVersion) return std::nullopt;
    return Grant{*access, *expires, *scope, *mac};
}

std::string mac_of(std::string_view secret, std::string_view access, std::string_view bucket, std::string_view expires,
                   std::string_view scope) {
    // The bucket's length stands in front, so that no other split of the same bytes has the same MAC.
    const auto digest = hmac_sha256(
        secret, fmt::format("{}\n{}\n{}\n{}:{}\n{}", kVersion, access, expires, bucket.size(), bucket, scope));
    return base64url_encode(digest);
}

bool allows_key(std::string_view key_or_prefix, std::string_view key) {
    return key_or_prefix.ends_with('/') ? key.starts_with(key_or_prefix) && key.size() > key_or_prefix.size()
                                        : key == key_or_prefix;
}

}  // namespace

ObjectAuth::ObjectAuth(std::string secret) : secret_(std::move(secret)) { CHECK(secret_.size() >= 32); }

std::string ObjectAuth::grant(Access access, std::string_view bucket, std::string_view key_or_prefix,
                              WallTime expires) const {
    const std::string letter{letter_of(access)};
    const std::string seconds = std::to_string(expires.ms / 1000);
    const std::string scope = base64url_encode(std::as_bytes(std::span{key_or_prefix}));
    return fmt::format("{}.{}.{}.{}.{}", kVersion, letter, seconds, scope,
                       mac_of(secret_, letter, bucket, seconds, scope));
}

Result<void> ObjectAuth::check(std::string_view authorization, Access access, std::string_view bucket,
                               std::string_view key, WallTime now) const {
    const auto grant = split(authorization);
    if (!grant) {
        return refuse(ErrorCode::AuthInvalidAuthorization,
                      "send the authorization text of GetUploadCredentials (BucketAuth) or of a signed URL, unchanged");
    }
    // The MAC first: what is not ours tells nothing, not even that it is late.
    const std::string expected = mac_of(secret_, grant->access, bucket, grant->expires, grant->scope);
    if (!equal_in_constant_time(expected, grant->mac)) {
        return refuse(ErrorCode::AuthSignatureFailure,
                      "the authorization was not given for this bucket, or was altered");
    }
    std::int64_t expires = 0;
    std::from_chars(grant->expires.data(), grant->expires.data() + grant->expires.size(), expires);
    if (now.ms / 1000 >= expires) {
        return refuse(ErrorCode::AuthSignatureExpire,
                      fmt::format("the authorization ended at {}, the server's clock says {}; ask for a new one",
                                  format_utc({expires * 1000}), format_utc(now)));
    }
    const auto scope = base64url_decode(grant->scope);
    if (grant->access[0] != letter_of(access)) {
        return refuse(ErrorCode::AuthSignatureFailure, access == Access::Read
                                                           ? "the authorization is for writing, not for reading"
                                                           : "the authorization is for reading, not for writing");
    }
    if (!scope || !allows_key(*scope, key)) {
        return refuse(ErrorCode::AuthSignatureFailure, "the authorization is for another key of this bucket");
    }
    return {};
}

}  // namespace gse::objects
