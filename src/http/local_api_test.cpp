#include "http/local_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/testing.h"

namespace gse::http {
namespace {

using testing::HasSubstr;

std::string post(std::string_view body, std::string_view type = "application/json",
                 std::string_view host = "localhost:1", std::string_view more = {}) {
    return "POST /capi HTTP/1.1\r\nHost: " + std::string{host} + "\r\nContent-Type: " + std::string{type} + "\r\n" +
           std::string{more} + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

TEST(LocalApi, TakesTheActionOutOfTheObject) {
    const auto call = read_local_call(
        R"({"FleetId":"fleet-123","Action":"CreateGameServerSession","Region":"ap-tokyo","Version":"x",)"
        R"("GameProperties":[{"Key":"a\"b","Value":"维"}],"MaximumPlayerSessionCount":10})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->action, "CreateGameServerSession");
    EXPECT_EQ(call->region, "ap-tokyo");
    EXPECT_EQ(call->version, "2019-11-12");
    EXPECT_TRUE(call->local);
    EXPECT_EQ(call->secret_id, "");
    EXPECT_EQ(
        call->json,
        R"({"FleetId":"fleet-123","GameProperties":[{"Key":"a\"b","Value":"维"}],"MaximumPlayerSessionCount":10})");
    EXPECT_EQ(read_local_call(R"({"Action":"ListFleets"})")->json, "{}");
}

TEST(LocalApi, RefusesWhatIsNoCall) {
    for (const char* body : {"", "[]", "\"x\"", "{", "Action=ListFleets"})
        EXPECT_EQ(read_local_call(body).error().code, ErrorCode::InvalidParameter) << body;
    for (const char* body : {"{}", R"({"Action":7})", R"({"Action":""})", R"({"action":"ListFleets"})"})
        EXPECT_EQ(read_local_call(body).error().code, ErrorCode::MissingParameter) << body;
}

TEST(LocalApi, AnswersProgramsOnThisMachineInTheirOrder) {
    ServerWorld world{[](ServerOptions& o) { o.local_api = true; }};
    RawClient client = world.connect();
    ASSERT_TRUE(client.send(post(R"({"Action":"A"})") + post(R"({"Action":"B"})") + post("{}")));
    EXPECT_THAT(client.read_answer()->body, HasSubstr(R"("Action":"A")"));
    const auto second = client.read_answer();
    EXPECT_EQ(second->status, 200);
    EXPECT_EQ(second->fields.at("content-type"), "application/json");
    EXPECT_THAT(second->body, HasSubstr(second->fields.at("x-tc-requestid")));
    EXPECT_THAT(client.read_answer()->body, HasSubstr(code_text(ErrorCode::MissingParameter)));
    EXPECT_TRUE(world.api.seen().front().local);
}

TEST(LocalApi, NoPageElsewhereAndNoFormGetsIn) {
    ServerWorld world{[](ServerOptions& o) { o.local_api = true; }};
    const struct {
        const char* what;
        std::string request;
        int status;
    } kCases[] = {
        {"a name that was pointed here", post(R"({"Action":"A"})", "application/json", "evil.example"), 421},
        {"a page of another origin",
         post(R"({"Action":"A"})", "application/json", "localhost", "Origin: https://evil.example\r\n"), 421},
        {"what a form can send", post(R"({"Action":"A"})", "text/plain"), 415},
        {"another method", "GET /capi HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
    };
    for (const auto& c : kCases) EXPECT_EQ(world.ask(c.request).status, c.status) << c.what;
    EXPECT_TRUE(world.api.seen().empty());
}

TEST(LocalApi, IsThereOnlyWhereItIsSet) {
    ServerWorld world;
    EXPECT_EQ(world.ask(post(R"({"Action":"A"})")).status, 404);
    EXPECT_TRUE(world.api.seen().empty());
}

}  // namespace
}  // namespace gse::http
