#include "e2e/deployment.h"

#include <sys/socket.h>

#include <algorithm>
#include <fstream>

#include "agent/testing/make_zip.h"
#include "base/addresses.h"

namespace gse::e2e {
namespace {

constexpr std::uint64_t kEventsMax = 100;
constexpr std::uint64_t kPage = 100;

}  // namespace

client::ApiResult<std::string> upload_asset(Api& api, const std::filesystem::path& zip,
                                            const std::optional<std::string>& image) {
    const std::string key = zip.filename();
    const auto place = api.call(api::GetUploadCredentialsRequest{.asset_region = kRegion, .bucket_key = key});
    if (!place) return std::unexpected(place.error());
    if (const auto put = api.client().put_object(place->bucket_name, key, zip, place->bucket_auth); !put)
        return std::unexpected(put.error());
    api::CreateAssetRequest request{
        .bucket_key = key, .asset_name = zip.stem(), .asset_version = "1", .asset_region = kRegion};
    request.operate_system = image ? "Windows" : "CentOS7.16";
    request.image_id = image;
    const auto asset = api.call(request);
    if (!asset) return std::unexpected(asset.error());
    return asset->asset_id;
}

client::ApiResult<std::string> create_fleet(Api& api, const FleetWish& wish) {
    api::CreateFleetRequest request;
    request.asset_id = wish.asset_id;
    request.name = wish.name;
    request.instance_type = "S5.LARGE8";
    request.inbound_permissions = {{.from_port = 1025, .ip_range = "0.0.0.0/0", .protocol = "TCP", .to_port = 60'000}};
    request.new_game_server_session_protection_policy = wish.protection;
    request.runtime_configuration.server_processes = {
        {.concurrent_executions = wish.processes, .launch_path = wish.launch_path, .parameters = wish.parameters}};
    request.runtime_configuration.game_server_session_activation_timeout_seconds = wish.activation_timeout_s;
    const auto answer = api.call(request);
    if (!answer) return std::unexpected(answer.error());
    return answer->fleet_attributes->fleet_id.value_or("");
}

bool write_host_token(Api& api, const std::filesystem::path& file, std::string& problem) {
    const auto made = api.call(api::CreateHostTokenRequest{});
    if (!made) {
        problem = describe(made.error());
        return false;
    }
    std::ofstream(file) << made->token << '\n';
    return true;
}

std::string fleet_status(Api& api, const std::string& fleet_id) {
    api::DescribeFleetAttributesRequest request;
    request.fleet_ids = std::vector{fleet_id};
    const auto answer = api.call(request);
    if (!answer || answer->fleet_attributes.empty()) return "";
    return answer->fleet_attributes.front().status.value_or("");
}

std::vector<api::Event> fleet_events(Api& api, const std::string& fleet_id, std::optional<std::string> code) {
    const auto answer = api.call(
        api::DescribeFleetEventsRequest{.fleet_id = fleet_id, .limit = kEventsMax, .event_code = std::move(code)});
    return answer ? answer->events : std::vector<api::Event>{};
}

std::optional<api::Event> wait_event(Api& api, const std::string& fleet_id, const std::string& code,
                                     const std::string& text, Millis limit) {
    std::optional<api::Event> found;
    (void)wait_until(limit, [&] {
        for (const api::Event& event : fleet_events(api, fleet_id, code))
            if (event.event_code == code && event.message.value_or("").find(text) != std::string::npos) found = event;
        return found.has_value();
    });
    return found;
}

std::string event_text(Api& api, const std::string& fleet_id) {
    std::string out;
    for (const api::Event& event : fleet_events(api, fleet_id))
        out += fmt::format("  {} {}\n", event.event_code, event.message.value_or(""));
    return out;
}

client::ApiResult<std::vector<api::GameServerSession>> all_sessions(Api& api, const std::string& fleet_id) {
    std::vector<api::GameServerSession> out;
    api::DescribeGameServerSessionsRequest request{.fleet_id = fleet_id, .limit = kPage};
    for (;;) {
        auto page = api.call(request);
        if (!page) return std::unexpected(page.error());
        for (auto& session : page->game_server_sessions) out.push_back(std::move(session));
        if (!page->next_token || page->next_token->empty()) return out;
        request.next_token = page->next_token;
    }
}

client::ApiResult<std::vector<api::PlayerSession>> all_seats(Api& api, const std::string& session_id) {
    std::vector<api::PlayerSession> out;
    api::DescribePlayerSessionsRequest request{.game_server_session_id = session_id, .limit = kPage};
    for (;;) {
        auto page = api.call(request);
        if (!page) return std::unexpected(page.error());
        for (auto& seat : page->player_sessions) out.push_back(std::move(seat));
        if (!page->next_token || page->next_token->empty()) return out;
        request.next_token = page->next_token;
    }
}

std::optional<api::GameServerSession> find_session(Api& api, const std::string& session_id) {
    auto answer = api.call(api::DescribeGameServerSessionsRequest{.game_server_session_id = session_id});
    if (!answer || answer->game_server_sessions.empty()) return {};
    return std::move(answer->game_server_sessions.front());
}

client::ApiResult<std::string> make_session(Api& api, const std::string& fleet_id, Millis limit) {
    client::ApiResult<std::string> id = std::unexpected(client::ApiError{"ClientError", "it was never asked for", ""});
    (void)wait_until(limit, [&] {
        const auto made =
            api.call(api::CreateGameServerSessionRequest{.maximum_player_session_count = 4, .fleet_id = fleet_id});
        if (made)
            id = made->game_server_session->game_server_session_id;
        else
            id = std::unexpected(made.error());
        return made.has_value();
    });
    if (!id || wait_until(limit, [&] {
            const auto session = find_session(api, *id);
            return session && session->status == "ACTIVE";
        }))
        return id;
    return std::unexpected(client::ApiError{"ClientError", *id + " does not become ACTIVE", ""});
}

std::string ask_session(Api& api, const std::string& session_id, const std::string& line) {
    const auto session = find_session(api, session_id);
    return session ? ask_game(static_cast<std::uint16_t>(session->port), line, session->ip_address) : "";
}

void write_game_zip(const std::filesystem::path& zip) {
    std::ofstream(zip, std::ios::binary) << agent::testing::make_zip(
        {{"gse-test-game", read_text(GSE_TEST_GAME), 0100755}});
}

std::pair<int, std::string> http_get(const std::string& address, const std::string& path, const std::string& token) {
    const auto to = resolve(address);
    if (!to) return {0, ""};
    const Fd fd(socket(to->front().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{10, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd.get(), to->front().get(), to->front().size) != 0) return {0, ""};
    const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n{}Connection: close\r\n\r\n", path, address,
                                            token.empty() ? "" : fmt::format("Authorization: Bearer {}\r\n", token));
    if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {0, ""};
    std::string answer;
    char buffer[16'384];
    for (ssize_t n = 0; (n = recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(n));
    if (answer.size() < 12) return {0, ""};
    const auto body = answer.find("\r\n\r\n");
    return {std::stoi(answer.substr(9, 3)), body == std::string::npos ? "" : answer.substr(body + 4)};
}

}  // namespace gse::e2e
