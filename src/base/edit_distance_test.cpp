#include "base/edit_distance.h"

#include <gtest/gtest.h>

namespace gse {
namespace {

TEST(EditDistance, CountsSingleChanges) {
    const struct {
        const char* name;
        const char* a;
        const char* b;
        std::size_t want;
    } kCases[] = {
        {"equal words", "alias", "alias", 0},         {"a letter more", "alias", "aliass", 1},
        {"a letter less", "alias", "alas", 1},        {"another letter", "alias", "alibs", 1},
        {"two swapped letters", "alias", "alais", 2}, {"nothing at all", "", "abc", 3},
        {"from something to nothing", "abc", "", 3},  {"nothing alike", "abc", "xyz", 3},
    };
    for (const auto& c : kCases) EXPECT_EQ(edit_distance(c.a, c.b), c.want) << c.name;
}

}  // namespace
}  // namespace gse
