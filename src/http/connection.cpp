#include "http/connection.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/uuid.h"
#include "http/api_request.h"

namespace gse::http {

namespace asio = boost::asio;

namespace {

constexpr asio::use_awaitable_t<Executor> kAwait{};
// Of a chunk's extensions or trailers, which nobody needs and the parser would wait for.
constexpr std::size_t kUndigestedMax = 64 * 1024;
constexpr std::size_t kOutKept = 64 * 1024;
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::int64_t kLingerMs = 2'000;
// Small bodies are not worth counting.
constexpr std::size_t kUnchargedBytes = 64 * 1024;
// Taken of one connection before the others have their turn.
constexpr int kCallsATurn = 16;

ApiLimits api_limits(const ServerOptions& options) {
    return {options.query_bytes, options.form_bytes, options.body_bytes};
}

}  // namespace

Connection::Connection(Loop& loop, std::uint64_t id, Socket socket, std::unique_ptr<TlsSession> tls, bool from_loopback)
    : loop_(loop),
      id_(id),
      socket_(std::move(socket)),
      tls_(std::move(tls)),
      from_loopback_(from_loopback),
      drained_ms_(loop.now_ms()),
      active_ms_(drained_ms_) {}

void Connection::start() {
    set_deadline();
    asio::co_spawn(
        loop_.context, [self = shared_from_this()] { return self->run(); },
        [self = shared_from_this()](std::exception_ptr) { self->close(); });
}

Awaitable<void> Connection::run() {
    if (tls_) {
        const bool ours = co_await shake_hands();
        if (!ours) last_ = true;
        // Another server takes us for the leader: it looks again.
        if (loop_.shared.options.peers && !loop_.shared.handlers.relay->serves()) close();
    }
    while (open_ && !last_) {
        co_await receive();
        if (!open_ || eof_) break;
        Next next = advance();
        keep_input();
        flush();
        while (open_ && next != Next::Read) {
            if (next == Next::Serve) {
                co_await quiet();
                if (open_) co_await serve();
            } else if (next == Next::Turn) {
                co_await asio::post(loop_.context, kAwait);
            }
            while (open_ && is_full()) co_await change();
            if (!open_) break;
            next = advance();
            keep_input();
            flush();
        }
        set_deadline();
    }
    co_await quiet();
    if (open_ && linger_) co_await linger();
    close();
}

Awaitable<bool> Connection::shake_hands() {
    Shared& shared = loop_.shared;
    shaking_hands_ = true;
    set_deadline();
    if (shared.handshakes_open.fetch_add(1) >= shared.options.handshakes_max) {
        shared.handshakes_open.fetch_sub(1);
        shared.handshakes_refused.fetch_add(1, std::memory_order_relaxed);
        close();
        co_return false;
    }
    auto step = TlsSession::Step::Failed;
    while (open_) {
        step = tls_->handshake();
        if (step != TlsSession::Step::WantsRead && step != TlsSession::Step::WantsWrite) break;
        const auto what = step == TlsSession::Step::WantsRead ? Socket::wait_read : Socket::wait_write;
        boost::system::error_code error;
        co_await socket_.async_wait(what, asio::redirect_error(kAwait, error));
        if (error) close();
    }
    shaking_hands_ = false;
    shared.handshakes_open.fetch_sub(1);
    const bool done = open_ && step == TlsSession::Step::Done;
    (done ? shared.handshakes : shared.handshakes_failed).fetch_add(1, std::memory_order_relaxed);
    active_ms_ = loop_.now_ms();
    if (done) set_deadline();
    if (done || !open_) co_return done;

    tls_.reset();  // has told the client, if it speaks TLS
    linger_ = true;
    if (step == TlsSession::Step::IsPlainHttp)
        answer_last(400, "this port speaks HTTPS; write https:// in front of the address\n");
    co_return false;
}

ssize_t Connection::read_some(std::string& into) {
    if (tls_) return tls_->receive(into.data(), into.size());
    return ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
}

ssize_t Connection::write_some(std::string_view bytes) {
    if (tls_) return tls_->send(bytes);
    return ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

Awaitable<void> Connection::receive() {
    boost::system::error_code error;
    if (!tls_ || !tls_->has_pending())
        co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(kAwait, error));
    if (!open_) co_return;
    // Received into the loop's buffer, so that an idle connection holds none.
    const ssize_t got = error ? -1 : read_some(loop_.input);
    if (got > 0) {
        active_ms_ = loop_.now_ms();
        input_since_ms_ = drained_ms_;
        if (static_cast<std::size_t>(got) < loop_.input.size()) drained_ms_ = active_ms_;
        if (kept_.empty()) {
            input_ = std::string_view{loop_.input}.substr(0, static_cast<std::size_t>(got));
        } else {
            kept_.append(loop_.input, 0, static_cast<std::size_t>(got));
            input_ = kept_;
        }
    } else if (got == 0) {
        eof_ = true;  // of its requests; it may still want our answers, but it cannot be told from one that has gone
        hurry_->store(true);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        close();
    }
}

void Connection::keep_input() {
    if (input_.empty()) {
        kept_.clear();
        if (kept_.capacity() > kOutKept) kept_.shrink_to_fit();
    } else if (!kept_.empty() && input_.data() >= kept_.data() && input_.data() <= kept_.data() + kept_.size()) {
        kept_.erase(0, kept_.size() - input_.size());
    } else {
        kept_.assign(input_);
    }
    input_ = kept_;
}

Awaitable<void> Connection::change() {
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
        [this](auto handler) {
            waiter_ = [this, handler = std::move(handler)]() mutable { asio::post(loop_.context, std::move(handler)); };
        },
        kAwait);
}

