/// From an authenticated call to a decision and back: version, action, region and parameters are checked on the
/// caller's thread, the typed request goes to the owner, the encoded answer comes back after the commit.
#pragma once

#include <memory>

#include "api/actions.h"
#include "api/call_counts.h"
#include "engine/api_port.h"
#include "engine/engine.h"
#include "objects/object_store.h"

namespace gse::api {

/// Thread-safe. `engine`, `store`, `services`, `settings` and `clock` outlive it.
class Gateway final : public engine::ApiPort {
public:
    /// `clock` says which uploads are old enough to go.
    Gateway(engine::Engine& engine, objects::ObjectStore& store, const Services& services, const Settings& settings,
            const Clock& clock);
    ~Gateway() override;

    void call(engine::ApiCall call, std::move_only_function<void(std::string body)> done) override;
    /// Of this run of the server; requests that the rim refused (signatures) are not among them.
    [[nodiscard]] const CallCounts& counts() const { return *counts_; }

private:
    struct Worker;
    engine::Engine& engine_;
    const Services& services_;
    const Settings& settings_;
    const Clock& clock_;
    std::shared_ptr<Worker> worker_;
    std::shared_ptr<CallCounts> counts_;  ///< the engine may finish a call when the gateway is gone already
};

/// Decides one decoded call on a step; what the gateway runs on the owner's thread, and tests run directly.
/// `json` is the request's body. Returns the complete answer.
[[nodiscard]] std::string answer(core::Step& step, const Services& services, const engine::ApiCall& call,
                                 std::optional<objects::ObjectInfo> package = std::nullopt);

}  // namespace gse::api
