#include "main/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <unordered_map>

#include "api/error_table.h"
#include "api/model.h"
#include "base/version.h"
#include "core/metrics.h"
#include "main/allocator.h"
#include "model/statuses.h"

namespace gse {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
public:
    void gauge(const std::string& name, const std::string& help, double value, Labels labels = {}) {
        ClientMetric metric;
        metric.gauge.value = value;
        add(name, help, MetricType::Gauge, std::move(metric), std::move(labels));
    }
    void counter(const std::string& name, const std::string& help, double value, Labels labels = {}) {
        ClientMetric metric;
        metric.counter.value = value;
        add(name, help, MetricType::Counter, std::move(metric), std::move(labels));
    }
    /// `counts` has one more than `bounds`: what is above all of them.
    void histogram(const std::string& name, const std::string& help, std::span<const double> bounds,
                   std::span<const std::uint64_t> counts, double sum, Labels labels = {}) {
        ClientMetric metric;
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            so_far += counts[i];
            const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
            metric.histogram.bucket.push_back({.cumulative_count = so_far, .upper_bound = bound});
        }
        metric.histogram.sample_count = so_far;
        metric.histogram.sample_sum = sum;
        add(name, help, MetricType::Histogram, std::move(metric), std::move(labels));
    }
    [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

private:
    void add(const std::string& name, const std::string& help, MetricType type, ClientMetric metric, Labels labels) {
        metric.label = std::move(labels);
        const auto [at, fresh] = index_.try_emplace(name, families_.size());
        if (fresh) families_.push_back({name, help, type, {}});
        families_[at->second].metric.push_back(std::move(metric));
    }
    std::vector<MetricFamily> families_;
    std::unordered_map<std::string, std::size_t> index_;
};

/// What one look at the owner's state brings home: plain values; the text is made elsewhere.
struct FleetReading {
    std::string id, region;
    std::uint32_t pending = 0, active = 0, terminating = 0;
    std::vector<double> values;
};
struct QueueReading {
    std::string name, region;
    std::vector<double> values;
    core::WaitCounts waits;
};
struct InstanceReading {
    std::string id, fleet, region;
    std::vector<double> values;
};

/// Fleets and queues in one visit, which calls have to wait for: some microseconds each.
constexpr core::Slot kPerVisit = 512;

/// Calls take(state, slot, record) for every record of a table, a few with each visit to the owner's thread.
template <class T, class Take>
void visit_all(engine::Engine& engine, Take&& take) {
    bool more = true;
    for (core::Slot from = 0; more; from += kPerVisit) {
        more = false;  // also when the engine has stopped
        engine.inspect([&](const core::State& state) {
            const auto& table = state.table<T>();
            for (core::Slot slot = from; slot < std::min(from + kPerVisit, table.limit()); ++slot)
                if (const T* record = table.find(slot)) take(state, slot, *record);
            more = from + kPerVisit < table.limit();
        });
    }
}

Labels with(Labels labels, const char* key, std::string value) {
    labels.push_back({key, std::move(value)});
    return labels;
}

/// One series a row of the table. What is not known is left out.
void add_rows(Families& out, std::span<const core::Metric> metrics, std::span<const double> values,
              const std::string& prefix, const Labels& labels) {
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        const core::Metric& metric = metrics[i];
        if (std::isnan(values[i])) continue;
        const Labels more = metric.placed_in.empty() ? labels : with(labels, "placed_in", metric.placed_in);
        const std::string name = prefix + core::snake_case(metric.name.substr(0, metric.name.find('-')));
        if (metric.kind == core::MetricKind::Counter)
            out.counter(name + "_total", metric.help, values[i], more);
        else
            out.gauge(name, metric.help, values[i], more);
    }
}

void add_fleets(Families& out, engine::Engine& engine, const core::MetricTables& tables) {
    std::vector<FleetReading> fleets;
    std::map<std::string, std::map<std::string, double>> statuses;  // region, status
    visit_all<core::Fleet>(engine, [&](const core::State& state, core::Slot slot, const core::Fleet& fleet) {
        if (fleet.status == FleetStatus::Terminated) return;
        ++statuses[fleet.region][std::string(to_text(fleet.status))];
        fleets.push_back({fleet.id, fleet.region, fleet.instances_pending, fleet.instances_active,
                          fleet.instances_draining, core::read_fleet(state, slot)});
    });
    for (const auto& [region, counts] : statuses)
        for (const auto& [status, count] : counts)
            out.gauge("gse_fleets", "Fleets by status.", count, {{"region", region}, {"status", status}});
    for (const FleetReading& fleet : fleets) {
        const Labels labels{{"fleet", fleet.id}, {"region", fleet.region}};
        out.gauge("gse_instances", "Instances by state.", fleet.pending, with(labels, "state", "pending"));
        out.gauge("gse_instances", "", fleet.active, with(labels, "state", "active"));
        out.gauge("gse_instances", "", fleet.terminating, with(labels, "state", "terminating"));
        add_rows(out, tables.of(core::MetricResource::Fleet), fleet.values, "gse_", labels);
    }
}

