// What monitoring has sampled, and how things are at this moment. Source: [查看监控].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "api/fleet_parts.h"
#include "core/sampling.h"

namespace gse::api {
namespace {

using core::kNone;
using core::MetricKind;
using core::MetricResource;
using core::Slot;

/// Of one answer, about half a megabyte.
constexpr std::size_t kValuesMax = 50'000;
constexpr std::uint64_t kPeriodUnit = 60;  ///< seconds; stands for one sample, whatever timers.minute is
constexpr std::int64_t kDefaultBuckets = 60;

/// What is asked about: the record, if it is still there, and the samples.
struct Subject {
    std::string id;
    Slot slot = kNone;
    std::string key;
};

MetricResource resource_of(std::string_view type) {
    if (type == "QUEUE") return MetricResource::Queue;
    return type == "INSTANCE" ? MetricResource::Instance : MetricResource::Fleet;
}

Result<Subject> find_subject(const Scope& scope, MetricResource resource, const std::string& id) {
    const core::State& state = scope.state();
    Subject subject{.id = id, .slot = kNone, .key = core::sample_key(resource, scope.region, id)};
    switch (resource) {
        case MetricResource::Fleet: subject.slot = state.find_fleet(scope.region, id); break;
        case MetricResource::Queue: subject.slot = state.find_queue(scope.region, id); break;
        case MetricResource::Instance:
            subject.slot = state.find_instance(id);
            if (subject.slot != kNone &&
                state.at<core::Fleet>(state.at<core::Instance>(subject.slot).fleet).region != scope.region)
                subject.slot = kNone;
            break;
    }
    if (subject.slot != kNone || state.metric_history().knows(subject.key)) return subject;
    constexpr std::string_view kWords[] = {"fleet", "queue", "instance"};
    return refuse(ErrorCode::NotFound,
                  fmt::format("There is no {} '{}' in region {}, and no samples of one",
                              kWords[static_cast<std::size_t>(resource)], id.substr(0, 100), scope.region));
}

/// Positions in the table of those that are wanted, in the table's order.
Result<std::vector<std::size_t>> choose(std::span<const core::Metric> metrics,
                                        const std::optional<std::vector<std::string>>& names) {
    std::vector<std::size_t> chosen;
    std::vector<std::string_view> known;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        known.push_back(metrics[i].name);
        if (!names || names->empty() || std::find(names->begin(), names->end(), metrics[i].name) != names->end())
            chosen.push_back(i);
    }
    if (names)
        for (const std::string& name : *names)
            if (std::find(known.begin(), known.end(), name) == known.end())
                return refuse(ErrorCode::InvalidParameterValue,
                              fmt::format("There is no metric '{}' of this ResourceType; there are {}",
                                          name.substr(0, 100), fmt::join(known, ", ")));
    return chosen;
}

/// A run of buckets of `samples` sampling periods each.
struct Buckets {
    std::int64_t first = 0;  ///< number since 1970
    std::int64_t count = 0;
    std::int64_t samples = 1;

    [[nodiscard]] core::SampleTime from() const { return first * samples; }
    [[nodiscard]] core::SampleTime to() const { return (first + count) * samples - 1; }
};

Result<Buckets> choose_buckets(const Scope& scope, const DescribeMetricsRequest& request) {
    if (request.period % kPeriodUnit != 0)
        return refuse(ErrorCode::InvalidParameterValue, "Period is a multiple of 60, such as 60, 300 or 3600");
    Buckets buckets{.samples = static_cast<std::int64_t>(request.period / kPeriodUnit)};
    if (request.latest_only) return buckets;
    const std::int64_t length = core::sampling_period(scope.step.settings()).count() * buckets.samples;
    WallTime end = scope.step.now.wall;
    if (request.end_time) end = std::min(end, TRY(parse_time(*request.end_time)));
    const std::int64_t last = end.ms / length;
    buckets.first = last - kDefaultBuckets + 1;
    if (request.start_time) {
        const WallTime start = TRY(parse_time(*request.start_time));
        buckets.first = (start.ms + (buckets.samples == 1 ? length - 1 : 0)) / length;
    }
    if (last + 1 < buckets.first)
        return refuse(ErrorCode::InvalidParameterValue, "StartTime is after EndTime, or still to come");
    // Nothing older is kept.
    const core::SampleTime oldest = scope.step.now.wall.ms / (length / buckets.samples) - core::MetricHistory::kKept;
    buckets.first = std::max(buckets.first, oldest / buckets.samples);
    buckets.count = std::max<std::int64_t>(0, last + 1 - buckets.first);
    return buckets;
}

/// Gauges on the average, counters together.
struct Fold {
    double sum = 0;
    int count = 0;

