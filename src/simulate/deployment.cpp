#include "simulate/deployment.h"

#include <fmt/format.h>

#include "api/gateway.h"
#include "base/check.h"

namespace gse::simulate {

Deployment::Deployment(const Settings& settings, const MachinesShape& machines, WallTime wall, std::uint64_t seed,
                       Script& script, CostMeter* meter)
    : settings_(settings),
      wall_(wall),
      rng_(seed),
      auth_("a secret of thirty-two bytes or more"),
      services_{
          .object_auth = auth_, .token_secret = "another secret of thirty-two bytes", .public_url = "http://simulated"},
      script_(script),
      meter_(meter),
      state_(std::make_unique<core::State>(settings_)) {
    state_->rebuild();
    state_->begin_epoch();
    decider_ = std::make_unique<engine::Decider>(
        *state_, rng_, engine::Greeting{.deployment_id = "simulated", .objects_url = "http://simulated/objects"});
    machines_ = std::make_unique<Machines>(machines, agenda_, *decider_, script_, meter_);
}

void Deployment::open() {
    batch(EngineTime{1}, [&] { machines_->connect(now_, settings_.timers.heartbeat); });
}

/// Everything that is due then, and `more`, decided and out.
void Deployment::batch(EngineTime at, const std::function<void()>& more) {
    if (at > now_) script_.on_time(now_, at);
    now_ = at;
    decider_->begin({now_, wall_ + Millis{now_.ms}});
    while (agenda_.next() <= now_) {
        Event event = agenda_.take();
        event.at = now_;
        if (event.kind < Machines::kKindsEnd)
            machines_->on_event(event);
        else
            script_.on_event(event);
    }
    if (more) more();
    while (metered(meter_, Work::Tick, [&] { return decider_->tick(); })) {
    }
    const engine::Batch done = metered(meter_, Work::Settle, [&] { return decider_->finish(); });
    for (const auto& message : done.messages) machines_->obey(message, now_);
}

void Deployment::run_until(EngineTime until) {
    for (;;) {
        const EngineTime next = std::min(agenda_.next(), state_->next_timer());
        if (next > until) break;
        batch(std::max(next, now_), {});
    }
    if (until > now_) script_.on_time(now_, until);
    now_ = std::max(now_, until);
}

Result<std::string> Deployment::ask(std::string action, std::string json, std::optional<objects::ObjectInfo> package) {
    engine::ApiCall call;
    call.action = std::move(action);
    call.version = "2019-11-12";
    call.request_id = "simulated";
    call.json = std::move(json);
    std::string body;
    batch(now_, [&] {
        engine::Decide decide = [&](core::Step& step) {
            return api::answer(step, services_, call, std::move(package));
        };
        body = decider_->call(decide);
    });
    const api::Envelope envelope = TRY(api::open_envelope(body));
    if (!envelope.error_code.empty())
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("{} was refused: {}: {}", call.action, envelope.error_code, envelope.error_message));
    return envelope.response;
}

Result<std::string> Deployment::make_fleet(api::CreateFleetRequest request, const std::string& asset_name) {
    api::CreateAssetRequest asset;
    asset.bucket_key = asset_name + ".zip";
    asset.asset_name = asset_name;
    asset.asset_version = "1";
    asset.asset_region = settings_.default_region;
    asset.operate_system = "CentOS7.16";
    request.asset_id =
        TRY(ask<api::CreateAssetResponse>(asset, objects::ObjectInfo{.size = 1'000'000,
                                                                     .sha256 = std::string(64, 'a'),
                                                                     .stored_at = wall_ + Millis{now_.ms}}))
            .asset_id;
    const auto made = TRY(ask<api::CreateFleetResponse>(request));
    if (!made.fleet_attributes || !made.fleet_attributes->fleet_id)
        return refuse(ErrorCode::Internal, "CreateFleet answered without a fleet");
    const std::string id = *made.fleet_attributes->fleet_id;
    const core::Slot slot = state_->find_fleet(settings_.default_region, id);
    // Nothing fails on these machines: it is ACTIVE after its first instance's time, or has no room.
    const EngineTime limit = now_ + settings_.timers.fleet_creation;
    while (state_->at<core::Fleet>(slot).status != FleetStatus::Active) {
        const EngineTime next = std::min(agenda_.next(), state_->next_timer());
        if (next > limit) return refuse(ErrorCode::FailedOperation, "the fleet did not become ACTIVE");
        run_until(next);
    }
    return id;
}

}  // namespace gse::simulate
