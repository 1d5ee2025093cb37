#include "agent/grpc_door/peer.h"

#include <gtest/gtest.h>

namespace gse::agent {
namespace {

TEST(Peer, IsReadAsGrpcSpellsIt) {
    struct Case {
        const char* text;
        std::optional<Peer> peer;
    };
    const Case cases[] = {
        {"ipv4:127.0.0.1:54321", Peer{"127.0.0.1", 54321}},
        {"ipv6:%5B::1%5D:5758", Peer{"::1", 5758}},  // as of gRPC 1.48
        {"ipv6:[::1]:5758", Peer{"::1", 5758}},      // before
        {"ipv6:%5B::ffff:127.0.0.1%5D:1", Peer{"::ffff:127.0.0.1", 1}},
        {"", std::nullopt},
        {"unix:/tmp/socket", std::nullopt},
        {"ipv4:127.0.0.1", std::nullopt},
        {"ipv4::1", std::nullopt},
        {"ipv4:127.0.0.1:", std::nullopt},
        {"ipv4:127.0.0.1:65536", std::nullopt},
        {"ipv4:127.0.0.1:12x", std::nullopt},
        {"ipv6:::1:5758", std::nullopt},
        {"ipv4:%zz", std::nullopt},
    };
    for (const auto& [text, peer] : cases) EXPECT_EQ(parse_peer(text), peer) << text;
}

}  // namespace
}  // namespace gse::agent
