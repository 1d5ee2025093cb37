/// What a change has at hand: the state, the time, chance, and where orders to agents go.
#pragma once

#include <vector>

#include "base/rng.h"
#include "core/state.h"
#include "model/link_messages.h"

namespace gse::core {

struct HostOrder {
    Slot host;
    link::OrderBody body;
};

/// A call that is to be decided again: when its placement has ended, at `until` at the latest.
struct Wait {
    Slot placement = kNone;  ///< kNone: the call does not wait
    EngineTime until;
    bool full = false;  ///< in: as many calls wait as may; this one must not
};

/// One batch. Orders leave after the batch is durable; what is not deliverable is dropped, because on every new stream
/// resync_host() derives all outstanding orders from the state again.
struct Step {
    State& state;
    Now now;
    Rng& rng;
    std::vector<HostOrder>& orders;
    Wait* wait = nullptr;  ///< where a call says that it waits; null: it is answered now

    [[nodiscard]] const Settings& settings() const { return state.settings(); }
    [[nodiscard]] const Timers& timers() const { return state.settings().timers; }
    void order(Slot host, link::OrderBody body) { orders.emplace_back(host, std::move(body)); }
};

}  // namespace gse::core
