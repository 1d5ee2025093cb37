// A follower's connection from its first request on that needs the leader: bytes go both ways as they are.
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "base/fd.h"
#include "http/connection.h"
#include "http/relay.h"

namespace gse::http {

namespace asio = boost::asio;

namespace {

constexpr asio::use_awaitable_t<Executor> kAwait{};
/// Between two looks for a leader.
constexpr auto kLookAgain = std::chrono::milliseconds{25};
constexpr std::int64_t kLingerMs = 2'000;
/// A connection whose server stops is closed once nothing has moved for this long.
constexpr std::int64_t kQuietMs = 250;
/// A leader's machine that confirms nothing for this long is out of reach; where nothing is sent it is asked.
constexpr unsigned kUnheardMs = 5'000;
constexpr int kAskAgainS = 1;

bool is_one_of(std::string_view path, std::initializer_list<std::string_view> paths) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
}

/// What each server answers for itself: how it does, and files that are the same everywhere.
bool is_answered_by_all(std::string_view path) {
    if (is_one_of(path, {"/healthz", "/readyz", "/metrics", "/v1/ping", "/console"})) return true;
    return path.starts_with("/console/") && !path.starts_with("/console/api/") &&
           !is_one_of(path, {"/console/session", "/console/events", "/console/demo"});
}

/// A leader's machine that says nothing more, not even that bytes have arrived, must not keep clients waiting.
void notice_silence(int socket) {
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnheardMs, sizeof kUnheardMs);
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &kAskAgainS, sizeof kAskAgainS);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &kAskAgainS, sizeof kAskAgainS);
}

bool must_wait(ssize_t done) { return done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR); }

}  // namespace

void Relay::set_leader(std::string ip, std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    leader_ = Leader{std::move(ip), port, ++last_number_};
}

void Relay::set_no_leader() {
    const std::lock_guard lock(mutex_);
    leader_.reset();
}

std::optional<Leader> Relay::leader() const {
    const std::lock_guard lock(mutex_);
    return leader_;
}

RelayStats Relay::stats() const {
    return {.open = open, .handed = handed, .held = held, .refused = refused, .unreached = unreached};
}

bool Connection::needs_leader() const {
    const Relay* const relay = loop_.shared.handlers.relay;
    return relay && !relay->serves() && !is_answered_by_all(reader_->view().path);
}

/// True once this server leads itself; else the connection was handed over, or refused, and nothing is left to do.
Awaitable<bool> Connection::find_leader() {
    Relay& relay = *loop_.shared.handlers.relay;
    const std::int64_t give_up_ms = loop_.now_ms() + relay.options().hold.count();
    const bool too_many = relay.held.fetch_add(1) >= relay.options().held_max;
    asio::steady_timer pause{loop_.context};
    bool handed = false;
    while (open_ && !relay.serves()) {
        const std::optional<Leader> leader = relay.leader();
        if (leader) handed = co_await dial(*leader);
        if (handed || !open_ || draining_ || too_many || loop_.now_ms() >= give_up_ms) break;
        working_ = true;  // no deadline: this loop has its own
        set_deadline();
        pause.expires_after(kLookAgain);
        boost::system::error_code ignored;
        co_await pause.async_wait(asio::redirect_error(kAwait, ignored));
        working_ = false;
    }
    relay.held.fetch_sub(1);
    if (!open_) end_request();  // which close() leaves to whoever works with it
    if (handed && open_) co_await go_through();
    if (handed || !open_) co_return false;
    if (relay.serves()) co_return true;
    relay.refused.fetch_add(1, std::memory_order_relaxed);
    co_await refuse_without_leader();
    end_request();
    co_return false;
}

Awaitable<void> Connection::refuse_without_leader() {
    const bool known = loop_.shared.handlers.relay->leader().has_value();
    const Error error{ErrorCode::Internal, fmt::format("{}, and this request has changed nothing; try again in a few "
                                                       "seconds{}",
                                                       known ? "this server cannot reach the one that leads"
                                                             : "no server of this deployment leads at the moment",
                                                       known ? ", or ask another server" : "")};
    if (is_api()) {
        refuse_api(error);
        co_return;
    }
    co_await respond_error(error);
    last_ = linger_ = true;
}

/// Connects and shakes hands; true with tunnel_ open.
Awaitable<bool> Connection::dial(const Leader& leader) {
    Relay& relay = *loop_.shared.handlers.relay;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(leader.ip, error);
    if (error) co_return false;
    tunnel_ = std::make_unique<Tunnel>(loop_, leader.number);
    Tunnel& tunnel = *tunnel_;
    dial_since_ms_ = loop_.now_ms();
    set_deadline();
    const asio::ip::tcp::endpoint endpoint{address, leader.port};
    co_await tunnel.socket.async_connect(endpoint, asio::redirect_error(kAwait, error));
    if (!error) tunnel.socket.non_blocking(true, error);
    if (!error) tunnel.socket.set_option(asio::ip::tcp::no_delay{true}, error);
    if (!error) {
        notice_silence(tunnel.socket.native_handle());
        close_on_exec(tunnel.socket.native_handle());
    }
    if (!error) {
        tunnel.tls = std::make_unique<TlsSession>(relay.identity().context(), tunnel.socket.native_handle(),
                                                  TlsSession::Side::Client);
        while (open_ && !error) {
            const auto step = tunnel.tls->handshake();
            tunnel.open = step == TlsSession::Step::Done;
            if (step != TlsSession::Step::WantsRead && step != TlsSession::Step::WantsWrite) break;
            const auto what = step == TlsSession::Step::WantsRead ? Socket::wait_read : Socket::wait_write;
            co_await tunnel.socket.async_wait(what, asio::redirect_error(kAwait, error));
        }
    }
    active_ms_ = loop_.now_ms();
    if (open_ && tunnel.open) co_return true;
    relay.unreached.fetch_add(1, std::memory_order_relaxed);
    tunnel.tls.reset();
    tunnel_.reset();
    if (open_) set_deadline();
    co_return false;
}

