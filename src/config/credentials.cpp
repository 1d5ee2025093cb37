#include "config/credentials.h"

#include <sys/stat.h>

#include <algorithm>

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/file.h"

namespace gse::config {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kPartMax = 256;

/// What both parts of a key are made of; nothing that a header, a form or TOML would have to escape.
bool is_part(std::string_view text) {
    return !text.empty() && text.size() <= kPartMax && std::ranges::all_of(text, [](const char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
               c == '+' || c == '/' || c == '=' || c == '.';
    });
}

std::unexpected<Error> malformed(const std::filesystem::path& path, std::string_view what) {
    return refuse(ErrorCode::InvalidParameter, fmt::format("{}: {}", path.string(), what));
}

}  // namespace

Result<std::vector<ApiKey>> load_credentials(const std::filesystem::path& path) {
    const std::string text = TRY(read_file(path, kFileBytesMax));
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return refuse_errno("look at", path);
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} can be read by others; chmod 600 it first", path.string()));
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) return malformed(path, fmt::format("no TOML at line {}", parsed.error().source().begin.line));
    const auto* entries = parsed.table()["key"].as_array();
    if (!entries || entries->empty()) return malformed(path, "needs a [[key]] with secret_id and secret_key");
    std::vector<ApiKey> keys;
    for (const toml::node& entry : *entries) {
        const auto* row = entry.as_table();
        if (!row) return malformed(path, "key must be written as [[key]]");
        ApiKey key{(*row)["secret_id"].value_or(std::string{}), (*row)["secret_key"].value_or(std::string{})};
        if (!is_part(key.secret_id) || !is_part(key.secret_key))
            return malformed(
                path,
                fmt::format(
                    "the [[key]] at line {} needs secret_id and secret_key, each 1 to {} letters, digits or -_+/=.",
                    row->source().begin.line, kPartMax));
        if (std::ranges::count(keys, key.secret_id, &ApiKey::secret_id) > 0)
            return malformed(path,
                             fmt::format("the secret_id at line {} stands there twice", row->source().begin.line));
        keys.push_back(std::move(key));
    }
    return keys;
}

Result<void> store_credentials(const std::filesystem::path& path, const std::vector<ApiKey>& keys) {
    std::string text = "# API keys of this OpenGSE. Whoever reads this file may do everything.\n";
    for (const ApiKey& key : keys) {
        if (!is_part(key.secret_id) || !is_part(key.secret_key))
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("an API key has two parts of 1 to {} letters, digits or -_+/=. each", kPartMax));
        text += fmt::format("\n[[key]]\nsecret_id = \"{}\"\nsecret_key = \"{}\"\n", key.secret_id, key.secret_key);
    }
    return write_file_atomically(path, text);
}

}  // namespace gse::config
