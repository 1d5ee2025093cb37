#include "figures.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace gse::bench {
namespace {

constexpr double kMs = 1e-6;

double ms(std::uint64_t ns) { return static_cast<double>(ns) * kMs; }

}  // namespace

double cpu_s_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    // The name in brackets may hold anything; utime and stime are the 12th and 13th fields behind it.
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t rss_bytes_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Result<Figures> measure(std::string name, pid_t pid, const LoadShape& shape, Traffic& traffic, double per_request) {
    double before = 0, spent = 0;
    const LoadResult load = TRY(run_load(shape, traffic, [&](bool begins) {
        const double now = cpu_s_of(pid);
        begins ? before = now : spent = now - before;
    }));
    const double operations = static_cast<double>(load.done) * per_request;
    Figures figures{
        .name = std::move(name),
        .per_second = operations / load.seconds,
        .p50_ms = ms(load.latency.percentile(0.5)),
        .p99_ms = ms(load.latency.percentile(0.99)),
        .p999_ms = ms(load.latency.percentile(0.999)),
        .errors = load.errors,
        .cpu_us_per_op = operations > 0 ? spent * 1e6 / operations : 0,
        .rss_bytes = rss_bytes_of(pid),
        .server_cores = spent / load.seconds,
        .generator_cores = load.own_cpu_s / load.seconds,
        .method = fmt::format("{} connections x {} under way, {}, {:.0f} s after {:.0f} s; a request has {} "
                              "bytes, an answer {}",
                              shape.connections, shape.pipeline,
                              shape.rate > 0 ? fmt::format("{:.0f} requests/s", shape.rate) : "closed loop",
                              shape.seconds, shape.warm_up_s, load.request_bytes, load.answer_bytes),
        .first_error = load.first_error,
        .shed = load.shed,
        .shed_p99_ms = ms(load.shed_latency.percentile(0.99))};
    return figures;
}

std::string header() {
    return fmt::format("{:<22} {:>10} {:>9} {:>9} {:>9} {:>7} {:>9} {:>9} {:>8} {:>8} {:>7} {:>7}", "name", "per s",
                       "p50 ms", "p99 ms", "p99.9 ms", "errors", "cpu us/op", "RSS MiB", "/ceiling", "cpu/ceil",
                       "cores", "load");
}

std::string row(const Figures& f) {
    const auto ratio = [](double value) { return value > 0 ? fmt::format("{:.2f}", value) : std::string("-"); };
    return fmt::format(
        "{:<22} {:>10.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>7} {:>9.2f} {:>9.1f} {:>8} {:>8} {:>7.2f} {:>7.2f}", f.name,
        f.per_second, f.p50_ms, f.p99_ms, f.p999_ms, f.errors, f.cpu_us_per_op,
        static_cast<double>(f.rss_bytes) / 1048576.0, ratio(f.ratio_to_ceiling), ratio(f.cpu_ratio_to_ceiling),
        f.server_cores, f.generator_cores);
}

std::string to_json(const Figures& f) {
    return fmt::format(
        R"({{"name":"{}","unit":"{}","per_second":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f},"p999_ms":{:.3f},"errors":{},)"
        R"("cpu_us_per_op":{:.3f},"rss_bytes":{},"durable":{},"ratio_to_ceiling":{},"cpu_ratio_to_ceiling":{}}})",
        f.name, f.unit, f.per_second, f.p50_ms, f.p99_ms, f.p999_ms, f.errors, f.cpu_us_per_op, f.rss_bytes, f.durable,
        f.ratio_to_ceiling > 0 ? fmt::format("{:.3f}", f.ratio_to_ceiling) : "null",
        f.cpu_ratio_to_ceiling > 0 ? fmt::format("{:.3f}", f.cpu_ratio_to_ceiling) : "null");
}

Figures median(std::vector<Figures> runs) {
    std::sort(runs.begin(), runs.end(), [](const Figures& a, const Figures& b) { return a.per_second < b.per_second; });
    std::uint64_t errors = 0;
    std::string first_error;
    for (const Figures& run : runs) {
        errors += run.errors;
        if (first_error.empty()) first_error = run.first_error;
    }
    Figures middle = runs[runs.size() / 2];
    middle.errors = errors;
    middle.first_error = first_error;
    return middle;
}

void compare(Figures& figures, const Figures& ceiling) {
    if (ceiling.per_second > 0) figures.ratio_to_ceiling = figures.per_second / ceiling.per_second;
    if (figures.cpu_us_per_op > 0) figures.cpu_ratio_to_ceiling = ceiling.cpu_us_per_op / figures.cpu_us_per_op;
}

}  // namespace gse::bench
