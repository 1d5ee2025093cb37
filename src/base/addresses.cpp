#include "base/addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <memory>

#include <fmt/core.h>

#include "base/freed.h"

namespace gse {
namespace {

std::string_view without_brackets(std::string_view host) {
    return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

/// Empty: nothing is found.
std::vector<SocketAddress> look_up(const std::string& host, const std::string& port, int flags) {
    addrinfo hints{};
    hints.ai_flags = flags;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    std::vector<SocketAddress> found;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) return found;
    const std::unique_ptr<addrinfo, Freed<freeaddrinfo>> owner(list);
    for (const addrinfo* at = list; at; at = at->ai_next) {
        SocketAddress& address = found.emplace_back();
        std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
        address.size = at->ai_addrlen;
    }
    return found;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
    if (host == "localhost") return true;
    const std::string text(without_brackets(host));
    constexpr std::uint32_t kLoopbackNet = 127;
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == kLoopbackNet;
    in6_addr v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == kLoopbackNet);
}

Result<HostPort> split_address(std::string_view address) {
    const auto colon = address.rfind(':');
    HostPort out;
    if (colon != std::string_view::npos) {
        const std::string_view digits = address.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
        if (error == std::errc{} && end == digits.data() + digits.size()) {
            out.host = address.substr(0, colon);
            return out;
        }
    }
    return refuse(ErrorCode::InvalidParameterValue,
                  fmt::format("'{}' is no address; write host:port, say 127.0.0.1:8080", address));
}

std::vector<std::string> split_addresses(std::string_view text) {
    std::vector<std::string> out;
    for (;;) {
        const auto comma = text.find(',');
        out.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) return out;
        text.remove_prefix(comma + 1);
    }
}

Result<SocketAddress> numeric_address(std::string_view text) {
    const HostPort parts = TRY(split_address(text));
    const std::string host(parts.host == "localhost" ? "127.0.0.1" : without_brackets(parts.host));
    const auto found = look_up(host, std::to_string(parts.port), AI_NUMERICHOST | AI_NUMERICSERV);
    if (found.empty() || host.empty())
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("'{}' is no IP address and port, such as 127.0.0.1:8080", text));
    return found.front();
}

Result<std::vector<SocketAddress>> resolve(const std::string& host_port) {
    const auto colon = host_port.rfind(':');
    std::vector<SocketAddress> found;
    if (colon != std::string::npos)
        found = look_up(std::string(without_brackets(std::string_view(host_port).substr(0, colon))),
                        host_port.substr(colon + 1), 0);
    if (found.empty()) return refuse(ErrorCode::Unavailable, fmt::format("{} is not known here", host_port));
    return found;
}

}  // namespace gse