/// Carries bytes until either side ends; the connection is closed then.
Awaitable<void> Connection::go_through() {
    Relay& relay = *loop_.shared.handlers.relay;
    relay.handed.fetch_add(1, std::memory_order_relaxed);
    relay.open.fetch_add(1, std::memory_order_relaxed);
    std::string first = std::exchange(head_, {});
    first += input_;
    input_ = {};
    keep_input();
    end_request();
    last_ = true;  // what follows is the leader's
    set_deadline();
    asio::co_spawn(
        loop_.context,
        [self = shared_from_this(), bytes = std::move(first)]() mutable { return self->carry_up(std::move(bytes)); },
        [self = shared_from_this()](std::exception_ptr) {});
    co_await carry_down();
    while (open_) co_await change();
    relay.open.fetch_sub(1, std::memory_order_relaxed);
}

/// From the client to the leader, `bytes` first.
Awaitable<void> Connection::carry_up(std::string bytes) {
    Tunnel& tunnel = *tunnel_;
    bool heard = true;  // by the leader
    while (open_) {
        while (open_ && heard && !tunnel.heard_all && !bytes.empty()) {
            const ssize_t sent = tunnel.tls->send(bytes);
            if (sent > 0) bytes.erase(0, static_cast<std::size_t>(sent));
            if (sent >= 0) continue;
            heard = must_wait(sent);  // else its last words may still be on their way
            boost::system::error_code error;
            if (heard) co_await tunnel.socket.async_wait(Socket::wait_write, asio::redirect_error(kAwait, error));
        }
        bytes.clear();
        if (!open_) co_return;
        boost::system::error_code error;
        if (!tls_ || !tls_->has_pending())
            co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(kAwait, error));
        if (!open_) co_return;
        const ssize_t got = error ? -1 : read_some(loop_.input);
        if (!error && must_wait(got)) continue;
        if (got < 0) {
            close();
        } else if (got == 0) {
            if (tunnel.heard_all) co_return close();
            tunnel.tls->say_goodbye();
            tunnel.socket.shutdown(Socket::shutdown_send, error);
            co_return;
        } else {
            if (!tunnel.heard_all) active_ms_ = loop_.now_ms();
            bytes.assign(loop_.input, 0, static_cast<std::size_t>(got));
            set_deadline();
        }
    }
}

/// From the leader to the client.
Awaitable<void> Connection::carry_down() {
    Tunnel& tunnel = *tunnel_;
    std::string bytes;
    while (open_) {
        boost::system::error_code error;
        if (!tunnel.tls->has_pending())
            co_await tunnel.socket.async_wait(Socket::wait_read, asio::redirect_error(kAwait, error));
        if (!open_) co_return;
        const ssize_t got = error ? -1 : tunnel.tls->receive(loop_.input.data(), loop_.input.size());
        if (!error && must_wait(got)) continue;
        if (got < 0) co_return close();
        if (got == 0) break;
        active_ms_ = loop_.now_ms();
        set_deadline();
        std::string_view rest = std::string_view{loop_.input}.substr(0, static_cast<std::size_t>(got));
        ssize_t sent = write_some(rest);
        if (sent < 0 && !must_wait(sent)) co_return close();
        if (sent == got) continue;
        bytes.assign(rest.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0))));
        while (open_ && !bytes.empty()) {
            co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(kAwait, error));
            if (!open_) co_return;
            sent = error ? -1 : write_some(bytes);
            if (error || (sent < 0 && !must_wait(sent))) co_return close();
            if (sent > 0) bytes.erase(0, static_cast<std::size_t>(sent));
        }
    }
    if (!open_) co_return;
    // The leader has closed: carry_up() drops what the client still sends, so that it can read the last answer.
    tunnel.heard_all = true;
    if (tls_) tls_->say_goodbye();
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    active_ms_ = loop_.now_ms();
    set_deadline();
}

std::int64_t Connection::tunnel_deadline() const {
    const RelayOptions& options = loop_.shared.handlers.relay->options();
    if (!tunnel_->open) return dial_since_ms_ + options.dial_time.count();
    if (tunnel_->heard_all) return active_ms_ + kLingerMs;
    return active_ms_ + (draining_ ? kQuietMs : options.idle.count());
}

/// Its deadline has come, or its leader leads no more: an attempt to get there fails, a tunnel ends.
void Connection::end_tunnel() {
    if (tunnel_->open) return close();
    boost::system::error_code ignored;
    tunnel_->socket.close(ignored);
}

void Connection::leader_changed(std::uint64_t number) {
    if (tunnel_ && tunnel_->leader != number && !tunnel_->heard_all) end_tunnel();
}

void Connection::close_tunnel() {
    if (!tunnel_) return;
    if (tunnel_->tls && tunnel_->open) tunnel_->tls->say_goodbye();
    boost::system::error_code ignored;
    tunnel_->socket.close(ignored);
}

}  // namespace gse::http
