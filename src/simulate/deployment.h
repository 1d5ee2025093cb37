/// One deployment in virtual time: the product's own state, decider and API, and machines that are made up. The same
/// seed is the same run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/actions.h"
#include "codec/codec.h"
#include "core/state.h"
#include "engine/decider.h"
#include "simulate/machines.h"

namespace gse::simulate {

class Deployment;

/// Whoever asks for sessions, plays, and counts. Called while a batch is open.
class Script : public SessionWatch {
public:
    /// An event of the script's own: its kind is Machines::kKindsEnd or above.
    virtual void on_event(const Event& event) = 0;
    /// Nothing has changed for so long, and now it will.
    virtual void on_time(EngineTime from, EngineTime to) = 0;
};

class Deployment {
public:
    /// `script` and `meter` outlive it; `meter` may be null. The wall clock shows `wall` at engine time 0.
    Deployment(const Settings& settings, const MachinesShape& machines, WallTime wall, std::uint64_t seed,
               Script& script, CostMeter* meter = nullptr);

    /// The machines come. Once, before all else.
    void open();
    /// Everything until then has happened, and everything that it led to.
    void run_until(EngineTime until);
    [[nodiscard]] EngineTime now() const { return now_; }

    /// One call of the API between two batches, as a client would make it: checked by the model, and answered.
    template <class Response, class Request>
    Result<Response> ask(const Request& request, std::optional<objects::ObjectInfo> package = std::nullopt) {
        std::string json;
        api::encode(request, json);
        return decode<Response>(
            ask(std::string(api::ActionTraits<Request>::name), std::move(json), std::move(package)));
    }
    /// The same within an open batch and without JSON: what a script does all the time.
    template <class Request>
    auto call(Work work, const Request& request) {
        using Answer = decltype(api::handle(std::declval<api::Scope&>(), request));
        std::optional<Answer> answer;
        metered(meter_, work, [&] {
            engine::Decide decide = [&](core::Step& step) {
                api::Scope scope{.step = step,
                                 .services = services_,
                                 .region = settings_.default_region,
                                 .request_id = "simulated",
                                 .secret_id = "simulated",
                                 .package = {},
                                 .unpinned = {},
                                 .bucket_rule = {}};
                answer = api::handle(scope, request);
                return std::string();
            };
            static_cast<void>(decider_->call(decide));
        });
        return std::move(*answer);
    }

    /// An asset, and a fleet of it that `request` describes otherwise; ACTIVE. Refused as the server refuses it.
    Result<std::string> make_fleet(api::CreateFleetRequest request, const std::string& asset_name);

    [[nodiscard]] Machines& machines() { return *machines_; }
    [[nodiscard]] Agenda& agenda() { return agenda_; }
    [[nodiscard]] const core::State& state() const { return *state_; }
    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] SeededRng& rng() { return rng_; }

private:
    void batch(EngineTime at, const std::function<void()>& more);
    Result<std::string> ask(std::string action, std::string json, std::optional<objects::ObjectInfo> package);
    template <class Response>
    static Result<Response> decode(Result<std::string> answer) {
        return api::decode_response<Response>(TRY(std::move(answer)));
    }

    const Settings settings_;
    const WallTime wall_;
    SeededRng rng_;
    objects::ObjectAuth auth_;
    api::Services services_;
    Script& script_;
    CostMeter* const meter_;
    EngineTime now_{0};
    std::unique_ptr<core::State> state_;
    std::unique_ptr<engine::Decider> decider_;
    Agenda agenda_;
    std::unique_ptr<Machines> machines_;
};

}  // namespace gse::simulate
