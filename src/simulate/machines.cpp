#include "simulate/machines.h"

#include <fmt/format.h>

#include <variant>

#include "base/check.h"

namespace gse::simulate {
namespace {

constexpr std::uint32_t kNobody = UINT32_MAX;
constexpr Millis kOnTheWay{1};   ///< from the server to a game, or back
constexpr Millis kLeaving{100};  ///< from ProcessEnding to the exit
constexpr link::PortRange kPorts{10'000, 32'000};
constexpr std::uint32_t kHeartbeatSlices = 32;  ///< heartbeats are spread over their period in so many steps

/// Which of the costs a report is part of.
Work work_of(const link::ReportBody& body) {
    const auto* call = std::get_if<link::SdkCall>(&body);
    if (!call) return Work::Report;
    if (std::holds_alternative<link::CallAcceptPlayer>(call->call)) return Work::Accept;
    return std::holds_alternative<link::CallTerminateSession>(call->call) ? Work::End : Work::Report;
}

}  // namespace

Machines::Machines(const MachinesShape& shape, Agenda& agenda, engine::Decider& decider, SessionWatch& watch,
                   CostMeter* meter)
    : shape_(shape), agenda_(agenda), decider_(decider), watch_(watch), meter_(meter) {
    for (std::uint32_t i = 0; i < shape.hosts; ++i) hosts_.push_back({.name = fmt::format("host-{:05}", i + 1)});
}

void Machines::connect(EngineTime now, Millis heartbeat) {
    heartbeat_ = heartbeat;
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
        link::HostHello hello;
        hello.host_name = hosts_[i].name;
        hello.boot_id = hosts_[i].name + "-boot";
        hello.address = hello.private_address = fmt::format("10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255);
        hello.instance_capacity = shape_.host_instances;
        hello.ports = kPorts;
        hello.operating_system = "simulated";
        hello.sandbox = "none";
        decider_.on_hello(i + 1, hello);
        report(i, link::BacklogDone{});
    }
    for (std::uint32_t slice = 0; slice < kHeartbeatSlices; ++slice)
        agenda_.note(now + Millis{1 + heartbeat.count() * slice / kHeartbeatSlices}, kHeartbeat, slice);
}

// ------------------------------------------------------------------ what they say

void Machines::report(std::uint32_t host, link::ReportBody body) {
    metered(meter_, work_of(body),
            [&] { decider_.on_report(host + 1, {.seq = hosts_[host].next_report++, .body = std::move(body)}); });
}

void Machines::call(std::uint32_t game, decltype(link::SdkCall::call) body) {
    const std::uint64_t id = next_call_++;
    if (std::holds_alternative<link::CallActivateSession>(body)) activating_[id] = game;
    report(
        installed_[games_[game].installed].host,
        link::SdkCall{
            .call_id = id, .process_id = games_[game].id, .request_id = std::to_string(id), .call = std::move(body)});
}

void Machines::accept_player(const std::string& session, const std::string& player_session) {
    if (const auto game = game_of_session_.find(session); game != game_of_session_.end())
        call(game->second, link::CallAcceptPlayer{session, player_session});
}

void Machines::remove_player(const std::string& session, const std::string& player_session) {
    if (const auto game = game_of_session_.find(session); game != game_of_session_.end())
        call(game->second, link::CallRemovePlayer{session, player_session});
}

std::uint32_t Machines::find_game(const std::string& id) const {
    const auto found = game_of_.find(id);
    return found == game_of_.end() ? kNobody : found->second;
}

// ------------------------------------------------------------------ what they are told

void Machines::obey(const engine::StreamMessage& message, EngineTime now) {
    const auto* order = std::get_if<link::Order>(&message.body);
    CHECK(!std::holds_alternative<engine::CloseStream>(message.body));  // they make no mistakes
    if (!order) return;
    if (const auto* spec = std::get_if<link::InstanceSpec>(&order->body)) {
        obey(*spec, static_cast<std::uint32_t>(message.stream - 1), now);
    } else if (const auto* start = std::get_if<link::StartSession>(&order->body)) {
        const std::uint32_t game = find_game(start->process_id);
        if (game == kNobody || games_[game].session == start->session_id) return;
        games_[game].session = start->session_id;
        note(now + kOnTheWay + shape_.session_start, kSessionUp, game);
    } else if (const auto* end = std::get_if<link::EndProcess>(&order->body)) {
        const std::uint32_t game = find_game(end->process_id);
        if (game == kNobody) return;
        const EngineTime kill_at = end->kill_after_ms < 0 ? kNever : now + Millis{end->kill_after_ms};
        if (kill_at != games_[game].kill_at && kill_at != kNever) note(kill_at, kKill, game);
        games_[game].kill_at = kill_at;
        if (!games_[game].told) note(now + kOnTheWay, kTold, game);
    } else if (const auto* reply = std::get_if<link::SdkReply>(&order->body)) {
        const auto waits = activating_.find(reply->call_id);
        if (waits == activating_.end()) return;
        const std::uint32_t game = waits->second;
        activating_.erase(waits);
        note(now + kOnTheWay, reply->status == link::CallStatus::Ok ? kActivated : kRefused, game);
    }
}

void Machines::obey(const link::InstanceSpec& spec, std::uint32_t host, EngineTime now) {
    const auto known = installed_of_.find(spec.instance_id);
    std::uint32_t index = known == installed_of_.end() ? kNobody : known->second;
    if (index == kNobody) {
        if (installed_free_.empty()) {
            index = static_cast<std::uint32_t>(installed_.size());
            installed_.emplace_back();
        } else {
            index = installed_free_.back();
            installed_free_.pop_back();
        }
        installed_[index] = {.life = next_life_++, .host = host, .spec = spec};
        installed_of_.emplace(spec.instance_id, index);
        agenda_.note(now + shape_.instance_start, kPrepared, index, installed_[index].life);
    }
    Installed& installed = installed_[index];
    if (spec.version < installed.spec.version) return;
    installed.spec = spec;
    if (spec.phase == link::InstancePhase::Remove)
        agenda_.note(now + kOnTheWay, kRemoved, index, installed.life);
    else if (installed.prepared)
        agenda_.note(now + kOnTheWay, kFill, index, installed.life);
}

// ------------------------------------------------------------------ what they do

void Machines::prepare(std::uint32_t index, EngineTime now) {
    installed_[index].prepared = true;
    for (const auto step : {link::PrepareStep::Accepted, link::PrepareStep::Downloaded, link::PrepareStep::Extracted,
                            link::PrepareStep::Installed, link::PrepareStep::PathsValidated})
        report(installed_[index].host,
               link::InstanceStep{
                   .instance_id = installed_[index].spec.instance_id, .step = step, .message = {}, .log_key = {}});
    fill(index, now);
}

void Machines::fill(std::uint32_t index, EngineTime now) {
    if (!installed_[index].prepared || installed_[index].spec.phase != link::InstancePhase::Run) return;
    // Launching reports, and nothing that the server answers comes before the batch has ended: the places stay.
    for (std::size_t i = 0; i < installed_[index].spec.places.size(); ++i) {
        const link::PlaceSpec place = installed_[index].spec.places[i];
        if (!installed_[index].games.contains(place.number)) launch(index, place, now);
    }
}

void Machines::launch(std::uint32_t index, const link::PlaceSpec& place, EngineTime now) {
    Installed& installed = installed_[index];
    Host& host = hosts_[installed.host];
    std::uint32_t slot = 0;
    if (games_free_.empty()) {
        slot = static_cast<std::uint32_t>(games_.size());
        games_.emplace_back();
    } else {
        slot = games_free_.back();
        games_free_.pop_back();
    }
    games_[slot] = {.life = next_life_++,
                    .installed = index,
                    .place = place.number,
                    .id = fmt::format("proc-{}-{}", host.name, ++host.launches),
                    .client_port = place.client_port,
                    .grpc_port = place.grpc_port,
                    .launched = now};
    installed.games[place.number] = slot;
    game_of_.emplace(games_[slot].id, slot);
    note(now + shape_.process_start, kProcessUp, slot);
    report(installed.host, link::ProcessStarted{.process_id = games_[slot].id,
                                                .instance_id = installed.spec.instance_id,
                                                .place = place.number,
                                                .pid = static_cast<std::int64_t>(games_[slot].life)});
}

/// Asked to end, or at the end of its session.
void Machines::leave(std::uint32_t game, EngineTime now) {
    if (games_[game].up) call(game, link::CallEnding{});
    note(now + kLeaving, kExit, game);
}

void Machines::exit(std::uint32_t slot, bool killed, EngineTime now) {
    const Game game = std::move(games_[slot]);
    games_[slot] = {};
    games_free_.push_back(slot);
    game_of_.erase(game.id);
    Installed& installed = installed_[game.installed];
    installed.games.erase(game.place);
    report(installed.host, link::ProcessExited{.process_id = game.id,
                                               .exit_code = 0,
                                               .signal = killed ? 9 : 0,
                                               .uptime_ms = (now - game.launched).count(),
                                               .killed_by_agent = killed,
                                               .last_output = {}});
    if (game_of_session_.erase(game.session) > 0) watch_.on_over(game.session, true);
    if (installed.spec.phase == link::InstancePhase::Run)
        agenda_.note(now + kOnTheWay, kFill, game.installed, installed.life);
}

void Machines::remove(std::uint32_t index, EngineTime now) {
    const std::string id = installed_[index].spec.instance_id;
    const auto games = installed_[index].games;
    for (const auto& [place, game] : games) exit(game, true, now);
    installed_of_.erase(id);
    const std::uint32_t host = installed_[index].host;
    installed_[index] = {};
    installed_free_.push_back(index);
    report(host, link::InstanceRemoved{id});
}

void Machines::on_event(const Event& event) {
    const EngineTime now = event.at;
    switch (static_cast<Kind>(event.kind)) {
        case kHeartbeat: {
            const std::size_t first = hosts_.size() * event.who / kHeartbeatSlices;
            const std::size_t last = hosts_.size() * (event.who + 1) / kHeartbeatSlices;
            metered(
                meter_, Work::Heartbeat,
                [&] {
                    for (std::size_t i = first; i < last; ++i) decider_.on_alive(i + 1);
                },
                last - first);
            return agenda_.note(now + heartbeat_, kHeartbeat, event.who);
        }
        case kPrepared:
        case kFill:
        case kRemoved:
            // Of an instance that has gone meanwhile.
            if (installed_[event.who].life != event.what) return;
            if (event.kind == kPrepared) return prepare(event.who, now);
            if (event.kind == kFill) return fill(event.who, now);
            return remove(event.who, now);
        default: break;
    }
    if (!alive(event)) return;
    const std::uint32_t slot = event.who;
    Game& game = games_[slot];
    switch (static_cast<Kind>(event.kind)) {
        case kProcessUp:
            if (game.told) return;
            game.up = true;
            return call(slot, link::CallReady{game.client_port, game.grpc_port, {}});
        case kSessionUp: {
            const std::string session = game.session;
            report(installed_[game.installed].host,
                   link::SessionStartResult{.process_id = game.id, .session_id = session, .ok = true, .message = {}});
            return call(slot, link::CallActivateSession{session, 0});
        }
        case kActivated: {
            game_of_session_[game.session] = slot;
            const Millis lasts = watch_.on_active(game.session, now);
            return note(now + lasts, kSessionOver, slot);
        }
        case kRefused:  // nobody waits for it any more
            game.session.clear();
            if (game.told) leave(slot, now);
            return;
        case kSessionOver: {
            const std::string session = std::exchange(game.session, {});
            game_of_session_.erase(session);
            call(slot, link::CallTerminateSession{session});
            watch_.on_over(session, false);
            if (game.told || shape_.restart_process) leave(slot, now);
            return;
        }
        case kTold:
            if (std::exchange(game.told, true)) return;
            report(installed_[game.installed].host, link::TerminateDelivered{game.id, true});
            if (game.session.empty()) leave(slot, now);
            return;
        case kKill:
            if (game.kill_at == now) exit(slot, true, now);
            return;
        case kExit: return exit(slot, false, now);
        default: CHECK(false);
    }
}

}  // namespace gse::simulate
