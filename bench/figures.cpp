#include "figures.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace gse::bench {
namespace {

constexpr double kMs = 1e-6;

double ms(std::uint64_t ns) { return static_cast<double>(ns) * kMs; }

/// User and system time; with that of children that have ended.
double cpu_s_of(pid_t pid, bool ended_children) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    // The name in brackets may hold anything; utime and stime are the 12th and 13th fields behind it.
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0, children_user = 0, children_system = 0;
    fields >> user >> system >> children_user >> children_system;
    const double ticks = user + system + (ended_children ? children_user + children_system : 0);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

double cpu_s_of(pid_t pid) { return cpu_s_of(pid, false); }

double family_cpu_s_of(pid_t pid) {
    double sum = cpu_s_of(pid, true);
    std::ifstream children(fmt::format("/proc/{}/task/{}/children", pid, pid));
    for (pid_t child = 0; children >> child;) sum += cpu_s_of(child, true);
    return sum;
}

std::uint64_t rss_bytes_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_rss_bytes_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
    return 0;
}

double metric(std::string_view text, std::string_view name) {
    const std::string mark = fmt::format("\n{} ", name);
    const auto at = text.find(mark);
    return at == std::string_view::npos ? 0
                                        : std::strtod(std::string(text.substr(at + mark.size(), 32)).c_str(), nullptr);
}

Result<Figures> measure(std::string name, pid_t pid, const LoadShape& shape, Traffic& traffic, double per_request,
                        pid_t database) {
    double before = 0, spent = 0, database_before = 0, database_spent = 0;
    const LoadResult load = TRY(run_load(shape, traffic, [&](bool begins) {
        const double databases = database != 0 ? family_cpu_s_of(database) : 0;
        const double now = cpu_s_of(pid) + databases;
        begins ? before = now : spent = now - before;
        begins ? database_before = databases : database_spent = databases - database_before;
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
        .database_cores = database_spent / load.seconds,
        .generator_cores = load.own_cpu_s / load.seconds,
        .method = fmt::format("{} connections x {} under way, {}, {:.0f} s after {:.0f} s; a request has {} "
                              "bytes, an answer {}",
                              shape.connections, shape.pipeline,
                              shape.rate > 0 ? fmt::format("{:.0f} requests/s", shape.rate) : "closed loop",
                              shape.seconds, shape.warm_up_s, load.request_bytes, load.answer_bytes),
        .first_error = load.first_error,
        .late = load.late,
        .shed = load.shed,
        .shed_per_second = static_cast<double>(load.shed) / load.seconds,
        .shed_p50_ms = ms(load.shed_latency.percentile(0.5)),
        .shed_p99_ms = ms(load.shed_latency.percentile(0.99)),
        .sent_p50_ms = ms(load.sent_latency.percentile(0.5)),
        .sent_p99_ms = ms(load.sent_latency.percentile(0.99)),
        .shed_sent_p50_ms = ms(load.shed_sent_latency.percentile(0.5)),
        .shed_sent_p99_ms = ms(load.shed_sent_latency.percentile(0.99)),
        .least_done = static_cast<double>(load.least_done),
        .most_done = static_cast<double>(load.most_done),
        .settled_s = load.settled_s};
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

std::string to_markdown(const Figures& f) {
    const auto some = [](double value, int digits) {
        return value > 0 ? fmt::format("{:.{}f}", value, digits) : std::string();
    };
    return fmt::format("| `{}` | {} {} | {} | {} | {} | {} | {} | {} | {} | {} |", f.name,
                       some(f.per_second, f.per_second < 100 ? 1 : 0), f.unit, some(f.p50_ms, 2), some(f.p99_ms, 1),
                       some(f.cpu_us_per_op, 2), some(f.server_cores, 2),
                       some(static_cast<double>(f.rss_bytes) / 1048576.0, 0), some(f.ratio_to_ceiling, 2),
                       some(f.cpu_ratio_to_ceiling, 2), f.note);
}

Figures median(std::vector<Figures> runs) {
    std::sort(runs.begin(), runs.end(), [](const Figures& a, const Figures& b) { return a.per_second < b.per_second; });
    std::uint64_t errors = 0;
    std::string first_error;
    std::uint64_t late = 0;
    for (const Figures& run : runs) {
        errors += run.errors;
        late += run.late;
        if (first_error.empty()) first_error = run.first_error;
    }
    Figures middle = runs[runs.size() / 2];
    middle.errors = errors;
    middle.late = late;
    middle.first_error = first_error;
    return middle;
}

void add_note(Figures& figures, std::string_view more) {
    if (!figures.note.empty()) figures.note += "; ";
    figures.note += more;
}

void compare(Figures& figures, const Figures& ceiling) {
    if (ceiling.per_second > 0) figures.ratio_to_ceiling = figures.per_second / ceiling.per_second;
    if (figures.cpu_us_per_op > 0) figures.cpu_ratio_to_ceiling = ceiling.cpu_us_per_op / figures.cpu_us_per_op;
}

}  // namespace gse::bench
