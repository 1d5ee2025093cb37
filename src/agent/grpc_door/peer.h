/// The other end of a connection, as gRPC spells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gse::agent {

struct Peer {
    std::string address;     ///< `127.0.0.1`, `::1`
    std::uint16_t port = 0;  ///< the peer's own
    friend bool operator==(const Peer&, const Peer&) = default;
};

/// Reads `ipv4:127.0.0.1:54321` and `ipv6:%5B::1%5D:54321` (gRPC percent-encodes brackets); anything else: nothing.
[[nodiscard]] std::optional<Peer> parse_peer(std::string_view text);

}  // namespace gse::agent
