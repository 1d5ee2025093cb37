#include "agent/grpc_door/peer.h"

#include <charconv>

#include "base/url.h"

namespace gse::agent {

std::optional<Peer> parse_peer(std::string_view text) {
    const auto decoded = url_decode(text, UrlPart::Path);
    if (!decoded) return std::nullopt;
    std::string_view rest = *decoded;
    const bool v6 = rest.starts_with("ipv6:");
    if (!v6 && !rest.starts_with("ipv4:")) return std::nullopt;
    rest.remove_prefix(5);

    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view address = rest.substr(0, colon);
    const std::string_view port = rest.substr(colon + 1);
    if (v6) {
        if (!address.starts_with('[') || !address.ends_with(']')) return std::nullopt;
        address = address.substr(1, address.size() - 2);
    }
    Peer peer{std::string(address), 0};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), peer.port);
    if (address.empty() || error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
    return peer;
}

}  // namespace gse::agent
