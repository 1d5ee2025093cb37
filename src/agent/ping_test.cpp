#include "agent/ping.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace gse::agent {
namespace {

constexpr int kPatienceMs = 10'000;

Fd connect_to(std::uint16_t port, int type) {
    Fd socket{::socket(AF_INET, type | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
}

/// What comes back, "" when nothing does within `ms`.
std::string receive(const Fd& socket, int ms = kPatienceMs) {
    std::string out;
    char bytes[4'096];
    pollfd wait{socket.get(), POLLIN, 0};
    while (::poll(&wait, 1, ms) > 0) {
        const ssize_t got = ::recv(socket.get(), bytes, sizeof bytes, 0);
        if (got <= 0) break;
        out.append(bytes, static_cast<std::size_t>(got));
        int type = 0;
        socklen_t size = sizeof type;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_TYPE, &type, &size);
        if (type == SOCK_DGRAM) break;
    }
    return out;
}

TEST(Ping, HttpAnswersAnyPage) {
    PingServer server{{.http = "127.0.0.1:0", .udp = ""}};
    ASSERT_TRUE(server.start());
    const struct {
        const char* request;
        const char* want;
    } kCases[] = {
        {"GET /v1/ping HTTP/1.1\r\nHost: anything\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
        {"GET /v1/ping?t=1 HTTP/1.1\r\nHost: h\r\nOrigin: https://game.example\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
        {"POST /v1/ping HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
    };
    for (const auto& c : kCases) {
        const Fd socket = connect_to(server.http_port(), SOCK_STREAM);
        ASSERT_GT(::send(socket.get(), c.request, std::string_view{c.request}.size(), 0), 0);
        EXPECT_THAT(receive(socket), testing::StartsWith(c.want)) << c.request;
    }
    const Fd socket = connect_to(server.http_port(), SOCK_STREAM);
    ASSERT_GT(::send(socket.get(), kCases[0].request, std::string_view{kCases[0].request}.size(), 0), 0);
    const std::string answer = receive(socket);
    EXPECT_THAT(answer, testing::HasSubstr("Access-Control-Allow-Origin: *\r\n"));
    EXPECT_THAT(answer, testing::EndsWith("\r\n\r\npong\n"));
}

TEST(Ping, SilentVisitorsMakeRoomForOthers) {
    PingServer server{{.http = "127.0.0.1:0", .udp = "", .connections_max = 2}};
    ASSERT_TRUE(server.start());
    std::vector<Fd> silent;
    for (int i = 0; i < 5; ++i) silent.push_back(connect_to(server.http_port(), SOCK_STREAM));
    const Fd socket = connect_to(server.http_port(), SOCK_STREAM);
    constexpr std::string_view kRequest = "GET /v1/ping HTTP/1.1\r\nHost: h\r\n\r\n";
    ASSERT_GT(::send(socket.get(), kRequest.data(), kRequest.size(), 0), 0);
    EXPECT_THAT(receive(socket), testing::EndsWith("pong\n"));
    EXPECT_EQ(receive(silent.front()), "") << "closed";
}

TEST(Ping, UdpGivesBackWhatItGotAndNeverMore) {
    PingServer server{{.http = "", .udp = "127.0.0.1:0", .datagram_bytes_max = 64}};
    ASSERT_TRUE(server.start());
    EXPECT_EQ(server.http_port(), 0);
    const Fd socket = connect_to(server.udp_port(), SOCK_DGRAM);
    const std::string too_long(65, 'x');
    ASSERT_EQ(::send(socket.get(), too_long.data(), too_long.size(), 0), 65);
    ASSERT_EQ(::send(socket.get(), "1234", 4, 0), 4);
    EXPECT_EQ(receive(socket), "1234") << "the long one was not answered";
}

TEST(Ping, UdpAnswersSoManyASecondAndNoMore) {
    PingServer server{{.http = "", .udp = "127.0.0.1:0", .answers_per_second = 0}};
    ASSERT_TRUE(server.start());
    const Fd socket = connect_to(server.udp_port(), SOCK_DGRAM);
    ASSERT_EQ(::send(socket.get(), "1234", 4, 0), 4);
    EXPECT_EQ(receive(socket, 200), "");
}

TEST(Ping, AnAddressThatIsTakenOrNoneIsRefused) {
    PingServer first{{.http = "", .udp = "127.0.0.1:0"}};
    ASSERT_TRUE(first.start());
    PingServer second{{.http = "", .udp = "127.0.0.1:" + std::to_string(first.udp_port())}};
    const auto taken = second.start();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::InUse);
    PingServer third{{.http = "nowhere", .udp = ""}};
    const auto none = third.start();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::InvalidParameterValue);
}

}  // namespace
}  // namespace gse::agent
