#include "link/agent_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "agent_link.pb.h"
#include "pki/certificate.h"

namespace gse::link {
namespace {

constexpr std::string_view kService = "/opengse.link.v1.AgentLink/";
/// What leaves in one system call, and may wait for the socket.
constexpr std::size_t kSendBytes = 64 << 10;

/// Of a certificate that TLS has found good. A server's own is not an agent's.
std::optional<Peer> peer_of(const std::string& certificate) {
    if (certificate.empty()) return std::nullopt;
    auto facts = pki::describe_certificate(certificate);
    if (!facts || !facts->for_clients || facts->name.empty() || facts->name == pki::kPeerName) return std::nullopt;
    return Peer{std::move(facts->name), facts->not_after};
}

}  // namespace

AgentConnection::AgentConnection(Host& host, std::uint64_t id, LinkSocket socket, TlsContext tls, std::string peer,
                                 std::int64_t now_ms)
    : host_(host),
      id_(id),
      socket_(std::move(socket)),
      tls_(tls ? std::make_unique<TlsSession>(std::move(tls), socket_.native_handle()) : nullptr),
      peer_(std::move(peer)),
      session_(GrpcSession::Side::Server, *this, {.message_bytes = kMaxReadBytes}),
      idle_since_ms_(now_ms) {}

void AgentConnection::start() {
    handshaking_ = tls_ != nullptr;
    if (!tls_) return begin();
    tls_->read_ahead();
    handshake();
}

void AgentConnection::handshake() {
    if (closed_) return;
    switch (tls_->handshake()) {
        case TlsSession::Step::Done:
            handshaking_ = false;
            certified_ = peer_of(tls_->peer_certificate());
            return begin();
        case TlsSession::Step::WantsRead: return wait(LinkSocket::wait_read, &AgentConnection::handshake);
        case TlsSession::Step::WantsWrite: return wait(LinkSocket::wait_write, &AgentConnection::handshake);
        default: return close();
    }
}

void AgentConnection::begin() {
    flush();
    if (!closed_) read();
}

void AgentConnection::wait(LinkSocket::wait_type what, void (AgentConnection::*then)()) {
    socket_.async_wait(what, [self = shared_from_this(), then](boost::system::error_code error) {
        if (self->closed_) return;
        if (error) return self->close();
        (*self.*then)();
    });
}

void AgentConnection::read() {
    if (closed_) return;
    std::string& input = host_.input;
    const ssize_t got = tls_ ? tls_->receive(input.data(), input.size())
                             : ::recv(socket_.native_handle(), input.data(), input.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return wait(LinkSocket::wait_read, &AgentConnection::read);
    if (got <= 0) return close();
    hearing_ = true;
    const bool fine = session_.receive({input.data(), static_cast<std::size_t>(got)});
    hearing_ = false;
    flush();
    if (closed_) return;
    if (!fine) return close();
    if (static_cast<std::size_t>(got) < input.size()) return wait(LinkSocket::wait_read, &AgentConnection::read);
    // There may be more, also of what TLS holds already; others have their turn first.
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->read(); });
}

ssize_t AgentConnection::send(std::string_view bytes) {
    if (tls_) return tls_->send(bytes);
    return ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void AgentConnection::flush() {
    if (closed_ || hearing_ || handshaking_ || waits_to_write_) return;
    for (;;) {
        if (draining_ && session_.calls() == 0) session_.say_goodbye();
        std::string& fresh = host_.output;
        fresh.clear();
        if (unsent_.empty()) session_.take(fresh, kSendBytes);
        const std::string_view bytes = unsent_.empty() ? fresh : unsent_;
        if (bytes.empty()) break;
        const ssize_t sent = send(bytes);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return close();
        const std::size_t gone = sent < 0 ? 0 : static_cast<std::size_t>(sent);
        if (gone < bytes.size()) {
            unsent_ = std::string(bytes.substr(gone));
            return wait_to_write();
        }
        unsent_ = {};
    }
    if (!session_.done()) return;
    if (tls_) tls_->say_goodbye();
    close();
}

void AgentConnection::wait_to_write() {
    waits_to_write_ = true;
    socket_.async_wait(LinkSocket::wait_write, [self = shared_from_this()](boost::system::error_code error) {
        self->waits_to_write_ = false;
        if (self->closed_) return;
        if (error) return self->close();
        self->flush();
    });
}

void AgentConnection::tick(std::int64_t now_ms, Millis idle) {
    bool busy = false;
    // A stream that is cut takes itself and the others away.
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        const std::shared_ptr<AgentStream> stream = calls_[i].stream;
        busy = busy || stream || calls_[i].asked;
        if (stream) stream->tick(now_ms);
    }
    if (closed_) return;
    if (busy) idle_since_ms_ = now_ms;
    if (now_ms - idle_since_ms_ < idle.count()) return flush();
    if (handshaking_ || std::exchange(draining_, true)) return close();
    idle_since_ms_ = now_ms;  // as long again for the goodbye
    drain({GrpcCode::DeadlineExceeded, "nothing was asked in time"});
}

