#include "agent/usage_meter.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <unordered_set>

#include "agent/proc.h"
#include "agent/sockets.h"

namespace gse::agent {
namespace {

std::optional<double> one_minute_load() {
    std::ifstream file("/proc/loadavg");
    double load = 0;
    return file >> load ? std::optional(load) : std::nullopt;
}

double machine_memory() {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

UsageMeter::Traffic UsageMeter::read_traffic() {
    Traffic sum;
    std::ifstream file("/proc/net/dev");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        std::istringstream name(line.substr(0, colon)), numbers(line.substr(colon + 1));
        std::string interface;
        name >> interface;
        double value[16] = {};
        for (double& number : value) numbers >> number;
        if (!numbers || interface == "lo") continue;
        sum.bytes_in += value[0];
        sum.packets_in += value[1];
        sum.bytes_out += value[8];
        sum.packets_out += value[9];
    }
    return sum;
}

std::vector<link::InstanceReading> UsageMeter::measure(const std::vector<MeteredInstance>& instances,
                                                       std::int64_t now_ms) {
    const double seconds = measured_ms_ < 0 ? 0 : static_cast<double>(now_ms - measured_ms_) / 1000;
    const double ticks_a_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    const double cores = static_cast<double>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
    const double memory = machine_memory();
    const auto load = one_minute_load();
    const std::unordered_set<std::uint64_t> connections = established_connections();
    const Traffic traffic = read_traffic();

    std::map<ProcessKey, std::uint64_t> ticks;
    std::vector<link::InstanceReading> readings;
    for (const MeteredInstance& instance : instances) {
        double used_ticks = 0, resident = 0, connected = 0;
        for (const std::int64_t root : instance.roots)
            for (const std::int64_t pid : process_tree(root)) {
                const auto stat = read_stat(pid);
                if (!stat) continue;
                const ProcessKey key(pid, stat->start_ticks);
                const auto before = ticks_.find(key);
                // One that is new has used all of it since; what one that has gone used last is lost.
                const std::uint64_t known = before == ticks_.end() ? 0 : before->second;
                used_ticks += static_cast<double>(stat->cpu_ticks - std::min(known, stat->cpu_ticks));
                ticks[key] = stat->cpu_ticks;
                resident += static_cast<double>(stat->resident_pages) * page;
                connected += static_cast<double>(count_sockets(pid, connections));
            }
        link::InstanceReading reading{.instance_id = instance.id, .load = {}};
        if (seconds > 0) {
            reading.load.cpu_cores = std::min(cores, used_ticks / ticks_a_second / seconds);
            reading.load.cpu_percent = 100 * *reading.load.cpu_cores / cores;
        }
        reading.load.memory_bytes = resident;
        if (instance.limit.cpu_percent > 0)
            reading.load.cpu_limit = static_cast<double>(instance.limit.cpu_percent) / 100;
        if (instance.limit.memory_bytes > 0)
            reading.load.memory_limit = static_cast<double>(instance.limit.memory_bytes);
        const double may_have = reading.load.memory_limit.value_or(memory);
        if (may_have > 0) reading.load.memory_percent = 100 * resident / may_have;
        reading.load.connections = connected;
        reading.load.load = load;
        if (instances.size() == 1) {
            reading.load.bytes_out_total = traffic.bytes_out;
            const auto rate = [&](double now, double before) { return std::max(0.0, now - before) / seconds; };
            if (seconds > 0) {
                reading.load.bytes_in = rate(traffic.bytes_in, traffic_.bytes_in);
                reading.load.bytes_out = rate(traffic.bytes_out, traffic_.bytes_out);
                reading.load.packets_in = rate(traffic.packets_in, traffic_.packets_in);
                reading.load.packets_out = rate(traffic.packets_out, traffic_.packets_out);
            }
        }
        readings.push_back(std::move(reading));
    }
    ticks_ = std::move(ticks);
    traffic_ = traffic;
    measured_ms_ = now_ms;
    return readings;
}

}  // namespace gse::agent
