/// How many calls may wait to be decided, so that none waits for long. Time is handed in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace gse::engine {

/// As many as were lately decided in kWait: a join takes microseconds, a placement among many destinations a hundred
/// times that. One thread at a time.
class QueueBound {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::milliseconds kWait{1'000};
    static constexpr std::size_t kLeast = 256;

    explicit QueueBound(std::size_t most) : most_(most), bound_(most) {}

    /// Nothing waits.
    void idle(Time now) {
        since_ = now;
        calls_ = 0;
        bound_ = most_;
    }
    /// That many were decided, while others waited.
    void decided(Time now, std::size_t calls) {
        if (since_ == Time{}) idle(now);
        calls_ += static_cast<double>(calls);
        const std::chrono::duration<double> busy = now - since_;
        if (busy < kWait) return;
        const double in_time = calls_ * (std::chrono::duration<double>(kWait) / busy);
        bound_ = std::clamp(static_cast<std::size_t>(in_time), std::min(kLeast, most_), most_);
        if (busy < 10 * kWait) return;
        // What is long ago counts less and less.
        since_ += std::chrono::duration_cast<Time::duration>(busy / 2);
        calls_ /= 2;
    }

    [[nodiscard]] std::size_t bound() const { return bound_; }

private:
    std::size_t most_;
    std::size_t bound_;
    Time since_{};
    double calls_ = 0;
};

}  // namespace gse::engine
