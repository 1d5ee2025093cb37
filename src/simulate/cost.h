/// What the product's own work costs, by what was done.
#pragma once

#include <time.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace gse::simulate {

enum class Work : std::uint8_t { Placement, Join, Report, Heartbeat, Tick, Settle };
inline constexpr std::array<std::string_view, 6> kWorkNames{"placements", "joins", "reports",
                                                            "heartbeats", "ticks", "batches"};

/// CPU time of the thread, nanoseconds.
[[nodiscard]] inline std::uint64_t thread_cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

class CostMeter {
public:
    struct Sum {
        std::uint64_t count = 0;
        std::uint64_t ns = 0;
    };
    void add(Work work, std::uint64_t ns) {
        Sum& sum = sums_[static_cast<std::size_t>(work)];
        ++sum.count;
        sum.ns += ns;
    }
    [[nodiscard]] const Sum& of(Work work) const { return sums_[static_cast<std::size_t>(work)]; }

private:
    std::array<Sum, kWorkNames.size()> sums_{};
};

/// `work` done; its cost goes to `meter`, if there is one.
template <class Do>
decltype(auto) metered(CostMeter* meter, Work work, Do&& done) {
    struct Stop {
        CostMeter* meter;
        Work work;
        std::uint64_t begin;
        ~Stop() {
            if (meter) meter->add(work, thread_cpu_ns() - begin);
        }
    } const stop{meter, work, meter ? thread_cpu_ns() : 0};
    return std::forward<Do>(done)();
}

}  // namespace gse::simulate
