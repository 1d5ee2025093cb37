// Options of the upload bucket. Source: [API:UpdateBucketCORSOpt; API:UpdateBucketAccelerateOpt].
#include <fmt/format.h>

#include <algorithm>

#include "api/lookup.h"
#include "api/uploads.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

/// These texts go into headers of answers: nothing that could end a line there.
Result<void> check_header_names(std::string_view field, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        });
        if (!plain && name != "*")
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("{} contains a text that is no name of a header; letters, digits and dashes, or "
                                      "* alone for all",
                                      field));
    }
    return {};
}

Result<void> check_origins(const std::vector<std::string>& origins) {
    for (const std::string& origin : origins) {
        const bool plain = std::all_of(origin.begin(), origin.end(), [](char c) { return c > ' ' && c < 0x7f; });
        const bool is_url = origin.starts_with("http://") || origin.starts_with("https://");
        const bool one_star = std::count(origin.begin(), origin.end(), '*') <= 1;
        if (!plain || !one_star || (!is_url && origin != "*"))
            return refuse(ErrorCode::InvalidParameterValue,
                          "AllowedOrigins contains a text that is no origin; write https://example.com, with one * at "
                          "most, or * alone for all");
    }
    return {};
}

/// The record of the caller's region, made if there is none.
Slot bucket_of(Scope& scope) {
    if (const Slot slot = scope.state().find_bucket(scope.region); slot != kNone) return slot;
    core::Bucket bucket;
    bucket.region = scope.region;
    return scope.state().add(std::move(bucket));
}

}  // namespace

objects::CorsRule cors_rule(const core::Bucket& bucket) {
    return {.origins = bucket.allowed_origins,
            .methods = bucket.allowed_methods,
            .headers = bucket.allowed_headers,
            .exposed = bucket.exposed_headers,
            .max_age_s = bucket.max_age_s};
}

Result<UpdateBucketCORSOptResponse> handle(Scope& scope, const UpdateBucketCORSOptRequest& request) {
    TRY(check_origins(request.allowed_origins));
    const std::vector<std::string> none;
    const auto& headers = request.allowed_headers ? *request.allowed_headers : none;
    const auto& exposed = request.expose_headers ? *request.expose_headers : none;
    TRY(check_header_names("AllowedHeaders", headers));
    TRY(check_header_names("ExposeHeaders", exposed));
    const Slot slot = bucket_of(scope);
    {
        auto edit = scope.state().edit<core::Bucket>(slot);
        edit->has_cors = true;
        edit->allowed_origins = request.allowed_origins;
        edit->allowed_methods = request.allowed_methods;
        edit->allowed_headers = headers;
        edit->exposed_headers = exposed;
        edit->max_age_s = static_cast<std::uint32_t>(request.max_age_seconds.value_or(0));
    }
    scope.bucket_rule = objects::BucketRule{upload_bucket(scope.step.settings(), scope.region),
                                            cors_rule(scope.state().at<core::Bucket>(slot))};
    return UpdateBucketCORSOptResponse{};
}

Result<UpdateBucketAccelerateOptResponse> handle(Scope& scope, const UpdateBucketAccelerateOptRequest& request) {
    const Slot slot = bucket_of(scope);
    scope.state().edit<core::Bucket>(slot)->accelerated = request.allowed;
    return UpdateBucketAccelerateOptResponse{};
}

}  // namespace gse::api
