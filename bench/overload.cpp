// More than the server can do: what it takes, what it refuses, how quickly and how evenly, and what is left afterwards.

#include <fmt/format.h>

#include <algorithm>

#include "cases.h"

namespace gse::bench {
namespace {

constexpr double kTimes = 3;
/// So many requests may be under way that the server, not the load generator, must bound them.
constexpr std::size_t kConnections = 512;
constexpr std::size_t kPipeline = 64;

/// The rate that a closed loop reaches, three times that, and then a quarter of it.
Result<std::vector<Figures>> push(const Options& options, Deployment& deployment, const std::string& name,
                                  std::size_t connections, Traffic& traffic) {
    const std::uint64_t disconnects = deployment.disconnects();
    LoadShape shape = shape_of(options, deployment.http(), connections, 1);
    shape.rate = 0;
    std::vector<Figures> found{TRY(measure(name + "-before", deployment.pid(), shape, traffic))};
    const double most = found.front().per_second;

    shape.rate = options.rate > 0 ? options.rate : kTimes * most;
    shape.connections = kConnections;
    shape.pipeline = kPipeline;
    found.push_back(TRY(measure(name, deployment.pid(), shape, traffic)));
    Figures& during = found.back();
    const auto lost = std::count_if(deployment.hosts().begin(), deployment.hosts().end(),
                                    [](const auto& host) { return !host->connected(); });
    during.note = fmt::format(
        "{:.0f} asked for a second; {:.0f} a second refused with RequestLimitExceeded, half of these within {:.1f} ms, "
        "99 % within {:.1f} ms; from when they were sent: accepted {:.1f} and {:.1f} ms, refused {:.1f} and {:.1f} ms; "
        "of {} connections the least served got {:.0f} done, the most {:.0f}; memory {:.0f} MiB at most; agents: {} "
        "lost, {} disconnects",
        shape.rate, during.shed_per_second, during.shed_p50_ms, during.shed_p99_ms, during.sent_p50_ms,
        during.sent_p99_ms, during.shed_sent_p50_ms, during.shed_sent_p99_ms, shape.connections, during.least_done,
        during.most_done, static_cast<double>(peak_rss_bytes_of(deployment.pid())) / 1048576.0, lost,
        deployment.disconnects() - disconnects);

    shape.rate = most / 4;
    shape.connections = connections;
    shape.pipeline = 1;
    shape.warm_up_s = 0;
    found.push_back(TRY(measure(name + "-after", deployment.pid(), shape, traffic)));
    found.back().note =
        fmt::format("{} refused; all is quick again after {:.2f} s", found.back().shed, found.back().settled_s);
    return found;
}

}  // namespace

Result<std::vector<Figures>> overload(const Options& options) {
    constexpr std::size_t kSessions = 1'000;
    const auto deployment = TRY(
        Deployment::start({.hosts = 8, .processes = kSessions, .matches = kSessions, .settings = options.settings}));
    JoinTraffic traffic(deployment->http(), TRY(deployment->make_sessions(kSessions, 1'000'000)), 1);
    return push(options, *deployment, "overload", 256, traffic);
}

Result<std::vector<Figures>> overload_create(const Options& options) {
    // A process rests for two seconds after its match, so these are good for 55,000 matches a second.
    const auto deployment = TRY(Deployment::start({.hosts = 16,
                                                   .processes = options.processes != 0 ? options.processes : 120'000,
                                                   .matches = 100,
                                                   .settings = options.settings}));
    RepeatTraffic traffic = creating(*deployment);
    return push(options, *deployment, "overload-create", 64, traffic);
}

}  // namespace gse::bench
