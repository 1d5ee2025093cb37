#include "cases.h"

#include <fmt/format.h>

#include <iostream>
#include <optional>

#include "deployment.h"
#include "postgres/cluster.h"
#include "traffic.h"

namespace gse::bench {
namespace {

struct CeilingServer {
    TempFolder folder;
    Served served;
    static Result<CeilingServer> start(const Options& options) {
        TempFolder folder = TRY(TempFolder::make("gse-bench-ceiling"));
        const auto data = folder.path();
        Served served = TRY(serve({options.self.string(), "--ceiling-server", data.string()}, data / "server.log"));
        return CeilingServer{std::move(folder), std::move(served)};
    }
};

/// The same deployment with its journal in a PostgreSQL of its own, which waits for its disk as users' do.
struct OnPostgres {
    std::unique_ptr<pgtest::Cluster> cluster;
    std::unique_ptr<Deployment> deployment;  // ends before its database

    static Result<OnPostgres> start(DeploymentWish wish) {
        OnPostgres made;
        try {
            made.cluster = pgtest::Cluster::make(pgtest::Cluster::Kind::Durable);
        } catch (const std::exception& error) {
            return refuse(ErrorCode::FailedOperation, error.what());
        }
        wish.settings.push_back("journal.kind=postgres");
        wish.settings.push_back("journal.postgres=" + made.cluster->conninfo());
        made.deployment = TRY(Deployment::start(wish));
        return made;
    }
};

void compare_journals(Figures& postgres, const Figures& sqlite) {
    add_note(
        postgres,
        fmt::format("of {} with the SQLite journal: {:.2f} by the wall, {:.2f} by CPU; the database took {:.2f} of "
                    "{:.2f} cores",
                    sqlite.name, postgres.per_second / sqlite.per_second, sqlite.cpu_us_per_op / postgres.cpu_us_per_op,
                    postgres.database_cores, postgres.server_cores));
}

/// What a real id looks like; the ceiling server knows none.
std::vector<std::string> invented_sessions(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i)
        ids.push_back(
            fmt::format("qcs::gse:ap-shanghai:uin/100000000001:gameserversession/fleet-abcdefgh-ijklmnop/"
                        "gssess-{:08}-abcdefgh",
                        i));
    return ids;
}

constexpr std::size_t kJoinConnections = 256;
constexpr std::size_t kBatchConnections = 64;
constexpr std::size_t kPartySize = 25;
constexpr std::size_t kJoinSessions = 1'000;

/// Joins, `players` a request, the product and the ceiling in turn.
Result<std::vector<Figures>> joins(const Options& options, std::string name, std::size_t players,
                                   std::size_t connections) {
    const DeploymentWish wish{
        .hosts = 2, .processes = kJoinSessions, .matches = kJoinSessions, .settings = options.settings};
    const auto deployment = TRY(Deployment::start(wish));
    const auto sessions = TRY(deployment->make_sessions(kJoinSessions, 1'000'000));
    std::optional<OnPostgres> other;
    std::optional<JoinTraffic> other_traffic;
    if (options.postgres) {
        other = TRY(OnPostgres::start(wish));
        other_traffic.emplace(other->deployment->http(),
                              TRY(other->deployment->make_sessions(kJoinSessions, 1'000'000)), players);
    }
    const CeilingServer bare = TRY(CeilingServer::start(options));
    const auto per_request = static_cast<double>(players);
    JoinTraffic ours(deployment->http(), sessions, players);
    JoinTraffic theirs(bare.served.http, invented_sessions(kJoinSessions), players);
    std::vector<Figures> found, others, ceilings;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        ceilings.push_back(TRY(measure(players == 1 ? "ceiling" : "ceiling-batch", bare.served.program->pid(),
                                       shape_of(options, bare.served.http, connections, 1), theirs, per_request)));
        found.push_back(TRY(measure(name, deployment->pid(), shape_of(options, deployment->http(), connections, 1),
                                    ours, per_request)));
        if (other)
            others.push_back(TRY(measure(name + "-postgres", other->deployment->pid(),
                                         shape_of(options, other->deployment->http(), connections, 1), *other_traffic,
                                         per_request, other->cluster->pid())));
    }
    Figures ceiling = median(ceilings), figures = median(found);
    figures.unit = ceiling.unit = "players";
    compare(figures, ceiling);
    if (!other) return std::vector{ceiling, figures};
    Figures postgres = median(others);
    postgres.unit = "players";
    compare(postgres, ceiling);
    compare_journals(postgres, figures);
    return std::vector{ceiling, figures, postgres};
}

