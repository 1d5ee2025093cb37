// Much state: what it costs in memory, what it does to placements, and how long a start with it takes.

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "cases.h"
#include "deployment.h"
#include "e2e/deployment.h"
#include "traffic.h"

namespace gse::bench {
namespace {

constexpr std::size_t kSessions = 50'000;
/// What is kept for people of the last placements (retention.decisions) is there before anything is weighed.
constexpr std::size_t kSessionsBefore = 10'000;

/// Batches of 25 until that many players sit, then nothing more to ask.
class Seating final : public Traffic {
public:
    Seating(const std::string& host, const std::vector<std::string>& sessions, std::size_t players,
            std::uint64_t first_player)
        : joins_(host, sessions, 25, first_player), left_(players / 25) {}
    std::optional<std::uint32_t> next(std::string& out) override {
        if (left_ == 0) return std::nullopt;
        --left_;
        return joins_.next(out);
    }
    Outcome take(std::uint32_t tag, std::string_view body) override {
        const Outcome outcome = joins_.take(tag, body);
        bad_ += outcome != Outcome::Good;
        ++taken_;
        return outcome;
    }
    [[nodiscard]] std::size_t bad() const { return bad_; }
    [[nodiscard]] std::size_t taken() const { return taken_; }

private:
    JoinTraffic joins_;
    std::size_t left_;
    std::size_t bad_ = 0;
    std::size_t taken_ = 0;
};

/// Memory of a server, or by how much it grew for one of what was added.
struct Weight {
    double allocated = 0;  ///< by its allocator's count
    double resident = 0;   ///< that and what the allocator keeps: it shrinks while memory of earlier is given back
};

/// Once the allocator has given back what it does not need.
Result<Weight> weigh(Deployment& deployment) {
    const double resident = settled_rss(deployment.pid());
    const double allocated = metric(e2e::http_get(deployment.http(), "/metrics").second, "gse_memory_allocated_bytes");
    if (allocated <= 0) return refuse(ErrorCode::FailedOperation, "the server does not say what memory it holds");
    return Weight{allocated, resident};
}

Weight for_each(const Weight& before, const Weight& after, std::size_t count) {
    const auto each = static_cast<double>(count);
    return {(after.allocated - before.allocated) / each, (after.resident - before.resident) / each};
}

struct Held {
    std::unique_ptr<Deployment> deployment;
    Weight session;
    Weight player;
};

/// That many processes, `sessions` sessions on them and `players` players in those.
Result<Held> build(std::size_t processes, std::size_t sessions, std::size_t players) {
    Held held;
    const std::size_t hosts = std::max<std::size_t>(2, processes / 10'000 + 1);
    held.deployment = TRY(Deployment::start(
        {.hosts = hosts, .processes = processes, .matches = processes, .settings = kLongReservations}));
    if (sessions == 0) return held;
    TRY(held.deployment->make_sessions(kSessionsBefore, 1'000));
    const Weight empty = TRY(weigh(*held.deployment));
    const auto ids = TRY(held.deployment->make_sessions(sessions, 1'000));
    const Weight with_sessions = TRY(weigh(*held.deployment));
    TRY(seat(*held.deployment, ids, players));
    const Weight with_players = TRY(weigh(*held.deployment));
    held.session = for_each(empty, with_sessions, sessions);
    held.player = for_each(with_sessions, with_players, players);
    return held;
}

Result<Held> build_all(const Options& options) {
    return build(options.processes != 0 ? options.processes : 100'000, kSessions, options.players);
}

}  // namespace

Result<void> seat(Deployment& deployment, const std::vector<std::string>& sessions, std::size_t players,
                  std::uint64_t first_player) {
    Seating seating(deployment.http(), sessions, players, first_player);
    for (std::size_t before = 0; seating.taken() < players / 25;) {
        const LoadShape shape{.server = deployment.http(), .connections = 64, .warm_up_s = 0, .seconds = 1};
        TRY(run_load(shape, seating));
        if (seating.taken() == before || seating.bad() > 0)
            return refuse(ErrorCode::FailedOperation, fmt::format("{} batches were refused", seating.bad()));
        before = seating.taken();
    }
    return {};
}

double settled_rss(pid_t pid) {
    ::poll(nullptr, 0, 12'000);
    return static_cast<double>(rss_bytes_of(pid));
}

RepeatTraffic creating(const Deployment& deployment) {
    return {deployment.http(),
            "CreateGameServerSession",
            {fmt::format(R"({{"AliasId":"{}","MaximumPlayerSessionCount":8,"Name":"match"}})", deployment.alias())}};
}

Result<std::vector<Figures>> hold(const Options& options) {
    std::vector<Figures> found;
    for (const std::size_t processes : {std::size_t{1'000}, std::size_t{10'000}, std::size_t{0}}) {
        const Held held = processes == 0 ? TRY(build_all(options)) : TRY(build(processes, 0, 0));
        for (const auto& host : held.deployment->hosts()) host->set_matches(processes == 0 ? 1'000'000 : 0);
        RepeatTraffic traffic = creating(*held.deployment);
        LoadShape shape = shape_of(options, held.deployment->http(), 16, 1);
        if (shape.rate <= 0) shape.rate = 200;
        found.push_back(TRY(measure(processes == 0 ? "hold-all" : fmt::format("hold-{}", processes),
                                    held.deployment->pid(), shape, traffic)));
        if (processes == 0)
            found.back().note = fmt::format(
                "{} sessions take {:.0f} bytes each, {} player sessions {:.0f}, by the allocator's count; the resident "
                "size grew by {:.0f} and {:.0f}",
                kSessions, held.session.allocated, options.players, held.player.allocated, held.session.resident,
                held.player.resident);
    }
    return found;
}

Result<std::vector<Figures>> restart(const Options& options) {
    const Held held = TRY(build_all(options));
    Figures figures{.name = "restart", .unit = "restarts"};
    const double took_s = TRY(held.deployment->restart_s());
    figures.p50_ms = figures.p99_ms = figures.p999_ms = took_s * 1e3;
    figures.per_second = 1 / took_s;
    figures.rss_bytes = rss_bytes_of(held.deployment->pid());
    figures.cpu_us_per_op = cpu_s_of(held.deployment->pid()) * 1e6;
    figures.method = fmt::format(
        "kill -9 with {} player sessions in {} sessions, then `gse server` until its line "
        "`ready`",
        options.players, kSessions);
    return std::vector{figures};
}

Result<std::vector<Figures>> agents(const Options& options) {
    constexpr std::size_t kHeartbeatMs = 3'000;
    const auto few = TRY(Deployment::start({.hosts = 1, .processes = 50}));
    const Weight base = TRY(weigh(*few));
    const auto deployment = TRY(Deployment::start({.hosts = options.hosts, .processes = options.hosts * 10}));
    const pid_t pid = deployment->pid();
    const Weight whole = TRY(weigh(*deployment));
    const double before = cpu_s_of(pid);
    std::uint64_t reports = 0;
    // Spread evenly: each host reports once a heartbeat.
    const auto steps = static_cast<std::size_t>(options.seconds * 100);
    const auto per_step = std::max<std::size_t>(1, options.hosts * 10 / kHeartbeatMs);
    for (std::size_t step = 0; step < steps; ++step) {
        for (std::size_t i = 0; i < per_step; ++i) deployment->hosts()[reports++ % options.hosts]->report_health();
        ::poll(nullptr, 0, 10);
    }
    Figures figures{.name = "agents", .unit = "reports"};
    const double spent = cpu_s_of(pid) - before;
    figures.per_second = static_cast<double>(reports) / options.seconds;
    figures.cpu_us_per_op = spent * 1e6 / static_cast<double>(reports);
    figures.server_cores = spent / options.seconds;
    figures.rss_bytes = static_cast<std::uint64_t>(whole.resident);
    figures.method = fmt::format(
        "{} streams, each of a connection of its own, with a heartbeat and a report of state "
        "every {} ms; {:.0f} s",
        options.hosts, kHeartbeatMs, options.seconds);
    const Weight agent = for_each(base, whole, options.hosts);
    figures.bytes_per_thing = agent.resident;
    figures.note = fmt::format(
        "{:.1f} % of a core; {:.1f} KiB of server memory for each agent with 10 processes, {:.1f} by the allocator's "
        "count",
        figures.server_cores * 100, agent.resident / 1024, agent.allocated / 1024);
    if (deployment->refused() > 0) figures.errors = deployment->refused();
    return std::vector{figures};
}

}  // namespace gse::bench
