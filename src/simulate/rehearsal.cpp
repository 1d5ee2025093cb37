#include "simulate/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "simulate/deployment.h"

namespace gse::simulate {
namespace {

constexpr std::string_view kQueue = "queue";
constexpr std::uint32_t kArrival = Machines::kKindsEnd;
constexpr std::size_t kSamplesMax = 720;
/// Monday, 2030-01-07: where the curve's first day lies when it is a Monday.
constexpr std::int64_t kMondayMs = 1'893'974'400'000;
constexpr std::int64_t kDayMs = 86'400'000;

Millis of_seconds(double seconds) { return Millis{std::llround(seconds * 1'000)}; }

Settings settings_of(const Policy& policy) {
    Settings settings;
    settings.timers.drain_grace = of_seconds(policy.drain_grace);
    settings.scaling.cooldown_delays_scale_out = policy.cooldown_both;
    settings.scaling.cooldown_minutes = policy.cooldown;
    // What a server keeps for those who look at it later.
    settings.metrics.memory_bytes = 1 << 20;
    settings.retention.ended_placements_max = settings.retention.ended_sessions_max = 1'000;
    settings.retention.decisions = 1'000;
    // Whoever waits is to wait, not to be refused for the length of the queue.
    settings.limits.placements_per_queue = 10'000'000;
    return settings;
}

/// Sums up what goes on between two batches.
class Ledger {
public:
    Ledger(EngineTime begin, EngineTime end)
        : begin_(begin), end_(end), sample_(std::max<std::int64_t>(60'000, (end - begin).count() / kSamplesMax)) {
        figures.sample_length = sample_;
        figures.samples.resize(
            static_cast<std::size_t>(((end - begin).count() + sample_.count() - 1) / sample_.count()));
    }

    Figures figures;

    [[nodiscard]] bool counts(EngineTime at) const { return at >= begin_ && at < end_; }

    void pass(EngineTime from, EngineTime to, const core::Fleet& fleet) {
        from = std::max(from, begin_);
        to = std::min(to, end_);
        if (from >= to) return;
        const std::uint32_t instances = fleet.instances_pending + fleet.instances_active + fleet.instances_draining;
        const double processes = fleet.processes_per_instance();
        const double sessions = fleet.sessions_activating + fleet.sessions_active;
        const double hours = static_cast<double>((to - from).count()) / 3'600'000;
        figures.peak_instances = std::max(figures.peak_instances, instances);
        figures.instance_hours += hours * instances;
        figures.idle_instance_hours += hours * std::max(0.0, instances - sessions / processes);
        while (from < to) {
            const auto index = static_cast<std::size_t>((from - begin_).count() / sample_.count());
            const EngineTime until = std::min(to, begin_ + sample_ * (static_cast<std::int64_t>(index) + 1));
            const EngineTime whole = std::min(end_, begin_ + sample_ * (static_cast<std::int64_t>(index) + 1));
            const EngineTime first = begin_ + sample_ * static_cast<std::int64_t>(index);
            const double share =
                static_cast<double>((until - from).count()) / static_cast<double>((whole - first).count());
            Sample& sample = figures.samples[index];
            sample.demand = std::max(sample.demand, sessions + static_cast<double>(fleet.waiting.size()));
            sample.ready += share * fleet.processes_active;
            sample.capacity += share * instances * processes;
            from = until;
        }
    }
    void refuse_one(EngineTime asked) {
        ++figures.refused;
        ++figures.samples[static_cast<std::size_t>((asked - begin_).count() / sample_.count())].refused;
    }
    void close(std::vector<std::int64_t> waits) {
        figures.mean_instances = figures.instance_hours / (static_cast<double>((end_ - begin_).count()) / 3'600'000);
        if (waits.empty()) return;
        std::ranges::sort(waits);
        const auto at = [&](double share) {
            const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(waits.size())));
            return static_cast<double>(waits[std::clamp<std::size_t>(rank, 1, waits.size()) - 1]) / 1'000;
        };
        double sum = 0;
        for (const std::int64_t wait : waits) sum += static_cast<double>(wait);
        figures.wait_mean = sum / static_cast<double>(waits.size()) / 1'000;
        figures.wait_p95 = at(0.95);
        figures.wait_p99 = at(0.99);
        figures.wait_max = static_cast<double>(waits.back()) / 1'000;
    }

private:
    const EngineTime begin_;
    const EngineTime end_;
    const Millis sample_;
};

class Rehearsal final : public Script {
public:
    Rehearsal(const Curve& curve, const Policy& policy, const RehearsalOptions& options)
        : policy_(policy),
          warm_up_(warm_up_of(curve, options)),
          curve_(with_warm_up(curve, warm_up_)),
          // The first instance is made, and the policy comes into force, before anybody asks.
          opens_(EngineTime{1'000} + of_seconds(policy.instance_start + policy.process_start) * 2 + Millis{60'000}),
          begin_(opens_ + warm_up_),
          chance_(options.seed),
          arrivals_(curve_, chance_, options.chance),
          ledger_(begin_, begin_ + curve.length()),
          deployment_(settings_of(policy), machines_of(policy),
                      WallTime{kMondayMs + (options.first_day - 1) * kDayMs - begin_.ms}, options.seed, *this) {}

    Result<Figures> run() {
        if (auto made = set_up(); !made)
            return refuse(made.error().code, fmt::format("policy '{}': {}", policy_.name, made.error().message));
        deployment_.run_until(opens_);
        note_next();
        // Whoever asks last may wait as long as all others.
        deployment_.run_until(begin_ + (curve_.length() - warm_up_) +
                              Millis{static_cast<std::int64_t>(policy_.patience) * 1'000} +
                              of_seconds(policy_.session_start) + Millis{60'000});
        for (const auto& [name, ask] : asks_)
            if (ask.counts) ledger_.refuse_one(ask.at);
        ledger_.close(std::move(waits_));
        return std::move(ledger_.figures);
    }

    // ---- Script

    void on_event(const Event& event) override {
        ask_for_session(event.at);
        note_next();
    }
    void on_time(EngineTime from, EngineTime to) override {
        if (fleet_ != core::kNone) ledger_.pass(from, to, deployment_.state().at<core::Fleet>(fleet_));
    }
    Millis on_active(const std::string& session, EngineTime now) override {
        const auto ask = asks_.find(session.substr(session.rfind('/') + 1));
        if (ask == asks_.end()) return Millis{1};
        if (ask->second.counts) waits_.push_back((now - ask->second.at).count());
        const Millis lasts = ask->second.lasts;
        asks_.erase(ask);
        join(session);
        return lasts;
    }
    void on_over(const std::string&, bool cut) override {
        if (cut && ledger_.counts(deployment_.now())) ++ledger_.figures.cut;
    }

private:
    struct Ask {
        EngineTime at;
        Millis lasts{0};
        bool counts = false;
    };

    static Millis warm_up_of(const Curve& curve, const RehearsalOptions& options) {
        if (options.warm_up) return *options.warm_up;
        const double twice = curve.stretches.front().session_minutes * 120;
        return of_seconds(std::clamp(twice, 600.0, 86'400.0));
    }
    static Curve with_warm_up(const Curve& curve, Millis warm_up) {
        Curve whole;
        const Stretch& first = curve.stretches.front();
        if (warm_up > Millis{0})
            whole.stretches.push_back({.begin = Millis{0},
                                       .end = warm_up,
                                       .rate_begin = first.rate_begin,
                                       .rate_end = first.rate_begin,
                                       .session_minutes = first.session_minutes});
        for (Stretch one : curve.stretches) {
            one.begin += warm_up;
            one.end += warm_up;
            whole.stretches.push_back(one);
        }
        return whole;
    }
    static MachinesShape machines_of(const Policy& policy) {
        return {.hosts = static_cast<std::uint32_t>(policy.host_count()),
                .host_instances = static_cast<std::uint32_t>(policy.host_instances),
                .instance_start = of_seconds(policy.instance_start),
                .process_start = of_seconds(policy.process_start),
                .session_start = of_seconds(policy.session_start),
                .restart_process = policy.restart_process};
    }

    // ---- the fleet

    Result<void> set_up() {
        deployment_.open();
        api::CreateFleetRequest request;
        request.name = "fleet";
        request.instance_type = deployment_.settings().instance_types.front().name;
        request.inbound_permissions.push_back(
            {.from_port = 10'000, .ip_range = "0.0.0.0/0", .protocol = "UDP", .to_port = 20'999});
        request.new_game_server_session_protection_policy = policy_.protection == "full"         ? "FullProtection"
                                                            : policy_.protection == "time-limit" ? "TimeLimitProtection"
                                                                                                 : "NoProtection";
        request.game_server_session_protection_time_limit = static_cast<std::int64_t>(policy_.protection_minutes);
        request.runtime_configuration.server_processes.push_back({.concurrent_executions = policy_.processes,
                                                                  .launch_path = "/local/game/server",
                                                                  .parameters = "-port {client_port}"});
        fleet_id_ = TRY(deployment_.make_fleet(std::move(request), "game"));
        const std::string& region = deployment_.settings().default_region;
        fleet_ = deployment_.state().find_fleet(region, fleet_id_);

        api::UpdateFleetCapacityRequest capacity;
        capacity.fleet_id = fleet_id_;
        capacity.min_size = policy_.min;
        capacity.max_size = policy_.max;
        capacity.desired_instances = policy_.desired.value_or(std::max<std::uint64_t>(policy_.min, 1));
        capacity.scaling_interval = policy_.cooldown;
        TRY(deployment_.ask<api::UpdateFleetCapacityResponse>(capacity));
        if (!policy_.automatic) {
            api::StopFleetActionsRequest stop;
            stop.fleet_id = fleet_id_;
            TRY(deployment_.ask<api::StopFleetActionsResponse>(stop));
        }
        TRY(put_buffer());
        for (const Rule& rule : policy_.rules) TRY(with_line(rule.line, put_rule(rule)));
        for (const Timer& timer : policy_.timers) TRY(with_line(timer.line, put_timer(timer)));
        if (policy_.patience == 0) return {};

        api::CreateGameServerSessionQueueRequest queue;
        queue.name = kQueue;
        queue.destinations = std::vector<api::GameServerSessionQueueDestination>{
            {.destination_arn = deployment_.state().arn(region, "fleet", fleet_id_), .fleet_status = {}}};
        queue.timeout_in_seconds = policy_.patience;
        TRY(deployment_.ask<api::CreateGameServerSessionQueueResponse>(queue));
        return {};
    }
    static Result<void> with_line(std::size_t line, Result<void> done) {
        if (done) return done;
        return refuse(done.error().code, fmt::format("line {}: {}", line, done.error().message));
    }
    Result<void> put_buffer() {
        if (!policy_.buffer) return {};
        api::PutScalingPolicyRequest request;
        request.fleet_id = fleet_id_;
        request.name = "buffer";
        request.policy_type = "TargetBased";
        request.metric_name = "PercentAvailableGameSessions";
        request.target_configuration = api::TargetConfiguration{
            .target_value = *policy_.buffer, .minimum_free_sessions = policy_.free, .keep_one = policy_.keep_one};
        TRY(deployment_.ask<api::PutScalingPolicyResponse>(request));
        return {};
    }
    Result<void> put_rule(const Rule& rule) {
        api::PutScalingPolicyRequest request;
        request.fleet_id = fleet_id_;
        request.name = fmt::format("rule-{}", ++names_);
        request.policy_type = "RuleBased";
        request.metric_name = rule.metric;
        request.comparison_operator = rule.comparison;
        request.threshold = rule.threshold;
        request.evaluation_periods = rule.minutes;
        request.scaling_adjustment_type = rule.adjustment;
        request.scaling_adjustment = rule.by;
        TRY(deployment_.ask<api::PutScalingPolicyResponse>(request));
        return {};
    }
    Result<void> put_timer(const Timer& timer) {
        api::TimerFleetCapacity capacity;
        capacity.fleet_id = fleet_id_;
        capacity.desired_instances = timer.desired;
        capacity.min_size = timer.min;
        capacity.max_size = timer.max;
        capacity.scaling_interval = timer.cooldown;
        if (timer.automatic) capacity.scaling_type = *timer.automatic ? 2 : 1;
        if (timer.buffer) {
            capacity.target_configuration =
                api::TargetConfiguration{.target_value = static_cast<std::uint64_t>(*timer.buffer),
                                         .minimum_free_sessions = static_cast<std::uint64_t>(timer.free.value_or(0)),
                                         .keep_one = timer.keep_one.value_or(true)};
        }
        api::TimerConfiguration when;
        when.timer_type = timer.days.empty() ? 2 : 4;
        if (!timer.days.empty()) when.timer_value = api::TimerValue{.week_days = timer.days};
        // Long ago, so that every day of the curve may see it fire.
        when.begin_time = fmt::format("2029-12-03T{}:00Z", timer.at);
        api::PutTimerScalingPolicyRequest request;
        request.timer_scaling_policy.timer_name = fmt::format("timer-{}", ++names_);
        request.timer_scaling_policy.timer_fleet_capacity = capacity;
        request.timer_scaling_policy.timer_configuration = when;
        TRY(deployment_.ask<api::PutTimerScalingPolicyResponse>(request));
        return {};
    }

    // ---- who asks

    void note_next() {
        next_ = arrivals_.next();
        if (next_) deployment_.agenda().note(opens_ + next_->at, kArrival, 0);
    }
    void ask_for_session(EngineTime now) {
        const bool counts = ledger_.counts(now);
        ledger_.figures.asked += counts;
        const std::string name = fmt::format("session-{}", ++names_);
        bool taken = false;
        if (policy_.patience > 0) {
            api::StartGameServerSessionPlacementRequest request;
            request.placement_id = name;
            request.game_server_session_queue_name = kQueue;
            request.maximum_player_session_count = std::max<std::uint64_t>(policy_.players, 1);
            taken = deployment_.call(Work::Placement, request).has_value();
        } else {
            api::CreateGameServerSessionRequest request;
            request.fleet_id = fleet_id_;
            request.maximum_player_session_count = std::max<std::uint64_t>(policy_.players, 1);
            request.game_server_session_id = name;
            taken = deployment_.call(Work::Placement, request).has_value();
        }
        if (taken)
            asks_.emplace(name, Ask{.at = now, .lasts = next_->lasts, .counts = counts});
        else if (counts)
            ledger_.refuse_one(now);
    }
    /// They stay until the session ends.
    void join(const std::string& session) {
        for (std::uint64_t i = 0; i < policy_.players; ++i) {
            api::JoinGameServerSessionRequest request;
            request.game_server_session_id = session;
            request.player_id = fmt::format("player-{}", ++names_);
            const auto seat = deployment_.call(Work::Join, request);
            if (seat && seat->player_session)
                deployment_.machines().accept_player(session, seat->player_session->player_session_id);
        }
    }

    const Policy& policy_;
    const Millis warm_up_;
    const Curve curve_;
    const EngineTime opens_;
    const EngineTime begin_;
    SeededRng chance_;
    Arrivals arrivals_;
    Ledger ledger_;
    Deployment deployment_;
    core::Slot fleet_ = core::kNone;
    std::string fleet_id_;
    std::uint64_t names_ = 0;
    std::optional<Arrival> next_;
    std::unordered_map<std::string, Ask> asks_;  ///< those that have no session yet, by name
    std::vector<std::int64_t> waits_;            ///< ms
};

}  // namespace

Result<Figures> rehearse(const Curve& curve, const Policy& policy, const RehearsalOptions& options) {
    if (auto good = check_policy(policy); !good) return std::unexpected(good.error());
    return Rehearsal(curve, policy, options).run();
}

}  // namespace gse::simulate
