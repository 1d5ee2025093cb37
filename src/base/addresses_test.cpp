#include "base/addresses.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace gse {
namespace {

TEST(Addresses, LoopbackIsThisMachineHoweverItIsWritten) {
    for (const char* host : {"localhost", "127.0.0.1", "127.9.8.7", "::1", "[::1]", "[0:0:0:0:0:0:0:1]",
                             "::ffff:127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"})
        EXPECT_TRUE(is_loopback_host(host)) << host;
    for (const char* host : {"", "0.0.0.0", "[::]", "10.0.0.1", "128.0.0.1", "127.example.com", "localhost.example.com",
                             "[::ffff:10.0.0.1]", "::2", "127.0.0.1:80"})
        EXPECT_FALSE(is_loopback_host(host)) << host;
}

TEST(Addresses, AreResolvedWithTheirPort) {
    const auto v4 = resolve("127.0.0.1:7070");
    ASSERT_TRUE(v4) << v4.error().message;
    EXPECT_EQ(v4->front().family(), AF_INET);
    EXPECT_EQ(v4->size(), 1U);
    const auto v6 = resolve("[::1]:80");
    ASSERT_TRUE(v6) << v6.error().message;
    EXPECT_EQ(v6->front().family(), AF_INET6);
    for (const char* wrong : {"", "127.0.0.1", "127.0.0.1:no-such-service", "[::1:80"}) {
        const auto none = resolve(wrong);
        ASSERT_FALSE(none) << wrong;
        EXPECT_EQ(none.error().code, ErrorCode::Unavailable);
    }
}

TEST(Addresses, NumericOnesAskNobody) {
    const struct {
        const char* text;
        int family;
        int port;
    } kCases[] = {{"127.0.0.1:8080", AF_INET, 8080},
                  {"localhost:0", AF_INET, 0},
                  {"0.0.0.0:65535", AF_INET, 65'535},
                  {"[::]:443", AF_INET6, 443},
                  {"::1:80", AF_INET6, 80}};
    for (const auto& c : kCases) {
        const auto address = numeric_address(c.text);
        ASSERT_TRUE(address) << c.text << ": " << address.error().message;
        EXPECT_EQ(address->family(), c.family) << c.text;
        std::uint16_t port = 0;
        std::memcpy(&port, reinterpret_cast<const char*>(&address->storage) + sizeof(sa_family_t), sizeof port);
        EXPECT_EQ(ntohs(port), c.port) << c.text;
    }
    for (const char* wrong : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "example.com:80", "[]:80"}) {
        const auto none = numeric_address(wrong);
        ASSERT_FALSE(none) << wrong;
        EXPECT_EQ(none.error().code, ErrorCode::InvalidParameterValue) << wrong;
    }
}

}  // namespace
}  // namespace gse
