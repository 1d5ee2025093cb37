#include "base/rng.h"
#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct Start {
    std::string queue;
    std::uint64_t players = 0;
    std::string id;
    std::string name;
    std::string data;
    std::vector<std::string> who;
    std::vector<std::string> latencies;
    std::vector<std::string> properties;
};

/// `PLAYER:REGION:MS`; a player's id may hold colons.
Result<api::PlayerLatency> latency_of(const std::string& text) {
    const auto last = text.rfind(':');
    const auto middle = last == std::string::npos || last == 0 ? std::string::npos : text.rfind(':', last - 1);
    api::PlayerLatency latency;
    if (middle == std::string::npos ||
        !CLI::detail::lexical_cast(text.substr(last + 1), latency.latency_in_milliseconds))
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("--latency {}: must be PLAYER:REGION:MS", text));
    latency.player_id = text.substr(0, middle);
    latency.region_identifier = text.substr(middle + 1, last - middle - 1);
    return latency;
}

std::string describe(const api::GameServerSessionPlacement& placement) {
    Table table{{"placement", placement.placement_id}};
    table.add({"queue", placement.game_server_session_queue_name});
    table.add({"status", placement.status});
    // Empty until it is FULFILLED.
    if (const std::string session = placement.game_server_session_id.value_or(""); !session.empty()) {
        table.add({"session", session});
        table.add({"address", fmt::format("{}:{}", placement.ip_address.value_or(""), cell(placement.port))});
    }
    for (const auto& seat : placement.placed_player_sessions)
        table.add({"player " + seat.player_id, seat.player_session_id});
    table.add({"started", placement.start_time});
    if (placement.end_time) table.add({"ended", *placement.end_time});
    return table.text();
}

Result<void> start(Session& session, const Start& options) {
    api::StartGameServerSessionPlacementRequest request{.game_server_session_queue_name = options.queue,
                                                        .maximum_player_session_count = options.players};
    SystemRng rng;
    request.placement_id = options.id.empty() ? "cli-" + rng.text(16) : options.id;
    if (!options.name.empty()) request.game_server_session_name = options.name;
    if (!options.data.empty()) request.game_server_session_data = options.data;
    for (const std::string& player : options.who) {
        if (!request.desired_player_sessions) request.desired_player_sessions.emplace();
        request.desired_player_sessions->push_back({.player_id = player, .player_data = ""});
    }
    for (const std::string& latency : options.latencies) {
        if (!request.player_latencies) request.player_latencies.emplace();
        request.player_latencies->push_back(TRY(latency_of(latency)));
    }
    request.game_properties = TRY(read_properties(options.properties));
    const auto made = TRY(call(session.api, request));
    session.show(made.game_server_session_placement, fmt::format("{}\n", request.placement_id));
    return {};
}

struct One {
    std::string placement;
};

Result<void> show(Session& session, const One& options) {
    const auto found =
        TRY(call(session.api, api::DescribeGameServerSessionPlacementRequest{.placement_id = options.placement}));
    session.show(found.game_server_session_placement, describe(found.game_server_session_placement));
    return {};
}

Result<void> stop(Session& session, const One& options) {
    const auto stopped =
        TRY(call(session.api, api::StopGameServerSessionPlacementRequest{.placement_id = options.placement}));
    session.show(stopped.game_server_session_placement,
                 fmt::format("{} {}\n", options.placement, stopped.game_server_session_placement.status));
    return {};
}

void declare_one(CLI::App& command, One& options) {
    command.add_option("placement", options.placement, "id")->required();
}

}  // namespace

void add_placement_start_commands(CLI::App& app, Chosen& chosen) {
    const auto there = app.get_subcommands([](CLI::App* one) { return one->get_name() == "placement"; });
    CLI::App* placement =
        there.empty() ? app.add_subcommand("placement", "wishes for a session, and where they went") : there.front();
    placement->require_subcommand(1);
    add_command<Start>(
        *placement, chosen,
        {"start", "Asks a queue for a session, and prints the placement's id.",
         "gse placement start ranked --players 8 --player ada --latency ada:ap-shanghai:20"},
        [](CLI::App& c, Start& o) {
            c.add_option("queue", o.queue, "name of the queue")->required();
            c.add_option("--players", o.players, "seats")->required();
            c.add_option("--id", o.id, "a placement id of your own: the same request again gets the same placement");
            c.add_option("--name", o.name, "name of the session");
            c.add_option("--data", o.data, "GameServerSessionData, handed to the process as it is");
            c.add_option("--player", o.who, "PlayerId that gets a seat; may be repeated")->allow_extra_args(false);
            c.add_option("--latency", o.latencies, "PLAYER:REGION:MS; may be repeated")
                ->check(readable_by(latency_of))
                ->allow_extra_args(false);
            c.add_option("--property", o.properties, "KEY=VALUE, handed to the process; may be repeated")
                ->check(readable_by(read_property))
                ->allow_extra_args(false);
        },
        start);
    add_command<One>(*placement, chosen, {"show", "Shows one placement.", "gse placement show match-1"}, declare_one,
                     show);
    add_command<One>(*placement, chosen, {"stop", "Gives up a placement that waits.", "gse placement stop match-1"},
                     declare_one, stop);
}

}  // namespace gse::cli
