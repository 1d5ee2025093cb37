#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenProcesses, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 3});
    const std::string tokyo = world.make_fleet({.name = "tokyo", .region = "ap-tokyo"});
    std::map<std::string, std::string, std::greater<>> known{{"fleet", fleet}, {"tokyo", tokyo}};
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        return golden.call(action, sentence, fill(std::move(json), known), region);
    };
    world.advance(90s);
    const std::string session = world.make_session(fleet);
    known["session"] = session;

    const Answer all = call("DescribeServerProcesses", "all of a fleet; one runs a session", R"({"FleetId":"$fleet"})");
    const Answer page = call("DescribeServerProcesses", "the first two", R"({"FleetId":"$fleet","Limit":2})");
    known["token"] = page["NextToken"];
    known["instance"] = all["ServerProcesses.0.InstanceId"];
    EXPECT_EQ(page["ServerProcesses.1.ProcessId"], all["ServerProcesses.1.ProcessId"]);
    const Answer rest =
        call("DescribeServerProcesses", "and the rest", R"({"FleetId":"$fleet","Limit":2,"NextToken":"$token"})");
    EXPECT_EQ(rest["ServerProcesses.0.ProcessId"], all["ServerProcesses.2.ProcessId"]);
    EXPECT_EQ(rest["NextToken"], "");
    call("DescribeServerProcesses", "of one instance", R"({"FleetId":"$fleet","InstanceId":"$instance","Limit":1})");
    call("DescribeServerProcesses", "of an instance of another fleet",
         R"({"FleetId":"$tokyo","InstanceId":"$instance"})", "ap-tokyo");
    call("DescribeServerProcesses", "of a fleet of another region", R"({"FleetId":"$tokyo"})");
    call("DescribeServerProcesses", "without a fleet", "{}");
    call("DescribeServerProcesses", "a page of nothing", R"({"FleetId":"$fleet","Limit":0})");
    call("DescribeServerProcesses", "with a token of another list",
         R"({"FleetId":"$fleet","NextToken":"ntoken-1-00000000000000000000"})");

    std::string idle;
    for (int i = 0; i < 3; ++i) {
        const std::string one = "ServerProcesses." + std::to_string(i);
        (all[one + ".GameServerSessionId"] == session ? known["busy"] : idle) = all[one + ".ProcessId"];
    }
    known["idle"] = idle;
    world.call("UpdateGameServerSession", {{"GameServerSessionId", session}, {"ProtectionPolicy", "FullProtection"}});
    world.host().behaviour.idle_complies = false;
    call("EndServerProcess", "one whose session has FullProtection", R"({"ProcessId":"$busy"})");
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    call("EndServerProcess", "one that does not exist", R"({"ProcessId":"proc-nothing"})");
    call("EndServerProcess", "one of another region", R"({"ProcessId":"$idle"})", "ap-tokyo");
    call("EndServerProcess", "without an id", "{}");
    call("EndServerProcess", "with a word for a truth value", R"({"ProcessId":"$idle","Force":"perhaps"})");
    call("EndServerProcess", "an idle one: it is told first", R"({"ProcessId":"$idle"})");
    call("EndServerProcess", "the same again is no error", R"({"ProcessId":"$idle"})");
    call("EndServerProcess", "by force, whatever it runs", R"({"ProcessId":"$busy","Force":true})");
    EXPECT_EQ(world.session_status(session), "TERMINATED");
    world.advance(1s);
    call("EndServerProcess", "one that is gone", R"({"ProcessId":"$busy"})");
}

}  // namespace
}  // namespace gse::testing
