#include "sim/growth.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numbers>
#include <unordered_map>

#include <fmt/format.h>

#include "base/check.h"
#include "simulate/arrivals.h"
#include "simulate/deployment.h"

namespace gse::sim {
namespace {

using simulate::Event;
using simulate::Machines;
using simulate::Work;

constexpr std::uint32_t kProcesses = 10;  ///< of an instance; an instance a host in the mean
constexpr std::uint32_t kArrival = Machines::kKindsEnd;
constexpr std::uint32_t kJoin = kArrival + 1;
constexpr Millis kBetweenJoins{700};
constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::size_t kEvents = static_cast<std::size_t>(Work::Heartbeat);  ///< work before it is an event of a user's

double load_at(double hour) {
    // A fifth of the processes are used at 7 o'clock, 85 % at 19 o'clock; a burst at 18.
    const double wave = 0.5 + 0.5 * std::sin((hour - 13) * std::numbers::pi / 12);
    return 0.2 + 0.65 * wave + (std::fmod(hour, 24) >= 18 && std::fmod(hour, 24) < 18.1 ? 0.05 : 0.0);
}

/// Steps of a tenth of an hour; sessions come at the rate that keeps the load.
simulate::Curve day(std::uint32_t hosts, const GrowthOptions& options) {
    simulate::Curve curve;
    const double processes = static_cast<double>(hosts) * kProcesses;
    for (std::uint32_t i = 0; i < options.hours * 10; ++i) {
        const double rate = processes * load_at(static_cast<double>(i) / 10) / options.session_minutes;
        curve.stretches.push_back({.begin = Millis{i * kHourMs / 10},
                                   .end = Millis{(i + 1) * kHourMs / 10},
                                   .rate_begin = rate,
                                   .rate_end = rate,
                                   .session_minutes = options.session_minutes});
    }
    return curve;
}

class Day final : public simulate::Script {
public:
    Day(std::uint32_t hosts, const GrowthOptions& options)
        : options_(options),
          curve_(day(hosts, options)),
          chance_(options.seed),
          arrivals_(curve_, chance_, simulate::Chance::Random),
          deployment_(settings(), {.hosts = hosts, .host_instances = 2, .instance_start = Millis{20'000}},
                      WallTime{1'893'974'400'000}, options.seed, *this, &meter_) {
        figures_.hosts = hosts;
    }

    GrowthFigures run() {
        deployment_.open();
        for (std::uint32_t i = 0; i < options_.fleets; ++i) make_fleet(i);
        begin_ = deployment_.now();
        note_next();
        deployment_.run_until(begin_ + curve_.length());
        const double empty = cost_of_metering();
        for (std::size_t i = 0; i < simulate::kWorkNames.size(); ++i) {
            const auto& sum = meter_.of(static_cast<Work>(i));
            figures_.counts[i] = sum.count;
            const std::uint64_t looks = i == static_cast<std::size_t>(Work::Heartbeat) ? 0 : sum.count;
            figures_.seconds[i] = std::max(0.0, static_cast<double>(sum.ns) / 1e9 - empty * static_cast<double>(looks));
        }
        figures_.cpu_s = static_cast<double>(simulate::thread_cpu_ns()) / 1e9;
        return figures_;
    }

    void on_event(const Event& event) override {
        if (event.kind == kJoin) return join(event);
        start_placement();
        note_next();
    }
    void on_time(EngineTime, EngineTime) override {
        std::uint64_t processes = 0, players = 0;
        for (const core::Slot slot : fleets_) {
            const auto& fleet = deployment_.state().at<core::Fleet>(slot);
            processes += fleet.processes_active;
            players += fleet.players;
        }
        figures_.processes_peak = std::max(figures_.processes_peak, processes);
        figures_.players_peak = std::max(figures_.players_peak, players);
    }
    Millis on_active(const std::string& session, EngineTime now) override {
        const auto asked = lasts_.find(session.substr(session.rfind('/') + 1));
        CHECK(asked != lasts_.end());
        const Millis lasts = asked->second;
        lasts_.erase(asked);
        ++figures_.sessions;
        std::uint32_t room = 0;
        if (free_.empty()) {
            room = static_cast<std::uint32_t>(rooms_.size());
            rooms_.emplace_back();
        } else {
            room = free_.back();
            free_.pop_back();
        }
        rooms_[room] = {.session = session};
        deployment_.agenda().note(now + Millis{1}, kJoin, room);
        return lasts;
    }
    void on_over(const std::string&, bool) override {}

private:
    struct Room {
        std::string session;
        std::uint32_t joined = 0;
    };

    static Settings settings() {
        Settings settings;
        settings.limits.placements_per_queue = 10'000'000;
        return settings;
    }
    static std::string queue_of(std::uint32_t fleet) { return fmt::format("queue-{}", fleet); }

    void make_fleet(std::uint32_t number) {
        const std::string name = fmt::format("fleet-{}", number);
        api::CreateFleetRequest request;
        request.name = name;
        request.instance_type = deployment_.settings().instance_types.front().name;
        request.inbound_permissions.push_back(
            {.from_port = 10'000, .ip_range = "0.0.0.0/0", .protocol = "UDP", .to_port = 10'999});
        request.new_game_server_session_protection_policy = "FullProtection";
        request.runtime_configuration.server_processes.push_back(
            {.concurrent_executions = kProcesses, .launch_path = "/local/game/server", .parameters = ""});
        const std::string id = must(deployment_.make_fleet(std::move(request), name));
        const std::string& region = deployment_.settings().default_region;
        fleets_.push_back(deployment_.state().find_fleet(region, id));
        api::UpdateFleetCapacityRequest capacity;
        capacity.fleet_id = id;
        capacity.min_size = 0;
        capacity.max_size = figures_.hosts * 2 / options_.fleets;
        must(deployment_.ask<api::UpdateFleetCapacityResponse>(capacity));
        api::PutScalingPolicyRequest buffer;
        buffer.fleet_id = id;
        buffer.name = "buffer";
        buffer.policy_type = "TargetBased";
        buffer.metric_name = "PercentAvailableGameSessions";
        buffer.target_configuration = api::TargetConfiguration{.target_value = 10};
        must(deployment_.ask<api::PutScalingPolicyResponse>(buffer));
        api::CreateGameServerSessionQueueRequest queue;
        queue.name = queue_of(number);
        queue.destinations = std::vector<api::GameServerSessionQueueDestination>{
            {.destination_arn = deployment_.state().arn(region, "fleet", id), .fleet_status = {}}};
        must(deployment_.ask<api::CreateGameServerSessionQueueResponse>(queue));
    }
    template <class T>
    static T must(Result<T> result) {
        if (!result) std::fprintf(stderr, "gse-sim day: %s\n", result.error().message.c_str());
        CHECK(result.has_value());
        return *std::move(result);
    }

    void note_next() {
        next_ = arrivals_.next();
        if (next_) deployment_.agenda().note(begin_ + next_->at, kArrival, 0);
    }
    void start_placement() {
        api::StartGameServerSessionPlacementRequest request;
        request.placement_id = fmt::format("match-{}", ++names_);
        request.game_server_session_queue_name = queue_of(static_cast<std::uint32_t>(names_ % options_.fleets));
        request.maximum_player_session_count = options_.players;
        if (deployment_.call(Work::Placement, request)) lasts_[request.placement_id] = next_->lasts;
    }
    void join(const Event& event) {
        Room& room = rooms_[event.who];
        api::JoinGameServerSessionRequest request;
        request.game_server_session_id = room.session;
        request.player_id = fmt::format("player-{}", ++names_);
        const auto seat = deployment_.call(Work::Join, request);
        if (seat && seat->player_session) {
            ++figures_.players;
            deployment_.machines().accept_player(room.session, seat->player_session->player_session_id);
        }
        if (seat && ++room.joined < options_.players)
            deployment_.agenda().note(event.at + kBetweenJoins, kJoin, event.who);
        else
            free_.push_back(event.who);
    }
    /// Seconds that looking at the clock twice adds to a piece of work.
    static double cost_of_metering() {
        constexpr std::uint64_t kTimes = 100'000;
        simulate::CostMeter meter;
        for (std::uint64_t i = 0; i < kTimes; ++i) simulate::metered(&meter, Work::Tick, [] {});
        return static_cast<double>(meter.of(Work::Tick).ns) / 1e9 / kTimes;
    }

    const GrowthOptions& options_;
    const simulate::Curve curve_;
    SeededRng chance_;
    simulate::Arrivals arrivals_;
    simulate::CostMeter meter_;
    GrowthFigures figures_;
    std::vector<core::Slot> fleets_;
    std::unordered_map<std::string, Millis> lasts_;  ///< of sessions that are not ACTIVE yet, by placement
    std::vector<Room> rooms_;                        ///< sessions that players come to
    std::vector<std::uint32_t> free_;
    std::optional<simulate::Arrival> next_;
    std::uint64_t names_ = 0;
    EngineTime begin_;
    simulate::Deployment deployment_;
};

/// In a process of its own; false when that failed.
bool run_alone(std::uint32_t hosts, const GrowthOptions& options, GrowthFigures& figures) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    const pid_t child = ::fork();
    if (child < 0) return false;
    if (child == 0) {
        ::close(ends[0]);
        const GrowthFigures found = Day(hosts, options).run();
        const bool told = ::write(ends[1], &found, sizeof found) == static_cast<ssize_t>(sizeof found);
        ::_exit(told ? 0 : 1);
    }
    ::close(ends[1]);
    std::size_t got = 0;
    while (got < sizeof figures) {
        const ssize_t more = ::read(ends[0], reinterpret_cast<char*>(&figures) + got, sizeof figures - got);
        if (more <= 0) break;
        got += static_cast<std::size_t>(more);
    }
    ::close(ends[0]);
    int status = 0;
    rusage used{};
    if (::wait4(child, &status, 0, &used) != child || status != 0 || got != sizeof figures) return false;
    figures.peak_bytes = static_cast<double>(used.ru_maxrss) * 1024;
    return true;
}

}  // namespace

double GrowthFigures::events() const {
    double sum = 0;
    for (std::size_t i = 0; i < kEvents; ++i) sum += static_cast<double>(counts[i]);
    return sum;
}

double GrowthFigures::us_per_event() const {
    double sum = 0;
    for (const double one : seconds) sum += one;
    return events() > 0 ? sum * 1e6 / events() : 0;
}

std::string growth_table(const std::vector<GrowthFigures>& sizes) {
    std::string out = fmt::format("{:>7} {:>9} {:>9} {:>10} {:>10} {:>11} {:>9} {:>9} {:>8}\n", "hosts", "processes",
                                  "matches", "players", "at peak", "events", "us/event", "peak MiB", "CPU s");
    for (const GrowthFigures& f : sizes)
        out += fmt::format("{:>7} {:>9} {:>9} {:>10} {:>10} {:>11.0f} {:>9.2f} {:>9.0f} {:>8.1f}\n", f.hosts,
                           f.processes_peak, f.sessions, f.players, f.players_peak, f.events(), f.us_per_event(),
                           f.peak_bytes / (1 << 20), f.cpu_s);
    out += fmt::format("\nCPU us of each\n{:>7}", "hosts");
    for (const auto name : simulate::kWorkNames) out += fmt::format(" {:>10}", name);
    out += fmt::format(" {:>14}\n", "batches/event");
    for (const GrowthFigures& f : sizes) {
        out += fmt::format("{:>7}", f.hosts);
        for (std::size_t i = 0; i < f.counts.size(); ++i)
            out += fmt::format(" {:>10.2f}",
                               f.counts[i] > 0 ? f.seconds[i] * 1e6 / static_cast<double>(f.counts[i]) : 0.0);
        out += fmt::format(" {:>14.2f}\n", f.seconds[static_cast<std::size_t>(Work::Settle)] * 1e6 / f.events());
    }
    return out;
}

std::string growth_picture(const std::vector<GrowthFigures>& sizes) {
    constexpr double kWidth = 720, kHeight = 360, kLeft = 60, kRight = 150, kTop = 40, kBottom = 50;
    struct Line {
        std::string_view name, color;
        double (*value)(const GrowthFigures&);
    };
    static constexpr auto of = [](const GrowthFigures& f, Work work) {
        const auto i = static_cast<std::size_t>(work);
        return f.counts[i] > 0 ? f.seconds[i] * 1e6 / static_cast<double>(f.counts[i]) : 0;
    };
    const Line lines[] = {
        {"all, by event", "#20262d", [](const GrowthFigures& f) { return f.us_per_event(); }},
        {"placement", "#1f77b4", [](const GrowthFigures& f) { return of(f, Work::Placement); }},
        {"join", "#2ca02c", [](const GrowthFigures& f) { return of(f, Work::Join); }},
        {"accept", "#9467bd", [](const GrowthFigures& f) { return of(f, Work::Accept); }},
        {"end of a match", "#d62728", [](const GrowthFigures& f) { return of(f, Work::End); }},
        {"other report", "#ff7f0e", [](const GrowthFigures& f) { return of(f, Work::Report); }},
    };
    double most = 1;
    for (const Line& line : lines)
        for (const GrowthFigures& f : sizes) most = std::max(most, line.value(f));
    most = std::ceil(most / 5) * 5;
    const double low = std::log10(static_cast<double>(sizes.front().hosts));
    const double high = std::max(low + 0.1, std::log10(static_cast<double>(sizes.back().hosts)));
    const auto x = [&](const GrowthFigures& f) {
        return kLeft + (kWidth - kLeft - kRight) * (std::log10(static_cast<double>(f.hosts)) - low) / (high - low);
    };
    const auto y = [&](double us) { return kTop + (kHeight - kTop - kBottom) * (1 - us / most); };
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" "
        "font-family=\"sans-serif\" font-size=\"12\" fill=\"#2b3138\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "fill=\"#ffffff\"/>\n<text x=\"{2:.0f}\" y=\"22\" font-size=\"14\">CPU time of the server, microseconds each, "
        "through a day</text>\n",
        kWidth, kHeight, kLeft);
    for (double us = 0; us <= most; us += most / 5)
        out += fmt::format(
            "<line x1=\"{0:.0f}\" y1=\"{1:.1f}\" x2=\"{2:.0f}\" y2=\"{1:.1f}\" stroke=\"#e3e6ea\"/>"
            "<text x=\"{3:.0f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.0f}</text>\n",
            kLeft, y(us), kWidth - kRight, kLeft - 8, y(us) + 4, us);
    for (const GrowthFigures& f : sizes)
        out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{} hosts</text>\n", x(f), y(0) + 20,
                           f.hosts);
    std::vector<double> taken;
    for (const Line& line : lines) {
        std::string points;
        for (const GrowthFigures& f : sizes) points += fmt::format("{:.1f},{:.1f} ", x(f), y(line.value(f)));
        double label = y(line.value(sizes.back())) + 4;
        // Names do not lie on each other.
        for (bool moved = true; moved;) {
            moved = false;
            for (const double other : taken)
                if (std::abs(other - label) < 14) {
                    label = other - 14.5;
                    moved = true;
                }
        }
        taken.push_back(label);
        out += fmt::format(
            "<polyline fill=\"none\" stroke=\"{0}\" stroke-width=\"{1}\" points=\"{2}\"/>"
            "<text x=\"{3:.0f}\" y=\"{4:.1f}\" fill=\"{0}\">{5}</text>\n",
            line.color, &line == &lines[0] ? 3 : 1.6, points, kWidth - kRight + 10, label, line.name);
    }
    return out + "</svg>\n";
}

int run_growth(const GrowthOptions& options) {
    std::vector<GrowthFigures> sizes;
    for (const std::uint32_t hosts : options.hosts) {
        GrowthFigures figures;
        if (!run_alone(hosts, options, figures)) {
            std::fprintf(stderr, "gse-sim day: the run with %u hosts failed\n", hosts);
            return 1;
        }
        sizes.push_back(figures);
        std::fprintf(stderr, "%u hosts: %.2f us an event\n", hosts, figures.us_per_event());
    }
    fmt::print("{} h, {} fleet{}, matches of {:.0f} min with {} players, seed {}\n{}", options.hours, options.fleets,
               options.fleets == 1 ? "" : "s", options.session_minutes, options.players, options.seed,
               growth_table(sizes));
    if (options.picture.empty()) return 0;
    std::ofstream file(options.picture, std::ios::trunc);
    file << growth_picture(sizes);
    file.close();
    if (file) return 0;
    std::fprintf(stderr, "gse-sim day: %s cannot be written\n", options.picture.c_str());
    return 1;
}

}  // namespace gse::sim
