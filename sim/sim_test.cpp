#include <gtest/gtest.h>

#include <set>

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
