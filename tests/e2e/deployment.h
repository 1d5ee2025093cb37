/// What tests with real processes ask of the cloud API.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "api/model.h"
#include "client/api_client.h"
#include "codec/codec.h"
#include "e2e/program.h"

namespace gse::e2e {

inline constexpr const char* kSecretId = "AKIDEXAMPLE0001";
inline constexpr const char* kSecretKey = "example-secret-key-0001";
inline constexpr const char* kRegion = "ap-shanghai";

/// True when no answer came, so that nobody knows what happened.
[[nodiscard]] inline bool unanswered(const client::ApiError& error) { return error.code.starts_with("ClientError"); }
[[nodiscard]] inline std::string describe(const client::ApiError& error) { return error.code + ": " + error.message; }

/// One thread at a time.
class Api {
public:
    explicit Api(const std::string& address, Millis timeout = Millis{15'000})
        : client_({.endpoint = "http://" + address,
                   .region = kRegion,
                   .secret_id = kSecretId,
                   .secret_key = kSecretKey,
                   .timeout = timeout}) {}

    explicit Api(client::ClientOptions options) : client_(std::move(options)) {}

    template <class Request>
    client::ApiResult<typename api::ActionTraits<Request>::Response> call(const Request& request) {
        using Response = typename api::ActionTraits<Request>::Response;
        std::string json;
        api::encode(request, json);
        auto answer = client_.call(api::ActionTraits<Request>::name, json);
        if (!answer) return std::unexpected(std::move(answer).error());
        auto decoded = api::decode_response<Response>(*answer);
        if (!decoded) return std::unexpected(client::ApiError{"UnreadableAnswer", decoded.error().message, {}});
        return std::move(*decoded);
    }
    [[nodiscard]] client::ApiClient& client() { return client_; }

private:
    client::ApiClient client_;
};

/// Uploads a zip and registers it, for CentOS or for the Windows `image`; its AssetId.
client::ApiResult<std::string> upload_asset(Api& api, const std::filesystem::path& zip,
                                            const std::optional<std::string>& image = {});

struct FleetWish {
    std::string name;
    std::string asset_id;
    std::string launch_path = "/local/game/gse-test-game";
    std::string parameters;
    std::uint64_t processes = 1;
    std::string protection = "NoProtection";
    std::uint64_t activation_timeout_s = 600;
};
/// Lets one machine in: writes an enrolment token to `file`. False: see `problem`.
bool write_host_token(Api& api, const std::filesystem::path& file, std::string& problem);
/// Its FleetId.
client::ApiResult<std::string> create_fleet(Api& api, const FleetWish& wish);
/// "" when there is no such fleet.
std::string fleet_status(Api& api, const std::string& fleet_id);
/// Newest first.
std::vector<api::Event> fleet_events(Api& api, const std::string& fleet_id, std::optional<std::string> code = {});
/// The oldest event of that code whose message contains `text`, waited for; nullopt when none came.
std::optional<api::Event> wait_event(Api& api, const std::string& fleet_id, const std::string& code,
                                     const std::string& text = "", Millis limit = Millis{20'000});
/// All events, a line each, for messages of failed tests.
std::string event_text(Api& api, const std::string& fleet_id);
/// Every session of a fleet, ended ones too.
client::ApiResult<std::vector<api::GameServerSession>> all_sessions(Api& api, const std::string& fleet_id);
client::ApiResult<std::vector<api::PlayerSession>> all_seats(Api& api, const std::string& session_id);
std::optional<api::GameServerSession> find_session(Api& api, const std::string& session_id);
/// Of four seats, made as soon as a process is idle; its id once it is ACTIVE. Else what it was refused with last.
client::ApiResult<std::string> make_session(Api& api, const std::string& fleet_id, Millis limit);
/// What the session's game answers; "" when it does not, or there is none.
std::string ask_session(Api& api, const std::string& session_id, const std::string& line);

/// A zip with gse-test-game at its root.
void write_game_zip(const std::filesystem::path& zip);
/// The status of GET on the HTTP port, and the body. `token`: metrics.token, which machines that are not the server's
/// must show.
std::pair<int, std::string> http_get(const std::string& address, const std::string& path,
                                     const std::string& token = "");

}  // namespace gse::e2e
