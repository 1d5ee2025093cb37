// Queues: where placements may go, in order. Source: [创建游戏服务器队列; 就近调度; 跨地域容灾].
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/lookup.h"
#include "core/placements.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

GameServerSessionQueue show(const Scope& scope, const core::Queue& queue) {
    const core::State& state = scope.state();
    GameServerSessionQueue out;
    out.name = queue.name;
    out.game_server_session_queue_arn = state.arn(queue.region, "queue", queue.name);
    for (const auto& destination : queue.destinations) {
        GameServerSessionQueueDestination shown{.destination_arn = destination.arn, .fleet_status = std::nullopt};
        if (const Slot fleet = core::follow(state, destination).fleet; fleet != kNone)
            shown.fleet_status = to_text(state.at<core::Fleet>(fleet).status);
        out.destinations.push_back(std::move(shown));
    }
    for (const auto& policy : queue.policies)
        out.player_latency_policies.push_back({.maximum_individual_player_latency_milliseconds = policy.max_ms,
                                               .policy_duration_seconds = policy.seconds});
    out.timeout_in_seconds = queue.timeout_s;
    out.tags = show_tags(queue.tags);
    return out;
}

/// `qcs::gse:<region>:uin/<uin>:fleet/<FleetId>` or `…:alias/<AliasId>`.
Result<core::QueueDestination> parse_arn(const Scope& scope, const std::string& arn) {
    const Settings& settings = scope.step.settings();
    const auto refused = [&](std::string_view what) {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("DestinationArn '{}' {}; a destination is the FleetArn or AliasArn of this server, "
                                  "qcs::gse:<region>:uin/{}:fleet/<FleetId> or …:alias/<AliasId>",
                                  arn.substr(0, 200), what, settings.uin));
    };
    const Arn parts = split_arn(settings, arn);
    if (!parts.wrong.empty()) return refused(parts.wrong);
    if (parts.kind != "fleet" && parts.kind != "alias") return refused("names neither a fleet nor an alias");
    return core::QueueDestination{
        .arn = arn, .region = std::string(parts.region), .alias = parts.kind == "alias", .id = std::string(parts.id)};
}

/// What is new to the queue must exist; what it had may have been deleted meanwhile, and stays where it stands.
Result<std::vector<core::QueueDestination>> read_destinations(
    const Scope& scope, const std::vector<GameServerSessionQueueDestination>& wanted,
    std::span<const core::QueueDestination> known) {
    const std::uint64_t limit = scope.step.settings().limits.destinations_per_queue;
    if (wanted.size() > limit)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("{} destinations; a queue takes {} at most (limits.destinations_per_queue)",
                                  wanted.size(), limit));
    const core::State& state = scope.state();
    std::vector<core::QueueDestination> out;
    for (const auto& one : wanted) {
        core::QueueDestination destination = TRY(parse_arn(scope, one.destination_arn));
        const auto same = [&](const core::QueueDestination& other) { return other.arn == destination.arn; };
        if (std::any_of(out.begin(), out.end(), same))
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("DestinationArn '{}' is given twice", destination.arn.substr(0, 200)));
        if (std::none_of(known.begin(), known.end(), same)) {
            const Slot fleet = destination.alias ? kNone : state.find_fleet(destination.region, destination.id);
            const bool exists = destination.alias
                                    ? state.find_alias(destination.region, destination.id) != kNone
                                    : fleet != kNone && state.at<core::Fleet>(fleet).status != FleetStatus::Terminated;
            if (!exists)
                return refuse(ErrorCode::InvalidParameterValue,
                              fmt::format("DestinationArn '{}' names a {} that does not exist",
                                          destination.arn.substr(0, 200), destination.alias ? "alias" : "fleet"));
        }
        out.push_back(std::move(destination));
    }
    return out;
}

std::vector<core::LatencyPolicy> read_policies(const std::vector<PlayerLatencyPolicy>& wanted) {
    std::vector<core::LatencyPolicy> out;
    for (const auto& policy : wanted)
        out.push_back({policy.maximum_individual_player_latency_milliseconds, policy.policy_duration_seconds});
    return out;
}

