/// What monitoring tells of a fleet, a queue and an instance, under the original's names. One table of rows serves the
/// samples that the server keeps, DescribeMetrics and /metrics. Source: [查看监控; 监控指标].
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/slab.h"
#include "model/settings.h"

namespace gse::core {

class State;

enum class MetricUnit : std::uint8_t { Count, Percent, Seconds, Megabytes, MegabitsPerSecond, PerSecond, None };
[[nodiscard]] std::string_view to_text(MetricUnit unit);
/// Digits behind the point that are kept of a sample.
[[nodiscard]] int decimals_of(MetricUnit unit);

enum class MetricKind : std::uint8_t {
    Gauge,    ///< how much there is
    Counter,  ///< how often something has happened; a sample is what was added since the one before
};

struct Metric {
    std::string name;
    std::string help;
    MetricUnit unit = MetricUnit::Count;
    MetricKind kind = MetricKind::Gauge;
    std::string placed_in;  ///< PlacementIn-<region>: which
};

enum class MetricResource : std::uint8_t { Fleet, Queue, Instance };

/// Constant. Values are read in the order of the rows.
class MetricTables {
public:
    explicit MetricTables(const Settings& settings);
    [[nodiscard]] std::span<const Metric> of(MetricResource resource) const {
        return tables_[static_cast<std::size_t>(resource)];
    }

private:
    std::vector<Metric> tables_[3];
};

/// Values as they are now, one a row: what a counter has counted since the server started; what is not known is not a
/// number. Of a fleet it walks the instances, of a queue what waits.
[[nodiscard]] std::vector<double> read_fleet(const State& state, Slot fleet);
[[nodiscard]] std::vector<double> read_queue(const State& state, Slot queue, EngineTime now);
/// What its agent said too long ago is not known.
[[nodiscard]] std::vector<double> read_instance(const State& state, Slot instance, EngineTime now);

/// `ActiveInstances` → `active_instances`.
[[nodiscard]] std::string snake_case(std::string_view name);

}  // namespace gse::core
