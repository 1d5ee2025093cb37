// kill -9 of the server, the agent and both, at random moments under load. Whatever was answered must be there
// afterwards, once; what nobody heard of may be there or not, as a whole; and no game may have noticed anything.
//
// GSE_CRASH_ROUNDS and GSE_CRASH_SEED say how long and which; the seed is printed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include "base/rng.h"
#include "crash/cluster.h"
#include "crash/games.h"
#include "crash/load.h"

namespace gse::crash {
namespace {

using e2e::describe;

constexpr std::uint64_t kProcesses = 8;
constexpr int kRounds = 9;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// The kernel's names of what a process has open: files by path, sockets and pipes by number.
std::set<std::string> open_things(pid_t pid) {
    std::set<std::string> out;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
        const auto target = std::filesystem::read_symlink(entry.path(), error);
        if (!error) out.insert(target.string());
    }
    return out;
}

/// Games and their shims must not hold what is the server's or the agent's: nobody could listen or lock there again.
std::vector<std::string> check_descriptors(Cluster& cluster) {
    std::vector<std::string> out;
    std::set<std::string> ours = open_things(cluster.server()->pid());
    ours.merge(open_things(cluster.agent()->pid()));
    for (const e2e::GameProcess& game : e2e::running_games(cluster.agent_data()))
        for (const pid_t pid : {game.pid, game.shim})
            for (const std::string& thing : open_things(pid)) {
                const bool anonymous = thing.starts_with("anon_inode:") || thing == "/dev/null";
                const bool data = thing.starts_with(cluster.dir().string());
                const bool own = pid == game.shim && thing.starts_with(game.folder.string());
                if ((!anonymous && ours.contains(thing)) || (data && !own))
                    out.push_back(fmt::format("process {} of game {} holds {}", pid, game.id, thing));
            }
    return out;
}

class Crash : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(cluster.start_server()) << cluster.problem();
        ASSERT_TRUE(cluster.start_agent()) << cluster.problem();
        e2e::Api api = cluster.api();
        const std::string problem = make_fleets(api, cluster.dir(), kProcesses, fleets, alias);
        ASSERT_EQ(problem, "");
        history.first_fleet = fleets.front();
        ASSERT_TRUE(cluster.settle(fleets, kProcesses)) << cluster.problem();
    }

    std::string logs() {
        return "server:\n" + tail(cluster.dir() / "server.log") + "agent:\n" + tail(cluster.dir() / "agent.log");
    }
    static std::string tail(const std::filesystem::path& file) {
        const std::string text = e2e::read_text(file);
        return text.substr(text.size() - std::min<std::size_t>(text.size(), 4'000));
    }

    Cluster cluster;
    std::vector<std::string> fleets;
    std::string alias;
    History history;
    std::atomic<Tick> clock = 0;
};

TEST_F(Crash, NothingAnsweredIsLostAndNoGameNotices) {
    const std::uint64_t rounds = number_from("GSE_CRASH_ROUNDS", kRounds);
    const std::uint64_t seed = number_from("GSE_CRASH_SEED", std::random_device{}());
    std::printf("seed %llu, %llu rounds\n", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(rounds));
    SeededRng rng(seed);
    constexpr const char* kVictims[] = {"the server", "the agent", "both"};
    const std::uint64_t first_victim = rng.below(3);

    std::uint64_t kills = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        // Each kind in turn, so that a short run has all of them.
        const std::uint64_t victim = (first_victim + round) % 3;
        const Millis load_time{rng.between(300, 1'200)};
        const Millis down_time{rng.between(0, 300)};
        const bool again = rng.chance(0.3);  // killed once more while it comes up
        SCOPED_TRACE(fmt::format("seed {}, round {}: {} after {} ms{}", seed, round, kVictims[victim],
                                 load_time.count(), again ? ", twice" : ""));

        Load load({.http = cluster.http(), .alias = alias, .fleets = fleets}, history, clock, fmt::format("r{}", round),
                  rng.next());
        const std::vector<Life> before = lives(cluster.agent_data(), ++clock);
        ASSERT_FALSE(before.empty());
        // The moment of the kill is what is drawn here: time is the very thing that is varied.
        e2e::pass(load_time);
        const std::uint64_t answered = load.answered();
        EXPECT_GT(answered, 0U);

        const auto kill = [&] {
            if (victim != 1) cluster.kill_server();
            if (victim != 0) cluster.kill_agent();
            kills += victim == 2 ? 2 : 1;
        };
        const auto start = [&] {
            if (victim != 1) {
                ASSERT_TRUE(cluster.start_server()) << cluster.problem();
            }
            if (victim != 0) {
                ASSERT_TRUE(cluster.start_agent()) << cluster.problem();
            }
        };
        kill();
        e2e::pass(down_time);
        start();
        if (HasFatalFailure()) return;
        if (again) {
            e2e::pass(Millis{rng.between(0, 200)});
            kill();
            start();
            if (HasFatalFailure()) return;
        }
        load.stop();
        ASSERT_TRUE(cluster.settle(fleets, kProcesses)) << cluster.problem() << "\n" << logs();

        e2e::Api api = cluster.api();
        const auto seen = look(api, alias, fleets);
        ASSERT_TRUE(seen) << describe(seen.error());
        const std::vector<std::string> wrong = check(history, *seen);
        EXPECT_TRUE(wrong.empty()) << lines(wrong) << logs();
        const std::vector<Life> after = lives(cluster.agent_data(), ++clock);
        const std::vector<std::string> killed = check_games(before, after, history, *seen);
        EXPECT_TRUE(killed.empty()) << lines(killed) << logs();
        const std::vector<std::string> held = check_descriptors(cluster);
        EXPECT_TRUE(held.empty()) << lines(held);

        // An adopted game still reaches the server: it takes in a player who reserved a seat.
        const auto seat =
            std::find_if(seen->seats.begin(), seen->seats.end(), [](const Seat& s) { return s.status == "RESERVED"; });
        if (seat != seen->seats.end()) {
            const auto host = std::find_if(seen->sessions.begin(), seen->sessions.end(),
                                           [&](const SessionSeen& s) { return s.id == seat->session; });
            const auto port = static_cast<std::uint16_t>(std::stoi(host->address.substr(host->address.rfind(':') + 1)));
            EXPECT_EQ(e2e::ask_game(port, "ACCEPT " + seat->id), "ok") << seat->session;
        }
        std::printf("round %llu: %s%s, %llu answers before; %zu sessions, %zu seats, %zu alias moves so far\n",
                    static_cast<unsigned long long>(round), kVictims[victim], again ? " twice" : "",
                    static_cast<unsigned long long>(answered), seen->sessions.size(), seen->seats.size(),
                    history.alias_updates.size());
        if (HasFailure()) break;
    }
    std::size_t unknown = 0;
    for (const Create& create : history.creates) unknown += create.outcome == Outcome::Unknown;
    for (const AliasUpdate& update : history.alias_updates) unknown += update.outcome == Outcome::Unknown;
    for (const Join& join : history.joins) unknown += join.outcome == Outcome::Unknown;
    std::printf("%llu kills; %zu creates, %zu joins, %zu alias updates, %zu ends, %zu of them unanswered: %s\n",
                static_cast<unsigned long long>(kills), history.creates.size(), history.joins.size(),
                history.alias_updates.size(), history.ends.size(), unknown,
                HasFailure() ? "WRONG, see above" : "nothing lost, nothing doubled");
}

}  // namespace
}  // namespace gse::crash
