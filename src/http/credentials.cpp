#include "http/credentials.h"

#include <fmt/core.h>
#include <sys/stat.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>

#include "base/file.h"

namespace gse::http {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

std::unexpected<Error> unusable(const std::filesystem::path& path, std::string_view what) {
    return refuse(ErrorCode::InvalidParameter, fmt::format("{}: {}", path.string(), what));
}

/// Slashes, commas and blanks would break the Authorization header apart; quotes the file.
bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
               c == '.';
    });
}

bool is_printable(std::string_view text) {
    return !text.empty() && text.size() <= 256 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

Result<void> check_key(const std::filesystem::path& where, std::string_view secret_id, std::string_view secret_key) {
    if (!is_plain(secret_id)) {
        return unusable(where, "secret_id must be 1 to 128 letters, digits, dots, dashes or underlines");
    }
    if (!is_printable(secret_key)) {
        return unusable(
            where, "secret_key must be 1 to 256 printable ASCII characters without blanks, quotes and backslashes");
    }
    return {};
}

Result<std::string> text_entry(const std::filesystem::path& path, const toml::table& table, std::string_view name) {
    const auto value = table[name].value_exact<std::string>();
    if (!value) return unusable(path, fmt::format("{} is missing or no text in quotes", name));
    return *value;
}

Result<bool> flag_entry(const std::filesystem::path& path, const toml::table& table, std::string_view name) {
    if (!table.contains(name)) return false;
    const auto value = table[name].value_exact<bool>();
    if (!value) return unusable(path, fmt::format("{} must be true or false", name));
    return *value;
}

Result<void> check_entries(const std::filesystem::path& path, const toml::table& table,
                           std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : table) {
        if (std::find(known.begin(), known.end(), name.str()) == known.end()) {
            return unusable(path, fmt::format("there is no entry {}; remove it", name.str()));
        }
    }
    return {};
}

}  // namespace

std::optional<Key> FileKeyStore::find(std::string_view secret_id) const {
    const auto found = keys_.find(secret_id);
    if (found == keys_.end()) return std::nullopt;
    return found->second;
}

Result<FileKeyStore> read_credentials(const std::filesystem::path& path) {
    const std::string text = TRY(read_file(path, kFileBytesMax));
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
        return unusable(path, "others may read the keys; run chmod 600 on it");
    }
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        // The description may quote the line, and with it a secret: the place is enough.
        return unusable(path, fmt::format("not TOML, see line {}", parsed.error().source().begin.line));
    }
    const toml::table& table = parsed.table();
    TRY(check_entries(path, table, {"secret_id", "secret_key", "keys"}));
    FileKeyStore store;
    store.first_ = {TRY(text_entry(path, table, "secret_id")), TRY(text_entry(path, table, "secret_key"))};
    TRY(check_key(path, store.first_.secret_id, store.first_.secret_key));
    store.keys_[store.first_.secret_id] = Key{store.first_.secret_key};

    if (!table.contains("keys")) return store;
    const toml::array* const further = table["keys"].as_array();
    if (further == nullptr || !further->is_homogeneous<toml::table>()) {
        return unusable(path, "further keys are written as [[keys]] tables");
    }
    for (const toml::node& node : *further) {
        const toml::table& entry = *node.as_table();
        TRY(check_entries(path, entry, {"secret_id", "secret_key", "read_only", "disabled"}));
        const std::string secret_id = TRY(text_entry(path, entry, "secret_id"));
        Key key{TRY(text_entry(path, entry, "secret_key")), TRY(flag_entry(path, entry, "disabled")),
                TRY(flag_entry(path, entry, "read_only"))};
        TRY(check_key(path, secret_id, key.secret));
        if (!store.keys_.emplace(secret_id, std::move(key)).second) {
            return unusable(path, fmt::format("the secret_id {} stands there twice", secret_id));
        }
    }
    return store;
}

Result<FileKeyStore> open_credentials(const std::filesystem::path& path, const FirstKey& seed, Rng& rng) {
    auto existing = read_credentials(path);
    if (existing || existing.error().code != ErrorCode::NotFound) return existing;

    FirstKey first = seed;
    const bool from_environment = !seed.secret_id.empty() || !seed.secret_key.empty();
    if (from_environment) {
        if (seed.secret_id.empty() || seed.secret_key.empty()) {
            return refuse(ErrorCode::InvalidParameter,
                          "set both TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or neither");
        }
        TRY(check_key("TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY", first.secret_id, first.secret_key));
    } else {
        first = {"AKID" + rng.text(32), rng.text(32)};
    }
    TRY(write_file_atomically(path, fmt::format("# The first API key of this server. Keep it to yourself.\n"
                                                "secret_id = \"{}\"\nsecret_key = \"{}\"\n",
                                                first.secret_id, first.secret_key)));
    FileKeyStore store = TRY(read_credentials(path));
    store.origin_ = from_environment ? KeyOrigin::Environment : KeyOrigin::Generated;
    return store;
}

}  // namespace gse::http
