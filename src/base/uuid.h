/// Random UUIDs (version 4), as request ids have them.
#pragma once

#include <string>

#include "base/rng.h"

namespace gse {

/// `0f8fad5b-d9cb-469f-a165-70867728950e`
[[nodiscard]] std::string make_uuid(Rng& rng);

}  // namespace gse
