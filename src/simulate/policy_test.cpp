#include "simulate/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::simulate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReadPolicies, WhatTheFleetSaysHoldsForAll) {
    const auto read = read_policies(R"([fleet]
processes = 4
max = 50
protection = "full"
process_start = 2.5

[[policy]]
name = "lean"
buffer = 10

[[policy]]
name = "evening"
auto = true
max = 80
buffer = 30
free = 5
keep_one = false
rules = [{ metric = "IdleInstances", operator = "<", threshold = 1, minutes = 2, adjustment = "ChangeInCapacity", by = 3 }]
timers = [{ at = "18:00", days = ["fri", "sat"], min = 20 }, { at = "02:00", min = 1, buffer = 20 }]
)");
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    const Policy& lean = read->at(0);
    EXPECT_EQ(lean.name, "lean");
    EXPECT_EQ(lean.processes, 4U);
    EXPECT_EQ(lean.max, 50U);
    EXPECT_EQ(lean.protection, "full");
    EXPECT_DOUBLE_EQ(lean.process_start, 2.5);
    EXPECT_EQ(lean.buffer, 10U);
    EXPECT_TRUE(lean.rules.empty());
    const Policy& evening = read->at(1);
    EXPECT_EQ(evening.processes, 4U);
    EXPECT_EQ(evening.max, 80U);
    EXPECT_FALSE(evening.keep_one);
    ASSERT_EQ(evening.rules.size(), 1U);
    EXPECT_EQ(evening.rules[0].line, 18U);
    EXPECT_EQ(evening.rules[0].by, 3);
    ASSERT_EQ(evening.timers.size(), 2U);
    EXPECT_THAT(evening.timers[0].days, ElementsAre(5, 6));
    EXPECT_EQ(evening.timers[0].min, 20);
    EXPECT_EQ(evening.timers[1].buffer, 20);
    EXPECT_TRUE(evening.timers[1].days.empty());
    EXPECT_EQ(evening.most_instances(), 80U);
    EXPECT_TRUE(check_policy(evening));
}

TEST(ReadPolicies, SaysWhichLineIsWrongAndWhatToChange) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "there must be 1 to 20 tables [[policy]]"},
        {"[fleet\n", "line 1: "},
        {"[flet]\n", "line 1: the file has no key 'flet'; there are [fleet] and [[policy]]"},
        {"[fleet]\nmx = 3\n", "line 2: [fleet] has no key 'mx'; there are rules, timers, processes, min, max"},
        {"[fleet]\nmax = \"3\"\n", "line 2: max must be a whole number from 1 to 20000"},
        {"[fleet]\nmax = 3.5\n", "line 2: max must be a whole number"},
        {"[fleet]\nbuffer = 100\n", "line 2: buffer must be a whole number from 1 to 99"},
        {"[fleet]\nprocess_start = true\n", "line 2: process_start must be a number from 0 to 290"},
        {"[fleet]\nkeep_one = 1\n", "line 2: keep_one must be true or false"},
        {"[fleet]\nprotection = \"half\"\n", "line 2: protection must be one of \"none\", \"time-limit\", \"full\""},
        {"[[policy]]\nmax = 3\n", "line 1: a policy needs a name"},
        {"[[policy]]\nname = \"a\"\n[[policy]]\nname = \"a\"\n", "line 3: there is another policy 'a'"},
        {"[[policy]]\nname = \"\"\n", "line 2: name must be text of 1 to 60 bytes"},
        {"[fleet]\nrules = 3\n", "line 2: rules must be a list"},
        {"[fleet]\nrules = [{ metric = \"IdleInstances\" }]\n", "line 2: a rule needs metric, operator, threshold"},
        {"[fleet]\nrules = [{ metrics = 1 }]\n", "line 2: a rule has no key 'metrics'; there are metric, operator"},
        {"[fleet]\nrules = [{ metric = 1 }]\n", "line 2: metric must be text in quotes"},
        {"[fleet]\ntimers = [{ min = 1 }]\n", "line 2: a timer needs at, as \"18:00\""},
        {"[fleet]\ntimers = [{ at = \"25:00\" }]\n", "line 2: at must be a time of day, as \"18:00\""},
        {"[fleet]\ntimers = [{ at = \"18:00\", days = [\"friday\"] }]\n", "line 2: days must be a list of days"},
        {"[fleet]\ntimers = [{ at = \"18:00\", free = 3 }]\n", "line 2: free and keep_one belong to a buffer"},
        {"[fleet]\nrules = [{ metric = \"AvailableCustomCount\", operator = \"<\", threshold = 1, adjustment = "
         "\"ExactCapacity\", by = 3 }]\n",
         "line 2: games that are simulated report no custom data"},
    };
    for (const auto& [toml, says] : cases) {
        const auto read = read_policies(toml);
        ASSERT_FALSE(read) << toml;
        EXPECT_THAT(read.error().message, HasSubstr(says)) << toml;
    }
}

TEST(CheckPolicy, WhatDoesNotGoTogether) {
    const auto refused = [](auto change) {
        Policy policy;
        change(policy);
        const auto checked = check_policy(policy);
        return checked ? std::string() : checked.error().message;
    };
    EXPECT_EQ(refused([](Policy&) {}), "");
    EXPECT_THAT(refused([](Policy& p) { p.min = 30; }), HasSubstr("min 30 is above max 20"));
    EXPECT_THAT(refused([](Policy& p) { p.desired = 30; }), HasSubstr("desired 30 is outside of min 1 and max 20"));
    EXPECT_THAT(refused([](Policy& p) { p.keep_one = false; }), HasSubstr("belong to the session buffer"));
    EXPECT_THAT(refused([](Policy& p) { p.processes = 2'000; }), HasSubstr("a machine has ports for 10000 processes"));
    EXPECT_THAT(refused([](Policy& p) {
                    p.processes = 100;
                    p.max = 20'000;
                }),
                HasSubstr("more than the 200,000 processes"));
    EXPECT_THAT(refused([](Policy& p) { p.rules.push_back({.metric = "CurrentPlayerSessions"}); }),
                HasSubstr("say how many players a session has"));
}

TEST(PolicyKeys, EachIsAFlagToo) {
    Policy policy;
    const auto set = [&](std::string_view name, std::string_view value) -> std::string {
        for (const PolicyKey& key : policy_keys())
            if (key.name == name) {
                const auto done = key.set(policy, value);
                return done ? "" : done.error().message;
            }
        return "no such key";
    };
    EXPECT_EQ(set("max", "70"), "");
    EXPECT_EQ(policy.max, 70U);
    EXPECT_EQ(set("protection", "full"), "");
    EXPECT_EQ(policy.protection, "full");
    EXPECT_EQ(set("keep_one", "false"), "");
    EXPECT_FALSE(policy.keep_one);
    EXPECT_EQ(set("process_start", "0.5"), "");
    EXPECT_THAT(set("max", "many"), HasSubstr("must be a whole number"));
    EXPECT_THAT(set("max", "1\nmin = 2"), HasSubstr("is no value"));
    for (const PolicyKey& key : policy_keys()) EXPECT_FALSE(key.about.empty()) << key.name;
}

}  // namespace
}  // namespace gse::simulate
