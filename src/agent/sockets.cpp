#include "agent/sockets.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/fd.h"

namespace gse::agent {
namespace {

/// An IPv4 address, also one written as ::ffff:1.2.3.4, or an IPv6 one.
bool parse_address(const std::string& text, int& family, std::uint32_t out[4]) {
    std::string plain = text.starts_with("::ffff:") ? text.substr(7) : text;
    std::memset(out, 0, 16);
    if (inet_pton(AF_INET, plain.c_str(), out) == 1) {
        family = AF_INET;
        return true;
    }
    family = AF_INET6;
    return inet_pton(AF_INET6, text.c_str(), out) == 1;
}

struct Answer {
    bool found = false;
    std::uint64_t inode = 0;
};

Result<Answer> ask_kernel(int family, const std::uint32_t source[4], std::uint16_t source_port,
                          const std::uint32_t target[4], std::uint16_t target_port) {
    const Fd netlink{socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
    if (!netlink)
        return refuse(ErrorCode::FailedOperation, fmt::format("no socket diagnosis: {}", std::strerror(errno)));
    struct {
        nlmsghdr header;
        inet_diag_req_v2 request;
    } message{};
    message.header.nlmsg_len = sizeof message;
    message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message.header.nlmsg_flags = NLM_F_REQUEST;
    message.request.sdiag_family = static_cast<__u8>(family);
    message.request.sdiag_protocol = IPPROTO_TCP;
    message.request.idiag_states = ~0U;
    message.request.id.idiag_sport = htons(source_port);
    message.request.id.idiag_dport = htons(target_port);
    std::memcpy(message.request.id.idiag_src, source, 16);
    std::memcpy(message.request.id.idiag_dst, target, 16);
    message.request.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    message.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (send(netlink.get(), &message, sizeof message, 0) < 0)
        return refuse(ErrorCode::FailedOperation, fmt::format("socket diagnosis: {}", std::strerror(errno)));
    alignas(nlmsghdr) char buffer[4096];
    const ssize_t size = recv(netlink.get(), buffer, sizeof buffer, 0);  // the kernel answers within send()
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr)))
        return refuse(ErrorCode::FailedOperation, "socket diagnosis: no answer");
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
    if (header->nlmsg_type == NLMSG_ERROR) {
        const auto* error = reinterpret_cast<const nlmsgerr*>(NLMSG_DATA(header));
        if (error->error == -ENOENT) return Answer{};
        return refuse(ErrorCode::FailedOperation, fmt::format("socket diagnosis: {}", std::strerror(-error->error)));
    }
    const auto* found = reinterpret_cast<const inet_diag_msg*>(NLMSG_DATA(header));
    return Answer{true, found->idiag_inode};
}

/// Calls visit(local port, state, inode) for each line of one of the kernel's tables of sockets.
template <class Visit>
void each_socket(const char* path, Visit&& visit) {
    std::ifstream table(path);
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        char local[80], remote[80];
        unsigned slot = 0, state = 0;
        unsigned long inode = 0;
        // sl local remote st tx:rx tr:when retrnsmt uid timeout inode
        if (std::sscanf(line.c_str(), " %u: %79s %79s %x %*s %*s %*s %*s %*s %lu", &slot, local, remote, &state,
                        &inode) != 5)
            continue;
        const char* colon = std::strrchr(local, ':');
        if (colon && inode != 0) visit(std::strtoul(colon + 1, nullptr, 16), state, inode);
    }
}

void add_listeners(const char* path, std::uint16_t port, bool tcp, std::unordered_set<std::uint64_t>& inodes) {
    each_socket(path, [&](unsigned long local, unsigned state, std::uint64_t inode) {
        constexpr unsigned kListen = 0x0A;
        if (local == port && (!tcp || state == kListen)) inodes.insert(inode);
    });
}

Result<void> try_bind(int family, int type, std::uint16_t port) {
    const Fd fd{socket(family, type | SOCK_CLOEXEC, 0)};
    if (!fd) return {};  // this machine has no such family: nothing can be in the way
    sockaddr_storage address{};
    socklen_t size = 0;
    if (family == AF_INET6) {
        auto& in6 = reinterpret_cast<sockaddr_in6&>(address);
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(port);
        size = sizeof in6;
        const int on = 1;
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    } else {
        auto& in = reinterpret_cast<sockaddr_in&>(address);
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        size = sizeof in;
    }
    if (type == SOCK_STREAM) {
        // Connections of the process before may linger in TIME_WAIT; they are in nobody's way.
        const int on = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    const bool bound = bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0;
    if (bound && (type != SOCK_STREAM || listen(fd.get(), 1) == 0)) return {};
    if (errno != EADDRINUSE) return {};
    return refuse(ErrorCode::Unavailable,
                  fmt::format("{} port {} is in use on this host", type == SOCK_STREAM ? "TCP" : "UDP", port));
}

}  // namespace

Result<std::uint64_t> inode_of_peer(const std::string& peer_address, std::uint16_t peer_port,
                                    const std::string& own_address, std::uint16_t own_port) {
    int family = 0;
    int own_family = 0;
    std::uint32_t peer[4];
    std::uint32_t own[4];
    if (!parse_address(peer_address, family, peer) || !parse_address(own_address, own_family, own) ||
        family != own_family)
        return refuse(ErrorCode::InvalidParameter, "not a loopback connection: " + peer_address);
    // From the peer's side: its own end is the source.
    Answer answer = TRY(ask_kernel(family, peer, peer_port, own, own_port));
    if (!answer.found && family == AF_INET) {
        // A dual-stack client (Java, Node) holds the IPv4 connection in an IPv6 socket.
        const std::uint32_t peer6[4] = {0, 0, htonl(0xFFFF), peer[0]};
        const std::uint32_t own6[4] = {0, 0, htonl(0xFFFF), own[0]};
        answer = TRY(ask_kernel(AF_INET6, peer6, peer_port, own6, own_port));
    }
    return answer.inode;
}

std::unordered_set<std::uint64_t> listeners_on(std::uint16_t port) {
    std::unordered_set<std::uint64_t> inodes;
    add_listeners("/proc/net/tcp", port, true, inodes);
    add_listeners("/proc/net/tcp6", port, true, inodes);
    add_listeners("/proc/net/udp", port, false, inodes);
    add_listeners("/proc/net/udp6", port, false, inodes);
    return inodes;
}

std::unordered_set<std::uint64_t> established_connections() {
    std::unordered_set<std::uint64_t> inodes;
    for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"})
        each_socket(path, [&](unsigned long, unsigned state, std::uint64_t inode) {
            constexpr unsigned kEstablished = 0x01;
            if (state == kEstablished) inodes.insert(inode);
        });
    return inodes;
}

Result<void> check_port_free(std::uint16_t port, Protocols protocols) {
    for (const int family : {AF_INET, AF_INET6}) {
        TRY(try_bind(family, SOCK_STREAM, port));
        if (protocols == Protocols::TcpAndUdp) TRY(try_bind(family, SOCK_DGRAM, port));
    }
    return {};
}

}  // namespace gse::agent
