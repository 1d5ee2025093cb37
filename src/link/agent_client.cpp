#include "link/agent_client.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "agent_link.pb.h"
#include "base/check.h"
#include "base/fd.h"
#include "base/low_latency.h"
#include "link/addresses.h"
#include "link/backoff.h"
#include "link/convert.h"
#include "link/pinned_server.h"
#include "link/server_connection.h"
#include "link/tls_check.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;
using std::chrono::steady_clock;

struct Unacked {
    std::uint64_t seq = 0;
    std::string message;  // encoded
    bool ends_backlog = false;
};

/// Why a connection ended, and whether dialling again soon can help.
struct Farewell {
    std::string why;
    bool only_an_operator_helps = false;
};

}  // namespace

class AgentClient::Impl final : private ServerConnection::Talk {
public:
    Impl(AgentClientOptions options, const Clock& clock, Rng& rng)
        : options_(std::move(options)), clock_(clock), rng_(rng), servers_(options_.server) {}

    Result<void> start(ServerEvents& events);
    void stop();
    std::uint64_t report(ReportBody body);
    bool saturated() const;

    std::atomic<bool> connected_ = false;
    std::atomic<bool> exhausted_ = false;

private:
    /// What one connection has got to.
    struct Conversation {
        std::optional<Farewell> farewell;
        std::string own_address;
        bool greeted = false;  // the hello is on its way
        bool welcomed = false;
        bool heard = false;  // something, since it was last looked at
        std::uint64_t epoch = 0;
        std::uint64_t order_seq = 0;  // last seen
        steady_clock::duration heartbeat{};
        steady_clock::time_point heartbeat_due;
        bool heartbeat_owed = false;             // due, and goes before the next report
        std::vector<InstanceReading> readings;   // that go with the heartbeat that is owed
        std::string rest;                        // of a large message, still to be sent
        steady_clock::time_point patience_ends;  // without a word from the server
    };

    void run();
    Farewell converse();
    void take_turns(ServerConnection& connection);
    void on_message(std::string_view bytes) override;
    bool next_message(std::string& to) override;
    bool next_piece(std::string& to);
    std::optional<Farewell> hear(pb::ServerMessage& message, Conversation& state);
    std::optional<Farewell> hear_welcome(const Welcome& welcome, Conversation& state);
    std::optional<Farewell> hear_order(Order order, Conversation& state);
    void prepare_backlog(std::uint64_t acked_seq);
    void drop_acked(std::uint64_t acked_seq);
    void wake_up();
    std::uint64_t append_locked(ReportBody body);
    bool take_unsent_locked(std::string& to);
    bool saturated_locked() const;

    const AgentClientOptions options_;
    const Clock& clock_;
    Rng& rng_;
    ServerEvents* events_ = nullptr;
    std::optional<PinnedServer> pinned_;
    std::thread thread_;
    const Fd stop_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // ends a dial; a report must not
    const Fd wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // what the thread waits for beside the server
    std::atomic<bool> woken_ = false;                          // and has not looked at since

    std::atomic<std::thread::id> own_thread_;

    // Of the thread.
    Addresses servers_;
    std::size_t rounds_ = 0;  // through all servers, since the last welcome
    std::unique_ptr<Conversation> conversation_;
    pb::ServerMessage incoming_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::uint64_t last_seq_ = 0;
    std::deque<Unacked> unacked_;  // consecutive, ends with last_seq_
    std::size_t unacked_bytes_ = 0;
    std::uint64_t sent_seq_ = 0;  // on this connection; changed by its thread only
};

Result<void> AgentClient::Impl::start(ServerEvents& events) {
    CHECK(!thread_.joinable());
    if (options_.tls)
        if (const ClientTls tls = options_.tls(); !tls.roots.empty()) TRY(check_roots(tls.roots));
    pinned_ = TRY(PinnedServer::load(options_.pin_file));
    events_ = &events;
    thread_ = std::thread([this] { run(); });
    return {};
}

void AgentClient::Impl::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    ::eventfd_write(stop_.get(), 1);
    wake_up();
    if (thread_.joinable()) thread_.join();
}

bool AgentClient::Impl::saturated_locked() const {
    return unacked_.size() >= options_.unacked_reports_max || unacked_bytes_ >= options_.unacked_bytes_max;
}

bool AgentClient::Impl::saturated() const {
    const std::lock_guard lock(mutex_);
    return saturated_locked();
}

std::uint64_t AgentClient::Impl::report(ReportBody body) {
    CHECK(!std::holds_alternative<BacklogDone>(body));
    const bool refusable = std::holds_alternative<SdkCall>(body) || std::holds_alternative<HostNotice>(body);
    std::uint64_t seq = 0;
    {
        const std::lock_guard lock(mutex_);
        if (refusable && saturated_locked()) return 0;
        seq = append_locked(std::move(body));
    }
    if (std::this_thread::get_id() != own_thread_) wake_up();  // within an event: it looks before it waits
    return seq;
}

