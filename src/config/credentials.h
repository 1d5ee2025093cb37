/// API keys in a file of their own: `DIR/credentials.toml`, which the server makes and the CLI can be pointed at.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace gse::config {

struct ApiKey {
    std::string secret_id;   ///< named in requests
    std::string secret_key;  ///< signs them; never logged

    friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

/// NotFound when there is no file; FailedOperation when others may read it; InvalidParameter when it does not hold at
/// least one whole key. Messages never repeat a secret.
Result<std::vector<ApiKey>> load_credentials(const std::filesystem::path& path);

/// Replaces the file as a whole, mode 0600, durable.
Result<void> store_credentials(const std::filesystem::path& path, const std::vector<ApiKey>& keys);

}  // namespace gse::config
