/// A client of the cloud API over HTTP: what the command line, the demo and the tests speak with.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace gse::client {

struct ClientOptions {
    std::string endpoint = "http://127.0.0.1:8080";  ///< http:// or https://, host and port; without a scheme http
    std::string region;                              ///< empty: the server's default
    std::string secret_id;
    std::string secret_key;
    Millis timeout = std::chrono::seconds{30};  ///< of one call, and of standstill in a transfer
};

/// What was given on the command line; absent means that the environment, then the profile, then the default holds.
struct GivenOptions {
    std::optional<std::string> endpoint;
    std::optional<std::string> region;
    std::optional<std::string> profile;  ///< table of the profile file; "default" if it has one
};

/// Fills the options from `given`, then the environment (GSE_ENDPOINT, TENCENTCLOUD_REGION, TENCENTCLOUD_SECRET_ID,
/// TENCENTCLOUD_SECRET_KEY), then a table of the profile file; a profile named in `given` goes before the environment.
///
///   [default]
///   endpoint = "http://127.0.0.1:8080"
///   region = "ap-shanghai"
///   credentials = "/var/lib/gse/credentials.toml"    # or secret_id and secret_key
///
/// `environment` answers a variable's value or null, as ::getenv does. A profile that was asked for must exist.
[[nodiscard]] Result<ClientOptions> resolve_options(const GivenOptions& given,
                                                    const std::function<const char*(const char*)>& environment,
                                                    const std::filesystem::path& profile_file);
/// `$XDG_CONFIG_HOME/gse/profiles.toml`, else `~/.config/gse/profiles.toml`; GSE_PROFILES names another file.
[[nodiscard]] std::filesystem::path default_profile_file(const std::function<const char*(const char*)>& environment);

/// Why a call did not do what it should.
struct ApiError {
    std::string code;  ///< the API's: `ResourceNotFound`; `ClientError.…` when no answer of the API came
    std::string message;
    std::string request_id;  ///< empty when there was no answer

    friend bool operator==(const ApiError&, const ApiError&) = default;
};

template <class T>
using ApiResult = std::expected<T, ApiError>;

struct StoredObject {
    std::uint64_t size = 0;
    std::string sha256;
};

/// Keeps its connection. One thread at a time.
class ApiClient {
public:
    explicit ApiClient(ClientOptions options);
    ~ApiClient();
    ApiClient(ApiClient&&) noexcept;
    ApiClient& operator=(ApiClient&&) noexcept;

    /// One call, signed with TC3-HMAC-SHA256. `json`: the parameters, an object. The answer is the object inside
    /// `Response`, RequestId included.
    ApiResult<std::string> call(std::string_view action, std::string_view json = "{}");

    /// Uploads a file, streamed, with the authorization text of GetUploadCredentials.
    ApiResult<StoredObject> put_object(std::string_view bucket, std::string_view key, const std::filesystem::path& file,
                                       std::string_view authorization);
    /// Downloads an object into a file that is replaced.
    ApiResult<StoredObject> get_object(std::string_view bucket, std::string_view key, const std::filesystem::path& file,
                                       std::string_view authorization);

    /// Downloads what a signed link of an answer leads to (a log) into a file that is replaced.
    ApiResult<StoredObject> get_link(const std::string& url, const std::filesystem::path& file);

    struct Page {
        std::string body;
        std::int64_t date_s = 0;  ///< the server's clock, Unix seconds; 0 when it did not say
    };
    /// GET of a path that needs no signature, such as /metrics.
    ApiResult<Page> get_page(std::string_view path);

    [[nodiscard]] const ClientOptions& options() const { return options_; }

private:
    ApiResult<StoredObject> save(const std::string& url, const std::filesystem::path& file,
                                 const std::string& authorization);

    struct Transport;
    ClientOptions options_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace gse::client
