/// How many of a fleet's instances on hosts that are being drained may go now. Each stays until another one stands in
/// for it, as long as another one is on its way: where there is no room for more, nothing is waited for. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace gse::plan {

struct LeavingView {
    std::uint32_t wanted = 0;             ///< instances the fleet should have
    std::uint32_t leaving = 0;            ///< that are to go
    std::uint32_t ready_elsewhere = 0;    ///< that stay, and run processes that reported ready
    std::uint32_t pending_elsewhere = 0;  ///< that stay, and are starting
};

constexpr std::uint32_t may_leave_now(const LeavingView& fleet) {
    const std::uint32_t missing = fleet.wanted > fleet.ready_elsewhere ? fleet.wanted - fleet.ready_elsewhere : 0;
    const std::uint32_t kept = std::min(missing, fleet.pending_elsewhere);
    return fleet.leaving > kept ? fleet.leaving - kept : 0;
}

}  // namespace gse::plan
