// Requests and agents that do not belong here, over real HTTP and the real link.
#include <fstream>

#include "e2e/dev.h"
#include "http/testing.h"

namespace gse::e2e {
namespace {

using ::testing::HasSubstr;

constexpr Millis kLimit{20'000};

class BadRequest : public DevTest {
protected:
    std::string ask(const std::string& request, int status = 200) {
        http::RawClient client(static_cast<std::uint16_t>(std::stoi(http().substr(http().rfind(':') + 1))));
        EXPECT_TRUE(client.send(request));
        const auto answer = client.read_answer();
        if (!answer) return "no answer";
        EXPECT_EQ(answer->status, status) << answer->body;
        return answer->body;
    }
    static WallTime now() { return SystemClock().wall(); }
};

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

std::string error(std::string_view code) { return fmt::format(R"("Code":"{}")", code); }

TEST_F(BadRequest, EachHasItsCode) {
    const std::string good = http::signed_post("ListFleets", "{}", now());
    EXPECT_THAT(ask(good), HasSubstr(R"("FleetIds":[)"));  // what the others are variations of

    const auto authorization = good.find("Authorization: ");
    std::string unsigned_post = good;
    unsigned_post.erase(authorization, good.find("\r\n", authorization) + 2 - authorization);
    EXPECT_THAT(ask(unsigned_post), HasSubstr(R"("Code":"AuthFailure.)"));

    const auto digits = good.find("Signature=") + 10;
    std::string forged = good;
    forged[digits] = forged[digits] == '0' ? '1' : '0';
    EXPECT_THAT(ask(forged), HasSubstr(error("AuthFailure.SignatureFailure")));

    std::string garbled = replaced(good, "TC3-HMAC-SHA256 Credential=", "TC3-HMAC-SHA256 Credentials:");
    EXPECT_THAT(ask(garbled), HasSubstr(error("AuthFailure.InvalidAuthorization")));
    EXPECT_THAT(ask(replaced(good, kSecretId, "AKIDEXAMPLE9999")), HasSubstr(error("AuthFailure.SecretIdNotFound")));

    const std::string late = ask(http::signed_post("ListFleets", "{}", WallTime{now().ms - 400'000}));
    EXPECT_THAT(late, HasSubstr(error("AuthFailure.SignatureExpire")));

    EXPECT_THAT(ask(http::signed_post("ListFleets", "{\"Limit\":", now())), HasSubstr(error("InvalidParameter")));
    EXPECT_THAT(ask(http::signed_post("ListFleets", R"({"Limt":1})", now())),
                AllOf(HasSubstr(error("UnknownParameter")), HasSubstr("Limt")));
    EXPECT_THAT(ask(http::signed_post("ListFleets", R"({"Limit":"many"})", now())),
                AllOf(HasSubstr(error("InvalidParameter")), HasSubstr("Limit")));
    EXPECT_THAT(ask(http::signed_post("ListFleet", "{}", now())),
                AllOf(HasSubstr(error("InvalidAction")), HasSubstr("ListFleet")));
    EXPECT_THAT(ask(replaced(good, "X-TC-Version: 2019-11-12", "X-TC-Version: 2018-01-01")),
                HasSubstr(error("NoSuchVersion")));
    EXPECT_THAT(ask(http::signed_post("ListFleets", "{}", now(), "X-TC-Region: mars-north\r\n")),
                AllOf(HasSubstr(error("UnsupportedRegion")), HasSubstr("mars-north")));
    EXPECT_THAT(ask(http::signed_post("ListFleets", R"({"AssetId":")" + std::string(11 << 20, 'x') + "\"}", now())
                        .substr(0, 1 << 16)),
                HasSubstr(error("RequestSizeLimitExceeded")));
    (void)ask("this is no HTTP\r\n\r\n", 400);

    EXPECT_THAT(ask(good), HasSubstr(R"("FleetIds":[)"));  // and nobody was hurt
}

TEST_F(BadRequest, AnAgentWithAWrongTokenIsRefusedWithAWordOnBothSides) {
    const auto token = dir() / "wrong-token";
    std::ofstream(token) << std::string(64, 'a') << '\n';
    const std::string link = "127.0.0.1:" + read_text(data() / "link-port");
    Program agent(gse_command({"agent", "--data", dir() / "stranger", "--server", link, "--token-file", token,
                               "--sdk-listen", "127.0.0.1:0", "--set", "agent.name=stranger"}),
                  dir() / "stranger.log");
    EXPECT_FALSE(agent.ready().empty()) << agent.log();
    EXPECT_TRUE(wait_until(kLimit, [&] {
        return agent.log().find("the agent's token is missing or not this server's") != std::string::npos;
    })) << agent.log();
    EXPECT_THAT(log(), HasSubstr("showed no or a wrong token"));
    EXPECT_THAT(http_get(http(), "/metrics").second,
                HasSubstr("\ngse_hosts_connected 1\n"));  // the one of gse dev itself
    EXPECT_EQ(agent.log().find(std::string(64, 'a')), std::string::npos);
    agent.signal(SIGTERM);
    EXPECT_EQ(agent.wait(kLimit), 0);
}

}  // namespace
}  // namespace gse::e2e
