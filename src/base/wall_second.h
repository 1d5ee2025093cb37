/// Wall time to the second, for what is kept by the million.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace gse {

/// 4 bytes, from 1970 to 2106; other times become the nearest of these. Fractions of a second are dropped.
class WallSecond {
public:
    WallSecond() = default;
    WallSecond(WallTime time)  // NOLINT(google-explicit-constructor): a coarser reading of the same thing
        : seconds_(static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.ms / 1000, 0, UINT32_MAX))) {}
    operator WallTime() const { return {std::int64_t{seconds_} * 1000}; }  // NOLINT(google-explicit-constructor)

private:
    std::uint32_t seconds_ = 0;
};

}  // namespace gse
