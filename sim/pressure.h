/// How much is asked for at a time of a simulated day.
#pragma once

#include <cstdint>

#include "base/rng.h"

namespace gse::sim {

/// Day and night, and bursts: a factor of the world's load. One for a world of a seed; the same seed is the same day.
class Pressure {
public:
    explicit Pressure(std::uint64_t seed) : rng_(seed) {}

    /// From 0.1 at five in the morning to 1 at five in the afternoon; in a burst, which comes once in two hours or so
    /// and lasts some minutes, three times that. `now` never goes back.
    [[nodiscard]] double at(std::int64_t now_ms);

private:
    SeededRng rng_;
    std::int64_t burst_at_ = -1;
    std::int64_t burst_until_ = 0;
};

}  // namespace gse::sim