    void add(double value) {
        if (std::isnan(value)) return;
        sum += value;
        ++count;
    }
    [[nodiscard]] double value(MetricKind kind) const {
        if (count == 0) return std::nan("");
        return kind == MetricKind::Counter ? sum : sum / count;
    }
};

double rounded(double value) { return std::round(value * 1000) / 1000; }

std::vector<double> read_now(const Scope& scope, MetricResource resource, Slot slot) {
    switch (resource) {
        case MetricResource::Fleet: return core::read_fleet(scope.state(), slot);
        case MetricResource::Queue: return core::read_queue(scope.state(), slot, scope.step.now.engine);
        case MetricResource::Instance: break;
    }
    return core::read_instance(scope.state(), slot, scope.step.now.engine);
}

void add_series(const Scope& scope, MetricResource resource, const Subject& subject,
                const std::vector<std::size_t>& chosen, const Buckets& buckets, DescribeMetricsResponse& response) {
    const auto metrics = scope.state().metric_tables().of(resource);
    const auto& history = scope.state().metric_history();
    std::vector<std::vector<Fold>> folds(chosen.size(), std::vector<Fold>(static_cast<std::size_t>(buckets.count)));
    if (buckets.count > 0)
        history.read(subject.key, metrics, buckets.from(), buckets.to(),
                     [&](core::SampleTime at, std::span<const double> values) {
                         const auto bucket = static_cast<std::size_t>(at / buckets.samples - buckets.first);
                         for (std::size_t i = 0; i < chosen.size(); ++i) folds[i][bucket].add(values[chosen[i]]);
                     });
    std::vector<double> latest;
    if (subject.slot != kNone) {
        latest = read_now(scope, resource, subject.slot);
        history.since_last(subject.key, metrics, latest);
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const core::Metric& metric = metrics[chosen[i]];
        MetricSeries series;
        series.resource_id = subject.id;
        series.metric_name = metric.name;
        series.unit = to_text(metric.unit);
        series.statistic = metric.kind == MetricKind::Counter ? "Sum" : "Average";
        series.values.reserve(folds[i].size());
        for (const Fold& fold : folds[i]) series.values.push_back(rounded(fold.value(metric.kind)));
        if (!latest.empty() && !std::isnan(latest[chosen[i]])) series.latest = rounded(latest[chosen[i]]);
        response.metrics.push_back(std::move(series));
    }
}

}  // namespace

Result<DescribeMetricsResponse> handle(Scope& scope, const DescribeMetricsRequest& request) {
    const MetricResource resource = resource_of(request.resource_type);
    const std::vector<std::size_t> chosen =
        TRY(choose(scope.state().metric_tables().of(resource), request.metric_names));
    const Buckets buckets = TRY(choose_buckets(scope, request));
    std::vector<Subject> subjects;
    for (const std::string& id : request.resource_ids) subjects.push_back(TRY(find_subject(scope, resource, id)));
    const std::size_t values = subjects.size() * chosen.size() * static_cast<std::size_t>(buckets.count);
    if (values > kValuesMax)
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format("The answer would have {} values, more than {}: ask for fewer resources or metrics, a "
                        "shorter time or a longer Period",
                        values, kValuesMax));
    DescribeMetricsResponse response;
    response.period = request.period;
    const std::int64_t length = core::sampling_period(scope.step.settings()).count() * buckets.samples;
    for (std::int64_t i = 0; i < buckets.count; ++i)
        response.timestamps.push_back(static_cast<std::uint64_t>((buckets.first + i) * length));
    for (const Subject& subject : subjects) add_series(scope, resource, subject, chosen, buckets, response);
    response.time = format_utc(scope.step.now.wall);
    return response;
}

}  // namespace gse::api
