/// Demand against capacity, a panel a policy, as SVG.
#pragma once

#include <string>
#include <vector>

#include "simulate/report.h"

namespace gse::simulate {

[[nodiscard]] std::string to_svg(const std::vector<Outcome>& outcomes);

}  // namespace gse::simulate
