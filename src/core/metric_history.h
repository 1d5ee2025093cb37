/// Samples of metrics, for the charts of the last 24 hours: one a minute and resource, in memory only, within a bound.
/// A restart begins anew; longer is Prometheus' job.
///
/// A sample is written as what has changed since the one before, in chunks of an hour that begin afresh: an idle fleet
/// costs two bytes a minute. When the bound is reached, resources that have ended are forgotten first, the longest
/// ended before others; then the oldest hour of all; and when there is no older hour, what is new is not kept.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/metrics.h"

namespace gse::core {

/// Numbers of sampling periods since 1970: minutes, where a minute is one.
using SampleTime = std::int64_t;

/// How far the sample that is being taken has got.
struct SamplingWalk {
    enum class Stage : std::uint8_t { Idle, Fleets, Queues, Instances };
    bool begun = false;
    Stage stage = Stage::Idle;
    std::uint32_t slot = 0;
    SampleTime time = 0;  ///< of the last sample
};

class MetricHistory {
public:
    static constexpr SampleTime kKept = 1'440;
    static constexpr SampleTime kChunk = 60;

    explicit MetricHistory(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    /// Values are as read_fleet() and its like give them, in the order of `metrics`. `at` grows with each sample.
    void add(std::string_view key, SampleTime at, std::span<const Metric> metrics, std::span<const double> values);
    [[nodiscard]] bool knows(std::string_view key) const { return series_.find(key) != series_.end(); }

    /// Oldest first, those of [from, to]; of a counter what was added since the sample before; NaN: not known then.
    using Visit = std::function<void(SampleTime at, std::span<const double> values)>;
    void read(std::string_view key, std::span<const Metric> metrics, SampleTime from, SampleTime to,
              const Visit& visit) const;
    /// `values`, with counters as what was added since the last sample.
    void since_last(std::string_view key, std::span<const Metric> metrics, std::span<double> values) const;

    void clear();
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t resources() const { return series_.size(); }
    /// Samples that were not kept because nothing older could make room.
    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

private:
    struct Chunk {
        SampleTime first = 0;
        SampleTime last = 0;
        std::string bytes;
    };
    struct Series {
        std::vector<Chunk> chunks;
        std::vector<std::int64_t> last;  ///< of the open chunk, in fixed point plus one; 0: not known
        std::vector<double> totals;      ///< of counters
        [[nodiscard]] std::uint64_t cost() const;
    };
    using AllSeries = std::map<std::string, Series, std::less<>>;

    void write(Series& series, SampleTime at, std::span<const std::int64_t> fixed);
    AllSeries::iterator drop(AllSeries::iterator series, SampleTime before);
    void forget_old(SampleTime now);
    bool make_room(SampleTime now, std::uint64_t needed);

    const std::uint64_t bytes_max_;
    AllSeries series_;
    std::uint64_t bytes_ = 0;
    std::uint64_t skipped_ = 0;
    SampleTime swept_ = 0;       ///< chunk number up to which old ones were looked for
    SampleTime full_until_ = 0;  ///< no room before this time
};

}  // namespace gse::core
