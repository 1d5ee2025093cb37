#include "main/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

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
    [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

private:
    void add(const std::string& name, const std::string& help, MetricType type, ClientMetric metric, Labels labels) {
        metric.label = std::move(labels);
        for (MetricFamily& family : families_)
            if (family.name == name) return family.metric.push_back(std::move(metric));
        families_.push_back({name, help, type, {std::move(metric)}});
    }
    std::vector<MetricFamily> families_;
};

void add_fleets(Families& out, const core::State& state) {
    state.table<core::Fleet>().for_each([&](core::Slot, const core::Fleet& fleet) {
        if (fleet.status == FleetStatus::Terminated) return;
        const Labels labels{{"fleet", fleet.id}, {"region", fleet.region}};
        const auto with = [&](const char* key, const char* value) {
            Labels more = labels;
            more.push_back({key, value});
            return more;
        };
        out.gauge("gse_instances", "Instances by state.", fleet.instances_pending, with("state", "pending"));
        out.gauge("gse_instances", "", fleet.instances_active, with("state", "active"));
        out.gauge("gse_instances", "", fleet.instances_draining, with("state", "terminating"));
        out.gauge("gse_desired_instances", "Instances the fleet should have.", fleet.desired, labels);
        out.gauge("gse_min_instances", "Lower end of the fleet's range.", fleet.min, labels);
        out.gauge("gse_max_instances", "Upper end of the fleet's range.", fleet.max, labels);
        out.gauge("gse_active_server_processes", "Processes that reported ready.", fleet.processes_active, labels);
        out.gauge("gse_activating_game_server_sessions", "Sessions ACTIVATING.", fleet.sessions_activating, labels);
        out.gauge("gse_active_game_server_sessions", "Sessions ACTIVE.", fleet.sessions_active, labels);
        out.gauge("gse_current_player_sessions", "Player sessions RESERVED or ACTIVE.",
                  static_cast<double>(fleet.players), labels);
    });
    std::uint64_t connected = 0, silent = 0;
    state.table<core::Host>().for_each([&](core::Slot, const core::Host& host) {
        connected += host.stream != 0;
        silent += host.silent;
    });
    out.gauge("gse_hosts_connected", "Hosts whose agent is connected.", static_cast<double>(connected));
    out.gauge("gse_hosts_silent", "Hosts that give no sign of life.", static_cast<double>(silent));
}

}  // namespace

std::string metrics_text(engine::Engine& engine, const http::ServerStats& http) {
    Families out;
    engine.inspect([&](const core::State& state) { add_fleets(out, state); });
    const engine::EngineStats stats = engine.stats();
    out.counter("gse_api_calls_total", "API calls handed to the engine.", static_cast<double>(stats.calls));
    out.counter("gse_api_calls_shed_total", "API calls refused because the engine's queue was full.",
                static_cast<double>(stats.calls_shed));
    out.gauge("gse_engine_queue", "API calls waiting to be decided.", static_cast<double>(stats.queue));
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
