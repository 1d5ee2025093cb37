// The supervisor with real processes: what a host does from a spec to the last exit.
#include "agent/supervisor.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <atomic>
#include <future>

#include "agent/proc.h"
#include "agent/record.h"
#include "agent/shim_process.h"
#include "agent/testing/agent_world.h"
#include "base/file.h"
#include "base/rng.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
using link::InstanceStep;
using link::ProcessExited;
using link::ProcessStarted;
using testing::AgentWorld;
using ::testing::AllOf;
using testing::FakeServer;
using testing::free_port;
using ::testing::HasSubstr;
using testing::is_alive;
using ::testing::Not;
using testing::wait_until;
using testing::ZipEntry;

const std::string kReady = "listen:0 'call:{pid} ready {client} {grpc}' ";

std::string output_of(const AgentWorld& world, const ProcessStarted& process) {
    return read_last_output(
        world.options.data_dir / "agent/instances" / process.instance_id / "processes" / process.process_id, 64 << 10);
}

TEST(Supervisor, PreparesLaunchesAndHearsAGame) {
    AgentWorld world;
    world.package(
        {{"data/level.txt", "hello"}, {"install.sh", "echo installed > /local/game/data/done\necho some output\n"}});
    world.start();
    world.order(world.spec("ins-1", kReady + "'print:cwd and port {client}' env fds wait"));
    for (int step = 0; step < 5; ++step) {
        const auto done =
            world.server.wait<InstanceStep>([&](const auto& report) { return static_cast<int>(report.step) == step; });
        ASSERT_TRUE(done) << step;
        EXPECT_TRUE(done->ok) << done->message;
    }
    const auto started = world.server.wait<ProcessStarted>();
    ASSERT_TRUE(started);
    EXPECT_TRUE(is_alive(started->pid));
    const auto call = world.server.wait<link::SdkCall>();
    ASSERT_TRUE(call) << output_of(world, *started);
    EXPECT_EQ(call->process_id, started->process_id);
    ASSERT_TRUE(std::holds_alternative<link::CallReady>(call->call));
    ASSERT_TRUE(wait_until([&] { return output_of(world, *started).find("fd 2") != std::string::npos; }));
    const std::string output = output_of(world, *started);
    EXPECT_THAT(output,
                AllOf(HasSubstr("answer: 0"), HasSubstr("HOME="), HasSubstr("GSE_PROCESS_ID=" + started->process_id),
                      HasSubstr("GSE_FLEET_ID=fleet-ins-1")));
    EXPECT_THAT(output, Not(HasSubstr("fd 5")));  // no descriptor of ours
    EXPECT_THAT(output, Not(HasSubstr("SSH_"))) << "the environment is made from nothing";
    EXPECT_TRUE(world.objects.wait_for("logs/steps/ins-1/install.log"));
    EXPECT_THAT(world.objects.get("logs/steps/ins-1/install.log"), HasSubstr("some output"));
    EXPECT_THAT(world.objects.get("logs/steps/ins-1/extract.log"), HasSubstr("data/level.txt"));
    EXPECT_THAT(world.objects.get("logs/steps/ins-1/validate.log"), HasSubstr("/local/game/toy_game: found"));
    EXPECT_EQ(world.supervisor->hello().process_ids, std::vector<std::string>{started->process_id});
}

TEST(Supervisor, ReportsAnExitWithItsLastWordsAndLaunchesAgain) {
    AgentWorld world;
    world.package();
    world.start();
    const auto first = world.run("ins-1", "'print:farewell' exit:7");
    const auto exited = world.server.wait<ProcessExited>();
    ASSERT_TRUE(exited);
    EXPECT_EQ(exited->process_id, first.process_id);
    EXPECT_EQ(exited->exit_code, 7);
    EXPECT_EQ(exited->signal, 0);
    EXPECT_FALSE(exited->killed_by_agent);
    EXPECT_THAT(exited->last_output, HasSubstr("farewell"));
    const auto second = world.server.wait<ProcessStarted>();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->place, first.place);
    EXPECT_NE(second->process_id, first.process_id);
}

fs::path folder_of(const AgentWorld& world, const ProcessStarted& process) {
    return world.options.data_dir / "agent/instances" / process.instance_id / "processes" / process.process_id;
}

bool says(const AgentWorld& world, const ProcessStarted& process, const std::string& text) {
    return wait_until([&] { return output_of(world, process).find(text) != std::string::npos; });
}

TEST(Supervisor, PreparationFailuresSayWhatToChange) {
    struct Case {
        const char* name;
        std::vector<ZipEntry> more;
        std::string launch_path;
        link::PrepareStep step;
        const char* says;
    };
    const Case kCases[] = {
        {"zip slip", {{"../evil", "x"}}, "/local/game/toy_game", link::PrepareStep::Extracted, "'..'"},
        {"install.sh fails",
         {{"install.sh", "echo no compiler >&2; exit 3\n"}},
         "/local/game/toy_game",
         link::PrepareStep::Installed,
         "exit code 3"},
        {"no such program",
         {},
         "/local/game/no_game",
         link::PrepareStep::PathsValidated,
         "/local/game/no_game is not in the package"},
    };
    for (const auto& c : kCases) {
        AgentWorld world;
        world.package(c.more);
        world.start();
        auto spec = world.spec("ins-1", "wait");
        spec.places[0].launch_path = c.launch_path;
        world.order(spec);
        const auto failed = world.server.wait<InstanceStep>([](const auto& report) { return !report.ok; });
        ASSERT_TRUE(failed) << c.name;
        EXPECT_EQ(failed->step, c.step) << c.name;
        EXPECT_THAT(failed->message, HasSubstr(c.says)) << c.name;
        EXPECT_FALSE(failed->log_key.empty()) << c.name;
        EXPECT_TRUE(world.objects.wait_for("logs/" + failed->log_key)) << c.name;
        EXPECT_EQ(world.server.count<ProcessStarted>(), 0u) << c.name;
        EXPECT_FALSE(fs::exists(world.options.data_dir / "agent/instances/ins-1/evil")) << c.name;
    }
}

TEST(Supervisor, AnInstallerThatIsRefusedASystemPathSaysWhich) {
    AgentWorld world;
    world.package({{"install.sh", "set -e\necho fine > /local/game/note\nmkdir /usr/lib/mine\n"}});
    world.start();
    if (world.supervisor->view().sandbox != "bubblewrap") GTEST_SKIP() << "no bubblewrap here";
    world.order(world.spec("ins-1", "wait"));
    const auto failed = world.server.wait<InstanceStep>([](const auto& report) { return !report.ok; });
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->step, link::PrepareStep::Installed);
    EXPECT_THAT(failed->message, HasSubstr("it was refused /usr/lib/mine, for it may write below /local/game only"));
    EXPECT_FALSE(fs::exists("/usr/lib/mine"));
}