void add_queues(Families& out, engine::Engine& engine, const core::MetricTables& tables, EngineTime now) {
    std::vector<QueueReading> queues;
    visit_all<core::Queue>(engine, [&](const core::State& state, core::Slot slot, const core::Queue& queue) {
        queues.push_back({queue.name, queue.region, core::read_queue(state, slot, now), queue.counts.waits});
    });
    for (const QueueReading& queue : queues) {
        const Labels labels{{"queue", queue.name}, {"region", queue.region}};
        add_rows(out, tables.of(core::MetricResource::Queue), queue.values, "gse_", labels);
        out.histogram("gse_placement_wait_seconds", "How long placements had waited when they were FULFILLED.",
                      core::WaitCounts::kBounds, queue.waits.counts, queue.waits.seconds, labels);
    }
}

void add_instances(Families& out, engine::Engine& engine, const core::MetricTables& tables, EngineTime now) {
    std::vector<InstanceReading> instances;
    visit_all<core::Instance>(engine, [&](const core::State& state, core::Slot slot, const core::Instance& instance) {
        const core::Fleet& fleet = state.at<core::Fleet>(instance.fleet);
        instances.push_back({instance.id, fleet.id, fleet.region, core::read_instance(state, slot, now)});
    });
    for (const InstanceReading& instance : instances)
        add_rows(out, tables.of(core::MetricResource::Instance), instance.values, "gse_instance_",
                 {{"instance_id", instance.id}, {"fleet", instance.fleet}, {"region", instance.region}});
}

void add_hosts_and_samples(Families& out, engine::Engine& engine) {
    std::uint64_t connected = 0, silent = 0, lost = 0, bytes = 0, resources = 0, skipped = 0;
    engine.inspect([&](const core::State& state) {
        state.table<core::Host>().for_each([&](core::Slot, const core::Host& host) {
            connected += host.stream != 0;
            silent += host.silent && !host.lost;
            lost += host.lost;
        });
        bytes = state.metric_history().bytes();
        resources = state.metric_history().resources();
        skipped = state.metric_history().skipped();
    });
    out.gauge("gse_hosts_connected", "Hosts whose agent is connected.", static_cast<double>(connected));
    out.gauge("gse_hosts_silent", "Hosts that give no sign of life and are not given up.", static_cast<double>(silent));
    out.gauge("gse_hosts_lost", "Hosts that were given up.", static_cast<double>(lost));
    out.gauge("gse_metric_samples_bytes", "Memory of the samples that DescribeMetrics reads.",
              static_cast<double>(bytes));
    out.gauge("gse_metric_sampled_resources", "Fleets, queues and instances with samples.",
              static_cast<double>(resources));
    out.counter("gse_metric_samples_skipped_total", "Samples that metrics.memory_bytes had no room for.",
                static_cast<double>(skipped));
}

void add_calls(Families& out, const api::CallCounts& counts) {
    constexpr const char* kName = "gse_api_requests_total";
    constexpr const char* kHelp =
        "Answered calls by action and outcome: OK or the error code. Wrong signatures are not among them.";
    for (std::size_t i = 0; i < counts.actions().size(); ++i) {
        const api::CallCounts::Action& action = counts.actions()[i];
        const std::string name(api::actions()[i].name);
        const std::uint64_t done = action.done.load(std::memory_order_relaxed);
        std::uint64_t all = done;
        for (std::size_t code = 0; code < action.refused.size(); ++code) {
            const std::uint64_t refused = action.refused[code].load(std::memory_order_relaxed);
            all += refused;
            if (refused == 0) continue;
            out.counter(kName, kHelp, static_cast<double>(refused),
                        {{"action", name}, {"code", std::string(api::code_of(static_cast<ErrorCode>(code)))}});
        }
        if (all == 0) continue;  // of actions that nobody calls there are no series
        out.counter(kName, kHelp, static_cast<double>(done), {{"action", name}, {"code", "OK"}});
        out.histogram("gse_api_request_seconds", "From the decoded call to its answer, the commit included.",
                      LatencyCounts::kBounds, action.latency.counts(), action.latency.seconds(), {{"action", name}});
    }
    out.counter("gse_api_unknown_actions_total", "Calls of an action or a version that does not exist.",
                static_cast<double>(counts.unknown()));
}

