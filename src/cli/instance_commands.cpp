#include <algorithm>

#include "base/size_text.h"
#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct List {
    std::string fleet;
};

/// `0.42 of 4`; the limit only where one is kept.
std::string cores_text(const api::Instance& i) {
    if (!i.cpu_used) return "-";
    return i.cpu_limit ? fmt::format("{:.2f} of {}", *i.cpu_used, *i.cpu_limit) : fmt::format("{:.2f}", *i.cpu_used);
}

std::string memory_text(const api::Instance& i) {
    if (!i.memory_used) return "-";
    const std::string used = size_text(*i.memory_used);
    return i.memory_limit ? fmt::format("{} of {}", used, size_text(*i.memory_limit)) : used;
}

Result<void> list(Session& session, const List& options) {
    std::vector<api::FleetAttributes> fleets;
    if (options.fleet.empty())
        fleets = TRY(all_fleets(session.api));
    else
        fleets.push_back(TRY(find_fleet(session.api, options.fleet)));
    std::vector<api::Instance> all;
    for (const auto& fleet : fleets)
        std::ranges::move(TRY(all_instances(session.api, fleet.fleet_id.value_or(""))), std::back_inserter(all));
    Table table{{"ID", "FLEET", "STATUS", "ADDRESS", "TYPE", "CPU", "MEMORY", "WEIGHT", "RESERVED", "CREATED"}};
    for (const auto& i : all)
        table.add({cell(i.instance_id), cell(i.fleet_id), cell(i.status), cell(i.ip_address), cell(i.type),
                   cores_text(i), memory_text(i), cell(i.weight), i.reserve_value.value_or(0) == 1 ? "yes" : "no",
                   cell(i.create_time)});
    session.show(all, table);
    return {};
}

struct Weight {
    std::string instance;
    std::int64_t weight = 0;
};

Result<void> weight(Session& session, const Weight& options) {
    auto instance = TRY(find_instance(session.api, options.instance));
    TRY(call(session.api, api::SetServerWeightRequest{.fleet_id = instance.fleet_id.value_or(""),
                                                      .instance_id = options.instance,
                                                      .weight = options.weight}));
    instance.weight = options.weight;
    session.show(instance, fmt::format("{} has weight {}{}\n", options.instance, options.weight,
                                       options.weight == 0 ? ": it gets no new session" : ""));
    return {};
}

struct Reserve {
    std::string instance;
    std::string reserved = "on";
};

Result<void> reserve(Session& session, const Reserve& options) {
    auto instance = TRY(find_instance(session.api, options.instance));
    const bool on = options.reserved == "on";
    TRY(call(session.api, api::SetServerReservedRequest{.fleet_id = instance.fleet_id.value_or(""),
                                                        .instance_id = options.instance,
                                                        .reserve_value = on ? 1 : 0}));
    instance.reserve_value = on ? 1 : 0;
    session.show(instance, options.instance + (on ? " is reserved: it gets no new session and is never scaled in\n"
                                                  : " is not reserved\n"));
    return {};
}

}  // namespace

void add_instance_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* instance = app.add_subcommand("instance", "servers of fleets");
    instance->require_subcommand(1);
    add_command<List>(
        *instance, chosen, {"list", "Lists instances.", "gse instance list --fleet arena-v1"},
        [](CLI::App& c, List& o) { c.add_option("--fleet", o.fleet, "name or id; default: all fleets"); }, list);
    add_command<Weight>(
        *instance, chosen,
        {"weight", "How many of the new sessions an instance gets, against the others of its fleet.",
         "gse instance weight ins-qp3g3caa 0"},
        [](CLI::App& c, Weight& o) {
            c.add_option("instance", o.instance, "id")->required();
            c.add_option("weight", o.weight, "0 to 10; 0: no new session")->required()->check(CLI::Range(0, 10));
        },
        weight);
    add_command<Reserve>(
        *instance, chosen,
        {"reserve", "Keeps an instance from scale-in and from new sessions, say, to look into it.",
         "gse instance reserve ins-qp3g3caa on"},
        [](CLI::App& c, Reserve& o) {
            c.add_option("instance", o.instance, "id")->required();
            c.add_option("reserved", o.reserved, "on or off")
                ->capture_default_str()
                ->check(CLI::IsMember({"on", "off"}));
        },
        reserve);
}

}  // namespace gse::cli
