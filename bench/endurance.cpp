// Clients that cost without asking, and time that goes by.

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <optional>
#include <thread>

#include "base/fd.h"
#include "base/open_files.h"
#include "cases.h"
#include "e2e/deployment.h"
#include "graph.h"
#include "http_load.h"
#include "signer.h"

namespace gse::bench {
namespace {

constexpr std::size_t kIdle = 10'000;
constexpr std::size_t kSlow = 4'000;  ///< of each kind
constexpr double kWatchS = 5;
constexpr double kIntervalS = 10;

std::string describe_request(Signer& signer, const std::string& session) {
    std::string request;
    signer.append(request, "DescribeGameServerSessions", fmt::format(R"({{"GameServerSessionId":"{}"}})", session),
                  std::time(nullptr));
    return request;
}

/// What the clients that behave notice: reads at a fixed rate that leaves the machine room.
Result<Figures> watch(const std::string& name, Deployment& deployment, const std::string& session, double seconds) {
    RepeatTraffic traffic(deployment.http(), "DescribeGameServerSessions",
                          {fmt::format(R"({{"GameServerSessionId":"{}"}})", session)});
    const LoadShape shape{.server = deployment.http(),
                          .connections = 32,
                          .pipeline = 1,
                          .rate = 2'000,
                          .warm_up_s = 0.5,
                          .seconds = seconds};
    return measure(name, deployment.pid(), shape, traffic);
}

/// Clients that keep the server waiting, until they are stopped; one thread.
class SlowClients {
public:
    SlowClients(std::string server, const std::string& session)
        : server_(std::move(server)), signer_(server_, e2e::kSecretId, e2e::kSecretKey), session_(session) {}
    ~SlowClients() { stop(); }

    /// As many of each kind: a header, and a body, a byte at a time.
    Result<void> open(std::size_t of_each) {
        const std::string request = describe_request(signer_, session_);
        const std::size_t body = request.find("\r\n\r\n") + 4;
        for (std::size_t i = 0; i < 2 * of_each; ++i) {
            Client client{.fd = TRY(connect_to(server_)), .text = request};
            if (i % 2 == 1)
                client.sent = static_cast<std::size_t>(::send(client.fd.get(), request.data(), body, MSG_NOSIGNAL));
            clients_.push_back(std::move(client));
        }
        thread_ = std::thread([this] { run(); });
        return {};
    }
    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }
    /// That the server has hung up on.
    [[nodiscard]] std::size_t cut_off() const { return cut_off_; }

private:
    struct Client {
        Fd fd;
        std::string text;
        std::size_t sent = 0;
    };
    void run() {
        while (!stopping_) {
            for (Client& client : clients_) {
                if (!client.fd) continue;
                pollfd hung{client.fd.get(), POLLRDHUP, 0};
                const bool gone = ::poll(&hung, 1, 0) > 0 || (client.sent + 1 < client.text.size() &&
                                                              ::send(client.fd.get(), &client.text[client.sent++], 1,
                                                                     MSG_NOSIGNAL | MSG_DONTWAIT) < 0);
                if (gone) client.fd.reset(), ++cut_off_;
            }
            ::poll(nullptr, 0, 500);
        }
    }

    const std::string server_;
    Signer signer_;
    const std::string session_;
    std::vector<Client> clients_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> cut_off_{0};
    std::thread thread_;
};

Result<std::string> one_session(Deployment& deployment) { return TRY(deployment.make_sessions(1, 8)).front(); }

/// Of y over x, by least squares.
double slope(const std::vector<std::pair<double, double>>& points) {
    double x = 0, y = 0, xx = 0, xy = 0;
    for (const auto& [px, py] : points) x += px, y += py, xx += px * px, xy += px * py;
    const auto n = static_cast<double>(points.size());
    const double spread = n * xx - x * x;
    return spread > 0 ? (n * xy - x * y) / spread : 0;
}

double mean(const std::vector<std::pair<double, double>>& points) {
    double sum = 0;
    for (const auto& [x, y] : points) sum += y;
    return points.empty() ? 0 : sum / static_cast<double>(points.size());
}

std::vector<std::pair<double, double>> later_half(const std::vector<std::pair<double, double>>& points) {
    return {points.begin() + static_cast<std::ptrdiff_t>(points.size() / 2), points.end()};
}

}  // namespace

