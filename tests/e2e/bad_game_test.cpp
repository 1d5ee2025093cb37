// Packages and game processes that are not what they should be: each has a clear outcome, told by the fleet's events.
#include <fstream>

#include "agent/proc.h"
#include "agent/testing/make_zip.h"
#include "e2e/dev.h"

namespace gse::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr Millis kLimit{30'000};

bool alive(pid_t pid) {
    const auto stat = agent::read_stat(pid);
    return stat && stat->state != 'Z';
}

class BadPackage : public DevTest {
protected:
    /// A fleet of a package with these entries.
    std::string fleet_of(const std::vector<agent::testing::ZipEntry>& entries, FleetWish wish = {}) {
        const fs::path zip =
            dir() / (std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + ".zip");
        std::ofstream(zip, std::ios::binary) << agent::testing::make_zip(entries);
        const auto asset = upload_asset(api, zip);
        EXPECT_TRUE(asset) << (asset ? "" : describe(asset.error()));
        wish.asset_id = asset.value_or("");
        return game_fleet("", std::move(wish));
    }
    /// The fleet ends in ERROR, and an event says why.
    void refused(const std::string& fleet, const std::string& code, const std::string& why) {
        EXPECT_TRUE(wait_event(api, fleet, code, why, kLimit)) << event_text(api, fleet);
        EXPECT_TRUE(wait_status(fleet, "ERROR")) << event_text(api, fleet);
    }
};

TEST_F(BadPackage, ZipSlipWritesNothingOutside) {
    const std::string fleet = fleet_of({{"gse-test-game", "#!/bin/sh\n", 0100755}, {"../../../slipped", "gotcha"}});
    refused(fleet, "FLEET_INITIALIZATION_FAILED", "The package cannot be unpacked");
    for (const auto& entry : fs::recursive_directory_iterator(dir(), fs::directory_options::skip_permission_denied))
        EXPECT_NE(entry.path().filename(), "slipped") << entry.path();
}

TEST_F(BadPackage, ZipBombIsStoppedWhileItUnpacks) {
    const std::string fleet = fleet_of({{"gse-test-game", std::string(100 << 20, '\0'), 0100755}});
    refused(fleet, "FLEET_INITIALIZATION_FAILED", "looks like a zip bomb");
}

TEST_F(BadPackage, MissingLaunchPath) {
    const std::string fleet =
        fleet_of({{"something-else", "#!/bin/sh\n", 0100755}}, {.launch_path = "/local/game/game-server"});
    refused(fleet, "FLEET_VALIDATION_LAUNCH_PATH_NOT_FOUND", "/local/game/game-server");
}

TEST_F(BadPackage, WindowsIsNotOffered) {
    const fs::path zip = dir() / "windows.zip";
    write_game_zip(zip);
    const auto asset = upload_asset(api, zip, "img-win2012e");
    ASSERT_FALSE(asset);
    EXPECT_EQ(asset.error().code, "UnsupportedOperation");
    EXPECT_THAT(asset.error().message, HasSubstr("run Linux"));
}

class BadProcess : public DevTest {};

TEST_F(BadProcess, OneThatNeverBecomesReadyIsKilled) {
    const std::string fleet = game_fleet("--never-ready");
    const auto event = wait_event(api, fleet, "SERVER_PROCESS_PROCESS_READY_TIMEOUT", "", kLimit);
    ASSERT_TRUE(event) << event_text(api, fleet);
    EXPECT_THAT(*event->message, AllOf(HasSubstr("signal 9"), HasSubstr("killed when its time was up"),
                                       HasSubstr("last output: life ")));
}

TEST_F(BadProcess, OneThatExitsAtOnceMakesTheFleetFail) {
    const std::string fleet = game_fleet("--exit 7");
    const auto event = wait_event(api, fleet, "SERVER_PROCESS_CRASHED", "", kLimit);
    ASSERT_TRUE(event) << event_text(api, fleet);
    EXPECT_THAT(*event->message, AllOf(HasSubstr("exit code 7"), HasSubstr(" after "), HasSubstr("session none"),
                                       HasSubstr("this game gives up, code 7")));
    EXPECT_TRUE(wait_event(api, fleet, "FLEET_VALIDATION_EXECUTABLE_RUNTIME_FAILURE", "exit code 7", kLimit))
        << event_text(api, fleet);
    EXPECT_TRUE(wait_status(fleet, "ERROR")) << event_text(api, fleet);
}

TEST_F(BadProcess, OneThatIgnoresTerminationIsKilledAtTheDeadlineAndReplaced) {
    const std::string fleet = active_fleet("--ignore-terminate");
    const std::string session = new_session(fleet);
    const auto before = games(fleet);
    ASSERT_THAT(before, SizeIs(1));
    const auto ended = api.call(api::EndGameServerSessionAndProcessRequest{.game_server_session_id = session});
    ASSERT_TRUE(ended) << describe(ended.error());
    EXPECT_EQ(find_session(api, session)->status, "TERMINATED");  // at once; the process only has to follow
    const auto event = wait_event(api, fleet, "SERVER_PROCESS_FORCE_TERMINATED", "", kLimit);
    ASSERT_TRUE(event) << event_text(api, fleet);
    EXPECT_THAT(*event->message, AllOf(HasSubstr(fmt::format("pid {}", before.front().pid)), HasSubstr("signal 9"),
                                       HasSubstr("asked to end")));
    EXPECT_FALSE(alive(before.front().pid));
    EXPECT_FALSE(new_session(fleet).empty());
}

TEST_F(BadProcess, OneThatFloodsItsLogFillsNoDisk) {
    const std::string fleet = active_fleet("--flood 67108864");
    const auto running = games(fleet);
    ASSERT_THAT(running, SizeIs(1));
    std::uintmax_t bytes = 0;
    for (const auto& file : fs::directory_iterator(running.front().folder))
        bytes += file.is_regular_file() ? file.file_size() : 0;
    EXPECT_GT(bytes, std::uintmax_t{1} << 20);
    EXPECT_LT(bytes, std::uintmax_t{22} << 20);
}

TEST_F(BadProcess, OneThatClaimsAnothersPidIsRefusedAndNamed) {
    const std::string victim = active_fleet("");
    const auto target = games(victim);
    ASSERT_THAT(target, SizeIs(1));
    const pid_t pid = target.front().pid;
    const std::string thief = game_fleet(fmt::format("--claim-pid {}", pid), {.name = "thief"});
    const auto event = wait_event(api, victim, "GENERIC_EVENT", fmt::format("claimed pid {}", pid), kLimit);
    ASSERT_TRUE(event) << event_text(api, victim);
    EXPECT_THAT(*event->message, HasSubstr("the call was refused"));
    EXPECT_TRUE(alive(pid));
    EXPECT_NE(fleet_status(api, thief), "ACTIVE");
    // The victim serves as before.
    const std::string session = new_session(victim);
    EXPECT_TRUE(wait_until(kLimit, [&] { return find_session(api, session)->status == "ACTIVE"; }));
    EXPECT_THAT(ask_game(target.front().port, "WHO"), HasSubstr(fmt::format(" {} {}", pid, session)));
}

TEST_F(BadProcess, LogsThatAreNotItsOwnStayWhereTheyAre) {
    const std::string fleet =
        active_fleet("--fifo /local/game/pipe.log --log /etc/shadow --log /local/game/pipe.log --log ../../etc/shadow");
    const std::string session = new_session(fleet);
    ASSERT_TRUE(wait_until(kLimit, [&] { return find_session(api, session)->status == "ACTIVE"; }))
        << event_text(api, fleet);
    ASSERT_TRUE(api.call(api::EndGameServerSessionAndProcessRequest{.game_server_session_id = session}));
    const auto event = wait_event(api, fleet, "GENERIC_EVENT", "left out", kLimit);
    ASSERT_TRUE(event) << event_text(api, fleet);
    EXPECT_THAT(*event->message, AllOf(HasSubstr(session), HasSubstr("left out /etc/shadow: not below /local/game"),
                                       HasSubstr("left out /local/game/pipe.log: not a regular file"),
                                       HasSubstr("left out ../../etc/shadow: not below /local/game")));
}

class Health : public DevTest {};

TEST_F(Health, AnUnhealthyProcessIsReplacedAtOnceThoughItsSessionIsProtected) {
    const std::string fleet =
        active_fleet("--unhealthy-in-session --ignore-terminate", {.protection = "FullProtection"});
    const std::string session = new_session(fleet);
    const auto sick = games(fleet);
    ASSERT_FALSE(sick.empty());
    // A second one that has no session is well: the fleet takes the next session while the sick one goes on.
    EXPECT_TRUE(wait_until(kLimit, [&] { return games(fleet).size() == 2; })) << event_text(api, fleet);
    EXPECT_TRUE(alive(sick.front().pid));
    EXPECT_EQ(find_session(api, session)->status, "ACTIVE");
    EXPECT_NE(new_session(fleet), session);
}

TEST_F(Health, AnUnhealthyProcessWithoutASessionIsEndedWithAnEvent) {
    const std::string fleet = active_fleet("--unhealthy --ignore-terminate");
    const auto event = wait_event(api, fleet, "SERVER_PROCESS_TERMINATED_UNHEALTHY", "", kLimit);
    ASSERT_TRUE(event) << event_text(api, fleet);
    EXPECT_THAT(*event->message, HasSubstr("session none"));
}

TEST_F(Health, ASessionThatIsNotActivatedInTimeFails) {
    const std::string fleet = active_fleet("--never-activate", {.activation_timeout_s = 1});
    const std::string session = new_session(fleet);
    EXPECT_TRUE(wait_event(api, fleet, "GAME_SESSION_ACTIVATION_TIMEOUT", session, kLimit)) << event_text(api, fleet);
    EXPECT_EQ(find_session(api, session)->status, "ERROR");
    EXPECT_FALSE(new_session(fleet).empty());
}

TEST_F(Health, ACrashSaysHowAndWhereAndTheLastWords) {
    const std::string fleet = active_fleet("--exit-in-session 9");
    const std::string session = new_session(fleet);
    const auto event = wait_event(api, fleet, "SERVER_PROCESS_CRASHED", "", kLimit);
    ASSERT_TRUE(event) << event_text(api, fleet);
    EXPECT_THAT(*event->message, AllOf(HasSubstr("exit code 9"), HasSubstr(" after "), HasSubstr("session " + session),
                                       HasSubstr("the match server fell over: code 9")));
    EXPECT_EQ(find_session(api, session)->status, "ERROR");

    const std::string other = active_fleet("--abort-in-session", {.name = "aborting"});
    const std::string lost = new_session(other);
    const auto aborted = wait_event(api, other, "SERVER_PROCESS_CRASHED", "", kLimit);
    ASSERT_TRUE(aborted) << event_text(api, other);
    EXPECT_THAT(*aborted->message, AllOf(HasSubstr("signal 6"), HasSubstr("session " + lost),
                                         HasSubstr("assertion failed: the world is round")));
}

}  // namespace
}  // namespace gse::e2e
