#include "cli/commands.h"
#include "cli/lookup.h"
#include "config/keys.h"

namespace gse::cli {
namespace {

struct One {
    std::string fleet;
};

void declare_one(CLI::App& command, One& options) {
    command.add_option("fleet", options.fleet, "name or id")->required();
}

struct Drain : One {
    bool deny_joins = false;
    bool remove = false;
    std::string deadline;
};

std::string when(const api::FleetDrain& drain) {
    std::string text = fmt::format("{}: {}\n", drain.status, drain.message);
    if (drain.estimated_time_p90) text += fmt::format("with 90 % by {}\n", *drain.estimated_time_p90);
    return text;
}

/// In seconds.
Result<std::uint64_t> read_deadline(const std::string& text) {
    const auto span = config::parse_duration(text);
    if (!span || span->count() < 1'000)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("--deadline {}: must be a time like 2h, 30m or 90s", text));
    return static_cast<std::uint64_t>(span->count() / 1000);
}

Result<void> drain(Session& session, const Drain& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    api::DrainFleetRequest request{
        .fleet_id = fleet.fleet_id.value_or(""), .deny_joins = options.deny_joins, .delete_when_empty = options.remove};
    if (!options.deadline.empty()) {
        request.deadline_in_seconds = TRY(read_deadline(options.deadline));
    }
    const auto answer = TRY(call(session.api, request));
    session.show(answer.fleet_drain, when(answer.fleet_drain));
    return {};
}

Result<void> undrain(Session& session, const One& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    const auto answer = TRY(call(session.api, api::UndrainFleetRequest{.fleet_id = fleet.fleet_id.value_or("")}));
    session.show(answer.fleet_drain, fmt::format("{} takes sessions again\n", fleet.name));
    return {};
}

Result<void> status(Session& session, const One& options) {
    const auto fleet = TRY(find_fleet(session.api, options.fleet));
    const auto answer =
        TRY(call(session.api, api::DescribeFleetDrainRequest{.fleet_id = fleet.fleet_id.value_or(""), .limit = 100}));
    Table table{{"INSTANCE", "STATUS", "SESSIONS", "PLAYERS", "TOLD TO END", "LIKELY EMPTY", "90 %", "AT THE LATEST"}};
    for (const auto& i : answer.instances)
        table.add({i.instance_id, i.status, fmt::format("{}", i.game_server_session_count),
                   fmt::format("{}", i.player_session_count), fmt::format("{}", i.processes_told_to_end),
                   cell(i.estimated_time), cell(i.estimated_time_p90), cell(i.latest_time)});
    std::string text = when(answer.fleet_drain);
    if (!answer.instances.empty()) text += "\n" + table.text();
    if (answer.total_count > answer.instances.size())
        text += fmt::format("and {} more\n", answer.total_count - answer.instances.size());
    session.show(answer, text);
    return {};
}

}  // namespace

void add_drain_commands(CLI::App& app, Chosen& chosen) {
    CLI::App& fleet = *app.get_subcommand("fleet");
    add_command<Drain>(
        fleet, chosen,
        {"drain", "Lets a fleet run empty: no new sessions; those that run go on to their end.",
         "gse fleet drain arena-v1 --deadline 2h --delete"},
        [](CLI::App& c, Drain& o) {
            declare_one(c, o);
            c.add_flag("--deny-joins", o.deny_joins, "running sessions take no new players either");
            c.add_option("--deadline", o.deadline,
                         "like 2h: what is left then is ended, whatever its protection; default: never")
                ->check(readable_by(read_deadline));
            c.add_flag("--delete", o.remove, "delete the fleet once it is empty");
        },
        drain);
    add_command<One>(fleet, chosen, {"undrain", "Takes a drain back.", "gse fleet undrain arena-v1"}, declare_one,
                     undrain);
    add_command<One>(
        fleet, chosen,
        {"drain-status", "Says when a fleet will be empty, or would be.", "gse fleet drain-status arena-v1"},
        declare_one, status);
}

}  // namespace gse::cli
