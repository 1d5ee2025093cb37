/// When sessions are asked for, along a curve.
#pragma once

#include <optional>

#include "base/rng.h"
#include "simulate/curve.h"

namespace gse::simulate {

struct Arrival {
    Millis at{0};
    Millis lasts{0};  ///< the session, once it is ACTIVE
};

/// Even: evenly spaced, the first when the rate first allows one, each of the mean length. Random: as calls of many who
/// know nothing of each other come, each between half and one and a half of the mean length.
enum class Chance : bool { Even, Random };

/// The walk begins at time 0 and ends with the curve.
class Arrivals {
public:
    /// Both outlive it.
    Arrivals(const Curve& curve, SeededRng& rng, Chance chance);
    [[nodiscard]] std::optional<Arrival> next();

private:
    const Curve& curve_;
    SeededRng& rng_;
    const Chance chance_;
    std::size_t stretch_ = 0;
    double done_ = 0;    ///< sessions of the stretches before
    double target_ = 0;  ///< the next one comes when the sum of the rate has reached it
};

/// Uniform in [0, 1).
[[nodiscard]] double uniform(SeededRng& rng);

}  // namespace gse::simulate
