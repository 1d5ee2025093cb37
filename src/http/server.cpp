#include "http/server.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <thread>

#include "base/addresses.h"
#include "base/check.h"
#include "base/endpoint.h"
#include "base/fd.h"
#include "http/connection.h"
#include "http/loop.h"

namespace gse::http {

namespace asio = boost::asio;

namespace {

constexpr int kBacklog = 4096;
// Taken in one go, so that a storm of connections does not keep the first loop from its own.
constexpr int kAcceptsAtOnce = 64;
constexpr auto kAcceptPause = std::chrono::milliseconds{100};

Result<asio::ip::tcp::endpoint> parse_listen(const std::string& text) {
    const auto address = numeric_address(text);
    if (!address)
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format("cannot listen on \"{}\": write an IP address and a port, such as 127.0.0.1:8080", text));
    return endpoint_of(*address);
}

Result<Fd> listen_on(const asio::ip::tcp::endpoint& endpoint, const std::string& text) {
    const int family = endpoint.protocol().family();
    Fd listener{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const int on = 1;
    if (listener) ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!listener || ::bind(listener.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
        ::listen(listener.get(), kBacklog) != 0) {
        const int why = errno;
        return refuse(why == EADDRINUSE ? ErrorCode::InUse : ErrorCode::InvalidParameterValue,
                      fmt::format("cannot listen on {}: {}", text, std::strerror(why)));
    }
    return listener;
}

/// Also of an IPv4 connection to a socket that takes both kinds.
bool is_loopback(const asio::ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.is_loopback();
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
}

Result<void> check_options(const ServerOptions& options, const asio::ip::tcp::endpoint& endpoint) {
    if (options.threads < 1 || options.threads > 64 || options.worker_threads < 1 || options.worker_threads > 64) {
        return refuse(ErrorCode::InvalidParameterValue, "the HTTP server has 1 to 64 threads");
    }
    if (options.transfer_bytes_per_second == 0 || options.pipeline_max == 0) {
        return refuse(ErrorCode::InvalidParameterValue, "transfer_bytes_per_second and pipeline_max must be above 0");
    }
    const bool tls = !options.tls_certificate.empty();
    if (tls != !options.tls_key.empty()) {
        return refuse(ErrorCode::InvalidParameterValue,
                      "TLS takes both a certificate and its key: --tls-cert FILE --tls-key FILE");
    }
    if (!is_loopback(endpoint.address()) && !tls && !options.insecure_http) {
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format("{} can be reached from other machines, and without TLS everyone on the way could read "
                        "what is said: give it a certificate with --tls-cert FILE --tls-key FILE, or listen on "
                        "127.0.0.1 behind a TLS proxy, or allow plain HTTP with --insecure-http",
                        options.listen));
    }
    return {};
}

}  // namespace

Result<void> check(const ServerOptions& options) {
    const auto endpoint = TRY(parse_listen(options.listen));
    TRY(check_options(options, endpoint));
    if (!options.tls_certificate.empty()) TRY(TlsIdentity::open(options.tls_certificate, options.tls_key));
    return {};
}

struct Server::Running {
    Running(ServerOptions options, Handlers handlers) : shared(std::move(options), std::move(handlers)) {}

    Shared shared;
    std::vector<std::unique_ptr<Loop>> loops;
    std::vector<std::thread> threads;
    std::unique_ptr<asio::posix::basic_stream_descriptor<Executor>> listener;  // on the first loop
    std::unique_ptr<asio::steady_timer> pause;
    std::unique_ptr<asio::steady_timer> tls_timer;
    std::size_t next_loop = 0;
    bool stopped = false;

    void accept_more();
    void accept_some();
    void watch_tls();
    void refresh_tls(bool always);
};

void Server::Running::watch_tls() {
    tls_timer->expires_after(shared.options.tls_check_interval);
    tls_timer->async_wait([this](boost::system::error_code error) {
        if (error || !listener->is_open()) return;
        asio::post(shared.workers, [this] { refresh_tls(false); });
        watch_tls();
    });
}

void Server::Running::refresh_tls(bool always) {
    const auto outcome = shared.tls->refresh(always);
    if (!outcome) return;
    (*outcome ? shared.tls_reloads : shared.tls_reloads_failed).fetch_add(1, std::memory_order_relaxed);
    if (!shared.handlers.on_tls_reload) return;
    if (*outcome)
        shared.handlers.on_tls_reload(shared.tls->describe());
    else
        shared.handlers.on_tls_reload(std::unexpected(outcome->error()));
}

void Server::Running::accept_more() {
    listener->async_wait(asio::posix::descriptor_base::wait_read, [this](boost::system::error_code error) {
        if (error || !listener->is_open()) return;
        accept_some();
    });
}

