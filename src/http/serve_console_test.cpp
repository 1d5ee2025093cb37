// The console as a browser meets it: over real sockets.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/testing.h"

namespace gse::http {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// One browser: remembers the cookie, sends Origin and the token as the console's pages do.
struct Browser {
    ServerWorld& world;
    std::string cookie;
    std::string csrf;

    std::string request(
        std::string_view method, std::string_view path, std::string_view body,
        std::string_view more = "Origin: http://127.0.0.1\r\nContent-Type: application/json\r\n") const {
        return fmt::format(
            "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: other=1; {}\r\nX-GSE-Csrf: {}\r\n"
            "X-TC-Region: here\r\nContent-Length: {}\r\n{}\r\n{}",
            method, path, cookie, csrf, body.size(), more, body);
    }
    Answer ask(std::string_view method, std::string_view path, std::string_view body = "") {
        Answer answer = world.ask(request(method, path, body));
        if (const auto set = answer.fields.find("set-cookie"); set != answer.fields.end())
            cookie = set->second.substr(0, set->second.find(';'));
        return answer;
    }
    Answer sign_in(std::string_view secret_id = kTestSecretId, std::string_view secret = kTestSecret) {
        Answer answer =
            ask("POST", "/console/session", fmt::format(R"({{"SecretId":"{}","SecretKey":"{}"}})", secret_id, secret));
        if (const auto at = answer.body.find("\"CsrfToken\":\""); at != std::string::npos) {
            csrf = answer.body.substr(at + 13);
            csrf.resize(csrf.find('"'));
        }
        return answer;
    }
    Answer call(std::string_view action) { return ask("POST", fmt::format("/console/api/{}", action), "{}"); }
};

TEST(HttpConsole, GivesItsFilesAsTheyShouldBeKept) {
    ServerWorld world;
    const Answer page = world.ask("GET /console/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(page.body, "<!doctype html>");
    EXPECT_EQ(page.fields.at("cache-control"), "no-cache");
    EXPECT_THAT(page.fields.at("content-security-policy"),
                AllOf(HasSubstr("default-src 'self'"), Not(HasSubstr("unsafe"))));
    const std::string script = "GET /console/assets/app-1234.js HTTP/1.1\r\nHost: localhost\r\n";
    EXPECT_EQ(world.ask(script + "\r\n").body, "let a = 1");
    const Answer packed = world.ask(script + "Accept-Encoding: gzip, br\r\n\r\n");
    EXPECT_EQ(packed.body, "packed");
    EXPECT_EQ(packed.fields.at("content-encoding"), "gzip");
    EXPECT_THAT(packed.fields.at("cache-control"), HasSubstr("immutable"));
    EXPECT_EQ(world.ask("GET /console/../secret HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
}

TEST(HttpConsole, SignsInCallsAndSignsOut) {
    ServerWorld world;
    Browser browser{world, {}, {}};
    EXPECT_EQ(browser.ask("GET", "/console/session").status, 401);
    const Answer signed_in = browser.sign_in();
    EXPECT_EQ(signed_in.status, 200);
    EXPECT_THAT(signed_in.body, AllOf(HasSubstr(kTestSecretId), HasSubstr("\"ReadOnly\":false"),
                                      HasSubstr("\"DefaultRegion\":\"here\""), Not(HasSubstr(kTestSecret))));
    EXPECT_THAT(signed_in.fields.at("set-cookie"), AllOf(HasSubstr("HttpOnly"), HasSubstr("SameSite=Strict")));
    EXPECT_EQ(signed_in.fields.at("cache-control"), "no-store");
    EXPECT_EQ(browser.ask("GET", "/console/session").body, signed_in.body);

    const Answer called = browser.call("DeleteFleet");
    EXPECT_THAT(called.body, HasSubstr("\"Action\":\"DeleteFleet\""));
    EXPECT_EQ(world.api.seen().back().secret_id, kTestSecretId);
    EXPECT_EQ(world.api.seen().back().version, "2019-11-12");

    const std::string old = browser.cookie;
    EXPECT_EQ(browser.ask("DELETE", "/console/session").status, 200);
    browser.cookie = old;
    EXPECT_EQ(browser.call("DeleteFleet").status, 401) << "a kept cookie is worth nothing";
}

TEST(HttpConsole, LetsNobodyElseIn) {
    ServerWorld world;
    Browser browser{world, {}, {}};
    EXPECT_EQ(browser.sign_in(kTestSecretId, "wrong").status, 401);
    EXPECT_EQ(browser.sign_in("AKIDnobody", "").status, 401);
    EXPECT_EQ(browser.ask("POST", "/console/session", "[]").status, 400);
    EXPECT_EQ(browser.ask("POST", "/console/session", R"({"SecretId":7})").status, 400);
    EXPECT_EQ(browser.call("ListFleets").status, 401);
    EXPECT_EQ(browser.ask("PUT", "/console/session").status, 405);
    ASSERT_EQ(browser.sign_in().status, 200);

    const auto status = [&](std::string_view more) {
        return world.ask(browser.request("POST", "/console/api/ListFleets", "{}", more)).status;
    };
    EXPECT_EQ(status("Origin: http://127.0.0.1\r\nContent-Type: application/json\r\n"), 200);
    EXPECT_EQ(status("Content-Type: application/json\r\n"), 403) << "without an origin";
    EXPECT_EQ(status("Origin: http://10.0.0.1\r\nContent-Type: application/json\r\n"), 403) << "from elsewhere";
    EXPECT_EQ(status("Origin: http://127.0.0.1:81\r\nContent-Type: application/json\r\n"), 403) << "another port";
    EXPECT_EQ(status("Origin: http://127.0.0.1\r\nContent-Type: text/plain\r\n"), 400) << "what a form can send";
    browser.csrf = "guessed";
    EXPECT_EQ(browser.call("ListFleets").status, 403);
    EXPECT_EQ(browser.ask("DELETE", "/console/session").status, 403);
}

TEST(HttpConsole, EndsWhenItIsNotUsedAndIsRenewedWhenItIs) {
    ServerWorld world;
    Browser browser{world, {}, {}};
    ASSERT_EQ(browser.sign_in().status, 200);
    EXPECT_FALSE(browser.call("ListFleets").fields.contains("set-cookie")) << "not at every request";
    for (int i = 0; i < 4; ++i) {
        world.clock.advance(20min);
        EXPECT_EQ(browser.call("ListFleets").status, 200);
    }
    world.clock.advance(31min);
    EXPECT_EQ(browser.call("ListFleets").status, 401);
}

TEST(HttpConsole, AKeyThatMayOnlyReadOnlyReads) {
    ServerWorld world;
    world.keys.keys["AKIDreader"] = {.secret = "reader-secret", .read_only = true};
    Browser browser{world, {}, {}};
    EXPECT_THAT(browser.sign_in("AKIDreader", "reader-secret").body, HasSubstr("\"ReadOnly\":true"));
    EXPECT_THAT(browser.call("DescribeFleetAttributes").body, HasSubstr("\"Action\""));
    EXPECT_THAT(browser.call("UpdateAlias").body, HasSubstr(code_text(ErrorCode::Unauthorized)));
    EXPECT_EQ(browser.ask("POST", "/console/demo", R"({"Version":"v1"})").status, 403);
    world.keys.keys["AKIDreader"].disabled = true;
    EXPECT_EQ(browser.call("DescribeFleetAttributes").status, 401) << "at once";
}

TEST(HttpConsole, ALinkSignsInOnce) {
    ServerWorld world;
    SeededRng rng{1};
    const std::string body =
        fmt::format(R"({{"LinkToken":"{}"}})",
                    world.console_sessions.make_link(std::string(kTestSecretId), world.clock.wall(), rng));
    Browser browser{world, {}, {}};
    EXPECT_EQ(browser.ask("POST", "/console/session", body).status, 200);
    EXPECT_EQ(browser.ask("GET", "/console/session").status, 200);
    EXPECT_EQ(Browser(world, {}, {}).ask("POST", "/console/session", body).status, 401);
}

TEST(HttpConsole, PutsTheDemoGame) {
    ServerWorld world;
    Browser browser{world, {}, {}};
    ASSERT_EQ(browser.sign_in().status, 200);
    EXPECT_EQ(browser.ask("POST", "/console/demo", R"({"Version":"v2"})").body, R"({"BucketKey":"here/v2.zip"})");
    const Answer none = browser.ask("POST", "/console/demo", R"({"Version":"v3"})");
    EXPECT_EQ(none.status, 400);
    EXPECT_THAT(none.body, HasSubstr("there is no v3"));
}

}  // namespace
}  // namespace gse::http