/// Of one of several servers; one alone leads.
void add_member(Families& out, const MetricSources& from) {
    const engine::MemberView& member = from.member;
    const http::RelayStats& relay = from.relay;
    const auto count = [](std::uint64_t number) { return static_cast<double>(number); };
    out.gauge("gse_cluster_leader", "1 on the server that leads.", member.role == engine::Role::Leading ? 1 : 0);
    out.gauge("gse_cluster_leader_known", "1 while this server knows a leader whose lease holds.",
              member.leader_known ? 1 : 0);
    out.gauge("gse_cluster_leader_reached", "0 while this server cannot reach the one that leads.",
              from.leader_reached ? 1 : 0);
    out.gauge("gse_cluster_epoch", "Grows with every take-over of the lead.", count(member.epoch));
    out.gauge("gse_cluster_applied_batches", "Sequence number of the last batch that this server has read.",
              count(member.applied));
    out.gauge("gse_cluster_tunnels", "Clients' connections that are handed over to the leader.", count(relay.open));
    out.counter("gse_cluster_tunnels_total", "Clients' connections handed over since the start.", count(relay.handed));
    out.gauge("gse_cluster_requests_held", "Requests that wait for a server that leads.", count(relay.held));
    out.counter("gse_cluster_requests_refused_total", "Requests refused because no server led.", count(relay.refused));
    out.counter("gse_cluster_unreached_total", "Attempts to reach the leader that failed.", count(relay.unreached));
}

}  // namespace

std::string metrics_text(const MetricSources& from) {
    Families out;
    engine::Engine& engine = from.engine;
    const core::MetricTables tables(from.settings);
    const EngineTime now = engine.now().engine;
    add_fleets(out, engine, tables);
    add_queues(out, engine, tables, now);
    if (from.settings.metrics.instance_labels) add_instances(out, engine, tables, now);
    add_hosts_and_samples(out, engine);
    add_calls(out, from.calls);
    const engine::EngineStats stats = engine.stats();
    const http::ServerStats& http = from.http;
    out.gauge("gse_build_info", "1, with the version as a label.", 1, {{"version", std::string(version())}});
    out.gauge("gse_memory_allocated_bytes",
              "Memory that the server holds, without what its allocator keeps in reserve; 0 if that does not say.",
              static_cast<double>(allocated_bytes()));
    out.gauge("gse_ready", "What /readyz says: 1 while changes are accepted and nothing is wrong.", from.ready ? 1 : 0);
    out.histogram("gse_journal_commit_seconds", "How long batches took to become durable.", LatencyCounts::kBounds,
                  engine.commit_latency().counts(), engine.commit_latency().seconds());
    out.counter("gse_api_calls_total", "API calls handed to the engine.", static_cast<double>(stats.calls));
    out.counter("gse_api_calls_shed_total", "API calls refused because they would have waited too long.",
                static_cast<double>(stats.calls_shed + http.shed_requests));
    out.gauge("gse_engine_queue", "API calls waiting to be decided.", static_cast<double>(stats.queue));
    out.gauge("gse_api_calls_waiting", "API calls waiting for a placement to end.", static_cast<double>(stats.waiting));
    out.counter("gse_journal_commits_total", "Durable batches.", static_cast<double>(stats.commits));
    out.counter("gse_journal_records_total", "Records in durable batches.", static_cast<double>(stats.records));
    out.counter("gse_journal_bytes_total", "Bytes of durable batches.", static_cast<double>(stats.journal_bytes));
    out.counter("gse_journal_snapshots_total", "Completed snapshots.", static_cast<double>(stats.snapshots));
    out.gauge("gse_journal_disk_low", "1 while changes are refused for lack of disk.", stats.disk_low ? 1 : 0);
    out.gauge("gse_http_connections", "Open HTTP connections.", static_cast<double>(http.connections_open));
    out.counter("gse_http_api_requests_total", "Requests to the cloud API, refused ones included.",
                static_cast<double>(http.api_requests));
    out.counter("gse_http_malformed_requests_total", "Requests that were not HTTP or over a limit.",
                static_cast<double>(http.malformed_requests));
    out.counter("gse_http_timeouts_total", "Connections closed for being idle or slow.",
                static_cast<double>(http.timeouts));
    add_member(out, from);
    if (http.tls_not_after == WallTime{}) return out.text();
    out.counter("gse_tls_handshakes_total", "TLS handshakes by outcome.", static_cast<double>(http.tls_handshakes),
                {{"outcome", "done"}});
    out.counter("gse_tls_handshakes_total", "", static_cast<double>(http.tls_handshakes_failed),
                {{"outcome", "failed"}});
    out.counter("gse_tls_handshakes_total", "", static_cast<double>(http.tls_handshakes_refused),
                {{"outcome", "refused"}});
    out.counter("gse_tls_reloads_total", "Changed certificates, by whether they came in force.",
                static_cast<double>(http.tls_reloads), {{"outcome", "done"}});
    out.counter("gse_tls_reloads_total", "", static_cast<double>(http.tls_reloads_failed), {{"outcome", "failed"}});
    out.gauge("gse_tls_certificate_end_seconds", "When the certificate in force ends, in Unix seconds.",
              static_cast<double>(http.tls_not_after.ms) / 1000);
    return out.text();
}

}  // namespace gse
