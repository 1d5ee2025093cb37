/// Writing down why a request for a session was decided as it was.
#pragma once

#include "api/actions.h"
#include "core/decisions.h"

namespace gse::api {

/// An entry for the call that is being decided.
[[nodiscard]] core::Decision begin_decision(const Scope& scope);
/// The call was refused: so says the log.
void refuse_decision(Scope& scope, core::Decision decision, const Error& error);

}  // namespace gse::api
