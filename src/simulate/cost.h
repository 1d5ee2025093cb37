/// What the product's own work costs, by what was done.
#pragma once

#include <time.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace gse::simulate {

enum class Work : std::uint8_t { Placement, Join, Accept, End, Report, Heartbeat, Tick, Settle };
inline constexpr std::array<std::string_view, 8> kWorkNames{"placements", "joins",      "accepts", "ends",
                                                            "reports",    "heartbeats", "ticks",   "batches"};
static_assert(kWorkNames.size() == static_cast<std::size_t>(Work::Settle) + 1);

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
    void add(Work work, std::uint64_t ns, std::uint64_t count = 1) {
        Sum& sum = sums_[static_cast<std::size_t>(work)];
        sum.count += count;
        sum.ns += ns;
    }
    [[nodiscard]] const Sum& of(Work work) const { return sums_[static_cast<std::size_t>(work)]; }

private:
    std::array<Sum, kWorkNames.size()> sums_{};
};

/// `work` done `count` times; its cost goes to `meter`, if there is one.
template <class Do>
decltype(auto) metered(CostMeter* meter, Work work, Do&& done, std::uint64_t count = 1) {
    struct Stop {
        CostMeter* meter;
        Work work;
        std::uint64_t count;
        std::uint64_t begin;
        ~Stop() {
            if (meter) meter->add(work, thread_cpu_ns() - begin, count);
        }
    } const stop{meter, work, count, meter ? thread_cpu_ns() : 0};
    return std::forward<Do>(done)();
}

}  // namespace gse::simulate
