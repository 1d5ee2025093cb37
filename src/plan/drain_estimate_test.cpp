#include <gtest/gtest.h>

#include <vector>

#include "plan/drain_estimate.h"
#include "plan/protection.h"

namespace gse::plan {
namespace {

using namespace std::chrono_literals;

std::vector<Millis> minutes(std::initializer_list<int> list) {
    std::vector<Millis> out;
    for (const int m : list) out.emplace_back(std::chrono::minutes{m});
    return out;
}

TEST(DrainEstimate, QuantilesOfPastSessions) {
    const auto ten = minutes({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    EXPECT_EQ(quantile(ten, 50), Millis{5min});
    EXPECT_EQ(quantile(ten, 90), Millis{9min});
    EXPECT_EQ(quantile(minutes({7}), 50), Millis{7min});
    EXPECT_EQ(quantile({}, 50), std::nullopt);
}

TEST(DrainEstimate, Table) {
    const auto ten = minutes({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    struct Case {
        std::vector<RunningSession> sessions;
        std::vector<Millis> lengths;
        std::optional<Millis> p50, p90, forced;
        const char* why;
    };
    const std::vector<Case> cases = {
        {{}, {}, 0ms, 0ms, 0ms, "without sessions it is empty"},
        {{{.age = 0ms}}, ten, 5min, 9min, std::nullopt, "a new session is like the past ones"},
        {{{.age = 6min}}, ten, 2min, 4min, std::nullopt, "of those that took more than 6 minutes half took 8"},
        {{{.age = 0ms}, {.age = 0ms}}, ten, 8min, 10min, std::nullopt, "two are done later than one"},
        {{{.age = 11min}}, ten, std::nullopt, std::nullopt, std::nullopt, "older than all: who knows"},
        {{{.age = 0ms}}, {}, std::nullopt, std::nullopt, std::nullopt, "without a past neither"},
        {{{.age = 11min, .killed_in = 3min}}, ten, 3min, 3min, 3min, "but force ends it"},
        {{{.age = 0ms, .killed_in = 7min}}, ten, 5min, 7min, 7min, "it may end before"},
        {{{.age = 0ms, .killed_in = 2min}, {.age = 9min}}, ten, 2min, 2min, std::nullopt, "one is never forced"},
        {{{.age = 1min, .killed_in = 0ms}}, ten, 0ms, 0ms, 0ms, "its time is up"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(empty_in(c.sessions, c.lengths, 50), c.p50) << c.why;
        EXPECT_EQ(empty_in(c.sessions, c.lengths, 90), c.p90) << c.why;
        EXPECT_EQ(forced_in(c.sessions), c.forced) << c.why;
    }
}

TEST(Protection, TheDeadlineOfADrainEndsWhatIsLeft) {
    const EngineTime asked{1'000}, deadline{60'000};
    EXPECT_EQ(kill_at(asked, Millis{300'000}, kNever), EngineTime{301'000});
    EXPECT_EQ(kill_at(asked, Millis{300'000}, deadline), deadline) << "protected for longer";
    EXPECT_EQ(kill_at(asked, Millis{10'000}, deadline), EngineTime{11'000}) << "its own time is up before";
    EXPECT_EQ(kill_at(asked, std::nullopt, deadline), deadline) << "FullProtection";
    EXPECT_EQ(kill_at(asked, std::nullopt, kNever), kNever);
}

}  // namespace
}  // namespace gse::plan
