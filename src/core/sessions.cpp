#include "core/sessions.h"

#include <fmt/format.h>

#include "core/events.h"
#include "core/hosts.h"
#include "core/instances.h"
#include "core/placements.h"
#include "core/players.h"
#include "core/processes.h"

namespace gse::core {
namespace {

/// How long a process rests after a session: most games call ProcessEnding right behind TerminateGameServerSession, and
/// a new session must not land in between.
constexpr Millis kRest{2'000};

plan::SessionOffer offer_for(Step& step, const NewSession& wanted) {
    State& state = step.state;
    const Fleet& fleet = state.at<Fleet>(wanted.fleet);
    plan::SessionOffer offer = offer_of(state, wanted.fleet);
    offer.id_taken = wanted.placement == kNone && !wanted.custom_id.empty() &&
                     state.find_custom_session(fleet.region, wanted.custom_id) != kNone;
    if (fleet.limits_creators() && !wanted.wishes.creator_id.empty()) {
        const Millis period = step.timers().minute * fleet.creator_minutes;
        offer.creator_limit = fleet.creator_limit;
        offer.made = state.count_created(wanted.fleet, wanted.wishes.creator_id, step.now.engine - period);
    }
    return offer;
}

/// Nobody got a process: it counts as demand for a minute.
void count_refusal(Step& step, Slot fleet) {
    State& state = step.state;
    const Millis minute = step.timers().minute;
    bool begins = false;
    state.change_fleet_run(fleet, [&](Fleet& run) { begins = run.refused.add(step.now.engine, minute); });
    if (begins) state.arm(step.now.engine + minute, TimerKind::FleetCheck, fleet);
    state.queue_reconcile(fleet);
}

}  // namespace

std::string describe_shortage(const State& state, Slot fleet_slot) {
    const Fleet& fleet = state.at<Fleet>(fleet_slot);
    std::uint32_t busy = 0;
    std::uint32_t capped = 0;
    std::uint32_t unreachable = 0;
    std::uint32_t held_back = 0;
    for (const Slot slot : fleet.instances) {
        const Instance& instance = state.at<Instance>(slot);
        const Host& host = state.at<Host>(instance.host);
        busy += instance.sessions;
        if (instance.status != InstanceStatus::Active) continue;
        if (host.silent || host.lost)
            ++unreachable;
        else if (instance.reserved || instance.weight == 0)
            ++held_back;
        else if (!instance.idle.empty() && fleet.max_activations != 0 && instance.activating >= fleet.max_activations)
            ++capped;
    }
    std::string text = fmt::format("{}/{} processes busy", busy, fleet.processes_active);
    if (fleet.instances_pending > 0)
        text +=
            fmt::format(", {} instance{} starting", fleet.instances_pending, fleet.instances_pending == 1 ? "" : "s");
    if (capped > 0)
        text += fmt::format(", {} at MaxConcurrentGameServerSessionActivations {}", capped, fleet.max_activations);
    if (held_back > 0) text += fmt::format(", {} reserved or at weight 0", held_back);
    if (unreachable > 0) text += fmt::format(", {} on hosts that are not answering", unreachable);
    if (fleet.waits_for_room) text += ", no host has room for another instance";
    return text + fmt::format(", maximum {}", fleet.max);
}

Result<Slot> create_session(Step& step, NewSession wanted) {
    State& state = step.state;
    const Fleet& fleet = state.at<Fleet>(wanted.fleet);
    const bool placed = wanted.placement != kNone;
    if (!placed && fleet.serve_queued) serve_placements(step, kPlacementsPerBatch);
    const plan::SessionOffer offer = offer_for(step, wanted);
    const plan::SessionRefusal refusal = plan::refuses(offer);
    if (wanted.facts) ask_fleet(state, wanted.fleet, refusal, *wanted.facts);
    switch (refusal) {
        case plan::SessionRefusal::None: break;
        case plan::SessionRefusal::FleetNotActive:
            return refuse(ErrorCode::Unavailable,
                          fmt::format("Fleet {} is {}; game server sessions need an ACTIVE fleet", fleet.id,
                                      to_text(fleet.status)));
        case plan::SessionRefusal::FleetDraining:
            return refuse(ErrorCode::Unavailable,
                          fmt::format("Fleet {} is being drained and takes no new game server sessions; use another "
                                      "fleet, or take it back with UndrainFleet",
                                      fleet.id));
        case plan::SessionRefusal::IdTaken:
            return refuse(ErrorCode::InUse,
                          fmt::format("GameServerSessionId '{}' is taken", wanted.custom_id.substr(0, 100)));
        case plan::SessionRefusal::CreatorLimit:
            return refuse(
                ErrorCode::LimitExceeded,
                fmt::format("Creator '{}' made {} game server sessions in the last {} minutes; the fleet's "
                            "ResourceCreationLimitPolicy allows {}",
                            wanted.wishes.creator_id, offer.made, fleet.creator_minutes, offer.creator_limit));
        case plan::SessionRefusal::NoProcess:
            count_refusal(step, wanted.fleet);
            return refuse(ErrorCode::Insufficient, fmt::format("Fleet {} has no idle process: {}", fleet.id,
                                                               describe_shortage(state, wanted.fleet)));
    }
    if (!placed) state.change_fleet_run(wanted.fleet, [](Fleet& run) { run.refused.satisfy(); });
    const Slot instance_slot = fleet.open.rbegin()->second;
    const Instance& instance = state.at<Instance>(instance_slot);
    const Slot process_slot = instance.idle.back();
    const Process& process = state.at<Process>(process_slot);

    GameSession session;
    std::string key = state.next_session_key(step.rng);
    if (!wanted.custom_id.empty()) key += "/" + wanted.custom_id;
    session.key = key;
    session.order = state.next_order();
    session.fleet = wanted.fleet;
    session.instance = instance_slot;
    session.process = process_slot;
    session.protection = fleet.protection;
    session.max_players = wanted.max_players;
    session.name = wanted.name;
    session.wishes.make() = std::move(wanted.wishes);
    session.wishes.tidy();
    session.placement = wanted.placement;
    session.created_at = step.now.engine;
    session.created = step.now.wall;
    session.activation_deadline = step.now.engine + Millis{std::int64_t{fleet.activation_timeout_s} * 1000};
    session.address = state.at<Host>(instance.host).address;
    session.port = process.client_port;

    const Slot host = instance.host;
    const Slot slot = state.add(std::move(session));
    state.edit<Process>(process_slot)->session = slot;
    step.order(host, start_session_order(state, slot));
    state.queue_reconcile(wanted.fleet);
    return slot;
}

link::StartSession start_session_order(const State& state, Slot slot) {
    const GameSession& session = state.at<GameSession>(slot);
    link::StartSession order;
    order.process_id = state.at<Process>(session.process).id;
    order.session_id = state.session_id(slot);
    order.fleet_id = state.at<Fleet>(session.fleet).id;
    order.name = std::string(session.name.view());
    order.max_players = session.max_players;
    order.joinable = session.accept_all;
    for (const auto& property : session.wishes->properties) order.properties.emplace_back(property.key, property.value);
    order.port = session.port;
    order.address = std::string(session.address.view());
    order.session_data = session.wishes->session_data;
    order.matchmaker_data = session.wishes->matchmaker_data;
    return order;
}

Result<void> activate_session(Step& step, Slot slot) {
    const GameSession& session = step.state.at<GameSession>(slot);
    if (session.status == SessionStatus::Active) return {};
    if (session.status != SessionStatus::Activating)
        return refuse(ErrorCode::Unavailable, fmt::format("the game server session is {}", to_text(session.status)));
    {
        auto edit = step.state.edit<GameSession>(slot);
        edit->status = SessionStatus::Active;
        edit->start_delivered = true;
        edit->activation_deadline = kNever;
    }
    start_reservation_timers(step, slot);
    fulfil_placement(step, slot);
    return {};
}

void end_session(Step& step, Slot slot, SessionStatus status, std::string reason) {
    State& state = step.state;
    const GameSession& session = state.at<GameSession>(slot);
    CHECK(session.live());
    CHECK(is_allowed(session_moves(), session.status, status));
    complete_players(step, slot);

    const Slot process_slot = session.process;
    const Process& process = state.at<Process>(process_slot);
    const bool collect = !process.log_paths.empty();
    {
        auto edit = state.edit<GameSession>(slot);
        edit->status = status;
        edit->activation_deadline = kNever;
        edit->process = kNone;
        if (collect) edit->log_state = LogState::Pending;
        edit->end.make() = {.at = step.now.engine,
                            .time = step.now.wall,
                            .reason = std::move(reason),
                            .log_paths = process.log_paths,
                            .log_process = process.id,
                            .log_instance = state.at<Instance>(session.instance).id,
                            .log_key = {},
                            .custom_current = process.custom_current,
                            .custom_maximum = process.custom_maximum};
    }
    {
        auto edit = state.edit<Process>(process_slot);
        edit->session = kNone;
        edit->custom_current = edit->custom_maximum = 0;
        if (edit->status == ProcessStatus::Active) {
            edit->rests_until = step.now.engine + kRest;
            state.arm(edit->rests_until, TimerKind::Rest, process_slot);
        }
    }
    state.ended_sessions().emplace_back(step.now.engine, slot);
    if (collect)
        step.order(state.at<Instance>(session.instance).host, collect_logs_order(state, slot));
    else
        state.edit<GameSession>(slot)->instance = kNone;
    put_placement_back(step, slot);
    // Protection was the session's: what remains is an unprotected process.
    if (state.at<Process>(process_slot).status == ProcessStatus::Ending) renew_end(step, process_slot);
    state.queue_reconcile(session.fleet);
}

void expire_activation(Step& step, Slot slot) {
    const GameSession* session = step.state.find<GameSession>(slot);
    if (!session || session->status != SessionStatus::Activating || session->activation_deadline > step.now.engine)
        return;
    if (await_backlog(step, session->instance, TimerKind::Activation, slot)) return;
    const Slot process = session->process;
    const std::uint32_t timeout_s = step.state.at<Fleet>(session->fleet).activation_timeout_s;
    add_event(step, session->fleet, "GAME_SESSION_ACTIVATION_TIMEOUT",
              fmt::format("Game server session {} was not activated within {} s: its process {} must call "
                          "ActivateGameServerSession. The process is ended and replaced.",
                          step.state.session_id(slot), timeout_s, step.state.at<Process>(process).id));
    end_session(step, slot, SessionStatus::Error, fmt::format("not activated within {} s", timeout_s));
    request_end(step, process, EndReason::ActivationTimeout);
}

link::CollectLogs collect_logs_order(const State& state, Slot slot) {
    const GameSession& session = state.at<GameSession>(slot);
    link::CollectLogs order;
    order.session_id = state.session_id(slot);
    order.process_id = session.end->log_process;
    order.instance_id = state.at<Instance>(session.instance).id;
    order.paths = session.end->log_paths;
    order.target = {
        .bucket = "logs", .key = fmt::format("sessions/{}.zip", full_key(session).substr(0, 24)), .authorization = {}};
    order.max_bytes = state.settings().limits.log_bytes_per_session;
    return order;
}

void on_logs_collected(Step& step, const link::LogCollected& report) {
    const Slot slot = step.state.find_session(report.session_id);
    if (slot == kNone || step.state.at<GameSession>(slot).log_state != LogState::Pending) return;
    const Slot instance = step.state.at<GameSession>(slot).instance;
    {
        auto edit = step.state.edit<GameSession>(slot);
        edit->log_state = report.ok ? LogState::Stored : LogState::Failed;
        edit->end.make().log_key = report.log_key;
        edit->end.make().log_paths.clear();
        edit->instance = kNone;
    }
    const Slot fleet = step.state.at<GameSession>(slot).fleet;
    if (!report.message.empty())
        add_event(step, fleet, "GENERIC_EVENT", fmt::format("Logs of {}: {}", report.session_id, report.message));
    remove_when_empty(step, instance);
}

}  // namespace gse::core
