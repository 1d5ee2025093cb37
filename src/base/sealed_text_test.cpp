#include "base/sealed_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace gse {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

std::string sealed(std::string_view purpose, std::initializer_list<std::string_view> parts) {
    return seal(kSecret, purpose, std::span(parts.begin(), parts.size()));
}

TEST(SealedText, GivesBackWhatWasSealed) {
    const auto parts = unseal(kSecret, "key", sealed("key", {"a.b", "", "\xff\n"}), 3);
    ASSERT_TRUE(parts);
    EXPECT_THAT(*parts, ElementsAre("a.b", "", "\xff\n"));
}

TEST(SealedText, TakesNothingElse) {
    const std::string good = sealed("key", {"one", "two"});
    EXPECT_FALSE(unseal("another secret", "key", good, 2));
    EXPECT_FALSE(unseal(kSecret, "cookie", good, 2)) << "of another purpose";
    EXPECT_FALSE(unseal(kSecret, "key", good, 1)) << "fewer parts wanted";
    EXPECT_FALSE(unseal(kSecret, "key", good, 3)) << "more parts wanted";
    EXPECT_FALSE(unseal(kSecret, "key", "", 1));
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string forged = good;
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(unseal(kSecret, "key", forged, 2)) << forged;
        EXPECT_FALSE(unseal(kSecret, "key", good.substr(0, i), 2)) << i;
    }
}

}  // namespace
}  // namespace gse
