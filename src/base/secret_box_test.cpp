#include "base/secret_box.h"

#include <gtest/gtest.h>

namespace gse {
namespace {

const std::string kKey(kBoxKeyBytes, 'k');

TEST(SecretBox, OpensWithItsKeyAndContextOnly) {
    for (const std::string& secret : {std::string(), std::string("s"), std::string(100'000, 'x')}) {
        const std::string box = put_in_box(kKey, "deployment/name", secret);
        EXPECT_EQ(box.size(), secret.size() + 29);
        EXPECT_EQ(open_box(kKey, "deployment/name", box), secret);
        EXPECT_FALSE(open_box(kKey, "deployment/other", box));
        EXPECT_FALSE(open_box(std::string(kBoxKeyBytes, 'l'), "deployment/name", box));
    }
}

TEST(SecretBox, AChangedBoxDoesNotOpen) {
    const std::string box = put_in_box(kKey, "", "a secret");
    for (std::size_t i = 0; i < box.size(); ++i) {
        std::string changed = box;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(open_box(kKey, "", changed)) << i;
        EXPECT_FALSE(open_box(kKey, "", box.substr(0, i))) << i;
    }
    EXPECT_FALSE(open_box(kKey, "", box + "x"));
}

TEST(SecretBox, NoTwoBoxesAreAlike) { EXPECT_NE(put_in_box(kKey, "", "same"), put_in_box(kKey, "", "same")); }

}  // namespace
}  // namespace gse
