#include "http/api_request.h"

#include <fmt/core.h>

#include <algorithm>

#include "codec/describe.h"
#include "http/params.h"

namespace gse::http {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

/// Common parameters of version 1, which stand among the action's own [公共参数].
constexpr std::string_view kCommonParameters[] = {"Action",   "Version",       "Region",          "Timestamp",
                                                  "Nonce",    "SecretId",      "SignatureMethod", "Token",
                                                  "Language", "RequestClient", "Signature"};

bool is_version_one(const RequestView& request) { return request.field("authorization").data() == nullptr; }

void name_caller(engine::ApiCall& call, Caller&& caller) {
    call.secret_id = std::move(caller.secret_id);
    call.account = std::move(caller.account);
}

Result<engine::ApiCall> admit_version_one(const RequestView& request, SignatureCheck& signatures, WallTime now) {
    if (request.method == "POST" && !is_media_type(request.field("content-type"), kFormType)) {
        return refuse(
            ErrorCode::AuthInvalidAuthorization,
            "the Authorization header is missing; only a form (application/x-www-form-urlencoded) or a GET may "
            "carry its signature among the parameters");
    }
    engine::ApiCall call;
    call.flat = TRY(decode_form(request.method == "GET" ? request.query : request.body));
    Caller caller = TRY(signatures.check_v1(request, call.flat, now));
    call.action = parameter(call.flat, "Action");
    call.version = parameter(call.flat, "Version");
    call.region = parameter(call.flat, "Region");
    call.is_json = false;
    std::erase_if(call.flat, [](const auto& entry) {
        return std::find(std::begin(kCommonParameters), std::end(kCommonParameters), entry.first) !=
               std::end(kCommonParameters);
    });
    TRY(check_may_call(caller, call.action));
    name_caller(call, std::move(caller));
    return call;
}

Result<engine::ApiCall> admit_tc3(const RequestView& request, std::string& body, SignatureCheck& signatures,
                                  WallTime now) {
    Caller caller = TRY(signatures.check_tc3(request, now));
    engine::ApiCall call;
    call.action = request.field("x-tc-action");
    call.version = request.field("x-tc-version");
    call.region = request.field("x-tc-region");
    TRY(check_may_call(caller, call.action));
    name_caller(call, std::move(caller));

    const std::string_view type = request.field("content-type");
    if (request.method == "GET") {
        call.is_json = false;
        call.flat = TRY(decode_form(request.query));
    } else if (is_media_type(type, "application/json")) {
        take_json(call, body);
    } else if (is_media_type(type, "multipart/form-data")) {
        call.is_json = false;
        call.flat = TRY(decode_multipart(type, request.body));
    } else {
        return refuse(ErrorCode::InvalidRequest,
                      fmt::format("a POST with TC3-HMAC-SHA256 carries application/json, not {}", media_type(type)));
    }
    return call;
}

}  // namespace

std::size_t body_bytes_max(const RequestView& head, const ApiLimits& limits) {
    return head.method == "POST" && is_version_one(head) ? limits.form_bytes : limits.body_bytes;
}

Error too_large(const RequestView& head, const ApiLimits& limits) {
    // What the original answers to a version 1 request over its limit.
    if (head.method == "POST" && is_version_one(head)) {
        return {
            ErrorCode::AuthSignatureFailure,
            fmt::format("a request signed with HmacSHA1 or HmacSHA256 may have {} bytes; sign with TC3-HMAC-SHA256 for "
                        "up to {}",
                        limits.form_bytes, limits.body_bytes)};
    }
    return {ErrorCode::RequestTooLarge, fmt::format("a request body may have {} bytes", limits.body_bytes)};
}

Result<void> check_may_call(const Caller& caller, std::string_view name) {
    if (!caller.temporary && !caller.read_only) return {};
    const api::Action* const action = api::find_action(name);
    if (action == nullptr) return {};
    if (caller.temporary && action->permanent_key) {
        return refuse(ErrorCode::Unauthorized,
                      fmt::format("a temporary key cannot call {}; use the key that it was asked for with, {}", name,
                                  caller.account));
    }
    if (!caller.read_only || action->access == api::Access::Read) return {};
    return refuse(ErrorCode::Unauthorized,
                  fmt::format("the key {} may only read; {} needs a key without ReadOnly, such as the root key, or one "
                              "made by CreateAccessKey with ReadOnly false",
                              caller.account, name));
}

void take_json(engine::ApiCall& call, std::string& body) {
    // Room that JSON parsers may read behind the text (codec.h: kJsonPadding).
    constexpr std::size_t kPaddingBytes = 64;
    call.json = body.empty() ? "{}" : std::move(body);
    call.json.reserve(call.json.size() + kPaddingBytes);
}

Result<engine::ApiCall> admit(const RequestView& request, std::string& body, SignatureCheck& signatures,
                              const ApiLimits& limits, WallTime now) {
    if (request.method != "GET" && request.method != "POST") {
        return refuse(ErrorCode::UnsupportedProtocol, fmt::format("use GET or POST, not {}", request.method));
    }
    if (request.method == "GET" && request.query.size() > limits.query_bytes) {
        return refuse(ErrorCode::RequestTooLarge,
                      fmt::format("a GET may have a query of {} bytes; use POST for more", limits.query_bytes));
    }
    return is_version_one(request) ? admit_version_one(request, signatures, now)
                                   : admit_tc3(request, body, signatures, now);
}

}  // namespace gse::http
