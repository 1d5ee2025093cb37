#include "cases.h"

#include <fmt/format.h>

#include <iostream>

#include "deployment.h"
#include "traffic.h"

namespace gse::bench {
namespace {

LoadShape shape_of(const Options& options, const std::string& server, std::size_t connections, std::size_t pipeline) {
    return {.server = server,
            .connections = options.connections != 0 ? options.connections : connections,
            .pipeline = options.pipeline != 0 ? options.pipeline : pipeline,
            .rate = options.rate,
            .warm_up_s = options.warm_up_s,
            .seconds = options.seconds};
}

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

/// What a real id looks like; the ceiling server knows none.
std::vector<std::string> invented_sessions(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i)
        ids.push_back(fmt::format("qcs::gse:ap-shanghai:uin/100000000001:gameserversession/fleet-abcdefgh-ijklmnop/"
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
    const auto deployment = TRY(Deployment::start({.hosts = 2, .processes = kJoinSessions, .matches = kJoinSessions}));
    const auto sessions = TRY(deployment->make_sessions(kJoinSessions, 1'000'000));
    const CeilingServer bare = TRY(CeilingServer::start(options));
    const auto per_request = static_cast<double>(players);
    JoinTraffic ours(deployment->http(), sessions, players);
    JoinTraffic theirs(bare.served.http, invented_sessions(kJoinSessions), players);
    std::vector<Figures> found, ceilings;
    for (std::size_t round = 0; round < options.rounds; ++round) {
        ceilings.push_back(TRY(measure(players == 1 ? "ceiling" : "ceiling-batch", bare.served.program->pid(),
                                       shape_of(options, bare.served.http, connections, 1), theirs, per_request)));
        found.push_back(TRY(measure(name, deployment->pid(), shape_of(options, deployment->http(), connections, 1),
                                    ours, per_request)));
    }
    Figures ceiling = median(ceilings), figures = median(found);
    figures.unit = ceiling.unit = "players";
    compare(figures, ceiling);
    return std::vector{ceiling, figures};
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
        found.push_back(TRY(
            measure(players == 1 ? "ceiling" : "ceiling-batch", bare.served.program->pid(),
                    shape_of(options, bare.served.http, players == 1 ? kJoinConnections : kBatchConnections, 1),
                    traffic, static_cast<double>(players))));
        found.back().unit = "players";
    }
    return found;
}

/// Sessions by alias. The hosts end the oldest matches, so that processes are used again after their rest of 2 s.
Result<std::vector<Figures>> create(const Options& options) {
    const auto deployment = TRY(Deployment::start(
        {.hosts = 8, .processes = options.processes != 0 ? options.processes : 60'000, .matches = 100}));
    CreateTraffic traffic(deployment->http(), deployment->alias());
    std::vector<Figures> found;
    for (std::size_t round = 0; round < options.rounds; ++round)
        found.push_back(
            TRY(measure("create", deployment->pid(), shape_of(options, deployment->http(), 64, 1), traffic)));
    Figures figures = median(found);
    figures.unit = "sessions";
    figures.errors += deployment->refused();
    return std::vector{figures};
}

constexpr Case kCases[] = {
    {"ceiling", "a bare server: what is left of a join without OpenGSE", &ceiling},
    {"create", "CreateGameServerSession by alias", &create},
    {"join", "JoinGameServerSession, one player a request", &join},
    {"join-batch", "JoinGameServerSessionBatch, 25 players a request", &join_batch},
};

}  // namespace

std::span<const Case> cases() { return kCases; }

}  // namespace gse::bench