Result<std::vector<Figures>> join(const Options& options) { return joins(options, "join", 1, kJoinConnections); }
Result<std::vector<Figures>> join_batch(const Options& options) {
    return joins(options, "join-batch", kPartySize, kBatchConnections);
}

Result<std::vector<Figures>> ceiling(const Options& options) {
    const CeilingServer bare = TRY(CeilingServer::start(options));
    std::vector<Figures> found;
    for (const std::size_t players : {std::size_t{1}, kPartySize}) {
        JoinTraffic traffic(bare.served.http, invented_sessions(kJoinSessions), players);
        found.push_back(
            TRY(measure(players == 1 ? "ceiling" : "ceiling-batch", bare.served.program->pid(),
                        shape_of(options, bare.served.http, players == 1 ? kJoinConnections : kBatchConnections, 1),
                        traffic, static_cast<double>(players))));
        found.back().unit = "players";
    }
    return found;
}

Result<std::vector<Figures>> repeated(const Options& options, Deployment& deployment, const std::string& name,
                                      const std::string& unit, std::size_t connections, Traffic& traffic,
                                      pid_t database = 0) {
    std::vector<Figures> found;
    for (std::size_t round = 0; round < options.rounds; ++round)
        found.push_back(TRY(measure(name, deployment.pid(), shape_of(options, deployment.http(), connections, 1),
                                    traffic, 1, database)));
    Figures figures = median(found);
    figures.unit = unit;
    if (figures.late > 0)
        add_note(figures,
                 fmt::format("{} matches were ended by their host before all had joined: those joins were refused, as "
                             "they should be",
                             figures.late));
    if (deployment.refused() > 0) {
        figures.errors += deployment.refused();
        add_note(figures, fmt::format("{} calls of games were refused", deployment.refused()));
    }
    return std::vector{figures};
}

/// Sessions by alias. The hosts end the oldest matches, so that processes are used again after their rest of 2 s.
Result<std::vector<Figures>> create(const Options& options) {
    const DeploymentWish wish{.hosts = 12,
                              .processes = options.processes != 0 ? options.processes : 90'000,
                              .matches = 100,
                              .settings = options.settings};
    const auto run = [&](Deployment& deployment, const std::string& name, pid_t database) {
        RepeatTraffic traffic = creating(deployment);
        return repeated(options, deployment, name, "sessions", 256, traffic, database);
    };
    std::vector<Figures> found;
    {
        const auto deployment = TRY(Deployment::start(wish));
        found = TRY(run(*deployment, "create", 0));
    }
    if (options.postgres) {
        const OnPostgres other = TRY(OnPostgres::start(wish));
        found.push_back(TRY(run(*other.deployment, "create-postgres", other.cluster->pid())).front());
        compare_journals(found.back(), found.front());
    }
    return found;
}

/// Queue over three fleets on one set of hosts; until FULFILLED, as the client sees it.
Result<std::vector<Figures>> place(const Options& options) {
    const auto deployment = TRY(Deployment::start({.hosts = 6,
                                                   .processes = options.processes != 0 ? options.processes : 15'000,
                                                   .fleets = 3,
                                                   .matches = 100,
                                                   .settings = options.settings}));
    PlaceTraffic traffic(deployment->http(), TRY(deployment->make_queue()));
    return repeated(options, *deployment, "place", "placements", 128, traffic);
}

