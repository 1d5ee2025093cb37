#include "crash/games.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "agent/proc.h"

namespace gse::crash {

std::vector<Life> lives(const std::filesystem::path& agent_data, Tick now, const std::string& address) {
    std::vector<Life> out;
    for (e2e::GameProcess& game : e2e::running_games(agent_data)) {
        Life life{.process = std::move(game), .seen = now};
        life.address = fmt::format("{}:{}", address, life.process.port);
        std::istringstream words(e2e::ask_game(life.process.port, "WHO", address));
        pid_t pid = 0;
        const auto stat = agent::read_stat(life.process.pid);
        if (!stat || !(words >> life.life >> pid >> life.session) || pid != life.process.pid) continue;
        life.ticks = stat->start_ticks;
        out.push_back(std::move(life));
    }
    return out;
}

bool same_process_lives(const Life& life) {
    const auto stat = agent::read_stat(life.process.pid);
    return stat && stat->start_ticks == life.ticks && stat->state != 'Z';
}

client::ApiResult<Seen> look(e2e::Api& api, const std::string& alias, const std::vector<std::string>& fleets) {
    Seen seen;
    const auto target = api.call(api::DescribeAliasRequest{.alias_id = alias});
    if (!target) return std::unexpected(target.error());
    seen.alias_fleet = target->alias->routing_strategy.fleet_id.value_or("");
    for (const std::string& fleet : fleets) {
        const auto sessions = e2e::all_sessions(api, fleet);
        if (!sessions) return std::unexpected(sessions.error());
        for (const auto& session : *sessions) {
            seen.sessions.push_back({session.game_server_session_id, session.name.value_or(""), session.fleet_id,
                                     session.status, fmt::format("{}:{}", session.ip_address, session.port),
                                     session.current_player_session_count, session.maximum_player_session_count});
            const auto seats = e2e::all_seats(api, session.game_server_session_id);
            if (!seats) return std::unexpected(seats.error());
            for (const auto& seat : *seats)
                seen.seats.push_back(
                    {seat.player_session_id, seat.player_id.value_or(""), seat.game_server_session_id, seat.status});
        }
    }
    return seen;
}

std::vector<std::string> check_games(const std::vector<Life>& before, const std::vector<Life>& after,
                                     const History& history, const Seen& seen) {
    std::vector<std::string> out;
    std::map<std::string, Tick> ended;
    for (const End& end : history.ends) ended[end.session] = end.sent;
    std::map<std::string, std::vector<const SessionSeen*>> sessions_at;
    for (const SessionSeen& session : seen.sessions) sessions_at[session.address].push_back(&session);

    for (const Life& life : before) {
        if (same_process_lives(life)) continue;
        bool excused = ended.contains(life.session);
        for (const SessionSeen* session : sessions_at[life.address]) {
            const auto end = ended.find(session->id);
            excused = excused || (end != ended.end() && end->second > life.seen);
        }
        if (!excused)
            out.push_back(
                fmt::format("game {} (pid {}, session {}) is gone", life.process.id, life.process.pid, life.session));
    }
    std::map<std::string, const Life*> by_address;
    for (const Life& life : after)
        if (!by_address.try_emplace(life.address, &life).second)
            out.push_back(fmt::format("two games are at {}", life.address));
    for (const SessionSeen& session : seen.sessions) {
        if (session.status != "ACTIVE") continue;
        const auto game = by_address.find(session.address);
        if (game == by_address.end())
            out.push_back(fmt::format("{} is ACTIVE at {}, where no game answers", session.id, session.address));
        else if (game->second->session != session.id)
            out.push_back(fmt::format("{} is ACTIVE at {}, where the game hosts {}", session.id, session.address,
                                      game->second->session));
    }
    return out;
}

std::string make_fleets(e2e::Api& api, const std::filesystem::path& dir, std::uint64_t processes,
                        std::vector<std::string>& fleets, std::string& alias) {
    const auto zip = dir / "game.zip";
    e2e::write_game_zip(zip);
    const auto asset = e2e::upload_asset(api, zip);
    if (!asset) return e2e::describe(asset.error());
    for (const char* name : {"first", "second"}) {
        const auto fleet = e2e::create_fleet(
            api, {.name = name, .asset_id = *asset, .processes = processes, .protection = "TimeLimitProtection"});
        if (!fleet) return e2e::describe(fleet.error());
        fleets.push_back(*fleet);
    }
    for (const std::string& fleet : fleets)
        if (!e2e::wait_until(Millis{60'000}, [&] { return e2e::fleet_status(api, fleet) == "ACTIVE"; }))
            return "not ACTIVE:\n" + e2e::event_text(api, fleet);
    const auto made = api.call(
        api::CreateAliasRequest{.name = "main", .routing_strategy = {.type = "SIMPLE", .fleet_id = fleets.front()}});
    if (!made) return e2e::describe(made.error());
    alias = made->alias.alias_id;
    return "";
}

bool is_settled(e2e::Api& api, const std::vector<std::string>& fleets, std::uint64_t processes, std::string& problem) {
    api::DescribeFleetUtilizationRequest request;
    request.fleet_ids = fleets;
    const auto utilization = api.call(request);
    if (!utilization || utilization->fleet_utilization.size() != fleets.size()) {
        problem = utilization ? "not every fleet is listed" : e2e::describe(utilization.error());
        return false;
    }
    for (const auto& fleet : utilization->fleet_utilization)
        if (fleet.active_server_process_count.value_or(0) != processes) {
            problem = fmt::format("{} has {} processes", fleet.fleet_id.value_or(""),
                                  fleet.active_server_process_count.value_or(0));
            return false;
        }
    for (const std::string& fleet : fleets) {
        const auto activating =
            api.call(api::DescribeGameServerSessionsRequest{.fleet_id = fleet, .status_filter = "ACTIVATING"});
        if (!activating || !activating->game_server_sessions.empty()) {
            problem = "a session is ACTIVATING";
            return false;
        }
    }
    return true;
}

std::string lines(const std::vector<std::string>& complaints) {
    std::string out;
    for (const std::string& line : complaints) out += "  " + line + "\n";
    return out;
}

}  // namespace gse::crash
