/// What several families of actions need of a fleet.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "api/lookup.h"

namespace gse::api {

/// The region's fleets, newest first.
std::vector<core::Slot> fleets_of(const Scope& scope);

/// Fleets that were deleted and are still remembered are found too: their last state, events, logs and statistics stay
/// readable.
Result<core::Slot> need_remembered_fleet(const Scope& scope, std::string_view id);

/// Launch paths lie under /local/game/ [创建服务器舰队]; whether the file is there, an instance finds out.
Result<void> check_launch_paths(const RuntimeConfiguration& runtime);

/// An account number and the id of a CCN, in their form: whether there are such ones, nobody can be asked [关联云联网].
Result<void> check_ccn(std::string_view account_id, std::string_view ccn_id);

std::vector<core::ProcessRecipe> store_recipes(const RuntimeConfiguration& runtime);
RuntimeConfiguration show_runtime(const core::Fleet& fleet);
void store_creator_limit(const ResourceCreationLimitPolicy& limit, core::Fleet& fleet);

template <class Permission>
core::InboundPermission store_permission(const Permission& permission) {
    return {.from_port = static_cast<std::uint16_t>(permission.from_port),
            .to_port = static_cast<std::uint16_t>(permission.to_port),
            .protocol = permission.protocol,
            .ip_range = permission.ip_range};
}

/// Each rule once, in the order they came.
template <class Permission>
std::vector<core::InboundPermission> store_permissions(const std::vector<Permission>& permissions) {
    std::vector<core::InboundPermission> out;
    for (const Permission& one : permissions)
        if (const auto stored = store_permission(one); std::ranges::find(out, stored) == out.end())
            out.push_back(stored);
    return out;
}

/// A signed link to a log, valid for Services::log_url_valid.
std::string log_url(const Scope& scope, std::string_view key);

}  // namespace gse::api