Result<std::vector<Figures>> churn(const Options& options) {
    const auto deployment = TRY(Deployment::start({.hosts = 4,
                                                   .processes = options.processes != 0 ? options.processes : 10'000,
                                                   .matches = 100,
                                                   .settings = options.settings}));
    ChurnTraffic traffic(deployment->http(), deployment->alias(), deployment->hosts());
    return repeated(options, *deployment, "churn", "matches", 128, traffic);
}

constexpr std::size_t kReadSessions = 2'000;

Result<std::vector<Figures>> describe(const Options& options) {
    const auto deployment = TRY(Deployment::start(
        {.hosts = 2, .processes = kReadSessions, .matches = kReadSessions, .settings = options.settings}));
    std::vector<std::string> bodies;
    for (const std::string& id : TRY(deployment->make_sessions(kReadSessions, 8)))
        bodies.push_back(fmt::format(R"({{"GameServerSessionId":"{}"}})", id));
    RepeatTraffic traffic(deployment->http(), "DescribeGameServerSessions", bodies);
    return repeated(options, *deployment, "describe", "requests", 64, traffic);
}

Result<std::vector<Figures>> search(const Options& options) {
    const auto deployment = TRY(Deployment::start(
        {.hosts = 2, .processes = kReadSessions, .matches = kReadSessions, .settings = options.settings}));
    TRY(deployment->make_sessions(kReadSessions, 8));
    RepeatTraffic traffic(
        deployment->http(), "SearchGameServerSessions",
        {fmt::format(R"({{"AliasId":"{}","FilterExpression":"hasAvailablePlayerSessions=true","Limit":20}})",
                     deployment->alias())});
    return repeated(options, *deployment, "search", "requests", 64, traffic);
}

constexpr Case kCases[] = {
    {"ceiling", "a bare server: what is left of a join without OpenGSE", &ceiling},
    {"create", "CreateGameServerSession by alias; hosts start, activate and end the sessions", &create},
    {"join", "JoinGameServerSession, one player a request", &join},
    {"join-batch", "JoinGameServerSessionBatch, 25 players a request", &join_batch},
    {"place", "StartGameServerSessionPlacement until FULFILLED, queue with 3 destinations", &place},
    {"describe", "DescribeGameServerSessions by id", &describe},
    {"search", "SearchGameServerSessions with a filter, 20 of 2,000 sessions", &search},
    {"churn", "whole matches: create, 10 joins, 10 accepts, 10 removes, end", &churn},
    {"hold", "placement latency and memory with 1,000, 10,000 and 100,000 processes, the last with 1,000,000 players",
     &hold},
    {"restart", "kill -9 with that state, until ready again", &restart},
    {"agents", "1,000 agents: heartbeats and reports of state", &agents},
    {"overload", "three times the sustainable rate of joins, and the time after", &overload},
    {"overload-create", "the same of CreateGameServerSession", &overload_create},
    {"idle", "10,000 connections that do nothing", &idle},
    {"slow", "8,000 clients that send a byte now and then", &slow},
    {"soak", "churn for --minutes, a line every ten seconds: does anything grow?", &soak, false},
    {"growth-players", "what a join costs with ever more players", &growth_players, false},
    {"growth-processes", "what a session costs with ever more processes", &growth_processes, false},
    {"growth-fleets", "the same with ever more fleets", &growth_fleets, false},
    {"growth-agents", "what an agent costs with ever more of them", &growth_agents, false},
    {"growth-restart", "what a start costs with ever more player sessions", &growth_restart, false},
};

}  // namespace

std::span<const Case> cases() { return kCases; }

LoadShape shape_of(const Options& options, const std::string& server, std::size_t connections, std::size_t pipeline) {
    return {.server = server,
            .connections = options.connections != 0 ? options.connections : connections,
            .pipeline = options.pipeline != 0 ? options.pipeline : pipeline,
            .rate = options.rate,
            .warm_up_s = options.warm_up_s,
            .seconds = options.seconds};
}

}  // namespace gse::bench
