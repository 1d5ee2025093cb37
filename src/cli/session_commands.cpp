#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

void add_row(Table& table, const api::GameServerSession& s) {
    table.add({s.game_server_session_id, cell(s.name), s.status, s.fleet_id,
               fmt::format("{}/{}", s.current_player_session_count, s.maximum_player_session_count),
               fmt::format("{}:{}", s.ip_address, s.port), s.creation_time});
}

Table session_table() { return Table{{"ID", "NAME", "STATUS", "FLEET", "PLAYERS", "ADDRESS", "CREATED"}}; }

struct Where {
    std::string fleet;
    std::string alias;
};

struct Create : Where {
    std::uint64_t players = 0;
    std::string name;
    std::string id;
    std::string data;
    std::string creator;
    std::string token;
    std::vector<std::string> properties;
};

template <class Request>
Result<void> fill_in(Session& session, const Where& where, Request& request) {
    if (!where.fleet.empty()) request.fleet_id = TRY(find_fleet(session.api, where.fleet)).fleet_id;
    if (!where.alias.empty()) request.alias_id = TRY(find_alias(session.api, where.alias)).alias_id;
    return {};
}

Result<void> create(Session& session, const Create& options) {
    api::CreateGameServerSessionRequest request{.maximum_player_session_count = options.players};
    TRY(fill_in(session, options, request));
    const auto set = [](std::optional<std::string>& field, const std::string& value) {
        if (!value.empty()) field = value;
    };
    set(request.name, options.name);
    set(request.game_server_session_id, options.id);
    set(request.game_server_session_data, options.data);
    set(request.creator_id, options.creator);
    set(request.idempotency_token, options.token);
    request.game_properties = TRY(read_properties(options.properties));
    const auto made = TRY(call(session.api, request));
    if (!made.game_server_session) return refuse(ErrorCode::FailedOperation, "the server answered no session");
    Table table = session_table();
    add_row(table, *made.game_server_session);
    session.show(*made.game_server_session, table.text());
    return {};
}

struct List : Where {
    std::string status;
};

Result<void> list(Session& session, const List& options) {
    api::DescribeGameServerSessionsRequest request;
    if (!options.status.empty()) request.status_filter = options.status;
    std::vector<api::GameServerSession> sessions;
    if (options.fleet.empty() && options.alias.empty()) {
        for (const auto& fleet : TRY(all_fleets(session.api))) {
            request.fleet_id = fleet.fleet_id;
            std::ranges::move(TRY(all_sessions(session.api, request)), std::back_inserter(sessions));
        }
    } else {
        TRY(fill_in(session, options, request));
        sessions = TRY(all_sessions(session.api, request));
    }
    Table table = session_table();
    for (const auto& s : sessions) add_row(table, s);
    session.show(sessions, table);
    return {};
}

struct One {
    std::string session;
};

struct Search : Where {
    std::string filter;
    std::string sort;
};

Result<void> search(Session& session, const Search& options) {
    api::SearchGameServerSessionsRequest request;
    TRY(fill_in(session, options, request));
    if (!options.filter.empty()) request.filter_expression = options.filter;
    if (!options.sort.empty()) request.sort_expression = options.sort;
    const auto sessions = TRY(search_sessions(session.api, request));
    Table table = session_table();
    for (const auto& s : sessions) add_row(table, s);
    session.show(sessions, table);
    return {};
}

struct End : One {
    bool force = false;
};

Result<void> end(Session& session, const End& options) {
    const auto found = TRY(find_session(session.api, options.session));
    // Full protection keeps a session from the API too, until it is taken away.
    if (options.force)
        TRY(call(session.api,
                 api::UpdateGameServerSessionRequest{.game_server_session_id = found.game_server_session_id,
                                                     .protection_policy = "NoProtection"}));
    TRY(call(session.api,
             api::EndGameServerSessionAndProcessRequest{.game_server_session_id = found.game_server_session_id}));
    session.show(found, fmt::format("ended {}\n", found.game_server_session_id));
    return {};
}

struct Join {
    std::string session;
    std::string player;
    std::string data;
};

