// Three servers on PostgreSQL with a synchronous standby, broken and cut off in turn under load. Whatever was answered
// must be there afterwards, once; reads never go back, whichever server is asked; no game may have noticed anything;
// and somebody leads again in time.
//
// GSE_FAILOVER_SECONDS and GSE_FAILOVER_SEED say how long and which; the seed is printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

#include "base/rng.h"
#include "crash/games.h"
#include "crash/load.h"
#include "failover/rig.h"

namespace gse::failover {
namespace {

using crash::Outcome;
using crash::Tick;
using e2e::describe;
using testing::Contains;
using testing::HasSubstr;

constexpr std::size_t kServers = 3;
constexpr std::uint64_t kProcesses = 6;
constexpr Millis kAfterCrash{5'000};
constexpr Millis kAfterOrderlyEnd{1'000};
/// A server that cannot reach the one that leads says so within this time, also to who had a connection to it.
constexpr Millis kRefusedAfter{16'000};
/// An agent is at another server by then; its heartbeat is 300 ms here.
constexpr Millis kAgentGoesOn{20'000};
constexpr Millis kHealed{5'000};
/// A leader without agents, which others miss: its hosts are silent after 3 s here.
constexpr Millis kAfterGivingWay{15'000};

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Asks one server for the alias again and again: how long nobody answered is what clients notice.
class Probe {
public:
    Probe(std::string http, std::string alias)
        : thread_([this, http = std::move(http), alias = std::move(alias)] {
              e2e::Api api(http, Millis{10'000});
              auto last = std::chrono::steady_clock::now();
              while (!stopping_) {
                  const bool answered = api.call(api::DescribeAliasRequest{.alias_id = alias}).has_value();
                  const auto now = std::chrono::steady_clock::now();
                  longest_ = std::max(longest_.load(), std::chrono::duration_cast<Millis>(now - last).count());
                  if (answered) last = now;
                  e2e::pass(Millis{5});
              }
          }) {}
    ~Probe() { stop(); }
    /// The longest time without an answer.
    Millis stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
        return Millis{longest_};
    }

private:
    std::atomic<bool> stopping_ = false;
    std::atomic<std::int64_t> longest_ = 0;
    std::thread thread_;
};

class Failover : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(rig.start()) << rig.problem();
        e2e::Api api = rig.api(1);
        const std::string problem = crash::make_fleets(api, rig.dir(), kProcesses, fleets, alias);
        ASSERT_EQ(problem, "") << "\n" << rig.logs();
        history.first_fleet = fleets.front();
        ASSERT_TRUE(rig.settle(fleets, kProcesses)) << rig.problem() << rig.logs();
    }

    /// Whose clients are to notice little.
    enum class Asked : std::uint8_t { Follower, Leader };
    /// What is broken, and mended again; the leader is handed in. Not answered for longer than `limit` is a failure.
    struct Damage {
        const char* what;
        std::function<void(Failover&, std::size_t leader)> run;
        Millis limit;
        Asked asked = Asked::Follower;
    };
    static const std::vector<Damage>& damages();
    void round(const Damage& damage, std::uint64_t number, SeededRng& rng);
    void somebody_leads(std::size_t but_not) {
        ASSERT_TRUE(rig.leader(Millis{20'000}, but_not)) << "nobody has taken over\n" << rig.logs();
    }
    void start(std::size_t server) { ASSERT_TRUE(rig.start_server(server)) << rig.problem(); }
    [[nodiscard]] std::pair<int, std::string> readiness(std::size_t server) const {
        return e2e::http_get(rig.http(server), "/readyz");
    }
    /// As ListHosts has it at that server.
    [[nodiscard]] std::string host_status(std::size_t server, std::size_t agent) const {
        e2e::Api api = rig.api(server);
        const auto hosts = api.call(api::ListHostsRequest{.host_id = Rig::host(agent)});
        if (!hosts) return describe(hosts.error());
        return hosts->hosts.empty() ? "(none)" : hosts->hosts.front().status;
    }
    std::vector<crash::Life> lives() { return crash::lives(rig.agent_data(0), ++clock, Rig::agent_address(0)); }
    void agents_see_only_followers(std::size_t leader);
    void followers_do_not_see_the_leader(std::size_t leader);
    void nobody_sees_the_leader(std::size_t leader);

    Rig rig{kServers};
    std::vector<std::string> fleets;
    std::string alias;
    crash::History history;
    std::atomic<Tick> clock = 0;
};

/// The agent goes to another server, which hands it on; nobody else notices.
void Failover::agents_see_only_followers(std::size_t leader) {
    rig.part(leader, true, Rig::Others::Agents);
    EXPECT_TRUE(e2e::wait_until(kAgentGoesOn, [&] {
        const std::string server = rig.server_of_agent(0);
        return !server.empty() && server != rig.link(leader);
    })) << rig.logs();
    EXPECT_EQ(host_status(leader, 0), "CONNECTED") << "by way of another server";
    EXPECT_TRUE(rig.leads(leader));
    e2e::pass(Millis{300});
    rig.part(leader, false, Rig::Others::Agents);
}

/// Who leads goes on, for its own clients and the agents; the others say that they cannot help, to load balancers too.
void Failover::followers_do_not_see_the_leader(std::size_t leader) {
    const std::size_t other = (leader + 1) % kServers;
    e2e::Api through(rig.http(other), kRefusedAfter * 2);
    EXPECT_TRUE(through.call(api::DescribeAliasRequest{.alias_id = alias})) << "the way to the leader is open";
    rig.part(leader, true, Rig::Others::Servers);
    const auto began = std::chrono::steady_clock::now();
    // The connection is closed; whoever asks once more, on a new one, hears why.
    const auto lost = through.call(api::DescribeAliasRequest{.alias_id = alias});
    EXPECT_TRUE(!lost && e2e::unanswered(lost.error())) << (lost ? "answered" : describe(lost.error()));
    const auto refused = through.call(api::DescribeAliasRequest{.alias_id = alias});
    EXPECT_LE(std::chrono::steady_clock::now() - began, kRefusedAfter);
    EXPECT_EQ(refused ? "answered" : refused.error().code, "InternalError");
    EXPECT_THAT(refused ? "" : refused.error().message, HasSubstr("cannot reach the one that leads"));
    EXPECT_TRUE(e2e::wait_until(kRefusedAfter, [&] { return readiness(other).first == 503; }));
    EXPECT_THAT(readiness(other).second, HasSubstr("cannot be reached from here"));
    EXPECT_EQ(readiness(leader).first, 200) << readiness(leader).second;

    EXPECT_TRUE(e2e::wait_until(kAgentGoesOn, [&] { return rig.server_of_agent(0) == rig.link(leader); }))
        << "the agent has gone to the leader itself\n"
        << rig.logs();
    EXPECT_EQ(host_status(leader, 0), "CONNECTED");
    EXPECT_TRUE(rig.leads(leader));
    rig.part(leader, false, Rig::Others::Servers);
    for (std::size_t i = 0; i < kServers; ++i)
        EXPECT_TRUE(e2e::wait_until(kHealed, [&] { return readiness(i).first == 200; })) << readiness(i).second;
    EXPECT_TRUE(through.call(api::DescribeAliasRequest{.alias_id = alias}));
}

/// It gives way to one that the agents reach, and follows that one when the network is healed.
void Failover::nobody_sees_the_leader(std::size_t leader) {
    rig.part(leader, true, Rig::Others::ServersAndAgents);
    ASSERT_TRUE(rig.leader(kAfterGivingWay, leader)) << "nobody has taken over\n" << rig.logs();
    EXPECT_TRUE(e2e::wait_until(kAgentGoesOn, [&] { return rig.server_of_agent(0) != rig.link(leader); }));
    EXPECT_TRUE(e2e::wait_until(kRefusedAfter, [&] { return readiness(leader).first == 503; }));
    rig.part(leader, false, Rig::Others::ServersAndAgents);
    EXPECT_TRUE(e2e::wait_until(kHealed, [&] { return readiness(leader).first == 200; })) << readiness(leader).second;
    EXPECT_FALSE(rig.leads(leader));
}

const std::vector<Failover::Damage>& Failover::damages() {
    static const std::vector<Damage> kDamages = {
        {"the leader is cut off from the agents",
         [](Failover& test, std::size_t leader) { test.agents_see_only_followers(leader); }, Millis{1'000}},
        {"the leader is cut off from the other servers",
         [](Failover& test, std::size_t leader) { test.followers_do_not_see_the_leader(leader); }, Millis{1'000},
         Asked::Leader},
        {"the leader is cut off from the other servers and the agents",
         [](Failover& test, std::size_t leader) { test.nobody_sees_the_leader(leader); }, kAfterGivingWay},
        {"the leader is killed",
         [](Failover& test, std::size_t leader) {
             test.rig.kill_server(leader);
             test.somebody_leads(leader);
             test.start(leader);
         },
         kAfterCrash},
        {"the leader ends in order",
         [](Failover& test, std::size_t leader) {
             ASSERT_TRUE(test.rig.stop_server(leader)) << test.rig.problem();
             test.somebody_leads(leader);
             test.start(leader);
         },
         kAfterOrderlyEnd},
        {"the leader is stopped past its lease, and wakes",
         [](Failover& test, std::size_t leader) {
             test.rig.freeze(leader, true);
             test.somebody_leads(leader);
             e2e::pass(Millis{200});
             test.rig.freeze(leader, false);
         },
         kAfterCrash},
        {"the leader is cut off from the database",
         [](Failover& test, std::size_t leader) {
             test.rig.cut_from_database(leader, true);
             test.somebody_leads(leader);
             e2e::pass(Millis{500});
             test.rig.cut_from_database(leader, false);
         },
         kAfterCrash + Millis{1'000}},
        {"a server that follows is killed",
         [](Failover& test, std::size_t leader) {
             const std::size_t other = (leader + 1) % kServers;
             test.rig.kill_server(other);
             e2e::pass(Millis{300});
             test.start(other);
         },
         Millis{1'000}},
        {"the database's primary is lost, and its standby takes over",
         [](Failover& test, std::size_t) { test.rig.lose_primary(); }, Millis{20'000}},
        {"everything is killed",
         [](Failover& test, std::size_t) {
             for (std::size_t i = 0; i < kServers; ++i) test.rig.kill_server(i);
             test.rig.kill_agent(0);
             for (std::size_t i = 0; i < kServers; ++i) test.start(i);
             ASSERT_TRUE(test.rig.start_agent(0)) << test.rig.problem();
         },
         Millis{20'000}},
    };
    return kDamages;
}

void Failover::round(const Damage& damage, std::uint64_t number, SeededRng& rng) {
    const auto leads = rig.leader();
    ASSERT_TRUE(leads) << rig.logs();
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i < kServers; ++i) addresses.push_back(rig.http(i));
    // Who keeps to one server that is not broken sees what a client behind a load balancer does.
    const std::size_t bystander = (*leads + 2) % kServers;
    crash::Load load({.http = rig.http(bystander),
                      .alias = alias,
                      .fleets = fleets,
                      .live_max = kProcesses,
                      .others = addresses,
                      .looks = true},
                     history, clock, fmt::format("r{}", number), rng.next());
    Probe probe(rig.http(damage.asked == Asked::Leader ? *leads : bystander), alias);
    const std::vector<crash::Life> before = lives();
    ASSERT_FALSE(before.empty());
    e2e::pass(Millis{rng.between(300, 900)});  // the moment of the damage is what is drawn here
    const std::uint64_t answered = load.answered();
    EXPECT_GT(answered, 0U);
    damage.run(*this, *leads);
    if (HasFatalFailure()) return;
    e2e::pass(Millis{300});
    load.stop();
    const Millis longest = probe.stop();
    ASSERT_TRUE(rig.settle(fleets, kProcesses)) << rig.problem() << "\n" << rig.logs();
    EXPECT_LE(longest, damage.limit) << "nobody answered for so long\n" << rig.logs();

    e2e::Api api = rig.api(bystander);
    const auto seen = crash::look(api, alias, fleets);
    ASSERT_TRUE(seen) << describe(seen.error());
    const std::vector<std::string> wrong = crash::check(history, *seen);
    EXPECT_TRUE(wrong.empty()) << crash::lines(wrong) << rig.logs();
    const std::vector<crash::Life> after = lives();
    const std::vector<std::string> killed = crash::check_games(before, after, history, *seen);
    EXPECT_TRUE(killed.empty()) << crash::lines(killed) << rig.logs();
    std::printf(
        "round %llu: %s; %llu ms without an answer; %zu sessions, %zu seats, %zu alias moves, %zu reads so far\n",
        static_cast<unsigned long long>(number), damage.what, static_cast<unsigned long long>(longest.count()),
        seen->sessions.size(), seen->seats.size(), history.alias_updates.size(), history.alias_reads.size());
}

TEST_F(Failover, WhateverBreaksNothingIsLostAndSomebodyLeadsSoon) {
    const std::uint64_t seconds = number_from("GSE_FAILOVER_SECONDS", 0);
    const std::uint64_t seed = number_from("GSE_FAILOVER_SEED", std::random_device{}());
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    SeededRng rng(seed);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    std::uint64_t number = 0;
    do {
        for (const Damage& damage : damages()) {
            SCOPED_TRACE(fmt::format("seed {}, round {}: {}", seed, number, damage.what));
            round(damage, number++, rng);
            if (HasFailure()) break;
        }
    } while (!HasFailure() && std::chrono::steady_clock::now() < until);

    // A host that has nothing yet, and sees only servers that follow, enrols there; it gets its package from whoever
    // leads.
    if (!HasFailure()) {
        const auto leads = rig.leader();
        ASSERT_TRUE(leads);
        rig.part(*leads, true, Rig::Others::Agents);
        ASSERT_TRUE(rig.start_agent(1)) << rig.problem();
        ASSERT_TRUE(e2e::wait_until(kAgentGoesOn, [&] { return host_status(*leads, 1) == "CONNECTED"; })) << rig.logs();
        rig.part(*leads, false, Rig::Others::Agents);
        e2e::Api api = rig.api(0);
        const auto more = api.call(api::UpdateFleetCapacityRequest{
            .fleet_id = fleets.front(), .desired_instances = 2, .min_size = 1, .max_size = 2});
        ASSERT_TRUE(more) << describe(more.error());
        EXPECT_TRUE(
            e2e::wait_until(Millis{30'000}, [&] { return e2e::running_games(rig.agent_data(1)).size() == kProcesses; }))
            << e2e::event_text(api, fleets.front()) << rig.logs();
    }
    std::size_t unknown = 0;
    const auto unheard = [&](const auto& all) {
        unknown += static_cast<std::size_t>(
            std::ranges::count_if(all, [](const auto& one) { return one.outcome == Outcome::Unknown; }));
    };
    unheard(history.creates), unheard(history.joins), unheard(history.alias_updates), unheard(history.ends);
    std::printf("%zu creates, %zu joins, %zu alias updates, %zu ends, %zu of them unanswered; %zu looks: %s\n",
                history.creates.size(), history.joins.size(), history.alias_updates.size(), history.ends.size(),
                unknown, history.alias_reads.size() + history.session_looks.size() + history.seat_looks.size(),
                HasFailure() ? "WRONG, see above" : "nothing lost, nothing doubled, nothing went back");
}

TEST_F(Failover, APlacementThatWaitsIsPlacedByTheNextLeader) {
    const auto leader = rig.leader();
    ASSERT_TRUE(leader) << rig.logs();
    e2e::Api api = rig.api((*leader + 1) % kServers);
    std::vector<std::string> sessions;
    for (std::uint64_t i = 0; i < kProcesses; ++i) {
        const auto made = api.call(
            api::CreateGameServerSessionRequest{.maximum_player_session_count = 4, .fleet_id = fleets.front()});
        ASSERT_TRUE(made) << describe(made.error());
        sessions.push_back(made->game_server_session->game_server_session_id);
    }
    api::CreateGameServerSessionQueueRequest queue{.name = "waits"};
    queue.destinations = {
        {.destination_arn = fmt::format("qcs::gse:{}:uin/100000000001:fleet/{}", e2e::kRegion, fleets.front())}};
    const auto made = api.call(queue);
    ASSERT_TRUE(made) << describe(made.error());
    const auto placed = api.call(api::StartGameServerSessionPlacementRequest{
        .placement_id = "match-1", .game_server_session_queue_name = "waits", .maximum_player_session_count = 4});
    ASSERT_TRUE(placed) << describe(placed.error());
    const auto status = [&] {
        const auto found = api.call(api::DescribeGameServerSessionPlacementRequest{.placement_id = "match-1"});
        return found ? found->game_server_session_placement.status : describe(found.error());
    };
    EXPECT_EQ(status(), "PENDING") << "all processes are taken";

    rig.kill_server(*leader);
    somebody_leads(*leader);
    ASSERT_TRUE(e2e::wait_until(kAfterCrash, [&] { return status() == "PENDING"; })) << status() << rig.logs();
    const auto ended = api.call(api::EndGameServerSessionAndProcessRequest{.game_server_session_id = sessions.front()});
    ASSERT_TRUE(ended) << describe(ended.error());
    EXPECT_TRUE(e2e::wait_until(Millis{20'000}, [&] { return status() == "FULFILLED"; })) << status() << rig.logs();
}

// That the checker would notice. A primary that is given up but goes on, and a standby that is promoted and was not
// waited for: two leaders, each with a fence of its own.
TEST_F(Failover, WithoutTheFenceWhatIsLostIsFoundOut) {
    const auto old_leader = rig.leader();
    ASSERT_TRUE(old_leader) << rig.logs();
    crash::Load load({.http = rig.http(*old_leader), .alias = alias, .fleets = fleets, .live_max = kProcesses}, history,
                     clock, "split", 1);
    ASSERT_TRUE(e2e::wait_until(Millis{20'000}, [&] { return load.answered() > 0; }));
    rig.split_database(*old_leader);
    const auto new_leader = rig.leader(Millis{20'000}, *old_leader);
    ASSERT_TRUE(new_leader) << rig.logs();
    const std::uint64_t before = load.answered();
    EXPECT_TRUE(e2e::wait_until(Millis{20'000}, [&] { return load.answered() > before; })) << "both lead";
    EXPECT_TRUE(rig.leads(*old_leader));
    load.stop();
    rig.kill_server(*old_leader);

    e2e::Api api = rig.api(*new_leader);
    const auto seen = crash::look(api, alias, fleets);
    ASSERT_TRUE(seen) << describe(seen.error());
    const std::vector<std::string> wrong = crash::check(history, *seen);
    EXPECT_THAT(wrong, Contains(HasSubstr("is lost"))) << crash::lines(wrong);
    std::printf("without the fence: %zu complaints, the first: %s\n", wrong.size(),
                wrong.empty() ? "none" : wrong.front().c_str());
}

}  // namespace
}  // namespace gse::failover
