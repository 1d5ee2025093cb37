#include "deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "agent/testing/make_zip.h"
#include "traffic.h"

namespace gse::bench {
namespace {

constexpr Millis kPatience{180'000};

Error failed(std::string_view what, const client::ApiError& error) {
    return {ErrorCode::FailedOperation, fmt::format("{}: {}", what, e2e::describe(error))};
}

template <class T>
Result<T> must(std::string_view what, client::ApiResult<T> answer) {
    if (!answer) return std::unexpected(failed(what, answer.error()));
    return std::move(*answer);
}

}  // namespace

Result<Served> serve(std::vector<std::string> command, const std::filesystem::path& log) {
    Served served{std::make_unique<e2e::Program>(std::move(command), log), {}};
    auto words = served.program->ready();
    if (!words.contains("http"))
        return refuse(ErrorCode::FailedOperation, "the server did not start: " + served.program->log());
    served.http = words["http"];
    return served;
}

Result<std::unique_ptr<Deployment>> Deployment::start(const DeploymentWish& wish) {
    std::unique_ptr<Deployment> deployment(new Deployment(TRY(TempFolder::make("gse-bench"))));
    deployment->settings_ = wish.settings;
    TRY(deployment->launch("127.0.0.1:0", wish.settings));
    TRY(deployment->connect_hosts(wish));
    TRY(deployment->make_fleets(wish));
    return deployment;
}

Deployment::~Deployment() {
    for (const auto& host : hosts_) host->stop();
}

Result<void> Deployment::launch(const std::string& listen, const std::vector<std::string>& settings) {
    // As users start it; besides where it keeps its data and which port it takes, nothing is said if not in `settings`.
    std::vector<std::string> words{"server", "--listen", listen, "--data", (folder_.path() / "data").string()};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    server_ = std::make_unique<e2e::Program>(e2e::gse_command(words), folder_.path() / "server.log");
    auto ready = server_->ready(kPatience);
    if (!ready.contains("http") || !ready.contains("link"))
        return refuse(ErrorCode::FailedOperation, "the server did not start: " + server_->log());
    http_ = ready["http"];
    link_ = ready["link"];
    api_ = std::make_unique<e2e::Api>(http_, kPatience);
    return {};
}

Result<double> Deployment::restart_s() {
    server_->kill_hard();
    const auto begun = std::chrono::steady_clock::now();
    TRY(launch(http_, settings_));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

Result<std::string> Deployment::make_queue(std::size_t most) {
    api::CreateGameServerSessionQueueRequest request{.name = "bench"};
    request.destinations.emplace();
    for (std::size_t i = 0; i < std::min(most, fleets_.size()); ++i)
        request.destinations->push_back(
            {.destination_arn = fmt::format("qcs::gse:{}:uin/100000000001:fleet/{}", e2e::kRegion, fleets_[i])});
    return TRY(must("CreateGameServerSessionQueue", api_->call(request))).game_server_session_queue.name;
}

Result<void> Deployment::connect_hosts(const DeploymentWish& wish) {
    const auto instances =
        static_cast<std::uint32_t>(wish.processes * wish.fleets / kProcessesPerInstance / wish.hosts + 2 * wish.fleets);
    for (std::size_t i = 0; i < wish.hosts; ++i) {
        hosts_.push_back(std::make_unique<SimHost>(
            SimHostOptions{.name = fmt::format("host-{:04}", i),
                           .address = fmt::format("10.1.{}.{}", i / 250, i % 250 + 1),
                           .instances = instances,
                           .server = link_,
                           .token = TRY(must("CreateHostToken", api_->call(api::CreateHostTokenRequest{}))).token,
                           .pin_file = folder_.path() / fmt::format("pin-{}", i),
                           .matches = wish.matches},
            clock_));
        TRY(hosts_.back()->start());
    }
    if (!e2e::wait_until(kPatience, [&] {
            return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& host) { return host->connected(); });
        }))
        return refuse(ErrorCode::FailedOperation, "the hosts did not connect");
    return {};
}

Result<std::uint64_t> Deployment::active_processes() {
    std::uint64_t sum = 0;
    for (const std::string& fleet : fleets_) {
        api::DescribeFleetUtilizationRequest request;
        request.fleet_ids = std::vector{fleet};
        for (const auto& one : TRY(must("DescribeFleetUtilization", api_->call(request))).fleet_utilization)
            sum += one.active_server_process_count.value_or(0);
    }
    return sum;
}

Result<void> Deployment::make_fleets(const DeploymentWish& wish) {
    const auto zip = folder_.path() / "game.zip";
    std::ofstream(zip, std::ios::binary) << agent::testing::make_zip({{"game", "simulated", 0100755}});
    const std::string asset = TRY(must("CreateAsset", e2e::upload_asset(*api_, zip)));
    const std::size_t per_instance = std::min(kProcessesPerInstance, wish.processes);
    const std::size_t instances = wish.processes / per_instance;
    for (std::size_t i = 0; i < wish.fleets; ++i) {
        const std::string fleet = TRY(must("CreateFleet", e2e::create_fleet(*api_, {.name = fmt::format("fleet-{}", i),
                                                                                    .asset_id = asset,
                                                                                    .launch_path = "/local/game/game",
                                                                                    .processes = per_instance})));
        fleets_.push_back(fleet);
        if (!e2e::wait_until(kPatience, [&] { return e2e::fleet_status(*api_, fleet) == "ACTIVE"; }))
            return refuse(ErrorCode::FailedOperation,
                          "the fleet did not become ACTIVE: " + e2e::event_text(*api_, fleet));
        TRY(must(
            "UpdateFleetCapacity",
            api_->call(api::UpdateFleetCapacityRequest{
                .fleet_id = fleet, .desired_instances = instances, .min_size = instances, .max_size = instances})));
    }
    std::uint64_t active = 0;
    const std::uint64_t wanted = instances * per_instance * wish.fleets;
    if (!e2e::wait_until(kPatience, [&] { return (active = active_processes().value_or(0)) >= wanted; }))
        return refuse(ErrorCode::FailedOperation, fmt::format("{} of {} processes are ready: {}", active, wanted,
                                                              e2e::event_text(*api_, fleets_.front())));
    api::CreateAliasRequest alias{.name = "bench"};
    alias.routing_strategy = {.type = "SIMPLE", .fleet_id = fleets_.front()};
    alias_ = TRY(must("CreateAlias", api_->call(alias))).alias.alias_id;
    return {};
}

Result<std::vector<std::string>> Deployment::make_sessions(std::size_t count, std::uint64_t max_players) {
    const std::uint64_t before = started();
    MakeTraffic traffic(
        http_, fmt::format(R"({{"AliasId":"{}","MaximumPlayerSessionCount":{},"Name":"match"}})", alias_, max_players),
        count);
    while (traffic.ids().size() < count) {
        const std::size_t known = traffic.ids().size();
        const LoadShape shape{.server = http_, .connections = 32, .warm_up_s = 0, .seconds = 1};
        const LoadResult load = TRY(run_load(shape, traffic));
        if (load.errors > 0 || traffic.ids().size() == known)
            return refuse(ErrorCode::FailedOperation, "sessions were refused: " + load.first_error);
    }
    if (!e2e::wait_until(kPatience, [&] { return started() >= before + count; }))
        return refuse(ErrorCode::FailedOperation, "sessions did not start");
    return traffic.ids();
}

std::uint64_t Deployment::sum(std::uint64_t (SimHost::*counter)() const) const {
    std::uint64_t all = 0;
    for (const auto& host : hosts_) all += (*host.*counter)();
    return all;
}

}  // namespace gse::bench
