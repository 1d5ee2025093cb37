/// One client: reads its requests, hands them on, and answers in their order. Private: brings Asio in.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "http/loop.h"
#include "http/relay.h"
#include "http/response.h"
#include "tls/tls.h"

namespace gse::http {

template <class T>
using Awaitable = boost::asio::awaitable<T, Executor>;

/// The Content-Type of what probes and people with curl read.
inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

/// Lives on its loop's thread only.
///
/// A coroutine reads. Calls of the API are pipelined: each gets a ticket, and its answer goes out as soon as those
/// before it have theirs, however many at a time. Everything else (objects, pages) is served by the coroutine itself,
/// one at a time, behind the answers before it.
class Connection : public TimerNode, public std::enable_shared_from_this<Connection> {
public:
    /// `tls` is null on a plain port.
    Connection(Loop& loop, std::uint64_t id, Socket socket, std::unique_ptr<TlsSession> tls, bool from_loopback);

    void start();
    /// The answer to one ticket; goes out with the next flush().
    void complete(std::uint64_t ticket, std::string body);
    void flush();
    /// Its deadline has come.
    void expire();
    /// Closes now if idle, else behind the last answer.
    void drain();
    void close();
    /// An event stream may have something to send.
    void nudge();
    /// `number` is the leader's now (0: there is none): what leads to another one ends.
    void leader_changed(std::uint64_t number);

    [[nodiscard]] std::uint64_t id() const { return id_; }

private:
    /// An answer in the queue; `body` once `ready`.
    struct Answer {
        std::string request_id;
        std::string body;
        std::string fields;  ///< further header lines
        After after = After::KeepAlive;
        bool ready = false;
        bool head_only = false;
    };
    enum class Next { Read, Wait, Serve, Turn };

    // The coroutine.
    Awaitable<void> run();
    Awaitable<bool> shake_hands();   ///< false: this is no client of ours
    Awaitable<void> receive();       ///< more input, or the end of it
    Awaitable<void> change();        ///< until something was written, delivered or closed
    Awaitable<void> quiet();         ///< until every answer so far is out
    Awaitable<void> linger();        ///< lets the client read the last answer before the connection is reset
    Awaitable<void> say_continue();  ///< 100, if the client waits for it
    Awaitable<bool> send(std::string bytes);

    // Requests.
    Next advance();  ///< takes what input there is as far as it goes without waiting
    Next advance_requests();
    [[nodiscard]] bool is_full() const;  ///< answers must go out before more requests are read
    [[nodiscard]] int read_body();       ///< a status when it cannot be read
    [[nodiscard]] bool is_api() const { return reader_->view().path == "/"; }
    bool accept_header();                     ///< false: refused, nothing more is read
    [[nodiscard]] bool needs_leader() const;  ///< and this server is not it
    void dispatch();
    /// Gives a call to the API; its answer completes the ticket.
    void hand_on(engine::ApiCall call, std::uint64_t ticket);
    std::uint64_t enqueue(After after);
    void answer_last(int status, std::string_view why);
    void refuse_api(const Error& error);
    bool charge_body();
    /// Counts what this connection holds of a body; false when all together hold too much.
    [[nodiscard]] bool charge(std::size_t bytes);
    void end_request();
    [[nodiscard]] After after_request() const;
    void keep_input();

    // What the coroutine serves itself (serve.cpp).
    Awaitable<void> serve();
    Awaitable<void> serve_page(RequestView request);
    Awaitable<void> serve_local_api(RequestView request);  // local_api.cpp
    Awaitable<void> serve_events(RequestView request);     // event_stream.cpp
    /// Until the connection ends, or `may_listen`, asked before each text, says no.
    Awaitable<void> stream_events(EventWish wish, std::function<bool()> may_listen);
    void watch_for_end();
    Awaitable<void> serve_object(RequestView request);
    Awaitable<void> serve_console(RequestView request);  // serve_console.cpp
    Awaitable<void> serve_console_file(RequestView request);
    Awaitable<void> serve_console_session(RequestView request, ConsoleDoor& door);
    Awaitable<bool> respond_json(int status, std::string_view body, std::string_view fields = {});
    Awaitable<bool> refuse_console(int status, std::string_view message);
    [[nodiscard]] std::string session_cookie(const ConsoleDoor& door, const ConsoleSession& session) const;
    [[nodiscard]] std::string session_body(const ConsoleDoor& door, const ConsoleSession& session,
                                           bool read_only) const;
    Awaitable<void> put_object(std::string bucket, std::string key);
    // piece_put.cpp
    Awaitable<void> put_piece(std::string bucket, std::string key, std::string content_range);
    Awaitable<void> answer_how_much(std::string bucket, std::string key, std::uint64_t total);
    Awaitable<bool> respond_unfinished(int status, std::uint64_t stored, std::uint64_t total);
    Awaitable<bool> respond_stored(const objects::ObjectInfo& info);
    Awaitable<void> get_object(RequestView request, std::string bucket, std::string key);
    Awaitable<bool> read_whole_body(std::size_t bytes_max);
    Awaitable<bool> respond(int status, std::string_view content_type, std::string_view body,
                            std::string_view fields = {});
    Awaitable<bool> respond_error(const Error& error);
    template <class Work>
    auto on_worker(Work work) -> Awaitable<std::invoke_result_t<Work&>>;
    [[nodiscard]] bool is_known() const;
    Awaitable<bool> respond_unknown_host();
    /// That the request may do with an object what it wants to.
    [[nodiscard]] Result<void> check_object_access(const RequestView& request, std::string_view bucket,
                                                   std::string_view key);

