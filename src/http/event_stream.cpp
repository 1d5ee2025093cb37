// What a connection does that follows /events: it sends what its stream has, and a comment when nothing happens.
#include <fmt/core.h>
#include <sys/socket.h>

#include "http/connection.h"
#include "http/event_request.h"
#include "http/on_worker.h"

namespace gse::http {
namespace {

constexpr std::size_t kSendBytes = 64 * 1024;
constexpr std::int64_t kHeartbeatMs = 15'000;
constexpr std::size_t kBodyMax = 1024;

}  // namespace

Awaitable<void> Connection::serve_events(RequestView request) {
    const bool whole = co_await read_whole_body(kBodyMax);
    if (!open_) co_return;
    const Handlers& handlers = loop_.shared.handlers;
    std::optional<Error> refused;
    EventWish wish;
    std::string account;
    if (!whole || request.method != "GET") {
        refused = Error{ErrorCode::UnsupportedProtocol, "events are followed with a GET, without a body"};
    } else if (handlers.events == nullptr) {
        refused = Error{ErrorCode::NotFound, "this server has no events"};
    } else if (auto caller = check_listener(request, loop_.signatures, handlers.clock.wall()); !caller) {
        refused = caller.error();
    } else if (auto read = read_event_wish(request); !read) {
        refused = read.error();
    } else {
        wish = *std::move(read);
        account = std::move(caller->account);
    }
    if (refused) {
        co_await respond_error(*refused);
        co_return;
    }
    std::function<bool()> may_listen = [&keys = handlers.keys, account = std::move(account)] {
        const auto key = keys.find(account);
        return key && !key->disabled;
    };
    co_await stream_events(std::move(wish), std::move(may_listen));
}

Awaitable<void> Connection::stream_events(EventWish wish, std::function<bool()> may_listen) {
    const Handlers& handlers = loop_.shared.handlers;
    const std::function<void()> wake = [inbox = loop_.inbox, id = id_] { inbox->nudge(id); };
    auto opened = co_await on_worker([&] { return handlers.events->listen(std::move(wish), wake); });
    if (!open_) co_return;
    if (!opened) {
        co_await respond_error(opened.error());
        co_return;
    }
    const std::unique_ptr<EventStream> stream = *std::move(opened);

    last_ = true;
    streaming_ = true;
    watch_for_end();
    // Without a length: the end of the stream is the end of the connection.
    std::string text = fmt::format(
        "HTTP/1.1 200 OK\r\nDate: {}\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\nretry: 2000\n\n{}",
        loop_.date(), stream->heartbeat());
    while (open_) {
        // The key may have been disabled, the console signed out, since the last text.
        if (!may_listen()) {
            close();
            break;
        }
        heartbeat_ms_ = loop_.now_ms() + kHeartbeatMs;
        co_await send(std::move(text));
        text.clear();
        while (open_) {
            nudged_ = false;
            text = stream->read(kSendBytes);
            if (text.empty() && loop_.now_ms() >= heartbeat_ms_) text = stream->heartbeat();
            if (!text.empty()) break;
            set_deadline();
            if (!nudged_) co_await change();
        }
    }
}

void Connection::nudge() {
    if (!streaming_) return;
    nudged_ = true;
    wake();
}

/// Whoever follows a stream has nothing to say: what comes is the end.
void Connection::watch_for_end() {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](boost::system::error_code error) {
        if (!self->open_) return;
        char byte = 0;
        const ssize_t got = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        const bool nothing = !error && got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        if (nothing)
            self->watch_for_end();
        else
            self->close();
    });
}

}  // namespace gse::http
