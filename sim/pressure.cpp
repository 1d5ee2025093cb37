#include "sim/pressure.h"

#include <cmath>
#include <numbers>

namespace gse::sim {

double Pressure::at(std::int64_t now_ms) {
    constexpr std::int64_t kMinute = 60'000;
    constexpr double kHour = 60.0 * kMinute;
    if (burst_at_ < 0) burst_at_ = now_ms + rng_.between(10 * kMinute, 120 * kMinute);
    if (now_ms >= burst_at_) {
        burst_until_ = now_ms + rng_.between(kMinute, 5 * kMinute);
        burst_at_ = burst_until_ + rng_.between(30 * kMinute, 180 * kMinute);
    }
    const double hour = static_cast<double>(now_ms) / kHour;
    const double wave = 0.55 - 0.45 * std::cos((hour - 5) * std::numbers::pi / 12);
    return now_ms < burst_until_ ? wave * 3 : wave;
}

}  // namespace gse::sim
