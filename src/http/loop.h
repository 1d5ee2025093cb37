/// One I/O thread: its connections, their deadlines, and the answers that other threads bring. Private: brings Asio in.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/rng.h"
#include "http/backlog.h"
#include "http/request_reader.h"
#include "http/server.h"
#include "http/signature.h"
#include "http/timer_wheel.h"
#include "tls/tls.h"

namespace gse::http {

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

class Connection;
class Loop;

/// What all threads of one server share.
struct Shared {
    Shared(ServerOptions o, Handlers h)
        : options(std::move(o)), handlers(std::move(h)), workers(static_cast<std::size_t>(options.worker_threads)) {}

    void one_closed();

    const ServerOptions options;
    const Handlers handlers;
    std::unique_ptr<TlsIdentity> tls;  // set before the loops run; null: plain HTTP
    boost::asio::thread_pool workers;

    std::atomic<std::uint64_t> connections{0}, connections_refused{0}, api_requests{0}, other_requests{0};
    std::atomic<std::uint64_t> malformed_requests{0}, shed_requests{0}, timeouts{0};
    std::atomic<std::uint64_t> handshakes{0}, handshakes_failed{0}, handshakes_refused{0};
    std::atomic<std::uint64_t> tls_reloads{0}, tls_reloads_failed{0};
    std::atomic<std::size_t> bodies_bytes{0}, handshakes_open{0};

    // Guarded, because stop() waits for it to become zero.
    std::mutex mutex;
    std::condition_variable none_open;
    std::size_t open = 0;
};

/// An answer of the API on its way to the connection that waits for it.
struct Answered {
    std::uint64_t connection;
    std::uint64_t ticket;
    std::string body;
};

/// Where other threads put answers. One wake-up of the loop serves all that came since the last. Outlives the loop as
/// long as an answer is outstanding; what comes after close() is dropped. Thread-safe.
class Inbox {
public:
    explicit Inbox(Loop& loop) : loop_(&loop) {}
    void put(Answered answered);
    std::vector<Answered> take();
    /// Tells a connection that its event stream may have something.
    void nudge(std::uint64_t connection);
    void close();

private:
    std::mutex mutex_;
    Loop* loop_;
    std::vector<Answered> answered_;
    std::vector<std::uint64_t> nudged_;
};

class Loop {
public:
    explicit Loop(Shared& shared);
    ~Loop();

    /// Serves until wind_up() and the end of the last connection.
    void run();

    // From any thread:
    /// Takes a connected, non-blocking socket over.
    void adopt(int fd, boost::asio::ip::tcp protocol, bool from_loopback);
    void drain();  ///< idle connections close now, busy ones behind their last answer
    void close_all();
    void leader_changed(std::uint64_t number);
    void wind_up();  ///< close_all, and run() returns

    // From the loop's thread:
    void deliver(std::vector<Answered> answered);
    void nudge(const std::vector<std::uint64_t>& connections);
    void forget(Connection& connection);
    [[nodiscard]] std::unique_ptr<RequestReader> take_reader();
    void give_back(std::unique_ptr<RequestReader> reader);
    [[nodiscard]] std::string_view date();
    [[nodiscard]] std::int64_t now_ms() const { return shared.handlers.clock.monotonic_ms(); }

    Shared& shared;
    boost::asio::io_context context{1};
    const std::shared_ptr<Inbox> inbox;
    TimerWheel wheel;
    Backlog backlog;
    SignatureCheck signatures;
    SystemRng rng;
    std::string input;  ///< what the connection being served has just received; nobody's between two events

    /// The loop whose thread this is; null elsewhere.
    [[nodiscard]] static Loop* current();

private:
    void tick();

    boost::asio::steady_timer timer_;
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
    std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
    std::vector<std::unique_ptr<RequestReader>> readers_;
    std::uint64_t next_connection_ = 1;
    bool draining_ = false;
    bool winding_up_ = false;
    std::string date_;
    std::int64_t date_second_ = -1;
};

}  // namespace gse::http
