#include "cli/commands.h"
#include "cli/fleet_life.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct Nothing {};

struct One {
    std::string alias;
};

/// Where an alias leads: exactly one of the two.
struct Target {
    std::string alias;
    std::string fleet;
    std::string terminal;
    std::string description;
};

struct Point : Target {
    bool wait = false;
    bool match_capacity = false;
    std::uint64_t seconds = 1'200;
};

void declare_target(CLI::App& command, Target& target) {
    auto* where = command.add_option_group("target")->require_option(1);
    where->add_option("--fleet", target.fleet, "name or id of the fleet it points to");
    where->add_option("--terminal", target.terminal, "no fleet: who asks gets this message");
}

Result<api::RoutingStrategy> strategy_of(Session& session, const Target& target) {
    if (target.fleet.empty()) return api::RoutingStrategy{.type = "TERMINAL", .message = target.terminal};
    return api::RoutingStrategy{.type = "SIMPLE", .fleet_id = TRY(find_fleet(session.api, target.fleet)).fleet_id};
}

std::string leads_to(const api::RoutingStrategy& strategy) {
    return strategy.type == "TERMINAL" ? fmt::format("\"{}\"", strategy.message.value_or(""))
                                       : strategy.fleet_id.value_or("-");
}

Result<void> create(Session& session, const Target& options) {
    api::CreateAliasRequest request{.name = options.alias, .routing_strategy = TRY(strategy_of(session, options))};
    if (!options.description.empty()) request.description = options.description;
    const auto made = TRY(call(session.api, request));
    session.show(made.alias, fmt::format("{}\n", made.alias.alias_id));
    return {};
}

Result<void> list(Session& session, const Nothing&) {
    const auto aliases = TRY(all_aliases(session.api));
    Table table{{"ID", "NAME", "TYPE", "LEADS TO", "UPDATED"}};
    for (const api::Alias& a : aliases)
        table.add({a.alias_id, a.name, a.routing_strategy.type, leads_to(a.routing_strategy), a.last_updated_time});
    session.show(aliases, table);
    return {};
}

Result<void> show(Session& session, const One& options) {
    const auto alias = TRY(find_alias(session.api, options.alias));
    Table table{{"alias", alias.alias_id}};
    table.add({"name", alias.name});
    table.add({"description", alias.description.value_or("")});
    table.add({"type", alias.routing_strategy.type});
    table.add({"leads to", leads_to(alias.routing_strategy)});
    table.add({"created", alias.creation_time});
    table.add({"updated", alias.last_updated_time});
    session.show(alias, table.text());
    return {};
}

/// Says so when the fleet that takes over has no room for what runs on the one before.
void warn_of_shortage(Session& session, const api::Alias& alias, const std::string& to_fleet) {
    const std::string from = alias.routing_strategy.fleet_id.value_or("");
    if (alias.routing_strategy.type != "SIMPLE" || from.empty() || from == to_fleet) return;
    const auto load = load_of(session.api, from, to_fleet);
    if (!load || load->free >= load->sessions) return;  // the fleet before may be gone: nothing to compare with
    session.outside.err << fmt::format(
        "warning: {} free, {} in use: {} has fewer free processes than {} has sessions; "
        "--match-capacity grows it first\n",
        load->free, load->sessions, to_fleet, from);
}

Result<void> point(Session& session, const Point& options) {
    if ((options.wait || options.match_capacity) && options.fleet.empty())
        return refuse(ErrorCode::InvalidParameterValue, "--wait and --match-capacity belong to --fleet");
    const auto alias = TRY(find_alias(session.api, options.alias));
    const auto strategy = TRY(strategy_of(session, options));
    if (!options.fleet.empty()) {
        const std::string to = strategy.fleet_id.value_or("");
        const std::string from = alias.routing_strategy.fleet_id.value_or("");
        const bool moves = alias.routing_strategy.type == "SIMPLE" && !from.empty() && from != to;
        if (options.wait || options.match_capacity) TRY(wait_for_status(session, to, "ACTIVE", options.seconds));
        if (options.match_capacity && moves)
            TRY(match_capacity(session, from, to, options.seconds));
        else
            warn_of_shortage(session, alias, to);
    }
    const auto updated =
        TRY(call(session.api, api::UpdateAliasRequest{.alias_id = alias.alias_id, .routing_strategy = strategy}));
    session.show(updated.alias.value_or(alias), fmt::format("{} leads to {}\n", alias.name, leads_to(strategy)));
    return {};
}

struct Update : One {
    std::string name;
    std::string description;
};

