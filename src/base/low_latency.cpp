#include "base/low_latency.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace gse {

void prefer_low_latency(bool with_children) {
    // glibc 2.36 has no wrapper. For SCHED_OTHER, sched_runtime is the length of a turn in nanoseconds; the kernel
    // clamps it to [0.1 ms, 100 ms], and older ones ignore it.
    struct {
        std::uint32_t size, policy;
        std::uint64_t flags;
        std::int32_t nice;
        std::uint32_t priority;
        std::uint64_t runtime, deadline, period;
    } attributes{};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
    constexpr std::uint32_t kOther = 0;
    constexpr std::uint64_t kResetOnFork = 1;
    if (attributes.policy != kOther) return;  // somebody chose a real-time policy: theirs is better
    if (!with_children) attributes.flags |= kResetOnFork;
    attributes.runtime = 100'000;
    (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace gse