void Connection::wake() {
    if (waiter_) std::exchange(waiter_, nullptr)();
}

Awaitable<void> Connection::quiet() {
    flush();
    set_deadline();
    while (open_ && busy()) co_await change();
}

Awaitable<void> Connection::linger() {
    // Closing with unread input resets the connection, and the client might never see why.
    if (tls_) tls_->say_goodbye();
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    loop_.wheel.set(*this, loop_.now_ms() + kLingerMs);
    std::size_t dropped = input_.size();
    while (open_ && !eof_ && dropped < kLingerBytes) {
        kept_.clear();
        co_await receive();
        dropped += input_.size();
        input_ = {};
    }
}

Awaitable<bool> Connection::send(std::string bytes) {
    co_await quiet();
    if (!open_) co_return false;
    out_ = std::move(bytes);
    co_await quiet();
    co_return open_;
}

bool Connection::is_full() const { return answers_.size() >= loop_.shared.options.pipeline_max || writing_; }

Connection::Next Connection::advance() {
    // Answers given at once wait for those of the requests behind them: one write for all.
    advancing_ = true;
    const Next next = advance_requests();
    advancing_ = false;
    return next;
}

Connection::Next Connection::advance_requests() {
    loop_.backlog.serve(loop_.now_ms(), input_since_ms_);
    for (int calls = 0; open_ && !last_;) {
        if (!reader_) {
            if (input_.empty()) return Next::Read;
            if (is_full()) return Next::Wait;
            if (calls == kCallsATurn) return Next::Turn;
            reader_ = loop_.take_reader();
            head_.clear();
            request_since_ms_ = active_ms_;
            body_bytes_ = 0;
            continued_ = false;
        }
        if (!reader_->header_done()) {
            const std::string_view before = input_;
            if (const int failure = reader_->read_header(input_)) {
                answer_last(failure, failure == 431 ? "the request's header is too large\n" : "this is not HTTP/1.1\n");
                return Next::Read;
            }
            if (const Relay* const relay = loop_.shared.handlers.relay; relay && !relay->serves())
                head_.append(before.substr(0, before.size() - input_.size()));
            if (!reader_->header_done()) return Next::Read;
            body_since_ms_ = active_ms_;
            if (!accept_header()) return Next::Read;
        }
        if (!is_api() || needs_leader()) return Next::Serve;
        if (!reader_->done()) {
            if (reader_->expects_continue() && !continued_ && input_.empty()) return Next::Serve;
            if (const int failure = read_body()) {
                answer_last(failure, "the request's body is not well-formed\n");
                return Next::Read;
            }
            if (!charge_body()) return Next::Read;
            if (!reader_->done()) return Next::Read;
        }
        dispatch();
        ++calls;
    }
    return Next::Read;
}

int Connection::read_body() {
    if (const int failure = reader_->read_body(input_)) return failure;
    return !reader_->done() && input_.size() > kUndigestedMax ? 400 : 0;
}

bool Connection::accept_header() {
    const RequestView head = reader_->view();
    const std::string_view expect = head.field("expect");
    if (!expect.empty() && !reader_->expects_continue()) {
        answer_last(417, "only 100-continue can be expected\n");
        return false;
    }
    if (!is_api()) return true;
    const ApiLimits limits = api_limits(loop_.shared.options);
    if (reader_->content_length().value_or(0) > body_bytes_max(head, limits)) {
        refuse_api(too_large(head, limits));
        return false;
    }
    return true;
}

