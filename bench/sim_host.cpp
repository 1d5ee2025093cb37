#include "sim_host.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <variant>

#include "model/join_token.h"
#include "pki/certificate.h"

namespace gse::bench {
namespace {

constexpr Millis kEnrolLimit{10'000};

std::string process_name(const std::string& host, std::uint64_t launch) {
    return fmt::format("proc-{}-{:08}", host, launch);
}

}  // namespace

SimHost::SimHost(SimHostOptions options, const Clock& clock)
    : options_(std::move(options)),
      matches_(options_.matches),
      client_({.server = options_.server, .token = {}, .tls = [this] { return tls_; }, .pin_file = options_.pin_file},
              clock, rng_) {}

SimHost::~SimHost() { stop(); }

Result<void> SimHost::start() {
    const JoinToken token = TRY(parse_join_token(options_.token));
    const std::string key = TRY(pki::make_private_key());
    const std::string request = TRY(pki::make_signing_request(key));
    const std::string roots = TRY(link::fetch_authority(options_.server, token.authority_sha256, kEnrolLimit));
    const link::Credential made = TRY(link::enrol(options_.server, roots, token, request, options_.name, kEnrolLimit));
    tls_ = {.roots = made.roots, .identity = {made.certificate, key}};
    return client_.start(*this);
}

link::HostHello SimHost::hello() {
    link::HostHello hello{.host_name = options_.name,
                          .boot_id = options_.name + "-boot",
                          .region = {},
                          .address = options_.address,
                          .private_address = options_.address,
                          .instance_capacity = options_.instances,
                          .ports = {10'000, 32'000},
                          .operating_system = "simulated",
                          .sandbox = "none"};
    for (const auto& [id, places] : instances_) hello.instance_ids.push_back(id);
    for (const Game& game : games_)
        if (game.runs) hello.process_ids.push_back(game.process);
    return hello;
}

void SimHost::on_order(link::OrderBody order) {
    std::visit([this](auto& body) { apply(body); }, order);
}

std::uint64_t SimHost::call(const std::string& process, decltype(link::SdkCall::call) body) {
    const std::uint64_t id = ++last_call_;
    if (client_.report(link::SdkCall{
            .call_id = id, .process_id = process, .request_id = std::to_string(id), .call = std::move(body)}) == 0)
        ++refused_;
    return id;
}

SimHost::Game* SimHost::find_game(std::string_view process) {
    const std::string_view number = process.substr(process.rfind('-') + 1);
    std::size_t launch = 0;
    std::from_chars(number.data(), number.data() + number.size(), launch);
    if (launch == 0 || launch > games_.size()) return nullptr;
    Game& game = games_[launch - 1];
    return game.runs && game.process == process ? &game : nullptr;
}

void SimHost::apply(link::InstanceSpec& spec) {
    if (spec.phase == link::InstancePhase::Remove) {
        for (Game& game : games_)
            if (game.runs && game.instance == spec.instance_id) exit(game);
        instances_.erase(spec.instance_id);
        client_.report(link::InstanceRemoved{spec.instance_id});
        return;
    }
    const auto [known, fresh] = instances_.try_emplace(spec.instance_id, 0);
    if (fresh)
        for (const auto step :
             {link::PrepareStep::Accepted, link::PrepareStep::Downloaded, link::PrepareStep::Extracted,
              link::PrepareStep::Installed, link::PrepareStep::PathsValidated})
            client_.report(link::InstanceStep{
                .instance_id = spec.instance_id, .step = step, .ok = true, .message = {}, .log_key = {}});
    // Places are numbered from 1 and, as nothing crashes here, only ever added.
    for (const auto& place : spec.places) {
        if (place.number <= known->second) continue;
        known->second = place.number;
        launch(spec.instance_id, place);
    }
}

void SimHost::launch(const std::string& instance, const link::PlaceSpec& place) {
    const std::string process = process_name(options_.name, ++launches_);
    games_.push_back({.process = process, .instance = instance});
    client_.report(link::ProcessStarted{process, instance, place.number, static_cast<std::int64_t>(launches_.load())});
    call(process, link::CallReady{place.client_port, place.grpc_port, {}});
}

void SimHost::apply(link::StartSession& start) {
    Game* const game = find_game(start.process_id);
    if (game == nullptr || game->session == start.session_id) return;
    game->session = start.session_id;
    client_.report(link::SessionStartResult{start.process_id, start.session_id, true, ""});
    {
        const std::lock_guard lock(doors_mutex_);
        doors_[start.session_id].process = start.process_id;
    }
    ++started_;
    activating_[call(start.process_id, link::CallActivateSession{start.session_id, start.max_players})] = game;
}

void SimHost::end_oldest_match() {
    Game& game = *playing_.front();
    {
        const std::lock_guard lock(doors_mutex_);
        doors_.erase(game.session);
    }
    call(game.process, link::CallTerminateSession{std::exchange(game.session, {})});
    playing_.pop_front();
}

void SimHost::apply(link::SdkReply& reply) {
    if (reply.status != link::CallStatus::Ok) ++refused_;
    const auto activated = activating_.find(reply.call_id);
    if (activated == activating_.end()) return;
    if (reply.status == link::CallStatus::Ok && activated->second->runs) {
        open_door(activated->second->session);
        playing_.push_back(activated->second);
    }
    activating_.erase(activated);
    while (playing_.size() > matches_) end_oldest_match();
}

void SimHost::apply(link::EndProcess& end) {
    if (end.notify) client_.report(link::TerminateDelivered{end.process_id, true});
    Game* const game = find_game(end.process_id);
    if (game == nullptr) return;
    exit(*game);
}

void SimHost::exit(Game& game) {
    game.runs = false;
    std::erase(playing_, &game);
    client_.report(link::ProcessExited{.process_id = game.process, .last_output = {}});
}

void SimHost::apply(link::CollectLogs& collect) {
    client_.report(
        link::LogCollected{.session_id = collect.session_id, .ok = true, .log_key = {}, .bytes = 0, .message = {}});
}

void SimHost::at_door(const std::string& session, decltype(link::SdkCall::call) body) {
    std::string process;
    {
        const std::lock_guard lock(doors_mutex_);
        const auto door = doors_.find(session);
        if (door == doors_.end()) return;
        if (!door->second.open) return door->second.waiting.push_back(std::move(body));
        process = door->second.process;
    }
    call(process, std::move(body));
}

void SimHost::open_door(const std::string& session) {
    std::string process;
    std::vector<decltype(link::SdkCall::call)> waiting;
    {
        const std::lock_guard lock(doors_mutex_);
        Door& door = doors_[session];
        door.open = true;
        process = door.process;
        waiting.swap(door.waiting);
    }
    for (auto& body : waiting) call(process, std::move(body));
}

void SimHost::accept_player(const std::string& session, const std::string& player_session) {
    at_door(session, link::CallAcceptPlayer{session, player_session});
}

void SimHost::remove_player(const std::string& session, const std::string& player_session) {
    at_door(session, link::CallRemovePlayer{session, player_session});
}

/// An eighth of the host and 100 MB for each instance, as if it had been measured.
std::vector<link::InstanceReading> SimHost::take_readings() {
    std::vector<link::InstanceReading> readings;
    for (const auto& [id, places] : instances_)
        readings.push_back({.instance_id = id, .load = {.cpu_percent = 12.5, .memory_bytes = 100e6}});
    return readings;
}

void SimHost::report_health() {
    if (launches_ == 0) return;
    client_.report(link::HealthChanged{process_name(options_.name, ++health_turn_ % launches_ + 1), true});
}

}  // namespace gse::bench
