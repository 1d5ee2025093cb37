/// What players' machines measure their way to this host with: GET /v1/ping over HTTP, and UDP packets that come back
/// as they are. Source: [测速工具].
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace gse::agent {

struct PingOptions {
    std::string http;  ///< address and port to listen on; "" not at all; port 0: the kernel's choice
    std::string udp;
    std::size_t datagram_bytes_max = 1'024;     ///< longer ones are not answered
    std::uint32_t answers_per_second = 20'000;  ///< UDP; what is beyond goes unanswered
    std::size_t connections_max = 256;          ///< HTTP; the one that waits longest makes room for the next
    Millis request_time{5'000};                 ///< from the connection to the end of the request
};

/// One thread. An answer over UDP is the packet itself, so it never is larger than the question; over HTTP it is 200
/// with "pong", and the connection is closed.
class PingServer {
public:
    explicit PingServer(PingOptions options);
    ~PingServer();  ///< stops it
    PingServer(const PingServer&) = delete;
    PingServer& operator=(const PingServer&) = delete;

    /// InvalidParameterValue for an address that is none; InUse when another process has it.
    Result<void> start();
    [[nodiscard]] std::uint16_t http_port() const;  ///< 0: not listening
    [[nodiscard]] std::uint16_t udp_port() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::agent
