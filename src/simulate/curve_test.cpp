#include "simulate/curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulate/arrivals.h"

namespace gse::simulate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Millis kMinute{60'000};

TEST(ReadCurve, RatesHoldUntilTheNextRow) {
    const auto curve =
        read_curve("# a comment\n\ntime, sessions_per_minute ,session_minutes\r\n0,10,20\r\n01:30,40.5,5\n", 0);
    ASSERT_TRUE(curve) << curve.error().message;
    EXPECT_THAT(curve->stretches, ElementsAre(Stretch{Millis{0}, kMinute * 90, 10, 10, 20},
                                              Stretch{kMinute * 90, kMinute * 180, 40.5, 40.5, 5}));
    EXPECT_EQ(curve->length(), kMinute * 180) << "the last row holds as long as the one before it";
    EXPECT_DOUBLE_EQ(curve->sessions(), 900 + 40.5 * 90);
}

TEST(ReadCurve, ConcurrentSessionsBecomeTheRateThatKeepsThem) {
    // 100 sessions of 10 minutes: 10 a minute; 100 more within the hour besides; at the end nobody comes any more.
    const auto curve = read_curve("concurrent_sessions,time\n100,0\n200,60\n0,70\n", 10);
    ASSERT_TRUE(curve) << curve.error().message;
    ASSERT_EQ(curve->stretches.size(), 3U);
    EXPECT_DOUBLE_EQ(curve->stretches[0].rate_begin, 10 + 100.0 / 60);
    EXPECT_DOUBLE_EQ(curve->stretches[0].rate_end, 20 + 100.0 / 60);
    EXPECT_DOUBLE_EQ(curve->stretches[1].rate_begin, 0) << "faster than sessions end it cannot fall";
    EXPECT_DOUBLE_EQ(curve->stretches[2].rate_end, 0);
}

TEST(ReadCurve, SaysWhichLineIsWrongAndWhatToChange) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "it is empty"},
        {"time,session_minutes\n0,1\n1,1\n", "line 1: there must be one of the columns"},
        {"time,sessions_per_minute,concurrent_sessions\n", "line 1: there must be one of the columns"},
        {"sessions_per_minute\n", "line 1: the column 'time' is missing"},
        {"time,players\n", "line 1: there is no column 'players'; the columns are"},
        {"time,time\n", "line 1: column 'time' is there twice"},
        {"time,sessions_per_minute\n5,1\n", "line 2: the first row's time must be 0"},
        {"time,sessions_per_minute\n0,1\n\n0,1\n", "line 4: time 0 is not after line 2's"},
        {"time,sessions_per_minute\n0,1\n23:00,1\n1:00,1\n",
         "line 4: time 1:00 is not after line 3's; count on beyond"},
        {"time,sessions_per_minute\n0,1\nnoon,1\n", "line 3: time is 'noon'; it must be minutes"},
        {"time,sessions_per_minute\n0,1\n1:75,1\n", "line 3: time is '1:75'"},
        {"time,sessions_per_minute\n0,1\n10,-4\n", "line 3: sessions_per_minute is '-4'; it must be a number from 0"},
        {"time,sessions_per_minute\n0,1\n10,nan\n", "line 3: sessions_per_minute is 'nan'"},
        {"time,sessions_per_minute\n0,1\n10,\n", "line 3: sessions_per_minute is ''"},
        {"time,sessions_per_minute\n0,1\n10,1,3\n", "line 3: there are 3 values, and 2 columns"},
        {"time,sessions_per_minute,session_minutes\n0,1,0\n", "line 2: session_minutes is '0'"},
        {"time,sessions_per_minute\n0,1\n", "there must be two rows at least"},
        {"time,sessions_per_minute\n0,0\n10,0\n", "it asks for no session at all"},
        {"time,sessions_per_minute\n0,1000000\n10,1\n", "sessions; 5000000 can be simulated"},
    };
    for (const auto& [csv, says] : cases) {
        const auto curve = read_curve(csv, 10);
        ASSERT_FALSE(curve) << csv;
        EXPECT_THAT(curve.error().message, HasSubstr(says)) << csv;
    }
    EXPECT_THAT(read_curve("time,sessions_per_minute\n0,1\n1,1\n", 0).error().message,
                HasSubstr("line 1: the column 'session_minutes' is missing"));
}

std::vector<Arrival> all_of(const Curve& curve, std::uint64_t seed, Chance chance) {
    SeededRng rng(seed);
    Arrivals arrivals(curve, rng, chance);
    std::vector<Arrival> all;
    while (const auto one = arrivals.next()) all.push_back(*one);
    return all;
}

TEST(Arrivals, EvenOnesComeWhenTheRateHasBroughtThem) {
    const Curve steady{{{Millis{0}, kMinute * 2, 2, 2, 10}}};
    std::vector<std::int64_t> times;
    for (const Arrival& one : all_of(steady, 1, Chance::Even)) times.push_back(one.at.count());
    EXPECT_THAT(times, ElementsAre(0, 30'000, 60'000, 90'000));
    // From 0 to 4 a minute: the sum is t², and the second comes after a minute.
    const Curve rising{{{Millis{0}, kMinute * 2, 0, 4, 10}}};
    times.clear();
    for (const Arrival& one : all_of(rising, 1, Chance::Even)) times.push_back(one.at.count());
    EXPECT_THAT(times, ElementsAre(0, 60'000, 84'853, 103'923));
    EXPECT_EQ(all_of(rising, 1, Chance::Even).front().lasts, kMinute * 10);
}

TEST(Arrivals, RandomOnesAreAsManyInTheMeanAndTheSameForASeed) {
    const Curve curve{{{Millis{0}, kMinute * 600, 10, 30, 10}, {kMinute * 600, kMinute * 1'200, 0, 0, 10}}};
    const auto all = all_of(curve, 7, Chance::Random);
    EXPECT_NEAR(static_cast<double>(all.size()), 12'000, 400);
    double minutes = 0;
    for (const Arrival& one : all) {
        EXPECT_GE(one.lasts, kMinute * 5);
        EXPECT_LE(one.lasts, kMinute * 15);
        EXPECT_LE(one.at, kMinute * 600);
        minutes += static_cast<double>(one.lasts.count()) / 60'000;
    }
    EXPECT_NEAR(minutes / static_cast<double>(all.size()), 10, 0.2);
    EXPECT_EQ(all_of(curve, 7, Chance::Random).size(), all.size());
    EXPECT_NE(all_of(curve, 8, Chance::Random).front().at, all.front().at);
}

}  // namespace
}  // namespace gse::simulate
