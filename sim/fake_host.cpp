#include "sim/fake_host.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/violation.h"

namespace gse::sim {
namespace {
constexpr int kSteps = 5;
constexpr std::int64_t kGiveUpCallMs = 60'000;
}  // namespace

FakeHost::FakeHost(std::size_t index, HostShape shape, HostWorld& world, SeededRng& rng, const GameHabits& habits,
                   Plant plant)
    : index_(index), shape_(std::move(shape)), world_(world), rng_(rng), habits_(habits), plant_(plant) {}

std::size_t FakeHost::running() const {
    return static_cast<std::size_t>(
        std::count_if(games_.begin(), games_.end(), [](const auto& entry) { return !entry.second.exited; }));
}

bool FakeHost::runs(const std::string& process) const {
    const auto it = games_.find(process);
    return it != games_.end() && !it->second.exited;
}

bool FakeHost::port_taken(std::uint16_t port) const {
    if (port == 0 || squatted_.contains(port)) return true;
    return std::any_of(games_.begin(), games_.end(), [port](const auto& entry) {
        const Game& game = entry.second;
        return !game.exited && (game.client_port == port || game.grpc_port == port || game.own_port == port);
    });
}

// ------------------------------------------------------------------ life of the agent

void FakeHost::start_agent() {
    if (up_) return;
    up_ = true;
    boot_id_ = fmt::format("{}-boot-{}", shape_.name, ++boots_);
    next_seq_ = 1;
    next_dial_ = world_.now() + rng_.between(0, 500);
    // What was adopted is described afresh; that a port was taken is found out afresh, too.
    for (auto& [id, files] : instances_) {
        for (auto& [number, place] : files.places) place.waits_for_port = false;
        for (int step = 0; step < files.steps; ++step)
            report(link::InstanceStep{.instance_id = id,
                                      .step = static_cast<link::PrepareStep>(step),
                                      .ok = true,
                                      .message = {},
                                      .log_key = {}});
    }
    // What ended made room for what was launched later: first the ends.
    for (auto& [id, game] : games_) {
        game.exit_seq = 0;
        game.sick_reported = false;
        if (game.exited) report_exit(game);
    }
    for (auto& [id, game] : games_) {
        if (game.exited) continue;
        report(
            link::ProcessStarted{.process_id = id, .instance_id = game.instance, .place = game.place, .pid = game.pid});
        if (game.ready_known)
            report(link::ProcessIsReady{.process_id = id,
                                        .client_port = game.own_port ? game.own_port : game.client_port,
                                        .grpc_port = game.grpc_port,
                                        .log_paths = {"/local/game/log"}});
    }
}

void FakeHost::crash_agent() {
    if (!up_) return;
    up_ = false;
    unacked_.clear();
    chores_.clear();
    disconnect();
    for (auto& [id, game] : games_)
        if (game.pending && game.pending->out) answer_call(game, link::CallStatus::Unavailable);
}

void FakeHost::lose_power() {
    crash_agent();
    games_.clear();
    instances_.clear();
}

void FakeHost::set_cut_off(bool cut_off) {
    cut_off_ = cut_off;
    if (cut_off) disconnect();
}

void FakeHost::disconnect() {
    if (stream_) world_.hang_up(*stream_);
    stream_.reset();
    welcomed_ = false;
    next_dial_ = world_.now() + rng_.between(100, 2'000);
}

void FakeHost::dial() {
    const auto stream = world_.dial(index_);
    next_dial_ = world_.now() + rng_.between(200, 3'000);
    if (!stream) return;
    stream_ = stream;
    welcomed_ = false;
    next_order_ = 1;
    link::HostHello hello;
    hello.host_name = shape_.name;
    hello.boot_id = boot_id_;
    hello.address = "192.0.2.1";
    hello.private_address = "10.0.0.1";
    hello.instance_capacity = shape_.capacity;
    hello.ports = shape_.ports;
    hello.operating_system = "Linux";
    hello.sandbox = "none";
    hello.certified_id = shape_.certified_id;
    for (const auto& [id, files] : instances_) hello.instance_ids.push_back(id);
    for (const auto& [id, game] : games_) hello.process_ids.push_back(id);
    world_.send(*stream_, std::move(hello));
}

void FakeHost::on_stream_ended(link::StreamId stream) {
    if (stream_ && *stream_ == stream) disconnect();
}

void FakeHost::report(link::ReportBody body) {
    ++reports_;
    unacked_.push_back({next_seq_++, std::move(body)});
    if (welcomed_) world_.send(*stream_, unacked_.back());
}

void FakeHost::on_message(link::StreamId stream, const ToAgent& message) {
    const bool current = stream_ && *stream_ == stream;
    const bool fenced = plant_ != Plant::NoFence;
    if (!up_ || (!current && fenced)) return;
    if (const auto* welcome = std::get_if<link::Welcome>(&message)) {
        if (!current) return;
        if (welcome->epoch < epoch_) return disconnect();
        epoch_ = welcome->epoch;
        timers_ = welcome->timers;
        welcomed_ = true;
        std::erase_if(unacked_, [&](const link::Report& r) { return r.seq <= welcome->acked_seq; });
        // An earlier BacklogDone must not come out in the middle of this backlog: it becomes a repetition of what
        // follows.
        for (std::size_t i = unacked_.size(); i-- > 1;)
            if (std::holds_alternative<link::BacklogDone>(unacked_[i - 1].body))
                unacked_[i - 1].body = unacked_[i].body;
        unacked_.push_back({next_seq_++, link::BacklogDone{}});
        for (const auto& backlog : unacked_) world_.send(*stream_, backlog);
        return;
    }
    const auto& order = std::get<link::Order>(message);
    if (current && fenced) {
        if (!welcomed_ || order.seq != next_order_ || order.epoch != epoch_) return disconnect();
        ++next_order_;
    }
    require(order.epoch >= epoch_, "orders of an old epoch are not carried out",
            "host {} of epoch {} carries out an order of epoch {}", shape_.name, epoch_, order.epoch);
    require(current, "orders of an old stream are not carried out", "host {} carries out an order of stream {}",
            shape_.name, stream);
    obey(order.body);
}

void FakeHost::obey(const link::OrderBody& order) {
    std::visit([this](const auto& body) { obey(body); }, order);
}

void FakeHost::obey(const link::ReportAck& ack) {
    while (!unacked_.empty() && unacked_.front().seq <= ack.seq) unacked_.pop_front();
    std::erase_if(games_, [&](const auto& entry) {
        return entry.second.exited && entry.second.exit_seq != 0 && entry.second.exit_seq <= ack.seq;
    });
}

void FakeHost::obey(const link::InstanceSpec& spec) {
    const auto it = instances_.find(spec.instance_id);
    if (it == instances_.end()) {
        if (spec.phase == link::InstancePhase::Remove) return report(link::InstanceRemoved{spec.instance_id});
        InstanceFiles files;
        files.spec = spec;
        files.next_step = world_.now() + rng_.between(0, 500);
        instances_.emplace(spec.instance_id, std::move(files));
        return;
    }
    if (spec.version <= it->second.spec.version) return;
    it->second.spec = spec;
    for (auto& [number, place] : it->second.places)
        place.waits_for_port = place.waits_for_port && spec.phase == link::InstancePhase::Run;
}

void FakeHost::obey(const link::StartSession& start) {
    const auto it = games_.find(start.process_id);
    if (it == games_.end() || it->second.exited) return;  // its exit is on the way
    Game& game = it->second;
    const auto result = [&](bool ok, std::string message) {
        report(link::SessionStartResult{
            .process_id = game.id, .session_id = start.session_id, .ok = ok, .message = std::move(message)});
    };
    if (game.session == start.session_id) return result(true, {});
    if (game.phase == Phase::Leaving || game.phase == Phase::CallingEnding)
        return result(false, "the process is ending");
    // A session that ended here may be ordered again by an order that crossed its end.
    require(game.session.empty() || game.phase == Phase::CallingTerminate || game.phase == Phase::Idle,
            "a process runs one session at a time", "process {} is given {} while it runs {}", game.id,
            start.session_id, game.session);
    if (game.phase != Phase::Idle && game.phase != Phase::CallingReady) return result(false, "the process is busy");
    if (rng_.chance(habits_.refuses_session)) return result(false, "no map of that name");
    game.ready_known = true;  // or there would be no session; the answer may be lost
    game.session = start.session_id;
    game.waiting.clear(), game.seated.clear();
    game.phase = Phase::Loading;
    game.pending.reset();
    game.wake = world_.now() + rng_.between(0, 1'000);
    result(true, {});
}

void FakeHost::obey(const link::EndProcess& end) {
    const auto it = games_.find(end.process_id);
    if (it == games_.end() || it->second.exited) return;
    Game& game = it->second;
    game.end_reason = end.reason;
    game.kill_at = end.kill_after_ms < 0 ? std::nullopt : std::optional(world_.now() + end.kill_after_ms);
    if (!end.notify) return;
    if (!game.told) {
        game.told = true;
        game.wake = std::min(game.wake, world_.now() + rng_.between(0, 1'000));
    }
    report(link::TerminateDelivered{.process_id = game.id, .ok = true});
}

void FakeHost::obey(const link::CollectLogs& collect) {
    chores_.push_back({world_.now() + rng_.between(0, 1'000), link::LogCollected{.session_id = collect.session_id,
                                                                                 .ok = rng_.chance(0.9),
                                                                                 .log_key = "sessions/x.zip",
                                                                                 .bytes = 10,
                                                                                 .message = {}}});
}

void FakeHost::obey(const link::SdkReply& reply) {
    for (auto& [id, game] : games_)
        if (game.pending && game.pending->out && game.pending->call_id == reply.call_id)
            return answer_call(game, reply.status);
}

// ------------------------------------------------------------------ instances

void FakeHost::tick_instance(InstanceFiles& files) {
    const std::int64_t now = world_.now();
    if (files.spec.phase == link::InstancePhase::Remove) return;
    if (files.steps < kSteps) {
        if (now < files.next_step) return;
        files.next_step = now + rng_.between(0, 800);
        const auto step = static_cast<link::PrepareStep>(files.steps);
        const bool ok = !rng_.chance(habits_.preparation_fails);
        report(link::InstanceStep{.instance_id = files.spec.instance_id,
                                  .step = step,
                                  .ok = ok,
                                  .message = ok ? "" : "disk full",
                                  .log_key = {}});
        if (ok)
            ++files.steps;
        else
            files.next_step = now + 5'000;
        return;
    }
    if (files.spec.phase != link::InstancePhase::Run) return;
    for (const auto& place : files.spec.places) {
        const bool filled = std::any_of(games_.begin(), games_.end(), [&](const auto& entry) {
            return !entry.second.exited && entry.second.instance == files.spec.instance_id &&
                   entry.second.place == place.number;
        });
        PlaceState& state = files.places[place.number];
        if (!filled && !state.waits_for_port && now >= state.next_start) launch(files, place, state);
    }
}

void FakeHost::launch(InstanceFiles& files, const link::PlaceSpec& place, PlaceState& state) {
    const std::int64_t now = world_.now();
    if (rng_.chance(habits_.port_squatter)) squatted_.insert(place.client_port);
    for (const std::uint16_t port : {place.client_port, place.grpc_port}) {
        if (!port_taken(port)) continue;
        state.waits_for_port = true;
        return report(link::ProcessStartFailed{.instance_id = files.spec.instance_id,
                                               .place = place.number,
                                               .failure = link::StartFailure::PortBusy,
                                               .port = port,
                                               .message = "address in use"});
    }
    state.backoff = std::min<std::int64_t>(std::max<std::int64_t>(state.backoff * 2, 500), 5'000);
    state.next_start = now + state.backoff;
    Game game;
    game.id = fmt::format("{}-p{}", shape_.name, ++launches_);
    game.instance = files.spec.instance_id;
    game.place = place.number;
    game.pid = static_cast<std::int64_t>(1000 + launches_);
    game.started = now;
    game.client_port = place.client_port;
    game.grpc_port = place.grpc_port;
    game.wake = now + rng_.between(0, 1'500);
    game.never_ready = rng_.chance(habits_.never_ready);
    game.ignores_end = rng_.chance(habits_.ignores_end);
    game.never_activates = rng_.chance(habits_.never_activates);
    if (rng_.chance(habits_.sick)) game.sick_at = now + rng_.between(3'000, 40'000);
    if (rng_.chance(habits_.own_port) && !files.spec.client_ports.empty()) {
        const auto& range = files.spec.client_ports.front();
        const auto port = static_cast<std::uint16_t>(rng_.between(range.low, range.high));
        if (!port_taken(port)) game.own_port = port;
    }
    report(link::ProcessStarted{
        .process_id = game.id, .instance_id = game.instance, .place = game.place, .pid = game.pid});
    games_.emplace(game.id, std::move(game));
}

// ------------------------------------------------------------------ games

void FakeHost::report_exit(Game& game) {
    report(*game.exited);
    game.exit_seq = next_seq_ - 1;
}

void FakeHost::exit_game(Game& game, int code, int signal, KillCause* killed) {
    link::ProcessExited exit;
    exit.process_id = game.id;
    exit.exit_code = code;
    exit.signal = signal;
    exit.uptime_ms = world_.now() - game.started;
    if (killed) {
        exit.killed_by_agent = true;
        exit.kill_reason = *killed == KillCause::ReadyTimeout  ? EndReason::ReadyTimeout
                           : *killed == KillCause::ExitTimeout ? EndReason::Itself
                                                               : game.end_reason;
    }
    game.exited = std::move(exit);
    game.pending.reset();
    if (up_) report_exit(game);
}

void FakeHost::kill(Game& game, KillCause cause) {
    world_.on_kill(*this, game.id, cause);
    exit_game(game, 0, 9, &cause);
}

void FakeHost::begin_call(Game& game, Phase phase) {
    game.phase = phase;
    game.pending = Pending{.call_id = 0,
                           .request_id = fmt::format("{}-{}", game.id, rng_.next()),
                           .sent_at = world_.now(),
                           .out = false,
                           .again_at = 0};
    if (phase == Phase::CallingEnding) game.exit_by = world_.now() + timers_.process_exit.count();
    if (phase == Phase::CallingReady) game.ready_called = true;
}

void FakeHost::send_call(Game& game) {
    Pending& pending = *game.pending;
    if (!up_) {
        pending.again_at = world_.now() + 500;
        return;
    }
    link::SdkCall call;
    call.call_id = next_call_++;
    call.process_id = game.id;
    call.request_id = pending.request_id;
    switch (game.phase) {
        case Phase::CallingReady:
            call.call = link::CallReady{.client_port = game.own_port ? game.own_port : game.client_port,
                                        .grpc_port = game.grpc_port,
                                        .log_paths = {"/local/game/log"}};
            break;
        case Phase::CallingActivate:
            call.call = link::CallActivateSession{.session_id = game.session, .max_players = 0};
            break;
        case Phase::CallingTerminate: call.call = link::CallTerminateSession{game.session}; break;
        case Phase::CallingEnding: call.call = link::CallEnding{}; break;
        default:
            if (game.removing_player)
                call.call = link::CallRemovePlayer{.session_id = game.session, .player_session_id = game.in_call};
            else
                call.call = link::CallAcceptPlayer{.session_id = game.session, .player_session_id = game.in_call};
    }
    pending.call_id = call.call_id;
    pending.out = true;
    pending.again_at = world_.now() + timers_.sdk_call.count();
    report(std::move(call));
}

void FakeHost::answer_call(Game& game, link::CallStatus status) {
    Pending& pending = *game.pending;
    const std::int64_t now = world_.now();
    if (status == link::CallStatus::Unavailable && now - pending.sent_at < kGiveUpCallMs) {
        pending.out = false;
        pending.again_at = now + rng_.between(100, 1'000);
        return;
    }
    const bool ok = status == link::CallStatus::Ok;
    game.pending.reset();
    switch (game.phase) {
        case Phase::CallingReady:
            game.ready_known = ok;
            game.phase = ok ? Phase::Idle : Phase::Leaving;
            game.wake = now + (ok ? 1'000'000'000 : 500);
            if (game.told) game.wake = now;
            break;
        case Phase::CallingActivate:
            if (!ok) return begin_call(game, Phase::CallingEnding);
            game.phase = Phase::Playing;
            game.wake = now + rng_.between(500, habits_.session_max_ms);
            break;
        case Phase::CallingTerminate:
            game.session.clear();
            if (game.told || !ok || rng_.chance(habits_.leaves_after_session))
                return begin_call(game, Phase::CallingEnding);
            game.phase = Phase::Idle;
            game.wake = now + 1'000'000'000;
            break;
        case Phase::CallingEnding:
            game.phase = Phase::Leaving;
            game.wake = now + rng_.between(0, 1'000);
            break;
        default:
            if (ok && !game.removing_player) game.seated.push_back(game.in_call);
            break;
    }
}

void FakeHost::drive_call(Game& game) {
    if (!game.pending || world_.now() < game.pending->again_at) return;
    if (game.pending->out) return answer_call(game, link::CallStatus::Unavailable);
    send_call(game);
}

void FakeHost::tick_game(Game& game) {
    const std::int64_t now = world_.now();
    if (game.exited) return;
    if (rng_.chance(habits_.crash)) return exit_game(game, 0, 11, nullptr);
    if (up_) {
        const bool late = !game.ready_called && now >= game.started + timers_.process_ready.count();
        if (late) return kill(game, KillCause::ReadyTimeout);
        if (game.exit_by && now >= *game.exit_by) return kill(game, KillCause::ExitTimeout);
        if (game.kill_at && now >= *game.kill_at) return kill(game, KillCause::Deadline);
        if (now >= game.sick_at && game.ready_known && !game.sick_reported) {
            game.sick_reported = true;
            report(link::HealthChanged{.process_id = game.id, .healthy = false});
        }
    }
    if (game.pending) return drive_call(game);
    if (game.told && !game.ignores_end && (game.phase == Phase::Idle || game.phase == Phase::Loading) &&
        now >= game.wake)
        return begin_call(game, Phase::CallingEnding);
    switch (game.phase) {
        case Phase::Booting:
            if (now >= game.wake && !game.never_ready) begin_call(game, Phase::CallingReady);
            break;
        case Phase::Loading:
            if (now >= game.wake && !game.never_activates) begin_call(game, Phase::CallingActivate);
            break;
        case Phase::Playing:
            for (auto& player : world_.take_arrivals(game.session)) game.waiting.push_back(std::move(player));
            if (now >= game.wake) return begin_call(game, Phase::CallingTerminate);
            if (!game.waiting.empty()) {
                game.in_call = game.waiting.back();
                game.waiting.pop_back();
                game.removing_player = false;
                begin_call(game, Phase::Playing);
            } else if (!game.seated.empty() && rng_.chance(0.1)) {
                game.in_call = game.seated.back();
                game.seated.pop_back();
                game.removing_player = true;
                begin_call(game, Phase::Playing);
            }
            break;
        case Phase::Leaving:
            if (now >= game.wake) exit_game(game, 0, 0, nullptr);
            break;
        default: break;
    }
}

void FakeHost::tick() {
    const std::int64_t now = world_.now();
    for (auto& [id, game] : games_) tick_game(game);
    if (!up_) return;
    if (!stream_ && !cut_off_ && now >= next_dial_) dial();
    if (welcomed_ && now >= next_alive_) {
        next_alive_ = now + timers_.heartbeat.count();
        world_.send(*stream_, Alive{});
    }
    for (auto& [id, files] : instances_) tick_instance(files);
    for (std::size_t i = 0; i < chores_.size();) {
        if (now < chores_[i].at) {
            ++i;
            continue;
        }
        report(std::move(chores_[i].body));
        chores_.erase(chores_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (auto it = instances_.begin(); it != instances_.end();) {
        if (it->second.spec.phase != link::InstancePhase::Remove) {
            ++it;
            continue;
        }
        for (auto& [id, game] : games_)
            if (game.instance == it->first && !game.exited) kill(game, KillCause::InstanceRemoved);
        report(link::InstanceRemoved{it->first});
        it = instances_.erase(it);
    }
    // A program that is not ours comes and goes.
    if (!squatted_.empty() && rng_.chance(0.02)) squatted_.erase(squatted_.begin());
}

}  // namespace gse::sim
