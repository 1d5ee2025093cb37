/// Which server a command talks to, and with which key.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "client/api_client.h"

namespace gse::cli {

/// As given on the command line; "" where not.
struct ConnectionFlags {
    std::string endpoint;
    std::string region;
    std::string profile;
    std::string credentials;  ///< path of a credentials.toml
    std::string ca;           ///< path of a PEM file with CA certificates
};

using Connection = client::ClientOptions;

/// The value of an environment variable, "" when unset.
using Environment = std::function<std::string(const std::string& name)>;

/// What client::resolve_options says, besides: the key of the file that --credentials names goes before all others, the
/// one of GSE_CREDENTIALS after them; there must be a key; the region is ap-shanghai when nobody names one.
/// Errors say what to change.
Result<Connection> resolve_connection(const ConnectionFlags& flags, const Environment& environment);

}  // namespace gse::cli
