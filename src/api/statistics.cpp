// How long instances were there, by day (UTC). Traffic is 0: hosts do not tell it. Source: [查看数据统计].
#include <fmt/format.h>

#include <algorithm>

#include "api/fleet_parts.h"
#include "plan/usage.h"

namespace gse::api {
namespace {

using core::Slot;
using plan::Span;

constexpr std::string_view kTimeType = "DAY";

std::string seconds(Millis time) { return std::to_string(time.count() / 1000); }

/// [BeginTime, EndTime), cut off now; everything until now unless they are given.
template <class Request>
Result<Span> read_span(const Scope& scope, const Request& request) {
    Span span{.from = {0}, .to = scope.step.now.wall};
    if (request.begin_time) span.from = TRY(parse_time(*request.begin_time));
    if (!request.end_time) return span;
    WallTime to = TRY(parse_time(*request.end_time));
    if (request.begin_time && span.from > to)
        return refuse(ErrorCode::InvalidParameterValue, "BeginTime is after EndTime; exchange them");
    // [API:DescribeFleetStatisticDetails]: the example asks for a day by naming its midnight twice.
    if (request.begin_time && span.from == to && plan::day_of(to) == to) to = to + plan::kDay;
    span.to = std::min(to, span.to);
    return span;
}

/// Of one fleet, or of all in the region, deleted ones included while they are remembered; oldest first.
template <class Request>
Result<std::vector<const core::InstanceUsage*>> find_usages(const Scope& scope, const Request& request) {
    const core::State& state = scope.state();
    std::vector<const core::InstanceUsage*> found;
    const auto add = [&](const core::Fleet& fleet) {
        for (const auto& [order, slot] : fleet.usages) found.push_back(&state.at<core::InstanceUsage>(slot));
    };
    if (request.fleet_id && !request.fleet_id->empty()) {
        add(state.at<core::Fleet>(TRY(need_remembered_fleet(scope, *request.fleet_id))));
        return found;
    }
    state.table<core::Fleet>().for_each([&](Slot, const core::Fleet& fleet) {
        if (fleet.region == scope.region) add(fleet);
    });
    std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
    return found;
}

Span use_of(const Scope& scope, const core::InstanceUsage& usage) {
    return {usage.began, usage.over ? usage.ended : scope.step.now.wall};
}

std::vector<Span> uses_of(const Scope& scope, const std::vector<const core::InstanceUsage*>& usages) {
    std::vector<Span> uses;
    uses.reserve(usages.size());
    for (const auto* usage : usages) uses.push_back(use_of(scope, *usage));
    return uses;
}

}  // namespace

Result<DescribeFleetStatisticDetailsResponse> handle(Scope& scope,
                                                     const DescribeFleetStatisticDetailsRequest& request) {
    const Span span = TRY(read_span(scope, request));
    auto usages = TRY(find_usages(scope, request));
    std::erase_if(usages, [&](const core::InstanceUsage* usage) {
        return plan::common(use_of(scope, *usage), span).length() == Millis{0};
    });
    DescribeFleetStatisticDetailsResponse response{.total_count = usages.size(), .time_type = std::string(kTimeType)};
    for (const auto* usage : page(std::move(usages), request.offset, request.limit)) {
        const Span use = plan::common(use_of(scope, *usage), span);
        response.detail_list.push_back({.fleet_id = scope.state().at<core::Fleet>(usage->fleet).id,
                                        .instance_id = usage->instance_id,
                                        .instance_ip = usage->address,
                                        .begin_time = format_utc_plain(use.from),
                                        .end_time = format_utc_plain(use.to),
                                        .total_used_time_seconds = seconds(use.length()),
                                        .total_used_flow_mega_bytes = 0.0});
    }
    return response;
}

Result<DescribeFleetStatisticFlowsResponse> handle(Scope& scope, const DescribeFleetStatisticFlowsRequest& request) {
    Span span = TRY(read_span(scope, request));
    const std::vector<Span> uses = uses_of(scope, TRY(find_usages(scope, request)));
    // Days before the first instance have nothing to tell; without any there are none.
    WallTime first = span.to;
    for (const Span& use : uses) first = std::min(first, use.from);
    span.from = std::max(span.from, first);
    const std::uint64_t days = plan::count_days(span);
    DescribeFleetStatisticFlowsResponse response{.total_count = days, .time_type = std::string(kTimeType)};
    const std::uint64_t last =
        request.offset >= days ? days : request.offset + std::min(request.limit, days - request.offset);
    for (std::uint64_t day = request.offset; day < last; ++day) {
        const Span slot = plan::day_at(span, day);
        const std::string begin = format_utc_plain(plan::day_of(slot.from));
        response.used_flow_list.push_back({.total_used_flow_mega_bytes = 0.0, .begin_time = begin});
        response.used_time_list.push_back(
            {.begin_time = begin, .total_used_time_seconds = seconds(plan::total(uses, slot))});
    }
    return response;
}

Result<DescribeFleetStatisticSummaryResponse> handle(Scope& scope,
                                                     const DescribeFleetStatisticSummaryRequest& request) {
    const Span span = TRY(read_span(scope, request));
    const std::vector<Span> uses = uses_of(scope, TRY(find_usages(scope, request)));
    return DescribeFleetStatisticSummaryResponse{.total_used_time_seconds = seconds(plan::total(uses, span)),
                                                 .total_used_flow_mega_bytes = 0.0};
}

}  // namespace gse::api
