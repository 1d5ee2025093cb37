#include "base/time.h"

#include <gtest/gtest.h>

namespace gse {
namespace {

TEST(Time, ReadsTheFormsTheApiDocuments) {
    struct Case {
        const char* text;
        std::int64_t ms;
    };
    const Case cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2020-09-13T12:26:40Z", 1'600'000'000'000},
        {"2020-09-13T20:26:40+08:00", 1'600'000'000'000},
        {"2020-09-13 12:26:40", 1'600'000'000'000},
        {"2021-01-14T14:04:29.496Z", 1'610'633'069'496},
    };
    for (const auto& c : cases) {
        const auto got = parse_time(c.text);
        ASSERT_TRUE(got) << c.text;
        EXPECT_EQ(got->ms, c.ms) << c.text;
    }
}

TEST(Time, RefusesWhatIsNoTime) {
    for (const char* text : {"", "yesterday", "2020-13-01T00:00:00Z", "2021-04-31 00:00:00", "2020-09-13T12:26:40Zx",
                             "2020-09-13T12:26", "2020-09-13T12:26:40.Z"})
        EXPECT_EQ(parse_time(text).error().code, ErrorCode::InvalidParameterValue) << text;
}

TEST(Time, WritesWhatItReads) {
    EXPECT_EQ(format_utc({1'600'000'000'000}), "2020-09-13T12:26:40Z");
    EXPECT_EQ(format_utc({0}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_utc({-1}), "1969-12-31T23:59:59Z") << "times before 1970 do not round towards it";
    EXPECT_EQ(format_utc({951'782'399'999}), "2000-02-28T23:59:59Z");
    EXPECT_EQ(format_utc({951'782'400'000}), "2000-02-29T00:00:00Z");
    EXPECT_EQ(format_utc({4'107'542'400'000}), "2100-03-01T00:00:00Z") << "2100 is no leap year";
    EXPECT_EQ(format_utc({253'402'300'799'000}), "9999-12-31T23:59:59Z");
    EXPECT_EQ(format_utc_plain({1'600'000'000'000}), "2020-09-13 12:26:40");
    EXPECT_EQ(format_utc_date({1'551'113'065'000}), "2019-02-25");
}

}  // namespace
}  // namespace gse
