/// How many sessions the refused creates of the last minute stand for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "base/time.h"

namespace gse::plan {

/// Counts refused creates of one fleet. The most that were refused within one slice of a minute are the demand: a crowd
/// counts in full, and one client that asks again and again counts once. Memory: one entry a slice.
class RefusalCounter {
public:
    static constexpr int kSlices = 60;

    /// True when a slice begins: a minute later the demand may be less.
    bool add(EngineTime now, Millis minute) {
        while (!slices_.empty() && slices_.front().began + minute <= now) slices_.pop_front();
        const Millis slice = std::max(Millis{1}, minute / kSlices);
        const bool begins = slices_.empty() || now >= slices_.back().began + slice;
        if (begins) slices_.push_back({now, 0});
        ++slices_.back().refused;
        return begins;
    }
    /// A create succeeded: one of those who were refused has what it wanted.
    void satisfy() {
        for (Slice& slice : slices_)
            if (slice.refused > 0) --slice.refused;
    }
    [[nodiscard]] std::uint64_t demand(EngineTime now, Millis minute) const {
        std::uint64_t most = 0;
        for (const Slice& slice : slices_)
            if (now < slice.began + minute) most = std::max(most, slice.refused);
        return most;
    }

private:
    struct Slice {
        EngineTime began;
        std::uint64_t refused = 0;
    };
    std::deque<Slice> slices_;
};

}  // namespace gse::plan
