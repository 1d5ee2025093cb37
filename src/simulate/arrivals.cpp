#include "simulate/arrivals.h"

#include <algorithm>
#include <cmath>

namespace gse::simulate {
namespace {

double minutes_of(Millis time) { return static_cast<double>(time.count()) / 60'000; }

/// Minutes after which a rate that moves evenly from `a` to `b` in `length` minutes has brought `wanted` sessions.
double when(double a, double b, double length, double wanted) {
    if (wanted <= 0) return 0;
    const double slope = (b - a) / length;
    if (std::abs(slope) < 1e-12) return wanted / a;
    // a·t + slope·t²/2 = wanted, in the form that loses no digits
    const double root = std::sqrt(std::max(0.0, a * a + 2 * slope * wanted));
    return 2 * wanted / (a + root);
}

}  // namespace

double uniform(SeededRng& rng) { return static_cast<double>(rng.next() >> 11) * 0x1.0p-53; }

Arrivals::Arrivals(const Curve& curve, SeededRng& rng, Chance chance) : curve_(curve), rng_(rng), chance_(chance) {
    if (chance_ == Chance::Random) target_ = -std::log(1 - uniform(rng_));
}

std::optional<Arrival> Arrivals::next() {
    // What is left by rounding is no session.
    constexpr double kAlmost = 1e-9;
    for (; stretch_ < curve_.stretches.size(); ++stretch_) {
        const Stretch& one = curve_.stretches[stretch_];
        const double length = minutes_of(one.end - one.begin);
        const double whole = (one.rate_begin + one.rate_end) / 2 * length;
        const double wanted = target_ - done_;
        if (wanted + kAlmost >= whole) {
            done_ += whole;
            continue;
        }
        const double mean = one.session_minutes;
        target_ += chance_ == Chance::Even ? 1 : -std::log(1 - uniform(rng_));
        const double lasts = chance_ == Chance::Even ? mean : mean * (0.5 + uniform(rng_));
        const double after = when(one.rate_begin, one.rate_end, length, wanted);
        return Arrival{.at = one.begin + at_minute(std::min(after, length)),
                       .lasts = std::max(Millis{1}, at_minute(lasts))};
    }
    return std::nullopt;
}

}  // namespace gse::simulate
