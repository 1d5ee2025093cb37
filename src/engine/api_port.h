/// How the HTTP rim (and later doors) hand an API call to the engine.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/flat.h"
#include "engine/hurry.h"

namespace gse::engine {

/// One authenticated API call. The views live until `done` was called or `call` returned, whichever is later: the
/// engine copies what it keeps.
struct ApiCall {
    std::string action;        ///< `CreateAlias`
    std::string version;       ///< `2019-11-12`
    std::string region;        ///< "" → the default region
    std::string request_id;    ///< UUID made by the rim; in the answer and in events
    std::string secret_id;     ///< which key signed; "" on the unsigned façade
    std::string account = {};  ///< which key that counts for: of a temporary one, the key it was asked for with
    bool local = false;        ///< came unsigned from this machine (/capi): games started by hand may serve it
    bool is_json = true;
    std::string json;        ///< the body, with simdjson padding reserved behind size() (see codec.h)
    codec::FlatParams flat;  ///< GET, form and multipart: decoded name/value pairs without the common parameters
    Hurry hurry;             ///< once it is set, a call that waits is answered with what is known
};

/// Thread-safe. `done` is called exactly once, from any thread, with the complete body
/// `{"Response":{…,"RequestId":"…"}}`, after everything the answer has seen is durable.
class ApiPort {
public:
    virtual ~ApiPort() = default;
    virtual void call(ApiCall call, std::move_only_function<void(std::string body)> done) = 0;
};

/// `{"Response":{"Error":{"Code":…,"Message":…},"RequestId":…}}` through the one error table.
std::string error_body(const Error& error, std::string_view request_id);

}  // namespace gse::engine
