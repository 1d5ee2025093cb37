#include "tests/world/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "api/access_keys.h"
#include "api/gateway.h"
#include "base/check.h"
#include "core/restored.h"
#include "engine/replay.h"

namespace gse::testing {
namespace {

/// More rounds than any story needs to come to rest; beyond it something chases its own tail.
constexpr int kRoundsMax = 10'000;

}  // namespace

std::string fill(std::string text, std::map<std::string, std::string, std::greater<>> values) {
    for (const auto& [name, value] : values)
        for (std::size_t at = text.find("$" + name); at != std::string::npos;
             at = text.find("$" + name, at + value.size()))
            text.replace(at, name.size() + 1, value);
    return text;
}

World::World(bool with_host, Settings wanted) : settings(std::move(wanted)) {
    start_server();
    if (with_host) add_host({});
}

void World::start_server() {
    journal_ = journal::open_memory_journal(*disk_);
    state_ = std::make_unique<core::State>(settings);
    engine::ReplayInto replay(*state_);
    const auto summary = journal_->load(replay);
    CHECK(summary.has_value());
    last_seq_ = summary->last_seq;
    state_->rebuild();
    state_->begin_epoch();
    decider_ = std::make_unique<engine::Decider>(*state_, rng_,
                                                 engine::Greeting{"deployment-1", "http://127.0.0.1:8080/objects"});
    decider_->set_sink(sink_);
    decider_->begin(now_);
    commit(decider_->finish());
}

void World::restart_server(Millis away) {
    run();
    const std::string before = state_->digest();
    inputs_.clear();
    asked_.clear();
    decider_.reset();
    {
        // What the journal has is all there is.
        auto journal = journal::open_memory_journal(*disk_);
        core::State replayed(settings);
        engine::ReplayInto replay(replayed);
        CHECK(journal->load(replay).has_value());
        replayed.rebuild();
        EXPECT_EQ(replayed.digest(), before);
    }
    now_ = {now_.engine + away, now_.wall + away};
    start_server();
    for (auto& host : hosts_)
        if (host->online_) host->connect();
    run();
}

std::string World::take_backup() {
    run();
    core::State::SnapshotCursor cursor;
    std::string all = state_->encode_slice(cursor, SIZE_MAX, now_);
    CHECK(cursor.at_end());
    return all;
}

void World::restore(const std::string& backup, Millis away) {
    run();
    inputs_.clear();
    asked_.clear();
    decider_.reset();
    now_ = {now_.engine + away, now_.wall + away};
    disk_ = std::make_unique<journal::MemoryDisk>();
    core::State restored(settings);
    CHECK(restored.apply(backup).has_value());
    restored.rebuild();
    core::begin_restored(restored, now_);
    auto journal = journal::open_memory_journal(*disk_);
    engine::ReplayInto nothing(restored);
    CHECK(journal->load(nothing).has_value());
    CHECK(journal->append(1, std::as_bytes(std::span(backup))).has_value());
    const std::string change = restored.take_batch(now_);
    CHECK(journal->append(2, std::as_bytes(std::span(change))).has_value());
    start_server();
    for (auto& host : hosts_)
        if (host->online_) host->connect();
    run();
}

FakeHost& World::add_host(HostOptions options) {
    hosts_.push_back(std::make_unique<FakeHost>(*this, std::move(options)));
    hosts_.back()->connect();
    return *hosts_.back();
}

FakeHost& World::add_host_that_may_be_closed(HostOptions options) {
    hosts_.push_back(std::make_unique<FakeHost>(*this, std::move(options)));
    hosts_.back()->behaviour.may_be_closed = true;
    hosts_.back()->connect();
    return *hosts_.back();
}

// ------------------------------------------------------------------ batches

void World::push_hello(link::StreamId stream, link::HostHello hello) {
    inputs_.emplace_back(std::pair(stream, std::move(hello)));
}
void World::push_report(link::StreamId stream, const link::Report& report) {
    inputs_.emplace_back(std::pair(stream, report));
}

void World::push_readings(link::StreamId stream, const std::vector<link::InstanceReading>& readings) {
    decider_->begin(now_);
    decider_->on_readings(stream, readings);
}

void World::commit(engine::Batch batch) {
    if (!batch.bytes.empty()) CHECK(journal_->append(++last_seq_, std::as_bytes(std::span(batch.bytes))).has_value());
    for (auto& waited : batch.waited) {
        asked_.at(waited.ticket)->emplace(std::move(waited.body));
        asked_.erase(waited.ticket);
    }
    for (auto& message : batch.messages) {
        for (auto& host : hosts_) {
            if (!host->online_ || host->stream_ != message.stream) continue;
            if (const auto* welcome = std::get_if<link::Welcome>(&message.body))
                host->on_welcome(*welcome);
            else if (const auto* order = std::get_if<link::Order>(&message.body))
                host->on_order(*order);
            else
                host->on_closed(std::get<engine::CloseStream>(message.body).why);
        }
    }
    if (sink_ && !batch.changes.list.empty()) sink_->take(std::move(batch.changes));
}

void World::run() {
    if (running_) return;  // a host's own verb inside a batch: the outer loop goes on
    running_ = true;
    int rounds = 0;
    for (bool more = true; more || !inputs_.empty();) {
        CHECK(++rounds < kRoundsMax);
        decider_->begin(now_);
        for (auto& input : std::exchange(inputs_, {})) {
            if (auto* hello = std::get_if<0>(&input))
                decider_->on_hello(hello->first, hello->second);
            else
                decider_->on_report(std::get<1>(input).first, std::get<1>(input).second);
        }
        more = decider_->tick();
        commit(decider_->finish());
        more = more || state_->next_timer() <= now_.engine;
    }
    running_ = false;
}

void World::heartbeat() {
    decider_->begin(now_);
    for (auto& host : hosts_)
        if (host->online_) decider_->on_alive(host->stream_);
    next_heartbeat_ = now_.engine + settings.timers.heartbeat;
}

void World::advance(Millis by) {
    run();
    const EngineTime until = now_.engine + by;
    for (int steps = 0;; ++steps) {
        CHECK(steps < 1'000'000);
        EngineTime next = std::min({until, state_->next_timer(), next_heartbeat_});
        if (!later_.empty()) next = std::min(next, later_.begin()->first);
        next = std::max(next, now_.engine);
        now_.wall = now_.wall + (next - now_.engine);
        now_.engine = next;
        if (next >= next_heartbeat_) heartbeat();
        while (!later_.empty() && later_.begin()->first <= next) {
            const auto act = std::move(later_.begin()->second);
            later_.erase(later_.begin());
            act();
        }
        run();
        const bool idle = later_.empty() || later_.begin()->first > now_.engine;
        if (now_.engine >= until && idle) return;
    }
}

void World::stand_still(Millis by) {
    now_ = {now_.engine + by, now_.wall + by};
    next_heartbeat_ = now_.engine + Millis{1};  // timers come first
    run();
}

void World::after(Millis delay, std::function<void()> act) { later_.emplace(now_.engine + delay, std::move(act)); }

// ------------------------------------------------------------------ calls

Answer World::decide(engine::Decide decide) {
    decider_->begin(now_);
    std::string body = decider_->call(decide);
    commit(decider_->finish());
    run();
    return Answer(std::move(body));
}

Answer World::call_json(const std::string& action, std::string json, const std::string& region,
                        const std::string& version) {
    engine::ApiCall call{.action = action,
                         .version = version,
                         .region = region,
                         .request_id = fmt::format("00000000-0000-4000-8000-{:012}", ++calls_),
                         .secret_id = "AKIDTEST",
                         .json = std::move(json),
                         .flat = {}};
    std::optional<objects::ObjectInfo> package;
    if (action == "CreateAsset") {
        const auto params = flatten_json(call.json);
        if (const auto key = params.find("BucketKey"); key != params.end())
            if (const auto stored = uploads_.find(key->second); stored != uploads_.end()) package = stored->second;
    }
    return decide([&](core::Step& step) { return api::answer(step, services_, call, package); });
}

Answer World::call_locally(const std::string& action, std::string json) {
    engine::ApiCall call{.action = action,
                         .version = "2019-11-12",
                         .region = {},
                         .request_id = fmt::format("00000000-0000-4000-8000-{:012}", ++calls_),
                         .secret_id = {},
                         .local = true,
                         .json = std::move(json),
                         .flat = {}};
    return decide([&](core::Step& step) { return api::answer(step, services_, call); });
}

void World::listen(engine::ChangeSink* sink) {
    sink_ = sink;
    decider_->set_sink(sink);
}

engine::ApiCall World::flat_call(const std::string& action, const Params& params, const std::string& region) {
    engine::ApiCall call{.action = action,
                         .version = "2019-11-12",
                         .region = region,
                         .request_id = fmt::format("00000000-0000-4000-8000-{:012}", ++calls_),
                         .secret_id = "AKIDTEST",
                         .is_json = false,
                         .json = {},
                         .flat = {}};
    for (const auto& [name, value] : params) call.flat.emplace_back(name, value);
    return call;
}

World::Asked World::ask(const std::string& action, const Params& params, const std::string& region) {
    const auto asked = std::make_shared<std::optional<Answer>>();
    engine::ApiCall call = flat_call(action, params, region);
    const std::uint64_t ticket = calls_;
    decider_->begin(now_);
    auto body = decider_->call(ticket, [this, call = std::move(call)](core::Step& step) {
        return api::answer(step, services_, call, std::nullopt);
    });
    if (body)
        asked->emplace(std::move(*body));
    else
        asked_.emplace(ticket, asked);
    commit(decider_->finish());
    run();
    return asked;
}

void World::hurry(const Asked& asked) {
    for (const auto& [ticket, waiting] : asked_)
        if (waiting == asked) decider_->hurry(ticket);
    run();
}

Answer World::call(const std::string& action, const Params& params, const std::string& region) {
    const engine::ApiCall call = flat_call(action, params, region);
    std::optional<objects::ObjectInfo> package;
    for (const auto& [name, value] : params)
        if (action == "CreateAsset" && name == "BucketKey")
            if (const auto stored = uploads_.find(value); stored != uploads_.end()) package = stored->second;
    return decide([&](core::Step& step) { return api::answer(step, services_, call, package); });
}

void World::record_uses(const std::vector<engine::KeyUse>& uses) {
    decide([&](core::Step& step) {
        api::record_uses(step, uses);
        return std::string(R"({"Response":{"RequestId":"none"}})");
    });
}

// ------------------------------------------------------------------ short words

void World::upload(const std::string& key, std::uint64_t bytes) {
    uploads_[key] = {.size = bytes, .sha256 = fmt::format("{:064x}", ++uploaded_), .stored_at = now_.wall};
}

std::string World::make_asset(const std::string& region) {
    upload("game.zip");
    const Answer made = call("CreateAsset", {{"BucketKey", "game.zip"},
                                             {"AssetName", "chat"},
                                             {"AssetVersion", "1.0"},
                                             {"AssetRegion", region},
                                             {"OperateSystem", "CentOS7.16"}});
    EXPECT_TRUE(made.ok()) << made.body();
    return made["AssetId"];
}

Params World::fleet_params(const std::string& asset, const FleetOptions& options) {
    return {{"AssetId", asset},
            {"Name", options.name},
            {"InstanceType", "S5.LARGE8"},
            {"NewGameServerSessionProtectionPolicy", options.protection},
            {"GameServerSessionProtectionTimeLimit", std::to_string(options.protection_minutes)},
            {"InboundPermissions.0.FromPort", std::to_string(options.port_low)},
            {"InboundPermissions.0.ToPort", std::to_string(options.port_high)},
            {"InboundPermissions.0.Protocol", "TCP"},
            {"InboundPermissions.0.IpRange", "0.0.0.0/0"},
            {"RuntimeConfiguration.GameServerSessionActivationTimeoutSeconds",
             std::to_string(options.activation_timeout_s)},
            {"RuntimeConfiguration.ServerProcesses.0.LaunchPath", "/local/game/server"},
            {"RuntimeConfiguration.ServerProcesses.0.ConcurrentExecutions", std::to_string(options.processes)}};
}

std::string World::make_fleet(const FleetOptions& options) {
    const std::string asset = make_asset(options.region.empty() ? "ap-shanghai" : options.region);
    const Answer made = call("CreateFleet", fleet_params(asset, options), options.region);
    EXPECT_TRUE(made.ok()) << made.body();
    const std::string id = made["FleetAttributes.FleetId"];
    if (options.min > 0 || options.max > 1) {
        const Answer set =
            call("UpdateFleetCapacity",
                 {{"FleetId", id}, {"MinSize", std::to_string(options.min)}, {"MaxSize", std::to_string(options.max)}},
                 options.region);
        EXPECT_TRUE(set.ok()) << set.body();
    }
    if (options.buffer) {
        const Answer put = call("PutScalingPolicy",
                                {{"FleetId", id},
                                 {"Name", "buffer"},
                                 {"PolicyType", "TargetBased"},
                                 {"MetricName", "PercentAvailableGameSessions"},
                                 {"TargetConfiguration.TargetValue", std::to_string(*options.buffer)}},
                                options.region);
        EXPECT_TRUE(put.ok()) << put.body();
    }
    return id;
}

std::string World::make_alias(const std::string& fleet_id, const std::string& region) {
    const Answer made =
        call("CreateAlias",
             {{"Name", "live"}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId", fleet_id}}, region);
    EXPECT_TRUE(made.ok()) << made.body();
    return made["Alias.AliasId"];
}

std::string World::make_session(const std::string& fleet_or_alias, std::uint32_t players) {
    const Answer made = call("CreateGameServerSession",
                             {{fleet_or_alias.starts_with("alias-") ? "AliasId" : "FleetId", fleet_or_alias},
                              {"MaximumPlayerSessionCount", std::to_string(players)}},
                             fleet_or_alias.starts_with("fleet-") ? fleet(fleet_or_alias).region : "");
    EXPECT_TRUE(made.ok()) << made.body();
    return made.ok() ? made["GameServerSession.GameServerSessionId"] : "";
}

std::string World::join(const std::string& session, const std::string& player) {
    const Answer seat = call("JoinGameServerSession", {{"GameServerSessionId", session}, {"PlayerId", player}});
    EXPECT_TRUE(seat.ok()) << seat.body();
    return seat["PlayerSession.PlayerSessionId"];
}

const core::Fleet& World::fleet(const std::string& id) const {
    const core::Slot slot = state_->find_fleet(id);
    CHECK(slot != core::kNone);
    return state_->at<core::Fleet>(slot);
}

std::string World::fleet_status(const std::string& id) { return std::string(to_text(fleet(id).status)); }

std::string World::session_status(const std::string& id) {
    const core::Slot slot = state_->find_session(id);
    return slot == core::kNone ? "(forgotten)" : std::string(to_text(state_->at<core::GameSession>(slot).status));
}

std::string World::player_status(const std::string& id) {
    const core::Slot slot = state_->find_player_session(id);
    return slot == core::kNone ? "(forgotten)" : std::string(to_text(state_->at<core::PlayerSession>(slot).status));
}

std::uint32_t World::instances(const std::string& fleet_id) const {
    return fleet(fleet_id).instances_active + fleet(fleet_id).instances_pending;
}

std::vector<std::string> World::events(const std::string& fleet_id) {
    std::vector<std::string> out;
    for (const auto& [order, slot] : fleet(fleet_id).events) {
        const auto& event = state_->at<core::FleetEvent>(slot);
        out.push_back(event.code + ": " + event.message);
    }
    return out;
}

std::vector<std::string> World::event_codes(const std::string& fleet_id) {
    std::vector<std::string> out;
    for (const auto& [order, slot] : fleet(fleet_id).events) out.push_back(state_->at<core::FleetEvent>(slot).code);
    return out;
}

std::vector<std::string> World::events_of(const std::string& fleet_id, const std::string& code) {
    std::vector<std::string> out;
    for (const auto& [order, slot] : fleet(fleet_id).events)
        if (state_->at<core::FleetEvent>(slot).code == code) out.push_back(state_->at<core::FleetEvent>(slot).message);
    return out;
}

}  // namespace gse::testing
