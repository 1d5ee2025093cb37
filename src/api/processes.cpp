// Game server processes, which the original's API never showed: what operators look for when a host is busy or a match
// hangs.
#include "core/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "api/lookup.h"
#include "core/sessions.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

constexpr std::string_view kProcessList = "server-processes";

ServerProcess show_process(const Scope& scope, Slot slot) {
    const core::State& state = scope.state();
    const core::Process& process = state.at<core::Process>(slot);
    const core::Instance& instance = state.at<core::Instance>(process.instance);
    const core::Fleet& fleet = state.at<core::Fleet>(instance.fleet);
    ServerProcess out;
    out.process_id = process.id;
    out.fleet_id = fleet.id;
    out.instance_id = instance.id;
    out.status = to_text(process.status);
    out.healthy = process.healthy;
    out.pid = process.pid;
    out.ip_address = state.at<core::Host>(instance.host).address;
    out.port = process.client_port;
    out.grpc_port = process.grpc_port;
    for (const core::Place& place : instance.places) {
        if (place.number != process.place || place.recipe >= fleet.recipes.size()) continue;
        out.launch_path = fleet.recipes[place.recipe].launch_path;
        out.parameters = fleet.recipes[place.recipe].parameters;
    }
    if (process.session != kNone) out.game_server_session_id = state.session_id(process.session);
    out.uptime_seconds = static_cast<std::uint64_t>((scope.step.now.engine - process.started).count() / 1000);
    if (process.status == ProcessStatus::Ending) out.end_reason = to_text(process.end_reason);
    return out;
}

}  // namespace

/// Oldest first, which never changes for a process: pages neither repeat nor skip what was there all along.
Result<DescribeServerProcessesResponse> handle(Scope& scope, const DescribeServerProcessesRequest& request) {
    const core::State& state = scope.state();
    std::vector<Slot> instances;
    if (request.instance_id && !request.instance_id->empty())
        instances.push_back(TRY(need_instance(scope, request.fleet_id, *request.instance_id)));
    else
        instances = state.at<core::Fleet>(TRY(need_fleet(scope, request.fleet_id))).instances;
    const auto after = TRY(read_sorted_token(scope.services, kProcessList, request.next_token));

    using Key = std::tuple<std::int64_t, std::string_view>;
    const auto key_of = [&](Slot slot) {
        const core::Process& process = state.at<core::Process>(slot);
        return Key{process.started.ms, std::string_view(process.id).substr(0, kSortKeyMax)};
    };
    std::vector<Slot> found;
    for (const Slot instance : instances)
        for (const Slot slot : state.at<core::Instance>(instance).processes)
            if (!after || key_of(slot) > Key{static_cast<std::int64_t>(after->order), after->key})
                found.push_back(slot);
    const std::size_t shown = std::min<std::size_t>(found.size(), request.limit);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown), found.end(),
                      [&](Slot a, Slot b) { return key_of(a) < key_of(b); });
    DescribeServerProcessesResponse response;
    for (std::size_t i = 0; i < shown; ++i) response.server_processes.push_back(show_process(scope, found[i]));
    if (shown < found.size()) {
        const auto [started, id] = key_of(found[shown - 1]);
        response.next_token = make_token(scope.services, kProcessList,
                                         SortedPosition{static_cast<std::uint64_t>(started), std::string(id)});
    }
    return response;
}

Result<EndServerProcessResponse> handle(Scope& scope, const EndServerProcessRequest& request) {
    const core::State& state = scope.state();
    const Slot process = TRY(need_process(scope, request.process_id));
    const Slot session = state.at<core::Process>(process).session;
    if (session != kNone && !request.force &&
        state.at<core::GameSession>(session).protection == ProtectionPolicy::FullProtection)
        return refuse(ErrorCode::UnsupportedOperation,
                      fmt::format("Process {} runs a game server session with FullProtection; set Force to true to end "
                                  "both, or let the game end it",
                                  request.process_id));
    // As EndGameServerSessionAndProcess: the end is decided here and now; the process only has to follow.
    if (session != kNone)
        core::end_session(scope.step, session, SessionStatus::Terminated, "ended by EndServerProcess");
    core::request_end(scope.step, process, request.force ? EndReason::Killed : EndReason::EndedByApi);
    return EndServerProcessResponse{.server_process = show_process(scope, process)};
}

}  // namespace gse::api
