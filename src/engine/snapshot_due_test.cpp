#include "engine/snapshot_due.h"

#include <gtest/gtest.h>

namespace gse::engine {
namespace {

TEST(SnapshotDue, AfterTheLeastLogAndTheLastSnapshotsSizeUnlessTheDiskIsShort) {
    constexpr std::uint64_t kMiB = 1 << 20;
    struct Case {
        const char* what;
        std::uint64_t log, last, free;
        bool due;
    };
    for (const Case& one : {
             Case{"the first one waits for the least log", 255, 0, 100'000, false},
             Case{"and is due then", 256, 0, 100'000, true},
             Case{"a small state: the least log decides", 255, 90, 100'000, false},
             Case{"a small state, enough log", 256, 90, 100'000, true},
             Case{"a large state waits for as much log", 2'999, 3'000, 100'000, false},
             Case{"and has it", 3'000, 3'000, 100'000, true},
             Case{"room for twice the last one beside the reserve", 300, 3'000, 6'100, false},
             Case{"log would take that room", 300, 3'000, 6'099, true},
             Case{"little log is not the reason of a full disk", 255, 3'000, 10, false},
         })
        EXPECT_EQ(snapshot_is_due({.log = one.log * kMiB,
                                   .last_snapshot = one.last * kMiB,
                                   .free_disk = one.free * kMiB,
                                   .least_log = 256 * kMiB,
                                   .reserve = 100 * kMiB}),
                  one.due)
            << one.what;
}

}  // namespace
}  // namespace gse::engine
