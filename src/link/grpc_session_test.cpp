// Both halves of gRPC on one connection, back to back in memory; the real gRPC talks to either in link_test.
#include "link/grpc_session.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "base/rng.h"

namespace gse::link {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Side = GrpcSession::Side;

constexpr GrpcSession::Limits kLimits{.message_bytes = 1 << 20, .calls = 3};

/// Says what it is told to say, and notes what it hears.
class Notes final : public GrpcSession::Handler {
public:
    struct Seen {
        std::string path, authorization;
        std::vector<std::string> messages;
        bool half_closed = false;
        std::optional<GrpcStatus> ended;
        std::deque<std::string> to_say;
    };
    void on_call(GrpcSession::Call call, std::string_view path, std::string_view authorization) override {
        calls[call].path = path;
        calls[call].authorization = authorization;
    }
    void on_message(GrpcSession::Call call, std::string_view message) override {
        calls[call].messages.emplace_back(message);
        if (on_heard) on_heard(call);
    }
    void on_half_closed(GrpcSession::Call call) override { calls[call].half_closed = true; }
    void on_ended(GrpcSession::Call call, GrpcStatus status) override { calls[call].ended = std::move(status); }
    bool next_message(GrpcSession::Call call, std::string& to) override {
        auto& to_say = calls[call].to_say;
        if (to_say.empty()) return false;
        to += to_say.front();
        to_say.pop_front();
        return true;
    }
    std::map<GrpcSession::Call, Seen> calls;
    std::function<void(GrpcSession::Call)> on_heard;
};

class GrpcSessionTest : public testing::Test {
protected:
    void say(GrpcSession& who, Notes& notes, GrpcSession::Call call, std::string message) {
        notes.calls[call].to_say.push_back(std::move(message));
        who.wake(call);
    }
    /// Carries bytes until neither has any, in pieces of at most `piece`; how many there were.
    std::size_t carry(std::size_t piece = SIZE_MAX) {
        std::size_t carried = 0;
        for (bool went_on = true; went_on;) {
            went_on = false;
            for (auto [from, to] : {std::pair{&client_, &server_}, std::pair{&server_, &client_}}) {
                std::string bytes;
                from->take(bytes, 64 << 10);
                for (std::size_t at = 0; at < bytes.size(); at += piece)
                    EXPECT_TRUE(to->receive(std::string_view(bytes).substr(at, piece)));
                carried += bytes.size();
                went_on = went_on || !bytes.empty();
            }
        }
        return carried;
    }
    GrpcSession::Call open() { return client_.open("/s.S/M", "server:1", "Bearer x"); }

    Notes at_server_, at_client_;
    GrpcSession server_{Side::Server, at_server_, kLimits};
    GrpcSession client_{Side::Client, at_client_, kLimits};
};

TEST_F(GrpcSessionTest, MessagesGoBothWaysWholeAndInOrderHoweverTheBytesAreCut) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4'096}, SIZE_MAX}) {
        const auto call = open();
        carry();
        EXPECT_EQ(at_server_.calls[call].path, "/s.S/M");
        EXPECT_EQ(at_server_.calls[call].authorization, "Bearer x");
        std::vector<std::string> said;
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5'000}, std::size_t{300'000}})
            said.emplace_back(size, static_cast<char>('a' + size % 26));
        for (const auto& message : said) {
            say(client_, at_client_, call, message);
            say(server_, at_server_, call, message);
        }
        carry(piece);
        EXPECT_EQ(at_server_.calls[call].messages, said) << piece;
        EXPECT_EQ(at_client_.calls[call].messages, said) << piece;
        client_.finish(call, {});
        carry(piece);
        EXPECT_TRUE(at_server_.calls[call].half_closed);
        EXPECT_FALSE(at_client_.calls[call].ended);
        say(server_, at_server_, call, "after the client's last word");
        server_.finish(call, {});
        carry(piece);
        ASSERT_TRUE(at_client_.calls[call].ended);
        EXPECT_EQ(at_client_.calls[call].ended->code, GrpcCode::Ok);
        EXPECT_TRUE(at_server_.calls[call].ended);
        EXPECT_EQ(server_.calls() + client_.calls(), 0u);
    }
}