void AgentClient::Impl::wake_up() {
    if (!woken_.exchange(true)) ::eventfd_write(wake_.get(), 1);
}

std::uint64_t AgentClient::Impl::append_locked(ReportBody body) {
    if (unacked_.size() >= options_.unacked_reports_hard || unacked_bytes_ >= options_.unacked_bytes_hard) {
        if (!exhausted_.exchange(true))
            spdlog::critical("link: {} reports wait for the server, no more can be kept: this agent must start again",
                             unacked_.size());
        return 0;
    }
    const bool ends_backlog = std::holds_alternative<BacklogDone>(body);
    pb::AgentMessage message;
    encode(Report{++last_seq_, std::move(body)}, message);
    unacked_.push_back({last_seq_, message.SerializeAsString(), ends_backlog});
    unacked_bytes_ += unacked_.back().message.size();
    return last_seq_;
}

/// The first reports that were not sent, as many as travel together, count as sent and are appended. False: there are
/// none, or the first is so large that it is the `rest`.
bool AgentClient::Impl::take_unsent_locked(std::string& to) {
    const auto next = [&]() -> std::string& { return unacked_[sent_seq_ + 1 - unacked_.front().seq].message; };
    if (sent_seq_ == last_seq_) return false;
    const std::size_t limit = to.size() + kPieceBytes;
    if (next().size() > kPieceBytes) {
        conversation_->rest = next();
        ++sent_seq_;
        return false;
    }
    to += next();
    ++sent_seq_;
    for (int count = 1; sent_seq_ < last_seq_ && count < kTogetherMax && to.size() + next().size() <= limit; ++count) {
        append_behind(to, next());
        ++sent_seq_;
    }
    return true;
}

void AgentClient::Impl::run() {
    prefer_low_latency();  // beside games that keep every core busy, too
    own_thread_ = std::this_thread::get_id();
    Backoff backoff(options_.backoff_min, options_.backoff_max);
    std::string last_why;
    for (;;) {
        if (exhausted_ && options_.on_reports_lost)
            return options_.on_reports_lost(
                {ErrorCode::Unavailable,
                 "more has happened than can be kept for a server that is away: this agent starts again, so that it "
                 "describes its processes afresh"});
        const std::int64_t dialled_ms = clock_.monotonic_ms();
        const Farewell farewell = converse();
        const bool was_connected = connected_.exchange(false);
        if (was_connected) events_->on_disconnected();
        // A server that greets and hangs up at once must not be dialled at the shortest interval.
        if (clock_.monotonic_ms() - dialled_ms >= options_.backoff_max.count()) backoff.reset();
        const std::string server = servers_.current();
        if (was_connected) servers_.stay();  // it may only have given way to another leader, and knows which
        const bool tried_all = was_connected || servers_.next();
        if (tried_all && !was_connected) ++rounds_;
        Millis wait = options_.backoff_min;
        if (tried_all) wait = farewell.only_an_operator_helps ? backoff.longest(rng_) : backoff.next(rng_);

        std::unique_lock lock(mutex_);
        if (stopping_) return;
        if (was_connected || farewell.why != last_why)  // once, not at every attempt
            spdlog::warn("link: no connection to {} {} TLS: {}; dialling again, every {} ms at most", server,
                         options_.tls ? "over" : "without", farewell.why, options_.backoff_max.count());
        last_why = farewell.why;
        if (changed_.wait_for(lock, wait, [this] { return stopping_; })) return;
    }
}

/// One connection from dialling to its end.
Farewell AgentClient::Impl::converse() {
    const auto patience = options_.welcome_timeout / (servers_.several() ? 2 : 1);
    conversation_ = std::make_unique<Conversation>();
    Conversation& state = *conversation_;
    const std::optional<ClientTls> tls = options_.tls ? std::optional(options_.tls()) : std::nullopt;
    const ServerConnection::Call call{.method = "Stream", .token = options_.token, .first_address = rounds_};
    const auto opened = ServerConnection::open(servers_.current(), tls ? &*tls : nullptr, call, *this,
                                               steady_clock::now() + patience, stop_.get());
    if (!opened) return {opened.error().message, opened.error().code == ErrorCode::InvalidParameterValue};
    state.own_address = (*opened)->own_address();
    state.patience_ends = steady_clock::now() + patience;  // to find out where it is may have taken long
    take_turns(**opened);
    if (state.farewell) return std::move(*state.farewell);
    const auto& [code, message] = *(*opened)->ended();
    const bool hopeless = code == GrpcCode::Unauthenticated || code == GrpcCode::Unimplemented;
    return {message.empty() ? "the server closed the stream" : message, hopeless};
}

