#include "base/rare.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/wall_second.h"

namespace gse {
namespace {

struct Part {
    std::string text;
    int number = 7;
    friend bool operator==(const Part&, const Part&) = default;
};

TEST(Rare, ReadsAsADefaultUntilItIsMade) {
    Rare<Part> rare;
    static_assert(sizeof rare == sizeof(void*));
    EXPECT_FALSE(rare.there());
    EXPECT_EQ(rare->number, 7);
    EXPECT_EQ(*rare, Part{});

    rare.make().text = "x";
    EXPECT_EQ(rare->text, "x");
    rare.tidy();
    EXPECT_TRUE(rare.there()) << "something in it differs";
    rare.make().text.clear();
    rare.tidy();
    EXPECT_FALSE(rare.there());
}

TEST(Rare, MovesItsPart) {
    Rare<Part> from;
    from.make().number = 1;
    const Rare<Part> to = std::move(from);
    EXPECT_EQ(to->number, 1);
    EXPECT_EQ(from->number, 7);  // NOLINT(bugprone-use-after-move): what this is about
}

TEST(WallSecond, DropsFractionsAndTakesTheNearestItCanHold) {
    const std::pair<std::int64_t, std::int64_t> cases[] = {{0, 0},
                                                           {999, 0},
                                                           {1'000, 1'000},
                                                           {1'600'000'000'123, 1'600'000'000'000},
                                                           {-5, 0},
                                                           {-86'400'000, 0},
                                                           {INT64_C(4294967295999), INT64_C(4294967295000)},
                                                           {INT64_MAX, INT64_C(4294967295000)}};
    for (const auto& [given, kept] : cases) {
        const WallTime read = WallSecond(WallTime{given});
        EXPECT_EQ(read.ms, kept) << given;
    }
}

}  // namespace
}  // namespace gse
