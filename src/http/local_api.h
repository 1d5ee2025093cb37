/// /capi: the cloud API without a signature, as the original's local debugging tool offered it to programs on the same
/// machine: POST {"Action": "CreateGameServerSession", …}. Source: [本地调试工具].
#pragma once

#include <string_view>

#include "base/result.h"
#include "engine/api_port.h"

namespace gse::http {

/// `Action`, and `Region` if given, are taken out of the object; the rest are the action's parameters. InvalidParameter
/// when it is no JSON object; MissingParameter without an Action.
[[nodiscard]] Result<engine::ApiCall> read_local_call(std::string_view body);

}  // namespace gse::http