TEST_F(GrpcSessionTest, AStatusArrivesAsItWasSaidWheneverItIs) {
    const std::string words[] = {"", "plain words", "50 % of \"this\"\r\n", "玩家 %41", std::string("\0\x7f\xff", 3)};
    for (const auto& word : words)
        for (const bool after_a_message : {false, true}) {
            const auto call = open();
            carry();
            if (after_a_message) say(server_, at_server_, call, "first");
            if (after_a_message) carry();
            server_.finish(call, {GrpcCode::Aborted, word});
            server_.finish(call, {GrpcCode::Internal, "too late"});
            carry();
            ASSERT_TRUE(at_client_.calls[call].ended) << word;
            EXPECT_EQ(at_client_.calls[call].ended->code, GrpcCode::Aborted);
            EXPECT_EQ(at_client_.calls[call].ended->message, word);
            EXPECT_EQ(at_client_.calls[call].messages.size(), after_a_message ? 1u : 0u);
            EXPECT_TRUE(at_server_.calls[call].ended) << "the client need not close its side first";
        }
}

TEST_F(GrpcSessionTest, NothingIsAskedForBeforeItCanLeave) {
    const auto call = open();
    carry();
    server_.pause(call);
    for (int i = 0; i < 1'000; ++i) at_client_.calls[call].to_say.push_back(std::string(10'000, 'x'));
    client_.wake(call);
    const std::size_t carried = carry();
    EXPECT_LT(carried, std::size_t{400'000}) << "the server's window";
    EXPECT_GT(at_client_.calls[call].to_say.size(), 950u) << "the rest waits with whoever has it";
    EXPECT_TRUE(at_server_.calls[call].messages.empty());
    server_.resume(call);
    carry();
    EXPECT_EQ(at_server_.calls[call].messages.size(), 1'000u);
}

TEST_F(GrpcSessionTest, WhoPausesWithinAMessageHearsTheNextOnlyAfterwards) {
    const auto call = open();
    carry();
    at_server_.on_heard = [&](GrpcSession::Call heard) { server_.pause(heard); };
    for (int i = 0; i < 5; ++i) at_client_.calls[call].to_say.push_back(fmt::format("{}", i));
    client_.wake(call);
    client_.finish(call, {});
    at_client_.calls[call].to_say.clear();  // what was not asked for before the end is not said
    const auto next = open();
    for (int i = 0; i < 5; ++i) at_client_.calls[next].to_say.push_back(fmt::format("{}", i));
    client_.wake(next);
    carry();
    for (std::size_t heard = 1; heard <= 5; ++heard) {
        EXPECT_EQ(at_server_.calls[next].messages.size(), heard);
        server_.resume(next);
        carry();
    }
    EXPECT_THAT(at_server_.calls[next].messages, ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(GrpcSessionTest, APausedCallsEndIsToldBehindItsMessages) {
    const auto call = open();
    carry();
    server_.pause(call);
    say(client_, at_client_, call, "last");
    carry();
    client_.finish(call, {});
    carry();
    EXPECT_FALSE(at_server_.calls[call].half_closed);
    server_.resume(call);
    EXPECT_THAT(at_server_.calls[call].messages, ElementsAre("last"));
    EXPECT_TRUE(at_server_.calls[call].half_closed);
}

TEST_F(GrpcSessionTest, WhatIsTooLargeEndsItsCallAndNoOther) {
    const auto good = open(), bad = open();
    carry();
    say(client_, at_client_, bad, std::string(kLimits.message_bytes + 1, 'x'));
    say(client_, at_client_, good, "small");
    carry();
    ASSERT_TRUE(at_client_.calls[bad].ended);
    EXPECT_EQ(at_client_.calls[bad].ended->code, GrpcCode::ResourceExhausted);
    EXPECT_THAT(at_client_.calls[bad].ended->message, HasSubstr("larger than max"));
    EXPECT_TRUE(at_server_.calls[bad].messages.empty());
    EXPECT_THAT(at_server_.calls[good].messages, ElementsAre("small"));
    EXPECT_FALSE(at_client_.calls[good].ended);

    // The same of a server's, at the client.
    say(server_, at_server_, good, std::string(kLimits.message_bytes + 1, 'x'));
    carry();
    ASSERT_TRUE(at_client_.calls[good].ended);
    EXPECT_EQ(at_client_.calls[good].ended->code, GrpcCode::ResourceExhausted);
    EXPECT_TRUE(at_server_.calls[good].ended);
}

TEST_F(GrpcSessionTest, RoomThatACallHeldIsFreeAfterIt) {
    // Many times the connection's window passes, each time unread at the end.
    for (int round = 0; round < 20; ++round) {
        const auto call = open();
        carry();
        server_.pause(call);
        for (int i = 0; i < 20; ++i) at_client_.calls[call].to_say.push_back(std::string(10'000, 'x'));
        client_.wake(call);
        carry();
        if (round % 2 == 0)
            server_.finish(call, {GrpcCode::Aborted, "enough"});
        else
            client_.finish(call, {GrpcCode::Cancelled, "enough"});
        carry();
        ASSERT_TRUE(at_server_.calls[call].ended && at_client_.calls[call].ended) << round;
    }
    const auto call = open();
    carry();
    say(client_, at_client_, call, std::string(500'000, 'x'));
    carry();
    ASSERT_EQ(at_server_.calls[call].messages.size(), 1u);
}

TEST_F(GrpcSessionTest, MoreCallsThanAllowedAreNotBegun) {
    carry();  // the client hears of the limit
    for (int i = 0; i < 10; ++i) open();
    carry();
    EXPECT_EQ(at_server_.calls.size(), kLimits.calls);
    server_.finish(at_server_.calls.begin()->first, {});
    carry();
    EXPECT_EQ(at_server_.calls.size(), kLimits.calls + 1) << "they have waited";
}

TEST_F(GrpcSessionTest, AGoodbyeEndsBoth) {
    const auto call = open();
    carry();
    server_.finish(call, {});
    carry();
    EXPECT_FALSE(server_.done());
    server_.say_goodbye();
    carry();
    EXPECT_TRUE(server_.done());
    EXPECT_TRUE(client_.done());
}

/// A client of HTTP/2 that is not this one.
class Strangers : public testing::Test {
protected:
    static std::string frame(int type, int flags, std::uint32_t stream, std::string_view payload) {
        std::string out;
        for (const int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift & 0xff);
        out += static_cast<char>(type);
        out += static_cast<char>(flags);
        for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift & 0xff);
        return out += payload;
    }
    /// Literals without indexing (RFC 7541, 6.2.2), of less than 127 bytes.
    static std::string header(std::string_view name, std::string_view value) {
        std::string out(1, '\0');
        for (const auto text : {name, value}) out += static_cast<char>(text.size()) + std::string(text);
        return out;
    }
    static std::string request(std::uint32_t stream, std::string_view content_type, int flags = 4) {
        return frame(1, flags, stream,
                     header(":method", "POST") + header(":scheme", "http") + header(":path", "/s.S/M") +
                         header(":authority", "a") + header("te", "trailers") + header("content-type", content_type));
    }
    static std::string message(std::string_view text, char compressed = 0) {
        std::string out(1, compressed);
        for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(text.size() >> shift & 0xff);
        return out += text;
    }
    static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static std::string begin() { return std::string(kPreface) + frame(4, 0, 0, ""); }

    Notes notes_;
    GrpcSession server_{Side::Server, notes_, kLimits};
};

TEST_F(Strangers, AreHeardWhateverKindOfGrpcTheySpeak) {
    for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;x=y"}) {
        Notes notes;
        GrpcSession server{Side::Server, notes, kLimits};
        ASSERT_TRUE(server.receive(begin() + request(1, type) + frame(0, 0, 1, message("hi")))) << type;
        EXPECT_THAT(notes.calls[1].messages, ElementsAre("hi")) << type;
    }
}

TEST_F(Strangers, WhoSpeaksNoGrpcIsToldByHttp) {
    ASSERT_TRUE(server_.receive(begin() + request(1, "text/html") + frame(0, 0, 1, message("hi"))));
    std::string answer;
    server_.take(answer, 1 << 16);
    EXPECT_THAT(answer, HasSubstr("415"));
    EXPECT_TRUE(notes_.calls.empty());
    EXPECT_EQ(server_.calls(), 0u);
}

TEST_F(Strangers, WhoCompressesOrStopsWithinAMessageIsRefused) {
    ASSERT_TRUE(server_.receive(begin() + request(1, "application/grpc") + frame(0, 0, 1, message("zip", 1)) +
                                request(3, "application/grpc") + frame(0, 1, 3, message("whole").substr(0, 7))));
    EXPECT_TRUE(notes_.calls[1].messages.empty() && notes_.calls[3].messages.empty());
    std::string answer;
    server_.take(answer, 1 << 16);
    // Read by one who might have asked.
    Notes asker;
    GrpcSession reader{Side::Client, asker, kLimits};
    const auto first = reader.open("/s.S/M", "a", ""), second = reader.open("/s.S/M", "a", "");
    std::string question;
    reader.finish(second, {});
    reader.take(question, 1 << 16);
    ASSERT_TRUE(reader.receive(answer));
    ASSERT_TRUE(asker.calls[first].ended && asker.calls[second].ended);
    EXPECT_EQ(asker.calls[first].ended->code, GrpcCode::Unimplemented);
    EXPECT_THAT(asker.calls[first].ended->message, HasSubstr("compressed messages are not taken"));
    EXPECT_THAT(asker.calls[second].ended->message, HasSubstr("the last message is not whole"));
}

TEST_F(Strangers, AHeaderThatIsTooLongResetsItsCallOnly) {
    const std::string many = frame(1, 4, 1,
                                   header(":method", "POST") + header(":scheme", "http") + header(":authority", "a") +
                                       std::string("\0\x05:path\x7f\x89\x26", 10) + std::string(5'000, '/') +
                                       header("content-type", "application/grpc"));
    ASSERT_TRUE(server_.receive(begin() + many + request(3, "application/grpc")));
    std::string answer;
    server_.take(answer, 1 << 16);
    EXPECT_EQ(notes_.calls.count(1), 0u);
    EXPECT_EQ(notes_.calls.count(3), 1u);
}

TEST_F(Strangers, WhoSpeaksNoHttp2IsHungUpOn) {
    for (const std::string_view said : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"}) {
        Notes notes;
        GrpcSession server{Side::Server, notes, kLimits};
        EXPECT_FALSE(server.receive(said));
        EXPECT_TRUE(notes.calls.empty());
    }
}

TEST_F(Strangers, WhoOpensAndResetsOnAndOnIsHungUpOn) {
    std::string said = begin();
    bool alive = true;
    for (std::uint32_t i = 0; i < 20'000 && alive; ++i) {
        said += request(2 * i + 1, "application/grpc") + frame(3, 0, 2 * i + 1, std::string(4, '\0'));
        alive = server_.receive(said);
        said.clear();
        std::string answer;
        server_.take(answer, 1 << 16);
        alive = alive && !server_.done();
    }
    EXPECT_FALSE(alive);
    EXPECT_LE(server_.calls(), kLimits.calls);
}

TEST_F(Strangers, WhateverComesIsSurvived) {
    SeededRng rng(5);
    const std::string good = begin() + request(1, "application/grpc") + frame(0, 0, 1, message("hi")) +
                             frame(6, 0, 0, "12345678") + frame(8, 0, 1, std::string("\0\0\x10\0", 4)) +
                             frame(3, 0, 1, std::string(4, '\0'));
    for (int round = 0; round < 3'000; ++round) {
        Notes notes;
        GrpcSession server{Side::Server, notes, kLimits};
        std::string bytes = good;
        for (std::uint64_t i = rng.below(4) + 1; i > 0; --i)
            bytes[kPreface.size() + rng.below(bytes.size() - kPreface.size())] = static_cast<char>(rng.below(256));
        std::string_view rest = bytes;
        bool alive = true;
        while (alive && !rest.empty()) {
            const std::size_t part = std::min<std::size_t>(rest.size(), rng.below(40) + 1);
            alive = server.receive(rest.substr(0, part));
            rest.remove_prefix(part);
            std::string answer;
            server.take(answer, 1 << 16);
        }
        for (const auto& [call, seen] : notes.calls) EXPECT_LE(seen.messages.size(), 10u);
    }
}

}  // namespace
}  // namespace gse::link
