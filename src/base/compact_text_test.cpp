#include "base/compact_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gse {
namespace {

TEST(CompactText, HoldsTextsOfEveryLength) {
    for (const std::size_t length : {0u, 1u, 15u, 16u, 22u, 23u, 24u, 25u, 127u, 128u, 1'024u, 70'000u}) {
        std::string text(length, 'x');
        if (length > 0) text.back() = '\0';  // any byte
        const CompactText compact{text};
        EXPECT_EQ(compact, text) << length;
        EXPECT_EQ(compact.empty(), length == 0);
    }
}

TEST(CompactText, MovesLeaveNothingBehind) {
    for (const std::string text : {"short", "one that is too long to stand in place"}) {
        CompactText from{text};
        CompactText to{std::move(from)};
        EXPECT_EQ(to, text);
        EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): what this is about
        from = "again, and long enough for the heap";
        from = std::move(to);
        EXPECT_EQ(from, text);
        CompactText& self = from;
        from = std::move(self);
        EXPECT_EQ(from, text);
    }
}

TEST(CompactText, AssignsFromItself) {
    CompactText text{"a text that stands on the heap, being long"};
    text = text.view().substr(2);
    EXPECT_EQ(text, "text that stands on the heap, being long");
    text = text.view().substr(0, 4);
    EXPECT_EQ(text, "text");
}

TEST(CompactText, LivesInContainersThatGrow) {
    std::vector<CompactText> many;
    for (int i = 0; i < 1'000; ++i) many.emplace_back(std::string(static_cast<std::size_t>(i) % 60, 'a'));
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(many[static_cast<std::size_t>(i)].view().size(), std::size_t(i) % 60);
    static_assert(sizeof(CompactText) == 24);
    struct Packed {
        TextOf<23> text;
        char next;
    };
    static_assert(sizeof(Packed) == 24, "nothing is lost to alignment");
}

}  // namespace
}  // namespace gse
