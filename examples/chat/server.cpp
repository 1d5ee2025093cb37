#include "server.h"

#include <spdlog/spdlog.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <csignal>
#include <deque>
#include <future>
#include <unordered_map>

#include "assets.h"

namespace gse::chat {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using error_code = boost::system::error_code;

constexpr auto kRequestTime = std::chrono::seconds(10);
constexpr auto kIdleTime = std::chrono::seconds(30);  // a ping after half of it
constexpr std::size_t kHeaderBytes = 8192;
constexpr std::size_t kCloseReasonBytes = 123;
constexpr int kSendBufferBytes = 64 * 1024;  // the kernel's part of a slow player's queue
constexpr auto kLoopTime = std::chrono::seconds(10);

Time now() { return std::chrono::system_clock::now(); }

/// The value of `key` in the query of `target`, percent-decoded; empty when absent or malformed.
std::string query_value(std::string_view target, std::string_view key) {
    const auto mark = target.find('?');
    std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    while (!rest.empty()) {
        std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != key) continue;
        pair.remove_prefix(equals + 1);
        std::string value;
        for (std::size_t i = 0; i < pair.size(); ++i) {
            if (pair[i] == '+') {
                value += ' ';
            } else if (pair[i] != '%') {
                value += pair[i];
            } else {
                unsigned code = 0;
                for (std::size_t digit = 1; digit <= 2; ++digit) {
                    if (i + digit >= pair.size()) return "";
                    const char c = pair[i + digit];
                    const int nibble = c >= '0' && c <= '9'   ? c - '0'
                                       : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                       : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                              : -1;
                    if (nibble < 0) return "";
                    code = code * 16 + static_cast<unsigned>(nibble);
                }
                value += static_cast<char>(code);
                i += 2;
            }
        }
        return value;
    }
    return "";
}

/// A player session id admits its player: a log shows only enough to tell two apart.
std::string brief(const std::string& player_session_id) { return player_session_id.substr(0, 12) + "…"; }

}  // namespace

class Server::Impl final : public Stage {
public:
    Impl(int port, MatchRules rules, Agent& agent, ServerLimits limits)
        : limits_(limits),
          agent_(agent),
          match_(std::move(rules), *this),
          acceptor_(loop_, tcp::endpoint(tcp::v4(), static_cast<unsigned short>(port))),
          signals_(loop_, SIGTERM, SIGINT),
          ticker_(loop_),
          farewell_(loop_) {
        signals_.async_wait([this](error_code error, int signal) {
            if (error) return;
            spdlog::info("stopping: signal {}", signal);
            patience_ = limits_.goodbye;
            step([&] { match_.interrupt(now()); });
            if (finishing_) limit_farewell();
        });
        accept_next();
    }

    ~Impl() override { worker_.join(); }

    int port() const { return acceptor_.local_endpoint().port(); }

    bool run() {
        loop_.run();
        if (finishing_ && !agent_told_) spdlog::warn("process ending, but the agent does not know: no answer in time");
        agent_.give_up();
        worker_.join();
        return agent_knows_;
    }

    void stop() {
        asio::post(loop_, [this] { loop_.stop(); });
    }

    bool begin(const std::string& session_id) {
        auto answer = std::make_shared<std::promise<bool>>();
        asio::post(loop_,
                   [this, answer, session_id] { step([&] { answer->set_value(match_.begin(session_id, now())); }); });
        auto future = answer->get_future();
        return future.wait_for(kLoopTime) == std::future_status::ready && future.get();
    }
    void abandon(const std::string& session_id) {
        asio::post(loop_, [this, session_id] { step([&] { match_.abandon(session_id); }); });
    }
    void terminate(std::optional<Time> deadline) {
        asio::post(loop_, [this, deadline] {
            spdlog::info("the agent asks this process to end{}", deadline ? ", with a deadline" : "");
            step([&] { match_.terminate(deadline, now()); });
        });
    }

private:
    class Visitor;
    class Player;

    // ---- Stage ----
    void send(Connection to, const Message& message) override;
    void close(Connection connection, CloseCode code, std::string_view reason) override;

