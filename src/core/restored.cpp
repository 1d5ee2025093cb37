#include "core/restored.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/events.h"
#include "core/processes.h"
#include "core/sessions.h"

namespace gse::core {
namespace {

/// Longer than a process rests between two matches.
constexpr Millis kLongRest{60'000};

}  // namespace

void begin_restored(State& state, Now now) {
    {
        auto meta = state.edit<Meta>(0);
        meta->epoch = std::max(meta->epoch + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(now.wall.ms, 0)));
        meta->restored_at = now.engine;
    }
    // Nobody knows yet whether a match runs there: no other one may come to it.
    std::vector<Slot> idle;
    state.table<Process>().for_each([&](Slot slot, const Process& process) {
        if (process.status == ProcessStatus::Active && process.session == kNone) idle.push_back(slot);
    });
    for (const Slot slot : idle)
        state.edit<Process>(slot)->rests_until = now.engine + state.settings().timers.restored_grace;
    std::vector<Slot> cursors;
    state.table<HostCursor>().for_each([&](Slot slot, const HostCursor&) { cursors.push_back(slot); });
    for (const Slot slot : cursors) {
        auto cursor = state.edit<HostCursor>(slot);
        cursor->boot_id.clear();
        cursor->acked_seq = 0;
    }
}

Millis restored_left(const Step& step) {
    const EngineTime at = step.state.at<Meta>(0).restored_at;
    if (at == EngineTime{}) return Millis{0};
    return std::max(Millis{0}, at + step.timers().restored_grace - step.now.engine);
}

void end_unknown_process(Step& step, Slot host, const std::string& process_id) {
    const Millis left = restored_left(step);
    if (left == Millis{0}) return;  // its instance is being removed
    step.order(host, link::EndProcess{.process_id = process_id,
                                      .reason = EndReason::ScaleIn,
                                      .notify = true,
                                      .termination_time_unix_s = (step.now.wall + left).ms / 1000,
                                      .kill_after_ms = left.count()});
}

void end_rest(Step& step, Slot slot) {
    const Process& process = step.state.at<Process>(slot);
    // The rest behind a match is short, and goes on.
    if (process.session != kNone || process.rests_until - step.now.engine < kLongRest) return;
    stop_rest(step, slot);
}

void settle_match(Step& step, Slot process_slot, const std::string& session_id) {
    State& state = step.state;
    const Slot known = session_id.empty() ? kNone : state.find_session(session_id);
    const Process& process = state.at<Process>(process_slot);
    const bool stands_in = process.session != kNone && state.at<GameSession>(process.session).stand_in;
    if (stands_in && !session_id.empty() && known == kNone) return;  // said before
    // One that was not delivered when the backup was taken is delivered again, and settles itself.
    if (process.session != kNone && process.session != known && state.at<GameSession>(process.session).start_delivered)
        end_session(step, process.session, SessionStatus::Terminated,
                    "it ended after the backup was taken from which the server was restored");
    if (session_id.empty() || known != kNone || process.session != kNone) return end_rest(step, process_slot);

    const Slot instance = process.instance;
    const Fleet& fleet = state.at<Fleet>(state.at<Instance>(instance).fleet);
    GameSession session;
    session.key = state.next_session_key(step.rng);
    session.order = state.next_order();
    session.fleet = state.at<Instance>(instance).fleet;
    session.instance = instance;
    session.process = process_slot;
    session.status = SessionStatus::Active;
    session.protection = fleet.protection;
    session.accept_all = false;
    session.start_delivered = true;
    session.name = "(unknown since the restore)";
    session.created_at = step.now.engine;
    session.created = step.now.wall;
    session.address = state.at<Host>(state.at<Instance>(instance).host).address;
    session.port = process.client_port;
    session.stand_in = true;
    const Slot slot = state.add(std::move(session));
    state.edit<Process>(process_slot)->session = slot;
    add_event(step, state.at<Instance>(instance).fleet, "GENERIC_EVENT",
              fmt::format("Process {} runs a match that began after the backup was taken from which the server was "
                          "restored; it goes on as game server session {}, which nobody can join",
                          state.at<Process>(process_slot).id, state.session_id(slot)));
    tell_deadline(step, process_slot);
    state.queue_reconcile(state.at<Instance>(instance).fleet);
}

}  // namespace gse::core