Result<std::vector<Figures>> idle(const Options& options) {
    raise_open_files();
    const auto deployment = TRY(Deployment::start({.hosts = 1, .processes = 10, .settings = options.settings}));
    const std::string session = TRY(one_session(*deployment));
    const pid_t pid = deployment->pid();
    std::vector<Figures> found{TRY(watch("idle-0", *deployment, session, kWatchS))};
    const double before = settled_rss(pid);

    Signer signer(deployment->http(), e2e::kSecretId, e2e::kSecretKey);
    std::vector<Fd> clients;
    for (std::size_t i = 0; i < kIdle; ++i) {
        clients.push_back(TRY(connect_to(deployment->http())));
        const std::string request = describe_request(signer, session);
        char answer[2'048];
        if (::send(clients.back().get(), request.data(), request.size(), MSG_NOSIGNAL) < 0 ||
            ::recv(clients.back().get(), answer, sizeof answer, 0) <= 0)
            return refuse(ErrorCode::FailedOperation, fmt::format("connection {} was not served", i));
    }
    const double with_clients = settled_rss(pid);
    const double cpu = cpu_s_of(pid);
    ::poll(nullptr, 0, static_cast<int>(kWatchS * 1'000));
    const double spent = (cpu_s_of(pid) - cpu) / kWatchS;
    found.push_back(TRY(watch(fmt::format("idle-{}", kIdle), *deployment, session, kWatchS)));
    found.back().note =
        fmt::format("an idle connection takes {:.0f} bytes of the server; all together {:.2f} % of a core",
                    (with_clients - before) / static_cast<double>(kIdle), spent * 100);
    return found;
}

Result<std::vector<Figures>> slow(const Options& options) {
    raise_open_files();
    const auto deployment = TRY(Deployment::start({.hosts = 1, .processes = 10, .settings = options.settings}));
    const std::string session = TRY(one_session(*deployment));
    const pid_t pid = deployment->pid();
    std::vector<Figures> found{TRY(watch("slow-0", *deployment, session, kWatchS))};
    const auto before = static_cast<double>(rss_bytes_of(pid));
    SlowClients clients(deployment->http(), session);
    TRY(clients.open(kSlow));
    found.push_back(TRY(watch(fmt::format("slow-{}", 2 * kSlow), *deployment, session, kWatchS)));
    const auto during = static_cast<double>(rss_bytes_of(pid));
    // Header and body have ten seconds each.
    const bool all_gone = e2e::wait_until(Millis{40'000}, [&] { return clients.cut_off() == 2 * kSlow; });
    found.back().note = fmt::format("{} dribble a header, as many a body: {:.0f} bytes each; {} of {} were cut off{}",
                                    kSlow, (during - before) / static_cast<double>(2 * kSlow), clients.cut_off(),
                                    2 * kSlow, all_gone ? "" : " within 40 s");
    if (!all_gone) found.back().errors += 2 * kSlow - clients.cut_off();
    return found;
}

Result<std::vector<Figures>> soak(const Options& options) {
    const auto deployment = TRY(Deployment::start({.hosts = 4,
                                                   .processes = options.processes != 0 ? options.processes : 10'000,
                                                   .matches = 100,
                                                   .settings = options.settings}));
    ChurnTraffic traffic(deployment->http(), deployment->alias(), deployment->hosts());
    LoadShape shape = shape_of(options, deployment->http(), 128, 1);
    if (shape.rate <= 0) shape.rate = 500;  // what leaves the machine room: latency is then the server's own
    shape.warm_up_s = 0;
    shape.seconds = kIntervalS;
    std::vector<Figures> found;
    Line memory{"memory, MiB", {}}, p50{"p50, ms", {}}, p99{"p99, ms", {}}, cpu{"CPU, us a match", {}};
    for (double at = 0; at < options.minutes * 60; at += kIntervalS) {
        found.push_back(TRY(measure("soak", deployment->pid(), shape, traffic)));
        const Figures& f = found.back();
        const double minute = (at + kIntervalS) / 60;
        memory.points.emplace_back(minute, static_cast<double>(f.rss_bytes) / 1048576.0);
        p50.points.emplace_back(minute, f.p50_ms);
        p99.points.emplace_back(minute, f.p99_ms);
        cpu.points.emplace_back(minute, f.cpu_us_per_op);
        std::printf("%6.1f min  %6.0f matches/s  p50 %6.1f ms  p99 %6.1f ms  %7.1f us  %7.1f MiB  %llu refused late\n",
                    minute, f.per_second, f.p50_ms, f.p99_ms, f.cpu_us_per_op, memory.points.back().second,
                    static_cast<unsigned long long>(f.late));
        std::fflush(stdout);
    }
    // The first half fills what retention keeps.
    std::string note = "in the later half, a minute:";
    bool flat = true;
    for (const Line* line : {&memory, &p50, &cpu}) {
        const auto half = later_half(line->points);
        const double grows = slope(half), all = mean(half);
        const double minutes = half.empty() ? 0 : half.back().first - half.front().first;
        const bool steady = all <= 0 || grows * minutes <= 0.1 * all;
        flat = flat && steady;
        note += fmt::format(" {} {:+.2f} of {:.1f}{};", line->name, grows, all, steady ? "" : " (GROWS)");
    }
    TRY(draw(options.graphs, "soak-memory", {"Memory while matches come and go", "minutes", "MiB", {memory}}));
    TRY(draw(options.graphs, "soak-latency",
             {"Latency while matches come and go", "minutes", "ms, a whole match", {p50, p99}}));
    Figures last = median(found);
    last.name = "soak";
    last.unit = "matches";
    last.note = fmt::format("{} {}", flat ? "flat:" : "NOT flat:", note);
    if (!flat) ++last.errors;
    return std::vector{last};
}

}  // namespace gse::bench
