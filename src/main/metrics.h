/// The text of /metrics, in Prometheus' format. docs/metrics.md lists every name.
#pragma once

#include <string>

#include "api/call_counts.h"
#include "engine/engine.h"
#include "engine/member.h"
#include "http/relay.h"
#include "http/server.h"
#include "model/settings.h"

namespace gse {

struct MetricSources {
    engine::Engine& engine;
    const Settings& settings;
    const api::CallCounts& calls;
    http::ServerStats http;
    bool ready = true;
    engine::MemberView member = {.role = engine::Role::Leading, .leader_known = true};  ///< as a server alone is
    http::RelayStats relay = {};
    bool leader_reached = true;
};

/// Visits the engine's thread for a moment at a time, however many fleets there are. Not from that thread.
[[nodiscard]] std::string metrics_text(const MetricSources& from);

}  // namespace gse
