#include <algorithm>

#include "cli/commands.h"

namespace gse::cli {
namespace {

/// One question of `placement wait`; less than what proxies between here and the server put up with.
constexpr std::int64_t kSecondsPerCall = 25;
/// Between two questions, if the server answers sooner than it was asked to.
constexpr Millis kBetweenCalls{1'000};

struct Explained {
    std::string placement;
    std::string request;
};

/// A table of a destination's instances, indented below it.
std::string instances_of(const api::PlacementDestination& destination) {
    Table table{{"    INSTANCE", "REASON", "IDLE", "SESSIONS", "ACTIVATING", "WEIGHT"}};
    for (const api::PlacementInstance& i : destination.instances)
        table.add({"    " + i.instance_id, i.reason, std::to_string(i.idle_processes),
                   std::to_string(i.game_server_sessions), std::to_string(i.activating_game_server_sessions),
                   std::to_string(i.weight)});
    std::string text = table.text();
    if (destination.omitted_instances > 0) text += fmt::format("    and {} more\n", destination.omitted_instances);
    return text;
}

Result<void> explain(Session& session, const Explained& options) {
    api::DescribePlacementDecisionRequest request;
    if (!options.placement.empty()) request.placement_id = options.placement;
    if (!options.request.empty()) request.request_id = options.request;
    const auto decision = TRY(call(session.api, request)).decision;
    std::string text = fmt::format("{} {}: {}: {}\n", decision.action,
                                   decision.placement_id.value_or(decision.request_id.value_or("")), decision.outcome,
                                   decision.message);
    if (decision.game_server_session_id) text += fmt::format("session {}\n", *decision.game_server_session_id);
    for (std::size_t i = 0; i < decision.destinations.size(); ++i) {
        const api::PlacementDestination& d = decision.destinations[i];
        text += fmt::format("{}. {} {}\n   {}: {}\n", i + 1, d.destination_arn,
                            d.fleet_id ? fmt::format("({}, {})", *d.fleet_id, d.region) : fmt::format("({})", d.region),
                            d.reason, d.message);
        if (!d.instances.empty()) text += instances_of(d);
    }
    session.show(decision, text);
    return {};
}

struct Waited {
    std::string placement;
    std::int64_t seconds = 600;
};

Result<void> wait(Session& session, const Waited& options) {
    const Clock& clock = session.outside.clock;
    const std::int64_t until = clock.monotonic_ms() + options.seconds * 1'000;
    for (;;) {
        const std::int64_t asked = clock.monotonic_ms();
        const std::int64_t left = std::clamp((until - asked + 999) / 1'000, std::int64_t{1}, kSecondsPerCall);
        const auto placement =
            TRY(call(session.api,
                     api::WaitGameServerSessionPlacementRequest{.placement_id = options.placement,
                                                                .timeout_seconds = static_cast<std::uint64_t>(left)}))
                .game_server_session_placement;
        if (placement.status == "FULFILLED") {
            session.show(placement, fmt::format("{}\n{}:{}\n", cell(placement.game_server_session_id),
                                                cell(placement.ip_address), cell(placement.port)));
            return {};
        }
        if (placement.status != "PENDING")
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("placement {} is {}; gse placement explain {} says why", options.placement,
                                      placement.status, options.placement));
        if (clock.monotonic_ms() >= until)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("placement {} is still PENDING after {} s; gse placement explain {} says why",
                                      options.placement, options.seconds, options.placement));
        if (clock.monotonic_ms() < asked + kBetweenCalls.count()) session.outside.pause(kBetweenCalls);
    }
}

}  // namespace

void add_placement_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* placement = app.add_subcommand("placement", "wishes for a session, and where they went");
    placement->require_subcommand(1);
    add_command<Explained>(
        *placement, chosen,
        {"explain", "Says why a placement, or a session that was created or refused, went where it did.",
         "gse placement explain match-1"},
        [](CLI::App& c, Explained& o) {
            auto* what = c.add_option_group("what")->require_option(1);
            what->add_option("placement", o.placement, "id of the placement");
            what->add_option("--request", o.request, "RequestId of a CreateGameServerSession, refused or not");
        },
        explain);
    add_command<Waited>(
        *placement, chosen,
        {"wait", "Waits until a placement has ended, and prints its session.", "gse placement wait match-1"},
        [](CLI::App& c, Waited& o) {
            c.add_option("placement", o.placement, "id of the placement")->required();
            c.add_option("--timeout", o.seconds, "seconds")->capture_default_str()->check(CLI::Range(0, 86'400));
        },
        wait);
}

}  // namespace gse::cli
