/// What `gse doctor` looks at on the machine it runs on.
#pragma once

#include <vector>

#include "cli/program.h"

namespace gse {

/// Sandbox, limits of resources, disk space, ports: as the configuration wants them.
std::vector<cli::Finding> examine_host(const config::Config& config);

}  // namespace gse
