/// Which destinations of a queue a placement may go to, now and later.
/// Source: [创建游戏服务器队列; 就近调度; 跨地域容灾].
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/statuses.h"

namespace gse::plan {

enum class DestinationState : std::uint8_t {
    Gone,  ///< can take nothing any more: deleted, failed, or a terminal alias
    Down,  ///< takes nothing now, and may later: a fleet in creation, or one that drains
    Up,    ///< an ACTIVE fleet; whether it has an idle process is asked when the placement is served
};

/// What a destination leads to.
struct DestinationLead {
    bool by_alias = false;
    bool alias_found = false;
    bool alias_terminal = false;
    std::optional<FleetStatus> fleet;  ///< unset: there is no such fleet
    bool draining = false;             ///< it is to run empty
};

/// Why a destination is not Up.
enum class DestinationBar : std::uint8_t {
    None,
    AliasNotFound,
    AliasTerminal,
    FleetNotFound,
    FleetInCreation,
    FleetDraining,
    FleetEnded
};

constexpr DestinationBar bar_of(const DestinationLead& lead) {
    if (lead.by_alias && !lead.alias_found) return DestinationBar::AliasNotFound;
    if (lead.by_alias && lead.alias_terminal) return DestinationBar::AliasTerminal;
    if (!lead.fleet) return DestinationBar::FleetNotFound;
    if (*lead.fleet == FleetStatus::Active) return lead.draining ? DestinationBar::FleetDraining : DestinationBar::None;
    return in_creation(*lead.fleet) ? DestinationBar::FleetInCreation : DestinationBar::FleetEnded;
}

constexpr DestinationState state_of(DestinationBar bar) {
    if (bar == DestinationBar::None) return DestinationState::Up;
    const bool for_now = bar == DestinationBar::FleetInCreation || bar == DestinationBar::FleetDraining;
    return for_now ? DestinationState::Down : DestinationState::Gone;
}

struct DestinationView {
    std::string_view region;
    DestinationState state = DestinationState::Gone;
};

/// What one player measured to one region.
struct LatencySample {
    std::string_view player;
    std::string_view region;
    std::uint64_t ms = 0;
};

/// A latency that stands for "could not be measured", besides 0.
inline constexpr std::uint64_t kUnmeasurableMs = 86'400'000;

/// A region that every player could measure.
struct Reach {
    std::string region;
    std::uint64_t worst_ms = 0;
    std::uint64_t sum_ms = 0;
    friend bool operator==(const Reach&, const Reach&) = default;
};

/// A region that one player could not measure, or said nothing about, is not among them [跨地域容灾].
inline std::vector<Reach> find_reach(std::span<const LatencySample> samples) {
    struct Region {
        std::set<std::string_view> players;
        std::uint64_t worst = 0, sum = 0;
        bool measurable = true;
    };
    std::set<std::string_view> players;
    std::map<std::string_view, Region> regions;
    for (const LatencySample& sample : samples) {
        players.insert(sample.player);
        Region& region = regions[sample.region];
        region.players.insert(sample.player);
        // What could not be measured may be any number, and is not added up.
        if (sample.ms == 0 || sample.ms >= kUnmeasurableMs) {
            region.measurable = false;
            continue;
        }
        region.worst = std::max(region.worst, sample.ms);
        region.sum += sample.ms;
    }
    std::vector<Reach> reach;
    for (const auto& [name, region] : regions)
        if (region.measurable && region.players.size() == players.size())
            reach.push_back({std::string(name), region.worst, region.sum});
    return reach;
}

struct LatencyLimit {
    std::uint64_t max_ms = 0;
    std::optional<std::uint64_t> seconds;  ///< how long it is in force; unset: for the rest of the time
};

struct PlacementView {
    std::span<const DestinationView> destinations;  ///< in order of priority
    std::span<const LatencyLimit> limits;           ///< in any order
    bool has_latencies = false;                     ///< the request gave some
    std::span<const Reach> reach;
    Millis waited{0};
};

enum class PlacementOutlook : std::uint8_t {
    Waits,          ///< for one of `accepted`, which may be able to take it this very moment
    NoDestination,  ///< every destination is Gone
    OutOfReach,     ///< no destination is near enough for all players, under any policy
};

struct DestinationPlan {
    PlacementOutlook outlook = PlacementOutlook::Waits;
    std::vector<std::size_t> accepted;  ///< indexes of destinations, the preferred one first
    std::optional<Millis> changes_at;   ///< this long after its start another policy comes into force
    friend bool operator==(const DestinationPlan&, const DestinationPlan&) = default;
};

/// What a plan says of each destination.
enum class DestinationFate : std::uint8_t {
    Accepted,
    Gone,            ///< see DestinationBar
    LatencyUnknown,  ///< not measured, or not measurable, by every player
    LatencyTooHigh,  ///< for the policy in force
};

struct DestinationFates {
    std::vector<DestinationFate> of;          ///< by index of the destination
    std::optional<std::uint64_t> maximum_ms;  ///< of the policy in force
};

/// Without latencies: by priority. With latencies and no policy: by the sum of the latencies. With policies: by
/// priority within the policy in force, the strictest first. A policy under which no ACTIVE fleet qualifies is not
/// waited for; the last one has what is left of the time. `fates`, if given, becomes what the plan says of each.
inline DestinationPlan plan_destinations(const PlacementView& view, DestinationFates* fates = nullptr) {
    const auto reach_of = [&](std::size_t i) -> const Reach* {
        for (const Reach& reach : view.reach)
            if (reach.region == view.destinations[i].region) return &reach;
        return nullptr;
    };
    const auto planned = [&](DestinationPlan plan, std::optional<std::uint64_t> maximum_ms = {}) {
        if (!fates) return plan;
        fates->maximum_ms = maximum_ms;
        fates->of.clear();
        for (std::size_t i = 0; i < view.destinations.size(); ++i) {
            const bool accepted = std::find(plan.accepted.begin(), plan.accepted.end(), i) != plan.accepted.end();
            fates->of.push_back(accepted                                               ? DestinationFate::Accepted
                                : view.destinations[i].state == DestinationState::Gone ? DestinationFate::Gone
                                : reach_of(i)                                          ? DestinationFate::LatencyTooHigh
                                              : DestinationFate::LatencyUnknown);
        }
        return plan;
    };
    std::vector<std::size_t> possible;
    for (std::size_t i = 0; i < view.destinations.size(); ++i)
        if (view.destinations[i].state != DestinationState::Gone) possible.push_back(i);
    if (possible.empty())
        return planned({.outlook = PlacementOutlook::NoDestination, .accepted = {}, .changes_at = {}});
    if (!view.has_latencies) return planned({.accepted = std::move(possible), .changes_at = {}});

    std::erase_if(possible, [&](std::size_t i) { return reach_of(i) == nullptr; });
    if (view.limits.empty())
        std::stable_sort(possible.begin(), possible.end(),
                         [&](std::size_t a, std::size_t b) { return reach_of(a)->sum_ms < reach_of(b)->sum_ms; });
    std::vector<LatencyLimit> limits(view.limits.begin(), view.limits.end());
    std::stable_sort(limits.begin(), limits.end(),
                     [](const LatencyLimit& a, const LatencyLimit& b) { return a.max_ms < b.max_ms; });
    Millis begins{0};
    std::optional<std::uint64_t> maximum_ms;
    for (std::size_t n = 0; n < limits.size(); ++n) {
        std::vector<std::size_t> near;
        bool worth_waiting = false;
        for (const std::size_t i : possible) {
            if (reach_of(i)->worst_ms > limits[n].max_ms) continue;
            near.push_back(i);
            worth_waiting = worth_waiting || view.destinations[i].state == DestinationState::Up;
        }
        const bool last = n + 1 == limits.size();
        if (!last && !worth_waiting) continue;
        maximum_ms = limits[n].max_ms;
        if (last || !limits[n].seconds) {
            possible = std::move(near);
            break;
        }
        const Millis ends = begins + Millis{static_cast<std::int64_t>(*limits[n].seconds) * 1000};
        if (view.waited < ends) return planned({.accepted = std::move(near), .changes_at = ends}, maximum_ms);
        begins = ends;
    }
    if (possible.empty())
        return planned({.outlook = PlacementOutlook::OutOfReach, .accepted = {}, .changes_at = {}}, maximum_ms);
    return planned({.accepted = std::move(possible), .changes_at = {}}, maximum_ms);
}

/// Where a placement would go if every destination were up and had room: what monitoring calls its first choice.
inline std::optional<std::size_t> first_choice(const PlacementView& view) {
    std::vector<DestinationView> all_up(view.destinations.begin(), view.destinations.end());
    for (DestinationView& destination : all_up) destination.state = DestinationState::Up;
    PlacementView wish = view;
    wish.destinations = all_up;
    const DestinationPlan plan = plan_destinations(wish);
    return plan.accepted.empty() ? std::nullopt : std::optional(plan.accepted.front());
}

}  // namespace gse::plan
