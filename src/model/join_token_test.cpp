#include "model/join_token.h"

#include <gmock/gmock.h>

namespace gse {
namespace {

const JoinToken kToken{.id = "htok-ab12cd34", .secret = std::string(32, 's'), .authority_sha256 = std::string(64, 'a')};

TEST(JoinToken, ReadsBackWhatItWrote) {
    const std::string text = to_text(kToken);
    EXPECT_EQ(text, "gse1.htok-ab12cd34." + std::string(32, 's') + "." + std::string(64, 'a'));
    for (const std::string& around : {text, text + "\n", "  " + text + " \r\n"}) {
        const auto read = parse_join_token(around);
        ASSERT_TRUE(read) << around;
        EXPECT_EQ(read->id, kToken.id);
        EXPECT_EQ(read->secret, kToken.secret);
        EXPECT_EQ(read->authority_sha256, kToken.authority_sha256);
    }
}

TEST(JoinToken, RefusesEverythingElseAndDoesNotRepeatIt) {
    const std::string text = to_text(kToken);
    const struct {
        const char* name;
        std::string text;
    } kCases[] = {
        {"nothing", ""},
        {"the token of older servers", std::string(64, 'f')},
        {"another version", "gse2" + text.substr(4)},
        {"a part too few", text.substr(0, text.rfind('.'))},
        {"a part too many", text + ".more"},
        {"an authority cut short", text.substr(0, text.size() - 1)},
        {"an authority that is no hash", text.substr(0, text.size() - 1) + "g"},
        {"a secret that can be guessed", "gse1.htok-ab12cd34.short." + std::string(64, 'a')},
        {"no id", "gse1.." + std::string(32, 's') + "." + std::string(64, 'a')},
        {"far too much", text + std::string(100'000, 'a')},
    };
    for (const auto& c : kCases) {
        const auto read = parse_join_token(c.text);
        ASSERT_FALSE(read) << c.name;
        EXPECT_EQ(read.error().code, ErrorCode::InvalidParameterValue) << c.name;
        EXPECT_THAT(read.error().message, testing::Not(testing::HasSubstr("ssss"))) << c.name;
    }
}

}  // namespace
}  // namespace gse
