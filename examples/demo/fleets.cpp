#include "fleets.h"

#include <algorithm>

namespace gse::demo {
namespace {

constexpr Millis kPackageTime{60'000};
constexpr std::uint64_t kEvents = 100;
/// The longest there is: nobody loses a match because its fleet shrinks.
constexpr std::int64_t kProtectionMinutes = 1440;

/// Oldest first.
Result<std::vector<api::Event>> events(Backend& backend, const std::string& fleet_id) {
    auto answer = TRY(backend.call(api::DescribeFleetEventsRequest{.fleet_id = fleet_id, .limit = kEvents}));
    std::ranges::reverse(answer.events);
    return std::move(answer.events);
}

}  // namespace

Result<std::filesystem::path> make_package(const Programs& programs, const Version& version,
                                           const std::filesystem::path& folder) {
    auto zip = folder / fmt::format("{}.zip", version.fleet);
    TRY(run_program({programs.package, zip, version.title, programs.chat}, folder / "package.log", kPackageTime));
    return zip;
}

Result<std::string> upload_package(Backend& backend, const Version& version, const std::filesystem::path& zip) {
    const std::string key = zip.filename();
    const auto place =
        TRY(backend.call(api::GetUploadCredentialsRequest{.asset_region = std::string{kRegion}, .bucket_key = key}));
    TRY(backend.upload(place.bucket_name, key, place.bucket_auth, zip));
    return TRY(backend.call(api::CreateAssetRequest{.bucket_key = key,
                                                    .asset_name = "gse-chat",
                                                    .asset_version = version.number,
                                                    .asset_region = std::string{kRegion},
                                                    .operate_system = "CentOS7.16"}))
        .asset_id;
}

Result<std::string> create_fleet(Backend& backend, const Version& version, const std::string& asset_id) {
    api::CreateFleetRequest request;
    request.asset_id = asset_id;
    request.name = version.fleet;
    request.description = version.title;
    request.instance_type = "S5.LARGE8";
    request.inbound_permissions = {{.from_port = 1025, .ip_range = "0.0.0.0/0", .protocol = "TCP", .to_port = 60'000}};
    request.new_game_server_session_protection_policy = "TimeLimitProtection";
    request.game_server_session_protection_time_limit = kProtectionMinutes;
    request.runtime_configuration.server_processes = {
        {.concurrent_executions = kProcessesPerInstance, .launch_path = "/local/game/start.sh"}};
    const auto answer = TRY(backend.call(request));
    if (!answer.fleet_attributes || !answer.fleet_attributes->fleet_id)
        return refuse(ErrorCode::FailedOperation, "CreateFleet answered no FleetId");
    return *answer.fleet_attributes->fleet_id;
}

Result<void> set_scaling(Backend& backend, const std::string& fleet_id) {
    TRY(backend.call(api::UpdateFleetCapacityRequest{
        .fleet_id = fleet_id, .min_size = 0, .max_size = kInstancesMax, .scaling_interval = kCooldownMinutes}));
    TRY(backend.call(api::PutScalingPolicyRequest{
        .fleet_id = fleet_id,
        .name = "buffer",
        .metric_name = "PercentAvailableGameServerSessions",
        .policy_type = "TargetBased",
        .target_configuration = api::TargetConfiguration{.target_value = kBufferPercent}}));
    return {};
}

Result<std::string> create_alias(Backend& backend, const std::string& name, const std::string& fleet_id) {
    return TRY(backend.call(
                   api::CreateAliasRequest{.name = name, .routing_strategy = {.type = "SIMPLE", .fleet_id = fleet_id}}))
        .alias.alias_id;
}

Result<std::string> states_passed(Backend& backend, const std::string& fleet_id) {
    std::string text = "NEW";
    constexpr std::string_view kState = "FLEET_STATE_";
    for (const auto& event : TRY(events(backend, fleet_id)))
        if (event.event_code.starts_with(kState)) text += " → " + event.event_code.substr(kState.size());
    return text;
}

Result<std::string> recent_events(Backend& backend, const std::string& fleet_id) {
    std::string text;
    for (const auto& event : TRY(events(backend, fleet_id)))
        text += fmt::format("{} {} {}\n", event.event_time, event.event_code, event.message.value_or(""));
    return text;
}

}  // namespace gse::demo
