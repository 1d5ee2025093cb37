/// A client of the cloud API over HTTP: what the command line, the demo and the tests speak with.
#pragma once

#include <chrono>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/event_reader.h"

namespace gse::client {

struct ClientOptions {
    std::string endpoint = "http://127.0.0.1:8080";  ///< http:// or https://, host and port; without a scheme http
    std::string region;                              ///< empty: the server's default
    std::string secret_id;
    std::string secret_key;
    std::string ca_file;                        ///< PEM; https:// is checked against these CAs; empty: the system's
    Millis timeout = std::chrono::seconds{30};  ///< of one call, and of standstill in a transfer
};

/// What was given on the command line; absent means that the environment, then the profile, then the default holds.
struct GivenOptions {
    std::optional<std::string> endpoint;
    std::optional<std::string> region;
    std::optional<std::string> profile;  ///< table of the profile file; "default" if it has one
    std::optional<std::string> ca = {};  ///< file
};

/// Fills the options from `given`, then the environment (GSE_ENDPOINT, GSE_CA, TENCENTCLOUD_REGION,
/// TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY), then a table of the profile file; a profile named in `given` goes
/// before the environment.
///
///   [default]
///   endpoint = "http://127.0.0.1:8080"
///   region = "ap-shanghai"
///   ca = "/etc/gse/ca.pem"                           # where https:// is not signed by a public CA
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
    /// The same, but what got lost on the way is taken up where it broke off, however often, as long as it gets on.
    struct UploadWatch {
        std::function<void(std::uint64_t sent, std::uint64_t total)> progress;  ///< may be empty
        std::function<void(Millis)> pause;                                      ///< waits before the next try
    };
    ApiResult<StoredObject> put_object_resuming(std::string_view bucket, std::string_view key,
                                                const std::filesystem::path& file, std::string_view authorization,
                                                const UploadWatch& watch);

    struct EventQuery {
        std::vector<std::string> ids;  ///< fleets and aliases; empty: all
        bool players = false;
        std::string last_event_id;  ///< in and out: where to go on
    };
    /// Follows GET /events until the connection ends, which is no error, or `take` answers false.
    ApiResult<void> follow_events(EventQuery& query, const std::function<bool(const ServerEvent&)>& take);

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
    struct Piece;
    ApiResult<Piece> put_piece(const std::string& url, std::FILE* file, std::uint64_t from, std::uint64_t total,
                               bool ask, std::string_view authorization, const UploadWatch& watch);
    ClientOptions options_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace gse::client
