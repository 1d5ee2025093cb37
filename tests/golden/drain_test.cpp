#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenDrain, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 2, .max = 2});
    const std::string live = world.make_fleet({.name = "live"});
    world.make_alias(live);
    world.host().behaviour.fails_at = link::PrepareStep::Extracted;
    const std::string broken = world.make_fleet({.name = "broken"});
    world.host().behaviour.fails_at.reset();
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        golden.call(action, sentence, fill(std::move(json), {{"f", fleet}, {"live", live}, {"broken", broken}}),
                    region);
    };
    const std::string first = world.make_session(fleet);
    world.advance(10min);
    world.host().end_session(first);
    world.advance(3s);
    const std::string session = world.make_session(fleet);
    world.join(session, "ann");
    world.advance(60s);

    call("DescribeFleetDrain", "of a fleet that does not drain: when it would be empty", R"({"FleetId":"$f"})");
    call("UndrainFleet", "one that does not drain", R"({"FleetId":"$f"})");
    call("DrainFleet", "without more", R"({"FleetId":"$f"})");
    call("DrainFleet", "again, with every option",
         R"({"FleetId":"$f","DenyJoins":true,"DeadlineInSeconds":7200,"DeleteWhenEmpty":true})");
    call("DescribeFleetDrain", "while a session runs", R"({"FleetId":"$f"})");
    call("DescribeFleetDrain", "a page behind the end", R"({"FleetId":"$f","Limit":1,"Offset":1})");
    call("DescribeFleetDrain", "more than a page may have", R"({"FleetId":"$f","Limit":101})");
    call("DescribeFleetDrain", "of one that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("DescribeFleetDrain", "of another region", R"({"FleetId":"$f"})", "ap-tokyo");
    call("DescribeFleetDrain", "without an id", "{}");
    call("UndrainFleet", "takes it back", R"({"FleetId":"$f"})");
    call("DrainFleet", "one that an alias leads to", R"({"FleetId":"$live"})");
    call("DrainFleet", "one that is in ERROR", R"({"FleetId":"$broken"})");
    call("DrainFleet", "a deadline of nothing", R"({"FleetId":"$f","DeadlineInSeconds":0})");
    call("DrainFleet", "a deadline of more than thirty days", R"({"FleetId":"$f","DeadlineInSeconds":2592001})");
    call("DrainFleet", "of one that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("DrainFleet", "without an id", R"({"DenyJoins":true})");
    call("UndrainFleet", "of one that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
    call("UndrainFleet", "without an id", "{}");
    call("DrainFleet", "once more", R"({"FleetId":"$f"})");
    world.host().end_match(session);
    world.advance(10s);
    call("DescribeFleetDrain", "when it is empty", R"({"FleetId":"$f"})");
    world.host().behaviour.idle_complies = false;
    const std::string going = world.make_fleet({.name = "going"});
    world.call("DeleteFleet", {{"FleetId", going}});
    golden.call("UndrainFleet", "one that is being deleted", fill(R"({"FleetId":"$g"})", {{"g", going}}));
}

}  // namespace
}  // namespace gse::testing
