// The fleet's connection to a CCN. Source: [关联云联网; API:CcnInstanceSets]. On machines of your own it is
// bookkeeping: there is no such network and nobody to ask, so an association holds at once.
#include <fmt/format.h>

#include "api/fleet_parts.h"
#include "core/events.h"

namespace gse::api {

using core::Slot;

Result<AttachCcnInstancesResponse> handle(Scope& scope, const AttachCcnInstancesRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    TRY(check_ccn(request.account_id, request.ccn_id));
    if (const core::Fleet& fleet = scope.state().at<core::Fleet>(slot); !fleet.ccn.empty())
        return refuse(ErrorCode::CcnAttached,
                      fmt::format("Fleet {} is attached to {}; detach it first with DetachCcnInstances", fleet.id,
                                  fleet.ccn.front().second));
    {
        auto edit = scope.state().edit<core::Fleet>(slot);
        edit->ccn.emplace_back(request.account_id, request.ccn_id);
        edit->ccn_after_creation = true;
        edit->ccn_attached = scope.step.now.wall;
    }
    core::add_event(scope.step, slot, "GENERIC_EVENT",
                    fmt::format("{} of account {} was noted as attached", request.ccn_id, request.account_id));
    return AttachCcnInstancesResponse{};
}

Result<DescribeCcnInstancesResponse> handle(Scope& scope, const DescribeCcnInstancesRequest& request) {
    const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_fleet(scope, request.fleet_id)));
    DescribeCcnInstancesResponse response{.total_count = fleet.ccn.size()};
    for (const auto& [account, ccn] : fleet.ccn)
        response.ccn_instance_sets.push_back(
            {.account_id = account,
             .ccn_id = ccn,
             .create_time = format_utc(fleet.ccn_after_creation ? fleet.ccn_attached : fleet.created),
             .instance_name = fleet.id,
             .state = "ACTIVE"});
    return response;
}

Result<DetachCcnInstancesResponse> handle(Scope& scope, const DetachCcnInstancesRequest& request) {
    const Slot slot = TRY(need_living_fleet(scope, request.fleet_id));
    const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
    if (fleet.ccn.empty())
        return refuse(ErrorCode::CcnNotFound, fmt::format("Fleet {} is attached to no CCN", fleet.id));
    const std::string ccn = fleet.ccn.front().second;
    {
        auto edit = scope.state().edit<core::Fleet>(slot);
        edit->ccn.clear();
        edit->ccn_after_creation = false;
        edit->ccn_attached = {};
    }
    core::add_event(scope.step, slot, "GENERIC_EVENT", fmt::format("{} was noted as detached", ccn));
    return DetachCcnInstancesResponse{};
}

}  // namespace gse::api
