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
/// `{"Response":{<fields>,"RequestId":…}}` in one text: encode_fields() appends to the beginning, maybe nothing.
[[nodiscard]] std::string begin_answer();
void end_answer(std::string& out, std::string_view request_id);

}  // namespace gse::api
