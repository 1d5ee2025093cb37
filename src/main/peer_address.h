/// Where the other servers reach the one that leads: what it says of itself in the database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gse {

struct PeerAddress {
    std::string peers;  ///< host:port for other servers' HTTP
    std::string link;   ///< host:port for agents
    friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};
[[nodiscard]] std::string to_text(const PeerAddress& address);

struct Reachable {
    struct At {
        std::string ip;
        std::uint16_t port = 0;
        friend bool operator==(const At&, const At&) = default;
    };
    At peers;
    At link;
};
/// The IP addresses behind such a text; names are looked up, which may take a while. InvalidParameterValue: another
/// version wrote it; Unavailable: a name is not known.
Result<Reachable> reach(std::string_view text);

}  // namespace gse
