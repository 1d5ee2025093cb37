// How costs grow with what there is. CPU time of the server counts, so that a busy machine changes little.

#include <fmt/format.h>

#include <algorithm>

#include "cases.h"
#include "graph.h"

namespace gse::bench {
namespace {

constexpr double kPointS = 3;

Figures named(Figures figures, const std::string& name, std::string unit) {
    figures.name = name;
    figures.unit = std::move(unit);
    return figures;
}

LoadShape point_of(const Options& options, const Deployment& deployment, std::size_t connections) {
    LoadShape shape = shape_of(options, deployment.http(), connections, 1);
    shape.warm_up_s = 0.5;
    shape.seconds = kPointS;
    return shape;
}

}  // namespace

Result<std::vector<Figures>> growth_players(const Options& options) {
    constexpr std::size_t kSessions = 1'000;
    std::vector<Figures> found;
    Line many{"in 1,000 sessions", {}}, one{"all in one session", {}};
    std::uint64_t next_player = 1;
    for (Line* line : {&many, &one}) {
        auto settings = kLongReservations;
        settings.insert(settings.end(), options.settings.begin(), options.settings.end());
        const auto deployment =
            TRY(Deployment::start({.hosts = 2, .processes = kSessions, .matches = kSessions, .settings = settings}));
        const auto ids = TRY(deployment->make_sessions(line == &one ? 1 : kSessions, 1'000'000));
        std::size_t there = 0;
        for (const std::size_t wanted : {std::size_t{0}, options.players / 10, options.players / 4, options.players / 2,
                                         options.players * 3 / 4}) {
            if (wanted > there) {
                TRY(seat(*deployment, ids, wanted - there, next_player));
                next_player += wanted - there;
                there = wanted;
            }
            JoinTraffic traffic(deployment->http(), ids, 1, next_player);
            const Figures f = TRY(measure("", deployment->pid(), point_of(options, *deployment, 64), traffic));
            const auto joined = static_cast<std::size_t>(f.per_second * (kPointS + 1.5));
            next_player += 2 * joined + 1'000;
            line->points.emplace_back(static_cast<double>(there), f.cpu_us_per_op);
            found.push_back(named(f, fmt::format("{}-{}", line == &one ? "one-session" : "players", there), "joins"));
            there += static_cast<std::size_t>(f.per_second * kPointS);
        }
    }
    TRY(draw(options.graphs, "growth-players",
             {"A join", "players that have a seat", "CPU of the server, us", {many, one}}));
    return found;
}

Result<std::vector<Figures>> growth_processes(const Options& options) {
    std::vector<Figures> found;
    Line line{"CreateGameServerSession, its match and its end", {}};
    for (const std::size_t processes :
         {std::size_t{2'000}, std::size_t{10'000}, std::size_t{30'000}, std::size_t{60'000}, std::size_t{100'000}}) {
        const auto deployment =
            TRY(Deployment::start({.hosts = 16, .processes = processes, .matches = 20, .settings = options.settings}));
        RepeatTraffic traffic = creating(*deployment);
        LoadShape shape = point_of(options, *deployment, 16);
        shape.rate = 500;  // a process rests for two seconds between two sessions
        const Figures f = TRY(measure("", deployment->pid(), shape, traffic));
        line.points.emplace_back(static_cast<double>(processes), f.cpu_us_per_op);
        found.push_back(named(f, fmt::format("processes-{}", processes), "sessions"));
    }
    TRY(draw(options.graphs, "growth-processes",
             {"A session, at 500 a second", "game server processes", "CPU of the server, us", {line}}));
    return found;
}

Result<std::vector<Figures>> growth_fleets(const Options& options) {
    constexpr std::size_t kProcesses = 6'000;
    std::vector<Figures> found;
    Line line{"6,000 processes in all", {}};
    for (const std::size_t fleets :
         {std::size_t{1}, std::size_t{10}, std::size_t{30}, std::size_t{60}, std::size_t{120}}) {
        const auto deployment = TRY(Deployment::start({.hosts = 4,
                                                       .processes = kProcesses / fleets,
                                                       .fleets = fleets,
                                                       .matches = 20,
                                                       .settings = options.settings}));
        PlaceTraffic traffic(deployment->http(), TRY(deployment->make_queue(20)));
        LoadShape shape = point_of(options, *deployment, 16);
        shape.rate = 500;
        const Figures f = TRY(measure("", deployment->pid(), shape, traffic));
        line.points.emplace_back(static_cast<double>(fleets), f.cpu_us_per_op);
        found.push_back(named(f, fmt::format("fleets-{}", fleets), "placements"));
    }
    TRY(draw(
        options.graphs, "growth-fleets",
        {"A placement by a queue of up to 20 fleets, at 500 a second", "fleets", "CPU of the server, us", {line}}));
    return found;
}

Result<std::vector<Figures>> growth_agents(const Options& options) {
    std::vector<Figures> found;
    Line memory{"KiB an agent", {}}, cpu{"CPU of the server, us a report and heartbeat", {}};
    for (const std::size_t hosts : {std::size_t{50}, std::size_t{200}, std::size_t{500}, std::size_t{1'000}}) {
        Options of = options;
        of.hosts = hosts;
        of.seconds = kPointS * 2;
        const Figures f = TRY(agents(of)).front();
        memory.points.emplace_back(static_cast<double>(hosts), f.bytes_per_thing / 1024);
        cpu.points.emplace_back(static_cast<double>(hosts), f.cpu_us_per_op);
        found.push_back(named(f, fmt::format("agents-{}", hosts), "reports"));
    }
    TRY(draw(options.graphs, "growth-agents-memory",
             {"Memory of the server, over TLS", "agents", "KiB an agent", {memory}}));
    TRY(draw(options.graphs, "growth-agents-cpu",
             {"A report and a heartbeat", "agents", "CPU of the server, us", {cpu}}));
    return found;
}

Result<std::vector<Figures>> growth_restart(const Options& options) {
    std::vector<Figures> found;
    Line cpu{"CPU", {}}, wall{"until ready", {}};
    for (const double share : {0.05, 0.25, 0.5, 1.0}) {
        Options of = options;
        of.processes = options.processes != 0 ? options.processes : 60'000;
        of.players = static_cast<std::size_t>(share * static_cast<double>(options.players));
        const Figures f = TRY(restart(of)).front();
        cpu.points.emplace_back(static_cast<double>(of.players), f.cpu_us_per_op / 1e6);
        wall.points.emplace_back(static_cast<double>(of.players), f.p50_ms / 1e3);
        found.push_back(named(f, fmt::format("restart-{}", of.players), "restarts"));
    }
    TRY(draw(options.graphs, "growth-restart", {"A start after kill -9", "player sessions", "s", {cpu, wall}}));
    return found;
}

}  // namespace gse::bench
