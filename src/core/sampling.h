/// Takes the samples of monitoring: once a minute (timers.minute), on the minute of the wall clock, a slice of the
/// resources at a time so that no call waits long.
#pragma once

#include "core/step.h"

namespace gse::core {

/// Between two samples: timers.minute, and a second at least.
[[nodiscard]] Millis sampling_period(const Settings& settings);

/// Timer Sample, which arms itself again.
void sample_metrics(Step& step);

/// Under which name a resource's samples are kept.
[[nodiscard]] std::string sample_key(MetricResource resource, std::string_view region, std::string_view id);

}  // namespace gse::core
