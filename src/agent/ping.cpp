#include "agent/ping.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/fd.h"

namespace gse::agent {
namespace {

constexpr std::size_t kRequestBytesMax = 8'192;
constexpr int kDatagramsAtOnce = 256;
constexpr std::int64_t kAcceptPauseMs = 100;
constexpr std::uint16_t kFirstClientPort = 1024;  // below are services, echoes of their own among them

std::uint16_t port_of(const sockaddr_storage& address) {
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(&v6, &address, sizeof v6);
    return ntohs(address.ss_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
}
constexpr std::string_view kPong =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n"
    "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\nConnection: close\r\n\r\npong\n";
constexpr std::string_view kNothing =
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 38\r\n"
    "Connection: close\r\n\r\nonly /v1/ping is here, to be measured\n";

Result<Fd> listen_on(const std::string& address, int type, std::uint16_t& port) {
    const auto colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    const std::string service = colon == std::string::npos ? "" : address.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = type;
    addrinfo* found = nullptr;
    if (service.empty() || ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0)
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format("cannot listen on \"{}\": write an IP address and a port, such as 0.0.0.0:8888", address));
    Fd socket{::socket(found->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const int on = 1;
    if (socket && type == SOCK_STREAM) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool bound = socket && ::bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0 &&
                       (type != SOCK_STREAM || ::listen(socket.get(), 128) == 0);
    const int why = errno;
    ::freeaddrinfo(found);
    if (!bound)
        return refuse(why == EADDRINUSE ? ErrorCode::InUse : ErrorCode::InvalidParameterValue,
                      fmt::format("cannot listen on {}: {}", address, std::strerror(why)));
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    CHECK(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0);
    port = ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(own).sin6_port
                                           : reinterpret_cast<const sockaddr_in&>(own).sin_port);
    return socket;
}

std::int64_t now_ms() { return SystemClock{}.monotonic_ms(); }

struct Visitor {
    Fd socket;
    std::string request;
    std::int64_t until_ms = 0;
};

/// True when the request is whole; it is then answered as far as the socket takes it at once, which a few bytes are.
bool serve(Visitor& visitor) {
    char bytes[2'048];
    const ssize_t got = ::recv(visitor.socket.get(), bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) return true;
    visitor.request.append(bytes, static_cast<std::size_t>(got));
    if (visitor.request.find("\r\n\r\n") == std::string::npos) return visitor.request.size() > kRequestBytesMax;
    const std::string_view line = std::string_view{visitor.request}.substr(0, visitor.request.find("\r\n"));
    const bool ping = line.starts_with("GET /v1/ping ") || line.starts_with("GET /v1/ping?");
    const std::string_view answer = ping ? kPong : kNothing;
    (void)::send(visitor.socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(visitor.socket.get(), SHUT_WR);
    return true;
}

}  // namespace

struct PingServer::Impl {
    explicit Impl(PingOptions o) : options(std::move(o)) {}

    const PingOptions options;
    Fd http, udp, wake;
    std::uint16_t http_port = 0, udp_port = 0;
    std::deque<Visitor> visitors;  // the oldest first
    std::int64_t second = 0;
    std::uint32_t answered = 0;        // in this second
    std::int64_t accept_again_ms = 0;  // out of descriptors until then
    std::thread thread;

    void run();
    void accept_some();
    void echo();
};

void PingServer::Impl::accept_some() {
    for (int i = 0; i < 64; ++i) {
        Fd socket{::accept4(http.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!socket) {
            // The listener stays readable; asking at once again would do nothing else.
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ECONNABORTED)
                accept_again_ms = now_ms() + kAcceptPauseMs;
            return;
        }
        if (visitors.size() >= options.connections_max) visitors.pop_front();
        visitors.push_back({std::move(socket), {}, now_ms() + options.request_time.count()});
    }
}

void PingServer::Impl::echo() {
    std::vector<char> packet(options.datagram_bytes_max + 1);
    for (int i = 0; i < kDatagramsAtOnce; ++i) {
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        const ssize_t got =
            ::recvfrom(udp.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got < 0) return;
        if (static_cast<std::size_t>(got) > options.datagram_bytes_max) continue;
        // Another echo would answer ours, and the two would never stop.
        if (const std::uint16_t source = port_of(from); source < kFirstClientPort || source == udp_port) continue;
        const std::int64_t now = now_ms() / 1'000;
        if (std::exchange(second, now) != now) answered = 0;
        if (answered++ >= options.answers_per_second) continue;
        (void)::sendto(udp.get(), packet.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL | MSG_DONTWAIT,
                       reinterpret_cast<const sockaddr*>(&from), size);
    }
}

void PingServer::Impl::run() {
    for (;;) {
        const bool accepts = now_ms() >= accept_again_ms;
        std::vector<pollfd> waits{
            {wake.get(), POLLIN, 0}, {accepts ? http.get() : -1, POLLIN, 0}, {udp.get(), POLLIN, 0}};
        std::int64_t until = accepts ? INT64_MAX : accept_again_ms;
        for (const Visitor& visitor : visitors) {
            waits.push_back({visitor.socket.get(), POLLIN, 0});
            until = std::min(until, visitor.until_ms);
        }
        const std::int64_t left = until == INT64_MAX ? -1 : std::clamp<std::int64_t>(until - now_ms(), 0, 60'000);
        if (::poll(waits.data(), waits.size(), static_cast<int>(left)) < 0 && errno != EINTR) return;
        if (waits[0].revents != 0) return;
        const std::int64_t now = now_ms();
        for (std::size_t i = visitors.size(); i-- > 0;) {
            const bool over = visitors[i].until_ms <= now || (waits[i + 3].revents != 0 && serve(visitors[i]));
            if (over) visitors.erase(visitors.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (http && waits[1].revents != 0) accept_some();
        if (udp && waits[2].revents != 0) echo();
    }
}

PingServer::PingServer(PingOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

PingServer::~PingServer() {
    if (!impl_->thread.joinable()) return;
    const std::uint64_t one = 1;
    CHECK(::write(impl_->wake.get(), &one, sizeof one) == sizeof one);
    impl_->thread.join();
}

Result<void> PingServer::start() {
    if (!impl_->options.http.empty()) impl_->http = TRY(listen_on(impl_->options.http, SOCK_STREAM, impl_->http_port));
    if (!impl_->options.udp.empty()) impl_->udp = TRY(listen_on(impl_->options.udp, SOCK_DGRAM, impl_->udp_port));
    if (!impl_->http && !impl_->udp) return {};
    impl_->wake = Fd{::eventfd(0, EFD_CLOEXEC)};
    CHECK(impl_->wake);
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
    return {};
}

std::uint16_t PingServer::http_port() const { return impl_->http_port; }
std::uint16_t PingServer::udp_port() const { return impl_->udp_port; }

}  // namespace gse::agent
