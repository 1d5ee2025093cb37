/// Processes that a developer started by hand, in a terminal or a debugger, and that joined through the SDK port of
/// `gse dev`. They wait in a fleet of their own, without package and without places: nothing is launched, scaled or
/// killed there. Source: [本地调试工具].
#pragma once

#include <string_view>

#include "core/step.h"

namespace gse::core {

/// Where they wait until a session is wanted on some other fleet.
inline constexpr std::string_view kHandStartedFleet = "fleet-hand-started";
/// InstanceType of such fleets, as the original's tool called it.
inline constexpr std::string_view kHandStartedType = "localhost";
/// Further ones are not made: whoever needs so many has a loop that makes up names.
inline constexpr std::size_t kHandStartedFleetsMax = 200;

[[nodiscard]] bool is_hand_started(const Fleet& fleet);

/// A report of a start that names no instance.
void attach_process(Step& step, Slot host, const link::ProcessStarted& report);

/// The fleet is about to get a session of an unsigned local call: if there is none of that id, it is made, and if it
/// has no idle process, it gets one that waits elsewhere. Any id of the form fleet-… will do. Fleets with a package
/// stay as they are.
void lend_hand_started(Step& step, std::string_view region, std::string_view fleet_id);

}  // namespace gse::core