    void accept(Connection connection, const std::string& id) override {
        asio::post(worker_, [this, connection, id] {
            const sdk::Outcome<> outcome = agent_.accept(id);
            asio::post(loop_, [this, connection, id, outcome] {
                if (outcome) {
                    spdlog::info("player {} admitted", brief(id));
                    return step([&] { match_.admitted(connection, id, now()); });
                }
                spdlog::warn("player {} refused: {}", brief(id), outcome.error().message);
                const bool final =
                    outcome.code() != sdk::Code::Unavailable && outcome.code() != sdk::Code::DeadlineExceeded;
                const std::string why = final ? "The agent refuses this player session: " + outcome.error().message
                                              : "The agent cannot be reached; try again.";
                step([&] { match_.refused(connection, id, final, why, now()); });
            });
        });
    }
    void remove(const std::string& id) override {
        tell("player " + brief(id) + " removed", [this, id] { return agent_.remove(id); });
    }
    void terminate_session() override {
        tell("session terminated", [this] { return agent_.terminate_session(); });
    }
    void finish() override {
        finishing_ = true;
        acceptor_.cancel();
        limit_farewell();
        asio::post(worker_, [this] {
            const sdk::Outcome<> outcome = agent_.ending();
            asio::post(loop_, [this, outcome] {
                agent_knows_ = outcome.ok();
                if (outcome)
                    spdlog::info("process ending");
                else
                    spdlog::warn("process ending, but the agent does not know: {}", outcome.error().message);
                agent_told_ = true;
                leave_if_done();
            });
        });
    }

    void tell(std::string what, std::function<sdk::Outcome<>()> call) {
        asio::post(worker_, [what = std::move(what), call = std::move(call)] {
            const sdk::Outcome<> outcome = call();
            if (outcome)
                spdlog::info("{}", what);
            else
                spdlog::warn("{}: refused: {}", what, outcome.error().message);
        });
    }

    // ---- the loop ----
    /// Every change of the match goes through here: afterwards its next wish for time is known.
    template <class Change>
    void step(Change change) {
        change();
        rearm();
    }

    void rearm() {
        const std::optional<Time> next = match_.next_tick();
        if (next == ticking_for_) return;
        ticking_for_ = next;
        ticker_.cancel();
        if (!next) return;
        ticker_.expires_at(*next);
        ticker_.async_wait([this](error_code error) {
            if (error) return;
            ticking_for_.reset();
            match_.tick(now());
            rearm();
        });
    }

    void limit_farewell() {
        farewell_.expires_after(patience_);
        farewell_.async_wait([this](error_code error) {
            if (!error) loop_.stop();
        });
    }
    void leave_if_done() {
        if (agent_told_ && players_.empty()) loop_.stop();
    }

    void accept_next();

    const ServerLimits limits_;
    Agent& agent_;
    asio::io_context loop_{1};
    Match match_;
    asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor_;
    asio::signal_set signals_;
    asio::system_timer ticker_;
    asio::steady_timer farewell_;
    std::optional<Time> ticking_for_;
    std::unordered_map<Connection, std::shared_ptr<Player>> players_;
    Connection last_connection_ = 0;
    std::size_t open_ = 0;                                           ///< sockets
    std::chrono::milliseconds patience_ = std::chrono::seconds(60);  ///< for the agent, at the end
    bool finishing_ = false;
    bool agent_told_ = false;
    bool agent_knows_ = false;
    asio::thread_pool worker_{1};  ///< last: joined before what its jobs use goes away

    friend class Visitor;
    friend class Player;
};

/// A WebSocket of one player, from the upgrade to the end of its closing handshake.
class Server::Impl::Player : public std::enable_shared_from_this<Player> {
public:
    Player(Impl& server, Connection id, Socket socket)
        : server_(server), id_(id), stream_(std::move(socket)), goodbye_(server.loop_) {}
    ~Player() { --server_.open_; }

    void run(http::request<http::string_body> request) {
        stream_.set_option(websocket::stream_base::timeout{kRequestTime, kIdleTime, true});
        stream_.read_message_max(server_.limits_.message_bytes);
        stream_.text(true);
        player_session_id_ =
            query_value(std::string_view(request.target().data(), request.target().size()), "playerSessionId");
        name_ = query_value(std::string_view(request.target().data(), request.target().size()), "name");
        stream_.async_accept(request, [self = shared_from_this()](error_code error) {
            if (error) return self->gone();
            self->server_.step(
                [&] { self->server_.match_.join(self->id_, self->player_session_id_, self->name_, now()); });
            self->read();
        });
    }