Result<void> join(Session& session, const Join& options) {
    const auto found = TRY(find_session(session.api, options.session));
    api::JoinGameServerSessionRequest request{.game_server_session_id = found.game_server_session_id,
                                              .player_id = options.player};
    if (!options.data.empty()) request.player_data = options.data;
    const auto joined = TRY(call(session.api, request));
    if (!joined.player_session) return refuse(ErrorCode::FailedOperation, "the server answered no player session");
    const api::PlayerSession& p = *joined.player_session;
    Table table{{"PLAYER SESSION", "PLAYER", "STATUS", "ADDRESS"}};
    table.add({p.player_session_id, cell(p.player_id), p.status, fmt::format("{}:{}", p.ip_address, p.port)});
    session.show(p, table.text());
    return {};
}

Result<void> players(Session& session, const One& options) {
    const auto found = TRY(find_session(session.api, options.session));
    const auto all = TRY(all_players(session.api, {.game_server_session_id = found.game_server_session_id}));
    Table table{{"PLAYER SESSION", "PLAYER", "STATUS", "CREATED", "ENDED"}};
    for (const auto& p : all)
        table.add({p.player_session_id, cell(p.player_id), p.status, p.creation_time, cell(p.termination_time)});
    session.show(all, table);
    return {};
}

void declare_where(CLI::App& command, Where& where, bool required) {
    auto* group = command.add_option_group("where");
    if (required)
        group->require_option(1);
    else
        group->require_option(0, 1);
    group->add_option("--alias", where.alias, "name or id of an alias");
    group->add_option("--fleet", where.fleet, "name or id of a fleet");
}

void declare_one(CLI::App& command, One& options) {
    command.add_option("session", options.session, "name or id")->required();
}

}  // namespace

void add_session_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* session = app.add_subcommand("session", "matches: game server sessions");
    session->require_subcommand(1);
    add_command<Create>(
        *session, chosen,
        {"create", "Places a new session on a free process.",
         "gse session create --alias arena --players 16 --name friday"},
        [](CLI::App& c, Create& o) {
            declare_where(c, o, true);
            c.add_option("--players", o.players, "seats")->required();
            c.add_option("--name", o.name, "name of the session");
            c.add_option("--id", o.id, "a session id of your own");
            c.add_option("--data", o.data, "GameServerSessionData, handed to the process as it is");
            c.add_option("--creator", o.creator, "CreatorId, counted by the fleet's creation limit");
            c.add_option("--token", o.token, "IdempotencyToken: the same token, the same session");
            c.add_option("--property", o.properties, "KEY=VALUE, handed to the process; may be repeated")
                ->check(readable_by(read_property))
                ->allow_extra_args(false);
        },
        create);
    add_command<List>(
        *session, chosen,
        {"list", "Lists sessions of a fleet, of the fleet an alias leads to, or of all fleets.",
         "gse session list --alias arena --status ACTIVE"},
        [](CLI::App& c, List& o) {
            declare_where(c, o, false);
            c.add_option("--status", o.status, "only those in this status")
                ->check(CLI::IsMember({"ACTIVE", "ACTIVATING", "TERMINATED", "TERMINATING", "ERROR"}));
        },
        list);
    add_command<Search>(
        *session, chosen,
        {"search", "Finds ACTIVE sessions of a fleet, or of the fleet an alias leads to.",
         "gse session search --alias arena --filter \"gameServerSessionProperties.map = 'ice'\" "
         "--sort \"playerSessionCount DESC\""},
        [](CLI::App& c, Search& o) {
            declare_where(c, o, true);
            c.add_option("--filter", o.filter, "FilterExpression of SearchGameServerSessions");
            c.add_option("--sort", o.sort, "SortExpression, as \"creationTimeMillis ASC\"");
        },
        search);
    add_command<End>(
        *session, chosen, {"end", "Ends a session and its process.", "gse session end friday"},
        [](CLI::App& c, End& o) {
            declare_one(c, o);
            c.add_flag("--force", o.force, "also one with full protection");
        },
        end);

    CLI::App* player = app.add_subcommand("player", "seats in sessions: player sessions");
    player->require_subcommand(1);
    add_command<Join>(
        *player, chosen,
        {"join", "Reserves a seat; the player session id admits the player.", "gse player join friday --player ada"},
        [](CLI::App& c, Join& o) {
            c.add_option("session", o.session, "name or id")->required();
            c.add_option("--player", o.player, "PlayerId")->required();
            c.add_option("--data", o.data, "PlayerData, handed to the process");
        },
        join);
    add_command<One>(*player, chosen, {"list", "Lists the player sessions of a session.", "gse player list friday"},
                     declare_one, players);
}

}  // namespace gse::cli
