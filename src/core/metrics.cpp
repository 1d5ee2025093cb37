#include "core/metrics.h"

#include <algorithm>
#include <limits>

#include "core/instances.h"
#include "core/state.h"

namespace gse::core {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

template <class View>
struct Row {
    std::string_view name;
    MetricUnit unit;
    MetricKind kind;
    std::string_view help;
    double (*read)(const View&);
};

template <class View, std::size_t N>
void list(const Row<View> (&rows)[N], std::vector<Metric>& out) {
    for (const auto& row : rows)
        out.push_back({.name = std::string(row.name),
                       .help = std::string(row.help),
                       .unit = row.unit,
                       .kind = row.kind,
                       .placed_in = {}});
}

template <class View, std::size_t N>
std::vector<double> read(const Row<View> (&rows)[N], const View& view) {
    std::vector<double> values;
    values.reserve(N);
    for (const auto& row : rows) values.push_back(row.read(view));
    return values;
}

double percent(double part, double of) { return of > 0 ? 100 * part / of : kUnknown; }
double or_unknown(const std::optional<double>& value, double factor = 1) { return value ? *value * factor : kUnknown; }

using enum MetricUnit;
using enum MetricKind;

struct FleetView {
    const Fleet& fleet;
    std::uint32_t idle_instances = 0;
    std::uint32_t healthy = 0;
    std::uint32_t available = 0;
};

constexpr Row<FleetView> kFleetRows[] = {
    {"ActiveGameServerSessions", Count, Gauge, "Game server sessions ACTIVE.",
     [](const FleetView& v) { return double(v.fleet.sessions_active); }},
    {"ActivatingGameServerSessions", Count, Gauge, "Game server sessions ACTIVATING.",
     [](const FleetView& v) { return double(v.fleet.sessions_activating); }},
    {"AvailableGameServerSessions", Count, Gauge, "Sessions that healthy active processes could take now.",
     [](const FleetView& v) { return double(v.available); }},
    {"PercentAvailableGameServerSessions", Percent, Gauge, "Available sessions, of all active processes.",
     [](const FleetView& v) { return percent(v.available, v.fleet.processes_active); }},
    {"CurrentPlayerSessions", Count, Gauge, "Player sessions RESERVED or ACTIVE.",
     [](const FleetView& v) { return static_cast<double>(v.fleet.players); }},
    {"PlayerSessionActivations", Count, Counter, "Player sessions that became ACTIVE.",
     [](const FleetView& v) { return static_cast<double>(v.fleet.counts.player_activations); }},
    {"ActiveInstances", Count, Gauge, "Instances with processes that reported ready.",
     [](const FleetView& v) { return double(v.fleet.instances_active); }},
    {"IdleInstances", Count, Gauge, "Active instances without a session.",
     [](const FleetView& v) { return double(v.idle_instances); }},
    {"PercentIdleInstances", Percent, Gauge, "Idle instances, of the active ones.",
     [](const FleetView& v) { return percent(v.idle_instances, v.fleet.instances_active); }},
    {"DesiredInstances", Count, Gauge, "Instances the fleet should have.",
     [](const FleetView& v) { return double(v.fleet.desired); }},
    {"MinInstances", Count, Gauge, "Lower end of the fleet's range.",
     [](const FleetView& v) { return double(v.fleet.min); }},
    {"MaxInstances", Count, Gauge, "Upper end of the fleet's range.",
     [](const FleetView& v) { return double(v.fleet.max); }},
    {"NoInstances", Count, Gauge, "Instances that are wanted and that no host has room for.",
     [](const FleetView& v) {
         const std::uint32_t there = v.fleet.instances_pending + v.fleet.instances_active;
         return v.fleet.waits_for_room && v.fleet.desired > there ? double(v.fleet.desired - there) : 0.0;
     }},
    {"ActiveServerProcesses", Count, Gauge, "Processes that reported ready.",
     [](const FleetView& v) { return double(v.fleet.processes_active); }},
    {"HealthyServerProcesses", Count, Gauge, "Of the active processes, those that are healthy.",
     [](const FleetView& v) { return double(v.healthy); }},
    {"PercentHealthyServerProcesses", Percent, Gauge, "Healthy processes, of the active ones.",
     [](const FleetView& v) { return percent(v.healthy, v.fleet.processes_active); }},
    {"ServerProcessActivations", Count, Counter, "Processes that became ACTIVE.",
     [](const FleetView& v) { return static_cast<double>(v.fleet.counts.process_activations); }},
    {"ServerProcessTerminations", Count, Counter, "Processes that ended.",
     [](const FleetView& v) { return static_cast<double>(v.fleet.counts.process_terminations); }},
    {"ServerProcessAbnormalTerminations", Count, Counter,
     "Processes that ended although nobody wanted it: crashed, never ready, unhealthy, stuck in their end, or lost.",
     [](const FleetView& v) { return static_cast<double>(v.fleet.counts.process_abnormal_terminations); }},
};

struct QueueView {
    const Queue& queue;
    double mean_wait_s = 0;
};

constexpr Row<QueueView> kQueueRows[] = {
    {"QueueDepth", Count, Gauge, "Placements PENDING.",
     [](const QueueView& v) { return static_cast<double>(v.queue.pending.size()); }},
    {"AverageWaitTime", Seconds, Gauge, "How long those that are PENDING have waited; 0 while none is.",
     [](const QueueView& v) { return v.mean_wait_s; }},
    {"PlacementsStarted", Count, Counter, "Placements that were started.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.started); }},
    {"PlacementsSucceeded", Count, Counter, "Placements FULFILLED.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.succeeded); }},
    {"PlacementsFailed", Count, Counter, "Placements FAILED.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.failed); }},
    {"PlacementsCanceled", Count, Counter, "Placements CANCELLED.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.cancelled); }},
    {"PlacementsTimedOut", Count, Counter, "Placements TIMED_OUT.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.timed_out); }},
    {"FirstChoiceNotViable", Count, Counter,
     "Placements FULFILLED elsewhere because their first choice was deleted, failed, in creation or a terminal alias.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.first_choice_not_viable); }},
    {"FirstChoiceOutOfCapacity", Count, Counter,
     "Placements FULFILLED elsewhere because their first choice had no idle process.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.first_choice_out_of_capacity); }},
    {"LowestLatencyPlacement", Count, Counter,
     "Placements FULFILLED in the queue's region of the lowest latency for their players.",
     [](const QueueView& v) { return static_cast<double>(v.queue.counts.lowest_latency); }},
};

struct InstanceView {
    const link::InstanceLoad& load;
};

constexpr double kMegabyte = 1.0 / 1'000'000;

/// Names as the vendor's monitoring of machines has them. Hosts do not tell private networks from public ones: Wan is
/// every interface but loopback.
constexpr Row<InstanceView> kInstanceRows[] = {
    {"CpuUsage", Percent, Gauge, "CPU time of the instance's processes, of all cores of its host.",
     [](const InstanceView& v) { return or_unknown(v.load.cpu_percent); }},
    {"CpuLoadavg", None, Gauge, "Load of the instance's host over one minute.",
     [](const InstanceView& v) { return or_unknown(v.load.load); }},
    {"MemUsed", Megabytes, Gauge, "Memory of the instance's processes.",
     [](const InstanceView& v) { return or_unknown(v.load.memory_bytes, kMegabyte); }},
    {"MemUsage", Percent, Gauge, "The same, of what the instance may have: its limit, or its host's memory.",
     [](const InstanceView& v) { return or_unknown(v.load.memory_percent); }},
    {"TcpCurrEstab", Count, Gauge, "Established TCP connections of the instance's processes.",
     [](const InstanceView& v) { return or_unknown(v.load.connections); }},
    {"WanOuttraffic", MegabitsPerSecond, Gauge, "Sent; of an instance that has its host alone.",
     [](const InstanceView& v) { return or_unknown(v.load.bytes_out, 8 * kMegabyte); }},
    {"WanIntraffic", MegabitsPerSecond, Gauge, "Received; of an instance that has its host alone.",
     [](const InstanceView& v) { return or_unknown(v.load.bytes_in, 8 * kMegabyte); }},
    {"WanOutpkg", PerSecond, Gauge, "Packets sent; of an instance that has its host alone.",
     [](const InstanceView& v) { return or_unknown(v.load.packets_out); }},
    {"WanInpkg", PerSecond, Gauge, "Packets received; of an instance that has its host alone.",
     [](const InstanceView& v) { return or_unknown(v.load.packets_in); }},
    {"AccOuttraffic", Megabytes, Counter, "Sent in all; of an instance that has its host alone.",
     [](const InstanceView& v) { return or_unknown(v.load.bytes_out_total, kMegabyte); }},
};

}  // namespace

std::string_view to_text(MetricUnit unit) {
    switch (unit) {
        case Count: return "Count";
        case Percent: return "Percent";
        case Seconds: return "Seconds";
        case Megabytes: return "Megabytes";
        case MegabitsPerSecond: return "Megabits/Second";
        case PerSecond: return "Count/Second";
        case None: return "None";
    }
    return "None";
}

int decimals_of(MetricUnit unit) {
    switch (unit) {
        case Count: return 0;
        case PerSecond: return 1;
        case Percent:
        case None: return 2;
        case Seconds:
        case Megabytes:
        case MegabitsPerSecond: return 3;
    }
    return 0;
}

MetricTables::MetricTables(const Settings& settings) {
    list(kFleetRows, tables_[static_cast<std::size_t>(MetricResource::Fleet)]);
    auto& queue = tables_[static_cast<std::size_t>(MetricResource::Queue)];
    list(kQueueRows, queue);
    for (const std::string& region : settings.regions)
        queue.push_back({.name = "PlacementIn-" + region,
                         .help = "Placements FULFILLED in the region.",
                         .unit = Count,
                         .kind = Counter,
                         .placed_in = region});
    list(kInstanceRows, tables_[static_cast<std::size_t>(MetricResource::Instance)]);
}

std::vector<double> read_fleet(const State& state, Slot slot) {
    FleetView view{.fleet = state.at<Fleet>(slot)};
    for (const Slot at : view.fleet.instances) {
        const Instance& instance = state.at<Instance>(at);
        view.idle_instances += instance.status == InstanceStatus::Active && instance.sessions == 0;
        view.healthy += instance.healthy;
        if (instance.status != InstanceStatus::Draining)
            view.available += static_cast<std::uint32_t>(instance.idle.size());
    }
    return read(kFleetRows, view);
}

std::vector<double> read_queue(const State& state, Slot slot, EngineTime now) {
    const Queue& queue = state.at<Queue>(slot);
    double waited = 0;
    for (const auto& [order, placement] : queue.pending)
        waited += static_cast<double>((now - state.at<Placement>(placement).started_at).count()) / 1000;
    const double mean = queue.pending.empty() ? 0 : waited / static_cast<double>(queue.pending.size());
    std::vector<double> values = read(kQueueRows, QueueView{.queue = queue, .mean_wait_s = mean});
    for (std::size_t i = 0; i < state.settings().regions.size(); ++i)
        values.push_back(i < queue.counts.placed_in.size() ? static_cast<double>(queue.counts.placed_in[i]) : 0);
    return values;
}

std::vector<double> read_instance(const State& state, Slot slot, EngineTime now) {
    return read(kInstanceRows, InstanceView{.load = load_of(state.at<Instance>(slot), now)});
}

std::string snake_case(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (upper && !out.empty()) out += '_';
        out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

}  // namespace gse::core
