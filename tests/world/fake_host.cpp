#include "tests/world/fake_host.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "tests/world/world.h"

namespace gse::testing {

using link::PrepareStep;

FakeHost::FakeHost(World& world, HostOptions options) : world_(world), options_(std::move(options)) {}

// ------------------------------------------------------------------ what the test makes games do

link::SdkReply FakeHost::sdk(const std::string& process, decltype(link::SdkCall::call) body, std::string request_id) {
    call(process, std::move(body), std::move(request_id));
    const std::uint64_t id = last_call_;
    world_.run();
    return replies_.at(id);
}

const Game& FakeHost::game_of(const std::string& session) const {
    for (const auto& [id, game] : games_)
        if (game.session == session) return game;
    CHECK(false && "no game on this host runs that session");
    std::abort();
}

void FakeHost::end_match(const std::string& session) {
    const std::string process = game_of(session).process;
    call(process, link::CallTerminateSession{session});
    games_.at(process).session.clear();
    end_itself(process);
    world_.run();
}

void FakeHost::end_session(const std::string& session) {
    const std::string process = game_of(session).process;
    call(process, link::CallTerminateSession{session});
    games_.at(process).session.clear();
    world_.run();
}

void FakeHost::activate(const std::string& session) {
    sdk(game_of(session).process, link::CallActivateSession{session, 0});
}

link::CallStatus FakeHost::accept(const std::string& session, const std::string& player_session) {
    return sdk(game_of(session).process, link::CallAcceptPlayer{session, player_session}).status;
}

link::CallStatus FakeHost::leave(const std::string& session, const std::string& player_session) {
    return sdk(game_of(session).process, link::CallRemovePlayer{session, player_session}).status;
}

void FakeHost::crash(const std::string& process, int signal) {
    exit(process, 0, signal);
    world_.run();
}

void FakeHost::measure(const std::vector<link::InstanceReading>& readings) { world_.push_readings(stream_, readings); }

void FakeHost::say(link::ReportBody body) {
    report(std::move(body));
    world_.run();
}

void FakeHost::say_late(link::ReportBody body) {
    world_.push_report(stream_, {++last_seq_, std::move(body)});
    world_.run();
}

void FakeHost::set_health(const std::string& process, bool healthy) {
    report(link::HealthChanged{process, healthy});
    world_.run();
}

void FakeHost::start_by_hand(const std::string& process, std::uint16_t port) {
    Game game{.process = process,
              .instance = {},
              .place = 0,
              .pid = 1'000 + ++launches_,
              .client_port = port,
              .grpc_port = 9'000,
              .ready = true,
              .session = {},
              .kill_at = {}};
    report(link::ProcessStarted{process, "", 0, game.pid});
    games_[process] = std::move(game);
    call(process, link::CallReady{port, 9'000, {"/var/log/game"}});
    world_.run();
}

void FakeHost::end_by_hand(const std::string& process) {
    exit(process, 0, 0);
    world_.run();
}

void FakeHost::go_on() {
    behaviour.stops_at.reset();
    for (const auto& [instance, step] : std::exchange(waiting_, {})) prepare(instance, step);
    world_.run();
}

// ------------------------------------------------------------------ the machine and its network

link::HostHello FakeHost::hello() const {
    link::HostHello hello{.host_name = options_.name,
                          .boot_id = fmt::format("{}-boot-{}", options_.name, boots_),
                          .region = options_.region,
                          .address = options_.address,
                          .private_address = "192.168.0.1",
                          .instance_capacity = options_.instances,
                          .ports = options_.ports,
                          .operating_system = "Debian 12",
                          .sandbox = "bubblewrap",
                          .instance_ids = {},
                          .process_ids = {},
                          .access_user = options_.access_user,
                          .access_key = options_.access_key,
                          .instance_types = options_.instance_types,
                          .cpus = options_.cpus,
                          .memory_bytes = options_.memory_bytes,
                          .labels = {},
                          .certified_id = options_.certified_id,
                          .certificate_end = {}};
    for (const auto& [id, spec] : specs_) hello.instance_ids.push_back(id);
    for (const auto& [id, game] : games_) hello.process_ids.push_back(id);
    for (const auto& [id, how] : unacked_exits_) hello.process_ids.push_back(id);
    return hello;
}

void FakeHost::on_closed(const std::string& why) {
    EXPECT_TRUE(behaviour.may_be_closed) << "the server closed a stream: " << why;
    online_ = false;
    closed_because_ = why;
}

void FakeHost::connect() {
    online_ = true;
    closed_because_.clear();
    stream_ = world_.next_stream();
    next_order_ = 1;
    world_.push_hello(stream_, hello());
    world_.run();
}

void FakeHost::restart_agent() {
    ++boots_;
    last_seq_ = 0;
    unacked_.clear();
    for (auto& [id, spec] : specs_) spec.version = 0;  // until the server has said what it wants
    for (const auto& [id, game] : games_) {
        report(link::ProcessStarted{id, game.instance, game.place, game.pid});
        if (game.ready)
            report(link::ProcessIsReady{id, game.client_port, game.grpc_port, behaviour.log_paths, game.session});
    }
    for (const auto& [id, how] : unacked_exits_)
        report(link::ProcessExited{.process_id = id, .exit_code = how.first, .signal = how.second, .last_output = {}});
    connect();
}

void FakeHost::report(link::ReportBody body) {
    unacked_.push_back({++last_seq_, std::move(body)});
    if (online_ && stream_ != 0) world_.push_report(stream_, unacked_.back());
}

void FakeHost::call(const std::string& process, decltype(link::SdkCall::call) body, std::string request_id) {
    report(link::SdkCall{
        .call_id = ++last_call_,
        .process_id = process,
        .request_id = request_id.empty() ? fmt::format("game-request-{}", last_call_) : std::move(request_id),
        .call = std::move(body)});
}

// ------------------------------------------------------------------ orders

void FakeHost::on_welcome(const link::Welcome& welcome) {
    // A server that has lost what it had acknowledged is told everything anew.
    if (welcome.acked_seq + 1 < (unacked_.empty() ? last_seq_ + 1 : unacked_.front().seq)) return restart_agent();
    while (!unacked_.empty() && unacked_.front().seq <= welcome.acked_seq) unacked_.pop_front();
    for (const auto& again : unacked_) world_.push_report(stream_, again);
    report(link::BacklogDone{});
}

void FakeHost::on_order(const link::Order& order) {
    CHECK(order.seq == next_order_);
    ++next_order_;
    std::visit([this](const auto& body) { apply(body); }, order.body);
}

void FakeHost::apply(const link::ReportAck& ack) {
    while (!unacked_.empty() && unacked_.front().seq <= ack.seq) {
        if (const auto* gone = std::get_if<link::ProcessExited>(&unacked_.front().body))
            unacked_exits_.erase(gone->process_id);
        unacked_.pop_front();
    }
}

void FakeHost::apply(const link::InstanceSpec& spec) {
    const auto known = specs_.find(spec.instance_id);
    if (known != specs_.end() && known->second.version >= spec.version) return;
    const bool fresh = known == specs_.end();
    if (spec.phase == link::InstancePhase::Remove) {
        for (auto it = games_.begin(); it != games_.end();) {
            const Game game = (it++)->second;
            if (game.instance == spec.instance_id) exit(game.process, 0, 9, true, EndReason::FleetDeleted);
        }
        specs_.erase(spec.instance_id);
        prepared_.erase(spec.instance_id);
        waiting_.erase(spec.instance_id);
        report(link::InstanceRemoved{spec.instance_id});
        return;
    }
    specs_[spec.instance_id] = spec;
    if (fresh)
        prepare(spec.instance_id, PrepareStep::Accepted);
    else
        fill_places(spec.instance_id);
}

void FakeHost::prepare(const std::string& instance, PrepareStep from) {
    for (int step = static_cast<int>(from); step <= static_cast<int>(PrepareStep::PathsValidated); ++step) {
        const auto now = static_cast<PrepareStep>(step);
        const bool logs = now == PrepareStep::Extracted || now == PrepareStep::PathsValidated ||
                          (now == PrepareStep::Installed && behaviour.installer);
        const std::string log = logs ? fmt::format("instances/{}/step-{}.log", instance, step) : "";
        if (behaviour.fails_at == now)
            return report(link::InstanceStep{instance, now, false, behaviour.failure_text, log});
        report(link::InstanceStep{instance, now, true, "", log});
        if (behaviour.stops_at == now) {
            waiting_[instance] = static_cast<PrepareStep>(step + 1);
            return;
        }
    }
    prepared_.insert(instance);
    fill_places(instance);
}

void FakeHost::fill_places(const std::string& instance) {
    const auto spec = specs_.find(instance);
    if (spec == specs_.end() || spec->second.phase != link::InstancePhase::Run || !prepared_.contains(instance)) return;
    for (const auto& place : std::vector(spec->second.places)) {
        bool taken = port_waits_.contains({instance, place.number});
        for (const auto& [id, game] : games_) taken |= game.instance == instance && game.place == place.number;
        if (!taken) launch(instance, place);
    }
}

void FakeHost::launch(const std::string& instance, const link::PlaceSpec& place) {
    const auto try_again = [this, instance] {
        world_.after(Millis{1'000}, [this, instance] { fill_places(instance); });
    };
    for (const std::uint16_t port : {place.client_port, place.grpc_port}) {
        if (!behaviour.busy_ports.contains(port)) continue;
        port_waits_.insert({instance, place.number});
        return report(link::ProcessStartFailed{instance, place.number, link::StartFailure::PortBusy, port, "in use"});
    }
    if (behaviour.start_failure) {
        report(link::ProcessStartFailed{instance, place.number, *behaviour.start_failure, 0, behaviour.failure_text});
        return try_again();
    }
    Game game{.process = fmt::format("proc-{}-{}", options_.name, ++launches_),
              .instance = instance,
              .place = place.number,
              .pid = 1'000 + launches_,
              .client_port = place.client_port,
              .grpc_port = place.grpc_port,
              .ready = behaviour.becomes_ready && !behaviour.gives_up,
              .session = {},
              .kill_at = {}};
    const std::string id = game.process;
    report(link::ProcessStarted{id, instance, place.number, game.pid});
    const bool ready = game.ready;
    const link::CallReady call_ready{game.client_port, game.grpc_port, behaviour.log_paths};
    games_[id] = std::move(game);
    if (ready) call(id, call_ready);
    if (behaviour.gives_up) exit(id, *behaviour.gives_up, 0);
}

void FakeHost::apply(const link::StartSession& start) {
    const auto game = games_.find(start.process_id);
    if (game == games_.end() || game->second.session == start.session_id) return;
    if (!behaviour.starts_session) {
        report(link::SessionStartResult{start.process_id, start.session_id, false, behaviour.failure_text});
        return;
    }
    game->second.session = start.session_id;
    report(link::SessionStartResult{start.process_id, start.session_id, true, ""});
    if (behaviour.activates) call(start.process_id, link::CallActivateSession{start.session_id, start.max_players});
}

void FakeHost::apply(const link::EndProcess& end) {
    const auto it = games_.find(end.process_id);
    if (it == games_.end()) return;
    Game& game = it->second;
    game.asked_why = end.reason;
    game.kill_at.reset();
    if (end.notify && !game.asked_to_end) {
        game.asked_to_end = true;
        report(link::TerminateDelivered{end.process_id, true});
    }
    if (end.kill_after_ms >= 0) {
        const EngineTime at = world_.now().engine + Millis{end.kill_after_ms};
        game.kill_at = at;
        const auto kill = [this, process = end.process_id, at] {
            const auto still = games_.find(process);
            if (still == games_.end() || still->second.kill_at != at) return;
            killed_.push_back(process);
            exit(process, 0, 9, true, still->second.asked_why);
        };
        if (end.kill_after_ms == 0) return kill();
        world_.after(Millis{end.kill_after_ms}, kill);
    }
    if (game.asked_to_end && game.session.empty() && behaviour.idle_complies) end_itself(end.process_id);
}

void FakeHost::apply(const link::CollectLogs& collect) {
    if (!behaviour.collects_logs) return;
    report(link::LogCollected{
        .session_id = collect.session_id, .ok = true, .log_key = collect.target.key, .bytes = 10, .message = {}});
}

void FakeHost::end_itself(const std::string& process) {
    call(process, link::CallEnding{});
    exit(process, 0, 0);
}

// By value: callers pass the key of the very game that is erased here.
void FakeHost::exit(std::string process, int code, int signal, bool killed, EndReason why) {
    const auto it = games_.find(process);
    if (it == games_.end()) return;
    const std::string instance = it->second.instance;
    games_.erase(it);
    unacked_exits_[process] = {code, signal};
    report(link::ProcessExited{.process_id = process,
                               .exit_code = code,
                               .signal = signal,
                               .uptime_ms = 1'500,
                               .killed_by_agent = killed,
                               .kill_reason = why,
                               .last_output = {}});
    world_.after(Millis{1'000}, [this, instance] { fill_places(instance); });
}

}  // namespace gse::testing