/// Until the server has ended the conversation, or there is a farewell.
void AgentClient::Impl::take_turns(ServerConnection& connection) {
    Conversation& state = *conversation_;
    while (!state.farewell && !connection.ended()) {
        if (exhausted_ && options_.on_reports_lost) state.farewell = Farewell{"too many reports wait for it", true};
        // In this order: what comes behind it wakes the next turn.
        // And not before what woke it can be read: who wakes may still be about to write.
        if (eventfd_t count = 0; woken_ && ::eventfd_read(wake_.get(), &count) == 0) woken_ = false;
        bool says = !state.greeted || state.heartbeat_owed || !state.rest.empty();
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) {
                state.farewell = Farewell{"the agent is stopping", false};
                return;
            }
            says = says || (state.welcomed && sent_seq_ < last_seq_);
        }
        if (says) connection.wake();
        connection.turn(state.welcomed ? std::min(state.patience_ends, state.heartbeat_due) : state.patience_ends,
                        wake_.get());
        const auto now = steady_clock::now();
        const bool bytes_came = connection.take_heard();  // of a long message, say, behind which its heartbeat waits
        if (std::exchange(state.heard, false) || (bytes_came && state.welcomed)) {
            state.patience_ends = now + (state.welcomed ? state.heartbeat * options_.silent_heartbeats
                                                        : steady_clock::duration(options_.welcome_timeout));
        } else if (now >= state.patience_ends && !state.farewell && !connection.ended()) {
            state.farewell =
                Farewell{state.welcomed ? "the server has fallen silent" : "no welcome from the server in time", false};
        }
        if (state.welcomed && now >= state.heartbeat_due) {
            if (auto readings = events_->take_readings(); !readings.empty()) state.readings = std::move(readings);
            state.heartbeat_due = now + state.heartbeat;
            state.heartbeat_owed = true;
            if (!pinned_->kept() && pinned_->keep()) spdlog::info("link: epoch {} is kept now", state.epoch);
        }
    }
}

bool AgentClient::Impl::next_message(std::string& to) {
    Conversation& state = *conversation_;
    if (state.farewell) return false;
    if (!state.rest.empty()) return next_piece(to);
    if (state.greeted && state.welcomed && !state.heartbeat_owed) {
        const std::lock_guard lock(mutex_);
        if (take_unsent_locked(to)) return true;
    } else if (!state.greeted || state.heartbeat_owed) {
        pb::AgentMessage message;
        if (!std::exchange(state.greeted, true)) {
            HostHello hello = events_->hello();
            if (options_.on_hello) options_.on_hello(hello, state.own_address);
            encode(hello, message);
        } else {
            state.heartbeat_owed = false;
            encode(AgentHeartbeat{state.order_seq, std::exchange(state.readings, {})}, message);
        }
        if (message.ByteSizeLong() <= kPieceBytes) return message.AppendToString(&to);
        state.rest = message.SerializeAsString();
    }
    return !state.rest.empty() && next_piece(to);
}

bool AgentClient::Impl::next_piece(std::string& to) {
    std::string& rest = conversation_->rest;
    pb::AgentMessage piece;
    piece.set_piece(rest.substr(0, kPieceBytes));
    rest.erase(0, kPieceBytes);
    piece.set_piece_follows(!rest.empty());
    return piece.AppendToString(&to);
}

void AgentClient::Impl::on_message(std::string_view bytes) {
    Conversation& state = *conversation_;
    if (state.farewell) return;
    state.heard = true;
    if (!incoming_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        state.farewell = Farewell{"a message of the server cannot be read", false};
        return;
    }
    state.farewell = hear(incoming_, state);
    for (int i = 0; i < incoming_.behind_size() && !state.farewell; ++i)
        state.farewell = hear(*incoming_.mutable_behind(i), state);
    if (bytes.size() > kPieceBytes) incoming_ = pb::ServerMessage();
}

std::optional<Farewell> AgentClient::Impl::hear(pb::ServerMessage& message, Conversation& state) {
    auto said = decode(message);
    if (!said) return Farewell{said.error().message, false};
    if (const auto* welcome = std::get_if<Welcome>(&*said)) return hear_welcome(*welcome, state);
    if (!state.welcomed) return Farewell{"the server spoke before its welcome", false};
    if (auto* order = std::get_if<Order>(&*said)) return hear_order(std::move(*order), state);
    const std::uint64_t sent = std::get<ServerHeartbeat>(*said).order_seq;
    if (sent != state.order_seq)
        return Farewell{fmt::format("the server has sent order {}, the last seen is {}", sent, state.order_seq), false};
    return std::nullopt;
}