void Server::Running::accept_some() {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
        asio::ip::tcp::endpoint peer;
        auto size = static_cast<socklen_t>(peer.capacity());
        Fd fd{::accept4(listener->native_handle(), peer.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!fd) {
            if (errno == EAGAIN || errno == EWOULDBLOCK) break;
            if (errno == EINTR || errno == ECONNABORTED) continue;
            // Out of descriptors or memory: the client waits in the backlog until some are free.
            pause->expires_after(kAcceptPause);
            pause->async_wait([this](boost::system::error_code error) {
                if (!error && listener->is_open()) accept_more();
            });
            return;
        }
        peer.resize(size);
        {
            const std::lock_guard lock{shared.mutex};
            if (shared.open >= shared.options.connections_max) {
                shared.connections_refused.fetch_add(1, std::memory_order_relaxed);
                continue;
            }
            ++shared.open;
        }
        shared.connections.fetch_add(1, std::memory_order_relaxed);
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        loops[next_loop++ % loops.size()]->adopt(fd.release(), peer.protocol(),
                                                 is_loopback(peer.address()) && !shared.options.peers);
    }
    accept_more();
}

Server::Server(ServerOptions options, Handlers handlers)
    : running_(std::make_unique<Running>(std::move(options), std::move(handlers))) {}

Server::~Server() { stop(); }

Result<std::uint16_t> Server::start() {
    CHECK(running_->loops.empty());
    Shared& shared = running_->shared;
    CHECK(!shared.options.peers || shared.handlers.relay != nullptr);
    const auto endpoint = TRY(parse_listen(shared.options.listen));
    TRY(check_options(shared.options, endpoint));
    if (!shared.options.tls_certificate.empty())
        shared.tls =
            TRY(TlsIdentity::open(shared.options.tls_certificate, shared.options.tls_key, shared.options.peers));
    Fd listener = TRY(listen_on(endpoint, shared.options.listen));
    asio::ip::tcp::endpoint bound;
    auto size = static_cast<socklen_t>(bound.capacity());
    CHECK(::getsockname(listener.get(), bound.data(), &size) == 0);

    for (int i = 0; i < shared.options.threads; ++i) running_->loops.push_back(std::make_unique<Loop>(shared));
    Loop& first = *running_->loops.front();
    running_->pause = std::make_unique<asio::steady_timer>(first.context);
    running_->listener = std::make_unique<asio::posix::basic_stream_descriptor<Executor>>(first.context.get_executor(),
                                                                                          listener.release());
    running_->accept_more();
    if (shared.tls) {
        running_->tls_timer = std::make_unique<asio::steady_timer>(first.context);
        running_->watch_tls();
    }
    for (const auto& loop : running_->loops) {
        running_->threads.emplace_back([&loop = *loop] { loop.run(); });
    }
    return bound.port();
}

void Server::reload_tls() {
    if (running_->shared.tls) running_->refresh_tls(true);
}

void Server::leader_changed() {
    const auto leader = running_->shared.handlers.relay->leader();
    for (const auto& loop : running_->loops) loop->leader_changed(leader ? leader->number : 0);
}

void Server::stop() {
    if (std::exchange(running_->stopped, true) || running_->loops.empty()) return;
    Shared& shared = running_->shared;
    // Behind it no connection is added: adopting is posted before this, in the same order.
    asio::post(running_->loops.front()->context, [running = running_.get()] {
        boost::system::error_code ignored;
        running->listener->close(ignored);
        running->pause->cancel();
        if (running->tls_timer) running->tls_timer->cancel();
        for (const auto& loop : running->loops) loop->drain();
    });
    {
        std::unique_lock lock{shared.mutex};
        shared.none_open.wait_for(lock, shared.options.shutdown_grace, [&] { return shared.open == 0; });
    }
    for (const auto& loop : running_->loops) loop->wind_up();
    for (auto& thread : running_->threads) thread.join();
    shared.workers.join();
    running_->listener.reset();
    running_->pause.reset();
    running_->tls_timer.reset();
    running_->loops.clear();
}

ServerStats Server::stats() const {
    Shared& shared = running_->shared;
    ServerStats stats{.connections = shared.connections,
                      .connections_refused = shared.connections_refused,
                      .api_requests = shared.api_requests,
                      .other_requests = shared.other_requests,
                      .shed_requests = shared.shed_requests,
                      .malformed_requests = shared.malformed_requests,
                      .timeouts = shared.timeouts,
                      .tls_handshakes = shared.handshakes,
                      .tls_handshakes_failed = shared.handshakes_failed,
                      .tls_handshakes_open = shared.handshakes_open,
                      .tls_handshakes_refused = shared.handshakes_refused,
                      .tls_reloads = shared.tls_reloads,
                      .tls_reloads_failed = shared.tls_reloads_failed,
                      .tls_not_after = shared.tls ? shared.tls->not_after() : WallTime{}};
    const std::lock_guard lock{shared.mutex};
    stats.connections_open = shared.open;
    return stats;
}

}  // namespace gse::http
