/// A policy tried on a curve: what those who ask for sessions meet with, and what it costs.
#pragma once

#include <cstdint>
#include <vector>

#include "simulate/arrivals.h"
#include "simulate/curve.h"
#include "simulate/policy.h"

namespace gse::simulate {

/// One moment of the picture: the worst or the mean of the time that it stands for.
struct Sample {
    double demand = 0;    ///< sessions that go on, and those who wait for one: the most
    double ready = 0;     ///< processes that are ready, busy or not: the mean
    double capacity = 0;  ///< processes of all instances that there are: the mean
    double refused = 0;   ///< sessions refused in this time
};

struct Figures {
    std::uint64_t asked = 0;
    std::uint64_t refused = 0;  ///< at once, or because their patience was at its end
    std::uint64_t cut = 0;      ///< sessions that were ended because their instance went
    // of those that got a session: seconds from asking to ACTIVE
    double wait_mean = 0, wait_p95 = 0, wait_p99 = 0, wait_max = 0;
    std::uint32_t peak_instances = 0;
    double mean_instances = 0;
    double instance_hours = 0;       ///< from the launch of each instance until it has gone
    double idle_instance_hours = 0;  ///< the part of them that no session used
    Millis sample_length{0};
    std::vector<Sample> samples;  ///< from time 0 of the curve on, without gaps

    [[nodiscard]] double idle_share() const { return instance_hours > 0 ? idle_instance_hours / instance_hours : 0; }
    [[nodiscard]] std::uint64_t served() const { return asked - refused; }
};

struct RehearsalOptions {
    std::uint64_t seed = 1;
    Chance chance = Chance::Random;
    std::uint32_t first_day = 1;  ///< of the curve: 1 Monday to 7 Sunday
    /// Before time 0 the curve's first rate holds for so long, and does not count; none: twice the first sessions'
    /// length, 10 minutes at least and a day at most.
    std::optional<Millis> warm_up;
};

/// Refused when the server refuses the fleet or the policy; the message names the policy, and the line of a rule or a
/// timer.
[[nodiscard]] Result<Figures> rehearse(const Curve& curve, const Policy& policy, const RehearsalOptions& options);

}  // namespace gse::simulate