std::optional<Farewell> AgentClient::Impl::hear_welcome(const Welcome& welcome, Conversation& state) {
    if (state.welcomed) return Farewell{"a second welcome in one stream", false};
    if (const auto taken = pinned_->greet(welcome.deployment_id, welcome.epoch); !taken)
        return Farewell{taken.error().message, true};
    if (const auto kept = pinned_->keep(); !kept)
        spdlog::warn("link: epoch {} is obeyed, but an agent that starts now would not know it: {}; trying again",
                     welcome.epoch, kept.error().message);
    std::string lost;
    {
        const std::lock_guard lock(mutex_);
        if (welcome.acked_seq > last_seq_)
            return Farewell{
                fmt::format("the server acknowledges report {}, the last made is {}", welcome.acked_seq, last_seq_),
                true};
        const std::uint64_t first = unacked_.empty() ? last_seq_ + 1 : unacked_.front().seq;
        if (welcome.acked_seq + 1 < first)
            lost = fmt::format(
                "the server has lost reports {} to {}, which it had acknowledged: it was restored from a "
                "backup",
                welcome.acked_seq + 1, first - 1);
    }
    if (!lost.empty()) {
        if (options_.on_reports_lost) options_.on_reports_lost({ErrorCode::Unavailable, lost});
        return Farewell{lost + "; this agent starts again, so that it describes its processes afresh", true};
    }
    rounds_ = 0;
    prepare_backlog(welcome.acked_seq);
    state.welcomed = true;
    state.epoch = welcome.epoch;
    state.heartbeat = welcome.timers.heartbeat;
    state.heartbeat_due = steady_clock::now();  // at once: it tells the server that the welcome has arrived
    connected_ = true;
    spdlog::info("link: connected to {}, deployment {}, epoch {}", servers_.current(), welcome.deployment_id,
                 welcome.epoch);
    events_->on_welcome(welcome);
    if (welcome.acked_seq > 0) events_->on_acked(welcome.acked_seq);
    return std::nullopt;
}

std::optional<Farewell> AgentClient::Impl::hear_order(Order order, Conversation& state) {
    if (order.epoch != state.epoch)
        return Farewell{fmt::format("an order of epoch {} in a stream of epoch {}", order.epoch, state.epoch), false};
    if (order.seq != state.order_seq + 1)
        return Farewell{fmt::format("order {} follows order {}", order.seq, state.order_seq), false};
    state.order_seq = order.seq;
    if (const auto* ack = std::get_if<ReportAck>(&order.body)) {
        if (ack->seq > sent_seq_)
            return Farewell{fmt::format("the server acknowledges report {}, the last sent is {}", ack->seq, sent_seq_),
                            false};
        drop_acked(ack->seq);
        events_->on_acked(ack->seq);
    } else {
        events_->on_order(std::move(order.body));
    }
    return std::nullopt;
}

void AgentClient::Impl::drop_acked(std::uint64_t acked_seq) {
    const std::lock_guard lock(mutex_);
    while (!unacked_.empty() && unacked_.front().seq <= acked_seq) {
        unacked_bytes_ -= unacked_.front().message.size();
        unacked_.pop_front();
    }
}

/// Everything unacknowledged is the backlog of this connection, and a BacklogDone ends it.
void AgentClient::Impl::prepare_backlog(std::uint64_t acked_seq) {
    drop_acked(acked_seq);
    const std::lock_guard lock(mutex_);
    sent_seq_ = acked_seq;
    // A BacklogDone of an earlier connection must not come out in the middle of this backlog: timers that wait for the
    // whole would start too early. Its number cannot be left out, so it becomes a repetition of the report behind it;
    // all reports are idempotent. If the server has seen the number already, it drops the repetition.
    for (std::size_t i = unacked_.size(); i-- > 1;) {
        Unacked& earlier = unacked_[i - 1];
        if (!earlier.ends_backlog) continue;
        pb::AgentMessage repeated;
        CHECK(repeated.ParseFromString(unacked_[i].message));
        repeated.mutable_report()->set_seq(earlier.seq);
        unacked_bytes_ -= earlier.message.size();
        earlier.message = repeated.SerializeAsString();
        earlier.ends_backlog = unacked_[i].ends_backlog;
        unacked_bytes_ += earlier.message.size();
    }
    append_locked(BacklogDone{});
}

AgentClient::AgentClient(AgentClientOptions options, const Clock& clock, Rng& rng)
    : impl_(std::make_unique<Impl>(std::move(options), clock, rng)) {}

AgentClient::~AgentClient() { stop(); }

Result<void> AgentClient::start(ServerEvents& events) { return impl_->start(events); }

void AgentClient::stop() { impl_->stop(); }

std::uint64_t AgentClient::report(ReportBody body) { return impl_->report(std::move(body)); }

bool AgentClient::connected() const { return impl_->connected_; }

bool AgentClient::saturated() const { return impl_->saturated(); }

bool AgentClient::exhausted() const { return impl_->exhausted_; }

}  // namespace gse::link