/// The region's queues, newest first.
std::vector<Slot> queues_of(const Scope& scope) {
    std::vector<Slot> slots;
    scope.state().table<core::Queue>().for_each([&](Slot slot, const core::Queue& queue) {
        if (queue.region == scope.region) slots.push_back(slot);
    });
    std::sort(slots.begin(), slots.end(), [&](Slot a, Slot b) {
        return scope.state().at<core::Queue>(a).order > scope.state().at<core::Queue>(b).order;
    });
    return slots;
}

}  // namespace

Result<CreateGameServerSessionQueueResponse> handle(Scope& scope, const CreateGameServerSessionQueueRequest& request) {
    if (scope.state().find_queue(scope.region, request.name) != kNone)
        return refuse(
            ErrorCode::InUse,
            fmt::format("Queue '{}' exists in region {}; change it with UpdateGameServerSessionQueue, or take "
                        "another name",
                        request.name, scope.region));
    const std::uint64_t count = queues_of(scope).size();
    const std::uint64_t limit = scope.step.settings().limits.queues_per_region;
    if (count >= limit)
        return refuse(
            ErrorCode::LimitExceeded,
            fmt::format("{} queues exist in region {}; the limit is {}. Delete one, or raise limits.queues_per_region",
                        count, scope.region, limit));
    core::Queue queue;
    queue.region = scope.region;
    queue.name = request.name;
    if (request.destinations) queue.destinations = TRY(read_destinations(scope, *request.destinations, {}));
    if (request.player_latency_policies) queue.policies = read_policies(*request.player_latency_policies);
    queue.timeout_s = static_cast<std::uint32_t>(request.timeout_in_seconds);
    queue.tags = TRY(store_tags(request.tags));
    queue.created = scope.step.now.wall;
    queue.order = scope.state().next_order();
    const Slot slot = scope.state().add(std::move(queue));
    return CreateGameServerSessionQueueResponse{.game_server_session_queue =
                                                    show(scope, scope.state().at<core::Queue>(slot))};
}

Result<DescribeGameServerSessionQueuesResponse> handle(Scope& scope,
                                                       const DescribeGameServerSessionQueuesRequest& request) {
    const FilterSet filters = TRY(read_filters(request.filters, false, true));
    std::vector<Slot> found;
    if (request.names && !request.names->empty()) {
        for (const auto& name : *request.names) {
            const Slot slot = TRY(need_queue(scope, name));
            if (std::find(found.begin(), found.end(), slot) == found.end()) found.push_back(slot);
        }
    } else {
        found = queues_of(scope);
    }
    std::erase_if(found, [&](Slot slot) {
        const core::Queue& queue = scope.state().at<core::Queue>(slot);
        return !filters.matches(queue.name, "", queue.tags);
    });
    DescribeGameServerSessionQueuesResponse response{.game_server_session_queues = {}, .total_count = found.size()};
    for (const Slot slot : page(std::move(found), request.offset, request.limit))
        response.game_server_session_queues.push_back(show(scope, scope.state().at<core::Queue>(slot)));
    return response;
}

Result<UpdateGameServerSessionQueueResponse> handle(Scope& scope, const UpdateGameServerSessionQueueRequest& request) {
    const Slot slot = TRY(need_queue(scope, request.name));
    std::optional<std::vector<core::QueueDestination>> destinations;
    if (request.destinations)
        destinations =
            TRY(read_destinations(scope, *request.destinations, scope.state().at<core::Queue>(slot).destinations));
    {
        auto edit = scope.state().edit<core::Queue>(slot);
        if (destinations) edit->destinations = std::move(*destinations);
        if (request.player_latency_policies) edit->policies = read_policies(*request.player_latency_policies);
        if (request.timeout_in_seconds) edit->timeout_s = static_cast<std::uint32_t>(*request.timeout_in_seconds);
    }
    return UpdateGameServerSessionQueueResponse{.game_server_session_queue =
                                                    show(scope, scope.state().at<core::Queue>(slot))};
}

Result<DeleteGameServerSessionQueueResponse> handle(Scope& scope, const DeleteGameServerSessionQueueRequest& request) {
    core::delete_queue(scope.step, TRY(need_queue(scope, request.name)));
    return DeleteGameServerSessionQueueResponse{};
}

}  // namespace gse::api
