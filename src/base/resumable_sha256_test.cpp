#include "base/resumable_sha256.h"

#include <gtest/gtest.h>

namespace gse {
namespace {

TEST(ResumableSha256, GoesOnWhereItWasWrittenDown) {
    std::string text(1'000, 'x');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7);
    for (const std::size_t cut : {0u, 64u, 128u, 960u}) {
        ResumableSha256 first;
        first.add(std::string_view(text).substr(0, cut));
        EXPECT_EQ(first.digest(), sha256(text.substr(0, cut)));
        auto second = ResumableSha256::resume(first.save());
        ASSERT_TRUE(second);
        second->add(std::string_view(text).substr(cut, 100 - cut % 100));
        second->add(std::string_view(text).substr(cut + (100 - cut % 100)));
        EXPECT_EQ(second->digest(), sha256(text)) << cut;
        EXPECT_EQ(second->digest(), sha256(text)) << "looking changes nothing";
    }
}

TEST(ResumableSha256, CountsBeyondFourGibibits) {
    // 2^29 bytes are 2^32 bits: the count's upper half.
    const std::string mebibyte(1 << 20, 'z');
    ResumableSha256 whole;
    Sha256 reference;
    for (int i = 0; i < 513; ++i) {
        whole.add(mebibyte);
        reference.add(std::as_bytes(std::span{mebibyte}));
    }
    auto resumed = ResumableSha256::resume(whole.save());
    ASSERT_TRUE(resumed);
    resumed->add("end");
    reference.add(std::string_view("end"));
    EXPECT_EQ(resumed->digest(), reference.finish());
}

TEST(ResumableSha256, RefusesWhatItDidNotWrite) {
    std::string saved = ResumableSha256().save();
    EXPECT_FALSE(ResumableSha256::resume(saved.substr(1)));
    saved[32] = 1;  // no multiple of a block
    EXPECT_FALSE(ResumableSha256::resume(saved));
}

}  // namespace
}  // namespace gse
