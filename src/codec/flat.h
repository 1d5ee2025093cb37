/// Parameters as GET, form and multipart requests carry them: `RoutingStrategy.Type` = `SIMPLE`.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gse::codec {

/// Names and values percent-decoded, in the order they came, without the common parameters (Action, Version …).
using FlatParams = std::vector<std::pair<std::string, std::string>>;

}  // namespace gse::codec
