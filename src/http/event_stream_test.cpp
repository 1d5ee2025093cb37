// GET /events over real sockets, with a source that says what the test tells it to.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/url.h"
#include "http/event_request.h"
#include "http/signature.h"
#include "http/testing.h"

namespace gse::http {
namespace {

using testing::HasSubstr;

/// One text for all listeners.
class ScriptedSource final : public EventSource {
public:
    Result<std::unique_ptr<EventStream>> listen(EventWish wish, std::function<void()> wake) override {
        const std::lock_guard lock(mutex_);
        if (full_) return refuse(ErrorCode::Overloaded, "64 clients listen already");
        wishes_.push_back(wish);
        wakes_.push_back(std::move(wake));
        ++listeners_;
        changed_.notify_all();
        return std::make_unique<Stream>(*this);
    }
    void say(std::string text) {
        const std::lock_guard lock(mutex_);
        waiting_ += text;
        for (const auto& wake : wakes_) wake();
    }
    bool wait_for_listeners(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return listeners_ == count; });
    }
    EventWish wish() {
        const std::lock_guard lock(mutex_);
        return wishes_.back();
    }
    bool full_ = false;

private:
    class Stream final : public EventStream {
    public:
        explicit Stream(ScriptedSource& source) : source_(source) {}
        ~Stream() override {
            const std::lock_guard lock(source_.mutex_);
            --source_.listeners_;
            source_.changed_.notify_all();
        }
        std::string read(std::size_t bytes) override {
            const std::lock_guard lock(source_.mutex_);
            std::string piece = source_.waiting_.substr(0, bytes);
            source_.waiting_.erase(0, piece.size());
            return piece;
        }
        std::string heartbeat() override { return ": beat\n\n"; }

    private:
        ScriptedSource& source_;
    };

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<EventWish> wishes_;
    std::vector<std::function<void()>> wakes_;
    std::string waiting_;
    int listeners_ = 0;
};

std::string signed_get(std::string_view query, WallTime now, std::string_view more = {},
                       std::string_view secret = kTestSecret) {
    const std::string timestamp = std::to_string(now.ms / 1000);
    const std::string date = format_utc_date(now);
    const std::string scope = date + "/gse/tc3_request";
    const Field fields[] = {{"Host", "127.0.0.1"}, {"Content-Type", "application/json"}};
    const RequestView view{"GET", "/events", query, fields, ""};
    const std::string canonical = canonical_request(view, "content-type;host", payload_hash(view), {}).value();
    const std::string to_sign = fmt::format("TC3-HMAC-SHA256\n{}\n{}\n{}", timestamp, scope, to_hex(sha256(canonical)));
    const std::string signature = to_hex(hmac_sha256(tc3_signing_key(secret, date, "gse"), to_sign));
    return fmt::format(
        "GET /events{}{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-TC-Timestamp: {}\r\n"
        "Authorization: TC3-HMAC-SHA256 Credential={}/{}, SignedHeaders=content-type;host, Signature={}\r\n{}\r\n",
        query.empty() ? "" : "?", query, timestamp, kTestSecretId, scope, signature, more);
}

