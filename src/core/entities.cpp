#include "core/entities.h"

namespace gse::core {

void clear_derived(Asset& asset) { asset.bound_fleets = 0; }

void clear_derived(Fleet& fleet) {
    fleet.instances.clear();
    fleet.open.clear();
    fleet.live_sessions.clear();
    fleet.ended_sessions.clear();
    fleet.events.clear();
    fleet.usages.clear();
    fleet.rules.clear();
    fleet.timers.clear();
    fleet.draining_instances.clear();
    fleet.open_terms.reset();
    fleet.no_room_until = {};
    fleet.instances_pending = fleet.instances_active = fleet.instances_draining = fleet.instances_leaving = 0;
    fleet.sessions_activating = fleet.sessions_active = fleet.sessions_on_staying = 0;
    fleet.players = fleet.players_max = 0;
    fleet.processes_active = fleet.processes_idle = 0;
    fleet.custom_current = fleet.custom_maximum = 0;
    fleet.next_launch = {};
    fleet.launch_failures = 0;
    fleet.reconcile_queued = false;
    fleet.wakes_at = kNever;
    fleet.waiting.clear();
    fleet.demand = 0;
    fleet.waiting_saw = 0;
    fleet.serve_queued = false;
    fleet.refused = {};
    fleet.counts = {};
}

void clear_derived(Host& host) {
    host.cursor = kNone;
    host.access_user.clear();
    host.ping_http.clear();
    host.ping_udp.clear();
    host.limits.clear();
    host.limits_lack.clear();
    host.access_key.clear();
    host.instances.clear();
    host.instances_held = 0;
    host.cpus_held = host.memory_gb_held = 0;
    host.certificate_end = {};
    host.foreign_reports = 0;
    host.foreign_told = host.next_check = {};
    host.ports_resting.clear();
    host.ports_used.clear();
    host.port_cursor = 0;
    host.stream = 0;
    host.synced = host.silent = false;
    host.last_alive = host.silent_together = {};
}

void clear_derived(Instance& instance) {
    instance.busy_ports.clear();
    instance.processes.clear();
    instance.idle.clear();
    instance.active = instance.healthy = instance.sessions = instance.activating = instance.logs_pending = 0;
    instance.open = false;
    instance.open_rank = 0;
    instance.spec_changed = false;
    instance.load = {};
    instance.load_at = {};
}

void clear_derived(Process& process) {
    process.own_port = 0;
    process.idle_position = UINT32_MAX;
}

void clear_derived(GameSession& session) {
    session.listed_live = session.listed_ended = false;
    session.first_player = session.last_player = kNone;
    session.last_number = session.retired_number;
    session.seats = 0;
}

void clear_derived(PlayerSession& player) {
    player.next = player.previous = player.next_same_player = player.index_link = kNone;
}

void clear_derived(Queue& queue) {
    queue.pending.clear();
    queue.counts = {};
}
void clear_derived(ScalingRule& rule) { rule.holds_since = kNever; }
void clear_derived(ScalingTimer& timer) { timer.wakes_at = {}; }

void clear_derived(Placement& placement) {
    placement.reach.clear();
    placement.waits_at.clear();
    placement.grows = kNone;
    placement.decision = 0;
    placement.first_choice = kNone;
    placement.first_choice_up = placement.nearest = false;
    placement.choice = PlacementChoice::First;
}

}  // namespace gse::core
