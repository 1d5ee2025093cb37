/// What both ends of the link want of their sockets.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace gse::link {

/// Small messages leave at once; and a machine that answers nothing for about half a minute is gone, whatever its
/// connection waits for.
inline void set_socket_options(int fd) {
    constexpr int kOn = 1, kProbeAfterS = 20, kProbeEveryS = 5, kProbes = 2, kUntakenMs = 30'000;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &kOn, sizeof kOn);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kProbeAfterS, sizeof kProbeAfterS);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeEveryS, sizeof kProbeEveryS);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kProbes, sizeof kProbes);
    // Nobody probes while something waits to be taken, and heartbeats always do.
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUntakenMs, sizeof kUntakenMs);
}

}  // namespace gse::link
