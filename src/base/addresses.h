/// Addresses of sockets, as people write them: `host:port`, an IPv6 host in brackets.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gse {

/// Whether a host, with or without brackets, is this machine and nobody else's: `localhost`, or an address of
/// 127.0.0.0/8 or ::1, also one written as ::ffff:127.0.0.1. A name is asked of nobody.
[[nodiscard]] bool is_loopback_host(std::string_view host);

/// `host:port` → its parts, the brackets of an IPv6 host kept; refuses what is neither.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};
[[nodiscard]] Result<HostPort> split_address(std::string_view address);
/// Several with commas between; never empty.
[[nodiscard]] std::vector<std::string> split_addresses(std::string_view text);

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    [[nodiscard]] int family() const { return storage.ss_family; }
};

/// An IP address or localhost, and a port, as a socket takes them; a name is asked of nobody. InvalidParameterValue: no
/// such text.
[[nodiscard]] Result<SocketAddress> numeric_address(std::string_view text);

/// Where `host:port` is, by the resolver of this machine, the best first; never empty. Unavailable: it is not known, or
/// no such text. Blocks.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const std::string& host_port);

}  // namespace gse
