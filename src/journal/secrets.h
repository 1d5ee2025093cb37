/// Small secrets that the servers of a deployment share: sealed by a key that their database never sees.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gse::journal {

inline constexpr std::size_t kSecretBytesMax = 1u << 20;
inline constexpr std::size_t kSecretKeyBytes = 32;  ///< of the key that seals them

/// Names are 1 to 100 characters of [0-9a-z./_-]; secrets are up to kSecretBytesMax of any bytes. Thread-safe.
/// Errors: FailedOperation when the database cannot be asked, or holds what another key sealed.
class SharedSecrets {
public:
    virtual ~SharedSecrets() = default;
    /// The secret of that name; where there is none, one of `size` random bytes is made and kept. All servers that ask
    /// at once get the same.
    virtual Result<std::string> get_or_create(std::string_view name, std::size_t size) = 0;
    /// nullopt: there is none.
    virtual Result<std::optional<std::string>> get(std::string_view name) = 0;
    /// Only where the secret is still `expected` (nullopt: there is none); false: it is another by now. Durable when it
    /// returns.
    virtual Result<bool> replace(std::string_view name, const std::optional<std::string>& expected,
                                 std::string_view secret) = 0;
};

/// For tests of several servers in one process.
class MemorySecrets final : public SharedSecrets {
public:
    Result<std::string> get_or_create(std::string_view name, std::size_t size) override;
    Result<std::optional<std::string>> get(std::string_view name) override;
    Result<bool> replace(std::string_view name, const std::optional<std::string>& expected,
                         std::string_view secret) override;

private:
    std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> secrets_;
};

/// The key of `secrets.key_file`: 64 hex digits, as `gse config secrets-key` writes them, readable by the owner only.
[[nodiscard]] Result<std::string> read_secrets_key(const std::filesystem::path& file);

/// InvalidParameterValue for a name or a size that cannot be kept.
[[nodiscard]] Result<void> check_secret(std::string_view name, std::size_t size);

}  // namespace gse::journal
