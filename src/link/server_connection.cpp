#include "link/server_connection.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/addresses.h"
#include "link/convert.h"
#include "link/socket_options.h"

namespace gse::link {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kInputBytes = 64 << 10;
constexpr std::size_t kSendBytes = 64 << 10;

}  // namespace

short wait_for(int fd, short events, steady_clock::time_point until, int wake) {
    const auto left = std::chrono::ceil<Millis>(until - steady_clock::now()).count();
    if (left <= 0) return 0;
    pollfd waiting[] = {{fd, events, 0}, {wake, POLLIN, 0}};
    if (::poll(waiting, wake < 0 ? 1 : 2, static_cast<int>(std::min<std::int64_t>(left, 60'000))) <= 0) return 0;
    return waiting[0].revents;
}

Result<Fd> connect_to(const std::string& server, steady_clock::time_point& until, int stop, std::size_t first) {
    std::string why = "no answer in time";
    const auto began = steady_clock::now();
    const std::vector<SocketAddress> addresses = TRY(resolve(server));
    until += steady_clock::now() - began;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const SocketAddress& address = addresses[(first + i) % addresses.size()];
        // One that swallows what is sent to it leaves the others their share.
        const auto now = steady_clock::now();
        const auto share = now + (until - now) / static_cast<int>(addresses.size() - i);
        Fd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!fd) continue;
        int error = 0;
        socklen_t size = sizeof error;
        const bool begun = connect(fd.get(), address.get(), address.size) == 0 || errno == EINPROGRESS;
        if (!begun) {
            why = std::strerror(errno);
            continue;
        }
        if (wait_for(fd.get(), POLLOUT, share, stop) == 0) continue;
        if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) return fd;
        why = std::strerror(error);
    }
    return refuse(ErrorCode::Unavailable, fmt::format("nobody answers at {}: {}", server, why));
}

ServerConnection::ServerConnection(Fd fd, Talk& talk)
    : fd_(std::move(fd)),
      talk_(talk),
      session_(GrpcSession::Side::Client, *this, {.message_bytes = static_cast<std::size_t>(kMaxMessageBytes)}),
      input_(kInputBytes, '\0') {
    set_socket_options(fd_.get());
}

ServerConnection::~ServerConnection() {
    if (tls_) tls_->say_goodbye();
}

Result<std::unique_ptr<ServerConnection>> ServerConnection::open(const std::string& server, const ClientTls* tls,
                                                                 Call call, Talk& talk, Time until, int stop) {
    std::unique_ptr<ServerConnection> made{
        new ServerConnection(TRY(connect_to(server, until, stop, call.first_address)), talk)};
    if (tls != nullptr) TRY(made->handshake(*tls, server, until, stop));
    const std::string authorization = call.token.empty() ? "" : fmt::format("Bearer {}", call.token);
    made->call_ = made->session_.open(fmt::format("/opengse.link.v1.AgentLink/{}", call.method), server, authorization);
    made->asks_once_ = call.asks_once;
    return made;
}

Result<void> ServerConnection::handshake(const ClientTls& tls, const std::string& server, Time until, int stop) {
    const std::string name = tls.server_name.empty() ? TRY(split_address(server)).host : tls.server_name;
    tls_ = std::make_unique<TlsSession>(TRY(make_client_context({.roots = tls.roots,
                                                                 .certificate_chain = tls.identity.certificate_chain,
                                                                 .private_key = tls.identity.private_key,
                                                                 .server_name = name,
                                                                 .protocol = "h2"})),
                                        fd_.get(), TlsSession::Side::Client);
    tls_->read_ahead();
    for (;;) {
        short events = POLLIN;
        switch (tls_->handshake()) {
            case TlsSession::Step::Done: return {};
            case TlsSession::Step::WantsRead: break;
            case TlsSession::Step::WantsWrite: events = POLLOUT; break;
            default: return refuse(ErrorCode::Unavailable, fmt::format("no TLS with {}: {}", server, tls_->why()));
        }
        if (wait_for(fd_.get(), events, until, stop) == 0)
            return refuse(ErrorCode::Unavailable, fmt::format("no TLS with {} in time", server));
    }
}

void ServerConnection::break_off(std::string why) {
    if (!ended_) ended_ = GrpcStatus{GrpcCode::Unavailable, std::move(why)};
}

void ServerConnection::flush() {
    while (!ended_) {
        if (unsent_.empty()) session_.take(unsent_, kSendBytes);
        if (unsent_.empty()) return;
        const ssize_t sent =
            tls_ ? tls_->send(unsent_) : ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return break_off(tls_ ? tls_->why() : std::strerror(errno));
        if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
        if (!unsent_.empty()) return;
    }
}

void ServerConnection::hear() {
    const ssize_t got = tls_ ? tls_->receive(input_.data(), input_.size())
                             : ::recv(fd_.get(), input_.data(), input_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    heard_ = got > 0;
    if (got < 0) return break_off(tls_ ? tls_->why() : std::strerror(errno));
    if (got == 0) return break_off("the server closed the connection");
    if (!session_.receive({input_.data(), static_cast<std::size_t>(got)}))
        return break_off("the other end is no OpenGSE server: it does not speak HTTP/2");
    more_ = static_cast<std::size_t>(got) == input_.size();
}

std::string ServerConnection::own_address() const {
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    char text[NI_MAXHOST] = "";
    if (getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0 ||
        getnameinfo(reinterpret_cast<const sockaddr*>(&own), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        return "";
    return text;
}

void ServerConnection::turn(Time until, int wake) {
    flush();
    if (ended_) return;
    const short wanted = static_cast<short>(POLLIN | (unsent_.empty() ? 0 : POLLOUT));
    if (std::exchange(more_, false) || (wait_for(fd_.get(), wanted, until, wake) & ~POLLOUT) != 0) hear();
    flush();
}

void ServerConnection::on_message(GrpcSession::Call /*call*/, std::string_view message) { talk_.on_message(message); }

void ServerConnection::on_ended(GrpcSession::Call /*call*/, GrpcStatus status) {
    if (!ended_) ended_ = std::move(status);
}

bool ServerConnection::next_message(GrpcSession::Call call, std::string& to) {
    if (!talk_.next_message(to)) return false;
    if (asks_once_) session_.finish(call, {});
    return true;
}

}  // namespace gse::link
