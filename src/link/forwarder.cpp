#include "link/forwarder.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/fd.h"
#include "link/listen.h"

namespace gse::link {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kLookAgain = std::chrono::milliseconds{25};
/// At a leader that refuses: the agents of a deployment together must not keep it from starting.
constexpr auto kDialAgain = std::chrono::milliseconds{250};
/// A machine that takes no bytes for this long is gone. A leader's is given up sooner: its agents may reach it
/// themselves, or by another server.
constexpr unsigned kHostUntakenMs = 30'000;
constexpr unsigned kLeaderUntakenMs = 5'000;
/// One attempt to reach the leader; where it takes longer, there is no way from here.
constexpr auto kDialTime = std::chrono::seconds{2};

void set_up(tcp::socket& socket, unsigned untaken_ms) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &untaken_ms, sizeof untaken_ms);
}

}  // namespace

/// Everything but the counters is its one thread's.
class Forwarder::Impl {
public:
    explicit Impl(ForwarderOptions options) : options_(std::move(options)) {}

    Result<std::uint16_t> start();
    void set_target(std::optional<tcp::endpoint> target);
    void stop();
    std::atomic<std::size_t> open_{0};
    std::atomic<std::chrono::steady_clock::time_point> turned_away_{std::chrono::steady_clock::time_point::min()};

private:
    struct Pair {
        explicit Pair(tcp::socket a) : agent(std::move(a)), leader(agent.get_executor()) {}
        tcp::socket agent;
        tcp::socket leader;
        std::uint64_t target = 0;   ///< number of the one that `leader` goes to
        std::uint64_t attempt = 0;  ///< grows as each attempt to reach it begins, and ends
    };

    void accept();
    asio::awaitable<void> serve(std::shared_ptr<Pair> pair);
    asio::awaitable<bool> reach(std::shared_ptr<Pair> pair);
    asio::awaitable<void> carry(std::shared_ptr<Pair> pair, tcp::socket& from, tcp::socket& to) const;
    static void close(Pair& pair);

    const ForwarderOptions options_;
    asio::io_context context_{1};
    std::optional<tcp::acceptor> acceptor_;
    asio::steady_timer accept_pause_{context_};
    std::optional<tcp::endpoint> target_;
    std::uint64_t target_number_ = 0;
    std::unordered_set<std::shared_ptr<Pair>> pairs_;
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{context_.get_executor()};
    std::thread thread_;
};

Result<std::uint16_t> Forwarder::Impl::start() {
    acceptor_.emplace(context_);
    const std::uint16_t bound = TRY(listen_for_agents(*acceptor_, options_.listen));
    accept();
    thread_ = std::thread([this] { context_.run(); });
    return bound;
}

void Forwarder::Impl::accept() {
    acceptor_->async_accept([this](boost::system::error_code error, tcp::socket socket) {
        if (!acceptor_->is_open()) return;
        if (!error) close_on_exec(socket.native_handle());
        if (!error && open_ < options_.connections_max) {
            const auto pair = std::make_shared<Pair>(std::move(socket));
            pairs_.insert(pair);
            ++open_;
            asio::co_spawn(context_, serve(pair), [this, pair](std::exception_ptr) {
                close(*pair);
                pairs_.erase(pair);
                --open_;
            });
        }
        if (!error || error == asio::error::connection_aborted) return accept();
        accept_pause_.expires_after(kAcceptPause);
        accept_pause_.async_wait([this](boost::system::error_code) {
            if (acceptor_->is_open()) accept();
        });
    });
}

void Forwarder::Impl::close(Pair& pair) {
    boost::system::error_code ignored;
    pair.agent.close(ignored);
    pair.leader.close(ignored);
}

asio::awaitable<void> Forwarder::Impl::serve(std::shared_ptr<Pair> pair) {
    const bool reached = co_await reach(pair);
    if (!reached) {
        if (target_) turned_away_ = std::chrono::steady_clock::now();
        co_return;
    }
    asio::co_spawn(context_, carry(pair, pair->agent, pair->leader), [](std::exception_ptr) {});
    co_await carry(pair, pair->leader, pair->agent);
}

