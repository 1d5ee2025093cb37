#include "base/rng.h"

#include <gtest/gtest.h>

#include <set>

namespace gse {
namespace {

TEST(Rng, OneSeedIsOneWorld) {
    SeededRng a{7}, b{7}, c{8};
    EXPECT_EQ(a.text(24), b.text(24));
    EXPECT_NE(a.text(24), c.text(24));
}

TEST(Rng, BelowStaysBelowAndReachesAll) {
    SeededRng rng{1};
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(rng.below(7));
    EXPECT_EQ(seen.size(), 7u);
    EXPECT_LT(*seen.rbegin(), 7u);
}

TEST(Rng, SystemTextIsLowerCaseAndNeverRepeats) {
    SystemRng rng;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string text = rng.text(20);
        ASSERT_EQ(text.size(), 20u);
        ASSERT_EQ(text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos);
        ASSERT_TRUE(seen.insert(text).second);
    }
}

}  // namespace
}  // namespace gse
