#include <algorithm>
#include <map>

#include "cli/commands.h"
#include "cli/fleet_life.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

constexpr std::size_t kIdsPerCall = 100;

struct Nothing {};

struct One {
    std::string fleet;
};

void declare_one(CLI::App& command, One& options) {
    command.add_option("fleet", options.fleet, "name or id")->required();
}

std::string counts(const api::InstanceCounts& c) {
    return fmt::format("{} of {} ({} to {})", c.active.value_or(0), c.desired.value_or(0), c.mini_num.value_or(0),
                       c.maxi_num.value_or(0));
}

/// Capacity and use of fleets. A fleet that went away in between has none, and the list goes on without it.
struct Figures {
    std::map<std::string, api::FleetCapacity> capacity;
    std::map<std::string, api::FleetUtilization> use;
};

Figures figures_of(Api& api, const std::vector<api::FleetAttributes>& fleets) {
    Figures figures;
    for (std::size_t at = 0; at < fleets.size(); at += kIdsPerCall) {
        std::vector<std::string> ids;
        for (std::size_t i = at; i < std::min(fleets.size(), at + kIdsPerCall); ++i)
            ids.push_back(fleets[i].fleet_id.value_or(""));
        if (auto answer = call(api, api::DescribeFleetCapacityRequest{.fleet_ids = ids, .limit = kIdsPerCall}))
            for (auto& c : answer->fleet_capacity) figures.capacity.emplace(c.fleet_id.value_or(""), std::move(c));
        if (auto answer = call(api, api::DescribeFleetUtilizationRequest{.fleet_ids = ids}))
            for (auto& u : answer->fleet_utilization) figures.use.emplace(u.fleet_id.value_or(""), std::move(u));
    }
    return figures;
}

Result<void> list(Session& session, const Nothing&) {
    const auto fleets = TRY(all_fleets(session.api));
    const Figures figures = figures_of(session.api, fleets);
    Table table{{"ID", "NAME", "STATUS", "INSTANCES", "PROCESSES", "SESSIONS", "PLAYERS", "ASSET"}};
    for (const auto& f : fleets) {
        const std::string id = f.fleet_id.value_or("");
        const auto c = figures.capacity.find(id);
        const auto u = figures.use.find(id);
        const bool used = u != figures.use.end();
        table.add({id, f.name, cell(f.status) + (f.draining ? ", drains" : ""),
                   c != figures.capacity.end() && c->second.instance_counts ? counts(*c->second.instance_counts) : "-",
                   used ? cell(u->second.active_server_process_count) : "-",
                   used ? cell(u->second.active_game_server_session_count) : "-",
                   used ? cell(u->second.current_player_session_count) : "-", f.asset_id});
    }
    session.show(fleets, table);
    return {};
}

Result<void> show(Session& session, const One& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    const std::string id = fleet.fleet_id.value_or("");
    const Figures figures = figures_of(session.api, {fleet});
    Table table{{"fleet", id}};
    table.add({"name", fleet.name});
    table.add({"description", fleet.description.value_or("")});
    table.add({"status", cell(fleet.status) + (fleet.draining ? ", drains" : "")});
    table.add({"asset", fleet.asset_id});
    table.add({"instance type", cell(fleet.instance_type)});
    table.add({"protection", cell(fleet.new_game_server_session_protection_policy)});
    table.add({"auto scaling", fleet.stopped_actions.empty() ? "on" : "off"});
    table.add({"created", fleet.creation_time});
    if (const auto c = figures.capacity.find(id); c != figures.capacity.end()) {
        table.add({"instances", c->second.instance_counts ? counts(*c->second.instance_counts) : "-"});
        table.add({"cool-down", fmt::format("{} min", cell(c->second.scaling_interval))});
    }
    if (const auto u = figures.use.find(id); u != figures.use.end()) {
        table.add({"processes", cell(u->second.active_server_process_count)});
        table.add({"sessions", cell(u->second.active_game_server_session_count)});
        table.add({"players", cell(u->second.current_player_session_count)});
    }
    std::string resources;
    if (const auto related = call(session.api, api::DescribeFleetRelatedResourcesRequest{.fleet_id = id}))
        for (const auto& r : related->resources) {
            table.add({r.type == "QUEUE" ? "queue" : "alias", cell(r.resource_id)});
            if (!resources.empty()) resources += ',';
            api::encode(r, resources);
        }
    // The attributes, and beside them the answers that the rest of the table is from.
    std::string json;
    api::encode(fleet, json);
    json.pop_back();
    if (const auto c = figures.capacity.find(id); c != figures.capacity.end()) {
        json += ",\"FleetCapacity\":";
        api::encode(c->second, json);
    }
    if (const auto u = figures.use.find(id); u != figures.use.end()) {
        json += ",\"FleetUtilization\":";
        api::encode(u->second, json);
    }
    session.show_json(json + fmt::format(",\"Resources\":[{}]}}", resources), table.text());
    return {};
}

