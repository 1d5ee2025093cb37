#include "cli/fleet_life.h"

#include <algorithm>

#include "cli/lookup.h"

namespace gse::cli {
namespace {

constexpr std::uint64_t kEventsForReason = 10;

Result<api::FleetUtilization> use_of(Api& api, const std::string& fleet_id) {
    auto answer = TRY(call(api, api::DescribeFleetUtilizationRequest{.fleet_ids = {fleet_id}}));
    if (answer.fleet_utilization.empty()) return refuse(ErrorCode::NotFound, fmt::format("fleet {} is gone", fleet_id));
    return std::move(answer.fleet_utilization.front());
}

Result<std::optional<std::uint64_t>> buffer_of(Api& api, const std::string& fleet_id) {
    const auto policies = TRY(call(api, api::DescribeScalingPoliciesRequest{.fleet_id = fleet_id, .limit = 100}));
    for (const auto& policy : policies.scaling_policies)
        if (policy.policy_type == "TargetBased" && policy.target_configuration)
            return policy.target_configuration->target_value;
    return std::nullopt;
}

std::uint64_t free_of(const api::FleetUtilization& use) {
    const std::uint64_t processes = use.active_server_process_count.value_or(0);
    return processes - std::min(processes, use.active_game_server_session_count.value_or(0));
}

}  // namespace

std::string newest_reason(Api& api, const std::string& fleet_id) {
    const auto happened = call(api, api::DescribeFleetEventsRequest{.fleet_id = fleet_id, .limit = kEventsForReason});
    if (!happened || happened->events.empty()) return "";
    const auto says_why = std::ranges::find_if(
        happened->events, [](const api::Event& event) { return !event.event_code.starts_with("FLEET_STATE_"); });
    const api::Event& event = says_why == happened->events.end() ? happened->events.front() : *says_why;
    return fmt::format("{} {}", event.event_code, event.message.value_or(""));
}

Result<void> go_on(const Session& session) {
    if (session.outside.interrupted()) return refuse(ErrorCode::FailedOperation, "interrupted");
    return {};
}

Result<api::FleetAttributes> wait_for_status(Session& session, const std::string& fleet_id, const std::string& wanted,
                                             std::uint64_t seconds) {
    const Clock& clock = session.outside.clock;
    const std::int64_t until = clock.monotonic_ms() + static_cast<std::int64_t>(seconds) * 1'000;
    std::string seen;
    for (;;) {
        auto answer = TRY(call(session.api, api::DescribeFleetAttributesRequest{.fleet_ids = std::vector{fleet_id}}));
        if (answer.fleet_attributes.empty())
            return refuse(ErrorCode::NotFound, fmt::format("fleet {} is gone", fleet_id));
        api::FleetAttributes& fleet = answer.fleet_attributes.front();
        const std::string status = fleet.status.value_or("");
        if (status != seen) session.outside.err << fmt::format("{} {}\n", fleet.name, status);
        seen = status;
        // The API spells statuses in capitals here and in the documents in small letters.
        if (CLI::detail::to_lower(status) == CLI::detail::to_lower(wanted)) return std::move(fleet);
        if (CLI::detail::to_lower(status) == "error") {
            const std::string why = newest_reason(session.api, fleet_id);
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("fleet {} has failed{}{}", fleet_id, why.empty() ? "" : ": ", why));
        }
        if (clock.monotonic_ms() >= until)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("fleet {} is still {} after {} s; gse fleet events {} says more", fleet_id,
                                      status, seconds, fleet.name));
        session.outside.pause(kBetweenLooks);
        TRY(go_on(session));
    }
}

std::uint64_t instances_for(std::uint64_t sessions, std::uint64_t per_instance, std::uint64_t buffer_percent) {
    const std::uint64_t carried =
        std::max<std::uint64_t>(1, per_instance) * (100 - std::min<std::uint64_t>(99, buffer_percent));
    return std::max<std::uint64_t>(1, (sessions * 100 + carried - 1) / carried);
}

Result<Load> load_of(Api& api, const std::string& from_fleet, const std::string& to_fleet) {
    Load load;
    load.sessions = TRY(use_of(api, from_fleet)).active_game_server_session_count.value_or(0);
    load.free = free_of(TRY(use_of(api, to_fleet)));
    const auto runtime = TRY(call(api, api::DescribeRuntimeConfigurationRequest{.fleet_id = to_fleet}));
    load.per_instance = 0;
    if (runtime.runtime_configuration)
        for (const auto& process : runtime.runtime_configuration->server_processes)
            load.per_instance += process.concurrent_executions;
    load.per_instance = std::max<std::uint64_t>(1, load.per_instance);
    auto buffer = TRY(buffer_of(api, to_fleet));
    if (!buffer) buffer = TRY(buffer_of(api, from_fleet));
    load.buffer_percent = buffer.value_or(0);
    return load;
}

Result<void> match_capacity(Session& session, const std::string& from_fleet, const std::string& to_fleet,
                            std::uint64_t seconds) {
    Api& api = session.api;
    std::ostream& err = session.outside.err;
    const Load load = TRY(load_of(api, from_fleet, to_fleet));
    const std::uint64_t own = TRY(use_of(api, to_fleet)).active_game_server_session_count.value_or(0);
    const std::uint64_t wanted = instances_for(load.sessions + own, load.per_instance, load.buffer_percent);
    const auto answer = TRY(call(api, api::DescribeFleetCapacityRequest{.fleet_ids = {to_fleet}}));
    if (answer.fleet_capacity.empty() || !answer.fleet_capacity.front().instance_counts)
        return refuse(ErrorCode::NotFound, fmt::format("fleet {} is gone", to_fleet));
    const api::InstanceCounts now = *answer.fleet_capacity.front().instance_counts;
    err << fmt::format("{} sessions run on {}; {} has {} free processes\n", load.sessions, from_fleet, to_fleet,
                       load.free);
    if (now.desired.value_or(0) < wanted) {
        api::UpdateFleetCapacityRequest grow{.fleet_id = to_fleet, .desired_instances = wanted};
        if (now.maxi_num.value_or(0) < wanted) grow.max_size = wanted;
        TRY(call(api, grow));
        err << fmt::format("growing {} from {} to {} instances of {} processes, {} % of them free{}\n", to_fleet,
                           now.desired.value_or(0), wanted, load.per_instance, load.buffer_percent,
                           grow.max_size ? fmt::format("; its maximum was {}", now.maxi_num.value_or(0)) : "");
    }
    const Clock& clock = session.outside.clock;
    const std::int64_t until = clock.monotonic_ms() + static_cast<std::int64_t>(seconds) * 1'000;
    const std::uint64_t enough = std::max<std::uint64_t>(1, load.sessions);
    std::uint64_t seen = load.free;
    for (std::uint64_t free = load.free; free < enough;) {
        if (clock.monotonic_ms() >= until)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("fleet {} has {} of {} free processes after {} s; its newest event: {}", to_fleet,
                                      free, enough, seconds, newest_reason(api, to_fleet)));
        session.outside.pause(kBetweenLooks);
        TRY(go_on(session));
        free = free_of(TRY(use_of(api, to_fleet)));
        if (free != seen) err << fmt::format("{} of {} free processes\n", free, enough);
        seen = free;
    }
    return {};
}

}  // namespace gse::cli