class EventStreamTest : public testing::Test {
protected:
    /// Reads until `text` has come; what came, or "" and a failed test.
    std::string read_until(const RawClient& client, std::string_view text) {
        while (seen_.find(text) == std::string::npos) {
            char bytes[16 * 1024];
            const ssize_t got = ::recv(client.fd(), bytes, sizeof bytes, 0);
            if (got <= 0) {
                ADD_FAILURE() << "the stream ended; so far: " << seen_.substr(0, 2'000);
                return {};
            }
            seen_.append(bytes, static_cast<std::size_t>(got));
        }
        return std::exchange(seen_, {});
    }
    RawClient follow(std::string_view query = {}, std::string_view more = {}) {
        RawClient client = world_.connect();
        EXPECT_TRUE(client.send(signed_get(query, world_.clock.wall(), more)));
        EXPECT_THAT(read_until(client, ": beat\n\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
        return client;
    }

    ScriptedSource source_;
    ServerWorld world_{[](ServerOptions& o) { o.transfer_grace = Millis{1'000}; }, &source_};
    std::string seen_;
};

TEST_F(EventStreamTest, SendsWhatHappensAsItHappens) {
    RawClient client =
        follow("region=ap-tokyo&fleet=fleet-a,fleet-b&alias=alias-c&players=1", "Last-Event-ID: 7-12\r\n");
    const EventWish wish = source_.wish();
    EXPECT_EQ(wish.region, "ap-tokyo");
    EXPECT_EQ(wish.ids, (std::vector<std::string>{"fleet-a", "fleet-b", "alias-c"}));
    EXPECT_TRUE(wish.players);
    EXPECT_EQ(wish.last_event_id, "7-12");
    source_.say("event: fleet\ndata: 1\n\n");
    EXPECT_EQ(read_until(client, "data: 1\n\n"), "event: fleet\ndata: 1\n\n");
    source_.say("event: fleet\ndata: 2\n\n");
    EXPECT_EQ(read_until(client, "data: 2\n\n"), "event: fleet\ndata: 2\n\n");
}

TEST_F(EventStreamTest, OnlyWhoSignsMayListen) {
    const WallTime now = world_.clock.wall();
    const struct {
        const char* what;
        std::string request;
        int status;
    } kCases[] = {
        {"no signature", "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 401},
        {"a wrong secret", signed_get("", now, "", "guessed"), 403},
        {"another query than was signed", signed_get("players=0", now).replace(20, 1, "1"), 403},
        {"late", signed_get("", now - Millis{400'000}), 403},
        {"another method", "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", 405},
        {"a parameter that makes no sense", signed_get("players=yes", now), 400},
    };
    for (const auto& c : kCases) EXPECT_EQ(world_.ask(c.request).status, c.status) << c.what;
}

TEST_F(EventStreamTest, AKeyThatMayOnlyReadMayListen) {
    world_.keys.keys.begin()->second.read_only = true;
    follow();
}

TEST_F(EventStreamTest, TheParametersMayCarryTheSignature) {
    codec::FlatParams parameters{{"Timestamp", std::to_string(world_.clock.wall().ms / 1000)},
                                 {"Nonce", "1"},
                                 {"SecretId", std::string{kTestSecretId}},
                                 {"SignatureMethod", "HmacSHA256"},
                                 {"Region", "ap-seoul"}};
    const std::string text = v1_string_to_sign("GET", "127.0.0.1", parameters);
    std::string query = "Signature=" + url_encode(base64_encode(hmac_sha256(kTestSecret, text)), UrlPart::Query);
    for (const auto& [name, value] : parameters) query += "&" + name + "=" + url_encode(value, UrlPart::Query);
    RawClient client = world_.connect();
    ASSERT_TRUE(client.send("GET /events?" + query + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    read_until(client, ": beat\n\n");
    EXPECT_EQ(source_.wish().region, "ap-seoul");
}

TEST_F(EventStreamTest, AHeartbeatEvery15Seconds) {
    RawClient client = follow();
    world_.clock.advance(std::chrono::seconds{16});
    EXPECT_EQ(read_until(client, "\n\n"), ": beat\n\n");
    world_.clock.advance(std::chrono::seconds{200});  // longer than any idle connection lives
    EXPECT_EQ(read_until(client, "\n\n"), ": beat\n\n");
}

TEST_F(EventStreamTest, WhoeverLeavesIsForgotten) {
    {
        RawClient client = follow();
        EXPECT_TRUE(source_.wait_for_listeners(1));
    }
    EXPECT_TRUE(source_.wait_for_listeners(0));
    RawClient client = follow();
    EXPECT_TRUE(client.send("anything"));
    EXPECT_TRUE(source_.wait_for_listeners(0)) << "a listener that speaks is none";
}

TEST_F(EventStreamTest, ASlowClientHoldsNobodyUpAndIsCutInTheEnd) {
    RawClient slow = world_.connect();
    const int small = 4'096;
    ::setsockopt(slow.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ASSERT_TRUE(slow.send(signed_get("", world_.clock.wall())));
    ASSERT_TRUE(source_.wait_for_listeners(1));
    source_.say(std::string(32U << 20, 'x'));  // far more than the kernel takes
    EXPECT_EQ(world_.ask("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status, 200);
    // Its 64 KiB have had their time.
    const auto cut = [&](const ServerStats& stats) {
        world_.clock.advance(Millis{100});
        return stats.timeouts >= 1;
    };
    EXPECT_TRUE(world_.wait_for(cut));
    EXPECT_TRUE(source_.wait_for_listeners(0));
}

TEST_F(EventStreamTest, TooManyListenersAreRefused) {
    source_.full_ = true;
    EXPECT_EQ(world_.ask(signed_get("", world_.clock.wall())).status, 503);
}

TEST_F(EventStreamTest, TheServerEndsWithoutWaitingForListeners) {
    RawClient client = follow();
    world_.server->stop();
    EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace gse::http
