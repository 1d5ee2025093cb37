/// Who signed a request: TC3-HMAC-SHA256 (Authorization header) and version 1 (HmacSHA1, HmacSHA256 as a parameter)
/// of the Tencent Cloud API 3.0, as its clients really sign, which is not always as its documents say [公共参数,
/// 签名方法].
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/flat.h"
#include "http/key_store.h"
#include "http/request.h"
#include "objects/temporary_keys.h"

namespace gse::http {

/// Largest difference between a request's timestamp and the server's clock, either way [公共参数].
inline constexpr Millis kClockSkewMax = std::chrono::seconds{300};

/// The parts of `TC3-HMAC-SHA256 Credential=<id>/<date>/<service>/tc3_request, SignedHeaders=<a;b>, Signature=<hex>`.
struct Tc3Authorization {
    std::string_view credential;  ///< `<id>/<date>/<service>/tc3_request`
    std::string_view secret_id;
    std::string_view date;            ///< `2020-09-13`
    std::string_view service;         ///< whatever the client signed with: `gse`, `127`, `localhost:8080` …
    std::string_view scope;           ///< `<date>/<service>/tc3_request`
    std::string_view signed_headers;  ///< `content-type;host`
    std::string_view signature;       ///< 64 lower-case hexadecimal digits
};

/// AuthInvalidAuthorization saying which part is wrong.
[[nodiscard]] Result<Tc3Authorization> parse_tc3(std::string_view authorization);

/// Which of the texts that clients are known to sign is meant.
struct CanonicalForm {
    bool host_with_port = true;
    bool content_type_lowered = false;
    bool values_lowered = false;  ///< of every other header
};

/// SHA-256 in hexadecimal of what the signature covers of the body: for GET of nothing, with `UNSIGNED-PAYLOAD` of that
/// text, else of the body.
[[nodiscard]] HexText<32> payload_hash(const RequestView& request);
/// AuthSignatureFailure when a listed header was not sent.
[[nodiscard]] Result<std::string> canonical_request(const RequestView& request, std::string_view signed_headers,
                                                    const HexText<32>& payload_hash, CanonicalForm form);
/// The key of the last HMAC.
[[nodiscard]] Digest256 tc3_signing_key(std::string_view secret, std::string_view date, std::string_view service);
/// What version 1 signs: `POSThost/?A=1&B=2`, sorted by name, `Signature` left out. `host` as the Host header says it.
[[nodiscard]] std::string v1_string_to_sign(std::string_view method, std::string_view host,
                                            const codec::FlatParams& parameters);

struct Caller {
    std::string secret_id;
    bool read_only = false;
    bool temporary = false;  ///< a key that GetUploadFederationToken handed out
    std::string account;     ///< its SecretId, or that of the key which a temporary one was asked for with
};

/// Checks signatures against a key store. Keeps derived keys, so that a request costs one HMAC. One thread at a time;
/// the store and `temporary` outlive it; without the latter there are no temporary keys.
class SignatureCheck {
public:
    explicit SignatureCheck(const KeyStore& keys, const objects::TemporaryKeys* temporary = nullptr)
        : keys_(keys), temporary_(temporary) {}

    /// Version 3. In this order: Authorization well-formed, timestamp, key (with its token, if it is a temporary one),
    /// signature, and that no token comes with any other key.
    Result<Caller> check_tc3(const RequestView& request, WallTime now);

    /// Version 1. `parameters` are all of the request's, decoded; same order.
    Result<Caller> check_v1(const RequestView& request, const codec::FlatParams& parameters, WallTime now);

    /// Derived keys held at present; never more than kDerivedMax.
    [[nodiscard]] std::size_t derived_count() const { return derived_.size(); }
    static constexpr std::size_t kDerivedMax = 256;

private:
    struct Derived {
        std::string secret;  // the one it was derived from: another one now means that it is void
        HmacSha256 hmac;
    };

    struct FoundKey {
        Key key;
        bool temporary = false;
        std::string account;
    };
    /// Who it is, once the signature was found right.
    Caller caller(std::string_view secret_id, FoundKey&& found, WallTime now) const;
    Result<FoundKey> find_key(std::string_view secret_id, std::string_view token, WallTime now) const;
    bool matches(const RequestView& request, const Tc3Authorization& claim, std::string_view timestamp,
                 HmacSha256& hmac);

    const KeyStore& keys_;
    const objects::TemporaryKeys* temporary_;
    std::map<std::string, Derived, std::less<>> derived_;  // by credential
};

/// The value of the first parameter of that name; a null view when there is none.
[[nodiscard]] std::string_view parameter(const codec::FlatParams& parameters, std::string_view name);

}  // namespace gse::http
