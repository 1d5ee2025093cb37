// Fleets that run empty, and when they will be. Extensions: the original had no such word.
#include "core/drain.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "api/lookup.h"

namespace gse::api {
namespace {

using core::Slot;

/// When some sessions will have ended, as texts.
struct Estimate {
    std::optional<std::string> p50, p90, latest;
};

/// Everything that estimates are made of.
struct Outlook {
    const core::State& state;
    Now now;
    std::vector<Millis> lengths;

    [[nodiscard]] std::optional<std::string> at(std::optional<Millis> in) const {
        return in ? std::optional(format_utc(now.wall + *in)) : std::nullopt;
    }
    [[nodiscard]] Estimate of(std::span<const Slot> sessions) const {
        const auto running = core::running_sessions(state, now.engine, sessions);
        return {.p50 = at(plan::empty_in(running, lengths, 50)),
                .p90 = at(plan::empty_in(running, lengths, 90)),
                .latest = at(plan::forced_in(running))};
    }
};

std::string counted(std::size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

std::string sentence(const core::State& state, const core::Fleet& fleet, const FleetDrain& drain,
                     std::span<const Slot> sessions) {
    if (drain.status == "DRAINED") return "the fleet is empty";
    const std::string_view will = fleet.draining ? "will be" : "would be";
    const auto reserved = static_cast<std::size_t>(
        std::ranges::count_if(fleet.instances, [&](Slot slot) { return state.at<core::Instance>(slot).reserved; }));
    std::string text;
    if (sessions.empty())
        text = fmt::format("no session runs: {} {} removed", counted(fleet.instances.size(), "instance"), will);
    else if (drain.estimated_time)
        text = fmt::format("{} on {}; empty as likely as not by {}", counted(sessions.size(), "session"),
                           counted(fleet.instances.size(), "instance"), *drain.estimated_time);
    else
        text = fmt::format("{} on {}; {}, so nobody can say when {} empty", counted(sessions.size(), "session"),
                           counted(fleet.instances.size(), "instance"),
                           drain.session_length_samples == 0 ? "none has ended here yet"
                                                             : "some have gone on for longer than any that ended here",
                           fleet.draining ? "it will be" : "it would be");
    if (drain.latest_time && !sessions.empty())
        text += fmt::format(", {} at the latest", *drain.latest_time);
    else if (fleet.draining && !sessions.empty())
        text += ", and nothing is ended by force; a DeadlineInSeconds would";
    if (reserved > 0)
        text +=
            fmt::format("; {} reserved, and kept", counted(reserved, "instance") + (reserved == 1 ? " is" : " are"));
    return text;
}

FleetDrain show(const core::State& state, const core::Fleet& fleet, const Outlook& outlook) {
    FleetDrain out;
    out.fleet_id = fleet.id;
    out.status = !fleet.draining ? "NONE" : fleet.drained == WallTime{} ? "DRAINING" : "DRAINED";
    if (fleet.draining) out.start_time = format_utc(fleet.drain_started);
    out.deny_joins = fleet.drain_denies_joins;
    if (fleet.drain_deadline != kNever)
        out.deadline_time = format_utc(outlook.now.wall + (fleet.drain_deadline - outlook.now.engine));
    out.delete_when_empty = fleet.delete_when_drained;
    out.instance_count = fleet.instances.size();
    out.game_server_session_count = fleet.live_sessions.size();
    out.player_session_count = fleet.players;
    std::vector<Slot> sessions;
    sessions.reserve(fleet.live_sessions.size());
    for (const auto& [order, slot] : fleet.live_sessions) sessions.push_back(slot);
    Estimate estimate = outlook.of(sessions);
    out.estimated_time = std::move(estimate.p50);
    out.estimated_time_p90 = std::move(estimate.p90);
    out.latest_time = std::move(estimate.latest);
    const auto seconds = [&](std::uint32_t percent) {
        const auto length = plan::quantile(outlook.lengths, percent);
        return length ? std::optional(static_cast<std::uint64_t>(length->count() / 1000)) : std::nullopt;
    };
    out.session_length_p50_seconds = seconds(50);
    out.session_length_p90_seconds = seconds(90);
    out.session_length_samples = outlook.lengths.size();
    out.message = sentence(state, fleet, out, sessions);
    return out;
}

FleetDrain show(const Scope& scope, Slot slot) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
    return show(scope.state(), fleet,
                Outlook{scope.state(), scope.step.now, core::session_lengths(scope.state(), fleet)});
}

std::vector<Slot> sessions_of(const core::State& state, const core::Instance& instance) {
    std::vector<Slot> sessions;
    for (const Slot process : instance.processes)
        if (const Slot session = state.at<core::Process>(process).session; session != core::kNone)
            sessions.push_back(session);
    return sessions;
}

DrainingInstance show(const core::State& state, Slot slot, const Outlook& outlook) {
    const core::Instance& instance = state.at<core::Instance>(slot);
    const std::vector<Slot> sessions = sessions_of(state, instance);
    DrainingInstance out;
    out.instance_id = instance.id;
    out.status = instance.status == InstanceStatus::Draining ? "ENDING" : instance.reserved ? "RESERVED" : "STAYING";
    out.game_server_session_count = instance.sessions;
    for (const Slot session : sessions) out.player_session_count += state.at<core::GameSession>(session).seats;
    for (const Slot process : instance.processes)
        out.processes_told_to_end += state.at<core::Process>(process).status == ProcessStatus::Ending;
    Estimate estimate = outlook.of(sessions);
    out.estimated_time = std::move(estimate.p50);
    out.estimated_time_p90 = std::move(estimate.p90);
    out.latest_time = std::move(estimate.latest);
    return out;
}

}  // namespace

Result<DrainFleetResponse> handle(Scope& scope, const DrainFleetRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    core::DrainOptions options{.deny_joins = request.deny_joins, .delete_when_empty = request.delete_when_empty};
    if (request.deadline_in_seconds)
        options.deadline = Millis{static_cast<std::int64_t>(*request.deadline_in_seconds) * 1000};
    TRY(core::drain_fleet(scope.step, slot, options));
    return DrainFleetResponse{.fleet_drain = show(scope, slot)};
}

Result<UndrainFleetResponse> handle(Scope& scope, const UndrainFleetRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    core::undrain_fleet(scope.step, slot);
    return UndrainFleetResponse{.fleet_drain = show(scope, slot)};
}

/// The instance that takes longest comes first: the one whose youngest session is the youngest of all.
Result<DescribeFleetDrainResponse> handle(Scope& scope, const DescribeFleetDrainRequest& request) {
    const core::State& state = scope.state();
    const core::Fleet& fleet = state.at<core::Fleet>(TRY(need_fleet(scope, request.fleet_id)));
    const Outlook outlook{state, scope.step.now, core::session_lengths(state, fleet)};
    std::vector<std::tuple<std::uint64_t, std::string_view, Slot>> order;  // of its youngest session, id, slot
    for (const Slot slot : fleet.instances) {
        const core::Instance& instance = state.at<core::Instance>(slot);
        std::uint64_t youngest = 0;
        for (const Slot session : sessions_of(state, instance))
            youngest = std::max(youngest, state.at<core::GameSession>(session).order);
        order.emplace_back(youngest, instance.id, slot);
    }
    std::sort(order.begin(), order.end(), std::greater<>());
    DescribeFleetDrainResponse response{.fleet_drain = show(state, fleet, outlook), .total_count = order.size()};
    for (const auto& [youngest, id, slot] : page(std::move(order), request.offset, request.limit))
        response.instances.push_back(show(state, slot, outlook));
    return response;
}

}  // namespace gse::api