TEST(Supervisor, AnInstallerThatGoesOnAfterARefusalIsToldOf) {
    AgentWorld world;
    world.package({{"install.sh",
                    "mkdir -p /opt/tools\necho x > /etc/game.conf\ncp install.sh /usr/local/bin/tool\n"
                    "echo done > note\n"}});
    world.start();
    if (world.supervisor->view().sandbox != "bubblewrap") GTEST_SKIP() << "no bubblewrap here";
    world.order(world.spec("ins-1", "wait"));
    const auto notice = world.server.wait<link::HostNotice>();
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->instance_id, "ins-1");
    EXPECT_THAT(notice->message, HasSubstr("install.sh ended well, but it was refused /opt/tools, /etc/game.conf, "
                                           "/usr/local/bin/tool, for it may write below /local/game only"));
    EXPECT_TRUE(world.server.wait<ProcessStarted>()) << "whether it can do without is the game's to say";
}

TEST(Supervisor, AnInstanceThatTakesMoreMemoryThanItsTypeHasIsEndedWithTheFigures) {
    constexpr std::uint64_t kLimit = 64 << 20;
    AgentWorld world;
    world.package();
    world.options.sandbox = SandboxMode::None;
    world.start();
    auto spec = world.spec("ins-1", "child eat:200 wait", 2);
    spec.places[1].parameters = "wait";
    spec.instance_type = "S5.TINY";
    spec.memory_bytes = kLimit;
    world.order(spec);
    const auto other = world.server.wait<ProcessStarted>([](const auto& report) { return report.place == 2; });
    const auto exited = world.server.wait<ProcessExited>();
    ASSERT_TRUE(other && exited);
    if (!world.supervisor->view().lacks.empty()) {
        // Without control groups its memory is limited too, but nobody keeps count of all processes together.
        EXPECT_EQ(exited->exit_code, 5);
        const auto notice = world.server.wait<link::HostNotice>();
        ASSERT_TRUE(notice);
        EXPECT_THAT(notice->message, HasSubstr("cannot hold instances to the 64 MiB of S5.TINY"));
        return;
    }
    ASSERT_TRUE(exited->out_of_memory) << "the child was killed, and its parent ended with it";
    EXPECT_EQ(exited->out_of_memory->limit, link::MemoryLimit::Instance);
    EXPECT_EQ(exited->out_of_memory->limit_bytes, kLimit);
    EXPECT_NEAR(static_cast<double>(exited->out_of_memory->used_bytes), kLimit, kLimit / 16.0);
    EXPECT_TRUE(is_alive(other->pid)) << "the other process of the instance goes on";
    world.options.limit_type_memory = false;
    world.crash();
    world.start();
    spec.version = ++world.version;
    spec.places[0].parameters = "eat:100 print:eaten exit:0";
    world.order(spec);
    const auto free = world.server.wait<ProcessExited>([](const auto& exit) { return exit.exit_code == 0; });
    ASSERT_TRUE(free) << "a host may switch that off, also for instances that are there";
    EXPECT_THAT(free->last_output, HasSubstr("eaten"));
}

TEST(Supervisor, AnInstallerIsHeldToTheMemoryOfItsInstanceToo) {
    AgentWorld world;
    world.package({{"install.sh", "set -o errexit\nhead -c 200000000 /dev/zero | tail -n 1 > /dev/null\n"}});
    world.options.sandbox = SandboxMode::None;
    world.start();
    auto spec = world.spec("ins-1", "wait");
    spec.instance_type = "S5.TINY";
    spec.memory_bytes = 32 << 20;
    world.order(spec);
    const auto failed = world.server.wait<InstanceStep>([](const auto& report) { return !report.ok; });
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->step, link::PrepareStep::Installed);
    if (world.supervisor->view().lacks.empty()) {
        EXPECT_THAT(failed->message, HasSubstr("out of memory: an instance of S5.TINY has 32 MiB"));
    }
}

TEST(Supervisor, ANewerSpecRepairsAFailedPreparation) {
    AgentWorld world;
    world.package();
    world.start();
    auto spec = world.spec("ins-1", "wait");
    spec.places[0].launch_path = "/local/game/no_game";
    world.order(spec);
    ASSERT_TRUE(world.server.wait<InstanceStep>([](const auto& report) { return !report.ok; }));
    world.order(world.spec("ins-1", "wait"));
    EXPECT_TRUE(world.server.wait<ProcessStarted>());
}

