#include <algorithm>
#include <cmath>

#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct Metrics {
    std::string fleet;
    std::string queue;
    std::string instance;
    std::vector<std::string> metrics;
    std::uint64_t period = 60;
};

std::string number(double value) { return fmt::format("{}", std::round(value * 100) / 100); }

/// Least, mean and most of what is known.
std::vector<std::string> summary(const std::vector<double>& values) {
    std::vector<double> known;
    std::copy_if(values.begin(), values.end(), std::back_inserter(known), [](double v) { return !std::isnan(v); });
    if (known.empty()) return {"-", "-", "-"};
    const auto [least, most] = std::minmax_element(known.begin(), known.end());
    double sum = 0;
    for (const double value : known) sum += value;
    return {number(*least), number(sum / static_cast<double>(known.size())), number(*most)};
}

Result<void> show(Session& session, const Metrics& options) {
    api::DescribeMetricsRequest request;
    if (!options.queue.empty()) {
        request.resource_type = "QUEUE";
        request.resource_ids = {options.queue};
    } else if (!options.instance.empty()) {
        request.resource_type = "INSTANCE";
        request.resource_ids = {options.instance};
    } else {
        request.resource_type = "FLEET";
        request.resource_ids = {TRY(find_fleet(session.api, options.fleet)).fleet_id.value_or("")};
    }
    if (!options.metrics.empty()) request.metric_names = options.metrics;
    request.period = options.period;
    const auto answer = TRY(call(session.api, request));
    Table table{{"METRIC", "UNIT", "NOW", "LEAST", "MEAN", "MOST"}};
    for (const auto& series : answer.metrics) {
        std::vector<std::string> row{series.metric_name, series.unit,
                                     series.latest ? number(*series.latest) : std::string("-")};
        for (std::string& text : summary(series.values)) row.push_back(std::move(text));
        table.add(std::move(row));
    }
    session.show(answer.metrics, table);
    return {};
}

}  // namespace

void add_metrics_command(CLI::App& app, Chosen& chosen) {
    add_command<Metrics>(
        app, chosen,
        {"metrics", "Shows what was sampled of a fleet, a queue or an instance: now, and over the last 60 periods.",
         "gse metrics arena-v1 --metric ActiveGameServerSessions"},
        [](CLI::App& c, Metrics& o) {
            auto* what = c.add_option_group("what")->require_option(1);
            what->add_option("fleet", o.fleet, "name or id");
            what->add_option("--queue", o.queue, "name");
            what->add_option("--instance", o.instance, "id");
            c.add_option("--metric", o.metrics, "only these; all when left out");
            c.add_option("--period", o.period, "seconds that one value stands for: 60, 300, 3600 …");
        },
        show);
}

}  // namespace gse::cli
