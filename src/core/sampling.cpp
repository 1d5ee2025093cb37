#include "core/sampling.h"

#include <fmt/format.h>

#include <algorithm>

namespace gse::core {
namespace {

/// Records that one slice looks at, about: some milliseconds.
constexpr std::size_t kPerSlice = 2'000;

SampleTime nearest_period(WallTime wall, Millis period) { return (wall.ms + period.count() / 2) / period.count(); }

/// Walks one table on from `cursor`; true when the slice is used up.
template <class T, class Sample>
bool walk(const State& state, Slot& slot, std::size_t& left, Sample&& sample) {
    const auto& table = state.table<T>();
    for (; slot < table.limit(); ++slot) {
        if (left == 0) return true;
        const T* record = table.find(slot);
        left -= std::min<std::size_t>(left, record ? sample(slot, *record) : 1);
    }
    return false;
}

}  // namespace

Millis sampling_period(const Settings& settings) { return std::max(settings.timers.minute, Millis{1'000}); }

std::string sample_key(MetricResource resource, std::string_view region, std::string_view id) {
    return fmt::format("{} {}/{}", static_cast<int>(resource), region, id);
}

void sample_metrics(Step& step) {
    State& state = step.state;
    MetricHistory& history = state.metric_history();
    const Millis period = sampling_period(step.settings());
    SamplingWalk& at = state.sampling_walk();
    const auto wait_for_next = [&] {
        const std::int64_t into = step.now.wall.ms % period.count();
        state.arm(step.now.engine + Millis{period.count() - into}, TimerKind::Sample, kNone);
    };
    if (at.stage == SamplingWalk::Stage::Idle) {
        const SampleTime now = nearest_period(step.now.wall, period);
        // The clock was set back: what was sampled in a time that is still to come would lie in the way.
        if (now + 1 < at.time) {
            history.clear();
            at.time = 0;
        }
        const bool first = std::exchange(at.begun, true) == false;
        if (first || now <= at.time) return wait_for_next();
        at = {.begun = true, .stage = SamplingWalk::Stage::Fleets, .slot = 0, .time = now};
        history.add({}, now, {}, {});  // no sample, but the time: what is old goes, also when nothing is left to sample
    }
    const MetricTables& tables = state.metric_tables();
    std::size_t left = kPerSlice;
    const auto keep = [&](MetricResource resource, std::string_view region, std::string_view id,
                          const std::vector<double>& values) {
        history.add(sample_key(resource, region, id), at.time, tables.of(resource), values);
    };
    if (at.stage == SamplingWalk::Stage::Fleets) {
        const bool more = walk<Fleet>(state, at.slot, left, [&](Slot slot, const Fleet& fleet) -> std::size_t {
            if (fleet.status == FleetStatus::Terminated) return 1;
            keep(MetricResource::Fleet, fleet.region, fleet.id, read_fleet(state, slot));
            return 1 + fleet.instances.size();
        });
        if (!more) at.stage = SamplingWalk::Stage::Queues, at.slot = 0;
    }
    if (at.stage == SamplingWalk::Stage::Queues) {
        const bool more = walk<Queue>(state, at.slot, left, [&](Slot slot, const Queue& queue) -> std::size_t {
            keep(MetricResource::Queue, queue.region, queue.name, read_queue(state, slot, step.now.engine));
            return 1 + queue.pending.size();
        });
        if (!more) at.stage = SamplingWalk::Stage::Instances, at.slot = 0;
    }
    if (at.stage == SamplingWalk::Stage::Instances) {
        const bool more = walk<Instance>(state, at.slot, left, [&](Slot slot, const Instance& instance) -> std::size_t {
            keep(MetricResource::Instance, state.at<Fleet>(instance.fleet).region, instance.id,
                 read_instance(state, slot, step.now.engine));
            return 1;
        });
        if (!more) at.stage = SamplingWalk::Stage::Idle, at.slot = 0;
    }
    if (at.stage == SamplingWalk::Stage::Idle) return wait_for_next();
    // Not at once: calls go in between.
    state.arm(step.now.engine + Millis{1}, TimerKind::Sample, kNone);
}

}  // namespace gse::core
