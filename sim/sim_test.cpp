#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/temp_folder.h"
#include "sim/growth.h"
#include "sim/seeds.h"
#include "sim/violation.h"
#include "sim/world.h"

namespace gse::sim {
namespace {

constexpr std::uint64_t kSteps = 1'500;

TEST(Simulation, SameSeedIsTheSameRun) {
    World first(7, Plant::None), second(7, Plant::None);
    first.run(kSteps);
    second.run(kSteps);
    EXPECT_EQ(first.digest(), second.digest());
    EXPECT_EQ(first.now(), second.now());
    EXPECT_FALSE(first.digest().empty());
}

TEST(Simulation, DoesWhatItClaims) {
    Counts total;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world(seed, Plant::None);
        ASSERT_NO_THROW(world.run(kSteps)) << "seed " << seed;
        total += world.counts();
    }
    EXPECT_GT(total.crashes, 40u) << "servers crash";
    EXPECT_GT(total.agent_crashes, 40u);
    EXPECT_GT(total.sessions, 200u);
    EXPECT_GT(total.joins, 200u);
    EXPECT_GT(total.fulfilled, 100u) << "and placements are met";
    EXPECT_GT(total.snapshots, 50u);
    EXPECT_GT(total.kills, 20u);
}

TEST(Simulation, AnHourIsADayOfLoadToo) {
    World first(3, Plant::None, Scale::Medium), second(3, Plant::None, Scale::Medium);
    first.run_for(Millis{240'000});
    second.run_for(Millis{240'000});
    EXPECT_EQ(first.digest(), second.digest());
    EXPECT_GE(first.counts().virtual_ms, 240'000U);
    EXPECT_GT(first.counts().calls, 200U);
}

TEST(Pressure, IsHighInTheAfternoonAndHigherInABurst) {
    Pressure pressure(1), again(1);
    double night = 0, day = 0, most = 0;
    for (std::int64_t minute = 0; minute < 48 * 60; ++minute) {
        const double now = pressure.at(minute * 60'000);
        EXPECT_EQ(now, again.at(minute * 60'000)) << "the same seed";
        const std::int64_t hour = minute / 60 % 24;
        if (hour == 5) night = std::max(night, now);
        if (hour == 17) day = std::max(day, now);
        most = std::max(most, now);
    }
    EXPECT_LT(night, 0.4);
    EXPECT_GT(day, 0.9);
    EXPECT_GT(most, 1.5) << "bursts";
}

TEST(Seeds, ThoseThatFailedOnceAreRead) {
    const auto kept = read_file(GSE_SOURCE_DIR "/sim/seeds.txt", 1 << 20);
    ASSERT_TRUE(kept);
    const auto seeds = read_seeds(*kept);
    ASSERT_TRUE(seeds) << seeds.error().message;
    for (const std::uint64_t seed : {2ULL, 109ULL, 40152ULL, 1771654036ULL, 3078841402ULL})
        EXPECT_NE(std::ranges::find(*seeds, seed), seeds->end()) << seed;
    EXPECT_EQ(read_seeds("# none\n12  7 9 seeds of 3 hosts\n\n4").value(), (std::vector<std::uint64_t>{12, 7, 9, 4}));
    EXPECT_EQ(read_seeds("1 x\nwhat 3\n").error().message,
              "line 2: it must begin with a seed, or with # for a comment");
    EXPECT_FALSE(read_seeds("# none\n"));
}

TEST(Growth, ADayRunsAndIsDrawn) {
    const TempFolder folder = TempFolder::make("gse-growth").value();
    const std::string picture = (folder.path() / "day.svg").string();
    ASSERT_EQ(run_growth({.hosts = {5, 20}, .hours = 1, .picture = picture}), 0);
    EXPECT_TRUE(read_file(picture, 1 << 20).value_or("").starts_with("<svg "));
}

TEST(Growth, CostsAreByWhatUsersAskFor) {
    const GrowthFigures one{.hosts = 10, .counts = {1, 2, 3, 4, 5, 6, 7, 8}, .seconds = {0.5, 0, 0, 0, 0, 0, 0, 1}};
    EXPECT_DOUBLE_EQ(one.events(), 15) << "heartbeats, ticks and batches are no events of a user's";
    EXPECT_DOUBLE_EQ(one.us_per_event(), 1.5e6 / 15);
    EXPECT_NE(growth_table({one, one}).find("100000.00"), std::string::npos);
    EXPECT_TRUE(growth_picture({one, one}).starts_with("<svg "));
}

struct Case {
    Plant plant;
    std::set<std::string> checks;  ///< any of which notices
};

class PlantedBug : public testing::TestWithParam<Case> {};

TEST_P(PlantedBug, IsCaughtWithinSixtySeeds) {
    constexpr std::uint64_t kSeeds = 60;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        World world(seed, GetParam().plant);
        try {
            world.run(kSteps);
        } catch (const Violation& violation) {
            EXPECT_TRUE(GetParam().checks.contains(violation.check())) << "seed " << seed << ": " << violation.what();
            return;
        }
    }
    FAIL() << "no check noticed the planted bug in " << kSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedBug,
    testing::Values(Case{Plant::AnswerBeforeCommit,
                         {"no acknowledged change is lost", "a repeated request gets the same answer",
                          "reads never go back", "nothing running is killed before its time",
                          "a process runs one session at a time", "a placement ends once"}},
                    Case{Plant::NoFence,
                         {"orders of an old epoch are not carried out", "orders of an old stream are not carried out",
                          "reports of a replaced stream are not applied"}},
                    Case{Plant::ReportTwice, {"a report is applied once", "one process a place"}},
                    Case{Plant::TimersBeforeBacklog, {"timers wait for the backlog"}}));

}  // namespace
}  // namespace gse::sim
