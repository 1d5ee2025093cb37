#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include "base/crypto.h"
#include "base/hex.h"
#include "http/testing.h"

namespace gse::http {
namespace {

using namespace std::string_literals;
using std::chrono::seconds;
using testing::HasSubstr;

std::string get(std::string_view target, std::string_view more = {}, std::string_view host = "127.0.0.1") {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: " + std::string{host} + "\r\n" + std::string{more} +
           "\r\n";
}

std::string put(std::string_view target, std::string_view authorization, std::string_view body) {
    return "PUT " + std::string{target} +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + std::string{authorization} +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

// The cloud API.

TEST(HttpApi, AnswersASignedPost) {
    ServerWorld world;
    const Answer answer = world.post("ListFleets", R"({"Limit":1})");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.fields.at("content-type"), "application/json") << "without any parameter";
    const std::string request_id = answer.fields.at("x-tc-requestid");
    EXPECT_EQ(request_id.size(), 36u);
    EXPECT_EQ(answer.body, R"({"Response":{"Action":"ListFleets","Bytes":11,"RequestId":")" + request_id + R"("}})");
}

TEST(HttpApi, EveryErrorIsA200WithARequestId) {
    ServerWorld world;
    const WallTime now = world.clock.wall();
    std::string wrong = signed_post("A", "{}", now);
    wrong.back() = ' ';
    const struct {
        const char* what;
        std::string request;
        ErrorCode want;
    } kCases[] = {
        {"unsigned", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}", ErrorCode::AuthInvalidAuthorization},
        {"wrongly signed", wrong, ErrorCode::AuthSignatureFailure},
        {"late", signed_post("A", "{}", now - Millis{400'000}), ErrorCode::AuthSignatureExpire},
        {"another method", "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", ErrorCode::UnsupportedProtocol},
        {"a method nobody knows", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", ErrorCode::UnsupportedProtocol},
        {"GET without a signature", get("/"), ErrorCode::AuthInvalidAuthorization},
        {"GET with a long query", get("/?A=" + std::string(33'000, 'x')), ErrorCode::RequestTooLarge},
    };
    for (const auto& c : kCases) {
        const Answer answer = world.ask(c.request);
        EXPECT_EQ(answer.status, 200) << c.what;
        EXPECT_EQ(answer.fields.at("content-type"), "application/json") << c.what;
        EXPECT_THAT(answer.body, HasSubstr(code_text(c.want))) << c.what;
        EXPECT_THAT(answer.body, HasSubstr(answer.fields.at("x-tc-requestid"))) << c.what;
    }
    EXPECT_TRUE(world.api.seen().empty()) << "none of them reaches the API";
}

TEST(HttpApi, AHeadOfTheApiHasNoBody) {
    ServerWorld world;
    RawClient client = world.connect();
    ASSERT_TRUE(client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + signed_post("A", "{}", world.clock.wall())));
    EXPECT_EQ(client.read_answer(true)->status, 200);
    EXPECT_THAT(client.read_answer()->body, HasSubstr("\"Action\":\"A\""));
}

TEST(HttpApi, PipelinedRequestsAreAnsweredInTheirOrder) {
    ServerWorld world;
    world.api.hold();
    RawClient client = world.connect();
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += signed_post("A" + std::to_string(i), "{}", world.clock.wall());
    ASSERT_TRUE(client.send(requests));
    ASSERT_TRUE(world.api.wait_for_held(100));
    for (std::size_t left = 100; left > 0; --left) world.api.answer(left - 1);  // backwards
    for (int i = 0; i < 100; ++i) {
        const auto answer = client.read_answer();
        ASSERT_TRUE(answer);
        EXPECT_THAT(answer->body, HasSubstr("\"A" + std::to_string(i) + "\""));
    }
}

TEST(HttpApi, ManyMorePipelinedThanTheWindowHolds) {
    ServerWorld world{[](ServerOptions& o) { o.pipeline_max = 8; }};
    RawClient client = world.connect();
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += signed_post("A" + std::to_string(i), "{}", world.clock.wall());
    std::thread sender{[&] { EXPECT_TRUE(client.send(requests)); }};
    for (int i = 0; i < 1000; ++i) {
        const auto answer = client.read_answer();
        ASSERT_TRUE(answer) << i;
        EXPECT_THAT(answer->body, HasSubstr("\"A" + std::to_string(i) + "\""));
    }
    sender.join();
}

TEST(HttpApi, ALoopThatCannotKeepUpRefusesInValidAnswersAndInOrder) {
    constexpr int kClients = 20, kRequests = 80;
    ServerWorld world;
    std::promise<void> all_sent;
    std::atomic<int> calls{-1};  // counted once all are connected
    world.api.on_call = [&, sent = all_sent.get_future().share()] {
        if (calls < 0) return;
        if (calls++ == 0) sent.wait();
        if (calls % 4 == 0) world.clock.advance(std::chrono::milliseconds{1});
    };
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < kClients; ++i) {
        clients.push_back(std::make_unique<RawClient>(world.port));
        ASSERT_TRUE(clients.back()->send(signed_post("First", "{}", world.clock.wall())));
        ASSERT_TRUE(clients.back()->read_answer());
    }
    calls = 0;
    std::string requests;
    for (int i = 0; i < kRequests; ++i) requests += signed_post("A" + std::to_string(i), "{}", world.clock.wall());
    for (const auto& client : clients) ASSERT_TRUE(client->send(requests));
    all_sent.set_value();

    std::vector<int> taken(kClients);
    int refused = 0;
    for (int client = 0; client < kClients; ++client) {
        for (int i = 0; i < kRequests; ++i) {
            const auto answer = clients[static_cast<std::size_t>(client)]->read_answer();
            ASSERT_TRUE(answer);
            EXPECT_EQ(answer->status, 200);
            EXPECT_EQ(answer->fields.at("content-type"), "application/json");
            EXPECT_THAT(answer->body, HasSubstr(answer->fields.at("x-tc-requestid")));
            const bool shed = answer->body.find(code_text(ErrorCode::Overloaded)) != std::string::npos;
            if (!shed) {
                EXPECT_THAT(answer->body, HasSubstr("\"A" + std::to_string(i) + "\""));
            }
            ++(shed ? refused : taken[static_cast<std::size_t>(client)]);
        }
    }
    EXPECT_GT(refused, kClients * kRequests / 3);
    for (const int of_one : taken) EXPECT_GE(of_one, 16) << "each had its turn before it was too late";
    EXPECT_EQ(world.api.seen().size(), static_cast<std::size_t>(kClients + kClients * kRequests - refused));
    EXPECT_EQ(world.server->stats().shed_requests, static_cast<std::uint64_t>(refused));

    world.clock.advance(std::chrono::seconds{5});
    EXPECT_THAT(world.post("Later").body, HasSubstr("\"Action\":\"Later\"")) << "it is over";
}

TEST(HttpApi, TheWindowBoundsWhatIsHandedOn) {
    ServerWorld world{[](ServerOptions& o) { o.pipeline_max = 4; }};
    world.api.hold();
    RawClient client = world.connect();
    std::string requests;
    for (int i = 0; i < 10; ++i) requests += signed_post("A", "{}", world.clock.wall());
    ASSERT_TRUE(client.send(requests));
    ASSERT_TRUE(world.api.wait_for_held(4));
    world.api.answer(0);
    ASSERT_TRUE(client.read_answer());
    ASSERT_TRUE(world.api.wait_for_held(4)) << "one out, one in";
    EXPECT_EQ(world.api.seen().size(), 5u);
    for (int i = 1; i < 10; ++i) {
        ASSERT_TRUE(world.api.wait_for_held(1));
        world.api.answer(0);
        ASSERT_TRUE(client.read_answer());
    }
}

/// Waits until the last call that came in is told to hurry.
bool is_hurried(ServerWorld& world) {
    const engine::Hurry hurry = world.api.seen().back().hurry;
    return world.wait_for([&](const ServerStats&) { return hurry->load(); });
}

TEST(HttpApi, WhoeverGoesTellsThatNobodyWaits) {
    for (const bool half_closed : {true, false}) {
        ServerWorld world;
        world.api.hold();
        RawClient client = world.connect();
        ASSERT_TRUE(client.send(signed_post("Wait", "{}", world.clock.wall())));
        ASSERT_TRUE(world.api.wait_for_held(1));
        world.clock.advance(std::chrono::seconds{70});  // longer than any time-out of the rim but the idle one
        EXPECT_FALSE(*world.api.seen().back().hurry);
        half_closed ? client.shut_down_sending() : client.reset();
        EXPECT_TRUE(is_hurried(world));
        world.api.answer(0);
        if (half_closed) {
            EXPECT_THAT(client.read_answer()->body, HasSubstr("\"Wait\"")) << "it may still listen";
        }
    }
}

TEST(HttpApi, StoppingTellsThatNobodyShouldWait) {
    ServerWorld world;
    world.api.hold();
    RawClient client = world.connect();
    ASSERT_TRUE(client.send(signed_post("Wait", "{}", world.clock.wall())));
    ASSERT_TRUE(world.api.wait_for_held(1));
    std::thread stopper{[&] { world.server->stop(); }};
    EXPECT_TRUE(is_hurried(world));
    world.api.answer(0);
    EXPECT_TRUE(client.read_answer());
    stopper.join();
}

TEST(HttpApi, ReadsByteByByte) {
    ServerWorld world;
    RawClient client = world.connect();
    for (const char c : signed_post("Slowly", R"({"A":1})", world.clock.wall())) ASSERT_TRUE(client.send({&c, 1}));
    EXPECT_THAT(client.read_answer()->body, HasSubstr("\"Slowly\""));
}

TEST(HttpApi, ReadsChunksByteByByte) {
    ServerWorld world;
    std::string request = signed_post("Slowly", "{}", world.clock.wall());
    request.replace(request.find("Content-Length: 2\r\n"), 19, "Transfer-Encoding: chunked\r\n");
    for (const char* body : {"2\r\n{}\r\n0\r\n\r\n", "1;a=b\r\n{\r\n1\r\n}\r\n00\r\nX: y\r\n\r\n"}) {
        const std::string text = request.substr(0, request.size() - 2) + body;
        RawClient client = world.connect();
        for (const char c : text) ASSERT_TRUE(client.send({&c, 1}));
        EXPECT_THAT(client.read_answer()->body, HasSubstr("\"Slowly\",\"Bytes\":2"));
    }
    std::string none = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    RawClient client = world.connect();
    for (const char c : none) ASSERT_TRUE(client.send({&c, 1}));
    EXPECT_THAT(client.read_answer()->body, HasSubstr(code_text(ErrorCode::AuthInvalidAuthorization)));
}

TEST(HttpApi, KeepsAliveAndCloses) {
    ServerWorld world;
    const WallTime now = world.clock.wall();
    RawClient client = world.connect();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(client.send(signed_post("A", "{}", now)));
        EXPECT_FALSE(client.read_answer()->fields.contains("connection"));
    }
    ASSERT_TRUE(client.send(signed_post("A", "{}", now, "Connection: close\r\n")));
    EXPECT_EQ(client.read_answer()->fields.at("connection"), "close");
    EXPECT_TRUE(client.is_closed());

    std::string old = signed_post("A", "{}", now);
    old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
    RawClient old_client = world.connect();
    ASSERT_TRUE(old_client.send(old));
    EXPECT_EQ(old_client.read_answer()->fields.at("connection"), "close");
    EXPECT_TRUE(old_client.is_closed());
}

TEST(HttpApi, AHalfClosedClientGetsItsAnswers) {
    ServerWorld world;
    world.api.hold();
    RawClient client = world.connect();
    ASSERT_TRUE(client.send(signed_post("A", "{}", world.clock.wall()) + signed_post("B", "{}", world.clock.wall())));
    client.shut_down_sending();
    ASSERT_TRUE(world.api.wait_for_held(2));
    world.api.answer(1);
    world.api.answer(0);
    EXPECT_THAT(client.read_answer()->body, HasSubstr("\"A\""));
    EXPECT_THAT(client.read_answer()->body, HasSubstr("\"B\""));
    EXPECT_TRUE(client.is_closed());
}

TEST(HttpApi, AnswersForAClientThatLeftGoNowhere) {
    ServerWorld world;
    world.api.hold();
    {
        RawClient client = world.connect();
        ASSERT_TRUE(client.send(signed_post("A", "{}", world.clock.wall())));
        ASSERT_TRUE(world.api.wait_for_held(1));
        client.reset();
    }
    ASSERT_TRUE(world.wait_for([](const ServerStats& s) { return s.connections_open == 0; }));
    world.api.answer(0);
    RawClient next = world.connect();
    ASSERT_TRUE(next.send(signed_post("B", "{}", world.clock.wall())));
    ASSERT_TRUE(world.api.wait_for_held(1));
    world.api.answer(0);
    EXPECT_THAT(next.read_answer()->body, HasSubstr("\"B\""));
}

TEST(HttpApi, BodiesOverTheLimit) {
    ServerWorld world{[](ServerOptions& o) {
        o.body_bytes = 200'000;
        o.form_bytes = 50'000;
    }};
    EXPECT_THAT(world.post("A", std::string(200'000, ' ')).body, HasSubstr("\"Bytes\":200000"));
    const Answer over = world.post("A", std::string(200'001, ' '));
    EXPECT_EQ(over.status, 200);
    EXPECT_EQ(over.fields.at("connection"), "close");
    EXPECT_THAT(over.body, HasSubstr(code_text(ErrorCode::RequestTooLarge)));

    const auto form = [](std::size_t size) {
        return "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
               std::to_string(size) + "\r\n\r\n" + std::string(size, 'a');
    };
    EXPECT_THAT(world.ask(form(50'001)).body, HasSubstr(code_text(ErrorCode::AuthSignatureFailure)));
    EXPECT_THAT(world.ask(form(50'000)).body, HasSubstr(code_text(ErrorCode::AuthInvalidAuthorization)));

    // Chunked, the size shows only as it comes.
    std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 3; ++i) chunked += "11170\r\n" + std::string(70'000, 'x') + "\r\n";
    EXPECT_THAT(world.ask(chunked).body, HasSubstr(code_text(ErrorCode::RequestTooLarge)));
}

TEST(HttpApi, HalfReadBodiesHaveABoundTogether) {
    ServerWorld world{[](ServerOptions& o) { o.bodies_bytes = 300'000; }};
    const std::string start = "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\nContent-Length: 250001\r\n\r\n";
    RawClient first = world.connect();
    ASSERT_TRUE(first.send(start + std::string(250'000, 'x')));
    RawClient second = world.connect();
    ASSERT_TRUE(second.send(start + std::string(250'000, 'x')));
    // Which of the two is refused depends on whose bytes came first.
    ASSERT_TRUE(world.wait_for([](const ServerStats& s) { return s.malformed_requests == 1; }));
    first.send("x");
    second.send("x");
    const auto one = first.read_answer();
    const auto two = second.read_answer();
    ASSERT_TRUE(one && two);
    EXPECT_EQ((one->body + two->body).find(code_text(ErrorCode::Overloaded)) != std::string::npos, true);
    EXPECT_THAT(one->body + two->body, HasSubstr(code_text(ErrorCode::AuthInvalidAuthorization)));
    EXPECT_THAT(world.post("A", std::string(250'000, ' ')).body, HasSubstr("\"Bytes\":250000")) << "given back";
}

TEST(HttpApi, AnswersContinueBeforeABody) {
    ServerWorld world;
    const std::string request = signed_post("A", R"({"A":1})", world.clock.wall(), "Expect: 100-continue\r\n");
    const auto body_at = request.find("\r\n\r\n") + 4;
    RawClient client = world.connect();
    ASSERT_TRUE(client.send(request.substr(0, body_at)));
    EXPECT_EQ(client.read_answer()->status, 100);
    ASSERT_TRUE(client.send(request.substr(body_at)));
    EXPECT_THAT(client.read_answer()->body, HasSubstr("\"Bytes\":7"));
}

TEST(HttpApi, TakesAnAbsoluteTargetAndAUrlAsHost) {
    ServerWorld world;
    std::string request = signed_post("A", "{}", world.clock.wall());
    request.replace(0, 7, "POST http://127.0.0.1/ ");
    EXPECT_THAT(world.ask(request).body, HasSubstr("\"Action\":\"A\""));
    // As tccli sends it; the signature is what is wrong here, not the header.
    EXPECT_THAT(world.ask("POST / HTTP/1.1\r\nHost: http://127.0.0.1:8080\r\nContent-Length: 0\r\n\r\n").body,
                HasSubstr(code_text(ErrorCode::AuthInvalidAuthorization)));
}

// What is not HTTP.

TEST(HttpFraming, MalformedRequestsAreA400AndTheEnd) {
    ServerWorld world;
    const std::string kCases[] = {
        "nonsense\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n",
        "GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nxx",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "GET / HTTP/1.1\r\nHost: h\0\r\n\r\n"s,
    };
    for (const std::string& text : kCases) {
        RawClient client = world.connect();
        ASSERT_TRUE(client.send(text));
        const auto answer = client.read_answer();
        ASSERT_TRUE(answer) << text;
        EXPECT_EQ(answer->status, 400) << text;
        EXPECT_EQ(answer->fields.at("connection"), "close") << text;
        EXPECT_TRUE(client.is_closed()) << text;
    }
    EXPECT_TRUE(world.api.seen().empty());
}

TEST(HttpFraming, GoodRequestsBeforeABadOneAreAnswered) {
    ServerWorld world;
    world.api.hold();
    RawClient client = world.connect();
    ASSERT_TRUE(client.send(signed_post("A", "{}", world.clock.wall()) + "nonsense\r\n\r\n"));
    ASSERT_TRUE(world.api.wait_for_held(1));
    world.api.answer(0);
    EXPECT_EQ(client.read_answer()->status, 200);
    EXPECT_EQ(client.read_answer()->status, 400);
    EXPECT_TRUE(client.is_closed());
}

TEST(HttpFraming, HeadersOverTheLimit) {
    ServerWorld world;
    EXPECT_EQ(world.ask("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n").status, 431);
    EXPECT_EQ(world.ask("GET /" + std::string(200'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n").status, 431);
    std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 200; ++i) many += "X" + std::to_string(i) + ": x\r\n";
    EXPECT_EQ(world.ask(many + "\r\n").status, 431);
}

TEST(HttpFraming, EndlessChunkExtensionsAndTrailersEnd) {
    ServerWorld world;
    const std::string start = "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(world.ask(start + "1;" + std::string(200'000, 'x')).status, 400);
    const int trailers = world.ask(start + "0\r\nX: " + std::string(200'000, 'x')).status;
    EXPECT_TRUE(trailers == 400 || trailers == 431) << trailers;
}

TEST(HttpFraming, TrailersChangeNothing) {
    ServerWorld world;
    std::string request = signed_post("A", "{}", world.clock.wall());
    request.replace(request.find("Content-Length: 2\r\n"), 19, "Transfer-Encoding: chunked\r\n");
    request.replace(request.size() - 2, 2, "1\r\n{\r\n1;ext=1\r\n}\r\n0\r\nX-TC-Action: Evil\r\nHost: evil\r\n\r\n");
    EXPECT_THAT(world.ask(request).body, HasSubstr("\"Action\":\"A\",\"Bytes\":2"));
}

// Time.

TEST(HttpTime, IdleConnectionsAreClosedInTheEnd) {
    ServerWorld world;
    RawClient idle = world.connect();
    ASSERT_TRUE(idle.send(signed_post("A", "{}", world.clock.wall())));
    ASSERT_TRUE(idle.read_answer());
    world.clock.advance(seconds{74});
    ASSERT_TRUE(idle.send(signed_post("A", "{}", world.clock.wall())));
    ASSERT_TRUE(idle.read_answer()) << "still there";
    world.clock.advance(seconds{76});
    EXPECT_TRUE(idle.is_closed());
    EXPECT_EQ(world.server->stats().timeouts, 1u);
}

TEST(HttpTime, AClientThatSaysNothingIsIdle) {
    ServerWorld world;
    RawClient mute = world.connect();
    ASSERT_EQ(world.ask(get("/v1/ping")).status, 200);  // accepted behind it
    world.clock.advance(seconds{76});
    EXPECT_TRUE(mute.is_closed());
}

TEST(HttpTime, AHeaderHasTenSeconds) {
    ServerWorld world;
    RawClient slow = world.connect();
    ASSERT_TRUE(slow.send(signed_post("A", "{}", world.clock.wall()) + "POST / HTTP/1.1\r\nX-A: 1\r\n"));
    ASSERT_TRUE(slow.read_answer());  // so the beginning of the second has been read
    world.clock.advance(seconds{11});
    EXPECT_EQ(slow.read_answer()->status, 408);
    EXPECT_TRUE(slow.is_closed());
}

TEST(HttpTime, ABodyMustKeepItsPace) {
    ServerWorld world;
    RawClient slow = world.connect();
    const std::string request = signed_post("A", std::string(100'000, ' '), world.clock.wall());
    ASSERT_TRUE(slow.send(signed_post("A", "{}", world.clock.wall()) + request.substr(0, 20'000)));
    ASSERT_TRUE(slow.read_answer());
    world.clock.advance(seconds{30});
    EXPECT_EQ(slow.read_answer()->status, 408);
    EXPECT_TRUE(slow.is_closed());
}

TEST(HttpTime, AnAnswerMayTakeItsTime) {
    ServerWorld world;
    world.api.hold();
    RawClient client = world.connect();
    ASSERT_TRUE(client.send(signed_post("A", "{}", world.clock.wall())));
    ASSERT_TRUE(world.api.wait_for_held(1));
    // Another connection idles out, so the timers were looked at in between.
    RawClient other = world.connect();
    ASSERT_TRUE(other.send(get("/v1/ping")));
    ASSERT_TRUE(other.read_answer());
    world.clock.advance(seconds{1000});
    EXPECT_TRUE(other.is_closed());
    world.api.answer(0);
    EXPECT_EQ(client.read_answer()->status, 200);
}

TEST(HttpTime, AClientThatDoesNotReadItsAnswerIsCut) {
    ServerWorld world;
    ASSERT_EQ(world.ask(put("/objects/b/k", world.grant(objects::Access::Write), std::string(32 << 20, 'x'))).status,
              200);
    RawClient stuck = world.connect();
    ASSERT_TRUE(stuck.send(get("/objects/b/k", "Authorization: " + world.grant(objects::Access::Read) + "\r\n")));
    ASSERT_EQ(stuck.read_answer(true)->status, 200);  // the head, and no more
    ASSERT_TRUE(world.wait_for([&](const ServerStats& s) {
        world.clock.advance(Millis{100});
        return s.timeouts > 0;
    }));
    EXPECT_EQ(world.server->stats().timeouts, 1u);
}

// Ends.

TEST(HttpStop, WaitsForACallUnderWay) {
    ServerWorld world{[](ServerOptions& o) { o.shutdown_grace = seconds{30}; }};
    world.api.hold();
    RawClient busy = world.connect();
    RawClient idle = world.connect();
    ASSERT_TRUE(busy.send(signed_post("A", "{}", world.clock.wall())));
    ASSERT_TRUE(world.api.wait_for_held(1));
    std::thread stopper{[&] { world.server->stop(); }};
    EXPECT_TRUE(idle.is_closed());
    world.api.answer(0);
    EXPECT_EQ(busy.read_answer()->status, 200);
    EXPECT_TRUE(busy.is_closed());
    stopper.join();
}

TEST(HttpStop, DoesNotWaitForEver) {
    ServerWorld world{[](ServerOptions& o) { o.shutdown_grace = Millis{50}; }};
    world.api.hold();
    RawClient busy = world.connect();
    ASSERT_TRUE(busy.send(signed_post("A", "{}", world.clock.wall())));
    ASSERT_TRUE(world.api.wait_for_held(1));
    world.server->stop();
    EXPECT_TRUE(busy.is_closed());
    world.api.answer(0);  // into the void
}

TEST(HttpStop, InTheMiddleOfAnUpload) {
    ServerWorld world{[](ServerOptions& o) { o.shutdown_grace = Millis{50}; }};
    RawClient client = world.connect();
    const std::string request = put("/objects/b/k", world.grant(objects::Access::Write), std::string(1 << 20, 'x'));
    ASSERT_TRUE(client.send(std::string_view{request}.substr(0, request.size() / 2)));
    ASSERT_TRUE(world.wait_for([&](const ServerStats&) { return world.files_in_store() == 1; }));
    world.server->stop();
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(world.files_in_store(), 0u);
}

TEST(HttpStart, RefusesWhatItShould) {
    const struct {
        const char* listen;
        bool insecure;
        const char* message;
    } kCases[] = {
        {"0.0.0.0:0", false, "--insecure-http"},
        {"[::]:0", false, "--insecure-http"},
        {"192.0.2.1:0", true, "cannot listen on"},
        {"nonsense", false, "write an IP address and a port"},
        {"127.0.0.1:99999", false, "write an IP address and a port"},
        {"127.0.0.1:", false, "write an IP address and a port"},
        {"example.com:80", false, "write an IP address and a port"},
    };
    TestKeys keys;
    TestClock clock;
    TestApi api;
    const ServerWorld other;
    for (const auto& c : kCases) {
        Server server{{.listen = c.listen, .insecure_http = c.insecure},
                      {.api = api,
                       .error_body = test_error_body,
                       .keys = keys,
                       .objects = *other.store,
                       .object_auth = other.auth,
                       .clock = clock}};
        const auto started = server.start();
        ASSERT_FALSE(started) << c.listen;
        EXPECT_EQ(started.error().code, ErrorCode::InvalidParameterValue) << c.listen;
        EXPECT_THAT(started.error().message, HasSubstr(c.message)) << c.listen;
    }
    for (const char* own : {"127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"})
        EXPECT_TRUE(check({.listen = own})) << "nobody else reaches " << own;
    EXPECT_FALSE(check({.listen = "[::ffff:10.0.0.1]:0"}));
    Server second{{.listen = "127.0.0.1:" + std::to_string(other.port)},
                  {.api = api,
                   .error_body = test_error_body,
                   .keys = keys,
                   .objects = *other.store,
                   .object_auth = other.auth,
                   .clock = clock}};
    EXPECT_EQ(second.start().error().code, ErrorCode::InUse);
}

TEST(HttpStart, OpenToOthersWhenToldSo) {
    ServerWorld world{[](ServerOptions& o) {
        o.listen = "0.0.0.0:0";
        o.insecure_http = true;
    }};
    EXPECT_EQ(world.ask(get("/healthz")).status, 200);
}

TEST(HttpStart, ConnectionsOverTheLimitAreClosed) {
    ServerWorld world{[](ServerOptions& o) { o.connections_max = 2; }};
    RawClient one = world.connect();
    RawClient two = world.connect();
    ASSERT_TRUE(world.wait_for([](const ServerStats& s) { return s.connections_open == 2; }));
    RawClient three = world.connect();
    EXPECT_TRUE(three.is_closed());
    ASSERT_TRUE(one.send(signed_post("A", "{}", world.clock.wall())));
    EXPECT_TRUE(one.read_answer());
}

TEST(HttpStart, SeveralThreadsShareTheConnections) {
    ServerWorld world{[](ServerOptions& o) { o.threads = 3; }};
    world.api.hold();
    std::vector<RawClient> clients;
    for (int i = 0; i < 9; ++i) {
        clients.push_back(world.connect());
        ASSERT_TRUE(clients.back().send(signed_post("A" + std::to_string(i), "{}", world.clock.wall())));
    }
    ASSERT_TRUE(world.api.wait_for_held(9));
    world.api.answer_all();
    for (int i = 0; i < 9; ++i) {
        EXPECT_THAT(clients[static_cast<std::size_t>(i)].read_answer()->body,
                    HasSubstr("\"A" + std::to_string(i) + "\""));
    }
}

// Pages.

TEST(HttpPages, TellHowThingsAre) {
    ServerWorld world;
    EXPECT_EQ(world.ask(get("/healthz")).body, "ok\n");
    EXPECT_EQ(world.ask(get("/v1/ping")).body, "pong\n");
    EXPECT_EQ(world.ask(get("/readyz")).status, 200);
    EXPECT_EQ(world.ask(get("/metrics")).body, "gse_up 1\n");
    EXPECT_EQ(world.ask(get("/console/")).body, "<!doctype html>");
    EXPECT_EQ(world.ask(get("/console")).fields.at("location"), "/console/");
    EXPECT_EQ(world.ask(get("/console/x.js")).status, 404);
    EXPECT_EQ(world.ask(get("/capi")).status, 404);
    EXPECT_EQ(world.ask(get("/nothing")).status, 404);
    EXPECT_EQ(world.ask("POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n").status, 405);

    world.reasons = {"the disk is nearly full", "no host has been heard of"};
    const Answer not_ready = world.ask(get("/readyz"));
    EXPECT_EQ(not_ready.status, 503);
    EXPECT_EQ(not_ready.body, "the disk is nearly full\nno host has been heard of\n");
}

TEST(HttpPages, AHeadHasNoBodyButItsLength) {
    ServerWorld world;
    const Answer answer = world.ask("HEAD /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.fields.at("content-length"), "3");
}

TEST(HttpPages, NamesThatCouldBeReboundAreRefused) {
    ServerWorld world{[](ServerOptions& o) { o.known_hosts = {"gse.example.org"}; }};
    const std::pair<const char*, int> kCases[] = {
        {"127.0.0.1", 200},          {"127.0.0.1:8080", 200},
        {"10.1.2.3:80", 200},        {"[::1]:8080", 200},
        {"localhost", 200},          {"LocalHost:80", 200},
        {"gse.example.org", 200},    {"gse.example.org:8443", 200},
        {"evil.example.com", 421},   {"localhost.evil.com", 421},
        {"127.0.0.1.evil.com", 421}, {"evil.com:8080", 421},
    };
    for (const auto& [host, want] : kCases) {
        for (const char* page : {"/healthz", "/metrics", "/console/"}) {
            EXPECT_EQ(world.ask(get(page, {}, host)).status, want) << host << page;
        }
    }
    EXPECT_EQ(world.ask(get("/v1/ping", {}, "evil.example.com")).status, 200) << "has no secret and no power";
    EXPECT_EQ(world.ask(get("/console/", "Origin: https://evil.example.com\r\n")).status, 421);
    EXPECT_EQ(world.ask(get("/console/", "Origin: null\r\n")).status, 421);
    EXPECT_EQ(world.ask(get("/console/", "Origin: https://gse.example.org\r\n")).status, 200);
}

// Objects.

TEST(HttpObjects, AnUploadComesBackAsItWas) {
    ServerWorld world;
    const std::string content = std::string{"zip\0\r\n\r\nzip", 11} + std::string(600'000, 'z');
    RawClient client = world.connect();
    ASSERT_TRUE(
        client.send(put("/objects/b/dir/a%20b.zip", world.grant(objects::Access::Write, "dir/a b.zip"), content)));
    const auto stored = client.read_answer();
    ASSERT_TRUE(stored);
    ASSERT_EQ(stored->status, 200) << stored->body;
    const std::string etag = "\"" + to_hex(sha256(content)) + "\"";
    EXPECT_EQ(stored->fields.at("etag"), etag);
    EXPECT_EQ(stored->body, "{\"Size\":600011,\"Sha256\":" + etag + "}");

    // On the same connection.
    ASSERT_TRUE(client.send(
        get("/objects/b/dir/a%20b.zip", "Authorization: " + world.grant(objects::Access::Read, "dir/") + "\r\n")));
    const auto fetched = client.read_answer();
    ASSERT_TRUE(fetched);
    EXPECT_EQ(fetched->status, 200);
    EXPECT_EQ(fetched->body, content);
    EXPECT_EQ(fetched->fields.at("etag"), etag);
    EXPECT_EQ(fetched->fields.at("content-type"), "application/octet-stream");
    EXPECT_EQ(fetched->fields.at("content-disposition"), "attachment; filename*=UTF-8''a%20b.zip");
    EXPECT_EQ(fetched->fields.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(fetched->fields.at("content-security-policy"), "sandbox");

    // By a link.
    const Answer linked = world.ask(get(
        "/objects/b/dir/a%20b.zip?sign=" + world.grant(objects::Access::Read, "dir/a b.zip"), {}, "any.name.example"));
    EXPECT_EQ(linked.body, content);
}

TEST(HttpObjects, ChunkedAndEmptyUploads) {
    ServerWorld world;
    const std::string grant = world.grant(objects::Access::Write);
    std::string chunked =
        "PUT /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + grant + "\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string content;
    for (int i = 0; i < 20; ++i) {
        const std::string piece(static_cast<std::size_t>(i) * 1000 + 1, static_cast<char>('a' + i));
        content += piece;
        char length[16];
        std::snprintf(length, sizeof length, "%zx\r\n", piece.size());
        chunked += length + piece + "\r\n";
    }
    EXPECT_EQ(world.ask(chunked + "0\r\n\r\n").status, 200);
    const std::string read = "Authorization: " + world.grant(objects::Access::Read) + "\r\n";
    EXPECT_EQ(world.ask(get("/objects/b/k", read)).body, content);
    EXPECT_EQ(world.ask(put("/objects/b/k", grant, "")).status, 200);
    const Answer empty = world.ask(get("/objects/b/k", read));
    EXPECT_EQ(empty.status, 200);
    EXPECT_EQ(empty.fields.at("content-length"), "0");
}

TEST(HttpObjects, Refusals) {
    ServerWorld world;
    const std::string write = world.grant(objects::Access::Write);
    const std::string read = world.grant(objects::Access::Read);
    const auto with = [](const std::string& grant) { return "Authorization: " + grant + "\r\n"; };
    ASSERT_EQ(world.ask(put("/objects/b/k", write, "content")).status, 200);
    const struct {
        const char* what;
        std::string request;
        int want;
    } kCases[] = {
        {"no authorization", get("/objects/b/k"), 401},
        {"nonsense", get("/objects/b/k", with("x")), 401},
        {"write grant for reading", get("/objects/b/k", with(write)), 403},
        {"read grant for writing", put("/objects/b/k", read, "x"), 403},
        {"another key", get("/objects/b/other", with(read)), 403},
        {"another bucket", put("/objects/c/k", write, "x"), 403},
        {"late", get("/objects/b/k", with(world.auth.grant(objects::Access::Read, "b", "k", world.clock.wall()))), 403},
        {"none there", get("/objects/b/none", with(world.grant(objects::Access::Read, "none"))), 404},
        {"no key", get("/objects/b/", with(read)), 400},
        {"no bucket", get("/objects/k", with(read)), 400},
        {"broken encoding", get("/objects/b/%zz", with(read)), 400},
        {"another method", "DELETE /objects/b/k HTTP/1.1\r\nHost: h\r\n\r\n", 405},
        {"a key too long",
         put("/objects/b/" + std::string(1025, 'k'), world.grant(objects::Access::Write, std::string(1025, 'k')), "x"),
         400},
    };
    for (const auto& c : kCases) {
        const Answer answer = world.ask(c.request);
        EXPECT_EQ(answer.status, c.want) << c.what;
        EXPECT_THAT(answer.body, HasSubstr("\"Error\"")) << c.what;
        EXPECT_EQ(answer.fields.at("content-type"), "application/json") << c.what;
    }
    EXPECT_EQ(world.ask(get("/objects/b/k", with(read))).body, "content") << "untouched by all that";
}

TEST(HttpObjects, TooLarge) {
    ServerWorld world{[](ServerOptions& o) { o.object_bytes = 100'000; }};
    const std::string grant = world.grant(objects::Access::Write);
    EXPECT_EQ(world.ask(put("/objects/b/k", grant, std::string(100'001, 'x'))).status, 413);
    std::string chunked = "PUT /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + grant +
                          "\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n" + std::string(100'001, 'x') +
                          "\r\n0\r\n\r\n";
    EXPECT_EQ(world.ask(chunked).status, 413);
    EXPECT_EQ(world.ask(put("/objects/b/k", grant, std::string(100'000, 'x'))).status, 200);
    EXPECT_EQ(world.files_in_store(), 1u);
}

TEST(HttpObjects, CutMidwayLeavesNothing) {
    ServerWorld world;
    const std::string request = put("/objects/b/k", world.grant(objects::Access::Write), std::string(2 << 20, 'x'));
    for (const bool politely : {true, false}) {
        RawClient client = world.connect();
        ASSERT_TRUE(client.send(std::string_view{request}.substr(0, request.size() - 10)));
        ASSERT_TRUE(world.wait_for([&](const ServerStats&) { return world.files_in_store() == 1; }));
        politely ? client.shut_down_sending() : client.reset();
        EXPECT_TRUE(world.wait_for(
            [&](const ServerStats& s) { return s.connections_open == 0 && world.files_in_store() == 0; }));
    }
    EXPECT_EQ(world.ask(get("/objects/b/k", "Authorization: " + world.grant(objects::Access::Read) + "\r\n")).status,
              404);
}

TEST(HttpObjects, BadFramingMidwayLeavesNothing) {
    ServerWorld world;
    const std::string bad =
        "PUT /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + world.grant(objects::Access::Write) +
        "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n";
    EXPECT_EQ(world.ask(bad).status, 400);
    EXPECT_TRUE(world.wait_for([&](const ServerStats&) { return world.files_in_store() == 0; }));
}

TEST(HttpObjects, AHundredMegabytesPassThroughLittleMemory) {
    ServerWorld world;
    constexpr std::size_t kBytes = 100 << 20;
    const auto resident_kb = [] {
        std::ifstream status{"/proc/self/status"};
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
        }
        return 0L;
    };
    const std::string piece(1 << 20, 'x');
    RawClient client = world.connect();
    ASSERT_TRUE(
        client.send("PUT /objects/b/k HTTP/1.1\r\nHost: h\r\nAuthorization: " + world.grant(objects::Access::Write) +
                    "\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n"));
    const long before = resident_kb();
    for (std::size_t sent = 0; sent < kBytes; sent += piece.size()) ASSERT_TRUE(client.send(piece));
    const auto stored = client.read_answer();
    ASSERT_TRUE(stored);
    EXPECT_THAT(stored->body, HasSubstr("\"Size\":104857600"));
    EXPECT_LT(resident_kb() - before, 16 * 1024);
}

TEST(HttpObjects, AnswersContinueOnlyToThoseAllowed) {
    ServerWorld world;
    const auto head = [&](const std::string& grant) {
        return "PUT /objects/b/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\nAuthorization: " +
               grant + "\r\n\r\n";
    };
    RawClient allowed = world.connect();
    ASSERT_TRUE(allowed.send(head(world.grant(objects::Access::Write))));
    EXPECT_EQ(allowed.read_answer()->status, 100);
    ASSERT_TRUE(allowed.send("abc"));
    EXPECT_EQ(allowed.read_answer()->status, 200);

    RawClient stranger = world.connect();
    ASSERT_TRUE(stranger.send(head("nonsense")));
    EXPECT_EQ(stranger.read_answer()->status, 401);
    EXPECT_TRUE(stranger.is_closed());
}

TEST(HttpObjects, Ranges) {
    ServerWorld world;
    ASSERT_EQ(world.ask(put("/objects/b/k", world.grant(objects::Access::Write), "0123456789")).status, 200);
    const std::string auth = "Authorization: " + world.grant(objects::Access::Read) + "\r\n";
    const std::string etag = "\"" + to_hex(sha256("0123456789")) + "\"";
    const struct {
        std::string fields;
        int status;
        const char* body;
        const char* content_range;
    } kCases[] = {
        {"Range: bytes=2-4\r\n", 206, "234", "bytes 2-4/10"},
        {"Range: bytes=7-\r\n", 206, "789", "bytes 7-9/10"},
        {"Range: bytes=-2\r\n", 206, "89", "bytes 8-9/10"},
        {"Range: bytes=-99\r\n", 206, "0123456789", "bytes 0-9/10"},
        {"Range: bytes=5-99\r\n", 206, "56789", "bytes 5-9/10"},
        {"Range: bytes=10-\r\n", 416, "the object has no such range\n", "bytes */10"},
        {"Range: bytes=1-2,4-5\r\n", 200, "0123456789", ""},
        {"Range: bytes=4-2\r\n", 200, "0123456789", ""},
        {"Range: lines=1-2\r\n", 200, "0123456789", ""},
        {"Range: bytes=2-4\r\nIf-Range: " + etag + "\r\n", 206, "234", "bytes 2-4/10"},
        {"Range: bytes=2-4\r\nIf-Range: \"other\"\r\n", 200, "0123456789", ""},
        {"If-None-Match: " + etag + "\r\n", 304, "", ""},
        {"If-None-Match: \"other\"\r\n", 200, "0123456789", ""},
    };
    for (const auto& c : kCases) {
        const Answer answer = world.ask(get("/objects/b/k", auth + c.fields));
        EXPECT_EQ(answer.status, c.status) << c.fields;
        EXPECT_EQ(answer.body, c.body) << c.fields;
        EXPECT_EQ(answer.fields.contains("content-range") ? answer.fields.at("content-range") : "", c.content_range)
            << c.fields;
    }
    const Answer head = world.ask("HEAD /objects/b/k HTTP/1.1\r\nHost: h\r\n" + auth + "\r\n");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.fields.at("content-length"), "10");
    EXPECT_EQ(head.fields.at("etag"), etag);
}

// Temporary keys.

TEST(HttpTemporaryKeys, SignCallsUntilTheirTime) {
    ServerWorld world;
    SystemRng rng;
    const WallTime now = world.clock.wall();
    const auto key = world.temporary_keys.issue(kTestSecretId, now + seconds{60}, rng);
    const auto call = [&](std::string_view action, const std::string& token) {
        return world
            .ask(signed_post(action, "{}", world.clock.wall(), token.empty() ? "" : "X-TC-Token: " + token + "\r\n",
                             key.secret_id, key.secret_key))
            .body;
    };
    EXPECT_THAT(call("ListFleets", key.token), HasSubstr(R"("Action":"ListFleets")"));
    EXPECT_THAT(call("CreateAsset", key.token), HasSubstr(R"("Action":"CreateAsset")"));
    EXPECT_THAT(call("ListFleets", ""), HasSubstr(code_text(ErrorCode::AuthTokenFailure)));
    EXPECT_THAT(call("ListFleets", key.token + "x"), HasSubstr(code_text(ErrorCode::AuthTokenFailure)));
    EXPECT_THAT(call("GetUploadFederationToken", key.token), HasSubstr(code_text(ErrorCode::Unauthorized)))
        << "else it would never end";
    EXPECT_THAT(world.ask(signed_post("ListFleets", "{}", now, "X-TC-Token: " + key.token + "\r\n")).body,
                HasSubstr(code_text(ErrorCode::AuthTokenFailure)))
        << "a token does not go with another key";
    EXPECT_THAT(
        world.ask(signed_post("ListFleets", "{}", now, "X-TC-Token: " + key.token + "\r\n", key.secret_id, kTestSecret))
            .body,
        HasSubstr(code_text(ErrorCode::AuthSignatureFailure)));
    world.clock.advance(seconds{60});
    EXPECT_THAT(call("ListFleets", key.token), HasSubstr(code_text(ErrorCode::AuthTokenFailure)));
}

TEST(HttpTemporaryKeys, EndWithTheKeyTheyWereAskedForWith) {
    ServerWorld world;
    SystemRng rng;
    const auto key = world.temporary_keys.issue("AKIDgone", world.clock.wall() + seconds{60}, rng);
    EXPECT_THAT(world
                    .ask(signed_post("ListFleets", "{}", world.clock.wall(), "X-TC-Token: " + key.token + "\r\n",
                                     key.secret_id, key.secret_key))
                    .body,
                HasSubstr(code_text(ErrorCode::AuthTokenFailure)));
}

TEST(HttpTemporaryKeys, PutIntoUploadBuckets) {
    ServerWorld world;
    SystemRng rng;
    const WallTime now = world.clock.wall();
    const auto key = world.temporary_keys.issue(kTestSecretId, now + seconds{60}, rng);
    const Answer stored =
        world.ask(signed_put("/objects/uploads/a%20b.zip", "content", now, key.secret_id, key.secret_key, key.token));
    EXPECT_EQ(stored.status, 200) << stored.body;
    EXPECT_THAT(stored.body, HasSubstr(to_hex(sha256("content"))));
    EXPECT_EQ(world
                  .ask(get("/objects/uploads/a%20b.zip",
                           "Authorization: " + world.grant(objects::Access::Read, "a b.zip", "uploads") + "\r\n"))
                  .body,
              "content");
    EXPECT_EQ(world.ask(signed_put("/objects/uploads/own", "x", now, kTestSecretId, kTestSecret, "")).status, 200)
        << "a key of its own right does as well";

    std::string moved = signed_put("/objects/uploads/a", "x", now, key.secret_id, key.secret_key, key.token);
    moved.replace(moved.find("/uploads/a"), 10, "/uploads/b");
    world.keys.keys["AKIDreader"] = Key{"reader-secret", false, true};
    const struct {
        const char* what;
        std::string request;
        int status;
    } kCases[] = {
        {"another bucket", signed_put("/objects/packages/a", "x", now, key.secret_id, key.secret_key, key.token), 403},
        {"no token", signed_put("/objects/uploads/a", "x", now, key.secret_id, key.secret_key, ""), 403},
        {"a wrong key", signed_put("/objects/uploads/a", "x", now, key.secret_id, "wrong", key.token), 403},
        {"another object than was signed", moved, 403},
        {"a signed body",
         signed_put("/objects/uploads/a", "x", now, key.secret_id, key.secret_key, key.token, to_hex(sha256("x"))),
         401},
        {"late", signed_put("/objects/uploads/a", "x", now - seconds{400}, key.secret_id, key.secret_key, key.token),
         403},
        {"a key that only reads", signed_put("/objects/uploads/a", "x", now, "AKIDreader", "reader-secret", ""), 403},
    };
    for (const auto& c : kCases) {
        const Answer answer = world.ask(c.request);
        EXPECT_EQ(answer.status, c.status) << c.what << answer.body;
    }
    world.clock.advance(seconds{60});
    EXPECT_EQ(
        world.ask(signed_put("/objects/uploads/a", "x", world.clock.wall(), key.secret_id, key.secret_key, key.token))
            .status,
        403)
        << "its time is over";
    EXPECT_EQ(world.store->stat("uploads", "a").value(), std::nullopt);
}

// Browsers of other origins.

TEST(HttpCors, WithoutARuleNobodyIsLetIn) {
    ServerWorld world;
    ASSERT_EQ(world.ask(put("/objects/b/k", world.grant(objects::Access::Write), "x")).status, 200);
    EXPECT_EQ(world
                  .ask("OPTIONS /objects/b/k HTTP/1.1\r\nHost: h\r\nOrigin: https://a.test\r\n"
                       "Access-Control-Request-Method: PUT\r\n\r\n")
                  .status,
              403);
    const Answer answer = world.ask(
        get("/objects/b/k", "Origin: https://a.test\r\nAuthorization: " + world.grant(objects::Access::Read) + "\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.fields.contains("access-control-allow-origin"));
}

TEST(HttpCors, TheBucketsRuleIsApplied) {
    ServerWorld world;
    world.bucket_rules.set({"b",
                            {.origins = {"https://*.test"},
                             .methods = {"PUT", "GET"},
                             .headers = {"*"},
                             .exposed = {"ETag"},
                             .max_age_s = 60}});
    const auto preflight = [&](std::string_view bucket, std::string_view origin, std::string_view method) {
        return world.ask("OPTIONS /objects/" + std::string{bucket} + "/k HTTP/1.1\r\nHost: h\r\nOrigin: " +
                         std::string{origin} + "\r\nAccess-Control-Request-Method: " + std::string{method} +
                         "\r\nAccess-Control-Request-Headers: authorization\r\n\r\n");
    };
    const Answer allowed = preflight("b", "https://a.test", "PUT");
    EXPECT_EQ(allowed.status, 200);
    EXPECT_EQ(allowed.fields.at("access-control-allow-origin"), "https://a.test");
    EXPECT_EQ(allowed.fields.at("access-control-allow-methods"), "PUT, GET");
    EXPECT_EQ(allowed.fields.at("access-control-allow-headers"), "authorization");
    EXPECT_EQ(allowed.fields.at("access-control-max-age"), "60");
    EXPECT_EQ(preflight("b", "https://a.example", "PUT").status, 403);
    EXPECT_EQ(preflight("b", "https://a.test", "DELETE").status, 403);
    EXPECT_EQ(preflight("c", "https://a.test", "PUT").status, 403) << "another bucket has another rule";
    EXPECT_EQ(world.ask("OPTIONS /objects/b/k HTTP/1.1\r\nHost: h\r\n\r\n").status, 405)
        << "without an origin it is no preflight";

    const std::string origin = "Origin: https://a.test\r\n";
    const std::string stored = "PUT /objects/b/k HTTP/1.1\r\nHost: h\r\n" + origin +
                               "Authorization: " + world.grant(objects::Access::Write) +
                               "\r\nContent-Length: 1\r\n\r\nx";
    EXPECT_EQ(world.ask(stored).fields.at("access-control-allow-origin"), "https://a.test");
    const std::string read = "Authorization: " + world.grant(objects::Access::Read) + "\r\n";
    const Answer got = world.ask(get("/objects/b/k", origin + read));
    EXPECT_EQ(got.body, "x");
    EXPECT_EQ(got.fields.at("access-control-allow-origin"), "https://a.test");
    EXPECT_EQ(got.fields.at("access-control-expose-headers"), "ETag");
    EXPECT_EQ(got.fields.at("vary"), "Origin");
    const Answer refused = world.ask(get("/objects/b/k", origin));
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.fields.at("access-control-allow-origin"), "https://a.test") << "the page may read why";
    EXPECT_FALSE(world.ask(get("/objects/b/k", read)).fields.contains("access-control-allow-origin"));

    RawClient client = world.connect();
    ASSERT_TRUE(client.send(get("/objects/b/k", origin + read) + get("/healthz")));
    EXPECT_TRUE(client.read_answer()->fields.contains("access-control-allow-origin"));
    EXPECT_FALSE(client.read_answer()->fields.contains("access-control-allow-origin")) << "not of the next request";
}

}  // namespace
}  // namespace gse::http
