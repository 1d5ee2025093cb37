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

TEST_F(BadRequest, AMachineTellsItsTokenToNobodyButItsOwnServer) {
    Program server(
        gse_command({"server", "--data", dir() / "server", "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0"}),
        dir() / "server.log");
    auto words = server.ready();
    ASSERT_TRUE(words.contains("link")) << server.log();
    const auto try_with = [&](const std::string& token, const char* says) {
        std::ofstream(dir() / "host.token") << token << '\n';
        Program agent(gse_command({"agent", "--data", dir() / "stranger", "--join", words["link"], "--token-file",
                                   dir() / "host.token", "--sdk-listen", "127.0.0.1:0", "--name", "stranger"}),
                      dir() / "stranger.log");
        EXPECT_EQ(agent.wait(kLimit), 1) << agent.log();
        EXPECT_THAT(agent.log(), HasSubstr(says));
        EXPECT_EQ(agent.log().find(std::string(20, 's')), std::string::npos) << "the secret is in the log";
    };
    try_with(std::string(64, 's'), "this is no enrolment token");
    const std::string secret(32, 's');
    try_with("gse1.htok-00000000." + secret + "." + std::string(64, 'a'), "is not the server that this token is from");
    Api other(words["http"]);
    const auto real = other.call(api::CreateHostTokenRequest{});
    ASSERT_TRUE(real) << describe(real.error());
    const std::string authority = real->token.substr(real->token.rfind('.'));
    try_with("gse1.htok-00000000." + secret + authority, "the enrolment token is unknown, deleted or expired");
    EXPECT_THAT(server.log(), HasSubstr("the enrolment token is unknown, deleted or expired"));
    EXPECT_THAT(http_get(words["http"], "/metrics").second, HasSubstr("\ngse_hosts_connected 0\n"));
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait(kLimit), 0) << server.log();
}

}  // namespace
}  // namespace gse::e2e