    void send(const Message& message) {
        if (closing_) return;
        if (queue_.size() >= server_.limits_.queue_messages ||
            queued_bytes_ + message->size() > server_.limits_.queue_bytes) {
            spdlog::warn("connection {} dropped: it reads too slowly", id_);
            // What is being written must stay alive; the rest would only delay the farewell.
            while (queue_.size() > 1) queue_.pop_back();
            close(CloseCode::TooSlow, "you read more slowly than the others write");
            // Not now: the match is in the middle of a broadcast.
            asio::post(server_.loop_, [self = shared_from_this()] { self->leave(); });
            return;
        }
        queued_bytes_ += message->size();
        queue_.push_back(message);
        if (queue_.size() == 1) write();
    }

    void close(CloseCode code, std::string_view reason) {
        if (closing_) return;
        closing_ = websocket::close_reason(static_cast<websocket::close_code>(code),
                                           std::string(reason.substr(0, kCloseReasonBytes)));
        goodbye_.expires_after(server_.limits_.goodbye);
        goodbye_.async_wait([self = shared_from_this()](error_code error) {
            if (error) return;
            beast::close_socket(beast::get_lowest_layer(self->stream_));
            self->gone();
        });
        if (queue_.empty()) say_goodbye();
    }

private:
    void read() {
        stream_.async_read(incoming_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->read_failed(error);
            const auto data = self->incoming_.cdata();
            const std::string text(static_cast<const char*>(data.data()), data.size());
            self->incoming_.consume(self->incoming_.size());
            if (!self->closing_) self->server_.step([&] { self->server_.match_.receive(self->id_, text, now()); });
            // Who does not take the echo of what he said is not heard further: no player can flood the others faster
            // than he reads himself.
            if (self->queue_.empty())
                self->read();
            else
                self->read_waits_ = true;
        });
    }

    void read_failed(error_code error) {
        if (error == websocket::error::message_too_big)
            spdlog::warn("connection {} closed: a message over {} bytes", id_, server_.limits_.message_bytes);
        leave();
        if (!closing_ || handshaken_) return gone();
        // A goodbye is under way: its own completion or its timer ends the connection.
    }

    void write() {
        stream_.async_write(asio::buffer(*queue_.front()), [self = shared_from_this()](error_code error, std::size_t) {
            if (error) {
                self->leave();
                return self->gone();
            }
            self->queued_bytes_ -= std::min(self->queued_bytes_, self->queue_.front()->size());
            self->queue_.pop_front();
            if (!self->queue_.empty()) return self->write();
            if (self->closing_) return self->say_goodbye();
            if (self->read_waits_) {
                self->read_waits_ = false;
                self->read();
            }
        });
    }

    void say_goodbye() {
        if (!stream_.is_open()) return gone();
        stream_.async_close(*closing_, [self = shared_from_this()](error_code) {
            self->handshaken_ = true;
            self->gone();
        });
    }

    void leave() {
        if (left_) return;
        left_ = true;
        server_.step([&] { server_.match_.leave(id_, now()); });
    }

    void gone() {
        goodbye_.cancel();
        leave();
        if (server_.players_.erase(id_) > 0) server_.leave_if_done();
    }

    Impl& server_;
    const Connection id_;
    websocket::stream<Socket> stream_;
    asio::steady_timer goodbye_;
    std::string player_session_id_;
    std::string name_;
    beast::flat_buffer incoming_;
    std::deque<Message> queue_;  ///< the first one is being written
    std::size_t queued_bytes_ = 0;
    bool read_waits_ = false;
    bool left_ = false;
    bool handshaken_ = false;
    std::optional<websocket::close_reason> closing_;
};

/// One HTTP connection: the page, its script and style, the status; or the door to a Player.
class Server::Impl::Visitor : public std::enable_shared_from_this<Visitor> {
public:
    Visitor(Impl& server, Socket socket) : server_(server), socket_(std::move(socket)), timer_(server.loop_) {}
    ~Visitor() {
        if (!handed_over_) --server_.open_;
    }

    void run() {
        parser_.emplace();
        parser_->header_limit(kHeaderBytes);
        parser_->body_limit(0);
        timer_.expires_after(kRequestTime);
        timer_.async_wait([weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (!error && self) beast::close_socket(self->socket_);
        });
        http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            self->timer_.cancel();
            if (error == http::error::end_of_stream || error == asio::error::operation_aborted) return;
            if (error) return self->answer(http::status::bad_request, "text/plain", "Bad request.\n", false);
            self->handle();
        });
    }

    void turn_away() { answer(http::status::service_unavailable, "text/plain", "Too many connections.\n", false); }

