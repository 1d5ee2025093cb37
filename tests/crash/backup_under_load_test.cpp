// The machine of a server is lost while clients are at work, and the server goes on from a backup that was taken while
// they were: what was acknowledged before is there, the agent comes back with the certificate it has, and no game that
// runs has noticed.
#include <gmock/gmock.h>

#include <set>

#include "backup/contents.h"
#include "crash/cluster.h"
#include "crash/games.h"
#include "crash/load.h"

namespace gse::crash {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr Millis kLimit{60'000};
constexpr std::uint64_t kProcesses = 8;

/// Runs `gse` with these words; what it said.
std::string run_gse(const Cluster& cluster, std::vector<std::string> words) {
    const fs::path log = cluster.dir() / (words.front() + ".log");
    e2e::Program program(e2e::gse_command(std::move(words)), log);
    const int code = program.wait(kLimit);
    return code == 0 ? "" : fmt::format("exit code {}: {}", code, program.log());
}

TEST(Backup, TakenUnderLoadBringsADeploymentBackWithItsHostsAndGames) {
    // Small pieces, so that segments and snapshots change while they are copied.
    Cluster cluster({"journal.segment_bytes=1MiB", "journal.snapshot_bytes=1MiB"});
    ASSERT_TRUE(cluster.start_server()) << cluster.problem();
    ASSERT_TRUE(cluster.start_agent()) << cluster.problem();
    e2e::Api api = cluster.api();
    const fs::path zip = cluster.dir() / "game.zip";
    e2e::write_game_zip(zip);
    const auto asset = e2e::upload_asset(api, zip);
    ASSERT_TRUE(asset) << e2e::describe(asset.error());
    const auto fleet = e2e::create_fleet(
        api, {.name = "main", .asset_id = *asset, .processes = kProcesses, .protection = "TimeLimitProtection"});
    ASSERT_TRUE(fleet) << e2e::describe(fleet.error());
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return e2e::fleet_status(api, *fleet) == "ACTIVE"; }))
        << e2e::event_text(api, *fleet);
    const auto made =
        api.call(api::CreateAliasRequest{.name = "main", .routing_strategy = {.type = "SIMPLE", .fleet_id = *fleet}});
    ASSERT_TRUE(made) << e2e::describe(made.error());
    const std::string alias = made->alias.alias_id;
    ASSERT_TRUE(cluster.settle({*fleet}, kProcesses)) << cluster.problem();

    History history;
    std::atomic<Tick> clock = 0;
    const LoadTarget target{.http = cluster.http(), .alias = alias, .fleets = {*fleet}, .live_max = 3};
    {
        Load load(target, history, clock, "before", 1);
        ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return load.answered() > 300; }));
    }
    const auto before = look(api, alias, {*fleet});
    ASSERT_TRUE(before) << e2e::describe(before.error());
    ASSERT_FALSE(before->sessions.empty());
    ASSERT_FALSE(before->seats.empty());

    for (const auto& entry : fs::recursive_directory_iterator(cluster.server_data())) {
        const std::string name = entry.path().lexically_relative(cluster.server_data()).string();
        if (entry.is_regular_file()) {
            EXPECT_NE(backup::belonging(name), backup::Belonging::Unknown)
                << name << ": src/backup/contents.cpp must say whether a backup holds it";
        }
    }

    const fs::path saved = cluster.dir() / "backup.tar.zst";
    {
        History other;
        Load load(target, other, clock, "during", 2);
        ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return load.answered() > 50; }));
        EXPECT_EQ(run_gse(cluster, {"backup", "--data", cluster.server_data(), "--to", saved}), "");
        const std::uint64_t then = load.answered();
        ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return load.answered() > then + 100; })) << "the server goes on";
    }
    EXPECT_THAT(run_gse(cluster, {"backup", "--data", cluster.server_data(), "--to", saved}),
                HasSubstr("never replaces anything"));

    const std::string certificate = e2e::read_text(cluster.agent_data() / "agent" / "host.pem");
    ASSERT_FALSE(certificate.empty());
    const std::vector<Life> games = lives(cluster.agent_data(), ++clock);
    ASSERT_FALSE(games.empty());
    const pid_t agent = cluster.agent()->pid();
    cluster.kill_server();
    fs::remove_all(cluster.server_data());
    // What the agent keeps of packages goes too, so that it must fetch one.
    fs::remove_all(cluster.agent_data() / "agent" / "packages");
    fs::create_directory(cluster.agent_data() / "agent" / "packages");
    ASSERT_EQ(run_gse(cluster, {"restore", saved, "--data", cluster.server_data()}), "");
    ASSERT_TRUE(cluster.start_server()) << cluster.problem();

    ASSERT_TRUE(e2e::wait_until(kLimit, [&] {
        return e2e::http_get(cluster.http(), "/metrics").second.find("\ngse_hosts_connected 1") != std::string::npos;
    })) << cluster.agent()->log();
    EXPECT_TRUE(e2e::wait_until(kLimit, [&] {
        return cluster.agent()->log().find("it was restored from a backup") != std::string::npos;
    })) << cluster.agent()->log();
    EXPECT_EQ(cluster.agent()->pid(), agent) << "by itself";
    EXPECT_EQ(e2e::read_text(cluster.agent_data() / "agent" / "host.pem"), certificate);
    EXPECT_TRUE(cluster.settle({*fleet}, kProcesses)) << cluster.problem() << e2e::event_text(api, *fleet);
    for (const Life& game : games)
        EXPECT_TRUE(same_process_lives(game)) << game.process.id << " " << cluster.agent()->log();

    e2e::Api again = cluster.api();
    const auto after = look(again, alias, {*fleet});
    ASSERT_TRUE(after) << e2e::describe(after.error());
    EXPECT_EQ(after->alias_fleet, *fleet);
    std::set<std::string> sessions, seats;
    for (const SessionSeen& session : after->sessions) sessions.insert(session.id);
    for (const Seat& seat : after->seats) seats.insert(seat.id);
    for (const SessionSeen& session : before->sessions) EXPECT_TRUE(sessions.contains(session.id)) << session.id;
    for (const Seat& seat : before->seats) EXPECT_TRUE(seats.contains(seat.id)) << seat.id;

    // Another instance needs the package, and new matches begin.
    const auto grown =
        again.call(api::UpdateFleetCapacityRequest{.fleet_id = *fleet, .desired_instances = 2, .max_size = 2});
    ASSERT_TRUE(grown) << e2e::describe(grown.error());
    EXPECT_TRUE(cluster.settle({*fleet}, 2 * kProcesses)) << cluster.problem() << e2e::event_text(again, *fleet);
    History last;
    Load load({.http = cluster.http(), .alias = alias, .fleets = {*fleet}}, last, clock, "after", 3);
    EXPECT_TRUE(e2e::wait_until(kLimit, [&] { return load.answered() > 100; }));
}

}  // namespace
}  // namespace gse::crash
