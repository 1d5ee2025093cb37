/// The text of /metrics, in Prometheus' format.
#pragma once

#include <string>

#include "engine/engine.h"
#include "http/server.h"

namespace gse {

[[nodiscard]] std::string metrics_text(engine::Engine& engine, const http::ServerStats& http);

}  // namespace gse