struct Events : One {
    std::uint64_t limit = 20;
    std::string code;
};

Result<void> events(Session& session, const Events& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    api::DescribeFleetEventsRequest request{.fleet_id = fleet.fleet_id.value_or(""), .limit = options.limit};
    if (!options.code.empty()) request.event_code = options.code;
    const auto answer = TRY(call(session.api, request));
    Table table{{"TIME", "CODE", "MESSAGE"}};
    for (const auto& e : answer.events) table.add({e.event_time, e.event_code, e.message.value_or("")});
    session.show(answer.events, table);
    return {};
}

struct Wait : One {
    std::string status = "ACTIVE";
    std::uint64_t seconds = 1'200;
};

Result<void> wait(Session& session, const Wait& options) {
    const auto first = TRY(find_fleet(session.api, options.fleet));
    const auto fleet = TRY(wait_for_status(session, first.fleet_id.value_or(""), options.status, options.seconds));
    session.show(fleet, fmt::format("{}\n", fleet.fleet_id.value_or("")));
    return {};
}

struct Create {
    std::string name;
    std::string asset;
    std::string launch;
    std::string arguments;
    std::uint64_t processes = 1;
    std::string type = "S5.LARGE8";
    std::vector<std::string> ports;
    std::string protection = "none";
    std::int64_t protection_minutes = 60;
    std::uint64_t activation_seconds = 60;
    std::uint64_t activations = 2'147'483'647;
    std::string description;
    bool wait = false;
};

/// `7000-7100/udp` or `7000/tcp`.
Result<api::InboundPermission> parse_ports(const std::string& text) {
    const auto malformed = [&] {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("--ports {}: must be FROM-TO/tcp or FROM-TO/udp, within 1025-60000", text));
    };
    const auto slash = text.find('/');
    const std::string protocol = slash == std::string::npos ? "" : CLI::detail::to_lower(text.substr(slash + 1));
    if (protocol != "tcp" && protocol != "udp") return malformed();
    const std::string range = text.substr(0, slash);
    const auto dash = range.find('-');
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    if (!CLI::detail::lexical_cast(range.substr(0, dash), from)) return malformed();
    if (!CLI::detail::lexical_cast(dash == std::string::npos ? range : range.substr(dash + 1), to)) return malformed();
    if (from < 1'025 || to > 60'000 || from > to) return malformed();
    return api::InboundPermission{
        .from_port = from, .ip_range = "0.0.0.0/0", .protocol = protocol == "tcp" ? "TCP" : "UDP", .to_port = to};
}

Result<void> create(Session& session, const Create& options) {
    api::CreateFleetRequest request{.asset_id = TRY(find_asset(session.api, options.asset)).asset_id,
                                    .instance_type = options.type,
                                    .name = options.name};
    for (const std::string& ports : options.ports) request.inbound_permissions.push_back(TRY(parse_ports(ports)));
    if (request.inbound_permissions.empty())
        request.inbound_permissions = {{1'025, "0.0.0.0/0", "TCP", 60'000}, {1'025, "0.0.0.0/0", "UDP", 60'000}};
    const std::map<std::string, std::string> kPolicies{
        {"none", "NoProtection"}, {"time", "TimeLimitProtection"}, {"full", "FullProtection"}};
    request.new_game_server_session_protection_policy = kPolicies.at(options.protection);
    request.game_server_session_protection_time_limit = options.protection_minutes;
    if (!options.description.empty()) request.description = options.description;
    const bool is_path = options.launch.starts_with('/');
    request.runtime_configuration = {
        .game_server_session_activation_timeout_seconds = options.activation_seconds,
        .max_concurrent_game_server_session_activations = options.activations,
        .server_processes = {{.concurrent_executions = options.processes,
                              .launch_path = is_path ? options.launch : "/local/game/" + options.launch,
                              .parameters = options.arguments}}};
    const auto made = TRY(call(session.api, request));
    if (!made.fleet_attributes) return refuse(ErrorCode::FailedOperation, "the server answered no fleet");
    if (options.wait) return wait(session, Wait{{made.fleet_attributes->fleet_id.value_or("")}});
    session.show(*made.fleet_attributes, fmt::format("{}\n", made.fleet_attributes->fleet_id.value_or("")));
    return {};
}

