#include "core/metric_history.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/archive.h"

namespace gse::core {
namespace {

/// What a map's node, two vectors and a list of chunks take besides what they hold.
constexpr std::uint64_t kSeriesBytes = 256;
constexpr std::uint64_t kChunkBytes = 64;

/// Room is made for more than the next sample, so that it is not looked for at each.
std::uint64_t goal_of(std::uint64_t bytes_max) { return bytes_max - bytes_max / 8; }

double scale_of(const Metric& metric) { return std::pow(10.0, decimals_of(metric.unit)); }

/// Fixed point plus one; 0: not known. Nothing that is measured is negative.
std::int64_t fixed_of(double value, const Metric& metric) {
    if (!std::isfinite(value)) return 0;
    constexpr double kMost = 1e18;
    return std::llround(std::clamp(value * scale_of(metric), 0.0, kMost)) + 1;
}

double value_of(std::int64_t fixed, const Metric& metric) {
    if (fixed == 0) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(fixed - 1) / scale_of(metric);
}

}  // namespace

std::uint64_t MetricHistory::Series::cost() const {
    std::uint64_t sum = kSeriesBytes + (last.capacity() + totals.capacity()) * sizeof(std::int64_t);
    for (const Chunk& chunk : chunks) sum += kChunkBytes + chunk.bytes.capacity();
    return sum;
}

/// The gap to the sample before when it is not 1, how many values have changed, and which by how much.
void MetricHistory::write(Series& series, SampleTime at, std::span<const std::int64_t> fixed) {
    const bool fresh = series.chunks.empty() || series.chunks.back().first / kChunk != at / kChunk;
    if (fresh) {
        if (!series.chunks.empty()) series.chunks.back().bytes.shrink_to_fit();
        series.chunks.push_back({.first = at, .last = at - 1, .bytes = {}});
        series.last.assign(fixed.size(), 0);
    }
    Chunk& chunk = series.chunks.back();
    const auto gap = static_cast<std::uint64_t>(at - chunk.last);
    std::uint64_t changed = 0;
    for (std::size_t i = 0; i < fixed.size(); ++i) changed += fixed[i] != series.last[i];
    Writer writer(std::move(chunk.bytes));
    writer.varint(changed << 1 | (gap != 1 ? 1 : 0));
    if (gap != 1) writer.varint(gap);
    std::size_t next = 0;
    for (std::size_t i = 0; i < fixed.size(); ++i) {
        if (fixed[i] == series.last[i]) continue;
        writer.varint(i - next);
        writer(fixed[i] - series.last[i]);
        next = i + 1;
    }
    chunk.bytes = std::move(writer).take();
    chunk.last = at;
    series.last.assign(fixed.begin(), fixed.end());
}

void MetricHistory::add(std::string_view key, SampleTime at, std::span<const Metric> metrics,
                        std::span<const double> values) {
    if (at / kChunk != swept_) forget_old(at);
    const auto unknown = [](double value) { return std::isnan(value); };
    if (std::all_of(values.begin(), values.end(), unknown)) return;
    auto found = series_.find(key);
    // At most: every value has changed, and the text must grow for that, which doubles it.
    const std::uint64_t needed =
        kChunkBytes + 12 * values.size() +
        (found == series_.end() ? kSeriesBytes + 16 * values.size() : found->second.chunks.back().bytes.capacity());
    if (bytes_ + needed > bytes_max_) {
        if (at < full_until_ || !make_room(at, needed)) {
            full_until_ = (at / kChunk + 1) * kChunk;
            ++skipped_;
            return;
        }
        found = series_.find(key);
    }
    if (found == series_.end()) {
        found = series_.emplace(std::string(key), Series{}).first;
        found->second.totals.assign(values.size(), 0);
    } else {
        bytes_ -= found->second.cost();
    }
    Series& series = found->second;
    std::vector<std::int64_t> fixed(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        double value = values[i];
        if (metrics[i].kind == MetricKind::Counter && !std::isnan(value)) {
            // A smaller total is that of another resource of the same name, or of a host that has started again.
            const double before = std::exchange(series.totals[i], value);
            value = value >= before ? value - before : value;
        }
        fixed[i] = fixed_of(value, metrics[i]);
    }
    std::erase_if(series.chunks, [&](const Chunk& chunk) { return chunk.last <= at - kKept; });
    write(series, at, fixed);
    bytes_ += series.cost();
}

void MetricHistory::read(std::string_view key, std::span<const Metric> metrics, SampleTime from, SampleTime to,
                         const Visit& visit) const {
    const auto found = series_.find(key);
    if (found == series_.end()) return;
    std::vector<std::int64_t> fixed;
    std::vector<double> values(metrics.size());
    for (const Chunk& chunk : found->second.chunks) {
        if (chunk.last < from || chunk.first > to) continue;
        fixed.assign(metrics.size(), 0);
        Reader reader(chunk.bytes);
        for (SampleTime at = chunk.first - 1; !reader.at_end();) {
            const std::uint64_t head = reader.varint();
            at += head & 1 ? static_cast<SampleTime>(reader.varint()) : 1;
            std::size_t i = 0;
            for (std::uint64_t changed = head >> 1; changed > 0; --changed, ++i) {
                i += reader.varint();
                std::int64_t difference = 0;
                reader(difference);
                fixed.at(i) += difference;
            }
            if (at < from || at > to) continue;
            for (std::size_t k = 0; k < values.size(); ++k) values[k] = value_of(fixed[k], metrics[k]);
            visit(at, values);
        }
    }
}

void MetricHistory::since_last(std::string_view key, std::span<const Metric> metrics, std::span<double> values) const {
    const auto found = series_.find(key);
    if (found == series_.end()) return;
    const Series& series = found->second;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (metrics[i].kind == MetricKind::Counter && values[i] >= series.totals[i]) values[i] -= series.totals[i];
}

void MetricHistory::clear() {
    series_.clear();
    bytes_ = 0;
    swept_ = full_until_ = 0;
}

/// Forgets what the resource's chunks say of the time before, and the resource when nothing is left.
MetricHistory::AllSeries::iterator MetricHistory::drop(AllSeries::iterator at, SampleTime before) {
    Series& series = at->second;
    bytes_ -= series.cost();
    std::erase_if(series.chunks, [before](const Chunk& chunk) { return chunk.last < before; });
    if (series.chunks.empty()) return series_.erase(at);
    bytes_ += series.cost();
    return std::next(at);
}

void MetricHistory::forget_old(SampleTime now) {
    swept_ = now / kChunk;
    for (auto at = series_.begin(); at != series_.end();) at = drop(at, now - kKept + 1);
}

bool MetricHistory::make_room(SampleTime now, std::uint64_t needed) {
    const auto enough = [&] { return bytes_ + needed <= goal_of(bytes_max_); };
    // What was not sampled for two periods has ended.
    std::multimap<SampleTime, AllSeries::iterator> ended;
    for (auto at = series_.begin(); at != series_.end(); ++at)
        if (at->second.chunks.back().last < now - 2) ended.emplace(at->second.chunks.back().last, at);
    for (auto next = ended.begin(); next != ended.end() && !enough(); ++next) drop(next->second, now);
    while (!enough()) {
        SampleTime oldest = now;
        for (const auto& [key, series] : series_) oldest = std::min(oldest, series.chunks.front().first);
        if (oldest / kChunk == now / kChunk) break;
        const SampleTime next_hour = (oldest / kChunk + 1) * kChunk;
        for (auto at = series_.begin(); at != series_.end();) at = drop(at, next_hour);
    }
    return bytes_ + needed <= bytes_max_;
}

}  // namespace gse::core
