/// Our errors meet the cloud API's codes in one table.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gse::api {

/// The API's two-level code, e.g. `LimitExceeded.FleetLimitExceeded` [wire protocol §7, error list of the service].
[[nodiscard]] std::string_view code_of(ErrorCode code);

/// `{"Response":{"RequestId":…,"Error":{"Code":…,"Message":…}}}`
[[nodiscard]] std::string error_body(const Error& error, std::string_view request_id);
/// `{"Response":{<fields>,"RequestId":…}}`; `fields` as encode_fields() writes them, maybe empty.
[[nodiscard]] std::string answer_body(std::string_view fields, std::string_view request_id);

}  // namespace gse::api
