#include "main/peer_address.h"

#include <fmt/format.h>
#include <netdb.h>

#include <string>

#include "base/addresses.h"
#include "main/data_dir.h"

namespace gse {
namespace {

Result<Reachable::At> look_up(std::string_view address) {
    const HostPort parts = TRY(split_address(address));
    const SocketAddress at = TRY(resolve(std::string(address))).front();
    char text[NI_MAXHOST] = "";
    if (getnameinfo(at.get(), at.size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        return refuse(ErrorCode::Unavailable, fmt::format("{} has no IP address", parts.host));
    return Reachable::At{text, parts.port};
}

}  // namespace

std::string to_text(const PeerAddress& address) { return fmt::format("peers={} link={}", address.peers, address.link); }

Result<Reachable> reach(std::string_view text) {
    constexpr std::string_view kPeers = "peers=", kLink = " link=";
    const auto link = text.find(kLink);
    if (!text.starts_with(kPeers) || link == std::string_view::npos)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("'{}' says of no server where it is; run one version on all", text));
    return Reachable{.peers = TRY(look_up(text.substr(kPeers.size(), link - kPeers.size()))),
                     .link = TRY(look_up(text.substr(link + kLink.size())))};
}

}  // namespace gse
