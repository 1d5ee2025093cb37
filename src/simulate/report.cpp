#include "simulate/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/json_text.h"

namespace gse::simulate {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

std::string json_text_of(std::string_view text) {
    std::string out;
    api::append_json_string(out, text);
    return out;
}

/// Of `count` parts of the samples the `index`-th, by `pick` and the larger of two.
template <class Pick>
double largest(const std::vector<Sample>& samples, std::size_t index, std::size_t count, Pick pick) {
    const std::size_t begin = index * samples.size() / count;
    const std::size_t end = std::max(begin + 1, (index + 1) * samples.size() / count);
    double most = 0;
    for (std::size_t i = begin; i < std::min(end, samples.size()); ++i) most = std::max(most, pick(samples[i]));
    return most;
}

}  // namespace

std::vector<std::string> report_head() {
    return {"POLICY", "ASKED", "REFUSED",   "%",    "WAIT",  "P95",    "P99",
            "MAX s",  "CUT",   "INSTANCES", "PEAK", "HOURS", "IDLE H", "IDLE %"};
}

std::vector<std::string> report_row(const Outcome& outcome) {
    const Figures& f = outcome.figures;
    const double asked = static_cast<double>(std::max<std::uint64_t>(f.asked, 1));
    return {outcome.policy,
            fmt::format("{}", f.asked),
            fmt::format("{}", f.refused),
            fmt::format("{:.2f}", 100 * static_cast<double>(f.refused) / asked),
            fmt::format("{:.1f}", f.wait_mean),
            fmt::format("{:.1f}", f.wait_p95),
            fmt::format("{:.1f}", f.wait_p99),
            fmt::format("{:.1f}", f.wait_max),
            fmt::format("{}", f.cut),
            fmt::format("{:.1f}", f.mean_instances),
            fmt::format("{}", f.peak_instances),
            fmt::format("{:.1f}", f.instance_hours),
            fmt::format("{:.1f}", f.idle_instance_hours),
            fmt::format("{:.0f}", 100 * f.idle_share())};
}

std::string to_csv(const std::vector<Outcome>& outcomes) {
    std::string out =
        "policy,asked,refused,wait_mean_s,wait_p95_s,wait_p99_s,wait_max_s,cut,mean_instances,peak_instances,"
        "instance_hours,idle_instance_hours,idle_share\n";
    for (const auto& [policy, f] : outcomes)
        out += fmt::format("{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{},{:.3f},{},{:.3f},{:.3f},{:.4f}\n", quoted(policy),
                           f.asked, f.refused, f.wait_mean, f.wait_p95, f.wait_p99, f.wait_max, f.cut, f.mean_instances,
                           f.peak_instances, f.instance_hours, f.idle_instance_hours, f.idle_share());
    return out;
}

std::string to_json(const std::vector<Outcome>& outcomes) {
    std::string out = "[";
    for (const auto& [policy, f] : outcomes) {
        if (out.size() > 1) out += ',';
        out += fmt::format(
            R"({{"Policy":{},"Asked":{},"Refused":{},"WaitMeanSeconds":{:.3f},"WaitP95Seconds":{:.3f},)"
            R"("WaitP99Seconds":{:.3f},"WaitMaxSeconds":{:.3f},"Cut":{},"MeanInstances":{:.3f},"PeakInstances":{},)"
            R"("InstanceHours":{:.3f},"IdleInstanceHours":{:.3f},"IdleShare":{:.4f},)"
            R"("SampleSeconds":{:.3f},"Samples":[)",
            json_text_of(policy), f.asked, f.refused, f.wait_mean, f.wait_p95, f.wait_p99, f.wait_max, f.cut,
            f.mean_instances, f.peak_instances, f.instance_hours, f.idle_instance_hours, f.idle_share(),
            static_cast<double>(f.sample_length.count()) / 1'000);
        for (std::size_t i = 0; i < f.samples.size(); ++i)
            out += fmt::format(R"({}{{"Demand":{:.0f},"Ready":{:.2f},"Capacity":{:.2f},"Refused":{:.0f}}})",
                               i == 0 ? "" : ",", f.samples[i].demand, f.samples[i].ready, f.samples[i].capacity,
                               f.samples[i].refused);
        out += "]}";
    }
    return out + "]";
}

std::string to_drawing(const std::vector<Outcome>& outcomes, std::size_t width) {
    static constexpr std::string_view kBars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    constexpr double kSteps = std::size(kBars) - 1;
    double most = 1;
    for (const auto& [policy, f] : outcomes)
        for (const Sample& sample : f.samples) most = std::max({most, sample.demand, sample.ready});
    std::string out;
    for (const auto& [policy, f] : outcomes) {
        const std::size_t columns = std::min(width, f.samples.size());
        const auto line = [&](std::string_view name, auto pick) {
            out += fmt::format("  {:<8}", name);
            for (std::size_t i = 0; i < columns; ++i) {
                const double value = largest(f.samples, i, columns, pick);
                const auto step =
                    static_cast<std::size_t>(value <= 0 ? 0 : std::clamp(value / most * kSteps, 1.0, kSteps));
                out += kBars[step];
            }
            out += '\n';
        };
        out += fmt::format("{}\n", policy);
        line("demand", [](const Sample& s) { return s.demand; });
        line("ready", [](const Sample& s) { return s.ready; });
        if (f.refused == 0) continue;
        out += "  refused ";
        for (std::size_t i = 0; i < columns; ++i)
            out += largest(f.samples, i, columns, [](const Sample& s) { return s.refused; }) > 0 ? "x" : " ";
        out += '\n';
    }
    return out + fmt::format("  the highest bar is {:.0f} sessions\n", most);
}

}  // namespace gse::simulate