struct Scale : One {
    std::optional<std::uint64_t> min;
    std::optional<std::uint64_t> max;
    std::optional<std::uint64_t> desired;
    std::optional<std::uint64_t> cooldown;
    std::optional<std::uint64_t> buffer;
    std::optional<std::uint64_t> free;
    std::string keep_one;
    std::string automatic;
};

/// What of a session buffer is not said stays as it is.
Result<void> put_buffer(Api& api, const std::string& fleet_id, const Scale& options) {
    api::PutScalingPolicyRequest request{
        .fleet_id = fleet_id, .metric_name = "PercentAvailableGameSessions", .policy_type = "TargetBased"};
    const auto known = TRY(call(api, api::DescribeScalingPoliciesRequest{.fleet_id = fleet_id}));
    for (const auto& policy : known.scaling_policies) {
        if (!policy.target_configuration) continue;
        request.target_configuration = policy.target_configuration;
        if (!policy.name.value_or("").empty()) request.name = policy.name;
    }
    if (!request.target_configuration && !options.buffer)
        return refuse(ErrorCode::FailedOperation, "the fleet has no session buffer yet; give --buffer too");
    if (!request.target_configuration) request.target_configuration.emplace();
    api::TargetConfiguration& target = *request.target_configuration;
    if (options.buffer) target.target_value = *options.buffer;
    if (options.free) target.minimum_free_sessions = options.free;
    if (!options.keep_one.empty()) target.keep_one = options.keep_one == "on";
    TRY(call(api, request));
    return {};
}

Result<void> scale(Session& session, const Scale& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    const std::string id = fleet.fleet_id.value_or("");
    if (options.min || options.max || options.desired || options.cooldown)
        TRY(call(session.api, api::UpdateFleetCapacityRequest{.fleet_id = id,
                                                              .desired_instances = options.desired,
                                                              .min_size = options.min,
                                                              .max_size = options.max,
                                                              .scaling_interval = options.cooldown}));
    if (options.buffer || options.free || !options.keep_one.empty()) TRY(put_buffer(session.api, id, options));
    if (options.automatic == "on") TRY(call(session.api, api::StartFleetActionsRequest{.fleet_id = id}));
    if (options.automatic == "off") TRY(call(session.api, api::StopFleetActionsRequest{.fleet_id = id}));
    const auto now = TRY(call(session.api, api::DescribeFleetCapacityRequest{.fleet_ids = {id}}));
    if (now.fleet_capacity.empty()) return refuse(ErrorCode::NotFound, fmt::format("fleet {} is gone", id));
    const api::FleetCapacity& capacity = now.fleet_capacity.front();
    session.show(capacity, fmt::format("{}: {}\n", fleet.name,
                                       capacity.instance_counts ? counts(*capacity.instance_counts) : "-"));
    return {};
}

struct Delete : One {
    bool wait = false;
    std::uint64_t seconds = 300;
};

/// With --wait, looks until the server no longer knows the fleet: then its processes have ended and its asset is free.
Result<void> remove(Session& session, const Delete& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    const std::string id = fleet.fleet_id.value_or("");
    TRY(call(session.api, api::DeleteFleetRequest{.fleet_id = id}));
    const Clock& clock = session.outside.clock;
    const std::int64_t until = clock.monotonic_ms() + static_cast<std::int64_t>(options.seconds) * 1'000;
    while (options.wait) {
        const auto fleets = TRY(all_fleets(session.api));
        if (std::ranges::none_of(fleets, [&](const auto& f) { return f.fleet_id == id; })) break;
        if (clock.monotonic_ms() >= until)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("fleet {} is still being deleted after {} s", id, options.seconds));
        session.outside.pause(kBetweenLooks);
    }
    session.show(fleet, fmt::format("{} {}\n", options.wait ? "deleted" : "deleting", id));
    return {};
}

struct Copy : One {
    std::string name;
    std::string asset;
    bool scaling = true;
    bool timers = true;
    bool wait = false;
};

Result<void> copy(Session& session, const Copy& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    api::CopyFleetRequest request{.fleet_id = fleet.fleet_id.value_or(""),
                                  .copy_number = 1,
                                  .name = options.name,
                                  .selected_scaling_type = options.scaling ? "SCALING_SELECTED" : "SCALING_UNSELECTED",
                                  .selected_timer_type = options.timers ? "TIMER_SELECTED" : "TIMER_UNSELECTED"};
    if (!options.asset.empty()) request.asset_id = TRY(find_asset(session.api, options.asset)).asset_id;
    const auto made = TRY(call(session.api, request));
    if (made.fleet_attributes.empty()) return refuse(ErrorCode::FailedOperation, "the server answered no fleet");
    const std::string id = made.fleet_attributes.front().fleet_id.value_or("");
    if (options.wait) return wait(session, Wait{{id}});
    session.show(made.fleet_attributes.front(), fmt::format("{}\n", id));
    return {};
}

