// Uploads in pieces over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "http/content_range.h"
#include "http/testing.h"
#include "objects/directory_store.h"

namespace gse::http {
namespace {

TEST(ContentRange, IsReadOrRefused) {
    const struct {
        const char* text;
        std::optional<ContentRange> want;
    } kCases[] = {
        {"bytes 0-9/10", ContentRange{.offset = 0, .length = 10, .total = 10}},
        {"bytes 4-4/10", ContentRange{.offset = 4, .length = 1, .total = 10}},
        {"bytes */10", ContentRange{.asks = true, .total = 10}},
        {"bytes 0-10/10", {}},
        {"bytes 5-4/10", {}},
        {"bytes */0", {}},
        {"bytes 0-9/*", {}},
        {"bytes 0-9", {}},
        {"bytes -9/10", {}},
        {"items 0-9/10", {}},
        {"bytes 0-9/10 ", {}},
        {"bytes 0-9/99999999999999999999", {}},
        {"", {}},
    };
    for (const auto& c : kCases) {
        const auto read = parse_content_range(c.text);
        EXPECT_EQ(read.has_value(), c.want.has_value()) << c.text;
        if (read && c.want) {
            EXPECT_EQ(*read, *c.want) << c.text;
        }
    }
}

class PiecePutTest : public testing::Test {
protected:
    std::string request(std::string_view range, std::string_view body, std::optional<std::size_t> length = {}) const {
        return "PUT /objects/b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + grant_ +
               "\r\nContent-Range: " + std::string{range} +
               "\r\nContent-Length: " + std::to_string(length.value_or(body.size())) + "\r\n\r\n" + std::string{body};
    }
    Answer put(std::string_view range, std::string_view body) { return world_.ask(request(range, body)); }
    std::string stored(const Answer& answer) {
        return std::to_string(answer.status) + " " +
               (answer.fields.contains("range") ? answer.fields.at("range") : "none");
    }
    bool whole() { return world_.store->stat("b", "k").value().has_value(); }

    ServerWorld world_{[](ServerOptions& o) { o.object_bytes = 1 << 20; }};
    std::string grant_ = world_.grant(objects::Access::Write);
};

TEST_F(PiecePutTest, TheObjectAppearsWithItsLastByte) {
    EXPECT_EQ(stored(put("bytes 0-3/10", "0123")), "308 bytes=0-3");
    EXPECT_FALSE(whole());
    EXPECT_EQ(stored(put("bytes */10", "")), "308 bytes=0-3");
    EXPECT_EQ(stored(put("bytes 4-7/10", "4567")), "308 bytes=0-7");
    const Answer done = put("bytes 8-9/10", "89");
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(done.body, R"({"Size":10,"Sha256":")" + to_hex(sha256("0123456789")) + "\"}");
    EXPECT_TRUE(whole());
    const Answer again = put("bytes */10", "");
    EXPECT_EQ(again.status, 200) << "whoever lost the last answer asks and hears that it is whole";
    EXPECT_EQ(again.body, done.body);
}

TEST_F(PiecePutTest, WhatCameOfAPieceThatBrokeOffIsKept) {
    {
        RawClient client = world_.connect();
        ASSERT_TRUE(client.send(request("bytes 0-99999/100000", std::string(40'000, 'a'), 100'000)));
        client.shut_down_sending();
        EXPECT_TRUE(client.is_closed());
    }
    std::string at;
    ASSERT_TRUE(world_.wait_for([&](const ServerStats&) {
        at = stored(put("bytes */100000", ""));
        return at == "308 bytes=0-39999";
    })) << at;
    // What is kept is told before the broken connection has let go of the name.
    Answer rest;
    ASSERT_TRUE(world_.wait_for([&](const ServerStats&) {
        rest = put("bytes 40000-99999/100000", std::string(60'000, 'a'));
        return rest.status != 409;
    }));
    ASSERT_EQ(rest.status, 200) << rest.body;
    EXPECT_EQ(world_.store->stat("b", "k").value()->sha256, to_hex(sha256(std::string(100'000, 'a'))));
}

TEST_F(PiecePutTest, RefusesWhatDoesNotFit) {
    EXPECT_EQ(stored(put("bytes 0-3/10", "0123")), "308 bytes=0-3");
    const struct {
        const char* what;
        const char* range;
        std::string body;
        std::string want;
    } kCases[] = {
        {"a gap", "bytes 6-9/10", "6789", "416 bytes=0-3"},
        {"a piece that is there", "bytes 2-5/10", "2345", "416 bytes=0-3"},
        {"another total", "bytes 4-7/12", "4567", "416 bytes=0-3"},
        {"a question about another total", "bytes */12", "", "308 none"},
        {"a range that is none", "bytes 4-3/10", "", "400 none"},
        {"fewer bytes than announced", "bytes 4-9/10", "4567", "400 none"},
        {"a question with a body", "bytes */10", std::string(2'000, 'x'), "400 none"},
        {"larger than an object may be", "bytes 0-3/99999999", "0123", "413 none"},
    };
    for (const auto& c : kCases) EXPECT_EQ(stored(put(c.range, c.body)), c.want) << c.what;
    EXPECT_EQ(stored(put("bytes */10", "")), "308 bytes=0-3") << "none of them changed anything";
    EXPECT_EQ(stored(put("bytes 0-1/3", "ab")), "308 bytes=0-1") << "the first byte begins anew";
    EXPECT_EQ(put("bytes 2-2/3", "c").status, 200);
}

TEST_F(PiecePutTest, OnePieceOfAnObjectAtATime) {
    auto other = world_.store->put_piece("b", "k", {0, 20});
    ASSERT_TRUE(other);
    EXPECT_EQ(put("bytes 0-9/20", "0123456789").status, 409);
    other->reset();
    EXPECT_EQ(stored(put("bytes 0-9/20", "0123456789")), "308 bytes=0-9");
    EXPECT_EQ(put("bytes 10-19/20", "0123456789").status, 200);
}

TEST_F(PiecePutTest, AsksForTheSameAuthorizationAsAnyUpload) {
    grant_ = world_.grant(objects::Access::Read);
    EXPECT_EQ(put("bytes 0-3/10", "0123").status, 403);
    EXPECT_EQ(put("bytes */10", "").status, 403);
    grant_ = world_.grant(objects::Access::Write, "another");
    EXPECT_EQ(put("bytes 0-3/10", "0123").status, 403);
}

TEST_F(PiecePutTest, ATemporaryKeySignsPiecesToo) {
    SystemRng rng;
    const objects::TemporaryKey key =
        world_.temporary_keys.issue(kTestSecretId, world_.clock.wall() + std::chrono::minutes{5}, rng);
    const auto piece = [&](std::string_view range, std::string_view body) {
        std::string text =
            signed_put("/objects/uploads/k", body, world_.clock.wall(), key.secret_id, key.secret_key, key.token);
        text.insert(text.find("Content-Length"), "Content-Range: " + std::string{range} + "\r\n");
        return world_.ask(text).status;
    };
    EXPECT_EQ(piece("bytes 0-3/8", "0123"), 308);
    EXPECT_EQ(piece("bytes 4-7/8", "4567"), 200);
}

}  // namespace
}  // namespace gse::http
