// gse status: one page.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "cli/commands.h"
#include "cli/fleet_life.h"
#include "cli/lookup.h"
#include "codec/json_text.h"

namespace gse::cli {
namespace {

constexpr std::size_t kIdsPerCall = 100;

struct Nothing {};

/// What the server counts, of /metrics; without it, what the API says of this region.
struct Counters {
    bool known = false;
    std::uint64_t hosts = 0;
    std::uint64_t silent = 0;
    bool disk_low = false;
    std::map<std::string, std::uint64_t> fleets_by_region;
};

/// `name{a="b"} 3`: the value, if the line is of that name.
std::optional<double> value_of(std::string_view line, std::string_view name) {
    if (!line.starts_with(name) || line.size() == name.size() || (line[name.size()] != ' ' && line[name.size()] != '{'))
        return std::nullopt;
    const auto blank = line.rfind(' ');
    double value = 0;
    const std::string_view digits = line.substr(blank + 1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{}) return std::nullopt;
    return value;
}

Counters read_metrics(Api& api) {
    Counters counters;
    const auto page = api.page("/metrics");
    if (!page) return counters;
    counters.known = true;
    for (std::size_t at = 0; at < page->body.size();) {
        const std::size_t end = std::min(page->body.find('\n', at), page->body.size());
        const std::string_view line = std::string_view{page->body}.substr(at, end - at);
        at = end + 1;
        if (const auto hosts = value_of(line, "gse_hosts_connected"))
            counters.hosts = static_cast<std::uint64_t>(*hosts);
        if (const auto silent = value_of(line, "gse_hosts_silent"))
            counters.silent = static_cast<std::uint64_t>(*silent);
        if (const auto low = value_of(line, "gse_journal_disk_low")) counters.disk_low = *low > 0;
        if (!value_of(line, "gse_desired_instances")) continue;
        constexpr std::string_view kRegion = "region=\"";
        if (const auto from = line.find(kRegion); from != std::string_view::npos) {
            const auto begin = from + kRegion.size();
            ++counters.fleets_by_region[std::string{line.substr(begin, line.find('"', begin) - begin)}];
        }
    }
    return counters;
}

struct Page {
    Counters counters;
    std::map<std::string, std::uint64_t> fleets;  ///< by status
    std::uint64_t instances = 0, wanted = 0, pending = 0;
    std::uint64_t processes = 0, sessions = 0, players = 0;
    std::uint64_t aliases = 0;
    std::vector<std::string> wrong;
};

std::string why(Api& api, const std::string& fleet_id) {
    const std::string reason = newest_reason(api, fleet_id);
    return reason.empty() ? "" : ": " + reason;
}

Result<Page> look(Api& api) {
    Page page;
    page.counters = read_metrics(api);
    const auto fleets = TRY(all_fleets(api));
    std::map<std::string, const api::FleetAttributes*> by_id;
    std::vector<std::string> ids;
    for (const auto& fleet : fleets) {
        const std::string id = fleet.fleet_id.value_or("");
        ++page.fleets[fleet.status.value_or("?")];
        by_id.emplace(id, &fleet);
        if (fleet.status == "ERROR")
            page.wrong.push_back(fmt::format("fleet {} ({}) has failed{}", fleet.name, id, why(api, id)));
        else if (fleet.status != "DELETING" && fleet.status != "TERMINATED")
            ids.push_back(id);
    }
    for (std::size_t at = 0; at < ids.size(); at += kIdsPerCall) {
        const std::vector<std::string> some{
            ids.begin() + static_cast<std::ptrdiff_t>(at),
            ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at + kIdsPerCall))};
        std::set<std::string> running;  // with an instance, so that it should have processes
        // A fleet that went away in between takes its hundred's figures with it; the next look has them.
        if (const auto capacity = call(api, api::DescribeFleetCapacityRequest{.fleet_ids = some, .limit = kIdsPerCall}))
            for (const auto& one : capacity->fleet_capacity) {
                if (!one.instance_counts) continue;
                const api::InstanceCounts& c = *one.instance_counts;
                page.instances += c.active.value_or(0);
                page.wanted += c.desired.value_or(0);
                page.pending += c.pending.value_or(0);
                const auto fleet = by_id.find(one.fleet_id.value_or(""));
                if (fleet == by_id.end()) continue;
                const bool active = fleet->second->status == "ACTIVE";
                // Without a package, processes are started by hand.
                if (active && c.active.value_or(0) > 0 && !fleet->second->asset_id.empty())
                    running.insert(fleet->first);
                if ((active || fleet->second->status == "NEW") &&
                    c.active.value_or(0) + c.pending.value_or(0) < c.desired.value_or(0))
                    page.wrong.push_back(fmt::format("fleet {} has {} of {} instances{}", fleet->second->name,
                                                     c.active.value_or(0), c.desired.value_or(0),
                                                     why(api, fleet->first)));
            }
        if (const auto use = call(api, api::DescribeFleetUtilizationRequest{.fleet_ids = some}))
            for (const auto& u : use->fleet_utilization) {
                page.processes += u.active_server_process_count.value_or(0);
                page.sessions += u.active_game_server_session_count.value_or(0);
                page.players += u.current_player_session_count.value_or(0);
                const std::string id = u.fleet_id.value_or("");
                if (u.active_server_process_count.value_or(0) == 0 && running.contains(id))
                    page.wrong.push_back(fmt::format("fleet {} has instances, and no process that is ready{}",
                                                     by_id.at(id)->name, why(api, id)));
            }
    }
    for (const auto& alias : TRY(all_aliases(api))) {
        ++page.aliases;
        const std::string to = alias.routing_strategy.fleet_id.value_or("");
        if (alias.routing_strategy.type != "SIMPLE") continue;
        const auto fleet = by_id.find(to);
        if (fleet == by_id.end())
            page.wrong.push_back(fmt::format("alias {} leads to {}, which does not exist", alias.name, to));
        else if (fleet->second->status != "ACTIVE")
            page.wrong.push_back(
                fmt::format("alias {} leads to {}, which is {}", alias.name, to, fleet->second->status.value_or("?")));
    }
    if (page.counters.known && page.counters.hosts == 0)
        page.wrong.emplace_back("no host is connected: start gse agent on one, or gse dev");
    if (page.counters.silent > 0)
        page.wrong.push_back(fmt::format("{} hosts give no sign of life", page.counters.silent));
    if (page.counters.disk_low) page.wrong.emplace_back("the server refuses changes: its disk is nearly full");
    return page;
}