TEST(Supervisor, DownloadsAreRetriedResumedAndShared) {
    AgentWorld world;
    world.package({{"big", std::string(300'000, 'x')}});
    world.start();
    world.objects.fail_next(1, "503 Service Unavailable");
    world.objects.cut_next(100'000);
    world.order(world.spec("ins-1", "wait"));
    world.order(world.spec("ins-2", "wait"));
    ASSERT_TRUE(world.server.wait<ProcessStarted>());
    ASSERT_TRUE(world.server.wait<ProcessStarted>());
    std::vector<std::string> gets;
    for (const auto& request : world.objects.requests())
        if (request.starts_with("GET")) gets.push_back(request);
    ASSERT_EQ(gets.size(), 3u) << "refused, cut off, the rest; nothing for the second instance";
    EXPECT_THAT(gets[2], HasSubstr("bytes="));
}

TEST(Supervisor, AServerThatIsAwayIsNoFaultOfThePackage) {
    AgentWorld world;
    world.package();
    world.options.download_retry_first = Millis{1};
    world.options.download_tries = 2;
    world.start();
    world.server.is_connected = false;
    world.objects.fail_next(6, "503 Service Unavailable");
    world.order(world.spec("ins-1", "wait"));
    EXPECT_TRUE(world.server.wait<ProcessStarted>());
    EXPECT_FALSE(world.server.heard<link::InstanceStep>([](const auto& step) { return !step.ok; }));
}

TEST(Supervisor, AWrongChecksumIsNeverUnpacked) {
    AgentWorld world;
    world.package();
    world.sha256 = std::string(64, 'a');
    world.options.download_tries = 2;
    world.options.prepare_tries = 1;
    world.start();
    world.order(world.spec("ins-1", "wait"));
    const auto failed = world.server.wait<InstanceStep>([](const auto& report) { return !report.ok; });
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->step, link::PrepareStep::Downloaded);
    EXPECT_THAT(failed->message, HasSubstr("SHA-256"));
}

/// A file system of its own, so that it can be full.
class SmallDisk {
public:
    explicit SmallDisk(fs::path where, const char* size = "size=3m") : where_(std::move(where)) {
        fs::create_directories(where_);
        mounted_ = mount("tmpfs", where_.c_str(), "tmpfs", 0, size) == 0;
    }
    ~SmallDisk() {
        if (mounted_) umount2(where_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] bool mounted() const { return mounted_; }
    void grow() const { resize(256 << 20); }
    void resize(std::uint64_t bytes) const {
        mount("tmpfs", where_.c_str(), "tmpfs", MS_REMOUNT, fmt::format("size={}", bytes).c_str());
    }
    [[nodiscard]] std::uint64_t used() const {
        const fs::space_info space = fs::space(where_);
        return space.capacity - space.free;
    }

private:
    fs::path where_;
    bool mounted_ = false;
};

/// Does not shrink when it is packed.
std::string noise(std::size_t bytes) {
    std::string out(bytes, '\0');
    SeededRng rng(1);
    for (char& c : out) c = static_cast<char>(rng.next());
    return out;
}

TEST(Supervisor, AFullDiskIsSaidAndTriedAgain) {
    AgentWorld world;
    const SmallDisk disk(world.options.data_dir);
    if (!disk.mounted()) GTEST_SKIP() << "this machine does not let us mount a small disk";
    world.package({{"level.dat", noise(8 << 20)}});
    world.options.prepare_tries = 1'000;
    world.options.prepare_retry_first = world.options.prepare_retry_longest = Millis{200};
    world.start();
    world.order(world.spec("ins-1", "wait"));
    const auto failed = world.server.wait<InstanceStep>([](const auto& report) { return !report.ok; });
    ASSERT_TRUE(failed);
    EXPECT_THAT(failed->message, HasSubstr("No space left on device"));
    disk.grow();
    EXPECT_TRUE(world.server.wait<ProcessStarted>()) << "it recovers alone";
    world.supervisor->shutdown(true);
    world.supervisor.reset();
}

TEST(Supervisor, OnAFullDiskPackagesThatNothingUsesMakeRoom) {
    const std::uint64_t game_bytes = fs::file_size(GSE_TOY_GAME);
    const struct {
        const char* name;
        std::uint64_t room;
    } cases[] = {
        {"for a download", 1 << 20},
        {"for what is unpacked", (5 << 20) + game_bytes},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        AgentWorld world;
        const SmallDisk disk(world.options.data_dir, "size=256m");
        if (!disk.mounted()) GTEST_SKIP() << "this machine does not let us mount a small disk";
        world.package({{"level.dat", noise(16 << 20)}});
        world.options.prepare_tries = 2;
        world.options.download_tries = 2;
        world.start();
        world.run("ins-1", "wait");
        auto spec = world.spec("ins-1", "wait");
        spec.phase = link::InstancePhase::Remove;
        world.order(spec);
        ASSERT_TRUE(world.server.wait<link::InstanceRemoved>());
        world.package({{"level.dat", noise(4 << 20)}});
        disk.resize(disk.used() + c.room);
        world.order(world.spec("ins-2", "wait"));
        EXPECT_TRUE(
            world.server.wait<ProcessStarted>([](const auto& report) { return report.instance_id == "ins-2"; }));
        world.supervisor->shutdown(true);
        world.supervisor.reset();
    }
}

TEST(Supervisor, NothingIsLeftOfADownloadThatIsGivenUp) {
    AgentWorld world;
    world.package({{"big", std::string(300'000, 'x')}});
    const std::string sha256 = world.sha256;
    world.options.download_tries = 2;
    world.options.prepare_tries = 2;
    world.start();
    world.objects.cut_next(100'000);
    world.order(world.spec("ins-1", "wait"));
    const fs::path part = world.options.data_dir / "agent/packages" / (sha256 + ".part");
    // The rest is refused: the first time the instance tries again, the second time it gives up.
    world.objects.fail_next(100, "503 Service Unavailable");
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(world.server.wait<InstanceStep>([](const auto& report) { return !report.ok; }));
    EXPECT_TRUE(wait_until([&] { return !fs::exists(part); }));
}

TEST(Supervisor, WhatCouldNotBeWrittenIsWrittenOnceThereIsRoom) {
    AgentWorld world;
    world.package();
    world.start();
    const fs::path folder = world.options.data_dir / "agent/instances/ins-1";
    // As on a full disk: no record can be written.
    fs::create_directories(folder / "instance.new");
    const auto started = world.run("ins-1", kReady + "wait");
    ASSERT_TRUE(says(world, started, "answer: 0"));
    fs::create_directories(folder_of(world, started) / "state.new");
    world.order(
        link::EndProcess{.process_id = started.process_id, .reason = EndReason::ScaleIn, .kill_after_ms = 600'000});
    ASSERT_TRUE(world.server.wait<link::TerminateDelivered>());
    EXPECT_FALSE(fs::exists(folder / "instance"));
    fs::remove(folder / "instance.new");
    fs::remove(folder_of(world, started) / "state.new");
    EXPECT_TRUE(wait_until([&] { return load_record(folder / "instance").value_or(Record{}).number("next") == 5; }));
    EXPECT_TRUE(wait_until(
        [&] { return load_record(folder_of(world, started) / "state").value_or(Record{}).number("notified") == 1; }));
    const auto of_a_record = [](const auto& notice) { return notice.message.find(".new") != std::string::npos; };
    EXPECT_EQ(world.server.count<link::HostNotice>(of_a_record), 2u) << "one of each, however often it is tried";
}

TEST(Supervisor, FilesOfAGameThatRunsAreNeverUnpackedAnew) {
    AgentWorld world;
    world.package();
    world.start();
    const fs::path folder = world.options.data_dir / "agent/instances/ins-1";
    fs::create_directories(folder / "instance.new");  // its record cannot be written
    const auto started = world.run("ins-1", "write:/local/game/mine:x print:up wait");
    ASSERT_TRUE(says(world, started, "up"));
    world.crash();
    world.start();
    ASSERT_TRUE(world.server.wait<ProcessStarted>());
    auto spec = world.spec("ins-1", "wait", 2);
    world.order(spec);
    const auto second = world.server.wait<ProcessStarted>([](const auto& report) { return report.place == 2; });
    ASSERT_TRUE(second);
    EXPECT_TRUE(is_alive(started.pid));
    EXPECT_TRUE(fs::exists(folder / "game/mine"));
}

/// A wall clock that somebody sets; time itself goes on.
class JumpingClock final : public Clock {
public:
    [[nodiscard]] WallTime wall() const override { return real_.wall() + Millis{jump_ms.load()}; }
    [[nodiscard]] std::int64_t monotonic_ms() const override { return real_.monotonic_ms(); }
    std::atomic<std::int64_t> jump_ms = 0;

private:
    SystemClock real_;
};

TEST(Supervisor, AClockThatJumpsEndsNoGame) {
    for (const std::int64_t jump_ms : {365LL * 24 * 3'600'000, -365LL * 24 * 3'600'000}) {
        AgentWorld world;
        auto clock = std::make_unique<JumpingClock>();
        JumpingClock& set = *clock;
        world.clock = std::move(clock);
        world.package();
        world.start();
        const auto started = world.run("ins-1", "wait");
        world.order(link::EndProcess{.process_id = started.process_id,
                                     .reason = EndReason::ScaleIn,
                                     .notify = true,
                                     .termination_time_unix_s = 0,
                                     .kill_after_ms = 3'600'000});
        set.jump_ms = jump_ms;
        world.supervisor->tick();
        // Whatever is due by the new calendar would be done by the time a second instance runs.
        ASSERT_FALSE(world.run("ins-2", "wait").process_id.empty());
        EXPECT_TRUE(is_alive(started.pid)) << "its deadline is an hour away";
        EXPECT_EQ(world.server.count<ProcessExited>(), 0u);
    }
}

TEST(Supervisor, AGameThatNeverBecomesReadyIsKilled) {
    AgentWorld world;
    world.package();
    world.timers.process_ready = Millis{200};
    world.start();
    const auto started = world.run("ins-1", "child ignore wait");
    const auto exited = world.server.wait<ProcessExited>();
    ASSERT_TRUE(exited);
    EXPECT_TRUE(exited->killed_by_agent);
    EXPECT_EQ(exited->kill_reason, EndReason::ReadyTimeout);
    EXPECT_FALSE(is_alive(started.pid));
}

TEST(Supervisor, AGameThatIgnoresTerminationIsKilledWithAllItsChildren) {
    AgentWorld world;
    world.package();
    world.start();
    const auto started = world.run("ins-1", kReady + "ignore child wait");
    ASSERT_TRUE(says(world, started, "answer: 0"));
    ASSERT_TRUE(wait_until([&] { return process_tree(started.pid).size() == 2; }));
    const auto tree = process_tree(started.pid);
    world.order(
        link::EndProcess{.process_id = started.process_id, .reason = EndReason::ScaleIn, .kill_after_ms = 600'000});
    ASSERT_TRUE(world.server.wait<link::TerminateDelivered>());
    world.order(link::EndProcess{.process_id = started.process_id, .reason = EndReason::ScaleIn, .kill_after_ms = 50});
    const auto exited = world.server.wait<ProcessExited>();
    ASSERT_TRUE(exited);
    EXPECT_TRUE(exited->killed_by_agent);
    EXPECT_EQ(exited->kill_reason, EndReason::ScaleIn);
    EXPECT_EQ(exited->signal, SIGKILL);
    EXPECT_EQ(world.door.calls("terminate"), 1u) << "told once, however often the deadline moves";
    EXPECT_EQ(world.door.calls("forget"), 1u) << "nothing is kept for a port that nobody answers on";
    for (const auto pid : tree) EXPECT_FALSE(is_alive(pid)) << pid;
}

TEST(Supervisor, AGameThatAnnouncedItsEndHasLimitedTime) {
    AgentWorld world;
    world.package();
    world.timers.process_exit = Millis{100};
    world.start();
    world.run("ins-1", kReady + "'call:{pid} ending' ignore wait");
    const auto exited = world.server.wait<ProcessExited>();
    ASSERT_TRUE(exited);
    EXPECT_TRUE(exited->killed_by_agent);
    EXPECT_EQ(exited->kill_reason, EndReason::Itself);
}

TEST(Supervisor, AFloodedLogStaysSmall) {
    AgentWorld world;
    world.package();
    world.options.process_log_bytes = 256 << 10;
    world.start();
    const auto started = world.run("ins-1", "flood:16 'print:the very end' wait");
    ASSERT_TRUE(says(world, started, "the very end"));
    const auto folder = folder_of(world, started);
    EXPECT_LE(fs::file_size(folder / "output.log") + fs::file_size(folder / "output.1.log"), 2u * (256 << 10));
}

TEST(Supervisor, ACallUnderAnothersPidIsRefusedAndTold) {
    AgentWorld world;
    world.package();
    world.start();
    const auto victim = world.run("ins-1", "wait");
    const auto thief = world.run("ins-2", fmt::format("'call:{} ending' wait", victim.pid));
    ASSERT_TRUE(says(world, thief, "answer: "));
    EXPECT_THAT(output_of(world, thief), HasSubstr("answer: 3 pid"));
    // Where bubblewrap does not work, notices of that come before.
    const auto notice = world.server.wait<link::HostNotice>(
        [&](const link::HostNotice& told) { return told.message.find(thief.process_id) != std::string::npos; });
    ASSERT_TRUE(notice);
    EXPECT_THAT(notice->message, HasSubstr(victim.process_id));
    EXPECT_EQ(world.server.count<link::SdkCall>(), 0u);
}

TEST(Supervisor, APortThatAGameHasLeftSpeaksForItNoLonger) {
    AgentWorld world;
    world.package();
    world.start();
    const auto victim = world.run("ins-1", kReady + "hangup print:gone wait");
    ASSERT_TRUE(says(world, victim, "gone"));
    const std::uint16_t port = world.door.port_of(victim.pid);
    ASSERT_NE(port, 0);
    const std::size_t calls = world.server.count<link::SdkCall>();
    // Whoever has the port now has called, and hung up before anybody could see who it was.
    std::promise<link::SdkReply> answered;
    world.supervisor->on_call(
        {.claimed_pid = victim.pid, .peer_address = "127.0.0.1", .peer_port = port, .request_id = "r"},
        link::CallEnding{}, [&](link::SdkReply reply) { answered.set_value(std::move(reply)); });
    auto answer = answered.get_future();
    ASSERT_EQ(answer.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    EXPECT_EQ(answer.get().status, link::CallStatus::FailedPrecondition);
    EXPECT_EQ(world.server.count<link::SdkCall>(), calls);
}

TEST(Supervisor, CallsOfDescendantsCountAndStrangersDoNot) {
    AgentWorld world;
    world.package();
    world.start();
    const auto parent = world.run("ins-1", "child " + kReady + "wait");
    EXPECT_TRUE(says(world, parent, "answer: 0")) << output_of(world, parent);
    const auto stranger = world.run("ins-2", "'call:1 ending' 'call:0 ending' wait");
    ASSERT_TRUE(says(world, stranger, "answer: 1 "));
    EXPECT_THAT(output_of(world, stranger), AllOf(HasSubstr("answer: 3 pid 1 is not a process of a game server"),
                                                  HasSubstr("answer: 1 the metadata 'pid' is missing")));
}

TEST(Supervisor, OnlyReadyComesBeforeReady) {
    AgentWorld world;
    world.package();
    world.start();
    const auto started = world.run("ins-1", "'call:{pid} activate s' " + kReady + "'call:{pid} activate s' wait");
    ASSERT_TRUE(says(world, started, "answer: 0 \nanswer: 0 "));
    EXPECT_THAT(output_of(world, started), HasSubstr("answer: 3 ProcessReady has not been called"));
}

TEST(Supervisor, SelfChosenPortsAreCheckedBeforeTheyAreBelieved) {
    AgentWorld world;
    world.package();
    world.start();
    const std::uint16_t silent = free_port();
    const auto other = world.run("ins-0", "wait");
    auto taken = world.spec("ins-0", "wait");
    const std::uint16_t theirs = taken.places[0].client_port;
    world.order(taken);
    const auto started = world.run(
        "ins-1",
        fmt::format("'call:{{pid}} ready {} {}' 'call:{{pid}} ready 80 {{grpc}}' 'call:{{pid}} ready {} {{grpc}}' "
                    "listen:{} 'call:{{pid}} ready {{listen}} {{listen}}' wait",
                    silent, silent, theirs, free_port()));
    ASSERT_TRUE(says(world, started, "answer: 0"));
    const std::string output = output_of(world, started);
    EXPECT_THAT(output, AllOf(HasSubstr(fmt::format("clientPort {} is not listened on", silent)),
                              HasSubstr("clientPort 80 is outside the fleet's inbound ports"),
                              HasSubstr(fmt::format("clientPort {} belongs to a place of fleet fleet-ins-0", theirs))));
    EXPECT_TRUE(world.server.wait<link::HostNotice>(
        [](const auto& report) { return report.message.find("was refused") != std::string::npos; }));
}

TEST(Supervisor, ACallIsAnsweredInTimeAndALateAnswerStillCounts) {
    AgentWorld world;
    world.package();
    world.timers.sdk_call = Millis{100};
    world.server.on_call = [](const link::SdkCall&) { return std::nullopt; };
    world.start();
    const auto started = world.run("ins-1", kReady + "wait");
    ASSERT_TRUE(says(world, started, "answer: 4 the server did not answer in time"));
    const auto call = world.server.wait<link::SdkCall>();
    ASSERT_TRUE(call);
    world.order(link::SdkReply{.call_id = call->call_id});
    world.order(link::StartSession{.process_id = started.process_id, .session_id = "s"});
    const auto result = world.server.wait<link::SessionStartResult>();
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->ok) << result->message;
}

TEST(Supervisor, AMatchForAProcessProvesThatTheServerHasTakenItsProcessReady) {
    for (const bool in_time : {true, false}) {
        SCOPED_TRACE(in_time ? "while the game waits for the answer" : "after it was told to try again");
        AgentWorld world;
        world.package();
        if (!in_time) world.timers.sdk_call = Millis{50};
        world.server.on_call = [](const link::SdkCall&) { return std::nullopt; };  // lost on its way back
        world.start();
        const auto started = world.run("ins-1", kReady + "wait");
        ASSERT_TRUE(world.server.wait<link::SdkCall>());
        if (!in_time) {
            ASSERT_TRUE(says(world, started, "answer: 4 the server did not answer in time"));
        }
        world.order(link::StartSession{.process_id = started.process_id, .session_id = "s"});
        const auto result = world.server.wait<link::SessionStartResult>();
        ASSERT_TRUE(result);
        EXPECT_TRUE(result->ok) << result->message;
        if (in_time) {
            EXPECT_TRUE(says(world, started, "answer: 0"));
        }
    }
}

TEST(Supervisor, ASessionIsStartedOnceThroughBadWeather) {
    AgentWorld world;
    world.package();
    world.door.on_start = [](std::size_t nth) -> Result<void> {
        if (nth <= 2) return refuse(ErrorCode::Unavailable, "connection refused");
        if (nth == 4) return refuse(ErrorCode::FailedOperation, "no");
        return {};
    };
    world.start();
    const auto started = world.run("ins-1", kReady + "wait");
    ASSERT_TRUE(says(world, started, "answer: 0"));
    for (int i = 0; i < 2; ++i) {
        world.order(link::StartSession{.process_id = started.process_id, .session_id = "s1"});
        const auto result = world.server.wait<link::SessionStartResult>();
        ASSERT_TRUE(result);
        EXPECT_TRUE(result->ok);
    }
    EXPECT_EQ(world.door.calls("start"), 3u);
    world.order(link::StartSession{.process_id = started.process_id, .session_id = "s2"});
    const auto refused = world.server.wait<link::SessionStartResult>();
    ASSERT_TRUE(refused);
    EXPECT_FALSE(refused->ok) << "a refusal is final";
    EXPECT_EQ(world.door.calls("start"), 4u);
}

TEST(Supervisor, ASessionIsStartedAlsoWhereTheOneBeforeIsStillBeingHeardOf) {
    AgentWorld world;
    world.package();
    world.door.holds_start = true;
    world.start();
    const auto started = world.run("ins-1", kReady + "wait");
    ASSERT_TRUE(says(world, started, "answer: 0"));
    world.order(link::StartSession{.process_id = started.process_id, .session_id = "s1"});
    ASSERT_TRUE(world.door.wait_calls("start", 1));
    world.door.holds_start = false;
    world.order(link::StartSession{.process_id = started.process_id, .session_id = "s2"});
    world.door.let_go();
    const auto result = world.server.wait<link::SessionStartResult>();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->session_id, "s2");
    EXPECT_TRUE(result->ok);
}

TEST(Supervisor, TheNextAgentSaysWhichSessionRunsOnAnAdoptedGame) {
    const struct {
        const char* name;
        std::string session;
        std::string then;
        std::string running;
    } cases[] = {
        {"idle", "", "wait", ""},
        {"a match runs", "s1", "wait", "s1"},
        {"its match is over", "s1", "'call:{pid} activate s1' 'call:{pid} over s1' print:ended wait", ""},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        AgentWorld world;
        world.package();
        // Activation is answered once the test has seen the session begin.
        std::atomic<std::uint64_t> held = 0;
        world.server.on_call = [&held](const link::SdkCall& call) -> std::optional<link::SdkReply> {
            if (!std::holds_alternative<link::CallActivateSession>(call.call))
                return link::SdkReply{.call_id = call.call_id};
            held = call.call_id;
            return std::nullopt;
        };
        world.start();
        const auto started = world.run("ins-1", kReady + c.then);
        ASSERT_TRUE(says(world, started, "answer: 0"));
        if (!c.session.empty()) {
            world.order(link::StartSession{.process_id = started.process_id, .session_id = c.session});
            ASSERT_TRUE(world.server.wait<link::SessionStartResult>());
        }
        if (c.running != c.session) {
            ASSERT_TRUE(wait_until([&] { return held != 0; }));
            world.order(link::SdkReply{.call_id = held});
            ASSERT_TRUE(says(world, started, "ended"));
        }
        world.crash();
        world.start();
        const auto ready = world.server.wait<link::ProcessIsReady>();
        ASSERT_TRUE(ready);
        EXPECT_EQ(ready->session_id, c.running);
    }
}

TEST(Supervisor, HealthIsReportedWhenItChanges) {
    AgentWorld world;
    world.package();
    world.timers.health_interval = Millis{20};
    world.start();
    const auto started = world.run("ins-1", kReady + "wait");
    ASSERT_TRUE(world.door.wait_calls("health", 2));
    EXPECT_EQ(world.server.count<link::HealthChanged>(), 0u);
    world.door.healthy = false;
    const auto sick = world.server.wait<link::HealthChanged>();
    ASSERT_TRUE(sick);
    EXPECT_FALSE(sick->healthy);
    world.door.healthy = true;
    const auto well = world.server.wait<link::HealthChanged>();
    ASSERT_TRUE(well);
    EXPECT_TRUE(well->healthy);
}

TEST(Supervisor, ABusyPortWaitsForAnotherOne) {
    AgentWorld world;
    world.package();
    world.start();
    auto spec = world.spec("ins-1", "wait");
    const auto holder = world.run("ins-0", fmt::format("listen:{} print:listening wait", spec.places[0].client_port));
    ASSERT_TRUE(says(world, holder, "listening"));
    world.order(spec);
    const auto failed = world.server.wait<link::ProcessStartFailed>();
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->failure, link::StartFailure::PortBusy);
    EXPECT_EQ(failed->port, spec.places[0].client_port);
    spec.places[0].client_port = free_port();
    spec.version = ++world.version;
    world.order(spec);
    EXPECT_TRUE(world.server.wait<ProcessStarted>());
    EXPECT_EQ(world.server.count<link::ProcessStartFailed>(), 0u + 1u) << "no tries in between";
}

TEST(Supervisor, AProgramThatCannotBeExecutedIsSaidSo) {
    AgentWorld world;
    world.package({{"broken",
                    "\x7f"
                    "ELF but not really",
                    0100755}});
    world.start();
    auto spec = world.spec("ins-1", "");
    spec.places[0].launch_path = "/local/game/broken";
    spec.places[0].parameters = "'open quote";
    world.order(spec);
    const auto failed = world.server.wait<link::ProcessStartFailed>();
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->failure, link::StartFailure::CannotExecute);
    EXPECT_THAT(failed->message, HasSubstr("quote"));
}

TEST(Supervisor, GamesSurviveTheAgentAndAreAdopted) {
    AgentWorld world;
    world.package();
    world.start();
    const auto ready = world.run("ins-1", kReady + "wait");
    ASSERT_TRUE(says(world, ready, "answer: 0"));
    const auto dying = world.run("ins-2", "print:hello wait");
    ASSERT_TRUE(says(world, dying, "hello"));
    world.order(link::EndProcess{.process_id = ready.process_id, .reason = EndReason::ScaleIn, .kill_after_ms = 1'500});
    ASSERT_TRUE(world.server.wait<link::TerminateDelivered>());
    world.crash();
    EXPECT_TRUE(is_alive(ready.pid));
    kill(static_cast<pid_t>(dying.pid), SIGSEGV);  // while nobody looks
    ASSERT_TRUE(wait_until([&] { return fs::exists(folder_of(world, dying) / "exit"); }));

    world.start();
    EXPECT_EQ(world.supervisor->hello().process_ids.size(), 2u);
    const auto adopted =
        world.server.wait<ProcessStarted>([&](const auto& report) { return report.process_id == ready.process_id; });
    ASSERT_TRUE(adopted);
    EXPECT_EQ(adopted->pid, ready.pid);
    EXPECT_TRUE(world.server.wait<link::ProcessIsReady>());
    const auto missed = world.server.wait<ProcessExited>();
    ASSERT_TRUE(missed);
    EXPECT_EQ(missed->process_id, dying.process_id);
    EXPECT_EQ(missed->signal, SIGSEGV);
    // The deadline goes on where it was, and nobody is told twice.
    const auto ended = world.server.wait<ProcessExited>();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->process_id, ready.process_id);
    EXPECT_EQ(ended->kill_reason, EndReason::ScaleIn);
    EXPECT_TRUE(ended->killed_by_agent);
    EXPECT_EQ(world.door.calls("terminate"), 1u);
    // Exits are kept until the server has them.
    EXPECT_TRUE(fs::exists(folder_of(world, dying)));
    world.supervisor->on_acked(world.server.last_seq() + 100);
    EXPECT_TRUE(wait_until([&] { return !fs::exists(folder_of(world, dying)); }));
}

/// An agent in a process of its own, that can be killed; it has this order. -1: there is none.
pid_t start_agent_apart(AgentWorld& world, const SupervisorOptions& options, const link::InstanceSpec& spec) {
    const pid_t agent = fork();
    if (agent != 0) return agent;
    FakeServer server;
    Supervisor supervisor(options, world.door, server, *world.clock);
    if (!supervisor.start()) _exit(1);
    supervisor.on_welcome({.epoch = 1, .objects_url = world.objects.url(), .timers = world.timers});
    supervisor.on_order(spec);
    for (;;) pause();
}

void kill_agent(pid_t agent) {
    kill(agent, SIGKILL);
    waitpid(agent, nullptr, 0);
}

TEST(Supervisor, AnAgentThatIsKilledLeavesItsGamesToTheNext) {
    AgentWorld world;
    world.package();
    const auto options = world.options;
    const auto spec = world.spec("ins-1", "print:alive wait");
    const pid_t agent = start_agent_apart(world, options, spec);
    ASSERT_GT(agent, 0);
    const fs::path processes = options.data_dir / "agent/instances/ins-1/processes";
    const auto find_started = [&]() -> std::optional<ShimStarted> {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(processes, error))
            if (const auto started = read_shim_started(entry.path())) return started;
        return std::nullopt;
    };
    EXPECT_TRUE(wait_until([&] { return find_started().has_value(); }));
    kill_agent(agent);
    const auto started = find_started();
    ASSERT_TRUE(started);
    EXPECT_TRUE(is_alive(started->game_pid));
    world.start();
    const auto adopted = world.server.wait<ProcessStarted>();
    ASSERT_TRUE(adopted);
    EXPECT_EQ(adopted->pid, started->game_pid);
    kill(static_cast<pid_t>(adopted->pid), SIGTERM);
    const auto exited = world.server.wait<ProcessExited>();
    ASSERT_TRUE(exited) << "exits of adopted processes are noticed";
    EXPECT_EQ(exited->signal, SIGTERM);
}

TEST(Supervisor, AnInstallerOfAnAgentThatWasKilledEndsWithItsInstance) {
    AgentWorld world;
    world.package({{"install.sh", "exec sleep 1000\n"}});
    auto options = world.options;
    options.installer_limit = Millis{3'600'000};
    auto spec = world.spec("ins-1", "wait");
    const pid_t agent = start_agent_apart(world, options, spec);
    ASSERT_GT(agent, 0);
    const fs::path install = options.data_dir / "agent/instances/ins-1/install";
    EXPECT_TRUE(wait_until([&] { return read_shim_started(install).has_value(); }));
    kill_agent(agent);
    const auto started = read_shim_started(install);
    ASSERT_TRUE(started);
    EXPECT_TRUE(is_alive(started->game_pid));
    world.start();
    spec.version = ++world.version;
    spec.phase = link::InstancePhase::Remove;
    world.order(spec);
    ASSERT_TRUE(world.server.wait<link::InstanceRemoved>());
    EXPECT_FALSE(is_alive(started->game_pid));
    EXPECT_FALSE(is_alive(started->shim_pid));
}

TEST(Supervisor, NothingIsLaunchedAfterARestartBeforeTheServerHasSpoken) {
    AgentWorld world;
    world.package();
    world.start();
    const auto first = world.run("ins-1", "print:up wait");
    ASSERT_TRUE(says(world, first, "up"));
    world.crash();
    world.start();
    ASSERT_TRUE(world.server.wait<ProcessStarted>());
    kill(static_cast<pid_t>(first.pid), SIGKILL);
    ASSERT_TRUE(world.server.wait<ProcessExited>());
    EXPECT_TRUE(wait_until([&] { return world.supervisor->view().running == 0; }));
    EXPECT_EQ(world.server.count<ProcessStarted>(), 1u) << "only the adopted one";
    world.order(world.spec("ins-1", "wait"));
    EXPECT_TRUE(world.server.wait<ProcessStarted>()) << "and then without unpacking again";
    EXPECT_EQ(world.server.count<InstanceStep>(), 5u);
}

TEST(Supervisor, AGameWhoseShimIsNotKnownAtFirstCanBeEnded) {
    for (const bool found_later : {true, false}) {
        SCOPED_TRACE(found_later ? "what its shim wrote can be read later" : "it never can");
        AgentWorld world;
        world.package();
        world.start();
        const auto first = world.run("ins-1", "print:up wait");
        ASSERT_TRUE(says(world, first, "up"));
        const fs::path folder = folder_of(world, first);
        world.crash();
        fs::rename(folder / "started", folder / "away");
        world.start();
        const auto adopted = world.server.wait<ProcessStarted>();
        ASSERT_TRUE(adopted);
        EXPECT_EQ(adopted->pid, 0);
        if (found_later) fs::rename(folder / "away", folder / "started");
        world.order(link::EndProcess{.process_id = first.process_id, .reason = EndReason::ScaleIn, .kill_after_ms = 0});
        const auto exited = world.server.wait<ProcessExited>();
        ASSERT_TRUE(exited);
        EXPECT_TRUE(exited->killed_by_agent);
        EXPECT_TRUE(wait_until([&] { return !is_alive(first.pid); }));
    }
}

TEST(Supervisor, AKilledShimTakesItsGameAlong) {
    AgentWorld world;
    world.package();
    world.start();
    const auto started = world.run("ins-1", "print:up wait");
    const auto shim = read_shim_started(folder_of(world, started));
    ASSERT_TRUE(shim);
    kill(static_cast<pid_t>(shim->shim_pid), SIGKILL);
    ASSERT_TRUE(world.server.wait<ProcessExited>());
    EXPECT_TRUE(wait_until([&] { return !is_alive(started.pid); })) << "its ports must be free for the next";
    world.supervisor->on_acked(world.server.last_seq() + 100);
    EXPECT_TRUE(wait_until([&] { return !fs::exists(folder_of(world, started)); }));
}

TEST(Supervisor, RemovalKillsAndTidiesUp) {
    AgentWorld world;
    world.package();
    world.start();
    const auto started = world.run("ins-1", "ignore print:up wait");
    ASSERT_TRUE(says(world, started, "up"));
    auto spec = world.spec("ins-1", "wait");
    spec.phase = link::InstancePhase::Remove;
    world.order(spec);
    ASSERT_TRUE(world.server.wait<ProcessExited>());
    ASSERT_TRUE(world.server.wait<link::InstanceRemoved>());
    EXPECT_FALSE(is_alive(started.pid));
    world.supervisor->on_acked(world.server.last_seq() + 100);
    EXPECT_TRUE(wait_until([&] { return !fs::exists(world.options.data_dir / "agent/instances/ins-1"); }));
    EXPECT_TRUE(world.supervisor->hello().instance_ids.empty());
    spec.version = ++world.version;
    world.order(spec);
    EXPECT_TRUE(world.server.wait<link::InstanceRemoved>()) << "said again when asked again";
}

TEST(Supervisor, DrainingStartsNothingNewUntilItIsTakenBack) {
    AgentWorld world;
    world.package();
    world.start();
    const auto started = world.run("ins-1", "print:up wait");
    auto spec = world.spec("ins-1", "wait");
    spec.phase = link::InstancePhase::Drain;
    world.order(spec);
    kill(static_cast<pid_t>(started.pid), SIGTERM);
    ASSERT_TRUE(world.server.wait<ProcessExited>());
    world.order(link::CollectLogs{.session_id = "s",
                                  .process_id = started.process_id,
                                  .instance_id = "ins-1",
                                  .target = {"logs", "s.zip", "token"},
                                  .max_bytes = 1 << 20});
    ASSERT_TRUE(world.server.wait<link::LogCollected>());
    EXPECT_EQ(world.server.count<ProcessStarted>(), 1u);
    world.order(world.spec("ins-1", "print:up wait"));
    EXPECT_TRUE(wait_until([&] { return world.server.count<ProcessStarted>() == 2; })) << "unless it is taken back";
}

TEST(Supervisor, LogsAreCollectedOnceAndOnlyTheInstancesOwn) {
    AgentWorld world;
    world.package({{"logs/old.txt", "old"}});
    world.start();
    const auto started = world.run("ins-1", "write:logs/match.txt:scores print:done wait");
    ASSERT_TRUE(says(world, started, "done"));
    const link::CollectLogs order{.session_id = "s",
                                  .process_id = started.process_id,
                                  .instance_id = "ins-1",
                                  .paths = {"./logs", "/etc/shadow"},
                                  .target = {"logs", "sessions/s.zip", "token"},
                                  .max_bytes = 1 << 20};
    world.order(order);
    const auto collected = world.server.wait<link::LogCollected>();
    ASSERT_TRUE(collected);
    EXPECT_TRUE(collected->ok) << collected->message;
    EXPECT_EQ(collected->log_key, "sessions/s.zip");
    EXPECT_THAT(collected->message, HasSubstr("/etc/shadow"));
    const std::string zip = world.objects.get("logs/sessions/s.zip");
    EXPECT_EQ(zip.size(), collected->bytes);
    EXPECT_THAT(zip, AllOf(HasSubstr("logs/match.txt"), HasSubstr("logs/old.txt"), HasSubstr("process.log")));
    world.order(order);
    ASSERT_TRUE(world.server.wait<link::LogCollected>());
    std::size_t puts = 0;
    for (const auto& request : world.objects.requests()) puts += request == "PUT logs/sessions/s.zip";
    EXPECT_EQ(puts, 1u);
}

TEST(Supervisor, LogsOutliveAStoreThatIsAwayForLong) {
    AgentWorld world;
    world.package();
    world.options.log_retry_first = world.options.log_retry_longest = Millis{5};
    world.start();
    const auto started = world.run("ins-1", "write:logs/match.txt:scores print:done wait");
    ASSERT_TRUE(says(world, started, "done"));
    world.objects.fail_next(30, "503 Service Unavailable");
    world.order(link::CollectLogs{.session_id = "s",
                                  .process_id = started.process_id,
                                  .instance_id = "ins-1",
                                  .paths = {"./logs"},
                                  .target = {"logs", "s.zip", "token"},
                                  .max_bytes = 1 << 20});
    const auto collected = world.server.wait<link::LogCollected>();
    ASSERT_TRUE(collected);
    EXPECT_TRUE(collected->ok) << collected->message;
    EXPECT_TRUE(world.objects.wait_for("logs/s.zip"));
}

TEST(Supervisor, TheSandboxShowsAGameOnlyWhatIsIts) {
    AgentWorld world;
    world.package({{"look.sh",
                    "#!/bin/sh\n"
                    "ls \"$1\" 2>&1\n"
                    "cat /etc/shadow 2>&1 >/dev/null\n"
                    "touch /usr/evil 2>&1\n"
                    "touch /local/game/mine /tmp/mine && echo writable\n"
                    "id -un\n"
                    "kill -0 \"$2\" 2>&1\n"
                    "echo looked\nexec sleep 1000\n",
                    0100755}});
    world.start();
    if (world.supervisor->view().sandbox != "bubblewrap") GTEST_SKIP() << "no bubblewrap here";
    auto spec = world.spec("ins-1", fmt::format("{} {}", world.options.data_dir.string(), getpid()));
    spec.places[0].launch_path = "/local/game/look.sh";
    world.order(spec);
    const auto started = world.server.wait<ProcessStarted>();
    ASSERT_TRUE(started);
    ASSERT_TRUE(says(world, *started, "looked"));
    const std::string output = output_of(world, *started);
    EXPECT_THAT(output, AllOf(HasSubstr("No such file or directory"), HasSubstr("/etc/shadow: Permission denied"),
                              HasSubstr("writable")));
    EXPECT_THAT(output, ::testing::ContainsRegex("/usr/evil.*(Read-only|Permission denied)"));
    EXPECT_FALSE(fs::exists("/tmp/mine"));
    EXPECT_FALSE(fs::exists("/usr/evil"));
    if (geteuid() == 0) {
        EXPECT_THAT(output, AllOf(HasSubstr("user_00"), HasSubstr("not permitted")))
            << "a user of its own, who may not signal us";
    }
}

TEST(Supervisor, WithoutASandboxPathsAreMapped) {
    AgentWorld world;
    world.package();
    world.options.sandbox = SandboxMode::None;
    world.start();
    const auto started = world.run("ins-1", kReady + "write:/local/game/here:x print:done wait");
    ASSERT_TRUE(says(world, started, "done"));
    EXPECT_THAT(output_of(world, started), HasSubstr("answer: 0"));
    EXPECT_TRUE(fs::exists(world.options.data_dir / "agent/instances/ins-1/game/here"));
    EXPECT_EQ(world.supervisor->hello().sandbox, "none");
}

TEST(Supervisor, ShutdownEndsEveryGame) {
    AgentWorld world;
    world.package();
    world.start();
    const auto polite = world.run("ins-1", kReady + "wait");
    const auto stubborn = world.run("ins-2", "ignore print:up wait");
    ASSERT_TRUE(says(world, stubborn, "up"));
    ASSERT_TRUE(says(world, polite, "answer: 0"));
    world.supervisor->shutdown(true);
    EXPECT_FALSE(is_alive(polite.pid));
    EXPECT_FALSE(is_alive(stubborn.pid));
    EXPECT_EQ(world.door.calls("terminate"), 1u);
    EXPECT_EQ(world.server.count<ProcessExited>(), 2u);
}

TEST(Supervisor, TwoAgentsDoNotShareAFolder) {
    AgentWorld world;
    world.start();
    FakeServer other_server;
    Supervisor other(world.options, world.door, other_server, *world.clock);
    const auto started = other.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::InUse);
}

}  // namespace
}  // namespace gse::agent
