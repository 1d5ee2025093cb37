#include "journal/secrets.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.h"
#include "base/secret_file.h"

namespace gse::journal {

Result<void> check_secret(std::string_view name, std::size_t size) {
    const bool good = !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '/' || c == '_' || c == '-';
    });
    if (!good) return refuse(ErrorCode::InvalidParameterValue, fmt::format("'{}' cannot name a secret", name));
    if (size > kSecretBytesMax)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("the secret {} is larger than {} bytes", name, kSecretBytesMax));
    return {};
}

Result<std::string> read_secrets_key(const std::filesystem::path& file) {
    const std::string text = TRY(read_secret_file(file));
    auto key = from_hex(text);
    if (!key || key->size() != kSecretKeyBytes)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} holds no key; it must be 64 hex digits, as `gse config secrets-key` writes them",
                                  file.string()));
    return std::move(*key);
}

Result<std::string> MemorySecrets::get_or_create(std::string_view name, std::size_t size) {
    TRY(check_secret(name, size));
    const std::lock_guard lock(mutex_);
    const auto found = secrets_.find(name);
    if (found != secrets_.end()) return found->second;
    return secrets_.emplace(name, random_secret(size)).first->second;
}

Result<std::optional<std::string>> MemorySecrets::get(std::string_view name) {
    TRY(check_secret(name, 0));
    const std::lock_guard lock(mutex_);
    const auto found = secrets_.find(name);
    if (found == secrets_.end()) return std::nullopt;
    return found->second;
}

Result<bool> MemorySecrets::replace(std::string_view name, const std::optional<std::string>& expected,
                                    std::string_view secret) {
    TRY(check_secret(name, secret.size()));
    const std::lock_guard lock(mutex_);
    const auto found = secrets_.find(name);
    if (found == secrets_.end() ? expected.has_value() : found->second != expected) return false;
    secrets_.insert_or_assign(std::string(name), std::string(secret));
    return true;
}

}  // namespace gse::journal
