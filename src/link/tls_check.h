/// Looks at certificates before gRPC gets them: it does not say what is wrong with them.
#pragma once

#include <string>

#include "base/result.h"

namespace gse::link {

/// InvalidParameterValue: there is no certificate in `roots`.
Result<void> check_roots(const std::string& roots);

}  // namespace gse::link