std::string join(const std::map<std::string, std::uint64_t>& counts) {
    std::string text;
    for (const auto& [what, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
    return text.empty() ? "none" : text;
}

std::string as_json(const Page& page, const std::string& region) {
    std::string text = "{\"Region\":";
    api::append_json_string(text, region);
    text += page.counters.known
                ? fmt::format(R"(,"HostsConnected":{},"HostsSilent":{})", page.counters.hosts, page.counters.silent)
                : std::string(R"(,"HostsConnected":null,"HostsSilent":null)");
    text += ",\"Fleets\":{";
    bool first = true;
    for (const auto& [status, count] : page.fleets) {
        if (!first) text += ',';
        first = false;
        api::append_json_string(text, status);
        text += fmt::format(":{}", count);
    }
    text += fmt::format(
        R"(}},"Instances":{},"InstancesDesired":{},"Processes":{},"Sessions":{},"Players":{},"Aliases":{},"Wrong":[)",
        page.instances, page.wanted, page.processes, page.sessions, page.players, page.aliases);
    for (std::size_t i = 0; i < page.wrong.size(); ++i) {
        if (i > 0) text += ',';
        api::append_json_string(text, page.wrong[i]);
    }
    return text + "]}";
}

Result<void> status(Session& session, const Nothing&) {
    const Page page = TRY(look(session.api));
    if (session.json) {
        session.outside.out << pretty_json(as_json(page, session.api.region())) << '\n';
        return {};
    }
    Table table{{"region", session.api.region()}};
    if (page.counters.known) {
        table.add({"hosts", fmt::format("{} connected, {} silent", page.counters.hosts, page.counters.silent)});
        if (page.counters.fleets_by_region.size() > 1)
            table.add({"fleets by region", join(page.counters.fleets_by_region)});
    } else {
        table.add({"hosts", "not shown: /metrics is closed to this machine"});
    }
    table.add({"fleets", join(page.fleets)});
    table.add({"instances", fmt::format("{} of {}, {} starting", page.instances, page.wanted, page.pending)});
    table.add({"processes", fmt::format("{}, {} of them free", page.processes,
                                        page.processes - std::min(page.processes, page.sessions))});
    table.add({"sessions", fmt::format("{}", page.sessions)});
    table.add({"players", fmt::format("{}", page.players)});
    table.add({"aliases", fmt::format("{}", page.aliases)});
    for (const std::string& wrong : page.wrong) table.add({"WRONG", wrong});
    if (page.wrong.empty()) table.add({"wrong", "nothing"});
    session.outside.out << table.text();
    return {};
}

}  // namespace

void add_status_command(CLI::App& app, Chosen& chosen) {
    add_command<Nothing>(
        app, chosen,
        {"status", "One page about the region: hosts, fleets, sessions, players, and what is wrong.", "gse status"},
        [](CLI::App&, Nothing&) {}, status);
}

}  // namespace gse::cli
