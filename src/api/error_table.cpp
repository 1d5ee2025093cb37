#include "api/error_table.h"

#include <array>

#include "base/check.h"
#include "codec/json_text.h"

namespace gse::api {
namespace {

struct Row {
    ErrorCode code;
    std::string_view text;
};

constexpr std::array kRows = {
    Row{ErrorCode::MissingParameter, "MissingParameter"},
    Row{ErrorCode::InvalidParameter, "InvalidParameter"},
    Row{ErrorCode::InvalidParameterValue, "InvalidParameterValue"},
    Row{ErrorCode::UnknownParameter, "UnknownParameter"},
    Row{ErrorCode::NotFound, "ResourceNotFound"},
    Row{ErrorCode::InUse, "ResourceInUse"},
    Row{ErrorCode::Unavailable, "ResourceUnavailable"},
    Row{ErrorCode::Insufficient, "ResourceInsufficient"},
    Row{ErrorCode::LimitExceeded, "LimitExceeded"},
    Row{ErrorCode::FleetLimitExceeded, "LimitExceeded.FleetLimitExceeded"},
    Row{ErrorCode::InstanceLimitExceeded, "LimitExceeded.InstanceLimitExceeded"},
    Row{ErrorCode::UnsupportedOperation, "UnsupportedOperation"},
    Row{ErrorCode::CcnAttached, "UnsupportedOperation.CcnAttached"},
    Row{ErrorCode::CcnNotFound, "ResourceNotFound.CcnResourceNotFound"},
    Row{ErrorCode::UnsupportedRegion, "UnsupportedRegion"},
    Row{ErrorCode::InvalidAction, "InvalidAction"},
    Row{ErrorCode::NoSuchVersion, "NoSuchVersion"},
    Row{ErrorCode::UnsupportedProtocol, "UnsupportedProtocol"},
    Row{ErrorCode::InvalidRequest, "InvalidRequest"},
    Row{ErrorCode::RequestTooLarge, "RequestSizeLimitExceeded"},
    Row{ErrorCode::Overloaded, "RequestLimitExceeded"},
    Row{ErrorCode::AuthInvalidAuthorization, "AuthFailure.InvalidAuthorization"},
    Row{ErrorCode::AuthSecretIdNotFound, "AuthFailure.SecretIdNotFound"},
    Row{ErrorCode::AuthSignatureExpire, "AuthFailure.SignatureExpire"},
    Row{ErrorCode::AuthSignatureFailure, "AuthFailure.SignatureFailure"},
    Row{ErrorCode::AuthTokenFailure, "AuthFailure.TokenFailure"},
    Row{ErrorCode::AuthUnauthorized, "AuthFailure.UnauthorizedOperation"},
    Row{ErrorCode::Unauthorized, "UnauthorizedOperation"},
    Row{ErrorCode::FailedOperation, "FailedOperation"},
    Row{ErrorCode::Internal, "InternalError"},
};
static_assert(kRows.size() == static_cast<std::size_t>(ErrorCode::Internal) + 1, "every ErrorCode has a row");

constexpr std::string_view kAnswerHead = R"({"Response":{)";
/// Room for the answer to most calls.
constexpr std::size_t kUsualAnswerBytes = 1024;

}  // namespace

std::string_view code_of(ErrorCode code) {
    for (const Row& row : kRows)
        if (row.code == code) return row.text;
    CHECK(false);
    return "InternalError";
}

std::string error_body(const Error& error, std::string_view request_id) {
    std::string out = R"({"Response":{"Error":{"Code":)";
    append_json_string(out, code_of(error.code));
    out += R"(,"Message":)";
    append_json_string(out, error.message);
    out += R"(},"RequestId":)";
    append_json_string(out, request_id);
    out += "}}";
    return out;
}

std::string begin_answer() {
    std::string out;
    out.reserve(kUsualAnswerBytes);
    out = kAnswerHead;
    return out;
}

void end_answer(std::string& out, std::string_view request_id) {
    if (out.size() > kAnswerHead.size()) out += ',';
    out += R"("RequestId":)";
    append_json_string(out, request_id);
    out += "}}";
}

}  // namespace gse::api
