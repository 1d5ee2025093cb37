#include "base/joined.h"

#include <gtest/gtest.h>

#include <array>

namespace gse {
namespace {

using namespace std::string_view_literals;

TEST(Joined, IsItsPartsAndNothingElse) {
    const std::array parts{"qcs::"sv, ""sv, "gse:"sv, "x"sv};
    EXPECT_EQ(joined(parts), "qcs::gse:x");
    EXPECT_TRUE(is_joined("qcs::gse:x", parts));
    for (const std::string_view other : {"", "qcs::gse:", "qcs::gse:y", "qcs::gse:xx", "Qcs::gse:x"})
        EXPECT_FALSE(is_joined(other, parts)) << other;
    EXPECT_EQ(joined({}), "");
    EXPECT_TRUE(is_joined("", {}));
    EXPECT_FALSE(is_joined("x", {}));
}

}  // namespace
}  // namespace gse
