#include <fmt/core.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/file.h"
#include "client/api_client.h"
#include "http/credentials.h"

namespace gse::client {
namespace {

constexpr std::size_t kProfileBytesMax = 1024 * 1024;

struct Profile {
    std::optional<std::string> endpoint;
    std::optional<std::string> region;
    std::optional<std::string> secret_id;
    std::optional<std::string> secret_key;
    std::optional<std::string> ca;
};

std::unexpected<Error> unusable(const std::filesystem::path& file, std::string what) {
    return refuse(ErrorCode::InvalidParameter, fmt::format("{}: {}", file.string(), what));
}

Result<Profile> read_profile(const std::filesystem::path& file, const std::optional<std::string>& asked) {
    const auto text = read_file(file, kProfileBytesMax);
    if (!text && text.error().code == ErrorCode::NotFound && !asked) return Profile{};
    if (!text) return std::unexpected(text.error());
    const toml::parse_result parsed = toml::parse(*text);
    if (!parsed) return unusable(file, fmt::format("not TOML, see line {}", parsed.error().source().begin.line));
    const std::string name = asked.value_or("default");
    const toml::table* const table = parsed.table()[name].as_table();
    if (table == nullptr && !asked) return Profile{};
    if (table == nullptr) return unusable(file, fmt::format("there is no profile [{}]", name));

    Profile profile;
    for (const auto& [key, value] : *table) {
        const auto content = value.value_exact<std::string>();
        if (!content) return unusable(file, fmt::format("{} of [{}] must be text in quotes", key.str(), name));
        if (key == "endpoint") {
            profile.endpoint = *content;
        } else if (key == "region") {
            profile.region = *content;
        } else if (key == "ca") {
            profile.ca = *content;
        } else if (key == "secret_id") {
            profile.secret_id = *content;
        } else if (key == "secret_key") {
            profile.secret_key = *content;
        } else if (key == "credentials") {
            const auto keys = TRY(http::read_credentials(*content));
            profile.secret_id = keys.first().secret_id;
            profile.secret_key = keys.first().secret_key;
        } else {
            return unusable(file, fmt::format("[{}] has no entry {}; remove it", name, key.str()));
        }
    }
    return profile;
}

}  // namespace

std::filesystem::path default_profile_file(const std::function<const char*(const char*)>& environment) {
    if (const char* const named = environment("GSE_PROFILES")) return named;
    if (const char* const config = environment("XDG_CONFIG_HOME"))
        return std::filesystem::path{config} / "gse/profiles.toml";
    const char* const home = environment("HOME");
    return std::filesystem::path{home != nullptr ? home : "/"} / ".config/gse/profiles.toml";
}

Result<ClientOptions> resolve_options(const GivenOptions& given,
                                      const std::function<const char*(const char*)>& environment,
                                      const std::filesystem::path& profile_file) {
    const auto variable = [&](const char* name) -> std::optional<std::string> {
        const char* const value = environment(name);
        if (value == nullptr || *value == '\0') return std::nullopt;
        return value;
    };
    // A profile that was asked for goes before the environment: whoever names one means it.
    const Profile profile = TRY(read_profile(profile_file, given.profile));
    const auto choose = [&](std::string& target, const std::optional<std::string>& on_command_line,
                            const std::optional<std::string>& from_environment,
                            const std::optional<std::string>& of_profile) {
        const auto& first = given.profile ? of_profile : from_environment;
        const auto& second = given.profile ? from_environment : of_profile;
        if (on_command_line) {
            target = *on_command_line;
        } else if (first) {
            target = *first;
        } else if (second) {
            target = *second;
        }
    };
    ClientOptions options;
    choose(options.endpoint, given.endpoint, variable("GSE_ENDPOINT"), profile.endpoint);
    choose(options.ca_file, given.ca, variable("GSE_CA"), profile.ca);
    choose(options.region, given.region, variable("TENCENTCLOUD_REGION"), profile.region);
    choose(options.secret_id, std::nullopt, variable("TENCENTCLOUD_SECRET_ID"), profile.secret_id);
    choose(options.secret_key, std::nullopt, variable("TENCENTCLOUD_SECRET_KEY"), profile.secret_key);
    if (!options.endpoint.starts_with("http://") && !options.endpoint.starts_with("https://") &&
        options.endpoint.find("://") != std::string::npos) {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("the endpoint {} must begin with http:// or https://", options.endpoint));
    }
    return options;
}

}  // namespace gse::client
