#include "stay.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "fleets.h"
#include "stop.h"

namespace gse::demo {
namespace {

constexpr std::string_view kAlias = "chat";
constexpr std::uint16_t kHttpPort = 8080;
constexpr std::uint16_t kSdkPort = 5758;
constexpr Millis kFleetTime{60'000};
constexpr Millis kMatchTime{60'000};
constexpr Millis kLookEvery{500};

/// Links are for people: a seat waits for them longer than the usual minute.
const std::vector<std::string> kSettings{"timers.minute=1s", "timers.reservation=30m"};

std::string address(std::uint16_t port, Ports ports) {
    return fmt::format("127.0.0.1:{}", ports == Ports::Any || port_taken(port) ? 0 : port);
}

/// Ids of the fleets by version, made if missing.
Result<std::vector<std::string>> need_fleets(Backend& backend, const Programs& programs,
                                             const std::filesystem::path& data, Show& show) {
    const auto known = TRY(backend.call(api::DescribeFleetAttributesRequest{.limit = 100})).fleet_attributes;
    std::vector<std::string> ids;
    for (const Version& version : kVersions) {
        const auto found = std::ranges::find(known, version.fleet, &api::FleetAttributes::name);
        if (found != known.end()) {
            ids.push_back(found->fleet_id.value_or(""));
            continue;
        }
        show.say(fmt::format("uploading {} and making fleet {}", version.title, version.fleet));
        const auto zip = TRY(make_package(programs, version, data));
        const std::string asset = TRY(upload_package(backend, version, zip));
        ids.push_back(TRY(create_fleet(backend, version, asset)));
        std::filesystem::remove(zip);
    }
    return ids;
}

Result<void> need_alias(Backend& backend, const std::string& fleet_id) {
    const auto known = TRY(backend.call(api::ListAliasesRequest{.name = std::string{kAlias}})).aliases;
    if (known.empty()) TRY(create_alias(backend, std::string{kAlias}, fleet_id));
    return {};
}

/// Both fleets ready for sessions. On the first start they get their range and buffer.
Result<void> wait_for_fleets(Backend& backend, const std::vector<std::string>& fleets, Show& show) {
    for (const std::string& fleet : fleets) show.add_fleet(fleet);
    TRY(show.wait("both fleets to be ACTIVE with an idle process", kFleetTime, [&]() -> Result<bool> {
        for (std::size_t i = 0; i < fleets.size(); ++i) {
            const FleetRow& row = show.fleet(i);
            if (row.status == "ERROR")
                return refuse(ErrorCode::FailedOperation, fmt::format("fleet {} is in ERROR:\n{}", fleets[i],
                                                                      recent_events(backend, fleets[i]).value_or("")));
            if (row.status != "ACTIVE" || row.processes <= row.sessions) return false;
        }
        return true;
    }));
    for (const std::string& fleet : fleets) {
        const auto policies = TRY(backend.call(api::DescribeScalingPoliciesRequest{.fleet_id = fleet}));
        if (policies.scaling_policies.empty()) TRY(set_scaling(backend, fleet));
    }
    return {};
}

/// A session by the alias with two seats: their links.
Result<std::vector<std::string>> open_chat(Backend& backend, Show& show) {
    const auto aliases = TRY(backend.call(api::ListAliasesRequest{.name = std::string{kAlias}})).aliases;
    if (aliases.empty()) return refuse(ErrorCode::NotFound, "the alias is gone");
    const auto made = TRY(backend.call(api::CreateGameServerSessionRequest{
        .maximum_player_session_count = 20, .alias_id = aliases.front().alias_id, .name = "lobby"}));
    if (!made.game_server_session)
        return refuse(ErrorCode::FailedOperation, "CreateGameServerSession answered no session");
    const std::string session = made.game_server_session->game_server_session_id;
    const auto active = [&]() -> Result<bool> {
        const auto found = TRY(backend.call(api::DescribeGameServerSessionsRequest{.game_server_session_id = session}));
        return !found.game_server_sessions.empty() && found.game_server_sessions.front().status == "ACTIVE";
    };
    TRY(show.wait("the session to become ACTIVE", kMatchTime, active));
    std::vector<std::string> links;
    for (const auto& player : TRY(backend.call(api::JoinGameServerSessionBatchRequest{.game_server_session_id = session,
                                                                                      .player_ids = {"Ann", "Bob"}}))
                                  .player_sessions)
        links.push_back(
            fmt::format("http://{}:{}/?playerSessionId={}", player.ip_address, player.port, player.player_session_id));
    return links;
}

/// The command line finds server and key through it.
Result<std::filesystem::path> write_profile(const std::filesystem::path& data, const Deployment& deployment) {
    auto file = data / "profiles.toml";
    TRY(write_file_atomically(
        file, fmt::format("[default]\nendpoint = \"http://{}\"\nregion = \"{}\"\ncredentials = \"{}\"\n",
                          deployment.http(), kRegion, deployment.credentials().string())));
    return file;
}

}  // namespace

std::filesystem::path default_data_folder() {
    if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data)
        return std::filesystem::path{data} / "opengse/run";
    const char* home = std::getenv("HOME");
    return std::filesystem::path{home && *home ? home : "."} / ".local/share/opengse/run";
}

Result<void> stay(const Programs& programs, const std::filesystem::path& folder, Ports ports, Show& show) {
    const std::filesystem::path data = std::filesystem::absolute(folder);
    std::error_code error;
    std::filesystem::create_directories(data, error);
    if (error || chmod(data.c_str(), 0700) != 0)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot make {}; name another folder with --data", data.string()));
    const auto log = data / "gse.log";

    show.step("start a server and an agent: gse dev");
    Deployment deployment = TRY(Deployment::start(
        programs, data, log,
        {.listen = address(kHttpPort, ports), .sdk_listen = address(kSdkPort, ports), .settings = kSettings}));
    client::ClientOptions client = TRY(deployment.client());
    client.region = kRegion;
    Backend backend{std::move(client)};
    const Crowd nobody;
    show.watch(backend, nobody);
    const auto fleets = TRY(need_fleets(backend, programs, data, show));
    TRY(wait_for_fleets(backend, fleets, show));
    TRY(need_alias(backend, fleets.front()));
    const auto links = TRY(open_chat(backend, show));
    show.forget();

    const std::string gse = programs.gse.string();
    show.step(fmt::format("OpenGSE serves at http://{}", deployment.http()));
    show.say(fmt::format("console      {}   (signs in once, within an hour)", TRY(deployment.console_link())));
    show.say(fmt::format("key          {}", deployment.credentials().string()));
    show.say(fmt::format("log          {}", log.string()));
    show.say(fmt::format("for the commands below, in another terminal:  export GSE_PROFILES='{}'",
                         TRY(write_profile(data, deployment)).string()));
    show.step("three things to try");
    show.say("1. Chat: open these in two windows of your browser. They wait half an hour; a link admits once.");
    for (const std::string& link : links) show.say("     " + link);
    show.say("   Another match, and a seat in it (its link: http://ADDRESS/?playerSessionId=PLAYER-SESSION):");
    show.say(fmt::format("     {} session create --alias {} --players 10 --name mine", gse, kAlias));
    show.say(fmt::format("     {} player join mine --player Eve", gse));
    show.say(
        "2. Update without downtime: point the alias to the other version. The next match is on it, yours plays on.");
    show.say(fmt::format("     {} alias point {} --fleet {}", gse, kAlias, kVersions[1].fleet));
    show.say("3. Watch the fleets grow and shrink (a minute lasts a second here).");
    show.say(fmt::format("     {} fleet list", gse));
    show.say(fmt::format("     {} fleet events {}", gse, kVersions[0].fleet));
    show.step("Ctrl-C ends it; the data stays");

    while (!asked_to_stop(kLookEvery))
        if (!deployment.running())
            return refuse(ErrorCode::FailedOperation, "gse dev has ended by itself:\n" + tail(log));
    show.say("stopping");
    return deployment.stop();
}

}  // namespace gse::demo
