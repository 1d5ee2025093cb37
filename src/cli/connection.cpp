#include "cli/connection.h"

#include <map>
#include <optional>

#include "http/credentials.h"

namespace gse::cli {
namespace {

/// Lends C strings that live as long as itself, as ::getenv does.
class Lender {
public:
    explicit Lender(const Environment& environment) : environment_(environment) {}
    const char* operator()(const char* name) {
        std::string& value = values_[name];
        value = environment_(name);
        return value.empty() ? nullptr : value.c_str();
    }

private:
    const Environment& environment_;
    std::map<std::string, std::string> values_;
};

std::optional<std::string> given(const std::string& flag) { return flag.empty() ? std::nullopt : std::optional{flag}; }

}  // namespace

Result<Connection> resolve_connection(const ConnectionFlags& flags, const Environment& environment) {
    Lender lender{environment};
    const auto variable = [&lender](const char* name) { return lender(name); };
    Connection connection =
        TRY(client::resolve_options({given(flags.endpoint), given(flags.region), given(flags.profile), given(flags.ca)},
                                    variable, client::default_profile_file(variable)));
    std::string file = flags.credentials;
    if (file.empty() && connection.secret_id.empty()) file = environment("GSE_CREDENTIALS");
    if (!file.empty()) {
        const http::FirstKey key = TRY(http::read_credentials(file)).first();
        connection.secret_id = key.secret_id;
        connection.secret_key = key.secret_key;
    }
    if (connection.secret_id.empty() || connection.secret_key.empty())
        return refuse(ErrorCode::InvalidParameterValue,
                      "no API key: set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or name the server's "
                      "credentials.toml with --credentials FILE or GSE_CREDENTIALS");
    if (connection.region.empty()) connection.region = "ap-shanghai";
    return connection;
}

}  // namespace gse::cli
