#include "core/decisions.h"

#include <algorithm>

#include "core/state.h"

namespace gse::core {
namespace {

/// Of a fleet that has a process the first few tell enough, and every create pays for them.
constexpr std::size_t kInstancesOfOpen = 4;
constexpr std::size_t kInstancesOfFull = 64;

}  // namespace

std::uint64_t DecisionLog::add(Decision decision) {
    decision.number = next_++;
    if (max_ == 0) return decision.number;
    const std::uint64_t number = decision.number;
    if (ring_.size() < max_)
        ring_.push_back(std::move(decision));
    else
        ring_[(number - 1) % max_] = std::move(decision);
    return number;
}

Decision* DecisionLog::find(std::uint64_t number) {
    if (number == 0 || number >= next_ || max_ == 0) return nullptr;
    Decision& decision = ring_[(number - 1) % max_];
    return decision.number == number ? &decision : nullptr;
}

const Decision* DecisionLog::find_request(std::string_view region, std::string_view request_id) const {
    for (std::uint64_t number = next_; number-- > 1;) {
        const Decision* decision = find(number);
        if (!decision) return nullptr;
        if (decision->request_id == request_id && decision->region == region) return decision;
    }
    return nullptr;
}

Lead follow(const State& state, const QueueDestination& destination) {
    Slot fleet = kNone;
    plan::DestinationLead lead{.by_alias = destination.alias, .fleet = std::nullopt};
    if (!destination.alias) {
        fleet = state.find_fleet(destination.region, destination.id);
    } else if (const Slot alias = state.find_alias(destination.region, destination.id); alias != kNone) {
        lead.alias_found = true;
        lead.alias_terminal = state.at<Alias>(alias).type == AliasType::Terminal;
        if (!lead.alias_terminal) fleet = state.find_fleet(destination.region, state.at<Alias>(alias).fleet_id);
    }
    if (fleet != kNone) {
        lead.fleet = state.at<Fleet>(fleet).status;
        lead.draining = state.at<Fleet>(fleet).draining;
    }
    return {fleet, plan::bar_of(lead)};
}

DestinationFacts facts_of(const State& state, const QueueDestination& destination, const Lead& lead) {
    DestinationFacts facts;
    facts.region = destination.region;
    if (destination.alias) facts.alias_id = destination.id;
    facts.bar = lead.bar;
    if (lead.fleet == kNone) {
        if (!destination.alias) facts.fleet_id = destination.id;
        return facts;
    }
    const Fleet& fleet = state.at<Fleet>(lead.fleet);
    facts.fleet_id = fleet.id;
    facts.status = fleet.status;
    facts.idle = fleet.processes_idle;
    facts.busy = fleet.sessions_activating + fleet.sessions_active;
    facts.active = fleet.processes_active;
    facts.instances_active = fleet.instances_active;
    facts.instances_starting = fleet.instances_pending;
    facts.instances_draining = fleet.instances_draining;
    facts.instances_max = fleet.max;
    facts.max_activations = fleet.max_activations;
    facts.waiting = fleet.waiting.size();
    return facts;
}

plan::SessionOffer offer_of(const State& state, Slot slot) {
    const Fleet& fleet = state.at<Fleet>(slot);
    return {.active = fleet.status == FleetStatus::Active, .draining = fleet.draining, .open = !fleet.open.empty()};
}

void ask_fleet(const State& state, Slot slot, plan::SessionRefusal refusal, DestinationFacts& facts) {
    const Fleet& fleet = state.at<Fleet>(slot);
    facts.asked = true;
    facts.refusal = refusal;
    const bool granted = refusal == plan::SessionRefusal::None;
    const bool about_instances = granted || refusal == plan::SessionRefusal::NoProcess;
    const std::size_t most = !about_instances ? 0 : granted ? kInstancesOfOpen : kInstancesOfFull;
    const auto add = [&](Slot at, bool chosen) {
        const Instance& instance = state.at<Instance>(at);
        facts.instances.push_back({.id = instance.id,
                                   .chosen = chosen,
                                   .refusal = plan::refuses(state.offer_of(instance)),
                                   .idle = static_cast<std::uint32_t>(instance.idle.size()),
                                   .sessions = instance.sessions,
                                   .activating = instance.activating,
                                   .weight = instance.weight});
    };
    const Slot chosen = granted ? fleet.open.rbegin()->second : kNone;
    facts.instances.reserve(std::min(most, fleet.instances.size()));
    if (chosen != kNone) add(chosen, true);
    for (const Slot instance : fleet.instances) {
        if (facts.instances.size() >= most) break;
        if (instance != chosen) add(instance, false);
    }
    facts.instances_omitted = about_instances ? fleet.instances.size() - facts.instances.size() : 0;
}

}  // namespace gse::core
