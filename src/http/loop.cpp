#include "http/loop.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/low_latency.h"
#include "http/connection.h"
#include "http/response.h"

namespace gse::http {
namespace {

constexpr std::int64_t kTickMs = 250;
constexpr std::size_t kInputBytes = 64 * 1024;
constexpr std::size_t kReadersKept = 64;

thread_local Loop* t_current = nullptr;

}  // namespace

void Shared::one_closed() {
    const std::lock_guard lock{mutex};
    if (--open == 0) none_open.notify_all();
}

void Inbox::put(Answered answered) {
    const std::lock_guard lock{mutex_};
    if (loop_ == nullptr) return;
    answered_.push_back(std::move(answered));
    if (answered_.size() > 1) return;  // a wake-up is under way
    boost::asio::post(loop_->context, [loop = loop_] { loop->deliver(loop->inbox->take()); });
}

std::vector<Answered> Inbox::take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(answered_, {});
}

void Inbox::nudge(std::uint64_t connection) {
    const std::lock_guard lock{mutex_};
    if (loop_ == nullptr || std::find(nudged_.begin(), nudged_.end(), connection) != nudged_.end()) return;
    nudged_.push_back(connection);
    if (nudged_.size() > 1) return;  // a wake-up is under way
    boost::asio::post(loop_->context, [this, loop = loop_] {
        std::vector<std::uint64_t> connections;
        {
            const std::lock_guard taking{mutex_};
            connections.swap(nudged_);
        }
        loop->nudge(connections);
    });
}

void Inbox::close() {
    const std::lock_guard lock{mutex_};
    loop_ = nullptr;
}

Loop::Loop(Shared& s)
    : shared(s),
      inbox(std::make_shared<Inbox>(*this)),
      wheel(kTickMs, now_ms()),
      signatures(s.handlers.keys, s.handlers.temporary_keys),
      input(kInputBytes, '\0'),
      timer_(context),
      work_(context.get_executor()) {}

Loop::~Loop() { inbox->close(); }

Loop* Loop::current() { return t_current; }

void Loop::run() {
    prefer_low_latency();
    t_current = this;
    tick();
    while (!context.stopped()) {
        if (context.poll_one() > 0) continue;
        backlog.idle(now_ms());
        context.run_one();
        backlog.idle(now_ms());
    }
    t_current = nullptr;
}

void Loop::tick() {
    timer_.expires_after(std::chrono::milliseconds{kTickMs});
    timer_.async_wait([this](boost::system::error_code error) {
        if (error || winding_up_) return;
        wheel.advance(now_ms(), [](TimerNode& node) { static_cast<Connection&>(node).expire(); });
        tick();
    });
}

void Loop::adopt(int fd, boost::asio::ip::tcp protocol, bool from_loopback) {
    boost::asio::post(context, [this, fd, protocol, from_loopback] {
        Socket socket{context};
        boost::system::error_code error;
        socket.assign(protocol, fd, error);
        if (error) {
            ::close(fd);
            shared.one_closed();
            return;
        }
        std::unique_ptr<TlsSession> tls;
        if (shared.tls) tls = std::make_unique<TlsSession>(shared.tls->context(), fd);
        auto connection =
            std::make_shared<Connection>(*this, next_connection_++, std::move(socket), std::move(tls), from_loopback);
        connections_.emplace(connection->id(), connection);
        connection->start();
        if (draining_) connection->drain();
    });
}

void Loop::drain() {
    boost::asio::post(context, [this] {
        draining_ = true;
        // A copy, because draining an idle one takes it out of the map.
        std::vector<std::shared_ptr<Connection>> all;
        for (const auto& [id, connection] : connections_) all.push_back(connection);
        for (const auto& connection : all) connection->drain();
    });
}

void Loop::close_all() {
    boost::asio::post(context, [this] {
        std::vector<std::shared_ptr<Connection>> all;
        for (const auto& [id, connection] : connections_) all.push_back(connection);
        for (const auto& connection : all) connection->close();
    });
}

void Loop::leader_changed(std::uint64_t number) {
    boost::asio::post(context, [this, number] {
        std::vector<std::shared_ptr<Connection>> all;
        for (const auto& [id, connection] : connections_) all.push_back(connection);
        for (const auto& connection : all) connection->leader_changed(number);
    });
}

void Loop::wind_up() {
    close_all();
    boost::asio::post(context, [this] {
        winding_up_ = true;
        timer_.cancel();
        work_.reset();
    });
}

void Loop::deliver(std::vector<Answered> answered) {
    std::vector<std::shared_ptr<Connection>> touched;
    for (Answered& one : answered) {
        const auto found = connections_.find(one.connection);
        if (found == connections_.end()) continue;  // gone meanwhile
        found->second->complete(one.ticket, std::move(one.body));
        if (touched.empty() || touched.back() != found->second) touched.push_back(found->second);
    }
    for (const auto& connection : touched) connection->flush();
}

void Loop::nudge(const std::vector<std::uint64_t>& connections) {
    for (const std::uint64_t id : connections) {
        const auto found = connections_.find(id);
        if (found == connections_.end()) continue;
        const auto held = found->second;
        held->nudge();
    }
}

void Loop::forget(Connection& connection) {
    if (connections_.erase(connection.id()) == 0) return;
    shared.one_closed();
}

std::unique_ptr<RequestReader> Loop::take_reader() {
    std::unique_ptr<RequestReader> reader;
    if (readers_.empty()) {
        reader = std::make_unique<RequestReader>();
    } else {
        reader = std::move(readers_.back());
        readers_.pop_back();
    }
    reader->start(shared.options.header_bytes + shared.options.query_bytes);
    return reader;
}

void Loop::give_back(std::unique_ptr<RequestReader> reader) {
    if (readers_.size() < kReadersKept) readers_.push_back(std::move(reader));
}

std::string_view Loop::date() {
    const WallTime now = shared.handlers.clock.wall();
    if (now.ms / 1000 != date_second_) {
        date_second_ = now.ms / 1000;
        date_ = format_http_date(now);
    }
    return date_;
}

}  // namespace gse::http
