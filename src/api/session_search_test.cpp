#include "api/session_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"

namespace gse::api {
namespace {

using ::testing::HasSubstr;

const std::vector<core::GameProperty> kProperties = {
    {"K1", "V1"}, {"Key-1", "Value-1"}, {"mode", "it's on"}, {"empty", ""}, {"two words", "x"}};
const SearchedSession kSession{.name = "大厅 lobby",
                               .id = "qcs::gse:r:uin/1:gameserversession/fleet-1/gssess-1",
                               .max_players = 10,
                               .created_ms = 1'600'000'000'000,
                               .players = 2,
                               .takes_players = true,
                               .properties = kProperties};

TEST(SessionFilter, Table) {
    struct Case {
        const char* text;
        bool wanted;
        const char* why;
    };
    for (const Case& c : {
             Case{"", true, "nothing asked, all found"},
             Case{" \t\n", true, "blanks ask nothing"},
             Case{"playerSessionCount=2", true, "a number equals"},
             Case{"playerSessionCount <> 2", false, "differs"},
             Case{"playerSessionCount>1", true, "greater"},
             Case{"playerSessionCount>2", false, "but not than itself"},
             Case{"playerSessionCount>=2", true, "greater or equal"},
             Case{"playerSessionCount<2", false, "less"},
             Case{"playerSessionCount<=2", true, "less or equal"},
             Case{"playerSessionCount = '2'", true, "a number may stand in quotes"},
             Case{"maximumSessions>=-1", true, "a negative number"},
             Case{"creationTimeMillis>1575518668000", true, "milliseconds"},
             Case{"gameServerSessionName='大厅 lobby'", true, "text in quotes, blanks inside"},
             Case{"gameServerSessionName=lobby", false, "all of the text counts"},
             Case{"gameServerSessionId=qcs::gse:r:uin/1:gameserversession/fleet-1/gssess-1", true, "an id stands bare"},
             Case{"gameServerSessionId<>'x'", true, "another id"},
             Case{"hasAvailablePlayerSessions=true", true, "a flag"},
             Case{"hasAvailablePlayerSessions<>true", false, "the flag's opposite"},
             Case{"gameServerSessionProperties.K1 = 'V1'", true, "a property"},
             Case{"gameServerSessionProperties.Key-1=Value-1", true, "its key and value may contain a dash"},
             Case{"gameServerSessionProperties.mode='it''s on'", true, "a quote is written twice"},
             Case{"gameServerSessionProperties.'two words'=x", true, "a key with a blank stands in quotes"},
             Case{"gameServerSessionProperties.empty=''", true, "an empty value"},
             Case{"gameServerSessionProperties.none=''", false, "a key that is not there equals nothing"},
             Case{"gameServerSessionProperties.none<>x", true, "and differs from everything"},
             Case{"gameServerSessionProperties.k1=V1", false, "keys are case-sensitive"},
             Case{"gameServerSessionProperties.K1=AND1", false, "a value may begin like a keyword"},
             Case{"gameServerSessionProperties.K1<>'AND'", true, "or be one, in quotes"},
             Case{"playerSessionCount>=2 AND hasAvailablePlayerSessions=true", true, "the published example"},
             Case{"gameServerSessionProperties.K1 = 'V1' AND gameServerSessionProperties.K2 = 'V2' OR "
                  "gameServerSessionProperties.K3 = 'V3'",
                  false, "another published example"},
             Case{"(maximumSessions>=10 OR playerSessionCount=0) OR NOT (creationTimeMillis>1575518668000)", true,
                  "the third"},
             Case{"(maximumSessions>=10 OR playerSessionCount=0) OR NOT (creationTimeMillis>1575518668000) OR "
                  "(maximumSessions>=10 AND hasAvailablePlayerSessions=true)",
                  true, "the longest"},
             Case{"playerSessionCount=2 OR playerSessionCount=3 AND maximumSessions=0", true,
                  "AND binds tighter than OR"},
             Case{"(playerSessionCount=2 OR playerSessionCount=3) AND maximumSessions=0", false, "unless told not to"},
             Case{"NOT playerSessionCount=3 AND maximumSessions=0", false, "NOT binds tighter than AND"},
             Case{"NOT NOT playerSessionCount=2", true, "twice is not at all"},
             Case{"NOT(playerSessionCount=2)", false, "no blank before a parenthesis is needed"},
             Case{"playerSessionCount=2 and not maximumSessions=9", true, "keywords in small letters"},
             Case{"((((playerSessionCount=2))))", true, "parentheses around parentheses"},
         }) {
        const auto filter = SessionFilter::parse(c.text);
        ASSERT_TRUE(filter) << c.text << ": " << filter.error().message;
        EXPECT_EQ(filter->matches(kSession), c.wanted) << c.text << ": " << c.why;
    }
}

TEST(SessionFilter, RefusalsNameThePosition) {
    struct Case {
        const char* text;
        const char* message;
    };
    for (const Case& c : {
             Case{"players=2", "character 1: 'players' is no variable; there are gameServerSessionName"},
             Case{"PlayerSessionCount=2", "character 1: 'PlayerSessionCount' is no variable"},
             Case{"=2", "character 1: '=' is no variable"},
             Case{"playerSessionCount", "character 19: one of =, <>, >, >=, <, <= is expected here, not the end"},
             Case{"playerSessionCount 2", "character 20: one of ="},
             Case{"playerSessionCount==2", "is expected here, not '='"},
             Case{"playerSessionCount!=2", "character 19: one of ="},
             Case{"playerSessionCount=", "character 20: a value is expected here, not the end"},
             Case{"playerSessionCount= AND maximumSessions=1", "character 21: a value is expected here, not 'AND'"},
             Case{"playerSessionCount=two", "character 20: 'two' is no whole number"},
             Case{"playerSessionCount=2.5", "character 20: '2.5' is no whole number"},
             Case{"playerSessionCount=99999999999999999999", "is no whole number"},
             Case{"playerSessionCount=2 maximumSessions=1", "character 22: AND, OR or the end is expected here"},
             Case{"playerSessionCount=2 AND", "character 25: the end of the text is no variable"},
             Case{"playerSessionCount=2)", "character 21: this parenthesis closes none"},
             Case{"(playerSessionCount=2", "character 1: the parenthesis that opens here is never closed"},
             Case{"(playerSessionCount=2 x", "character 23: AND, OR or ) is expected here, not 'x'"},
             Case{"()", "character 2: ')' is no variable"},
             Case{"gameServerSessionName='x", "character 23: the quote that opens here is never closed"},
             Case{"gameServerSessionName=\"x\"", "character 23: '\"x\"' is no bare value; put text in single quotes"},
             Case{"gameServerSessionName>x", "character 22: text is compared with = and <> only, not with >"},
             Case{"gameServerSessionProperties.=x", "the key of the property is missing"},
             Case{"hasAvailablePlayerSessions=1", "hasAvailablePlayerSessions is true or false, not '1'"},
             Case{"gameServerSessionName='大厅' x", "character 28: AND, OR or the end"},
             Case{"NOT", "character 4: the end of the text is no variable"},
             Case{"\x01"
                  "\x02",
                  "character 1: '?\?' is no variable"},
         }) {
        const auto filter = SessionFilter::parse(c.text);
        ASSERT_FALSE(filter) << c.text;
        EXPECT_EQ(filter.error().code, ErrorCode::InvalidParameterValue) << c.text;
        EXPECT_THAT(filter.error().message, HasSubstr(c.message)) << c.text;
    }
    EXPECT_THAT(SessionFilter::parse(std::string(SessionFilter::kBytesMax + 1, 'x')).error().message,
                HasSubstr("it may have 4096"));
}

TEST(SessionFilter, DepthIsBounded) {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '(') + "playerSessionCount=2" +
               std::string(static_cast<std::size_t>(depth), ')');
    };
    const auto deepest = SessionFilter::parse(nested(SessionFilter::kDepthMax - 1));
    ASSERT_TRUE(deepest);
    EXPECT_TRUE(deepest->matches(kSession));
    const auto deeper = SessionFilter::parse(nested(SessionFilter::kDepthMax));
    ASSERT_FALSE(deeper);
    EXPECT_THAT(deeper.error().message, HasSubstr("more than 32 deep"));
    EXPECT_FALSE(SessionFilter::parse(nested(2000)));
    std::string many = "playerSessionCount=9";
    while (many.size() < 4'000) many += " OR playerSessionCount=9";
    EXPECT_TRUE(SessionFilter::parse(many + " OR playerSessionCount=2")->matches(kSession))
        << "side by side there is no bound but the length";
}

/// Random texts made of the grammar's own pieces and of random bytes: every one is refused or evaluated.
TEST(SessionFilter, RandomTextsNeverCrash) {
    constexpr std::string_view kPieces[] = {"playerSessionCount",
                                            "gameServerSessionName",
                                            "gameServerSessionProperties.",
                                            "hasAvailablePlayerSessions",
                                            "K1",
                                            "=",
                                            "<>",
                                            ">=",
                                            "<",
                                            "AND",
                                            "or",
                                            "NOT",
                                            "(",
                                            ")",
                                            " ",
                                            " ",
                                            "'",
                                            "''",
                                            "2",
                                            "true",
                                            "大",
                                            "\xe5"};
    SeededRng rng(7);
    int parsed = 0, refused = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string text;
        for (std::uint64_t n = rng.below(14); n-- > 0;) {
            if (rng.chance(0.1))
                text += static_cast<char>(rng.below(256));
            else
                text += kPieces[rng.below(std::size(kPieces))];
        }
        const auto filter = SessionFilter::parse(text);
        if (!filter) {
            ++refused;
            ASSERT_FALSE(filter.error().message.empty());
            continue;
        }
        ++parsed;
        (void)filter->matches(kSession);
        (void)SessionSort::parse(text);
    }
    EXPECT_GT(parsed, 100);
    EXPECT_GT(refused, 1'000);
}

/// A negated filter finds exactly what the filter does not.
TEST(SessionFilter, NotIsTheOpposite) {
    SeededRng rng(11);
    constexpr std::string_view kComparisons[] = {
        "playerSessionCount>1", "maximumSessions<>10", "gameServerSessionProperties.K1=V1",
        "gameServerSessionProperties.none<>x", "hasAvailablePlayerSessions=false"};
    for (int i = 0; i < 2'000; ++i) {
        std::string text(kComparisons[rng.below(std::size(kComparisons))]);
        for (std::uint64_t n = rng.below(5); n-- > 0;) {
            const std::string_view more = kComparisons[rng.below(std::size(kComparisons))];
            switch (rng.below(4)) {
                case 0: text = text + " AND " + std::string(more); break;
                case 1: text = text + " OR " + std::string(more); break;
                case 2: text = "(" + text + ")"; break;
                default: text = "NOT (" + text + ")"; break;
            }
        }
        const auto filter = SessionFilter::parse(text);
        const auto opposite = SessionFilter::parse("NOT (" + text + ")");
        ASSERT_TRUE(filter && opposite) << text;
        EXPECT_NE(filter->matches(kSession), opposite->matches(kSession)) << text;
    }
}

TEST(SessionSort, Table) {
    struct Case {
        const char* text;
        SearchField field;
        bool descending;
    };
    for (const Case& c : {Case{"creationTimeMillis ASC", SearchField::Created, false},
                          Case{" playerSessionCount  desc ", SearchField::Players, true},
                          Case{"gameServerSessionName", SearchField::Name, false},
                          Case{"gameServerSessionId DESC", SearchField::Id, true},
                          Case{"maximumSessions ASC", SearchField::MaxPlayers, false}}) {
        const auto sort = SessionSort::parse(c.text);
        ASSERT_TRUE(sort) << c.text << sort.error().message;
        EXPECT_EQ(sort->field, c.field) << c.text;
        EXPECT_EQ(sort->descending, c.descending) << c.text;
    }
    for (const auto& [text, message] :
         {std::pair{"hasAvailablePlayerSessions ASC", "character 1: 'hasAvailablePlayerSessions' is nothing that"},
          std::pair{"name", "character 1: 'name' is nothing"},
          std::pair{"", "character 1: the end of the text is nothing"},
          std::pair{"maximumSessions UP", "character 17: ASC, DESC or the end is expected here, not 'UP'"},
          std::pair{"maximumSessions ASC DESC", "character 21: ASC, DESC or the end"}}) {
        const auto sort = SessionSort::parse(text);
        ASSERT_FALSE(sort) << text;
        EXPECT_THAT(sort.error().message, HasSubstr(message)) << text;
    }
}

}  // namespace
}  // namespace gse::api