/// Connects to the leader, whoever that is by then.
asio::awaitable<bool> Forwarder::Impl::reach(std::shared_ptr<Pair> pair) {
    const auto until = std::chrono::steady_clock::now() + options_.hold;
    asio::steady_timer pause{context_}, late{context_};
    while (pair->agent.is_open() && std::chrono::steady_clock::now() < until) {
        boost::system::error_code error;
        bool refused = false;
        if (target_) {
            pair->target = target_number_;
            const tcp::endpoint to = *target_;
            pair->leader = tcp::socket{context_};
            pair->leader.open(to.protocol(), error);
            if (!error) close_on_exec(pair->leader.native_handle());
            late.expires_after(kDialTime);
            late.async_wait([pair, attempt = ++pair->attempt](boost::system::error_code cancelled) {
                if (cancelled || pair->attempt != attempt) return;
                ++pair->attempt;  // nobody waits for it any more
                boost::system::error_code ignored;
                pair->leader.close(ignored);
            });
            const std::uint64_t attempt = pair->attempt;
            co_await pair->leader.async_connect(to, asio::redirect_error(asio::use_awaitable, error));
            if (pair->attempt != attempt) co_return false;
            ++pair->attempt;
            const bool same = pair->target == target_number_;
            if (!error && same && pair->agent.is_open()) {
                set_up(pair->agent, kHostUntakenMs);
                set_up(pair->leader, kLeaderUntakenMs);
                co_return true;
            }
            refused = error && same;
        }
        pause.expires_after(refused ? kDialAgain : kLookAgain);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    co_return false;
}

/// One way, until it ends; then both do: neither TLS nor gRPC has any use for half a connection.
asio::awaitable<void> Forwarder::Impl::carry(std::shared_ptr<Pair> pair, tcp::socket& from, tcp::socket& to) const {
    boost::system::error_code error;
    std::vector<char> bytes;
    while (!error) {
        // Nothing is held for a connection on which nothing moves.
        co_await from.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        bytes.resize(options_.ahead_bytes);
        const std::size_t got = from.read_some(asio::buffer(bytes), error);
        if (error) break;
        co_await asio::async_write(to, asio::buffer(bytes.data(), got),
                                   asio::redirect_error(asio::use_awaitable, error));
        bytes = {};
    }
    close(*pair);
}

void Forwarder::Impl::set_target(std::optional<tcp::endpoint> target) {
    asio::post(context_, [this, target] {
        target_ = target;
        ++target_number_;
        for (const auto& pair : pairs_)
            // Those that still wait go on waiting; an attempt under way ends, and the next goes to the new one.
            if (pair->target != 0) {
                boost::system::error_code ignored;
                pair->leader.close(ignored);
            }
    });
}

void Forwarder::Impl::stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
        boost::system::error_code ignored;
        acceptor_->close(ignored);
        for (const auto& pair : pairs_) close(*pair);
        work_.reset();
    });
    thread_.join();
}

Forwarder::Forwarder(ForwarderOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Forwarder::~Forwarder() { stop(); }
Result<std::uint16_t> Forwarder::start() { return impl_->start(); }

void Forwarder::set_target(std::string ip, std::uint16_t port) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(ip, error);
    if (error) return impl_->set_target(std::nullopt);
    impl_->set_target(tcp::endpoint{address, port});
}

void Forwarder::set_no_target() { impl_->set_target(std::nullopt); }
void Forwarder::stop() { impl_->stop(); }
bool Forwarder::turned_away_within(Millis time) const {
    return impl_->turned_away_.load() >= std::chrono::steady_clock::now() - time;
}
std::size_t Forwarder::open() const { return impl_->open_; }

}  // namespace gse::link