private:
    void handle() {
        http::request<http::string_body> request = parser_->release();
        const std::string_view target(request.target().data(), request.target().size());
        const std::string_view path = target.substr(0, target.find('?'));
        if (path == "/ws") {
            if (!websocket::is_upgrade(request))
                return answer(http::status::upgrade_required, "text/plain", "This address speaks WebSocket.\n", false);
            handed_over_ = true;
            const Connection id = ++server_.last_connection_;
            auto player = std::make_shared<Player>(server_, id, std::move(socket_));
            server_.players_[id] = player;
            return player->run(std::move(request));
        }
        const bool keep = request.keep_alive();
        head_ = request.method() == http::verb::head;
        if (request.method() != http::verb::get && !head_)
            return answer(http::status::method_not_allowed, "text/plain", "Use GET.\n", keep);
        if (path == "/") return answer(http::status::ok, "text/html; charset=utf-8", kPageHtml, keep);
        if (path == "/app.js") return answer(http::status::ok, "text/javascript; charset=utf-8", kAppJs, keep);
        if (path == "/style.css") return answer(http::status::ok, "text/css; charset=utf-8", kStyleCss, keep);
        if (path == "/status") return answer(http::status::ok, "application/json", server_.match_.status(), keep);
        answer(http::status::not_found, "text/plain", "Not found.\n", keep);
    }

    void answer(http::status status, std::string_view type, std::string_view body, bool keep) {
        response_ = http::response<http::string_body>(status, 11);
        response_.set(http::field::content_type, beast::string_view(type.data(), type.size()));
        response_.set("X-Content-Type-Options", "nosniff");
        response_.set("Referrer-Policy", "no-referrer");  // the address may hold a player session id
        response_.set("Cache-Control", "no-store");
        response_.set("Content-Security-Policy",
                      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
                      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        response_.keep_alive(keep);
        response_.content_length(body.size());
        if (!head_) response_.body() = body;
        serializer_.emplace(response_);
        if (head_) serializer_->split(true);
        timer_.expires_after(kRequestTime);
        timer_.async_wait([weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (!error && self) beast::close_socket(self->socket_);
        });
        auto done = [self = shared_from_this(), keep](error_code error, std::size_t) {
            self->timer_.cancel();
            if (error || !keep) {
                error_code ignored;
                self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
                return;
            }
            self->head_ = false;
            self->run();
        };
        if (head_)
            http::async_write_header(socket_, *serializer_, std::move(done));
        else
            http::async_write(socket_, *serializer_, std::move(done));
    }

    Impl& server_;
    Socket socket_;
    asio::steady_timer timer_;
    beast::flat_buffer buffer_{kHeaderBytes * 2};
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    bool head_ = false;
    bool handed_over_ = false;
};

void Server::Impl::accept_next() {
    acceptor_.async_accept([this](error_code error, Socket socket) {
        if (finishing_ || error == asio::error::operation_aborted) return;
        if (error) {
            // Out of descriptors, most likely: the next turn of the loop would spin.
            spdlog::warn("cannot accept a connection: {}", error.message());
            auto pause = std::make_shared<asio::steady_timer>(loop_, std::chrono::milliseconds(100));
            pause->async_wait([this, pause](error_code) { accept_next(); });
            return;
        }
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        socket.set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), ignored);
        const bool full = open_ >= limits_.connections;
        ++open_;
        const auto visitor = std::make_shared<Visitor>(*this, std::move(socket));
        if (full)
            visitor->turn_away();
        else
            visitor->run();
        accept_next();
    });
}

void Server::Impl::send(Connection to, const Message& message) {
    if (const auto found = players_.find(to); found != players_.end()) found->second->send(message);
}

void Server::Impl::close(Connection connection, CloseCode code, std::string_view reason) {
    if (const auto found = players_.find(connection); found != players_.end()) found->second->close(code, reason);
}

Server::Server(int port, MatchRules rules, Agent& agent, ServerLimits limits)
    : impl_(std::make_unique<Impl>(port, std::move(rules), agent, limits)) {}
Server::~Server() = default;
int Server::port() const { return impl_->port(); }
bool Server::run() { return impl_->run(); }
void Server::stop() { impl_->stop(); }
bool Server::begin(const std::string& session_id) { return impl_->begin(session_id); }
void Server::abandon(const std::string& session_id) { impl_->abandon(session_id); }
void Server::terminate(std::optional<Time> deadline) { impl_->terminate(deadline); }

}  // namespace gse::chat
