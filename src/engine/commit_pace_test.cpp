#include "engine/commit_pace.h"

#include <gtest/gtest.h>

namespace gse::engine {
namespace {

using namespace std::chrono_literals;

const CommitPace::Time kNow{100s};

TEST(CommitPace, TheFirstCommitNeedNotWait) { EXPECT_LE(CommitPace(500us).next(), kNow); }

TEST(CommitPace, CommitsHaveADistanceAndALargerOneWhenMuchGathers) {
    CommitPace pace(500us);
    pace.sealed(kNow, true);
    EXPECT_EQ(pace.next(), kNow + 500us);
    pace.decided(CommitPace::kMuch - 1);
    EXPECT_EQ(pace.next(), kNow + 500us);
    pace.decided(1);
    EXPECT_EQ(pace.next(), kNow + 1000us);
}

TEST(CommitPace, EachBatchIsJudgedByItself) {
    CommitPace pace(500us);
    pace.decided(100);
    pace.sealed(kNow, true);
    EXPECT_EQ(pace.next(), kNow + 500us) << "what gathered for the last one is gone with it";
    pace.decided(100);
    pace.sealed(kNow + 700us, false);
    EXPECT_EQ(pace.next(), kNow + 500us) << "what only reads does not go to the journal";
}

TEST(CommitPace, NoDistanceStaysNone) {
    CommitPace pace(0us);
    pace.sealed(kNow, true);
    pace.decided(100);
    EXPECT_EQ(pace.next(), kNow);
}

}  // namespace
}  // namespace gse::engine
