// The supervisor with real processes: what a host does from a spec to the last exit.
#include "agent/supervisor.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "agent/shim_process.h"
#include "agent/testing/agent_world.h"
#include "base/file.h"

namespace gse::agent {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using link::InstanceStep;
using link::ProcessExited;
using link::ProcessStarted;

const std::string kReady = "listen:0 'call:{pid} ready {client} {grpc}' ";

std::string output_of(const AgentWorld& world, const ProcessStarted& process) {
    return read_last_output(world.options.data_dir / "agent/instances" / process.instance_id / "processes" / process.process_id, 64 << 10);
}

TEST(Supervisor, PreparesLaunchesAndHearsAGame) {
    AgentWorld world;
    world.package({{"data/level.txt", "hello"}, {"install.sh", "echo installed > /local/game/data/done\necho some output\n"}});
    world.start();
    world.order(world.spec("ins-1", kReady + "'print:cwd and port {client}' env fds wait"));
    for (int step = 0; step < 5; ++step) {
        const auto done = world.server.wait<InstanceStep>([&](const auto& report) { return static_cast<int>(report.step) == step; });
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
    EXPECT_THAT(output, AllOf(HasSubstr("answer: 0"), HasSubstr("HOME="), HasSubstr("GSE_PROCESS_ID=" + started->process_id),
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

}  // namespace
}  // namespace gse::agent
