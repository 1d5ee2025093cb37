#include "objects/s3_signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/url.h"

namespace gse::objects {
namespace {

/// `20130524T000000Z`
std::string compact_time(WallTime now) {
    std::string text = format_utc(now);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

}  // namespace

std::string s3_query(S3Fields parameters) {
    for (auto& [name, value] : parameters) {
        name = url_encode(name, UrlPart::Query);
        value = url_encode(value, UrlPart::Query);
    }
    std::sort(parameters.begin(), parameters.end());
    std::string query;
    for (const auto& [name, value] : parameters) query += fmt::format("{}{}={}", query.empty() ? "" : "&", name, value);
    return query;
}

S3Fields sign_s3(const S3SignedRequest& request, const S3Credentials& credentials, std::string_view region,
                 WallTime now) {
    const std::string time = compact_time(now);
    const std::string date = time.substr(0, 8);
    S3Fields added{{"x-amz-content-sha256", std::string(request.body_sha256)}, {"x-amz-date", time}};
    if (!credentials.session_token.empty()) added.emplace_back("x-amz-security-token", credentials.session_token);

    S3Fields fields = request.fields;
    fields.emplace_back("host", request.host);
    fields.insert(fields.end(), added.begin(), added.end());
    std::sort(fields.begin(), fields.end());
    std::string lines, names;
    for (const auto& [name, value] : fields) {
        lines += fmt::format("{}:{}\n", name, value);
        names += fmt::format("{}{}", names.empty() ? "" : ";", name);
    }
    const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, request.query,
                                              lines, names, request.body_sha256);
    const std::string scope = fmt::format("{}/{}/s3/aws4_request", date, region);
    const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, to_hex(sha256(canonical)));
    const Digest256 of_date = hmac_sha256("AWS4" + credentials.secret_key, date);
    const Digest256 of_region = hmac_sha256(of_date, region);
    const Digest256 of_service = hmac_sha256(of_region, "s3");
    const Digest256 key = hmac_sha256(of_service, "aws4_request");
    added.emplace_back("authorization",
                       fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                   credentials.access_key_id, scope, names, to_hex(hmac_sha256(key, to_sign))));
    return added;
}

}  // namespace gse::objects
