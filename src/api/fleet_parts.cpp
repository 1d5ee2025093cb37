#include "api/fleet_parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace gse::api {

using core::Slot;

std::vector<Slot> fleets_of(const Scope& scope) {
    std::vector<Slot> slots;
    scope.state().table<core::Fleet>().for_each([&](Slot slot, const core::Fleet& fleet) {
        if (fleet.region == scope.region && fleet.status != FleetStatus::Terminated) slots.push_back(slot);
    });
    std::sort(slots.begin(), slots.end(), [&](Slot a, Slot b) {
        const auto& left = scope.state().at<core::Fleet>(a);
        const auto& right = scope.state().at<core::Fleet>(b);
        return std::tie(right.created, right.id) < std::tie(left.created, left.id);
    });
    return slots;
}

Result<Slot> need_remembered_fleet(const Scope& scope, std::string_view id) {
    if (const Slot slot = scope.state().find_fleet(scope.region, id); slot != core::kNone) return slot;
    return need_fleet(scope, id);
}

Result<void> check_launch_paths(const RuntimeConfiguration& runtime) {
    for (const auto& process : runtime.server_processes) {
        const std::string_view path = process.launch_path;
        if (path.starts_with("C:\\") || path.starts_with("c:\\"))
            return refuse(
                ErrorCode::UnsupportedOperation,
                fmt::format(
                    "LaunchPath '{}' is of Windows; the hosts of this server run Linux, where programs lie under "
                    "/local/game/",
                    path.substr(0, 200)));
        constexpr std::string_view kRoot = "/local/game/";
        if (!path.starts_with(kRoot) || path.size() == kRoot.size() || path.ends_with("/"))
            return refuse(
                ErrorCode::InvalidParameterValue,
                fmt::format(
                    "LaunchPath '{}' does not name a program under /local/game/, where the package is unpacked to",
                    path.substr(0, 200)));
        if (fmt::format("{}/", path).find("/../") != std::string::npos)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("LaunchPath '{}' contains '..'; name the program's own place under /local/game/",
                                      path.substr(0, 200)));
    }
    return {};
}

Result<void> check_ccn(std::string_view account_id, std::string_view ccn_id) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (account_id.empty() || !std::all_of(account_id.begin(), account_id.end(), is_digit))
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format("AccountId '{}' is no account number; it has digits only", account_id.substr(0, 100)));
    constexpr std::string_view kPrefix = "ccn-";
    const auto fits = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); };
    if (!ccn_id.starts_with(kPrefix) || ccn_id.size() == kPrefix.size() ||
        !std::all_of(ccn_id.begin() + kPrefix.size(), ccn_id.end(), fits))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("CcnId '{}' is no id of a CCN, such as ccn-2dsbtmo3", ccn_id.substr(0, 100)));
    return {};
}

std::vector<core::ProcessRecipe> store_recipes(const RuntimeConfiguration& runtime) {
    std::vector<core::ProcessRecipe> recipes;
    for (const auto& process : runtime.server_processes)
        recipes.push_back({.launch_path = process.launch_path,
                           .parameters = process.parameters,
                           .concurrent = static_cast<std::uint32_t>(process.concurrent_executions)});
    return recipes;
}

RuntimeConfiguration show_runtime(const core::Fleet& fleet) {
    RuntimeConfiguration runtime;
    runtime.game_server_session_activation_timeout_seconds = fleet.activation_timeout_s;
    runtime.max_concurrent_game_server_session_activations = fleet.max_activations;
    for (const auto& recipe : fleet.recipes)
        runtime.server_processes.push_back({.concurrent_executions = recipe.concurrent,
                                            .launch_path = recipe.launch_path,
                                            .parameters = recipe.parameters});
    return runtime;
}

void store_creator_limit(const ResourceCreationLimitPolicy& limit, core::Fleet& fleet) {
    fleet.creator_limit =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(limit.new_game_server_sessions_per_creator, UINT32_MAX));
    fleet.creator_minutes =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(limit.policy_period_in_minutes, 10'000'000));
}

std::string log_url(const Scope& scope, std::string_view key) {
    return fmt::format("{}/objects/{}/{}?sign={}", scope.services.public_url, kLogBucket, key,
                       scope.services.object_auth.grant(objects::Access::Read, kLogBucket, key,
                                                        scope.step.now.wall + scope.services.log_url_valid));
}

}  // namespace gse::api
