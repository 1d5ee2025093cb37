#include "transcript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Transcript, Numbers) {
    EXPECT_EQ(number_of(numbered(17)), 17U);
    for (const char* other : {"", "message", "message ", "message 1a", "hello 1", "message -1"})
        EXPECT_EQ(number_of(other), 0U) << other;
}

struct Line {
    const char* speaker;
    std::uint64_t n;
    std::uint64_t seq;
};
struct Case {
    const char* what;
    std::vector<Line> lines;
    std::uint64_t missed;
    std::size_t troubles;
};

TEST(Transcript, FindsWhatIsWrong) {
    const Case cases[] = {
        {"two speakers in one order", {{"Ann", 1, 4}, {"Bob", 1, 5}, {"Ann", 2, 6}, {"Bob", 2, 7}}, 0, 0},
        {"a message of the match is missing, and with it one of Ann's", {{"Ann", 1, 4}, {"Ann", 3, 6}}, 1, 2},
        {"a speaker's messages were lost before the match numbered them", {{"Ann", 1, 4}, {"Ann", 4, 5}}, 2, 1},
        {"the first message is missing", {{"Ann", 2, 4}}, 1, 1},
        {"a message came twice", {{"Ann", 1, 4}, {"Ann", 1, 4}}, 0, 2},
        {"two messages of a speaker changed places", {{"Ann", 2, 4}, {"Ann", 1, 5}}, 1, 2},
    };
    for (const Case& c : cases) {
        Transcript transcript;
        transcript.welcome(3);
        for (const Line& line : c.lines) transcript.hear(line.speaker, numbered(line.n), line.seq);
        EXPECT_EQ(transcript.missed(), c.missed) << c.what;
        EXPECT_EQ(transcript.troubles().size(), c.troubles) << c.what;
        EXPECT_EQ(transcript.heard(), c.lines.size()) << c.what;
    }
}

TEST(Transcript, SaysWhatIsWrong) {
    Transcript transcript;
    transcript.welcome(0);
    transcript.hear("Ann", numbered(1), 1);
    transcript.hear("Ann", numbered(4), 4);
    EXPECT_THAT(transcript.troubles(),
                ElementsAre("the match's message 4 came after its message 1", "messages 2 to 3 of Ann never came"));
    EXPECT_EQ(transcript.last_of("Ann"), 4U);
    EXPECT_EQ(transcript.last_of("Bob"), 0U);
}

TEST(Transcript, ForeignTextIsTroubleToo) {
    Transcript transcript;
    transcript.welcome(0);
    transcript.hear("Ann", "hello", 1);
    EXPECT_THAT(transcript.troubles(), ElementsAre(HasSubstr("\"hello\" of Ann")));
}

TEST(Transcript, TroublesAreBounded) {
    Transcript transcript;
    for (int i = 0; i < 1000; ++i) transcript.hear("Ann", "hello", 9);
    EXPECT_EQ(transcript.troubles().size(), Transcript::kTroublesMax);
    EXPECT_EQ(transcript.heard(), 1000U);
}

}  // namespace
}  // namespace gse::demo
