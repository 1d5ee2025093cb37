#include <gmock/gmock.h>

#include "tests/world/world.h"

// What monitoring shows of fleets, queues and instances, minute by minute.

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Where the answer tells of one metric; "" when it does not.
std::string row_of(const Answer& answer, const std::string& metric) {
    EXPECT_TRUE(answer.ok()) << answer.body();
    for (std::size_t i = 0; i < answer.count("Metrics"); ++i)
        if (answer["Metrics." + std::to_string(i) + ".MetricName"] == metric) return "Metrics." + std::to_string(i);
    ADD_FAILURE() << "nothing of " << metric << ": " << answer.body();
    return "";
}

/// `null` where nothing was sampled.
std::vector<std::string> values(const Answer& answer, const std::string& metric) {
    const std::string at = row_of(answer, metric) + ".Values";
    std::vector<std::string> out;
    for (std::size_t i = 0; i < answer.count(at); ++i) out.push_back(answer[at + "." + std::to_string(i)]);
    return out;
}

std::string latest(const Answer& answer, const std::string& metric) {
    return answer[row_of(answer, metric) + ".Latest"];
}

using Texts = std::vector<std::string>;

struct Monitoring : ::testing::Test {
    Answer ask(const std::string& type, const std::string& id, const Params& more = {}) {
        Params params{{"ResourceType", type}, {"ResourceIds.0", id}};
        params.insert(params.end(), more.begin(), more.end());
        return world.call("DescribeMetrics", params);
    }
    /// The last samples, of which there is one a minute.
    Answer last(const std::string& type, const std::string& id, int minutes) {
        return ask(type, id, {{"StartTime", format_utc(world.now().wall - Millis{minutes * 60'000LL} + 1s)}});
    }
    Answer now(const std::string& type, const std::string& id) { return ask(type, id, {{"LatestOnly", "true"}}); }
    /// To just after the next sample.
    void minute(int count = 1) {
        for (int i = 0; i < count; ++i) world.advance(Millis{60'000 - world.now().wall.ms % 60'000 + 10});
    }
    std::string make_queue(const std::vector<std::string>& fleets) {
        Params params{{"Name", "near"}};
        for (std::size_t i = 0; i < fleets.size(); ++i)
            params.emplace_back("Destinations." + std::to_string(i) + ".DestinationArn",
                                world.state().arn(world.fleet(fleets[i]).region, "fleet", fleets[i]));
        EXPECT_TRUE(world.call("CreateGameServerSessionQueue", params).ok());
        return "near";
    }
    Answer place(const std::string& id, Params more = {}) {
        more.insert(more.end(),
                    {{"PlacementId", id}, {"GameServerSessionQueueName", "near"}, {"MaximumPlayerSessionCount", "5"}});
        Answer placed = world.call("StartGameServerSessionPlacement", more);
        EXPECT_TRUE(placed.ok()) << placed.body();
        return placed;
    }

    World world;
};

TEST_F(Monitoring, AFleetMinuteByMinute) {
    const std::string fleet = world.make_fleet({.processes = 4, .max = 2});
    minute(2);
    const std::string session = world.make_session(fleet);
    world.host().accept(session, world.join(session, "ada"));
    minute();
    world.make_session(fleet);
    world.host().end_match(session);
    minute();

    const Answer seen = last("FLEET", fleet, 3);
    EXPECT_EQ(seen.count("Timestamps"), 3);
    EXPECT_EQ(std::stoll(seen["Timestamps.2"]) % 60'000, 0) << "on the minute";
    EXPECT_EQ(values(seen, "ActiveGameServerSessions"), (Texts{"0.0", "1.0", "1.0"}));
    EXPECT_EQ(values(seen, "AvailableGameServerSessions"), (Texts{"4.0", "3.0", "3.0"}));
    EXPECT_EQ(values(seen, "PercentAvailableGameServerSessions"), (Texts{"100.0", "75.0", "75.0"}));
    EXPECT_EQ(values(seen, "CurrentPlayerSessions"), (Texts{"0.0", "1.0", "0.0"}));
    EXPECT_EQ(values(seen, "PlayerSessionActivations"), (Texts{"0.0", "1.0", "0.0"}));
    EXPECT_EQ(values(seen, "ActiveInstances"), (Texts{"1.0", "1.0", "1.0"}));
    EXPECT_EQ(values(seen, "PercentIdleInstances"), (Texts{"100.0", "0.0", "0.0"}));
    EXPECT_EQ(values(seen, "MaxInstances"), (Texts{"2.0", "2.0", "2.0"}));
    EXPECT_EQ(values(seen, "PercentHealthyServerProcesses"), (Texts{"100.0", "100.0", "100.0"}));
    EXPECT_EQ(values(seen, "ServerProcessTerminations"), (Texts{"0.0", "0.0", "1.0"}));
    EXPECT_EQ(values(seen, "ServerProcessAbnormalTerminations"), (Texts{"0.0", "0.0", "0.0"}));
    EXPECT_EQ(values(seen, "ServerProcessActivations"), (Texts{"0.0", "0.0", "1.0"}));
}

TEST_F(Monitoring, NowIsToldWithoutWaitingForAMinute) {
    const std::string fleet = world.make_fleet({.processes = 2});
    minute(2);
    world.make_session(fleet);
    world.host().crash(world.host().games().begin()->first);
    Answer seen = now("FLEET", fleet);
    EXPECT_EQ(seen.count("Timestamps"), 0);
    EXPECT_EQ(latest(seen, "ServerProcessAbnormalTerminations"), "1.0") << "since the last sample";
    minute();
    seen = now("FLEET", fleet);
    EXPECT_EQ(latest(seen, "ServerProcessAbnormalTerminations"), "0.0");
    EXPECT_EQ(values(last("FLEET", fleet, 1), "ServerProcessAbnormalTerminations"), Texts{"1.0"});
}

TEST_F(Monitoring, WhatNoHostHasRoomForIsCounted) {
    World small(false);
    small.add_host({.instances = 1});
    const std::string fleet = small.make_fleet({.min = 0, .max = 3});
    small.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"DesiredInstances", "3"}});
    const Answer seen =
        small.call("DescribeMetrics", {{"ResourceType", "FLEET"}, {"ResourceIds.0", fleet}, {"LatestOnly", "true"}});
    EXPECT_EQ(latest(seen, "NoInstances"), "2.0");
}

TEST_F(Monitoring, ALongPeriodHasMeansOfGaugesAndSumsOfCounters) {
    const std::string fleet = world.make_fleet({.processes = 12});
    minute(2);
    for (int i = 0; i < 20; ++i) {
        const std::string session = world.make_session(fleet);
        world.host().accept(session, world.join(session, "p" + std::to_string(i)));
        if (i % 2 == 1) world.host().end_session(session);
        minute();
    }
    const Answer seen = ask("FLEET", fleet,
                            {{"Period", "300"},
                             {"StartTime", format_utc(world.now().wall - 40min)},
                             {"MetricNames.0", "CurrentPlayerSessions"},
                             {"MetricNames.1", "PlayerSessionActivations"}});
    EXPECT_EQ(seen.count("Metrics"), 2);
    const Texts sums = values(seen, "PlayerSessionActivations");
    double activations = 0;
    for (const std::string& value : sums)
        if (value != "null") activations += std::stod(value);
    EXPECT_EQ(activations, 20);
    EXPECT_EQ(sums.front(), "null") << "before the server was there";
    EXPECT_NE(std::count(sums.begin(), sums.end(), "5.0"), 0);
    EXPECT_EQ(values(seen, "CurrentPlayerSessions").size(), seen.count("Timestamps"));
    EXPECT_EQ(std::stoll(seen["Timestamps.1"]) - std::stoll(seen["Timestamps.0"]), 300'000);
}

TEST_F(Monitoring, AQueueAndItsPlacements) {
    const std::string first = world.make_fleet({.name = "first", .processes = 1});
    const std::string second = world.make_fleet({.name = "second", .region = "ap-beijing", .processes = 1});
    make_queue({first, second});
    minute(2);
    place("one");
    place("two");    // the first choice is full
    place("three");  // both are
    minute();
    Answer seen = last("QUEUE", "near", 1);
    EXPECT_EQ(values(seen, "PlacementsStarted"), Texts{"3.0"});
    EXPECT_EQ(values(seen, "PlacementsSucceeded"), Texts{"2.0"});
    EXPECT_EQ(values(seen, "FirstChoiceOutOfCapacity"), Texts{"1.0"});
    EXPECT_EQ(values(seen, "FirstChoiceNotViable"), Texts{"0.0"});
    EXPECT_EQ(values(seen, "PlacementIn-ap-shanghai"), Texts{"1.0"});
    EXPECT_EQ(values(seen, "PlacementIn-ap-beijing"), Texts{"1.0"});
    EXPECT_EQ(values(seen, "QueueDepth"), Texts{"1.0"});
    EXPECT_NEAR(std::stod(values(seen, "AverageWaitTime").front()), 60, 1);
    EXPECT_EQ(values(seen, "LowestLatencyPlacement"), Texts{"0.0"});

    world.call("StopGameServerSessionPlacement", {{"PlacementId", "three"}});
    place("four");
    minute(11);
    seen = last("QUEUE", "near", 11);
    EXPECT_EQ(values(seen, "PlacementsCanceled").front(), "1.0");
    EXPECT_EQ(values(seen, "PlacementsTimedOut"),
              (Texts{"0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "1.0"}));
    EXPECT_EQ(latest(seen, "QueueDepth"), "0.0");
    EXPECT_EQ(latest(seen, "AverageWaitTime"), "0.0");
}

TEST_F(Monitoring, AFirstChoiceThatCannotTakeAnythingIsNotViable) {
    const std::string first = world.make_fleet({.name = "first"});
    const std::string second = world.make_fleet({.name = "second", .processes = 2});
    make_queue({first, second});
    world.call("UpdateFleetCapacity", {{"FleetId", first}, {"MaxSize", "0"}, {"DesiredInstances", "0"}});
    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", first}}).ok());
    minute(2);
    place("one");
    minute();
    const Answer seen = last("QUEUE", "near", 1);
    EXPECT_EQ(values(seen, "FirstChoiceNotViable"), Texts{"1.0"});
    EXPECT_EQ(values(seen, "FirstChoiceOutOfCapacity"), Texts{"0.0"});
}

TEST_F(Monitoring, TheNearestRegionIsCounted) {
    const std::string far = world.make_fleet({.name = "far", .region = "ap-tokyo", .processes = 3});
    const std::string near = world.make_fleet({.name = "near", .processes = 1});
    make_queue({far, near});
    minute(2);
    const Params measured{{"PlayerLatencies.0.PlayerId", "ada"},
                          {"PlayerLatencies.0.RegionIdentifier", "ap-shanghai"},
                          {"PlayerLatencies.0.LatencyInMilliseconds", "10"},
                          {"PlayerLatencies.1.PlayerId", "ada"},
                          {"PlayerLatencies.1.RegionIdentifier", "ap-tokyo"},
                          {"PlayerLatencies.1.LatencyInMilliseconds", "90"}};
    place("one", measured);
    place("two", measured);  // what is nearest is full
    minute();
    const Answer seen = last("QUEUE", "near", 1);
    EXPECT_EQ(values(seen, "LowestLatencyPlacement"), Texts{"1.0"});
    EXPECT_EQ(values(seen, "FirstChoiceOutOfCapacity"), Texts{"1.0"});
    EXPECT_EQ(values(seen, "PlacementIn-ap-tokyo"), Texts{"1.0"});
}

TEST_F(Monitoring, AnInstanceAsItsAgentMeasuresIt) {
    const std::string fleet = world.make_fleet();
    const std::string instance = world.host().instances().begin()->first;
    minute(2);
    link::InstanceLoad load;
    load.cpu_percent = 12.5;
    load.memory_bytes = 256e6;
    load.connections = 7;
    load.cpu_cores = 0.4251;
    load.cpu_limit = 4;
    load.memory_limit = 8e9;
    world.host().measure({{instance, load}, {"ins-of-nobody", load}});
    minute();
    EXPECT_EQ(values(last("INSTANCE", instance, 1), "CpuUsage"), Texts{"12.5"});
    Answer seen = now("INSTANCE", instance);
    EXPECT_EQ(latest(seen, "MemUsed"), "256.0");
    EXPECT_EQ(latest(seen, "TcpCurrEstab"), "7.0");
    EXPECT_EQ(latest(seen, "WanOuttraffic"), "null") << "the machine cannot tell";
    Answer listed = world.call("DescribeInstances", {{"FleetId", fleet}});
    EXPECT_EQ(listed["Instances.0.CpuUsed"], "0.43");
    EXPECT_EQ(listed["Instances.0.CpuLimit"], "4.0");
    EXPECT_EQ(listed["Instances.0.MemoryUsed"], "256000000");
    EXPECT_EQ(listed["Instances.0.MemoryLimit"], "8000000000");
    minute(3);
    listed = world.call("DescribeInstances", {{"FleetId", fleet}});
    EXPECT_EQ(listed["Instances.0.CpuUsed"], "null");
    EXPECT_EQ(listed["Instances.0.MemoryLimit"], "null");
    seen = last("INSTANCE", instance, 4);
    EXPECT_EQ(values(seen, "CpuUsage").back(), "null") << "the agent has not measured for more than a minute";
    EXPECT_EQ(latest(seen, "CpuUsage"), "null");
}

TEST_F(Monitoring, WhatHasEndedIsRememberedForADay) {
    const std::string fleet = world.make_fleet();
    const std::string instance = world.host().instances().begin()->first;
    world.host().measure({{instance, {.cpu_percent = 3}}});
    minute(2);
    world.call("UpdateFleetCapacity", {{"FleetId", fleet}, {"MaxSize", "0"}, {"DesiredInstances", "0"}});
    EXPECT_TRUE(world.call("DeleteFleet", {{"FleetId", fleet}}).ok());
    minute(5);
    EXPECT_EQ(latest(ask("INSTANCE", instance), "CpuUsage"), "null");
    EXPECT_TRUE(ask("FLEET", fleet).ok());
    world.advance(50h);
    EXPECT_EQ(ask("INSTANCE", instance).code(), "ResourceNotFound");
    EXPECT_EQ(ask("FLEET", fleet).code(), "ResourceNotFound");
}

TEST_F(Monitoring, ADayAtAMinuteEachAndNoMore) {
    const std::string fleet = world.make_fleet();
    world.advance(30h);
    const Answer seen =
        ask("FLEET", fleet, {{"StartTime", format_utc(world.now().wall - 30h)}, {"MetricNames.0", "ActiveInstances"}});
    EXPECT_EQ(seen.count("Timestamps"), 1'441);
    const Texts kept = values(seen, "ActiveInstances");
    EXPECT_EQ(std::count(kept.begin(), kept.end(), "1.0"), 1'441);
    EXPECT_LT(world.state().metric_history().bytes(), 20'000) << "nothing happened";
}

TEST_F(Monitoring, ARestartBeginsAnew) {
    const std::string fleet = world.make_fleet();
    minute(3);
    world.restart_server();
    const Texts before = values(ask("FLEET", fleet), "ActiveInstances");
    EXPECT_EQ(std::count(before.begin(), before.end(), "null"), static_cast<std::ptrdiff_t>(before.size()));
    minute(2);
    EXPECT_EQ(values(ask("FLEET", fleet), "ActiveInstances").back(), "1.0");
}

TEST_F(Monitoring, TheLengthOfAMinuteIsASetting) {
    Settings settings;
    settings.timers.minute = 2s;
    World fast(true, settings);
    const std::string fleet = fast.make_fleet();
    fast.advance(30s);
    const Answer seen = fast.call("DescribeMetrics", {{"ResourceType", "FLEET"},
                                                      {"ResourceIds.0", fleet},
                                                      {"MetricNames.0", "ActiveInstances"},
                                                      {"StartTime", format_utc(fast.now().wall - 10s)}});
    EXPECT_EQ(values(seen, "ActiveInstances"), (Texts{"1.0", "1.0", "1.0", "1.0", "1.0", "1.0"}));
    EXPECT_EQ(std::stoll(seen["Timestamps.1"]) - std::stoll(seen["Timestamps.0"]), 2'000);
}

TEST_F(Monitoring, RefusalsSayWhatToChange) {
    const std::string fleet = world.make_fleet();
    struct Case {
        const char* what;
        Params more;
        const char* code;
        const char* text;
    };
    const Case cases[] = {
        {"a metric of queues", {{"MetricNames.0", "QueueDepth"}}, "InvalidParameterValue", "ActiveInstances"},
        {"half a minute", {{"Period", "90"}}, "InvalidParameterValue", "multiple of 60"},
        {"the wrong way round",
         {{"StartTime", "2020-09-13T12:00:00Z"}, {"EndTime", "2020-09-12T12:00:00Z"}},
         "InvalidParameterValue",
         "after EndTime"},
        {"another fleet", {{"ResourceIds.1", "fleet-none"}}, "ResourceNotFound", "fleet-none"},
    };
    for (const Case& c : cases) {
        const Answer answer = ask("FLEET", fleet, c.more);
        EXPECT_EQ(answer.code(), c.code) << c.what;
        EXPECT_THAT(answer.message(), HasSubstr(c.text)) << c.what;
    }
    EXPECT_EQ(world.call("DescribeMetrics", {{"ResourceType", "FLEET"}, {"ResourceIds.0", fleet}}, "ap-tokyo").code(),
              "ResourceNotFound");
    Params many{{"ResourceType", "FLEET"}, {"StartTime", format_utc(world.now().wall - 24h)}};
    for (int i = 0; i < 3; ++i) many.emplace_back("ResourceIds." + std::to_string(i), fleet);
    const Answer large = world.call("DescribeMetrics", many);
    EXPECT_EQ(large.code(), "InvalidParameterValue");
    EXPECT_THAT(large.message(), HasSubstr("longer Period"));
}

}  // namespace
}  // namespace gse::testing