bool Connection::charge_body() {
    const ApiLimits limits = api_limits(loop_.shared.options);
    body_bytes_ = reader_->body.size();
    if (body_bytes_ > body_bytes_max(reader_->view(), limits)) {
        refuse_api(too_large(reader_->view(), limits));
        return false;
    }
    if (charge(body_bytes_)) return true;
    refuse_api({ErrorCode::Overloaded, "too many large requests are being read; try again"});
    return false;
}

bool Connection::charge(std::size_t bytes) {
    if (bytes <= std::max(kUnchargedBytes, body_charged_)) return true;
    const std::size_t more = bytes - body_charged_;
    if (loop_.shared.bodies_bytes.fetch_add(more) + more > loop_.shared.options.bodies_bytes) {
        loop_.shared.bodies_bytes.fetch_sub(more);
        return false;
    }
    body_charged_ += more;
    return true;
}

void Connection::dispatch() {
    Shared& shared = loop_.shared;
    shared.api_requests.fetch_add(1, std::memory_order_relaxed);
    const RequestView request = reader_->view();
    const After after = after_request();
    const std::uint64_t ticket = enqueue(after);
    answers_.back().head_only = request.method == "HEAD";
    if (after == After::Close) last_ = true;
    if (loop_.backlog.refuses()) {  // before anything is done for it: this must cost next to nothing
        shared.shed_requests.fetch_add(1, std::memory_order_relaxed);
        complete(ticket,
                 shared.handlers.error_body({ErrorCode::Overloaded, "the server is overloaded; try again in a moment"},
                                            answers_.back().request_id));
        end_request();
        return;
    }

    auto call =
        admit(request, reader_->body, loop_.signatures, api_limits(shared.options), shared.handlers.clock.wall());
    const std::string request_id = answers_.back().request_id;
    end_request();
    if (!call) {
        complete(ticket, shared.handlers.error_body(call.error(), request_id));
        return;
    }
    call->request_id = request_id;
    hand_on(*std::move(call), ticket);
}

void Connection::hand_on(engine::ApiCall call, std::uint64_t ticket) {
    call.hurry = hurry_;
    loop_.shared.handlers.api.call(std::move(call),
                                   [inbox = loop_.inbox, loop = &loop_, id = id_, ticket](std::string body) {
                                       // Answered at once, on our own thread: no detour. Pointers are compared, not
                                       // followed, so a loop may be gone.
                                       if (Loop::current() == loop) {
                                           std::vector<Answered> one;
                                           one.push_back({id, ticket, std::move(body)});
                                           loop->deliver(std::move(one));
                                       } else {
                                           inbox->put({id, ticket, std::move(body)});
                                       }
                                   });
}

std::uint64_t Connection::enqueue(After after) {
    answers_.push_back({.request_id = make_uuid(loop_.rng), .after = after});
    return first_ticket_ + answers_.size() - 1;
}

void Connection::end_request() {
    loop_.shared.bodies_bytes.fetch_sub(std::exchange(body_charged_, 0));
    if (reader_) loop_.give_back(std::move(reader_));
}

After Connection::after_request() const {
    if (draining_ || !reader_->keep_alive()) return After::Close;
    return reader_->is_http_1_0() ? After::KeepAliveTold : After::KeepAlive;
}

/// A cloud API refusal before the request was read to its end.
void Connection::refuse_api(const Error& error) {
    loop_.shared.malformed_requests.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t ticket = enqueue(After::Close);
    complete(ticket, loop_.shared.handlers.error_body(error, answers_.back().request_id));
    last_ = linger_ = true;
    end_request();
}

/// Plain words and a status to something that is not a request we can read, behind the answers under way.
void Connection::answer_last(int status, std::string_view why) {
    loop_.shared.malformed_requests.fetch_add(1, std::memory_order_relaxed);
    enqueue(After::Close);
    Answer& answer = answers_.back();
    answer.request_id.clear();
    append_head(answer.body, status, loop_.date(), "text/plain; charset=utf-8", why.size(), {}, After::Close);
    answer.body += why;
    answer.ready = true;
    last_ = linger_ = true;
    end_request();
}

void Connection::complete(std::uint64_t ticket, std::string body) {
    if (ticket < first_ticket_ || ticket - first_ticket_ >= answers_.size()) return;
    Answer& answer = answers_[ticket - first_ticket_];
    answer.body = std::move(body);
    answer.ready = true;
}

