/// Latencies, counted so finely that no percentile is off by more than 1 %, in memory that does not grow.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace gse::bench {

/// A log-linear histogram as HdrHistogram has them: 128 buckets for each power of two. Values are nanoseconds.
class Histogram {
public:
    void record(std::uint64_t value) {
        ++counts_[index_of(value)];
        ++count_;
        if (value > max_) max_ = value;
    }

    void add(const Histogram& other) {
        for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
        count_ += other.count_;
        if (other.max_ > max_) max_ = other.max_;
    }

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t max() const { return max_; }

    /// The smallest recorded value that at least the share `of` (0 to 1) of all values does not exceed, rounded up by
    /// less than 1 %; 0 when nothing was recorded.
    [[nodiscard]] std::uint64_t percentile(double of) const {
        auto wanted = static_cast<std::uint64_t>(of * static_cast<double>(count_));
        if (static_cast<double>(wanted) < of * static_cast<double>(count_)) ++wanted;
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < kBuckets; ++i) {
            seen += counts_[i];
            if (seen >= wanted && seen > 0) return i + 1 < kBuckets && last_of(i) < max_ ? last_of(i) : max_;
        }
        return 0;
    }

private:
    static constexpr std::size_t kHalf = 128;
    static constexpr std::size_t kBuckets = 58 * kHalf;

    /// Below 256 one bucket a value; then 128 for each doubling.
    static std::size_t index_of(std::uint64_t value) {
        const auto width = static_cast<std::size_t>(std::bit_width(value));
        const std::size_t shift = width > 8 ? width - 8 : 0;
        return shift * kHalf + static_cast<std::size_t>(value >> shift);
    }
    /// The largest value of a bucket.
    static std::uint64_t last_of(std::size_t index) {
        if (index < 2 * kHalf) return index;
        const std::size_t shift = index / kHalf - 1;
        return ((static_cast<std::uint64_t>(index % kHalf + kHalf) + 1) << shift) - 1;
    }

    std::array<std::uint64_t, kBuckets> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace gse::bench
