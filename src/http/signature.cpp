#include "http/signature.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/base64.h"
#include "base/joined.h"

namespace gse::http {
namespace {

constexpr std::string_view kAlgorithm = "TC3-HMAC-SHA256";
constexpr std::string_view kScopeEnd = "tc3_request";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
constexpr int kSignedHeadersMax = 32;
constexpr std::size_t kCredentialMax = 512;

std::unexpected<Error> malformed(std::string_view what) {
    return refuse(
        ErrorCode::AuthInvalidAuthorization,
        fmt::format("the Authorization header {}; it must read TC3-HMAC-SHA256 Credential=<SecretId>/<date>/"
                    "<service>/tc3_request, SignedHeaders=content-type;host, Signature=<64 hexadecimal digits>",
                    what));
}

std::unexpected<Error> wrong_signature() {
    return refuse(ErrorCode::AuthSignatureFailure,
                  "the signature does not match the request; check the SecretKey, and that what was signed is what was "
                  "sent: method, query, content-type, host and the bytes of the body");
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

/// Takes the first part of what is left, and its separator; of the last one a null view is left.
std::string_view take_part(std::string_view& left, char separator) {
    const auto at = left.find(separator);
    const std::string_view part = left.substr(0, at);
    left = at == std::string_view::npos ? std::string_view{} : left.substr(at + 1);
    return part;
}

bool is_lower_hex(std::string_view text) {
    bool all = true;
    // Without a branch: no processor guesses the digits of a signature.
    for (const char c : text) {
        const bool digit = static_cast<unsigned char>(c - '0') < 10;
        const bool letter = static_cast<unsigned char>(c - 'a') < 6;
        all &= digit | letter;
    }
    return all;
}

bool has_capitals(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Unix seconds, within the skew of `now`. `name` is where it stood.
Result<WallTime> check_timestamp(std::string_view text, std::string_view name, WallTime now) {
    if (text.empty()) {
        return refuse(ErrorCode::MissingParameter, fmt::format("{} is missing: send the time in Unix seconds", name));
    }
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    // Up to the year 9999, which is what can be shown.
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > 253'402'300'799) {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("{} must be Unix seconds in decimal digits, such as {}", name, now.ms / 1000));
    }
    const WallTime at{seconds * 1000};
    const WallTime server{now.ms / 1000 * 1000};
    if (at - server > kClockSkewMax || server - at > kClockSkewMax) {
        return refuse(ErrorCode::AuthSignatureExpire,
                      fmt::format("{} says {}, the server's clock says {}; they may differ by 300 seconds: set the "
                                  "clock of the client",
                                  name, format_utc(at), format_utc(now)));
    }
    return at;
}

Result<void> check_token(std::string_view token) {
    if (token.empty()) return {};
    return refuse(
        ErrorCode::AuthTokenFailure,
        "the SecretId is none of a temporary key: leave the token away, or sign with the key that it was given with");
}

}  // namespace

std::string_view parameter(const codec::FlatParams& parameters, std::string_view name) {
    for (const auto& [key, value] : parameters) {
        if (key == name) return value;
    }
    return {};
}

Result<Tc3Authorization> parse_tc3(std::string_view authorization) {
    authorization = trimmed(authorization);
    if (!authorization.starts_with(kAlgorithm)) return malformed("does not begin with TC3-HMAC-SHA256");
    authorization.remove_prefix(kAlgorithm.size());
    if (!authorization.starts_with(' ')) return malformed("has no blank behind TC3-HMAC-SHA256");

    Tc3Authorization parsed;
    std::string_view left = authorization;
    while (left.data() != nullptr) {
        const std::string_view part = trimmed(take_part(left, ','));
        const auto equals = part.find('=');
        const std::string_view name = part.substr(0, equals);
        std::string_view* const target = name == "Credential"      ? &parsed.credential
                                         : name == "SignedHeaders" ? &parsed.signed_headers
                                         : name == "Signature"     ? &parsed.signature
                                                                   : nullptr;
        if (equals == std::string_view::npos || target == nullptr) return malformed("has a part that is not known");
        if (target->data() != nullptr) return malformed("has a part twice");
        *target = part.substr(equals + 1);
    }
    if (parsed.credential.empty()) return malformed("has no Credential");
    if (parsed.signed_headers.empty()) return malformed("has no SignedHeaders");
    if (parsed.signature.size() != 64 || !is_lower_hex(parsed.signature)) {
        return malformed("has no Signature of 64 lower-case hexadecimal digits");
    }

    // From both ends, because a service such as `localhost:8080` is whatever stands between.
    if (parsed.credential.size() > kCredentialMax) return malformed("has a Credential that is too long");
    left = parsed.credential;
    parsed.secret_id = take_part(left, '/');
    parsed.scope = left;
    parsed.date = take_part(left, '/');
    const auto end = left.rfind('/');
    if (end == std::string_view::npos || left.substr(end + 1) != kScopeEnd) {
        return malformed("has a Credential of another form");
    }
    parsed.service = left.substr(0, end);
    if (parsed.secret_id.empty() || parsed.date.empty() || parsed.service.empty()) {
        return malformed("has a Credential with an empty part");
    }

    int names = 0;
    bool lists_type = false, lists_host = false;
    for (left = parsed.signed_headers; left.data() != nullptr; ++names) {
        if (names == kSignedHeadersMax) return malformed("signs too many headers");
        const std::string_view name = take_part(left, ';');
        lists_type |= equal_ignoring_case(name, "content-type");
        lists_host |= equal_ignoring_case(name, "host");
    }
    if (!lists_type) return malformed("does not list content-type among the SignedHeaders");
    if (!lists_host) return malformed("does not list host among the SignedHeaders");
    return parsed;
}

HexText<32> payload_hash(const RequestView& request) {
    if (equal_ignoring_case(request.field("x-tc-content-sha256"), kUnsignedPayload)) {
        return HexText{sha256(kUnsignedPayload)};
    }
    return HexText{sha256(request.method == "GET" ? std::string_view{} : request.body)};
}

Result<std::string> canonical_request(const RequestView& request, std::string_view signed_headers,
                                      const HexText<32>& payload_hash, CanonicalForm form) {
    std::string text;
    text.reserve(512);
    // Of the API always "/"; objects are signed with their path as sent.
    text.append(request.method).append("\n").append(request.path).append("\n");
    if (request.method == "GET") text.append(request.query);
    text.push_back('\n');
    for (std::string_view left = signed_headers; left.data() != nullptr;) {
        const std::string_view name = take_part(left, ';');
        std::string_view value = request.field(name);
        if (value.data() == nullptr) {
            return refuse(ErrorCode::AuthSignatureFailure,
                          fmt::format("the header {} is listed as signed but was not sent", to_lower(name)));
        }
        value = trimmed(value);
        if (!form.host_with_port && equal_ignoring_case(name, "host")) value = without_port(value);
        append_lower(text, name);
        text.push_back(':');
        const bool is_type = equal_ignoring_case(name, "content-type");
        if (is_type ? form.content_type_lowered : form.values_lowered) {
            append_lower(text, value);
        } else {
            text.append(value);
        }
        text.push_back('\n');
    }
    text.push_back('\n');
    append_lower(text, signed_headers);
    text.append("\n").append(payload_hash.view());
    return text;
}

Digest256 tc3_signing_key(std::string_view secret, std::string_view date, std::string_view service) {
    const Digest256 date_key = hmac_sha256(fmt::format("TC3{}", secret), date);
    const Digest256 service_key = hmac_sha256(date_key, service);
    return hmac_sha256(service_key, kScopeEnd);
}

std::string v1_string_to_sign(std::string_view method, std::string_view host, const codec::FlatParams& parameters) {
    std::vector<const std::pair<std::string, std::string>*> sorted;
    sorted.reserve(parameters.size());
    for (const auto& entry : parameters) {
        if (entry.first != "Signature") sorted.push_back(&entry);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    std::string text = fmt::format("{}{}/?", method, host);
    for (const auto* entry : sorted) {
        if (entry != sorted.front()) text.push_back('&');
        text.append(entry->first).append("=").append(entry->second);
    }
    return text;
}

Result<SignatureCheck::FoundKey> SignatureCheck::find_key(std::string_view secret_id, std::string_view token,
                                                          WallTime now) const {
    if (temporary_ != nullptr && objects::TemporaryKeys::is_temporary(secret_id)) {
        auto opened = TRY(temporary_->open(secret_id, token, now));
        const auto parent = keys_.find(opened.parent_id);
        if (!parent || parent->disabled) {
            return refuse(ErrorCode::AuthTokenFailure,
                          "the key that this temporary key was asked for with is gone or disabled; ask for a new one "
                          "with another key");
        }
        return FoundKey{Key{std::move(opened.secret_key), false, parent->read_only}, true, std::move(opened.parent_id)};
    }
    auto key = keys_.find(secret_id);
    if (!key || key->disabled) {
        return refuse(ErrorCode::AuthSecretIdNotFound,
                      "no active API key of this server has this SecretId; the first key is in credentials.toml in the "
                      "server's data directory");
    }
    return FoundKey{*std::move(key), false, std::string{secret_id}};
}

Caller SignatureCheck::caller(std::string_view secret_id, FoundKey&& found, WallTime now) const {
    keys_.note_use(found.account, now);
    return {std::string{secret_id}, found.key.read_only, found.temporary, std::move(found.account)};
}

bool SignatureCheck::matches(const RequestView& request, const Tc3Authorization& claim, std::string_view timestamp,
                             HmacSha256& hmac) {
    const HexText hash = payload_hash(request);
    const std::string_view host = request.field("host");
    const bool has_port = without_port(host).size() != host.size();
    const bool type_differs = has_capitals(request.field("content-type"));
    bool values_differ = false;
    for (std::string_view left = claim.signed_headers; left.data() != nullptr;) {
        const std::string_view name = take_part(left, ';');
        if (!equal_ignoring_case(name, "content-type")) values_differ |= has_capitals(request.field(name));
    }
    const auto signed_as = [&](CanonicalForm form) {
        const auto canonical = canonical_request(request, claim.signed_headers, hash, form);
        if (!canonical) return false;
        const HexText digest{sha256(*canonical)};
        const std::string_view to_sign[] = {kAlgorithm, "\n", timestamp, "\n", claim.scope, "\n", digest.view()};
        return equal_in_constant_time(HexText{hmac.mac(joined(to_sign))}.view(), claim.signature);
    };
    // Forms that would give the same text are left out, so that a common request is hashed once.
    for (const bool with_port : {true, false}) {
        if (!with_port && !has_port) continue;
        for (const bool type_lowered : {false, true}) {
            if (type_lowered && !type_differs) continue;
            for (const bool values_lowered : {false, true}) {
                if (values_lowered && !values_differ) continue;
                if (signed_as({with_port, type_lowered, values_lowered})) return true;
            }
        }
    }
    return false;
}

Result<Caller> SignatureCheck::check_tc3(const RequestView& request, WallTime now) {
    const Tc3Authorization claim = TRY(parse_tc3(request.field("authorization")));
    const std::string_view timestamp = request.field("x-tc-timestamp");
    const WallTime at = TRY(check_timestamp(timestamp, "X-TC-Timestamp", now));
    if (claim.date != format_utc_date(at)) {
        return refuse(ErrorCode::AuthSignatureExpire,
                      fmt::format("the Credential's date {} is not the UTC date of X-TC-Timestamp, which says {}; the "
                                  "server's clock says {}",
                                  claim.date, format_utc(at), format_utc(now)));
    }
    const std::string_view token = request.field("x-tc-token");
    FoundKey found = TRY(find_key(claim.secret_id, token, now));
    const Key& key = found.key;

    auto known = derived_.find(claim.credential);
    if (known != derived_.end() && !equal_in_constant_time(known->second.secret, key.secret)) {
        derived_.erase(known);
        known = derived_.end();
    }
    if (known != derived_.end()) {
        if (!matches(request, claim, timestamp, known->second.hmac)) return wrong_signature();
    } else {
        HmacSha256 hmac{tc3_signing_key(key.secret, claim.date, claim.service)};
        if (!matches(request, claim, timestamp, hmac)) return wrong_signature();
        // Kept only now: the service is the client's word, and strangers must not fill the table.
        if (derived_.size() >= kDerivedMax) derived_.clear();
        derived_.emplace(claim.credential, Derived{key.secret, std::move(hmac)});
    }
    if (!found.temporary) TRY(check_token(token));
    return caller(claim.secret_id, std::move(found), now);
}

Result<Caller> SignatureCheck::check_v1(const RequestView& request, const codec::FlatParams& parameters, WallTime now) {
    const std::string_view signature = parameter(parameters, "Signature");
    if (signature.empty()) {
        return refuse(
            ErrorCode::AuthInvalidAuthorization,
            "the request is not signed: send an Authorization header (TC3-HMAC-SHA256) or the parameter Signature");
    }
    TRY(check_timestamp(parameter(parameters, "Timestamp"), "Timestamp", now));
    const std::string_view method = parameter(parameters, "SignatureMethod");
    const bool sha1 = method.empty() || method == "HmacSHA1";  // SHA-1 is what the protocol means when nothing is said
    if (!sha1 && method != "HmacSHA256") {
        return refuse(ErrorCode::InvalidParameterValue, "SignatureMethod must be HmacSHA256 or HmacSHA1");
    }
    const std::string_view secret_id = parameter(parameters, "SecretId");
    if (secret_id.empty()) return refuse(ErrorCode::MissingParameter, "SecretId is missing");
    const std::string_view token = parameter(parameters, "Token");
    FoundKey found = TRY(find_key(secret_id, token, now));
    const Key& key = found.key;

    const std::string text = v1_string_to_sign(request.method, request.field("host"), parameters);
    const std::string expected =
        sha1 ? base64_encode(hmac_sha1(key.secret, text)) : base64_encode(hmac_sha256(key.secret, text));
    if (!equal_in_constant_time(expected, signature)) return wrong_signature();
    if (!found.temporary) TRY(check_token(token));
    return caller(secret_id, std::move(found), now);
}

}  // namespace gse::http