void Connection::flush() {
    if (!open_ || writing_ || advancing_) return;
    while (!answers_.empty() && answers_.front().ready) {
        Answer& answer = answers_.front();
        if (answer.request_id.empty()) {
            out_ += answer.body;  // complete as it is
        } else {
            append_head(out_, 200, loop_.date(), "application/json", answer.body.size(),
                        {"X-TC-RequestId: ", answer.request_id, "\r\n", answer.fields}, answer.after);
            if (!answer.head_only) out_ += answer.body;
        }
        answers_.pop_front();
        ++first_ticket_;
    }
    if (out_.empty()) return;
    active_ms_ = loop_.now_ms();
    const ssize_t sent = write_some(out_);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        close();
        return;
    }
    if (sent > 0 && static_cast<std::size_t>(sent) == out_.size()) {
        written();
        return;
    }
    if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    writing_ = true;
    write_since_ms_ = active_ms_;
    set_deadline();
    if (tls_) {
        write_rest();
        return;
    }
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                          self->writing_ = false;
                          if (error) {
                              self->close();
                              return;
                          }
                          self->active_ms_ = self->loop_.now_ms();
                          self->written();
                          self->flush();
                      });
}

void Connection::write_rest() {
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](boost::system::error_code error) {
        const ssize_t sent = error || !self->open_ ? -1 : self->write_some(self->out_);
        if (sent < 0 && (error || !self->open_ || (errno != EAGAIN && errno != EINTR))) {
            self->writing_ = false;
            self->close();
            return;
        }
        if (sent > 0) self->out_.erase(0, static_cast<std::size_t>(sent));
        if (!self->out_.empty()) {
            self->write_rest();
            return;
        }
        self->writing_ = false;
        self->active_ms_ = self->loop_.now_ms();
        self->written();
        self->flush();
    });
}

void Connection::written() {
    out_.clear();
    if (out_.capacity() > kOutKept) out_.shrink_to_fit();
    wake();
    set_deadline();
    // The coroutine closes behind a last answer; a draining connection that waits for input is closed from here.
    if (draining_ && !busy() && !reader_ && !last_) close();
}

std::int64_t Connection::transfer_deadline(std::int64_t since_ms, std::uint64_t bytes) const {
    const ServerOptions& options = loop_.shared.options;
    return since_ms + options.transfer_grace.count() +
           static_cast<std::int64_t>(bytes * 1000 / options.transfer_bytes_per_second);
}

void Connection::set_deadline() {
    const ServerOptions& options = loop_.shared.options;
    if (!open_) return;
    if (tunnel_) {
        loop_.wheel.set(*this, tunnel_deadline());
    } else if (shaking_hands_) {
        loop_.wheel.set(*this, active_ms_ + options.handshake_time.count());
    } else if (writing_) {
        loop_.wheel.set(*this, transfer_deadline(write_since_ms_, out_.size()));
    } else if (streaming_ && !busy()) {
        loop_.wheel.set(*this, heartbeat_ms_);
    } else if (working_ || busy()) {
        loop_.wheel.clear(*this);  // we, or the API, owe the next step
    } else if (reader_ && reader_->header_done()) {
        loop_.wheel.set(*this, transfer_deadline(body_since_ms_, body_bytes_));
    } else if (reader_) {
        loop_.wheel.set(*this, request_since_ms_ + options.header_time.count());
    } else {
        loop_.wheel.set(*this, active_ms_ + options.idle.count());
    }
}

void Connection::expire() {
    if (streaming_ && !writing_) return nudge();
    if (tunnel_) return end_tunnel();
    loop_.shared.timeouts.fetch_add(1, std::memory_order_relaxed);
    if (reader_ && !busy() && !working_) {
        std::string bytes;
        constexpr std::string_view kWhy = "the request did not arrive in time\n";
        append_head(bytes, 408, loop_.date(), "text/plain; charset=utf-8", kWhy.size(), {}, After::Close);
        bytes += kWhy;
        (void)write_some(bytes);
    }
    close();
}

void Connection::drain() {
    draining_ = true;
    hurry_->store(true);
    if (streaming_) return close();
    if (tunnel_) return set_deadline();
    if (!busy() && !reader_ && !last_) close();
}

void Connection::close() {
    if (!open_) return;
    open_ = false;
    hurry_->store(true);
    const auto self = shared_from_this();
    loop_.wheel.clear(*this);
    if (tls_) tls_->say_goodbye();
    boost::system::error_code ignored;
    socket_.close(ignored);
    close_tunnel();
    if (!working_) end_request();
    wake();
    loop_.forget(*this);
}

}  // namespace gse::http