struct Watch : One {
    std::uint64_t seconds = 86'400;
};

constexpr Millis kBetweenFigures{1'000};
constexpr std::uint64_t kEventsALook = 50;

/// The fleet in one line, and what happened since the line before.
Result<void> watch(Session& session, const Watch& options) {
    if (session.json)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("this is for people; for programs: gse events --fleet {} --json", options.fleet));
    const Clock& clock = session.outside.clock;
    const std::int64_t until = clock.monotonic_ms() + static_cast<std::int64_t>(options.seconds) * 1'000;
    const auto found = TRY(find_fleet(session.api, options.fleet));
    const std::string id = found.fleet_id.value_or("");
    std::string line_before;
    std::string event_before;
    session.outside.note_interrupts();
    for (bool first = true;; first = false) {
        const auto answer = TRY(call(session.api, api::DescribeFleetAttributesRequest{.fleet_ids = std::vector{id}}));
        if (answer.fleet_attributes.empty()) return refuse(ErrorCode::NotFound, fmt::format("fleet {} is gone", id));
        const auto happened =
            TRY(call(session.api, api::DescribeFleetEventsRequest{.fleet_id = id, .limit = kEventsALook}));
        std::vector<const api::Event*> fresh;
        for (const api::Event& event : happened.events) {
            if (event.event_id == event_before) break;
            fresh.push_back(&event);
        }
        if (!happened.events.empty()) event_before = happened.events.front().event_id;
        if (!first)
            for (auto event = fresh.rbegin(); event != fresh.rend(); ++event)
                session.outside.out << fmt::format("{}  {} {}\n", (*event)->event_time, (*event)->event_code,
                                                   (*event)->message.value_or(""));
        const Figures figures = figures_of(session.api, {found});
        const auto c = figures.capacity.find(id);
        const auto u = figures.use.find(id);
        std::string line = answer.fleet_attributes.front().status.value_or("");
        if (answer.fleet_attributes.front().draining) line += ", drains";
        if (c != figures.capacity.end() && c->second.instance_counts)
            line += fmt::format("  instances {}", counts(*c->second.instance_counts));
        if (u != figures.use.end())
            line += fmt::format("  processes {}  sessions {}  players {}", cell(u->second.active_server_process_count),
                                cell(u->second.active_game_server_session_count),
                                cell(u->second.current_player_session_count));
        if (line != line_before) session.outside.out << fmt::format("{}  {}\n", format_utc(clock.wall()), line);
        session.outside.out.flush();
        line_before = std::move(line);
        if (clock.monotonic_ms() >= until || session.outside.interrupted()) return {};
        session.outside.pause(kBetweenFigures);
        if (session.outside.interrupted()) return {};
    }
}

}  // namespace

