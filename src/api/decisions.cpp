// Why a session went where it did: the facts of the core's log, in words.
#include "api/decisions.h"

#include <fmt/format.h>

#include "api/lookup.h"
#include "core/placements.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

struct Words {
    std::string_view reason;
    std::string message;
};

Words words_of(const core::InstanceFacts& facts) {
    switch (facts.refusal) {
        case plan::PlacementRefusal::None: return {facts.chosen ? "CHOSEN" : "OPEN", {}};
        case plan::PlacementRefusal::NotActive: return {"STARTING", {}};
        case plan::PlacementRefusal::Draining: return {"DRAINING", {}};
        case plan::PlacementRefusal::HostUnreachable: return {"HOST_UNREACHABLE", {}};
        case plan::PlacementRefusal::WeightZero: return {"WEIGHT_ZERO", {}};
        case plan::PlacementRefusal::NoIdleProcess: return {"NO_IDLE_PROCESS", {}};
        case plan::PlacementRefusal::ActivationCap: return {"ACTIVATION_CAP", {}};
        case plan::PlacementRefusal::Reserved: return {"RESERVED", {}};
    }
    return {};
}

std::string processes(const core::DestinationFacts& facts) {
    return fmt::format(
        "{} idle, {} busy of {} processes that are ready; {} instances running, {} starting, {} being "
        "scaled in, {} at most",
        facts.idle, facts.busy, facts.active, facts.instances_active, facts.instances_starting,
        facts.instances_draining, facts.instances_max);
}

/// What hides behind "no process": the instances that have an idle one, and why they do not give it.
std::string held_back(const core::DestinationFacts& facts) {
    std::string text;
    const auto count = [&](plan::PlacementRefusal refusal, std::string_view what) {
        std::size_t found = 0;
        for (const auto& instance : facts.instances) found += instance.refusal == refusal;
        if (found > 0) text += fmt::format("; {} {}", found, what);
    };
    count(plan::PlacementRefusal::ActivationCap,
          fmt::format("at MaxConcurrentGameServerSessionActivations {}", facts.max_activations));
    count(plan::PlacementRefusal::WeightZero, "at weight 0");
    count(plan::PlacementRefusal::Reserved, "reserved");
    count(plan::PlacementRefusal::HostUnreachable, "on hosts that are not answering");
    return text;
}

Words words_of_draining() {
    return {"FLEET_DRAINING", "the fleet is being drained, and takes no new sessions until UndrainFleet"};
}

Words words_of_fleet(const core::DestinationFacts& facts) {
    if (facts.chosen) return {"CHOSEN", fmt::format("it had a process free: {}", processes(facts))};
    if (!facts.asked) return {"NOT_ASKED", "one before it took the session"};
    switch (facts.refusal) {
        case plan::SessionRefusal::None: return {"NOT_ASKED", "it has a process free, and others are served first"};
        case plan::SessionRefusal::FleetNotActive: break;
        case plan::SessionRefusal::FleetDraining: return words_of_draining();
        case plan::SessionRefusal::IdTaken: return {"ID_TAKEN", "another session bears the GameServerSessionId"};
        case plan::SessionRefusal::CreatorLimit:
            return {"CREATOR_LIMIT", "the creator has made as many sessions as ResourceCreationLimitPolicy allows"};
        case plan::SessionRefusal::NoProcess:
            return {"NO_IDLE_PROCESS", fmt::format("{}{}", processes(facts), held_back(facts))};
    }
    return {"FLEET_NOT_ACTIVE", fmt::format("the fleet is {}", to_text(facts.status))};
}

