/// From an HTTP request on `/` to a call of the API: who asks, and for what.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "engine/api_port.h"
#include "http/request.h"
#include "http/signature.h"

namespace gse::http {

struct ApiLimits {
    std::size_t query_bytes = 32 * 1024;        ///< of a GET
    std::size_t form_bytes = 1024 * 1024;       ///< of a POST with a version 1 signature
    std::size_t body_bytes = 10 * 1024 * 1024;  ///< of any other POST
};

/// Largest body worth reading, by what the header says; a longer one is answered with too_large().
[[nodiscard]] std::size_t body_bytes_max(const RequestView& head, const ApiLimits& limits);
[[nodiscard]] Error too_large(const RequestView& head, const ApiLimits& limits);

/// Checks, in this order: method, Authorization, timestamp, key, signature, token, and that a read-only key only reads.
/// Version, action, region and parameters are the API's to check. `body` is what request.body views; a JSON body is
/// moved into the call, with room behind it for the parser.
[[nodiscard]] Result<engine::ApiCall> admit(const RequestView& request, std::string& body, SignatureCheck& signatures,
                                            const ApiLimits& limits, WallTime now);

/// Moves a JSON body into the call, with room behind it for the parser; no body is an empty object.
void take_json(engine::ApiCall& call, std::string& body);

/// Unauthorized when the key is not for this action, saying which one is. Whether the action exists is for the API.
[[nodiscard]] Result<void> check_may_call(const Caller& caller, std::string_view action);

}  // namespace gse::http
