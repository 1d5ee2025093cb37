/// How long a process that was asked to end may go on. Source: [结束游戏进程; 创建服务器舰队].
#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"
#include "model/settings.h"
#include "model/statuses.h"

namespace gse::plan {

/// Time from the request until SIGKILL; nullopt: never by force. `session` is the protection of the session it runs:
/// a process without a session is unprotected.
constexpr std::optional<Millis> kill_after(EndReason reason, std::optional<ProtectionPolicy> session,
                                           std::uint32_t protection_minutes, const Timers& timers) {
    switch (reason) {
        case EndReason::EndedByApi:
        case EndReason::ActivationTimeout:
        case EndReason::FleetDeleted: return timers.end_grace;
        case EndReason::ReadyTimeout:
        case EndReason::Killed: return Millis{0};
        case EndReason::Itself: return timers.process_exit;
        case EndReason::None:
        case EndReason::ScaleIn:
        case EndReason::Unhealthy:
        case EndReason::Replaced: break;
    }
    if (!session || *session == ProtectionPolicy::NoProtection) return timers.unprotected_grace;
    if (*session == ProtectionPolicy::TimeLimitProtection) return timers.minute * protection_minutes;
    return std::nullopt;
}

/// When that is up; kNever: never by force. The deadline of a fleet's drain is its operator's word and ends what is
/// left, protected or not.
inline EngineTime kill_at(EngineTime asked, std::optional<Millis> after, EngineTime drain_deadline) {
    return std::min(after ? asked + *after : kNever, drain_deadline);
}

}  // namespace gse::plan