void add_fleet_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* fleet = app.add_subcommand("fleet", "groups of instances that run one package");
    fleet->require_subcommand(1);
    add_command<Create>(
        *fleet, chosen,
        {"create", "Makes a fleet and prints its id.",
         "gse fleet create arena-v1 --asset arena --launch bin/arena --processes 10 --wait"},
        [](CLI::App& c, Create& o) {
            c.add_option("name", o.name, "name of the new fleet")->required();
            c.add_option("--asset", o.asset, "name or id of the package")->required();
            c.add_option("--launch", o.launch, "path of the program inside the package, or /local/game/…")->required();
            c.add_option("--arguments", o.arguments, "its arguments; {client_port} and {grpc_port} are filled in");
            c.add_option("--processes", o.processes, "processes an instance")
                ->capture_default_str()
                ->check(CLI::Range(1, 50));
            c.add_option("--instance-type", o.type, "a name of instance_types")->capture_default_str();
            c.add_option("--ports", o.ports,
                         "FROM-TO/tcp or FROM-TO/udp that players may reach; may be repeated; default: all")
                ->check(readable_by(parse_ports))
                ->allow_extra_args(false);
            c.add_option("--protection", o.protection, "of sessions against scale-in: none, time or full")
                ->capture_default_str()
                ->check(CLI::IsMember({"none", "time", "full"}));
            c.add_option("--protection-minutes", o.protection_minutes, "with --protection time")
                ->capture_default_str()
                ->check(CLI::Range(5, 1440));
            c.add_option("--activation-timeout", o.activation_seconds, "seconds a process has to activate a session")
                ->capture_default_str()
                ->check(CLI::Range(1, 600));
            c.add_option("--activations", o.activations, "sessions of an instance that may be activating at once");
            c.add_option("--description", o.description, "what it is for");
            c.add_flag("--wait", o.wait, "until it is ACTIVE");
        },
        create);
    add_command<Nothing>(
        *fleet, chosen, {"list", "Lists the fleets of the region.", "gse fleet list"}, [](CLI::App&, Nothing&) {},
        list);
    add_command<One>(*fleet, chosen, {"show", "Shows one fleet.", "gse fleet show arena-v1"}, declare_one, show);
    add_command<Events>(
        *fleet, chosen, {"events", "What happened to a fleet, newest first.", "gse fleet events arena-v1 --limit 5"},
        [](CLI::App& c, Events& o) {
            declare_one(c, o);
            c.add_option("--limit", o.limit, "how many")->capture_default_str()->check(CLI::Range(1, 100));
            c.add_option("--code", o.code, "only this EventCode");
        },
        events);
    add_command<Scale>(
        *fleet, chosen,
        {"scale", "Changes capacity and scaling; without options shows the capacity.",
         "gse fleet scale arena-v1 --min 0 --max 3 --buffer 30"},
        [](CLI::App& c, Scale& o) {
            declare_one(c, o);
            c.add_option("--min", o.min, "fewest instances");
            c.add_option("--max", o.max, "most instances");
            c.add_option("--desired", o.desired, "instances wanted now, where no policy decides");
            c.add_option("--cooldown", o.cooldown, "minutes between two scaling actions (ScalingInterval)")
                ->check(CLI::Range(3, 30));
            c.add_option("--buffer", o.buffer, "percent of sessions to keep free (a target-based policy)")
                ->check(CLI::Range(1, 99));
            c.add_option("--free", o.free, "sessions of the buffer to keep free at least (an extension)")
                ->check(CLI::Range(0, 100'000));
            c.add_option("--keep-one", o.keep_one,
                         "off: without any session the buffer keeps no instance beyond the minimum (an extension)")
                ->check(CLI::IsMember({"on", "off"}));
            c.add_option("--auto", o.automatic, "auto scaling on or off")->check(CLI::IsMember({"on", "off"}));
        },
        scale);
    add_command<Wait>(
        *fleet, chosen, {"wait", "Waits until a fleet has a status.", "gse fleet wait arena-v1"},
        [](CLI::App& c, Wait& o) {
            declare_one(c, o);
            c.add_option("--status", o.status, "the status")->capture_default_str();
            c.add_option("--timeout", o.seconds, "seconds")->capture_default_str()->check(CLI::Range(0, 86'400));
        },
        wait);
    add_command<Delete>(
        *fleet, chosen,
        {"delete", "Deletes a fleet without sessions that no alias leads to.", "gse fleet delete arena-v1 --wait"},
        [](CLI::App& c, Delete& o) {
            declare_one(c, o);
            c.add_flag("--wait", o.wait, "until it is gone and its asset is free");
            c.add_option("--timeout", o.seconds, "seconds, with --wait")
                ->capture_default_str()
                ->check(CLI::Range(0, 86'400));
        },
        remove);
    add_command<Copy>(
        *fleet, chosen,
        {"copy", "Makes a fleet like another one, with its scaling and timers, and prints its id.",
         "gse fleet copy arena-v1 arena-v2 --asset arena-2.0 --wait"},
        [](CLI::App& c, Copy& o) {
            declare_one(c, o);
            c.add_option("copy", o.name, "name of the new fleet")->required();
            c.add_option("--asset", o.asset, "name or id of another package; default: the same");
            c.add_flag("!--no-scaling", o.scaling, "leave range and policies behind");
            c.add_flag("!--no-timers", o.timers, "leave timed policies behind");
            c.add_flag("--wait", o.wait, "until it is ACTIVE");
        },
        copy);
    add_command<Watch>(
        *fleet, chosen,
        {"watch", "Prints figures and events of a fleet as they change, until Ctrl-C.",
         "gse fleet watch arena-v1 --for 600"},
        [](CLI::App& c, Watch& o) {
            declare_one(c, o);
            c.add_option("--for", o.seconds, "seconds")->capture_default_str()->check(CLI::Range(0, 86'400));
        },
        watch);
}

}  // namespace gse::cli
