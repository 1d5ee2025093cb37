#include "sim/world.h"

#include "core/processes.h"
#include "plan/protection.h"
#include "sim/violation.h"

namespace gse::sim {
namespace {

/// Peace lasts at most this long: longer than every timer of a world in sum.
constexpr std::int64_t kRestMaxMs = 900'000;

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
    steps += other.steps, crashes += other.crashes, agent_crashes += other.agent_crashes, reports += other.reports,
        calls += other.calls;
    sessions += other.sessions, joins += other.joins, kills += other.kills, fulfilled += other.fulfilled,
        commits += other.commits, snapshots += other.snapshots;
    rebuilds_compared += other.rebuilds_compared, virtual_ms += other.virtual_ms;
    return *this;
}

std::optional<Scale> find_scale(std::string_view name) {
    if (name == "small") return Scale::Small;
    if (name == "medium") return Scale::Medium;
    if (name == "large") return Scale::Large;
    return std::nullopt;
}

World::World(std::uint64_t seed, Plant plant, Scale scale)
    : rng_(SeededRng(seed).next()), plant_(plant), scale_(scale), pressure_(seed) {
    draw_sizes();
    draw_cluster(SeededRng(seed ^ 0x5eed));
    network_ = std::make_unique<Network>(rng_, network_faults_);
    server_ = std::make_unique<Server>(settings_, rng_, server_faults_, plant_, [this] {
        checks_.after_step(*server_, EngineTime{now_});
        note_deadlines();
        load_->check(server_->state(), server_now());
    });
    load_ = std::make_unique<Load>(load_shape_, settings_, rng_);
    server_->start(server_now());
}

/// From a source of its own, so that the other worlds stay what they were.
void World::draw_cluster(SeededRng rng) {
    if (!rng.chance(0.25)) return;
    settings_.hosts.provider = HostProvider::Kubernetes;
    settings_.hosts.port_low = 20'000;
    settings_.hosts.port_high = static_cast<std::uint16_t>(20'000 + rng.between(60, 300));
    settings_.timers.host_start = Millis{rng.between(10'000, 60'000)};
    const auto sometimes = [&](double often, double strength) {
        return rng.chance(often) ? strength * static_cast<double>(rng.between(1, 100)) / 100 : 0.0;
    };
    cluster_faults_ = {.refuses = sometimes(0.4, 0.5),
                       .dies = sometimes(0.5, 0.004),
                       .deleted = sometimes(0.5, 0.004),
                       .cordoned = sometimes(0.3, 0.004),
                       .forgets = sometimes(0.5, 0.02),
                       .start_max_ms = rng.between(0, 20'000)};
    // Some worlds have no other hosts.
    if (rng.chance(0.5)) hosts_.clear();
    cluster_ = std::make_unique<Cluster>(*this, rng_, cluster_faults_);
}

void World::draw_sizes() {
    const auto ms = [this](std::int64_t low, std::int64_t high) { return Millis{rng_.between(low, high)}; };
    const auto sometimes = [this](double often, double strength) {
        return rng_.chance(often) ? strength * static_cast<double>(rng_.between(1, 100)) / 100 : 0.0;
    };

    Timers& timers = settings_.timers;
    timers.minute = ms(500, 2'000);
    timers.reservation = ms(3'000, 20'000);
    timers.process_ready = ms(5'000, 20'000);
    timers.process_exit = ms(2'000, 6'000);
    timers.end_grace = ms(2'000, 10'000);
    timers.unprotected_grace = ms(10'000, 40'000);
    timers.drain_grace = rng_.chance(0.5) ? Millis{0} : ms(500, 4'000);
    timers.sdk_call = ms(2'000, 10'000);
    timers.heartbeat = ms(500, 2'000);
    timers.host_silent = ms(4'000, 10'000);
    timers.host_lost = ms(20'000, 60'000);
    timers.fleet_creation = ms(40'000, 200'000);
    timers.port_quarantine = ms(500, 5'000);
    Retention& keep = settings_.retention;
    if (rng_.chance(0.5)) {
        keep.ended_sessions = ms(5'000, 60'000);
        keep.ended_players = ms(2'000, 30'000);
        keep.ended_placements = ms(5'000, 60'000);
        keep.deleted_fleets = ms(5'000, 60'000);
        keep.idempotency = ms(20'000, 100'000);
    }
    keep.events_per_fleet = static_cast<std::uint64_t>(rng_.between(10, 200));
    settings_.scaling.cooldown_minutes = static_cast<std::uint64_t>(rng_.between(1, 8));
    settings_.scaling.cooldown_delays_scale_out = rng_.chance(0.2);
    settings_.hosts.share = !rng_.chance(0.1);

    habits_.crash = sometimes(0.5, 0.01);
    habits_.never_ready = sometimes(0.3, 0.2);
    habits_.ignores_end = sometimes(0.5, 0.5);
    habits_.never_activates = sometimes(0.3, 0.2);
    habits_.sick = sometimes(0.4, 0.3);
    habits_.refuses_session = sometimes(0.3, 0.2);
    habits_.own_port = sometimes(0.3, 0.5);
    habits_.leaves_after_session = static_cast<double>(rng_.between(0, 10)) / 10;
    habits_.preparation_fails = sometimes(0.3, 0.1);
    habits_.port_squatter = sometimes(0.2, 0.05);
    habits_.session_max_ms = rng_.between(2'000, 40'000);

    network_faults_.lose = sometimes(0.5, 0.02);
    network_faults_.repeat = sometimes(0.5, 0.05);
    network_faults_.snap = sometimes(0.6, 0.02);
    network_faults_.delay_max_ms = rng_.between(1, 800);
    network_faults_.linger = sometimes(0.7, 1.0);

    server_faults_.crash = sometimes(0.7, 0.006);
    server_faults_.append_fails = sometimes(0.4, 0.01);
    server_faults_.snapshot = sometimes(0.7, 0.05);

    agent_crash_ = sometimes(0.6, 0.01);
    cut_off_ = sometimes(0.5, 0.004);
    wall_jump_ = sometimes(0.3, 0.01);

    load_shape_.calls = static_cast<double>(rng_.between(5, 100)) / 100;
    load_shape_.fleets_max = static_cast<std::uint32_t>(rng_.between(1, 4));
    load_shape_.aliases_max = static_cast<std::uint32_t>(rng_.between(1, 4));
    load_shape_.max_instances = static_cast<std::uint32_t>(rng_.between(1, 5));
    load_shape_.processes = static_cast<std::uint32_t>(rng_.between(1, 4));
    load_shape_.seats = static_cast<std::uint32_t>(rng_.between(1, 12));
    load_shape_.activation_timeout_s = static_cast<std::uint32_t>(rng_.between(5, 30));

    // Larger ones are drawn on top, so that a seed of a small one stays what it was.
    const auto times = static_cast<std::uint32_t>(scale_ == Scale::Small ? 1 : scale_ == Scale::Medium ? 4 : 16);
    load_shape_.fleets_max *= std::min(times, 6u);
    load_shape_.aliases_max *= std::min(times, 6u);
    load_shape_.max_instances *= times;
    load_ticks_ = times;
    const auto hosts = static_cast<std::size_t>(rng_.between(1, 4)) * times;
    const bool tight = rng_.chance(0.3);
    const link::PortRange ports{
        20'000, static_cast<std::uint16_t>(20'000 + (tight ? rng_.between(12, 40) : rng_.between(80, 300)))};
    load_shape_.ports = {
        20'000, static_cast<std::uint16_t>(rng_.chance(0.5) ? ports.high : ports.low + (ports.high - ports.low) / 2)};
    for (std::size_t i = 0; i < hosts; ++i) {
        HostShape shape{.name = fmt::format("host-{}", i),
                        .capacity = static_cast<std::uint32_t>(rng_.between(1, 4)),
                        .ports = ports};
        hosts_.push_back({.host = std::make_unique<FakeHost>(i, std::move(shape), *this, rng_, habits_, plant_)});
        hosts_.back().host->start_agent();
    }
}

// ------------------------------------------------------------------ what hosts ask

std::optional<link::StreamId> World::dial(std::size_t host) {
    if (!server_->up()) return std::nullopt;
    return network_->open(host, server_->run());
}
void World::send(link::StreamId stream, ToServer message) { network_->to_server(stream, std::move(message), now_); }
void World::hang_up(link::StreamId stream) {
    network_->snap(stream, now_);
    if (const auto it = network_->streams().find(stream); it != network_->streams().end())
        it->second.agent_knows = true;
}
std::vector<std::string> World::take_arrivals(const std::string& session) { return load_->take_arrivals(session); }

std::size_t World::start_machine(const std::string& name, const std::string& host_id, link::PortRange ports) {
    HostShape shape{.name = name, .capacity = 1, .ports = ports, .certified_id = host_id};
    hosts_.push_back({.host = std::make_unique<FakeHost>(hosts_.size(), std::move(shape), *this, rng_, habits_, plant_),
                      .machine = true});
    hosts_.back().host->start_agent();
    return hosts_.size() - 1;
}
void World::stop_machine(std::size_t machine) {
    hosts_.at(machine).host->lose_power();
    hosts_.at(machine).off = true;
}
bool World::is_empty(std::size_t machine) const {
    return hosts_.at(machine).off || hosts_.at(machine).host->instances() == 0;
}

void World::on_kill(const FakeHost& host, const std::string& id, KillCause cause) {
    ++counts_.kills;
    if (!server_->up() || cause == KillCause::ReadyTimeout || cause == KillCause::ExitTimeout) return;
    const core::State& state = server_->state();
    const core::Slot slot = state.find_process(id);
    if (slot == core::kNone) return;  // given up with its host
    constexpr std::string_view kRule = "nothing running is killed before its time";
    const auto& process = state.at<core::Process>(slot);
    const auto& instance = state.at<core::Instance>(process.instance);
    if (cause == KillCause::InstanceRemoved) {
        require(instance.removing, kRule, "{} killed {}: its instance {} is not being removed", host.name(), id,
                instance.id);
        return;
    }
    require(process.status == ProcessStatus::Ending, kRule, "{} killed {}, which was not asked to end", host.name(),
            id);
    std::optional<ProtectionPolicy> protection;
    if (process.session != core::kNone) protection = state.at<core::GameSession>(process.session).protection;
    const auto after = plan::kill_after(process.end_reason, protection,
                                        state.at<core::Fleet>(instance.fleet).protection_minutes, settings_.timers);
    // A request that was repeated lately (harder, or because a session ended) may not have reached the host: until it
    // does, the host keeps to the one before.
    const Millis since = EngineTime{now_} - process.end_requested;
    const auto told = deadlines_.find(id);
    if (told == deadlines_.end() || now_ - told->second.changed_at < 8'000) return;
    if (told->second.at != core::kill_time(state, slot)) return;  // changed in the batch that is still open
    if (since < Millis{8'000} || !process.ready) return;
    if (!state.at<core::Host>(instance.host).synced || !hears_all(host)) return;
    const EngineTime due = plan::kill_at(
        process.end_requested, after,
        std::min(state.at<core::Fleet>(instance.fleet).drain_deadline, state.at<core::Host>(instance.host).ends_by));
    require(due != kNever, kRule, "{} killed {}, which is fully protected", host.name(), id);
    require(EngineTime{now_} + Millis{3'000} >= due, kRule, "{} killed {} {} ms after the request ({}), it has {} ms",
            host.name(), id, since.count(), to_text(process.end_reason), (due - process.end_requested).count());
}

/// A deadline that moved lately (the fleet's protection, the deadline of its drain) may not have reached the host
/// either.
void World::note_deadlines() {
    std::map<std::string, Deadline> deadlines;
    const core::State& state = server_->state();
    state.table<core::Process>().for_each([&](core::Slot slot, const core::Process& process) {
        if (process.status != ProcessStatus::Ending) return;
        Deadline now{.at = core::kill_time(state, slot), .changed_at = now_};
        const auto known = deadlines_.find(process.id);
        if (known != deadlines_.end() && known->second.at == now.at) now = known->second;
        deadlines.emplace(process.id, now);
    });
    deadlines_ = std::move(deadlines);
}

/// False while something said to that host is on its way, or was lost.
bool World::hears_all(const FakeHost& host) const {
    if (!host.stream()) return false;
    const auto stream = network_->streams().find(*host.stream());
    return stream != network_->streams().end() && stream->second.open && stream->second.down.empty() &&
           stream->second.breaks_at == INT64_MAX;
}

// ------------------------------------------------------------------ steps

void World::deliver() {
    network_->break_due(now_);
    for (auto& [id, stream] : network_->streams()) {
        while (!stream.up.empty() && stream.up.front().at <= now_) {
            ToServer message = std::move(stream.up.front().message);
            stream.up.pop_front();
            if (server_->up() && stream.server_run == server_->run()) server_->hear(id, std::move(message));
        }
    }
    // Hosts may hang up while they listen: walk over ids, not over the map.
    std::vector<link::StreamId> ids;
    for (const auto& [id, stream] : network_->streams()) ids.push_back(id);
    for (const link::StreamId id : ids) {
        Stream& stream = network_->streams().at(id);
        while (!stream.down.empty() && stream.down.front().at <= now_) {
            const ToAgent message = std::move(stream.down.front().message);
            stream.down.pop_front();
            hosts_[stream.agent].host->on_message(id, message);
        }
        if (stream.open || now_ < stream.ends_seen_at) continue;
        // What arrived is heard before the end is.
        if (stream.up.empty() && !std::exchange(stream.server_knows, true) && stream.server_run == server_->run())
            server_->hear_closed(id);
        if (!std::exchange(stream.agent_knows, true)) hosts_[stream.agent].host->on_stream_ended(id);
    }
    network_->forget_finished();
}

void World::crash_server() {
    for (auto& [id, stream] : network_->streams()) network_->snap(id, now_);
    load_->on_crash();
    if (cluster_) cluster_->on_server_crash();
    checks_.forget();
    server_back_at_ = now_ + rng_.between(0, rng_.chance(0.2) ? 30'000 : 2'000);
}

void World::after_server() {
    auto released = server_->take_released();
    for (auto& message : released.messages) {
        if (auto* welcome = std::get_if<link::Welcome>(&message.body))
            network_->to_agent(message.stream, std::move(*welcome), now_);
        else if (auto* order = std::get_if<link::Order>(&message.body))
            network_->to_agent(message.stream, std::move(*order), now_);
        else
            network_->snap(message.stream, now_);
    }
    for (const auto& answer : released.answers)
        if (answer.ticket >= Cluster::kTickets)
            cluster_->on_answer(answer);
        else
            load_->on_answer(answer, server_now());
    if (!server_->up() && server_back_at_ == 0) crash_server();
}

void World::step(std::int64_t dt) {
    ++counts_.steps;
    now_ += dt;
    deliver();
    for (auto& slot : hosts_) {
        if (slot.off) continue;
        if (!slot.host->agent_up() && now_ >= slot.agent_back_at) slot.host->start_agent();
        if (slot.cut_until != 0 && now_ >= slot.cut_until) {
            slot.cut_until = 0;
            slot.host->set_cut_off(false);
        }
        slot.host->tick();
    }
    if (!server_->up() && server_back_at_ != 0 && now_ >= server_back_at_) {
        server_back_at_ = 0;
        server_->start(server_now());
    }
    for (std::uint32_t i = 0; i < load_ticks_; ++i) load_->tick(*server_, server_now());
    if (cluster_) cluster_->tick(*server_, now_);
    server_->step(server_now());
    after_server();
}

void World::make_trouble() {
    for (auto& [id, stream] : network_->streams())
        if (stream.open && rng_.chance(network_faults_.snap)) network_->snap(id, now_);
    for (auto& slot : hosts_) {
        if (slot.off) continue;
        if (!slot.machine && rng_.chance(agent_crash_) && slot.host->agent_up()) {
            ++counts_.agent_crashes;
            slot.host->crash_agent();
            slot.agent_back_at = now_ + rng_.between(0, rng_.chance(0.2) ? 30'000 : 3'000);
        }
        if (slot.cut_until == 0 && rng_.chance(cut_off_)) {
            slot.host->set_cut_off(true);
            const std::int64_t lost = settings_.timers.host_lost.count();
            slot.cut_until = now_ + (rng_.chance(0.3) ? rng_.between(lost, lost * 2) : rng_.between(1'000, lost));
        }
    }
    if (rng_.chance(wall_jump_)) wall_base_ += rng_.between(-7'200'000, 7'200'000);
}

void World::heal() {
    load_->stop();
    habits_ =
        GameHabits{.leaves_after_session = habits_.leaves_after_session, .session_max_ms = habits_.session_max_ms};
    network_->faults() = NetworkFaults{.delay_max_ms = std::min<std::int64_t>(network_faults_.delay_max_ms, 200)};
    server_faults_ = ServerFaults{};
    cluster_faults_ = {.start_max_ms = 1'000};
    for (auto& slot : hosts_) {
        if (slot.off) continue;
        slot.agent_back_at = now_;
        if (slot.cut_until != 0) slot.cut_until = now_;
    }
    if (server_back_at_ != 0) server_back_at_ = now_;
}

void World::come_to_rest() {
    const std::int64_t until = now_ + kRestMaxMs;
    std::optional<std::string> why = "nothing happened yet";
    while (why) {
        require(now_ < until, "nothing waits for ever", "{}", *why);
        for (int i = 0; i < 20; ++i) step(rng_.between(1, 400));
        if (!server_->up()) continue;
        why = unsettled(server_->state(), EngineTime{now_});
        if (!why && cluster_) why = cluster_->unsettled(server_->state());
        for (const auto& slot : hosts_)
            if (!why && !slot.off && slot.host->unacked() > 0)
                why = fmt::format("{} has {} unacknowledged reports", slot.host->name(), slot.host->unacked());
    }
    server_->state().table<core::Process>().for_each([&](core::Slot, const core::Process& process) {
        const auto& host = server_->state().at<core::Host>(server_->state().at<core::Instance>(process.instance).host);
        for (const auto& slot : hosts_)
            require(slot.host->name() != host.name || slot.host->runs(process.id), "the books agree with the hosts",
                    "{} does not run on {}", process.id, host.name);
    });
    std::size_t running = 0;
    for (const auto& slot : hosts_) running += slot.host->running();
    require(running == server_->state().table<core::Process>().size(), "the books agree with the hosts",
            "{} processes run, {} are known", running, server_->state().table<core::Process>().size());
}

void World::run(std::uint64_t steps) {
    for (std::uint64_t i = 1; i <= steps; ++i) {
        step(rng_.chance(0.02) ? rng_.between(1, 4'000) : rng_.between(0, 250));
        make_trouble();
        if (i % 128 == 0) server_->compare_with_journal();
    }
    finish();
}

void World::run_for(Millis time) {
    // Of what is older than this nothing is promised, and a long run need not remember it.
    Retention& keep = settings_.retention;
    keep.ended_sessions = std::min(keep.ended_sessions, Millis{60'000});
    keep.ended_players = std::min(keep.ended_players, Millis{30'000});
    keep.ended_placements = std::min(keep.ended_placements, Millis{60'000});
    keep.deleted_fleets = std::min(keep.deleted_fleets, Millis{60'000});
    keep.idempotency = std::min(keep.idempotency, Millis{100'000});
    const std::int64_t until = now_ + time.count();
    for (std::uint64_t i = 1; now_ < until; ++i) {
        load_->set_pressure(pressure_.at(now_));
        step(rng_.chance(0.02) ? rng_.between(1, 4'000) : rng_.between(0, 250));
        make_trouble();
        if (i % 1'024 != 0) continue;
        server_->compare_with_journal();
        load_->forget_old(server_now());
    }
    finish();
}

void World::finish() {
    heal();
    come_to_rest();
    require(server_->settle(server_now()), "the server settles", "it still has work");
    after_server();
    server_->compare_with_journal();
    server_->crash();
    crash_server();
    server_->start(server_now());
}

Counts World::counts() const {
    Counts counts = counts_;
    counts.crashes = server_->counts().crashes;
    counts.reports = server_->counts().reports;
    counts.commits = server_->counts().commits;
    counts.snapshots = server_->counts().snapshots;
    counts.rebuilds_compared = server_->counts().rebuilds_compared;
    counts.calls = load_->counts().calls;
    counts.sessions = load_->counts().sessions;
    counts.joins = load_->counts().joins;
    counts.fulfilled = load_->counts().fulfilled;
    counts.virtual_ms = static_cast<std::uint64_t>(now_);
    return counts;
}

std::string World::digest() const {
    return server_->up() ? server_->state().digest() + server_->state().derived_digest() : std::string();
}

}  // namespace gse::sim