void AgentConnection::drain(const GrpcStatus& status) {
    if (closed_) return;
    if (handshaking_) return close();
    draining_ = true;
    for (const Open& one : calls_) {
        if (one.stream)
            one.stream->close(status);
        else
            session_.finish(one.call, status);
    }
    flush();
}

void AgentConnection::close() {
    if (closed_) return;
    closed_ = true;
    const auto self = shared_from_this();
    boost::system::error_code ignored;
    socket_.close(ignored);
    for (Open& one : std::exchange(calls_, {})) end(std::move(one));
    host_.connection_ended(*this);
}

void AgentConnection::end(Open open) {
    if (open.stream) {
        open.stream->on_ended();
        host_.stream_ended(open.stream->id());
    } else if (open.asked) {
        host_.wish_ended();
    }
}

AgentConnection::Open* AgentConnection::find(GrpcSession::Call call) {
    const auto found = std::find_if(calls_.begin(), calls_.end(), [&](const Open& one) { return one.call == call; });
    return found == calls_.end() ? nullptr : &*found;
}

void AgentConnection::on_call(GrpcSession::Call call, std::string_view path, std::string_view authorization) {
    if (draining_) return session_.finish(call, {GrpcCode::Unavailable, "this connection is ending"});
    const std::string_view method = path.starts_with(kService) ? path.substr(kService.size()) : "";
    if (method == "Stream") {
        auto opened = host_.open_stream(*this, call, *this, authorization);
        if (auto* stream = std::get_if<std::shared_ptr<AgentStream>>(&opened))
            calls_.push_back({.call = call, .stream = std::move(*stream), .answer = {}});
        else
            session_.finish(call, std::get<GrpcStatus>(std::move(opened)));
    } else if (method == "Enrol" || method == "Renew") {
        calls_.push_back({.call = call, .stream = nullptr, .renews = method == "Renew", .answer = {}});
    } else {
        session_.finish(call, {GrpcCode::Unimplemented, "no such method"});
    }
}

void AgentConnection::on_message(GrpcSession::Call call, std::string_view message) {
    Open* const open = find(call);
    if (open == nullptr) return;
    if (open->stream) return open->stream->hear(message);
    if (std::exchange(open->asked, true))
        return session_.finish(call, {GrpcCode::InvalidArgument, "one message is all that is taken here"});
    host_.ask(*this, call, {.renews = open->renews, .request = std::string(message)});
}

void AgentConnection::on_half_closed(GrpcSession::Call call) {
    Open* const open = find(call);
    if (open == nullptr) return;
    if (open->stream) return open->stream->on_half_closed();
    if (!open->asked) session_.finish(call, {GrpcCode::InvalidArgument, "nothing was asked"});
}

void AgentConnection::on_ended(GrpcSession::Call call, GrpcStatus /*status*/) {
    Open* const open = find(call);
    if (open == nullptr) return;
    Open gone = std::move(*open);
    calls_.erase(calls_.begin() + (open - calls_.data()));
    end(std::move(gone));
}

bool AgentConnection::next_message(GrpcSession::Call call, std::string& to) {
    Open* const open = find(call);
    if (open == nullptr) return false;
    if (open->stream) return open->stream->next_message(to);
    if (open->answer.empty()) return false;
    to += std::exchange(open->answer, {});
    session_.finish(call, {});
    return true;
}

void AgentConnection::answer(GrpcSession::Call call, std::variant<Credential, GrpcStatus> answer) {
    Open* const open = find(call);
    if (open == nullptr || open->stream) return;  // nobody waits for it any more
    if (auto* status = std::get_if<GrpcStatus>(&answer)) {
        session_.finish(call, std::move(*status));
    } else {
        auto& made = std::get<Credential>(answer);
        opengse::link::v1::Credential message;
        message.set_host_id(std::move(made.host_id));
        message.set_certificate(std::move(made.certificate));
        message.set_roots(std::move(made.roots));
        open->answer = message.SerializeAsString();
        session_.wake(call);
    }
    flush();
}

}  // namespace gse::link