Result<void> update(Session& session, const Update& options) {
    const auto alias = TRY(find_alias(session.api, options.alias));
    api::UpdateAliasRequest request{.alias_id = alias.alias_id};
    if (!options.name.empty()) request.name = options.name;
    if (!options.description.empty()) request.description = options.description;
    const auto updated = TRY(call(session.api, request)).alias.value_or(alias);
    session.show(updated, fmt::format("{} is called {}\n", updated.alias_id, updated.name));
    return {};
}

Result<void> history(Session& session, const One& options) {
    const auto alias = TRY(find_alias(session.api, options.alias));
    const auto changes = TRY(call(session.api, api::DescribeAliasHistoryRequest{.alias_id = alias.alias_id})).changes;
    Table table{{"CHANGE", "TIME", "FROM", "TO", "KEY", "REQUEST"}};
    for (const api::AliasChange& c : changes)
        table.add(
            {std::to_string(c.history_id), c.time, leads_to(c.from), leads_to(c.to), cell(c.secret_id), c.request_id});
    session.show(changes, table);
    return {};
}

struct Back {
    std::string alias;
    std::optional<std::uint64_t> change;
};

Result<void> rollback(Session& session, const Back& options) {
    const auto alias = TRY(find_alias(session.api, options.alias));
    const auto now =
        TRY(call(session.api, api::RollbackAliasRequest{.alias_id = alias.alias_id, .history_id = options.change}))
            .alias;
    session.show(now, fmt::format("{} leads to {}\n", now.name, leads_to(now.routing_strategy)));
    return {};
}

Result<void> remove(Session& session, const One& options) {
    const auto alias = TRY(find_alias(session.api, options.alias));
    TRY(call(session.api, api::DeleteAliasRequest{.alias_id = alias.alias_id}));
    session.show(alias, fmt::format("deleted {}\n", alias.alias_id));
    return {};
}

void declare_one(CLI::App& command, One& options) {
    command.add_option("alias", options.alias, "name or id")->required();
}

}  // namespace

void add_alias_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* alias = app.add_subcommand("alias", "fixed names that lead to a fleet of your choice");
    alias->require_subcommand(1);
    add_command<Target>(
        *alias, chosen, {"create", "Makes an alias and prints its id.", "gse alias create arena --fleet arena-v1"},
        [](CLI::App& c, Target& o) {
            c.add_option("name", o.alias, "name of the new alias")->required();
            declare_target(c, o);
            c.add_option("--description", o.description, "what it is for");
        },
        create);
    add_command<Nothing>(
        *alias, chosen, {"list", "Lists the aliases of the region.", "gse alias list"}, [](CLI::App&, Nothing&) {},
        list);
    add_command<One>(*alias, chosen, {"show", "Shows one alias.", "gse alias show arena"}, declare_one, show);
    add_command<Point>(
        *alias, chosen,
        {"point", "Lets an alias lead elsewhere; sessions that run stay where they are.",
         "gse alias point arena --fleet arena-v2 --match-capacity"},
        [](CLI::App& c, Point& o) {
            c.add_option("alias", o.alias, "name or id")->required();
            declare_target(c, o);
            c.add_flag("--wait", o.wait, "until the fleet is ACTIVE, first");
            c.add_flag("--match-capacity", o.match_capacity,
                       "first grow the fleet to the sessions of the one before, and its buffer");
            c.add_option("--timeout", o.seconds, "seconds, with --wait and --match-capacity")
                ->capture_default_str()
                ->check(CLI::Range(0, 86'400));
        },
        point);
    add_command<Update>(
        *alias, chosen,
        {"update", "Renames an alias, or describes it anew; where it leads stays.",
         "gse alias update arena --name ranked-arena"},
        [](CLI::App& c, Update& o) {
            declare_one(c, o);
            auto* what = c.add_option_group("what")->require_option(1, 2);
            what->add_option("--name", o.name, "its new name");
            what->add_option("--description", o.description, "what it is for");
        },
        update);
    add_command<One>(*alias, chosen,
                     {"history", "Lists where an alias was pointed, newest first.", "gse alias history arena"},
                     declare_one, history);
    add_command<Back>(
        *alias, chosen,
        {"rollback", "Points an alias back to what it led to before the last change, or before a named one.",
         "gse alias rollback arena"},
        [](CLI::App& c, Back& o) {
            c.add_option("alias", o.alias, "name or id")->required();
            c.add_option("--change", o.change, "number of the change, from gse alias history");
        },
        rollback);
    add_command<One>(*alias, chosen, {"delete", "Deletes an alias; fleets are not touched.", "gse alias delete arena"},
                     declare_one, remove);
}

}  // namespace gse::cli