    // To another server (tunnel.cpp).
    Awaitable<bool> find_leader();
    Awaitable<bool> dial(const Leader& leader);
    Awaitable<void> go_through();
    Awaitable<void> carry_up(std::string bytes);
    Awaitable<void> carry_down();
    Awaitable<void> refuse_without_leader();
    [[nodiscard]] std::int64_t tunnel_deadline() const;
    void end_tunnel();
    void close_tunnel();

    // As ::recv and ::send with MSG_DONTWAIT.
    [[nodiscard]] ssize_t read_some(std::string& into);
    [[nodiscard]] ssize_t write_some(std::string_view bytes);
    void write_rest();  ///< of out_, as the socket takes it

    void set_deadline();
    [[nodiscard]] std::int64_t transfer_deadline(std::int64_t since_ms, std::uint64_t bytes) const;
    void wake();
    void written();
    [[nodiscard]] bool busy() const { return !answers_.empty() || writing_ || !out_.empty(); }

    Loop& loop_;
    const std::uint64_t id_;
    Socket socket_;
    std::unique_ptr<TlsSession> tls_;  // else it is plain
    const bool from_loopback_;

    // Input: a view into loop_.input right after receiving, else into kept_.
    std::string_view input_;
    std::string kept_;
    std::unique_ptr<RequestReader> reader_;  // of the request being read, if one is
    std::int64_t drained_ms_;                ///< when the socket was last found empty
    std::int64_t input_since_ms_ = 0;        ///< what is in input_ arrived after this
    std::int64_t request_since_ms_ = 0;
    std::int64_t body_since_ms_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::size_t body_charged_ = 0;
    bool continued_ = false;

    std::deque<Answer> answers_;
    std::uint64_t first_ticket_ = 0;  // of answers_.front()
    std::string out_;
    std::int64_t write_since_ms_ = 0;
    std::int64_t active_ms_;
    bool writing_ = false;
    bool shaking_hands_ = false;
    bool advancing_ = false;
    std::string cors_;      // header lines for a browser of another origin, of the object request being served
    bool working_ = false;  // a worker thread has something of ours
    bool last_ = false;     // no request behind this one is read
    bool linger_ = false;   // input may be left unread
    bool eof_ = false;
    bool draining_ = false;
    bool open_ = true;
    const std::shared_ptr<std::atomic<bool>> hurry_ = std::make_shared<std::atomic<bool>>(false);
    bool streaming_ = false;  // events, until the connection ends
    bool nudged_ = false;
    std::int64_t heartbeat_ms_ = 0;
    /// The end at the leader, on a server that is not it.
    struct Tunnel {
        Tunnel(Loop& loop, std::uint64_t l) : socket(loop.context), leader(l) {}

        Socket socket;
        std::unique_ptr<TlsSession> tls;
        const std::uint64_t leader;  ///< its number
        bool open = false;           ///< hands are shaken; until then the client's request waits
        bool heard_all = false;      ///< nothing more comes from there
    };
    std::unique_ptr<Tunnel> tunnel_;
    std::string head_;  // of the request being read, as it came, where it may be the leader's
    std::int64_t dial_since_ms_ = 0;
    std::move_only_function<void()> waiter_;  // the coroutine, while it waits in change()
};

/// What /objects and the like answer with, by the kind of refusal.
[[nodiscard]] int http_status_of(ErrorCode code);

}  // namespace gse::http
