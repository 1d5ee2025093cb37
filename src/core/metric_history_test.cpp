#include "core/metric_history.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gse::core {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// A gauge of whole numbers, one with digits behind the point, and a counter.
const std::vector<Metric> kMetrics{
    {.name = "Depth", .help = {}, .unit = MetricUnit::Count, .placed_in = {}},
    {.name = "Share", .help = {}, .unit = MetricUnit::Percent, .placed_in = {}},
    {.name = "Started", .help = {}, .unit = MetricUnit::Count, .kind = MetricKind::Counter, .placed_in = {}}};

struct Sample {
    SampleTime at = 0;
    std::vector<double> values;
};

std::vector<Sample> read(const MetricHistory& history, std::string_view key, SampleTime from = 0,
                         SampleTime to = INT64_MAX / 2) {
    std::vector<Sample> out;
    history.read(key, kMetrics, from, to, [&](SampleTime at, std::span<const double> values) {
        out.push_back({at, {values.begin(), values.end()}});
    });
    return out;
}

TEST(MetricHistory, GivesBackWhatWasSampled) {
    MetricHistory history(1 << 20);
    constexpr SampleTime kStart = 1'000'019;  // in the middle of a chunk
    for (SampleTime i = 0; i < 200; ++i)
        history.add("a", kStart + i, kMetrics,
                    std::vector<double>{double(i * i % 37), i % 3 == 0 ? kUnknown : 12.25 + double(i), double(2 * i)});
    const auto samples = read(history, "a");
    ASSERT_EQ(samples.size(), 200);
    for (SampleTime i = 0; i < 200; ++i) {
        const Sample& sample = samples[static_cast<std::size_t>(i)];
        EXPECT_EQ(sample.at, kStart + i);
        EXPECT_EQ(sample.values[0], double(i * i % 37));
        if (i % 3 == 0)
            EXPECT_TRUE(std::isnan(sample.values[1]));
        else
            EXPECT_EQ(sample.values[1], 12.25 + double(i));
        EXPECT_EQ(sample.values[2], i == 0 ? 0 : 2) << "a counter tells what was added";
    }
    EXPECT_EQ(read(history, "a", kStart + 60, kStart + 69).size(), 10);
    EXPECT_EQ(read(history, "a", kStart + 60, kStart + 69).front().at, kStart + 60);
    EXPECT_TRUE(read(history, "b").empty());
}

TEST(MetricHistory, WhatIsMissingStaysMissing) {
    MetricHistory history(1 << 20);
    history.add("a", 100, kMetrics, std::vector<double>{1, 1, 0});
    history.add("a", 101, kMetrics, std::vector<double>{kUnknown, kUnknown, kUnknown});
    history.add("a", 105, kMetrics, std::vector<double>{2, 1, 7});
    const auto samples = read(history, "a");
    ASSERT_EQ(samples.size(), 2);
    EXPECT_EQ(samples[0].at, 100);
    EXPECT_EQ(samples[1].at, 105);
    EXPECT_EQ(samples[1].values[2], 7);
}

TEST(MetricHistory, ACounterThatBeganAgainCountsFromNothing) {
    MetricHistory history(1 << 20);
    history.add("a", 1, kMetrics, std::vector<double>{0, 0, 100});
    history.add("a", 2, kMetrics, std::vector<double>{0, 0, 3});
    EXPECT_EQ(read(history, "a").back().values[2], 3);
    std::vector<double> now{0, 0, 5};
    history.since_last("a", kMetrics, now);
    EXPECT_EQ(now[2], 2);
}

TEST(MetricHistory, KeepsADayAndForgetsWhatHasEnded) {
    MetricHistory history(1 << 20);
    history.add("ended", 1, kMetrics, std::vector<double>{1, 1, 1});
    for (SampleTime at = 1; at <= 3'000; ++at) history.add("a", at, kMetrics, std::vector<double>{double(at), 1, 1});
    const auto samples = read(history, "a");
    EXPECT_GE(samples.size(), MetricHistory::kKept);
    EXPECT_LE(samples.size(), MetricHistory::kKept + MetricHistory::kChunk);
    EXPECT_EQ(samples.back().values[0], 3'000);
    EXPECT_FALSE(history.knows("ended"));
}

TEST(MetricHistory, AnIdleResourceCostsTwoBytesAMinute) {
    MetricHistory history(64 << 20);
    const std::vector<double> same{3, 50, 9};
    for (SampleTime at = 0; at < 1'440; ++at) history.add("a", at, kMetrics, same);
    const std::uint64_t idle = history.bytes();
    EXPECT_LT(idle, 2 * 1'440 + 24 * 64 + 512);
}

TEST(MetricHistory, StaysWithinItsBoundAndGivesUpTheEndedFirst) {
    constexpr std::uint64_t kMax = 64 << 10;
    MetricHistory history(kMax);
    double noise = 1;
    const auto sample = [&](const std::string& key, SampleTime at) {
        noise = std::fmod(noise * 16807, 2147483647);
        history.add(key, at, kMetrics, std::vector<double>{std::fmod(noise, 1e6), std::fmod(noise, 100), noise});
        ASSERT_LE(history.bytes(), kMax);
    };
    for (SampleTime at = 0; at < 120; ++at) sample("ended", at);
    // One hour of ten resources fits, several do not.
    for (SampleTime at = 120; at < 1'400; ++at)
        for (int i = 0; i < 10; ++i) sample("live-" + std::to_string(i), at);
    EXPECT_FALSE(history.knows("ended"));
    EXPECT_EQ(history.resources(), 10);
    EXPECT_EQ(history.skipped(), 0) << "older hours made room";
    EXPECT_EQ(read(history, "live-0").back().at, 1'399);
    EXPECT_GT(read(history, "live-0").front().at, 120) << "the oldest hours are gone";

    // More resources than one hour has room for: those that were there go on as far as it goes.
    for (SampleTime at = 1'400; at < 1'520; ++at)
        for (int i = 0; i < 500; ++i) sample("crowd-" + std::to_string(i), at);
    EXPECT_GT(history.skipped(), 0);
    EXPECT_GT(history.resources(), 50);
}

TEST(Metrics, NamesInSnakeCase) {
    EXPECT_EQ(snake_case("ActiveInstances"), "active_instances");
    EXPECT_EQ(snake_case("CpuUsage"), "cpu_usage");
}

}  // namespace
}  // namespace gse::core
