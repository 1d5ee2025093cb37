#include "http/console_sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr WallTime kNow{1'700'000'000'000};

struct ConsoleSessionsTest : ::testing::Test {
    SeededRng rng{7};
    ConsoleSessions sessions{std::string(32, 's')};

    std::string why(const std::string& cookie, WallTime at) {
        const auto found = sessions.check(cookie, at);
        return found ? "" : found.error().message;
    }
};

TEST_F(ConsoleSessionsTest, LastWhileTheyAreUsed) {
    ConsoleSession session = sessions.open("AKID1", kNow, rng);
    const std::string first = sessions.cookie(session);
    EXPECT_EQ(sessions.check(first, kNow + Millis{30min} - Millis{1})->secret_id, "AKID1");
    EXPECT_THAT(why(first, kNow + Millis{30min}), HasSubstr("not used"));
    WallTime now = kNow;
    std::string cookie = first;
    while (now + Millis{20min} < kNow + Millis{12h}) {
        now = now + Millis{20min};
        auto found = sessions.check(cookie, now);
        ASSERT_TRUE(found);
        EXPECT_TRUE(sessions.is_stale(*found, now));
        found->seen = now;
        EXPECT_FALSE(sessions.is_stale(*found, now));
        cookie = sessions.cookie(*found);
    }
    EXPECT_THAT(why(cookie, kNow + Millis{12h}), HasSubstr("after 12 hours")) << "however much they are used";
}

TEST_F(ConsoleSessionsTest, CannotBeMadeUp) {
    const ConsoleSession session = sessions.open("AKID1", kNow, rng);
    const std::string cookie = sessions.cookie(session);
    EXPECT_THAT(why("", kNow), HasSubstr("not signed in"));
    EXPECT_THAT(why(cookie + "x", kNow), HasSubstr("none of this server"));
    EXPECT_THAT(why(std::string(100'000, 'x'), kNow), HasSubstr("none of this server"));
    ConsoleSessions other(std::string(32, 't'));
    EXPECT_FALSE(other.check(cookie, kNow));
    EXPECT_NE(other.cookie_name(), sessions.cookie_name());
    ConsoleSessions restarted(std::string(32, 's'));
    EXPECT_TRUE(restarted.check(cookie, kNow)) << "a restart signs nobody out";
}

TEST_F(ConsoleSessionsTest, SignOutEndsOneSession) {
    const ConsoleSession one = sessions.open("AKID1", kNow, rng), two = sessions.open("AKID1", kNow, rng);
    sessions.sign_out(one, kNow);
    EXPECT_THAT(why(sessions.cookie(one), kNow), HasSubstr("signed out"));
    EXPECT_EQ(why(sessions.cookie(two), kNow), "");
}

TEST_F(ConsoleSessionsTest, TooManySignOutsEndAllRatherThanNone) {
    const ConsoleSession bystander = sessions.open("AKID2", kNow, rng);
    const ConsoleSession first = sessions.open("AKID1", kNow, rng);
    sessions.sign_out(first, kNow);
    for (std::size_t i = 0; i < ConsoleSessions::kSignedOutMax; ++i)
        sessions.sign_out(sessions.open("AKID1", kNow, rng), kNow);
    EXPECT_NE(why(sessions.cookie(first), kNow), "");
    EXPECT_NE(why(sessions.cookie(bystander), kNow), "");
    const WallTime later = kNow + Millis{2};
    EXPECT_EQ(why(sessions.cookie(sessions.open("AKID2", later, rng)), later), "");
}

TEST_F(ConsoleSessionsTest, TheTokenAgainstForgeryBelongsToTheSession) {
    const ConsoleSession one = sessions.open("AKID1", kNow, rng), two = sessions.open("AKID1", kNow, rng);
    EXPECT_TRUE(sessions.is_csrf_token(one, sessions.csrf_token(one)));
    EXPECT_FALSE(sessions.is_csrf_token(one, sessions.csrf_token(two)));
    EXPECT_FALSE(sessions.is_csrf_token(one, ""));
}

TEST_F(ConsoleSessionsTest, ALinkSignsInOnceAndInTime) {
    const std::string link = sessions.make_link("AKID1", kNow, rng), late = sessions.make_link("AKID1", kNow, rng);
    EXPECT_EQ(sessions.take_link("made-up", kNow), std::nullopt);
    EXPECT_EQ(sessions.take_link(link, kNow), "AKID1");
    EXPECT_EQ(sessions.take_link(link, kNow), std::nullopt);
    EXPECT_EQ(sessions.take_link(late, kNow + Millis{1h}), std::nullopt);
    for (std::size_t i = 0; i <= ConsoleSessions::kLinksMax; ++i) (void)sessions.make_link("AKID1", kNow, rng);
}

}  // namespace
}  // namespace gse::http