Words words_of(const core::DestinationFacts& facts) {
    switch (facts.bar) {
        case plan::DestinationBar::None: break;
        case plan::DestinationBar::AliasNotFound: return {"ALIAS_NOT_FOUND", "the alias does not exist"};
        case plan::DestinationBar::AliasTerminal: return {"ALIAS_TERMINAL", "the alias is TERMINAL"};
        case plan::DestinationBar::FleetNotFound: return {"FLEET_NOT_FOUND", "the fleet does not exist"};
        case plan::DestinationBar::FleetInCreation:
            return {"FLEET_NOT_ACTIVE",
                    fmt::format("the fleet is {}, and may take sessions later", to_text(facts.status))};
        case plan::DestinationBar::FleetDraining: return words_of_draining();
        case plan::DestinationBar::FleetEnded:
            return {"FLEET_NOT_ACTIVE", fmt::format("the fleet is {}", to_text(facts.status))};
    }
    switch (facts.fate) {
        case plan::DestinationFate::Accepted:
        case plan::DestinationFate::Gone: break;
        case plan::DestinationFate::LatencyUnknown:
            return {"LATENCY_UNKNOWN", fmt::format("not every player measured a latency to {}", facts.region)};
        case plan::DestinationFate::LatencyTooHigh:
            return {"LATENCY_TOO_HIGH", fmt::format("{} ms for the slowest player; the policy in force allows {} ms",
                                                    facts.latency_ms.value_or(0), facts.maximum_ms.value_or(0))};
    }
    return words_of_fleet(facts);
}

PlacementDestination show(const Scope& scope, const core::DestinationFacts& facts) {
    PlacementDestination out;
    const bool by_alias = !facts.alias_id.empty();
    out.destination_arn =
        scope.state().arn(facts.region, by_alias ? "alias" : "fleet", by_alias ? facts.alias_id : facts.fleet_id);
    out.region = facts.region;
    if (!facts.fleet_id.empty()) out.fleet_id = facts.fleet_id;
    auto [reason, message] = words_of(facts);
    out.reason = reason;
    out.message = std::move(message);
    out.latency_in_milliseconds = facts.latency_ms;
    out.maximum_latency_in_milliseconds = facts.maximum_ms;
    out.idle_processes = facts.idle;
    out.busy_processes = facts.busy;
    out.active_processes = facts.active;
    out.active_instances = facts.instances_active;
    out.starting_instances = facts.instances_starting;
    out.draining_instances = facts.instances_draining;
    out.maximum_instances = facts.instances_max;
    out.waiting_placements = facts.waiting;
    for (const auto& instance : facts.instances)
        out.instances.push_back({.instance_id = instance.id,
                                 .reason = std::string(words_of(instance).reason),
                                 .idle_processes = instance.idle,
                                 .game_server_sessions = instance.sessions,
                                 .activating_game_server_sessions = instance.activating,
                                 .weight = instance.weight});
    out.omitted_instances = facts.instances_omitted;
    return out;
}

std::string_view to_text(core::DecisionOutcome outcome) {
    switch (outcome) {
        case core::DecisionOutcome::Waiting: return "WAITING";
        case core::DecisionOutcome::Granted: return "GRANTED";
        case core::DecisionOutcome::Refused: return "REFUSED";
        case core::DecisionOutcome::TimedOut: return "TIMED_OUT";
        case core::DecisionOutcome::Cancelled: return "CANCELLED";
        case core::DecisionOutcome::Failed: return "FAILED";
    }
    return "";
}

std::string_view sentence(core::DecisionOutcome outcome) {
    switch (outcome) {
        case core::DecisionOutcome::Waiting: return "it waits for a destination with an idle process";
        case core::DecisionOutcome::Granted: return "it got a session";
        case core::DecisionOutcome::Refused: return "it was refused";
        case core::DecisionOutcome::TimedOut: return "its time was up before a session was ACTIVE";
        case core::DecisionOutcome::Cancelled: return "it was stopped";
        case core::DecisionOutcome::Failed: return "it failed";
    }
    return "";
}

