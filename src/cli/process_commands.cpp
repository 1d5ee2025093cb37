#include <algorithm>

#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct List {
    std::string fleet;
    std::string instance;
};

Result<void> list(Session& session, const List& options) {
    std::vector<api::ServerProcess> all;
    if (!options.instance.empty()) {
        const auto instance = TRY(find_instance(session.api, options.instance));
        all = TRY(all_processes(session.api, instance.fleet_id.value_or(""), options.instance));
    } else if (!options.fleet.empty()) {
        const auto fleet = TRY(find_fleet(session.api, options.fleet));
        all = TRY(all_processes(session.api, fleet.fleet_id.value_or("")));
    } else {
        for (const auto& fleet : TRY(all_fleets(session.api))) {
            // A fleet that went away in between has no processes any more.
            auto some = all_processes(session.api, fleet.fleet_id.value_or(""));
            if (some) std::ranges::move(*some, std::back_inserter(all));
        }
    }
    Table table{{"ID", "INSTANCE", "STATUS", "HEALTHY", "PID", "ADDRESS", "UP", "SESSION"}};
    for (const auto& p : all)
        table.add({p.process_id, p.instance_id,
                   p.end_reason ? fmt::format("{}: {}", p.status, *p.end_reason) : p.status, p.healthy ? "yes" : "no",
                   fmt::format("{}", p.pid), fmt::format("{}:{}", p.ip_address, p.port),
                   fmt::format("{} s", p.uptime_seconds), cell(p.game_server_session_id)});
    session.show(all, table);
    return {};
}

struct Kill {
    std::string process;
    bool force = false;
};

Result<void> kill(Session& session, const Kill& options) {
    const auto ended =
        TRY(call(session.api, api::EndServerProcessRequest{.process_id = options.process, .force = options.force}));
    session.show(ended.server_process, fmt::format("{} {}\n", options.force ? "killed" : "ending", options.process));
    return {};
}

}  // namespace

void add_process_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* process = app.add_subcommand("process", "game server processes");
    process->require_subcommand(1);
    add_command<List>(
        *process, chosen,
        {"list", "Lists the processes of a fleet, an instance or all fleets.", "gse process list --fleet arena-v1"},
        [](CLI::App& c, List& o) {
            auto* where = c.add_option_group("where")->require_option(0, 1);
            where->add_option("--fleet", o.fleet, "name or id; default: all fleets");
            where->add_option("--instance", o.instance, "id");
        },
        list);
    add_command<Kill>(
        *process, chosen,
        {"kill", "Ends a process and its session; another one is started in its place.",
         "gse process kill ins-qp3g3caa.1.k2v9x0 --force"},
        [](CLI::App& c, Kill& o) {
            c.add_option("process", o.process, "id")->required();
            c.add_flag("--force", o.force, "at once and without telling it, also if its session has full protection");
        },
        kill);
}

}  // namespace gse::cli
