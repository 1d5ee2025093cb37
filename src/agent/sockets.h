/// Who is behind a port of this machine.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/result.h"

namespace gse::agent {

/// The inode of the socket at the other end of one of our loopback TCP connections. 0 when it is closed already.
/// One question to the kernel about exactly this connection; no table is walked.
[[nodiscard]] Result<std::uint64_t> inode_of_peer(const std::string& peer_address, std::uint16_t peer_port,
                                                  const std::string& own_address, std::uint16_t own_port);

/// Inodes of the sockets that listen on TCP `port`, or are bound to UDP `port`, on any address.
[[nodiscard]] std::unordered_set<std::uint64_t> listeners_on(std::uint16_t port);

/// Inodes of this machine's established TCP connections, our ends of them.
[[nodiscard]] std::unordered_set<std::uint64_t> established_connections();

enum class Protocols : std::uint8_t { Tcp, TcpAndUdp };
/// Unavailable when something has the port: it could not be bound just now on all addresses.
Result<void> check_port_free(std::uint16_t port, Protocols protocols);

}  // namespace gse::agent
