/// How long to wait before the next attempt: doubles from `min` to `max`, each wait drawn from its upper half, so that
/// a thousand agents do not come back in step.
#pragma once

#include <algorithm>

#include "base/rng.h"
#include "base/time.h"

namespace gse::link {

class Backoff {
public:
    /// 1 ms ≤ min ≤ max.
    Backoff(Millis min, Millis max) : min_(min), max_(max), next_(min) {}

    Millis next(Rng& rng) {
        const Millis wait = jittered(next_, rng);
        next_ = std::min(max_, next_ * 2);
        return wait;
    }
    /// The longest wait, at once.
    Millis longest(Rng& rng) {
        next_ = max_;
        return jittered(max_, rng);
    }
    void reset() { next_ = min_; }

private:
    static Millis jittered(Millis wait, Rng& rng) {
        const auto half = wait.count() / 2;
        return Millis{wait.count() - static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(half) + 1))};
    }

    Millis min_, max_, next_;
};

}  // namespace gse::link