PlacementDecision show(const Scope& scope, const core::Decision& decision) {
    PlacementDecision out;
    out.action = decision.of_placement ? "StartGameServerSessionPlacement" : "CreateGameServerSession";
    if (!decision.request_id.empty()) out.request_id = decision.request_id;
    if (decision.of_placement) out.placement_id = decision.placement_id;
    out.outcome = to_text(decision.outcome);
    out.message = decision.why.empty() ? std::string(sentence(decision.outcome)) : decision.why;
    out.time = format_utc(decision.time);
    const core::GameSession* session =
        decision.session == kNone ? nullptr : scope.state().find<core::GameSession>(decision.session);
    if (session && session->order == decision.session_order)
        out.game_server_session_id = scope.state().session_id(*session);
    for (const auto& destination : decision.destinations) out.destinations.push_back(show(scope, destination));
    return out;
}

/// Of one that ended before this server started, its record tells the outcome, and nothing tells why.
core::Decision from_record(const Scope& scope, const core::Placement& placement) {
    core::Decision decision{
        .of_placement = true, .region = placement.region, .placement_id = placement.id, .time = placement.ended};
    switch (placement.status) {
        case PlacementStatus::Pending:  // its session is ACTIVATING
        case PlacementStatus::Fulfilled: decision.outcome = core::DecisionOutcome::Granted; break;
        case PlacementStatus::TimedOut: decision.outcome = core::DecisionOutcome::TimedOut; break;
        case PlacementStatus::Cancelled: decision.outcome = core::DecisionOutcome::Cancelled; break;
        case PlacementStatus::Failed: decision.outcome = core::DecisionOutcome::Failed; break;
    }
    decision.why = fmt::format(
        "{}; which destinations were considered is not known any more: the newest {} decisions "
        "are kept (retention.decisions), in memory",
        placement.why.empty() ? sentence(decision.outcome) : placement.why, scope.step.settings().retention.decisions);
    return decision;
}

PlacementDecision explain(const Scope& scope, Slot slot) {
    const core::State& state = scope.state();
    const core::Placement& placement = state.at<core::Placement>(slot);
    if (placement.status == PlacementStatus::Pending && placement.session == kNone)
        return show(scope, core::explain_placement(state, scope.step.now, slot));
    const core::Decision* known = state.decisions().find(placement.decision);
    PlacementDecision out = show(scope, known ? *known : from_record(scope, placement));
    // A session may be forgotten before its placement.
    if (!placement.session_id.empty()) out.game_server_session_id = placement.session_id;
    if (known && placement.status == PlacementStatus::Pending) out.message = "it got a session, which is ACTIVATING";
    return out;
}

}  // namespace

core::Decision begin_decision(const Scope& scope) {
    return {
        .region = std::string(scope.region), .request_id = std::string(scope.request_id), .time = scope.step.now.wall};
}

void refuse_decision(Scope& scope, core::Decision decision, const Error& error) {
    decision.outcome = core::DecisionOutcome::Refused;
    decision.why = error.message;
    scope.state().decisions().add(std::move(decision));
}

Result<DescribePlacementDecisionResponse> handle(Scope& scope, const DescribePlacementDecisionRequest& request) {
    const core::State& state = scope.state();
    if (request.placement_id)
        return DescribePlacementDecisionResponse{.decision =
                                                     explain(scope, TRY(need_placement(scope, *request.placement_id)))};
    const core::Decision* known = state.decisions().find_request(scope.region, *request.request_id);
    if (!known)
        return refuse(ErrorCode::NotFound,
                      fmt::format("No decision on request '{}' is known in region {}; the newest {} are kept "
                                  "(retention.decisions), in memory: a restart forgets them",
                                  *request.request_id, scope.region, scope.step.settings().retention.decisions));
    if (known->of_placement && known->outcome != core::DecisionOutcome::Refused)
        if (const Slot slot = state.find_placement(scope.region, known->placement_id); slot != kNone)
            return DescribePlacementDecisionResponse{.decision = explain(scope, slot)};
    return DescribePlacementDecisionResponse{.decision = show(scope, *known)};
}

}  // namespace gse::api
