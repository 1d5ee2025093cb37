/// Why recent requests for sessions went where they went. Decisions are explanations, not promises: they are kept in
/// memory, the newest `retention.decisions` of them, and a restart forgets them. What is stored are facts; whoever asks
/// gets the sentences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "core/slab.h"
#include "model/statuses.h"
#include "plan/destination.h"
#include "plan/placement.h"

namespace gse::core {

class State;
struct Placement;
struct QueueDestination;

/// An instance as it was when a session was sought.
struct InstanceFacts {
    std::string id;
    bool chosen = false;
    plan::PlacementRefusal refusal = plan::PlacementRefusal::None;
    std::uint32_t idle = 0;
    std::uint32_t sessions = 0;
    std::uint32_t activating = 0;
    std::uint32_t weight = 0;
};

/// A destination as it was when a session was sought.
struct DestinationFacts {
    std::string region;
    std::string alias_id;  ///< "" when a fleet was named
    std::string fleet_id;  ///< "" when an alias led to none
    bool asked = false;    ///< for a process; those before it had none
    bool chosen = false;
    plan::DestinationBar bar = plan::DestinationBar::None;
    plan::DestinationFate fate = plan::DestinationFate::Accepted;
    plan::SessionRefusal refusal = plan::SessionRefusal::None;
    std::optional<std::uint64_t> latency_ms;  ///< the slowest player's
    std::optional<std::uint64_t> maximum_ms;
    // of the fleet
    FleetStatus status = FleetStatus::New;
    std::uint32_t idle = 0, busy = 0, active = 0;  ///< processes
    std::uint32_t instances_active = 0, instances_starting = 0, instances_draining = 0, instances_max = 0;
    std::uint32_t max_activations = 0;
    std::size_t waiting = 0;               ///< placements
    std::vector<InstanceFacts> instances;  ///< the chosen one first; only of a fleet that was asked
    std::size_t instances_omitted = 0;
};

enum class DecisionOutcome : std::uint8_t { Waiting, Granted, Refused, TimedOut, Cancelled, Failed };

struct Decision {
    std::uint64_t number = 0;  ///< given by the log
    bool of_placement = false;
    std::string region;
    std::string request_id;
    std::string placement_id;
    WallTime time;
    DecisionOutcome outcome = DecisionOutcome::Waiting;
    std::string why;  ///< what the caller was told; "" when there is nothing to add
    Slot session = kNone;
    std::uint64_t session_order = 0;  ///< a slot is given again, an order never
    std::vector<DestinationFacts> destinations;
};

/// A ring: the newest `max`. Asking by request walks it, which is for people.
class DecisionLog {
public:
    explicit DecisionLog(std::uint64_t max) : max_(max) {}

    /// Whether anything is kept at all.
    [[nodiscard]] bool keeps() const { return max_ > 0; }
    /// Its number, never 0.
    std::uint64_t add(Decision decision);
    /// Null: never there, or gone.
    [[nodiscard]] Decision* find(std::uint64_t number);
    [[nodiscard]] const Decision* find(std::uint64_t number) const {
        return const_cast<DecisionLog*>(this)->find(number);
    }
    /// The newest of a request.
    [[nodiscard]] const Decision* find_request(std::string_view region, std::string_view request_id) const;

private:
    std::uint64_t max_;
    std::uint64_t next_ = 1;
    std::vector<Decision> ring_;
};

/// Where a destination leads.
struct Lead {
    Slot fleet = kNone;
    plan::DestinationBar bar = plan::DestinationBar::None;
};
[[nodiscard]] Lead follow(const State& state, const QueueDestination& destination);

/// A destination by what was asked for, before anything is known of its fleet.
[[nodiscard]] DestinationFacts facts_of(const State& state, const QueueDestination& destination, const Lead& lead);

/// How a fleet looks to a placement that seeks a process.
[[nodiscard]] plan::SessionOffer offer_of(const State& state, Slot fleet);

/// Asks a fleet for a process: writes down what it is like, and at most a few of its instances, or many of one that
/// refuses. `refusal` is what plan::refuses() said.
void ask_fleet(const State& state, Slot fleet, plan::SessionRefusal refusal, DestinationFacts& facts);

}  // namespace gse::core
