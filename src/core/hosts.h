/// Hosts and their agents: who is connected, what they report, what happens when they fall silent.
#pragma once

#include <span>

#include "core/step.h"

namespace gse::core {

/// An agent opened a stream. Reconciles its inventory; the host's records exist afterwards. Returns the host and the
/// last durable report of this boot id. UnsupportedRegion: the region is not ours, or not the host's.
/// AuthUnauthorized: the host was removed, or the name belongs to a host that has a certificate.
struct HelloResult {
    Slot host;
    std::uint64_t acked_seq;
};
Result<HelloResult> on_hello(Step& step, std::uint64_t stream, const link::HostHello& hello);

/// Which host speaks: the one that its certificate names; without a certificate the one of that name, kNone when there
/// is none yet.
[[nodiscard]] Slot host_of(const State& state, const link::HostHello& hello);

/// One report. Repeats are dropped; what is about an object of another host is refused, counted, and told in
/// an event. False: a gap in the numbers, so the stream must be closed.
[[nodiscard]] bool on_report(Step& step, Slot host, const link::Report& report);

/// Any sign of life.
void on_alive(Step& step, Slot host);
/// What its agent has measured of instances; of others nothing is taken.
void on_readings(Step& step, Slot host, std::span<const link::InstanceReading> readings);
void on_disconnected(Step& step, Slot host, std::uint64_t stream);
/// The host's alive timer fired: alive, shielded or lost.
void check_host(Step& step, Slot host);

/// True when the agent of the instance's host has yet to deliver its backlog, which may hold what a timer waited for:
/// the timer is armed again, and nothing may be given up now.
[[nodiscard]] bool await_backlog(Step& step, Slot instance, TimerKind kind, Slot slot);

/// Derives every order that is outstanding at this host from the state.
void resync_host(Step& step, Slot host);

}  // namespace gse::core
