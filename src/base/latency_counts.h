/// How many durations were how long, counted by any number of threads at once: a histogram for /metrics.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace gse {

class LatencyCounts {
public:
    static constexpr std::array<double, 13> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                    0.1,    0.25,  0.5,    1,     2.5,  10};  ///< seconds
    using Counts = std::array<std::uint64_t, kBounds.size() + 1>;  ///< up to each bound, not below; the last: longer

    void add(std::chrono::steady_clock::duration time) {
        const double seconds = std::chrono::duration<double>(time).count();
        std::size_t i = 0;
        while (i < kBounds.size() && seconds > kBounds[i]) ++i;
        counts_[i].fetch_add(1, std::memory_order_relaxed);
        microseconds_.fetch_add(
            static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()),
            std::memory_order_relaxed);
    }
    [[nodiscard]] Counts counts() const {
        Counts out{};
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = counts_[i].load(std::memory_order_relaxed);
        return out;
    }
    [[nodiscard]] double seconds() const {
        return static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
    }

private:
    std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
    std::atomic<std::uint64_t> microseconds_{0};
};

}  // namespace gse
