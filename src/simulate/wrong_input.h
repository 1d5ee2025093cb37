/// Refusals of what people wrote into a policy or a curve. Private to the folder.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/result.h"

namespace gse::simulate {

/// No more of a wrong text is repeated.
inline constexpr std::size_t kShown = 60;

inline std::unexpected<Error> wrong(std::string message) {
    return refuse(ErrorCode::InvalidParameterValue, std::move(message));
}

}  // namespace gse::simulate
