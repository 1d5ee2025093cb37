/// What a host's silence means. Silence is not death: nothing is given up before timers.host_lost, and never when
/// many hosts fall silent together, which says more about the network than about them. Nor for as long again after
/// that: when the network heals, some come back before the others.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace gse::plan {

struct SilenceView {
    Millis silent_for{0};
    Millis together_ago = Millis::max();  ///< since it was last seen to be one of many; max(): never
    Millis silent_after{15'000};
    Millis lost_after{600'000};
    std::uint32_t region_hosts = 1;         ///< hosts of the region that are not lost
    std::uint32_t region_silent_hosts = 0;  ///< of these, silent ones; this host included if it is
    double mass_share = 0.30;
};

enum class SilenceVerdict : std::uint8_t { Alive, Shield, Lost };

/// "Many" of a region are at least two, and more than `mass_share` of all.
constexpr bool are_many_silent(const SilenceView& view) {
    return view.region_silent_hosts >= 2 &&
           static_cast<double>(view.region_silent_hosts) > view.mass_share * static_cast<double>(view.region_hosts);
}

constexpr SilenceVerdict judge_silence(const SilenceView& view) {
    if (view.silent_for < view.silent_after) return SilenceVerdict::Alive;
    if (std::min(view.silent_for, view.together_ago) < view.lost_after) return SilenceVerdict::Shield;
    return are_many_silent(view) ? SilenceVerdict::Shield : SilenceVerdict::Lost;
}

}  // namespace gse::plan
