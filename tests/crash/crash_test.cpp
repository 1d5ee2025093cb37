// kill -9 of the server, the agent and both, at random moments under load. Whatever was answered must be there
// afterwards, once; what nobody heard of may be there or not, as a whole; and no game may have noticed anything.
//
// GSE_CRASH_ROUNDS and GSE_CRASH_SEED say how long and which; the seed is printed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "agent/proc.h"
#include "base/rng.h"
#include "crash/cluster.h"
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

/// A game process and what it says of itself.
struct Life {
    e2e::GameProcess process;
    std::uint64_t ticks = 0;
    std::string life;
    std::string session;  ///< "-": none
    Tick seen = 0;
};

/// Those that answer.
std::vector<Life> lives(const Cluster& cluster, Tick now) {
    std::vector<Life> out;
    for (e2e::GameProcess& game : e2e::running_games(cluster.agent_data())) {
        Life life{.process = std::move(game), .seen = now};
        std::istringstream words(e2e::ask_game(life.process.port, "WHO"));
        pid_t pid = 0;
        const auto stat = agent::read_stat(life.process.pid);
        if (!stat || !(words >> life.life >> pid >> life.session) || pid != life.process.pid) continue;
        life.ticks = stat->start_ticks;
        out.push_back(std::move(life));
    }
    return out;
}

bool same_process_lives(const Life& life) {
    const auto stat = agent::read_stat(life.process.pid);
    return stat && stat->start_ticks == life.ticks && stat->state != 'Z';
}

client::ApiResult<Seen> look(e2e::Api& api, const std::string& alias, const std::vector<std::string>& fleets) {
    Seen seen;
    const auto target = api.call(api::DescribeAliasRequest{.alias_id = alias});
    if (!target) return std::unexpected(target.error());
    seen.alias_fleet = target->alias->routing_strategy.fleet_id.value_or("");
    for (const std::string& fleet : fleets) {
        const auto sessions = e2e::all_sessions(api, fleet);
        if (!sessions) return std::unexpected(sessions.error());
        for (const auto& session : *sessions) {
            seen.sessions.push_back({session.game_server_session_id, session.name.value_or(""), session.fleet_id,
                                     session.status, fmt::format("{}:{}", session.ip_address, session.port),
                                     session.current_player_session_count, session.maximum_player_session_count});
            const auto seats = e2e::all_seats(api, session.game_server_session_id);
            if (!seats) return std::unexpected(seats.error());
            for (const auto& seat : *seats)
                seen.seats.push_back(
                    {seat.player_session_id, seat.player_id.value_or(""), seat.game_server_session_id, seat.status});
        }
    }
    return seen;
}

/// Games that were alive at the kill and are not the same any more, though nobody ended their session; and sessions
/// that are ACTIVE, though their game knows nothing of them.
std::vector<std::string> check_games(const std::vector<Life>& before, const std::vector<Life>& after,
                                     const History& history, const Seen& seen) {
    std::vector<std::string> out;
    std::map<std::string, Tick> ended;
    for (const End& end : history.ends) ended[end.session] = end.sent;
    std::map<std::string, std::vector<const SessionSeen*>> sessions_at;
    for (const SessionSeen& session : seen.sessions) sessions_at[session.address].push_back(&session);

    for (const Life& life : before) {
        if (same_process_lives(life)) continue;
        bool excused = ended.contains(life.session);
        for (const SessionSeen* session : sessions_at[fmt::format("127.0.0.1:{}", life.process.port)]) {
            const auto end = ended.find(session->id);
            excused = excused || (end != ended.end() && end->second > life.seen);
        }
        if (!excused)
            out.push_back(
                fmt::format("game {} (pid {}, session {}) is gone", life.process.id, life.process.pid, life.session));
    }
    std::map<std::uint16_t, const Life*> by_port;
    for (const Life& life : after)
        if (!by_port.try_emplace(life.process.port, &life).second)
            out.push_back(fmt::format("two games have port {}", life.process.port));
    for (const SessionSeen& session : seen.sessions) {
        if (session.status != "ACTIVE") continue;
        const auto game =
            by_port.find(static_cast<std::uint16_t>(std::stoi(session.address.substr(session.address.rfind(':') + 1))));
        if (game == by_port.end())
            out.push_back(fmt::format("{} is ACTIVE at {}, where no game answers", session.id, session.address));
        else if (game->second->session != session.id)
            out.push_back(fmt::format("{} is ACTIVE at {}, where the game hosts {}", session.id, session.address,
                                      game->second->session));
    }
    return out;
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

std::string lines(const std::vector<std::string>& complaints) {
    std::string out;
    for (const std::string& line : complaints) out += "  " + line + "\n";
    return out;
}

class Crash : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(cluster.start_server()) << cluster.problem();
        ASSERT_TRUE(cluster.start_agent()) << cluster.problem();
        const auto zip = cluster.dir() / "game.zip";
        e2e::write_game_zip(zip);
        e2e::Api api = cluster.api();
        const auto asset = e2e::upload_asset(api, zip);
        ASSERT_TRUE(asset) << describe(asset.error());
        for (const char* name : {"first", "second"}) {
            const auto fleet = e2e::create_fleet(
                api, {.name = name, .asset_id = *asset, .processes = kProcesses, .protection = "TimeLimitProtection"});
            ASSERT_TRUE(fleet) << describe(fleet.error());
            fleets.push_back(*fleet);
        }
        for (const std::string& fleet : fleets)
            ASSERT_TRUE(e2e::wait_until(Millis{60'000}, [&] { return e2e::fleet_status(api, fleet) == "ACTIVE"; }))
                << e2e::event_text(api, fleet);
        const auto made = api.call(api::CreateAliasRequest{
            .name = "main", .routing_strategy = {.type = "SIMPLE", .fleet_id = fleets.front()}});
        ASSERT_TRUE(made) << describe(made.error());
        alias = made->alias.alias_id;
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
        const std::vector<Life> before = lives(cluster, ++clock);
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
            if (victim != 1) ASSERT_TRUE(cluster.start_server()) << cluster.problem();
            if (victim != 0) ASSERT_TRUE(cluster.start_agent()) << cluster.problem();
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
        const std::vector<Life> after = lives(cluster, ++clock);
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

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    gse::e2e::own_orphans();
    return RUN_ALL_TESTS();
}
