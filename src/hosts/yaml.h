/// YAML, as kubeconfig files and Pod templates are written in, into JSON values. JSON itself is read as well.
#pragma once

#include <boost/json/value.hpp>

#include <string_view>

#include "base/result.h"

namespace gse::hosts {

/// One document. Scalars become null, booleans and numbers as YAML 1.2 has them; what is quoted stays text. Bounds: 1
/// MiB, 64 levels, 100,000 values with aliases followed. InvalidParameter: the message names line and column.
[[nodiscard]] Result<boost::json::value> read_yaml(std::string_view text);

}  // namespace gse::hosts
