// Instances and what operators do with them. Source: [查看实例列表; API:Instance; API:SetServerWeight].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "api/fleet_parts.h"
#include "core/host_changes.h"
#include "core/instances.h"

namespace gse::api {
namespace {

using core::Slot;

std::optional<std::uint64_t> whole(const std::optional<double>& value) {
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<double> hundredths(const std::optional<double>& value) {
    return value ? std::optional(std::round(*value * 100) / 100) : std::nullopt;
}

Instance show(const Scope& scope, const core::Instance& instance) {
    const link::InstanceLoad& load = core::load_of(instance, scope.step.now.engine);
    const core::Fleet& fleet = scope.state().at<core::Fleet>(instance.fleet);
    const core::Host& host = scope.state().at<core::Host>(instance.host);
    return {.fleet_id = fleet.id,
            .instance_id = instance.id,
            .ip_address = host.address,
            .dns_name = "",
            .operating_system = fleet.operating_system,
            .status = "RUNNING",
            .type = fleet.instance_type,
            .create_time = format_utc(instance.created),
            .weight = instance.weight,
            .reserve_value = instance.reserved ? 1 : 0,
            .private_ip_address = host.private_address,
            .cpu_used = hundredths(load.cpu_cores),
            .cpu_limit = load.cpu_limit,
            .memory_used = whole(load.memory_bytes),
            .memory_limit = whole(load.memory_limit)};
}

/// The buckets of InstanceCounts, as words.
std::string_view state_of(const core::Instance& instance) {
    switch (instance.status) {
        case InstanceStatus::Pending: return "Pending";
        case InstanceStatus::Active: return "Active";
        case InstanceStatus::Draining:
        case InstanceStatus::Gone: return "Terminating";
    }
    return "Terminating";
}

/// Instances of some fleets, oldest first; an id or address that is "" or absent matches all.
std::vector<Slot> find_instances(const Scope& scope, const std::vector<Slot>& fleets,
                                 const std::optional<std::string>& id, const std::optional<std::string>& address) {
    const core::State& state = scope.state();
    std::vector<Slot> found;
    for (const Slot fleet : fleets) {
        for (const Slot slot : state.at<core::Fleet>(fleet).instances) {
            const core::Instance& instance = state.at<core::Instance>(slot);
            if (id && !id->empty() && instance.id != *id) continue;
            if (address && !address->empty() && state.at<core::Host>(instance.host).address != *address) continue;
            found.push_back(slot);
        }
    }
    std::sort(found.begin(), found.end(), [&](Slot a, Slot b) {
        const auto& left = state.at<core::Instance>(a);
        const auto& right = state.at<core::Instance>(b);
        return std::tie(left.created, left.id) < std::tie(right.created, right.id);
    });
    return found;
}

}  // namespace

Result<DescribeInstancesResponse> handle(Scope& scope, const DescribeInstancesRequest& request) {
    std::vector<Slot> fleets;
    if (request.fleet_id && !request.fleet_id->empty())
        fleets.push_back(TRY(need_fleet(scope, *request.fleet_id)));
    else
        fleets = fleets_of(scope);
    std::vector<Slot> found = find_instances(scope, fleets, request.instance_id, request.ip_address);
    DescribeInstancesResponse response{.total_count = found.size()};
    for (const Slot slot : page(std::move(found), request.offset, request.limit))
        response.instances.push_back(show(scope, scope.state().at<core::Instance>(slot)));
    return response;
}

Result<DescribeInstancesExtendResponse> handle(Scope& scope, const DescribeInstancesExtendRequest& request) {
    const core::State& state = scope.state();
    const Slot fleet = TRY(need_fleet(scope, request.fleet_id));
    std::vector<Slot> found = find_instances(scope, {fleet}, std::nullopt, request.ip_address);
    DescribeInstancesExtendResponse response{.total_count = static_cast<std::int64_t>(found.size())};
    for (const Slot slot : page(std::move(found), static_cast<std::uint64_t>(request.offset),
                                static_cast<std::uint64_t>(request.limit))) {
        const core::Instance& instance = state.at<core::Instance>(slot);
        std::int64_t players = 0, players_max = 0;
        for (const Slot process : instance.processes) {
            const core::GameSession* session = state.find<core::GameSession>(state.at<core::Process>(process).session);
            if (!session || !session->live()) continue;
            players += session->seats;
            players_max += session->max_players;
        }
        response.instances.push_back({.instance = show(scope, instance),
                                      .state = std::string(state_of(instance)),
                                      .healthy_process_cnt = instance.healthy,
                                      .active_process_cnt = instance.active,
                                      .game_session_cnt = instance.sessions,
                                      .max_game_session_cnt = state.at<core::Fleet>(fleet).processes_per_instance(),
                                      .player_session_cnt = players,
                                      .max_player_session_cnt = players_max});
    }
    return response;
}

Result<DescribeInstanceTypesResponse> handle(Scope& scope, const DescribeInstanceTypesRequest&) {
    DescribeInstanceTypesResponse response;
    const auto offered = [&](std::string_view type) {
        bool found = false;
        scope.state().table<core::Host>().for_each([&](Slot, const core::Host& host) {
            found |= !host.lost && (host.region.empty() || host.region == scope.region) && host.offers(type);
        });
        return found;
    };
    for (const auto& type : scope.step.settings().instance_types)
        if (offered(type.name))
            response.instance_type_list.push_back({.type_name = type.type_name,
                                                   .instance_type = type.name,
                                                   .cpu = type.cpu,
                                                   .memory = type.memory_gb,
                                                   .network_card = type.network_card});
    return response;
}

Result<DescribeInstanceLimitResponse> handle(Scope& scope, const DescribeInstanceLimitRequest&) {
    const std::uint64_t limit = scope.step.settings().limits.instances_per_region;
    DescribeInstanceLimitResponse response{.limit = static_cast<std::int64_t>(limit)};
    // Every type shares the one quota: hosts carry instances of any type.
    for (const auto& type : scope.step.settings().instance_types)
        response.extra_infos.push_back({.instance_type = type.name, .total_instances = limit});
    return response;
}

Result<SetServerWeightResponse> handle(Scope& scope, const SetServerWeightRequest& request) {
    const Slot slot = TRY(need_instance(scope, request.fleet_id, request.instance_id));
    scope.state().edit<core::Instance>(slot)->weight = static_cast<std::uint32_t>(request.weight);
    return SetServerWeightResponse{};
}

Result<SetServerReservedResponse> handle(Scope& scope, const SetServerReservedRequest& request) {
    const Slot slot = TRY(need_instance(scope, request.fleet_id, request.instance_id));
    scope.state().edit<core::Instance>(slot)->reserved = request.reserve_value == 1;
    // A scale-in that found only reserved instances goes on when one is released, and so does the emptying of its host.
    if (request.reserve_value == 0) core::review_leaving(scope.step, slot, "It is no longer reserved");
    scope.state().queue_reconcile(scope.state().at<core::Instance>(slot).fleet);
    return SetServerReservedResponse{};
}

Result<GetInstanceAccessResponse> handle(Scope& scope, const GetInstanceAccessRequest& request) {
    const Slot slot = TRY(need_instance(scope, request.fleet_id, request.instance_id));
    const core::Instance& instance = scope.state().at<core::Instance>(slot);
    const core::Host& host = scope.state().at<core::Host>(instance.host);
    if (host.stream == 0)
        return refuse(ErrorCode::Unavailable,
                      fmt::format("Host {} of instance {} is not connected; try again when its agent is back",
                                  host.name, instance.id));
    if (host.access_user.empty())
        return refuse(ErrorCode::UnsupportedOperation,
                      fmt::format("The operator of host {} lets nobody log in through this API: agent.access_user and "
                                  "agent.access_key_file are not set there",
                                  host.name));
    // In the original an instance was a machine. Here its machine may carry others, and a login opens all of it.
    const bool shared = (scope.step.settings().hosts.share && host.capacity > 1) || host.instances.size() > 1;
    if (shared)
        return refuse(ErrorCode::UnsupportedOperation,
                      fmt::format("Host {} may carry {} instances, and its key would open all of them, not only {}. "
                                  "Set agent.capacity = 1 there, or hosts.share = false",
                                  host.name, std::max<std::size_t>(host.capacity, host.instances.size()), instance.id));
    return GetInstanceAccessResponse{
        .instance_access = {.credentials = {.secret = host.access_key, .user_name = host.access_user},
                            .fleet_id = request.fleet_id,
                            .instance_id = instance.id,
                            .ip_address = host.address,
                            .operating_system = host.operating_system}};
}

}  // namespace gse::api
