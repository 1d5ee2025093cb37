#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct Nothing {};

struct One {
    std::string queue;
};

struct Settings : One {
    std::vector<std::string> to;
    std::vector<std::string> latencies;
    std::optional<std::uint64_t> timeout;
};

/// `alias:NAME`, `fleet:NAME` or a whole ARN, which may be of another region.
Result<void> is_destination(const std::string& text) {
    if (text.starts_with("qcs::") || text.starts_with("alias:") || text.starts_with("fleet:")) return {};
    return refuse(ErrorCode::InvalidParameterValue,
                  fmt::format("--to {}: must be alias:NAME, fleet:NAME or an ARN (qcs::gse:…)", text));
}

Result<std::string> arn_of(Api& api, const std::string& text) {
    TRY(is_destination(text));
    if (text.starts_with("alias:")) return TRY(find_alias(api, text.substr(6))).alias_arn;
    if (text.starts_with("fleet:")) return TRY(find_fleet(api, text.substr(6))).fleet_arn.value_or("");
    return text;
}

/// `MS` or `MS:SECONDS`.
Result<api::PlayerLatencyPolicy> policy_of(const std::string& text) {
    const auto colon = text.find(':');
    api::PlayerLatencyPolicy policy;
    std::uint64_t seconds = 0;
    bool fits = CLI::detail::lexical_cast(text.substr(0, colon), policy.maximum_individual_player_latency_milliseconds);
    if (fits && colon != std::string::npos) {
        fits = CLI::detail::lexical_cast(text.substr(colon + 1), seconds);
        policy.policy_duration_seconds = seconds;
    }
    if (fits) return policy;
    return refuse(
        ErrorCode::InvalidParameterValue,
        fmt::format("--latency {}: must be MILLISECONDS, or MILLISECONDS:SECONDS for how long it holds", text));
}

template <class Request>
Result<void> fill_in(Session& session, const Settings& options, Request& request) {
    request.name = options.queue;
    for (const std::string& to : options.to) {
        if (!request.destinations) request.destinations.emplace();
        request.destinations->push_back(
            {.destination_arn = TRY(arn_of(session.api, to)), .fleet_status = std::nullopt});
    }
    for (const std::string& latency : options.latencies) {
        if (!request.player_latency_policies) request.player_latency_policies.emplace();
        request.player_latency_policies->push_back(TRY(policy_of(latency)));
    }
    if (options.timeout) {
        const std::uint64_t seconds = *options.timeout;  // one of the two requests has it optional
        request.timeout_in_seconds = seconds;
    }
    return {};
}

std::string policies(const api::GameServerSessionQueue& queue) {
    std::string text;
    for (const auto& p : queue.player_latency_policies) {
        if (!text.empty()) text += ", ";
        text += fmt::format("{} ms", p.maximum_individual_player_latency_milliseconds);
        if (p.policy_duration_seconds) text += fmt::format(" for {} s", *p.policy_duration_seconds);
    }
    return text.empty() ? "-" : text;
}

std::string describe(const api::GameServerSessionQueue& queue) {
    Table table{{"queue", queue.name}};
    table.add({"timeout", fmt::format("{} s", queue.timeout_in_seconds)});
    table.add({"latency", policies(queue)});
    for (const auto& to : queue.destinations)
        table.add({"destination", fmt::format("{} {}", to.destination_arn, to.fleet_status.value_or(""))});
    return table.text();
}

Result<void> list(Session& session, const Nothing&) {
    const auto queues = TRY(all_queues(session.api));
    Table table{{"NAME", "TIMEOUT", "DESTINATIONS", "LATENCY"}};
    for (const auto& q : queues)
        table.add(
            {q.name, fmt::format("{} s", q.timeout_in_seconds), fmt::format("{}", q.destinations.size()), policies(q)});
    session.show(queues, table);
    return {};
}

Result<void> create(Session& session, const Settings& options) {
    api::CreateGameServerSessionQueueRequest request;
    TRY(fill_in(session, options, request));
    const auto made = TRY(call(session.api, request));
    session.show(made.game_server_session_queue, describe(made.game_server_session_queue));
    return {};
}

Result<void> update(Session& session, const Settings& options) {
    api::UpdateGameServerSessionQueueRequest request;
    TRY(fill_in(session, options, request));
    const auto changed = TRY(call(session.api, request));
    session.show(changed.game_server_session_queue, describe(changed.game_server_session_queue));
    return {};
}

Result<void> show(Session& session, const One& options) {
    const auto queue = TRY(find_queue(session.api, options.queue));
    session.show(queue, describe(queue));
    return {};
}

Result<void> remove(Session& session, const One& options) {
    const auto queue = TRY(find_queue(session.api, options.queue));
    TRY(call(session.api, api::DeleteGameServerSessionQueueRequest{.name = queue.name}));
    session.show(queue, fmt::format("deleted {}\n", queue.name));
    return {};
}

void declare_one(CLI::App& command, One& options) { command.add_option("queue", options.queue, "name")->required(); }

void declare_settings(CLI::App& command, Settings& options) {
    declare_one(command, options);
    command
        .add_option(
            "--to", options.to,
            "alias:NAME, fleet:NAME or an ARN, best first; may be repeated. Given here, it replaces the whole list")
        ->check(readable_by(is_destination))
        ->allow_extra_args(false);
    command
        .add_option("--latency", options.latencies,
                    "MS or MS:SECONDS: most latency of a player, for how long; may be repeated")
        ->check(readable_by(policy_of))
        ->allow_extra_args(false);
    command.add_option("--timeout", options.timeout, "seconds until a placement ends as TIMED_OUT");
}

}  // namespace

void add_queue_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* queue = app.add_subcommand("queue", "where placements wait, and where they may go");
    queue->require_subcommand(1);
    add_command<Nothing>(
        *queue, chosen, {"list", "Lists the queues of the region.", "gse queue list"}, [](CLI::App&, Nothing&) {},
        list);
    add_command<Settings>(*queue, chosen,
                          {"create", "Makes a queue.",
                           "gse queue create ranked --to alias:arena --latency 60:10 --latency 120 --timeout 60"},
                          declare_settings, create);
    add_command<One>(*queue, chosen, {"show", "Shows one queue.", "gse queue show ranked"}, declare_one, show);
    add_command<Settings>(
        *queue, chosen,
        {"update", "Changes what is given, for waiting placements too.", "gse queue update ranked --timeout 120"},
        declare_settings, update);
    add_command<One>(*queue, chosen, {"delete", "Deletes a queue; what waits in it FAILS.", "gse queue delete ranked"},
                     declare_one, remove);
}

}  // namespace gse::cli
