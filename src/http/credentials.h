/// The file of API keys in the data directory.
///
///   secret_id = "AKID…"        # the first key
///   secret_key = "…"
///   [[keys]]                   # any number of further ones
///   secret_id = "AKID…"
///   secret_key = "…"
///   read_only = true           # or disabled = true; both optional
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "base/rng.h"
#include "http/key_store.h"

namespace gse::http {

struct FirstKey {
    std::string secret_id;
    std::string secret_key;
};

/// Where the first key came from; start-up says which.
enum class KeyOrigin : std::uint8_t { File, Generated, Environment };

/// Immutable once opened.
class FileKeyStore final : public KeyStore {
public:
    [[nodiscard]] std::optional<Key> find(std::string_view secret_id) const override;
    [[nodiscard]] const FirstKey& first() const { return first_; }
    /// The first one too, by SecretId.
    [[nodiscard]] const std::map<std::string, Key, std::less<>>& all() const { return keys_; }
    [[nodiscard]] KeyOrigin origin() const { return origin_; }

private:
    friend Result<FileKeyStore> read_credentials(const std::filesystem::path& path);
    friend Result<FileKeyStore> open_credentials(const std::filesystem::path& path, const FirstKey& seed, Rng& rng);

    FirstKey first_;
    KeyOrigin origin_ = KeyOrigin::File;
    std::map<std::string, Key, std::less<>> keys_;
};

/// Reads `path`, or makes it (mode 0600) with `seed` (TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY; both empty
/// when unset) or a fresh key as its first. Once the file exists the seed is not looked at. Messages never show a
/// secret.
[[nodiscard]] Result<FileKeyStore> open_credentials(const std::filesystem::path& path, const FirstKey& seed, Rng& rng);

/// NotFound when there is none; InvalidParameter saying what to change when it cannot be used, also when others may
/// read it.
[[nodiscard]] Result<FileKeyStore> read_credentials(const std::filesystem::path& path);

}  // namespace gse::http
