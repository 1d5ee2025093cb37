#include "objects/bucket_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::objects {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const CorsRule kRule{.origins = {"https://play.example.com", "https://*.test"},
                     .methods = {"PUT", "GET"},
                     .headers = {"Content-Type", "authorization"},
                     .exposed = {"ETag"},
                     .max_age_s = 600};

TEST(Cors, Preflights) {
    struct Case {
        CorsRequest request;
        bool allowed;
        const char* why;
    };
    for (const Case& c : {
             Case{{"https://play.example.com", "PUT", "content-type, Authorization"}, true, "all of it is allowed"},
             Case{{"https://play.example.com", "GET", ""}, true, "without further headers"},
             Case{{"https://a.b.test", "PUT", ""}, true, "the star stands for anything"},
             Case{{"https://.test", "PUT", ""}, true, "also for nothing"},
             Case{{"https://test", "PUT", ""}, false, "but what stands around it must be there"},
             Case{{"http://play.example.com", "PUT", ""}, false, "another scheme"},
             Case{{"https://play.example.com.evil", "PUT", ""}, false, "a longer name"},
             Case{{"", "PUT", ""}, false, "no origin"},
             Case{{"https://play.example.com", "HEAD", ""}, false, "a method that the rule does not name"},
             Case{{"https://play.example.com", "put", ""}, false, "methods are case-sensitive"},
             Case{{"https://play.example.com", "PUT", "x-other"}, false, "a header that it does not name"},
             Case{{"https://play.example.com", "PUT", "content-type,x-other"}, false, "one of several"},
         })
        EXPECT_EQ(answer_preflight(kRule, c.request).has_value(), c.allowed) << c.why;
    EXPECT_THAT(*answer_preflight(kRule, {"https://play.example.com", "PUT", "content-type"}),
                AllOf(HasSubstr("Access-Control-Allow-Origin: https://play.example.com\r\n"),
                      HasSubstr("Access-Control-Allow-Methods: PUT, GET\r\n"),
                      HasSubstr("Access-Control-Allow-Headers: content-type\r\n"),
                      HasSubstr("Access-Control-Max-Age: 600\r\n"), HasSubstr("Vary: Origin\r\n")));
    CorsRule open = kRule;
    open.origins = {"*"};
    open.headers = {"*"};
    EXPECT_TRUE(answer_preflight(open, {"null", "PUT", "anything, at-all"}));
}

TEST(Cors, AnswersOfTheRequestItself) {
    EXPECT_THAT(answer_fields(kRule, {"https://play.example.com", "GET", ""}),
                AllOf(HasSubstr("Access-Control-Allow-Origin: https://play.example.com\r\n"),
                      HasSubstr("Access-Control-Expose-Headers: ETag\r\n"), Not(HasSubstr("Max-Age"))));
    EXPECT_EQ(answer_fields(kRule, {"https://other.example.com", "GET", ""}), "");
    EXPECT_EQ(answer_fields(kRule, {"https://play.example.com", "HEAD", ""}), "");
}

TEST(BucketRules, TheLastRuleOfABucketHolds) {
    BucketRules rules;
    EXPECT_FALSE(rules.find("b"));
    rules.set({"b", kRule});
    rules.set({"c", {}});
    EXPECT_EQ(rules.find("b")->max_age_s, 600u);
    rules.set({"b", {}});
    EXPECT_EQ(rules.find("b")->max_age_s, 0u);
}

}  // namespace
}  // namespace gse::objects
