/// What operators do to hosts: cordon, drain, open, remove.
#pragma once

#include <cstdint>

#include "core/step.h"

namespace gse::core {

/// What runs on a host now.
struct HostLoad {
    std::uint64_t instances = 0;  ///< draining ones too
    std::uint64_t processes = 0;
    std::uint64_t sessions = 0;  ///< live
    std::uint64_t players = 0;   ///< reserved seats included
};
[[nodiscard]] HostLoad load_of(const State& state, Slot host);

/// Draining ends no match: each instance stays open until another one stands in for it, if there is room for one, and
/// then drains as scale-in has it. Reserved instances stay. Opening or cordoning again keeps what has not begun to
/// drain.
void set_availability(Step& step, Slot host, HostAvailability availability);

/// Its host is being drained; or was made for it, and has not the ports that its fleet needs now.
[[nodiscard]] bool must_leave(const State& state, const Instance& instance);

/// Decides anew whether the instance leaves, or stays after all. A reserved one is left alone until it is released.
void review_leaving(Step& step, Slot instance, std::string_view why);

/// The record goes. It carries nothing.
void forget_host(Step& step, Slot host);

/// The host is no more, and its certificate worth nothing. Its instances are lost and replaced; its sessions end as
/// ERROR: InUse while there are any, unless `force`. What it carried.
Result<HostLoad> remove_host(Step& step, Slot host, bool force);

}  // namespace gse::core
