// Quotas. Source: [资源限制; API:QuotaResource].
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/lookup.h"
#include "core/fleets.h"

namespace gse::api {
namespace {

/// The API's numbers [API:QuotaResource].
enum class Resource : std::uint64_t { Asset = 1, Fleet = 2, Alias = 3, Queue = 4, Instance = 5 };
constexpr std::array kResources = {Resource::Asset, Resource::Fleet, Resource::Alias, Resource::Queue,
                                   Resource::Instance};

/// Adds up over the caller's region.
template <class T, class Size>
std::uint64_t sum(const Scope& scope, Size&& size) {
    std::uint64_t total = 0;
    scope.state().table<T>().for_each([&](core::Slot, const T& record) {
        if (record.region == scope.region) total += size(record);
    });
    return total;
}

QuotaResource read(const Scope& scope, Resource resource) {
    const gse::Limits& limits = scope.step.settings().limits;
    std::uint64_t limit = 0, used = 0;
    std::string extra;
    switch (resource) {
        case Resource::Asset: {
            limit = limits.assets_per_region;
            used = sum<core::Asset>(scope, [](const core::Asset&) { return 1; });
            const std::uint64_t bytes = sum<core::Asset>(scope, [](const core::Asset& asset) { return asset.bytes; });
            const std::uint64_t left = limits.asset_bytes_per_region - std::min(limits.asset_bytes_per_region, bytes);
            extra = fmt::format(R"({{"AssertCapacityQuota":"{}GB","AssertCapacitySurplus":"{}GB"}})",
                                limits.asset_bytes_per_region >> 30, left >> 30);
            break;
        }
        case Resource::Fleet:
            limit = limits.fleets_per_region;
            used = sum<core::Fleet>(
                scope, [](const core::Fleet& fleet) { return fleet.status == FleetStatus::Terminated ? 0 : 1; });
            break;
        case Resource::Alias:
            limit = limits.aliases_per_region;
            used = sum<core::Alias>(scope, [](const core::Alias&) { return 1; });
            break;
        case Resource::Queue:
            limit = limits.queues_per_region;
            used = sum<core::Queue>(scope, [](const core::Queue&) { return 1; });
            break;
        case Resource::Instance:
            limit = limits.instances_per_region;
            used = core::sum_of_maxima(scope.state(), scope.region);
            break;
    }
    return {.resource_type = static_cast<std::uint64_t>(resource),
            .hard_limit = limit,
            .remaining = limit - std::min(limit, used),
            .extra_info = std::move(extra)};
}

}  // namespace

Result<DescribeUserQuotaResponse> handle(Scope& scope, const DescribeUserQuotaRequest& request) {
    return DescribeUserQuotaResponse{.quota_resource = read(scope, static_cast<Resource>(request.resource_type))};
}

Result<DescribeUserQuotasResponse> handle(Scope& scope, const DescribeUserQuotasRequest&) {
    DescribeUserQuotasResponse response{.total = kResources.size()};
    for (const Resource resource : kResources) response.quota_resource.push_back(read(scope, resource));
    return response;
}

}  // namespace gse::api
