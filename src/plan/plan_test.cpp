#include <gtest/gtest.h>

#include <vector>

#include "plan/destination.h"
#include "plan/host_choice.h"
#include "plan/host_drain.h"
#include "plan/placement.h"
#include "plan/places.h"
#include "plan/port_block.h"
#include "plan/protection.h"
#include "plan/refusals.h"
#include "plan/scale_in.h"
#include "plan/silence.h"
#include "plan/usage.h"

namespace gse::plan {
namespace {

TEST(RefusalCounter, ACrowdCountsInFullAndAnImpatientClientOnce) {
    const Millis minute{60'000};
    RefusalCounter counter;
    EXPECT_EQ(counter.demand(EngineTime{0}, minute), 0U);
    EXPECT_TRUE(counter.add(EngineTime{0}, minute));
    for (int i = 0; i < 9; ++i) EXPECT_FALSE(counter.add(EngineTime{500}, minute)) << "within the same second";
    EXPECT_EQ(counter.demand(EngineTime{500}, minute), 10U);
    for (int s = 2; s < 50; ++s) EXPECT_TRUE(counter.add(EngineTime{s * 1'000}, minute));
    EXPECT_EQ(counter.demand(EngineTime{50'000}, minute), 10U) << "one client that asks each second is one";
    EXPECT_EQ(counter.demand(EngineTime{60'000}, minute), 1U) << "the crowd was a minute ago";
    counter.satisfy();
    EXPECT_EQ(counter.demand(EngineTime{60'000}, minute), 0U) << "it got its session";
    counter.add(EngineTime{70'000}, minute);
    EXPECT_EQ(counter.demand(EngineTime{70'000}, minute), 1U);
    EXPECT_EQ(counter.demand(EngineTime{130'000}, minute), 0U);
}

TEST(FindReach, OnlyRegionsThatEveryPlayerCouldMeasure) {
    const std::vector<LatencySample> samples = {
        {"p1", "ap-shanghai", 100}, {"p1", "na-siliconvalley", 50},
        {"p2", "ap-shanghai", 60},  {"p2", "na-siliconvalley", 80},
        {"p1", "ap-tokyo", 10},     {"p1", "ap-seoul", 0},
        {"p2", "ap-seoul", 20},     {"p1", "eu-moscow", kUnmeasurableMs},
        {"p2", "eu-moscow", 20},    {"p1", "sa-saopaulo", UINT64_MAX},
        {"p2", "sa-saopaulo", 20},
    };
    const std::vector<Reach> wanted = {{"ap-shanghai", 100, 160}, {"na-siliconvalley", 80, 130}};
    EXPECT_EQ(find_reach(samples), wanted)
        << "Tokyo lacks a player, Seoul has a 0, Moscow and Sao Paulo are endlessly far";
    EXPECT_TRUE(find_reach({}).empty());
}

/// Two fleets, Shanghai before Silicon Valley, as in the guides.
TEST(PlanDestinations, TheWorkedExamplesOfTheGuides) {
    const std::vector<LatencySample> samples = {{"player-1", "ap-shanghai", 100},
                                                {"player-1", "na-siliconvalley", 50},
                                                {"player-2", "ap-shanghai", 60},
                                                {"player-2", "na-siliconvalley", 80}};
    const std::vector<LatencySample> shanghai_down = {{"player-1", "ap-shanghai", 0},
                                                      {"player-1", "na-siliconvalley", 50},
                                                      {"player-2", "ap-shanghai", 0},
                                                      {"player-2", "na-siliconvalley", 80}};
    const std::vector<LatencyLimit> nearby = {{80, 10}, {100, 10}, {150, std::nullopt}};
    const std::vector<LatencyLimit> one = {{150, std::nullopt}};
    using enum DestinationState;
    using Plan = DestinationPlan;
    const auto in = [](std::int64_t s) { return Millis{s * 1000}; };
    const auto none = std::optional<Millis>{};
    struct Case {
        std::vector<LatencySample> samples;
        std::vector<LatencyLimit> limits;
        std::vector<DestinationState> states;
        std::int64_t waited_s;
        Plan wanted;
        const char* why;
    };
    const auto waits = PlacementOutlook::Waits;
    for (const Case& c : {
             Case{samples, nearby, {Up, Up}, 0, Plan{waits, {1}, in(10)}, "nearby: Silicon Valley under 80 ms"},
             Case{samples, nearby, {Up, Up}, 9, Plan{waits, {1}, in(10)}, "if it is full, that policy is waited out"},
             Case{samples,
                  nearby,
                  {Up, Up},
                  10,
                  Plan{waits, {0, 1}, in(20)},
                  "then 100 ms admits Shanghai, by priority"},
             Case{samples, nearby, {Up, Up}, 25, Plan{waits, {0, 1}, none}, "the last policy has the rest"},
             Case{samples, one, {Up, Up}, 0, Plan{waits, {0, 1}, none}, "recovery: both qualify, priority decides"},
             Case{shanghai_down, one, {Up, Up}, 0, Plan{waits, {1}, none}, "Shanghai measures 0: Silicon Valley"},
             Case{samples,
                  nearby,
                  {Up, Gone},
                  0,
                  Plan{waits, {0}, in(10)},
                  "nobody qualifies under 80 ms: 100 ms comes at once, for its whole time"},
             Case{samples,
                  nearby,
                  {Up, Down},
                  0,
                  Plan{waits, {0, 1}, in(10)},
                  "a fleet that is not ACTIVE is no reason to wait, but may come back"},
             Case{samples,
                  {{40, 10}, {45, std::nullopt}},
                  {Up, Up},
                  0,
                  Plan{PlacementOutlook::OutOfReach, {}, none},
                  "nobody qualifies under any policy"},
             Case{samples,
                  {{100, std::nullopt}, {150, std::nullopt}},
                  {Up, Up},
                  500,
                  Plan{waits, {0, 1}, none},
                  "a policy without a duration stays in force"},
             Case{samples,
                  {{150, std::nullopt}, {100, 10}, {80, 10}},
                  {Up, Up},
                  0,
                  Plan{waits, {1}, in(10)},
                  "the strictest comes first, wherever it is listed"},
             Case{samples, {}, {Up, Up}, 0, Plan{waits, {1, 0}, none}, "without a policy the nearest comes first"},
             Case{{}, nearby, {Up, Up}, 0, Plan{waits, {0, 1}, none}, "without latencies priority decides"},
             Case{{}, {}, {Gone, Up}, 0, Plan{waits, {1}, none}, "what is gone is passed over"},
             Case{{}, {}, {Gone, Gone}, 0, Plan{PlacementOutlook::NoDestination, {}, none}, "all are gone"},
             Case{{}, {}, {}, 0, Plan{PlacementOutlook::NoDestination, {}, none}, "a queue without destinations"},
         }) {
        std::vector<DestinationView> destinations;
        const char* regions[] = {"ap-shanghai", "na-siliconvalley"};
        for (std::size_t i = 0; i < c.states.size(); ++i) destinations.push_back({regions[i], c.states[i]});
        const auto reach = find_reach(c.samples);
        EXPECT_EQ(plan_destinations({.destinations = destinations,
                                     .limits = c.limits,
                                     .has_latencies = !c.samples.empty(),
                                     .reach = reach,
                                     .waited = in(c.waited_s)}),
                  c.wanted)
            << c.why;
    }
}

TEST(PlanDestinations, ThreePoliciesShareAQueuesTime) {
    // 60/100/150 ms, 10 s each, in a queue of 30 s, with a fleet at each distance.
    const std::vector<LatencySample> samples = {
        {"p", "near", 60}, {"p", "middle", 100}, {"p", "far", 150}, {"p", "beyond", 151}};
    const auto reach = find_reach(samples);
    using enum DestinationState;
    const std::vector<DestinationView> destinations = {{"beyond", Up}, {"far", Up}, {"middle", Up}, {"near", Up}};
    const std::vector<LatencyLimit> limits = {{60, 10}, {100, 10}, {150, 10}};
    for (int s = 0; s < 30; ++s) {
        const auto plan = plan_destinations({.destinations = destinations,
                                             .limits = limits,
                                             .has_latencies = true,
                                             .reach = reach,
                                             .waited = Millis{s * 1000}});
        const std::vector<std::size_t> wanted = s < 10   ? std::vector<std::size_t>{3}
                                                : s < 20 ? std::vector<std::size_t>{2, 3}
                                                         : std::vector<std::size_t>{1, 2, 3};
        EXPECT_EQ(plan.accepted, wanted) << s;
    }
}

TEST(FirstChoice, IsWhereItWouldGoIfAllWereUp) {
    using enum DestinationState;
    const auto reach = find_reach(std::vector<LatencySample>{{"p", "near", 20}, {"p", "far", 150}});
    struct Case {
        const char* why;
        std::vector<DestinationView> destinations;
        std::vector<LatencyLimit> limits;
        bool latencies;
        std::optional<std::size_t> wanted;
    };
    const Case cases[] = {
        {"the first by priority", {{"far", Up}, {"near", Up}}, {}, false, 0},
        {"also while it is down", {{"far", Down}, {"near", Up}}, {}, false, 0},
        {"also when it is gone for good", {{"far", Gone}, {"near", Up}}, {}, false, 0},
        {"the nearest, where players measured", {{"far", Up}, {"near", Gone}}, {}, true, 1},
        {"the first that is near enough", {{"far", Up}, {"near", Up}}, {{100, std::nullopt}}, true, 1},
        {"none when nothing is near enough", {{"far", Up}}, {{100, std::nullopt}}, true, std::nullopt},
        {"none of none", {}, {}, false, std::nullopt},
    };
    for (const Case& c : cases)
        EXPECT_EQ(first_choice({.destinations = c.destinations,
                                .limits = c.limits,
                                .has_latencies = c.latencies,
                                .reach = reach,
                                .waited = Millis{0}}),
                  c.wanted)
            << c.why;
}

TEST(HostChoice, Refusals) {
    const HostOffer good{.serves_region = true, .reachable = true, .capacity = 2, .instances = 1};
    EXPECT_EQ(refuses(good), HostRefusal::None);
    const auto with = [&](auto change) {
        HostOffer offer = good;
        change(offer);
        return refuses(offer);
    };
    EXPECT_EQ(with([](auto& o) { o.serves_region = false; }), HostRefusal::OtherRegion);
    EXPECT_EQ(with([](auto& o) { o.has_type = false; }), HostRefusal::OtherType);
    EXPECT_EQ(with([](auto& o) { o.reachable = false; }), HostRefusal::Unreachable);
    EXPECT_EQ(with([](auto& o) { o.instances = 2; }), HostRefusal::Full) << "draining instances occupy room too";
    EXPECT_EQ(with([](auto& o) { o.share = false; }), HostRefusal::Full)
        << "one instance a host when hosts are not shared";
    EXPECT_EQ(with([](auto& o) { o.has_ports = false; }), HostRefusal::NoPorts);
}

std::optional<std::size_t> choose_host(std::span<const HostOffer> hosts, HostPacking packing = HostPacking::Spread) {
    return HostQueue(hosts, packing).take();
}

TEST(HostChoice, TakesTheOneWithTheMostRoom) {
    const auto offer = [](std::uint32_t capacity, std::uint32_t instances, bool reachable = true) {
        return HostOffer{.serves_region = true, .reachable = reachable, .capacity = capacity, .instances = instances};
    };
    EXPECT_EQ(choose_host({}), std::nullopt);
    EXPECT_EQ(choose_host(std::vector{offer(1, 1)}), std::nullopt);
    EXPECT_EQ(choose_host(std::vector{offer(2, 1), offer(4, 1), offer(9, 0, false)}), 1u);
    EXPECT_EQ(choose_host(std::vector{offer(2, 1), offer(2, 1)}), 0u) << "the first of equals";
}

TEST(HostChoice, VcpusAndMemoryLimitWhereBothSidesSayWhatTheyHave) {
    const HostOffer good{.serves_region = true, .reachable = true, .capacity = 100, .instances = 2};
    const struct {
        const char* name;
        Supply cpus, memory_mb;
        HostRefusal want;
    } kCases[] = {
        {"a host that states nothing is packed by number", {0, 8, 4}, {0, 16'384, 8'192}, HostRefusal::None},
        {"room for exactly one more", {12, 8, 4}, {24'576, 16'384, 8'192}, HostRefusal::None},
        {"one vCPU short", {11, 8, 4}, {24'576, 16'384, 8'192}, HostRefusal::NoCpu},
        {"a MiB short", {12, 8, 4}, {24'575, 16'384, 8'192}, HostRefusal::NoMemory},
        {"only vCPUs are stated", {12, 8, 4}, {0, 0, 8'192}, HostRefusal::None},
        {"a type that says nothing takes nothing", {8, 8, 0}, {1, 1, 0}, HostRefusal::None},
    };
    for (const auto& c : kCases) {
        HostOffer offer = good;
        offer.cpus = c.cpus, offer.memory_mb = c.memory_mb;
        EXPECT_EQ(refuses(offer), c.want) << c.name;
    }
    HostOffer closed = good;
    closed.open = false;
    EXPECT_EQ(refuses(closed), HostRefusal::Closed) << "cordoned or draining";
}

TEST(HostChoice, SpreadsAFleetOrFillsHosts) {
    const auto offer = [](std::uint32_t capacity, std::uint32_t instances, std::uint32_t of_fleet, Supply cpus = {}) {
        return HostOffer{.serves_region = true,
                         .reachable = true,
                         .capacity = capacity,
                         .instances = instances,
                         .cpus = cpus,
                         .of_fleet = of_fleet};
    };
    const struct {
        const char* name;
        std::vector<HostOffer> hosts;
        std::size_t spread, fill;
    } kCases[] = {
        {"the fleet is not there yet: rather a fuller host than two of one fleet on one",
         {offer(10, 1, 1), offer(10, 7, 0)},
         1,
         1},
        {"equal for the fleet: the most free room, or the least",
         {offer(10, 5, 0), offer(10, 2, 0), offer(10, 8, 0)},
         1,
         2},
        {"a share, not a number: 2 of 4 left is more than 3 of 12", {offer(12, 8, 0), offer(4, 1, 0)}, 1, 0},
        {"the scarcest thing counts: many places, but hardly a vCPU",
         {offer(100, 0, 0, {16, 11, 4}), offer(10, 4, 0, {16, 4, 4})},
         1,
         0},
        {"one that is full is out of the question for both", {offer(4, 4, 0), offer(10, 9, 3)}, 1, 1},
    };
    for (const auto& c : kCases) {
        EXPECT_EQ(choose_host(c.hosts, HostPacking::Spread), c.spread) << c.name;
        EXPECT_EQ(choose_host(c.hosts, HostPacking::Fill), c.fill) << c.name;
    }
}

TEST(HostQueue, ManyAreSpreadByOneLook) {
    std::vector<HostOffer> hosts(3, HostOffer{.serves_region = true, .reachable = true, .capacity = 2});
    hosts[1].instances = 1;
    HostQueue queue(hosts);
    std::vector<std::size_t> taken;
    while (const auto host = queue.take()) {
        taken.push_back(*host);
        ++hosts[*host].instances;
        ++hosts[*host].of_fleet;
        queue.put_back(*host, hosts[*host]);
    }
    EXPECT_EQ(taken, (std::vector<std::size_t>{0, 2, 1, 0, 2})) << "each as if it were chosen anew";
}

TEST(HostDrain, InstancesLeaveAsOthersStandInForThem) {
    const struct {
        const char* name;
        LeavingView fleet;
        std::uint32_t want;
    } kCases[] = {
        {"nothing is ready yet, and one is on its way for each: all stay", {2, 2, 0, 2}, 0},
        {"one is ready, the other is coming", {2, 2, 1, 1}, 1},
        {"both are ready", {2, 2, 2, 0}, 2},
        {"there is room for one only: nothing is waited for beyond it", {2, 2, 0, 1}, 1},
        {"and none when there is no room at all", {2, 2, 0, 0}, 2},
        {"the fleet wants less than it has", {1, 3, 1, 0}, 3},
        {"it wants nothing", {0, 1, 0, 0}, 1},
        {"nobody leaves", {3, 0, 1, 2}, 0},
        {"more are coming than leave", {5, 1, 2, 3}, 0},
    };
    for (const auto& c : kCases) EXPECT_EQ(may_leave_now(c.fleet), c.want) << c.name;
}

TEST(Placement, Refusals) {
    const InstanceOffer good{.active = true, .idle = 1, .activating = 1, .max_activations = 2};
    EXPECT_EQ(refuses(good), PlacementRefusal::None);
    const auto with = [&](auto change) {
        InstanceOffer offer = good;
        change(offer);
        return refuses(offer);
    };
    EXPECT_EQ(with([](auto& o) { o.active = false; }), PlacementRefusal::NotActive);
    EXPECT_EQ(with([](auto& o) { o.active = false, o.draining = true; }), PlacementRefusal::Draining);
    EXPECT_EQ(with([](auto& o) { o.host_reachable = false; }), PlacementRefusal::HostUnreachable);
    EXPECT_EQ(with([](auto& o) { o.weight = 0; }), PlacementRefusal::WeightZero);
    EXPECT_EQ(with([](auto& o) { o.idle = 0; }), PlacementRefusal::NoIdleProcess);
    EXPECT_EQ(with([](auto& o) { o.activating = 2; }), PlacementRefusal::ActivationCap);
    EXPECT_EQ(with([](auto& o) { o.activating = 9, o.max_activations = 0; }), PlacementRefusal::None)
        << "0 is no limit";
    EXPECT_EQ(with([](auto& o) { o.reserved = true; }), PlacementRefusal::Reserved) << "a faulty one gets no players";
    EXPECT_GT(placement_rank(6, 0), placement_rank(5, 1'000)) << "weight before fullness";
    EXPECT_GT(placement_rank(5, 2), placement_rank(5, 1)) << "the fuller instance first";
}

TEST(Placement, WhatAFleetRefuses) {
    const SessionOffer good{.active = true, .made = 1, .creator_limit = 2, .open = true};
    EXPECT_EQ(refuses(good), SessionRefusal::None);
    const auto with = [&](auto change) {
        SessionOffer offer = good;
        change(offer);
        return refuses(offer);
    };
    EXPECT_EQ(with([](auto& o) { o.active = false; }), SessionRefusal::FleetNotActive);
    EXPECT_EQ(with([](auto& o) { o.draining = true, o.open = false; }), SessionRefusal::FleetDraining);
    EXPECT_EQ(with([](auto& o) { o.draining = true, o.active = false; }), SessionRefusal::FleetNotActive);
    EXPECT_EQ(with([](auto& o) { o.id_taken = true; }), SessionRefusal::IdTaken);
    EXPECT_EQ(with([](auto& o) { o.made = 2; }), SessionRefusal::CreatorLimit);
    EXPECT_EQ(with([](auto& o) { o.made = 9, o.creator_limit = 0; }), SessionRefusal::None) << "0 is no limit";
    EXPECT_EQ(with([](auto& o) { o.open = false; }), SessionRefusal::NoProcess);
    EXPECT_EQ(with([](auto& o) { o.open = false, o.made = 2; }), SessionRefusal::CreatorLimit)
        << "whoever may not have one is no demand";
}

TEST(PlanDestinations, BarsAndStates) {
    struct Case {
        DestinationLead lead;
        DestinationBar bar;
        DestinationState state;
    };
    using enum DestinationBar;
    using enum DestinationState;
    const DestinationLead aliased{.by_alias = true, .alias_found = true, .fleet = FleetStatus::Active};
    for (const Case& c : {
             Case{{.fleet = FleetStatus::Active}, None, Up},
             Case{{.fleet = FleetStatus::Building}, FleetInCreation, Down},
             Case{{.fleet = FleetStatus::Active, .draining = true}, FleetDraining, Down},
             Case{{.fleet = FleetStatus::Deleting, .draining = true}, FleetEnded, Gone},
             Case{{.fleet = FleetStatus::Deleting}, FleetEnded, Gone},
             Case{{.fleet = FleetStatus::Error}, FleetEnded, Gone},
             Case{{.fleet = FleetStatus::Terminated}, FleetEnded, Gone},
             Case{{}, FleetNotFound, Gone},
             Case{aliased, None, Up},
             Case{{.by_alias = true}, AliasNotFound, Gone},
             Case{{.by_alias = true, .alias_found = true, .alias_terminal = true}, AliasTerminal, Gone},
             Case{{.by_alias = true, .alias_found = true}, FleetNotFound, Gone},
         }) {
        EXPECT_EQ(bar_of(c.lead), c.bar);
        EXPECT_EQ(state_of(bar_of(c.lead)), c.state);
    }
}

TEST(PlanDestinations, SaysWhyItTookAndLeftEach) {
    using enum DestinationState;
    using Fate = DestinationFate;
    const std::vector<DestinationView> destinations = {{"near", Up}, {"far", Up}, {"unknown", Up}, {"gone", Gone}};
    const auto reach = find_reach(std::vector<LatencySample>{{"p", "near", 50}, {"p", "far", 150}, {"p", "gone", 1}});
    const auto fates = [&](std::vector<LatencyLimit> limits, bool latencies, Millis waited) {
        DestinationFates out;
        const auto plan = plan_destinations({.destinations = destinations,
                                             .limits = limits,
                                             .has_latencies = latencies,
                                             .reach = reach,
                                             .waited = waited},
                                            &out);
        for (std::size_t i = 0; i < destinations.size(); ++i)
            EXPECT_EQ(out.of[i] == Fate::Accepted,
                      std::find(plan.accepted.begin(), plan.accepted.end(), i) != plan.accepted.end());
        return out;
    };
    const std::vector<LatencyLimit> limits = {{100, 10}, {200, std::nullopt}};
    auto seen = fates(limits, true, Millis{0});
    EXPECT_EQ(seen.of, (std::vector{Fate::Accepted, Fate::LatencyTooHigh, Fate::LatencyUnknown, Fate::Gone}));
    EXPECT_EQ(seen.maximum_ms, 100u);
    seen = fates(limits, true, Millis{10'000});
    EXPECT_EQ(seen.of, (std::vector{Fate::Accepted, Fate::Accepted, Fate::LatencyUnknown, Fate::Gone}));
    EXPECT_EQ(seen.maximum_ms, 200u);
    seen = fates({{40, std::nullopt}}, true, Millis{0});
    EXPECT_EQ(seen.of, (std::vector{Fate::LatencyTooHigh, Fate::LatencyTooHigh, Fate::LatencyUnknown, Fate::Gone}))
        << "out of reach";
    seen = fates({}, false, Millis{0});
    EXPECT_EQ(seen.of, (std::vector{Fate::Accepted, Fate::Accepted, Fate::Accepted, Fate::Gone}))
        << "latencies do not matter when nobody measured any";
    EXPECT_EQ(seen.maximum_ms, std::nullopt);
}

TEST(Protection, KillAfter) {
    Timers timers;
    timers.end_grace = Millis{1}, timers.process_exit = Millis{2}, timers.unprotected_grace = Millis{3},
    timers.minute = Millis{10};
    using enum ProtectionPolicy;
    struct Case {
        EndReason reason;
        std::optional<ProtectionPolicy> session;
        std::optional<Millis> wanted;
        const char* why;
    };
    for (const Case& c : {Case{EndReason::EndedByApi, FullProtection, Millis{1}, "the API ends soon"},
                          Case{EndReason::ActivationTimeout, {}, Millis{1}, "so does a failed activation"},
                          Case{EndReason::FleetDeleted, {}, Millis{1}, "and a deleted fleet"},
                          Case{EndReason::ReadyTimeout, {}, Millis{0}, "one that is not ready has nothing to finish"},
                          Case{EndReason::Killed, FullProtection, Millis{0}, "a kill waits for nothing"},
                          Case{EndReason::Itself, {}, Millis{2}, "one that ends itself may clean up"},
                          Case{EndReason::ScaleIn, {}, Millis{3}, "no session: unprotected"},
                          Case{EndReason::ScaleIn, NoProtection, Millis{3}, "a session without protection"},
                          Case{EndReason::Unhealthy, TimeLimitProtection, Millis{50},
                               "the session's time limit, in minutes of the settings"},
                          Case{EndReason::ScaleIn, FullProtection, std::nullopt, "full protection: never by force"}})
        EXPECT_EQ(kill_after(c.reason, c.session, 5, timers), c.wanted) << c.why;
}

TEST(ScaleIn, Order) {
    using C = ScaleInCandidate;
    using Chosen = std::vector<std::size_t>;
    EXPECT_EQ(choose_scale_in({}, 1), Chosen{});
    EXPECT_EQ(choose_scale_in(std::vector{C{.reserved = true}}, 1), Chosen{}) << "reserved ones are never chosen";
    EXPECT_EQ(choose_scale_in(std::vector{C{.sessions = 2, .ready = true}, C{.sessions = 0, .ready = true}}, 1),
              Chosen{1})
        << "idle first";
    EXPECT_EQ(choose_scale_in(std::vector{C{.ready = true}, C{.ready = false}}, 1), Chosen{1})
        << "one that is starting before one that is ready";
    EXPECT_EQ(choose_scale_in(std::vector{C{.ready = true, .weight = 5}, C{.ready = true, .weight = 1}}, 1), Chosen{1})
        << "lower weight";
    EXPECT_EQ(choose_scale_in(std::vector{C{.age_rank = 7}, C{.age_rank = 3}}, 1), Chosen{1}) << "oldest";
    EXPECT_EQ(choose_scale_in(std::vector{C{.sessions = 3}, C{.sessions = 1, .reserved = true}, C{.sessions = 2}, C{},
                                          C{.sessions = 2}},
                              3),
              (Chosen{3, 2, 4}))
        << "several at once, in their order; equal ones as they stand";
    EXPECT_EQ(choose_scale_in(std::vector{C{}, C{}}, 9).size(), 2u) << "no more than there are";
}

TEST(Places, Kept) {
    using R = RecipeView;
    using P = PlaceView;
    using Kept = std::vector<std::optional<std::uint32_t>>;
    struct Case {
        std::vector<R> before, after;
        std::vector<P> places;
        Kept wanted;
        const char* why;
    };
    const R a{"/local/game/a", "", 2}, b{"/local/game/b", "", 1};
    const R a_of_1{"/local/game/a", "", 1}, a_with{"/local/game/a", "-v", 2};
    constexpr auto gone = std::nullopt;
    for (const Case& c : {
             Case{{a}, {a}, {P{0}, P{0}}, {0, 0}, "nothing changed, nothing goes"},
             Case{{a}, {a_with}, {P{0}, P{0, true}}, {gone, gone}, "other parameters are another program"},
             Case{{a, b}, {b, a}, {P{0}, P{0}, P{1}}, {1, 1, 0}, "the order of recipes means nothing"},
             Case{{a}, {a_of_1}, {P{0}, P{0, true}}, {gone, 0}, "fewer: the one with a session stays"},
             Case{{a}, {a_of_1}, {P{0}, P{0}}, {0, gone}, "else the older one"},
             Case{{a_of_1}, {a}, {P{0}}, {0}, "more: the one there is stays"},
             Case{{a_of_1}, {a_of_1, a_of_1}, {P{0}}, {0}, "a recipe that is there twice counts for each"},
             Case{{a, a}, {a_of_1, a_of_1}, {P{0}, P{0}, P{1}}, {0, 1, gone}, "and is filled in order"},
             Case{{a}, {a}, {P{0}, P{.recipe = 0, .fits = false}}, {0, gone}, "a port that is no longer permitted"},
             Case{{a}, {a}, {P{7}}, {gone}, "a recipe of a configuration before"},
         })
        EXPECT_EQ(keep_places(c.before, c.after, c.places), c.wanted) << c.why;
    EXPECT_EQ(stand_ins(3, 1), 2u) << "one for each new process that is not ready";
    EXPECT_EQ(stand_ins(3, 3), 0u);
    EXPECT_EQ(stand_ins(1, 3), 0u) << "never less than none";
}

TEST(Usage, DaysOfASpan) {
    constexpr std::int64_t kHour = 3'600'000, kMidnight = 1'600'041'600'000;  // 2020-09-14T00:00:00Z
    const auto at = [](std::int64_t hours) { return WallTime{kMidnight + hours * kHour}; };
    EXPECT_EQ(day_of(at(0)), at(0));
    EXPECT_EQ(day_of(at(23)), at(0));
    EXPECT_EQ(day_of({-1}), WallTime{-86'400'000}) << "the day before 1970";
    EXPECT_EQ(count_days({at(3), at(3)}), 0u);
    EXPECT_EQ(count_days({at(3), at(2)}), 0u) << "backwards is nothing";
    EXPECT_EQ(count_days({at(3), at(24)}), 1u) << "midnight belongs to the next day";
    EXPECT_EQ(count_days({at(23), at(25)}), 2u);
    EXPECT_EQ(day_at({at(23), at(49)}, 0), (Span{at(23), at(24)})) << "the first is cut";
    EXPECT_EQ(day_at({at(23), at(49)}, 1), (Span{at(24), at(48)}));
    EXPECT_EQ(day_at({at(23), at(49)}, 2), (Span{at(48), at(49)})) << "and so is the last";
    const std::vector<Span> uses{{at(0), at(10)}, {at(5), at(30)}};
    EXPECT_EQ(total(uses, {at(0), at(24)}), Millis{29 * kHour}) << "two instances at once count twice";
    EXPECT_EQ(total(uses, {at(24), at(48)}), Millis{6 * kHour});
    EXPECT_EQ(total(uses, {at(40), at(48)}), Millis{0});
}

TEST(Silence, Verdicts) {
    struct Case {
        std::int64_t seconds;
        std::uint32_t hosts, silent;
        SilenceVerdict wanted;
        const char* why;
        Millis together_ago = Millis::max();
    };
    for (const Case& c : {Case{14, 10, 1, SilenceVerdict::Alive, "a late heartbeat is nothing"},
                          Case{15, 10, 1, SilenceVerdict::Shield, "silence shields"},
                          Case{600, 10, 1, SilenceVerdict::Lost, "long silence loses"},
                          Case{600, 10, 3, SilenceVerdict::Lost, "30 % is not more than 30 %"},
                          Case{600, 10, 4, SilenceVerdict::Shield, "many at once: the network, not the hosts"},
                          Case{600, 1, 1, SilenceVerdict::Lost, "one host is not many, although it is all"},
                          Case{600, 2, 2, SilenceVerdict::Shield, "two of two are"},
                          Case{9'000, 2, 1, SilenceVerdict::Shield, "the other one came back first", Millis{599'999}},
                          Case{9'000, 2, 1, SilenceVerdict::Lost, "and this one never", Millis{600'000}}})
        EXPECT_EQ(judge_silence({.silent_for = Millis{c.seconds * 1000},
                                 .together_ago = c.together_ago,
                                 .region_hosts = c.hosts,
                                 .region_silent_hosts = c.silent}),
                  c.wanted)
            << c.why;
}

struct BlockCase {
    const char* says;
    std::vector<link::PortRange> permitted;
    std::vector<link::PortRange> taken;
    std::uint32_t processes;
    bool beyond;
    std::optional<link::PortRange> chosen;
};

TEST(PortBlock, OfAHostIsApartFromOthersForAsLongAsThereArePorts) {
    const link::PortRange all{1'025, 60'000};
    const BlockCase kCases[] = {
        {"the first one", {all}, {}, 1, true, link::PortRange{10'000, 10'007}},
        {"the next one", {all}, {{10'000, 10'007}}, 1, true, link::PortRange{10'008, 10'015}},
        {"one that became free", {all}, {{10'008, 10'015}}, 1, true, link::PortRange{10'000, 10'007}},
        {"four ports a process", {all}, {}, 10, true, link::PortRange{10'000, 10'039}},
        {"where most are free", {all}, {{10'000, 10'015}, {10'000, 10'007}}, 2, true, link::PortRange{10'016, 10'023}},
        {"all are taken: the least shared",
         {all},
         {{10'000, 10'039}, {10'000, 10'031}},
         2,
         true,
         link::PortRange{10'032, 10'039}},
        {"only where players may come in", {{10'020, 10'023}}, {}, 1, true, link::PortRange{10'016, 10'023}},
        {"with a second port for each process, if there is one",
         {{10'007, 10'007}, {10'016, 10'031}},
         {},
         1,
         true,
         link::PortRange{10'016, 10'023}},
        {"beyond the range", {{7'777, 7'780}}, {}, 1, true, link::PortRange{7'777, 7'784}},
        {"a single port: who has it has it",
         {{7'777, 7'777}},
         {{7'777, 7'784}},
         1,
         true,
         link::PortRange{7'777, 7'784}},
        {"beyond the range, which is forbidden", {{7'777, 7'780}}, {}, 1, false, std::nullopt},
        {"not enough for all processes", {{7'777, 7'780}}, {}, 5, true, std::nullopt},
        {"at the upper end", {{65'535, 65'535}}, {}, 1, true, link::PortRange{65'528, 65'535}},
    };
    for (const BlockCase& c : kCases)
        EXPECT_EQ(choose_port_block({.range = {10'000, 10'039},
                                     .permitted = c.permitted,
                                     .beyond = c.beyond,
                                     .taken = c.taken,
                                     .processes = c.processes}),
                  c.chosen)
            << c.says;
}

}  // namespace
}  // namespace gse::plan
