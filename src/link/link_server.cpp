#include "link/link_server.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent_link.grpc.pb.h"
#include "base/check.h"
#include "base/crypto.h"
#include "link/convert.h"
#include "link/log_limit.h"
#include "link/tls_check.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;

constexpr std::size_t kMinTokenBytes = 16;
/// Reasons travel in HTTP/2 trailers, which peers bound to 8 KiB.
constexpr std::size_t kMaxReasonBytes = 1024;

bool is_loopback(std::string_view listen) {
    return listen.starts_with("127.") || listen.starts_with("[::1]:") || listen.starts_with("localhost:");
}

/// Ends a call that never becomes a stream.
class Refusal final : public grpc::ServerBidiReactor<pb::AgentMessage, pb::ServerMessage> {
public:
    explicit Refusal(const grpc::Status& status) { Finish(status); }
    void OnDone() override { delete this; }
};

}  // namespace

class LinkServer::Impl final : public pb::AgentLink::CallbackService {
public:
    Impl(LinkServerOptions options, Authorizer authorizer, const Clock& clock)
        : options_(std::move(options)), authorizer_(std::move(authorizer)), clock_(clock) {}

    Result<std::uint16_t> start(HostEvents& events);
    void stop();

    grpc::ServerBidiReactor<pb::AgentMessage, pb::ServerMessage>* Stream(grpc::CallbackServerContext* context) override;

    class AgentStream;
    std::shared_ptr<AgentStream> find(StreamId id) const;
    void forget(StreamId id);
    std::size_t streams() const;

    const LinkServerOptions options_;
    const Authorizer authorizer_;
    const Clock& clock_;
    HostEvents* events_ = nullptr;

private:
    bool authentic(const grpc::CallbackServerContext& context) const;
    void watch();

    LogLimit refusals_{Millis{10'000}};
    std::unique_ptr<grpc::Server> server_;
    std::thread watcher_;

    mutable std::mutex mutex_;
    std::condition_variable stopping_changed_;
    bool stopping_ = false;
    StreamId next_id_ = 1;
    std::unordered_map<StreamId, std::shared_ptr<AgentStream>> streams_;
};

/// One agent's stream.
///
/// gRPC wants one write at a time, one Finish, and nothing after it; it may also run a reaction inside the call that
/// starts an operation. So no operation is started under the mutex: a flag set under it (writing_, cancelling_,
/// resuming_, finished_) is the right to do so outside. Finish waits for the other three, and the call lives until
/// Finish: so every holder of a flag may use it. Reading is the right of OnReadDone, which passes it on to resume() by
/// paused_.
class LinkServer::Impl::AgentStream final : public grpc::ServerBidiReactor<pb::AgentMessage, pb::ServerMessage> {
public:
    AgentStream(Impl& link, grpc::CallbackServerContext* context, StreamId id)
        : link_(link), context_(context), id_(id), opened_ms_(link.clock_.monotonic_ms()) {}

    void begin(std::shared_ptr<AgentStream> self) {
        self_ = std::move(self);
        StartRead(&incoming_);
    }

    StreamId id() const { return id_; }

    void welcome(const Welcome& value) {
        pb::ServerMessage message;
        encode(value, message);
        {
            const std::lock_guard lock(mutex_);
            if (closing_) return;
            CHECK(phase_ == Phase::Greeted);
            phase_ = Phase::Welcomed;
        }
        push(std::move(message), 0);
    }

    void send(const Order& order) {
        {
            const std::lock_guard lock(mutex_);
            if (closing_) return;
            CHECK(phase_ == Phase::Welcomed);
        }
        pb::ServerMessage message;
        encode(order, message);
        push(std::move(message), order.seq);
        if (const auto* ack = std::get_if<ReportAck>(&order.body)) resume(ack->seq);
    }

    /// Finishes once the message being written is out; the watcher cuts it short.
    void close(grpc::Status status) {
        {
            const std::lock_guard lock(mutex_);
            close_locked(std::move(status));
        }
        finish_if_quiet();
    }

    /// Called by the watcher, at least every heartbeat.
    void tick(std::int64_t now_ms, bool heartbeat_due) {
        std::optional<pb::ServerMessage> heartbeat;
        bool cut = false;
        {
            const std::lock_guard lock(mutex_);
            if (!closing_ && phase_ == Phase::Opened && now_ms - opened_ms_ >= link_.options_.hello_timeout.count())
                close_locked({grpc::StatusCode::DEADLINE_EXCEEDED, "no hello in time"});
            // Queued messages are signs of life themselves; more of them would not help a slow reader.
            if (heartbeat_due && !closing_ && phase_ == Phase::Welcomed && queue_.empty()) {
                heartbeat.emplace();
                encode(ServerHeartbeat{order_seq_queued_}, *heartbeat);
            }
            cut = closing_ && now_ms - closing_since_ms_ >= link_.options_.close_timeout.count();
        }
        if (heartbeat) push(std::move(*heartbeat), 0);
        if (cut) cancel();
        finish_if_quiet();
    }

private:
    enum class Phase : std::uint8_t { Opened, Greeted, Welcomed };

    void OnReadDone(bool ok) override {
        if (!ok) return close({grpc::StatusCode::OK, ""});  // the agent has ended its side, or the call is over
        auto said = decode(incoming_);
        if (!said) return reject(grpc::StatusCode::INVALID_ARGUMENT, said.error().message);
        if (const auto* report = std::get_if<Report>(&*said)) {
            // Before the engine hears of it: its acknowledgement may be faster than this thread.
            const std::lock_guard lock(mutex_);
            ahead_.push_back({report->seq, incoming_.ByteSizeLong()});
            ahead_bytes_ += ahead_.back().bytes;
        }
        if (!heard(std::move(*said))) return;
        {
            const std::lock_guard lock(mutex_);
            paused_ = too_far_ahead();
            if (paused_) return;
        }
        incoming_.Clear();
        StartRead(&incoming_);
    }

    bool too_far_ahead() const {
        return ahead_.size() > link_.options_.reports_ahead_max ||
               ahead_bytes_ > link_.options_.reports_ahead_bytes_max;
    }

    /// Reads on when enough is acknowledged.
    void resume(std::uint64_t acked_seq) {
        {
            const std::lock_guard lock(mutex_);
            for (; !ahead_.empty() && ahead_.front().seq <= acked_seq; ahead_.pop_front())
                ahead_bytes_ -= ahead_.front().bytes;
            if (!paused_ || closing_ || too_far_ahead()) return;
            paused_ = false;
            resuming_ = true;
        }
        incoming_.Clear();
        StartRead(&incoming_);
        {
            const std::lock_guard lock(mutex_);
            resuming_ = false;
        }
        finish_if_quiet();
    }

    /// False: the stream is closing and reads no further.
    bool heard(AgentSays said) {
        std::unique_lock lock(mutex_);
        if (closing_) return false;
        if (auto* hello = std::get_if<HostHello>(&said)) {
            if (phase_ != Phase::Opened) return reject_from(lock, "a second hello in one stream");
            phase_ = Phase::Greeted;
            lock.unlock();
            link_.events_->on_hello(id_, std::move(*hello));
            return true;
        }
        if (phase_ == Phase::Opened) return reject_from(lock, "the first message of a stream must be hello");
        if (auto* heartbeat = std::get_if<AgentHeartbeat>(&said)) {
            if (heartbeat->order_seq > order_seq_queued_)
                return reject_from(lock, fmt::format("the agent has seen order {}, but only {} were sent",
                                                     heartbeat->order_seq, order_seq_queued_));
            lock.unlock();
            if (!heartbeat->readings.empty()) link_.events_->on_readings(id_, std::move(heartbeat->readings));
            link_.events_->on_alive(id_);
            return true;
        }
        if (phase_ != Phase::Welcomed) return reject_from(lock, "a report before the welcome");
        lock.unlock();
        link_.events_->on_report(id_, std::move(std::get<Report>(said)));
        return true;
    }

    bool reject_from(std::unique_lock<std::mutex>& lock, const std::string& why) {
        lock.unlock();
        reject(grpc::StatusCode::INVALID_ARGUMENT, why);
        return false;
    }

    void reject(grpc::StatusCode code, const std::string& why) {
        spdlog::warn("link: stream {} closed: {}", id_, why);
        close({code, why});
    }

    void push(pb::ServerMessage message, std::uint64_t order_seq) {
        const std::size_t bytes = message.ByteSizeLong();
        const auto& options = link_.options_;
        bool overflow = false;
        {
            const std::lock_guard lock(mutex_);
            if (closing_) return;
            if (order_seq != 0) order_seq_queued_ = order_seq;
            if (bytes > kMaxMessageBytes) {
                spdlog::error("link: stream {}: order {} has {} bytes, at most {} can be sent", id_, order_seq, bytes,
                              kMaxMessageBytes);
                close_locked({grpc::StatusCode::INTERNAL, "an order is too large to send"});
            } else if (queue_.size() >= options.queue_messages_max || queued_bytes_ + bytes > options.queue_bytes_max) {
                spdlog::warn("link: stream {} reads too slowly: {} messages, {} bytes are waiting; closed", id_,
                             queue_.size(), queued_bytes_);
                close_locked(
                    {grpc::StatusCode::RESOURCE_EXHAUSTED, "the agent reads too slowly: its out-queue is full"});
                overflow = true;
            } else {
                queued_bytes_ += bytes;
                queue_.push_back({std::move(message), bytes});
            }
        }
        if (overflow) cancel();  // a reader that does not read would keep the message in flight for ever
        write_next();
        finish_if_quiet();
    }

    void write_next() {
        {
            const std::lock_guard lock(mutex_);
            if (writing_ || closing_ || queue_.empty()) return;
            writing_ = true;
            outgoing_ = std::move(queue_.front().message);
            queued_bytes_ -= queue_.front().bytes;
            queue_.pop_front();
        }
        StartWrite(&outgoing_);
    }

    void OnWriteDone(bool ok) override {
        {
            const std::lock_guard lock(mutex_);
            writing_ = false;
            if (!ok) close_locked({grpc::StatusCode::UNAVAILABLE, "the agent is gone"});
        }
        write_next();
        finish_if_quiet();
    }

    void OnCancel() override { close({grpc::StatusCode::CANCELLED, "the agent is gone"}); }

    void OnDone() override {
        bool greeted = false;
        {
            const std::lock_guard lock(mutex_);
            greeted = phase_ != Phase::Opened;
        }
        if (greeted) link_.events_->on_closed(id_);
        link_.forget(id_);
        const auto last = std::move(self_);
    }

    void close_locked(grpc::Status status) {
        if (closing_) return;
        closing_ = true;
        closing_since_ms_ = link_.clock_.monotonic_ms();
        status_ = std::move(status);
        queue_.clear();
        queued_bytes_ = 0;
    }

    void finish_if_quiet() {
        {
            const std::lock_guard lock(mutex_);
            if (!closing_ || writing_ || cancelling_ || resuming_ || finished_) return;
            finished_ = true;
        }
        Finish(status_);
    }

    void cancel() {
        {
            const std::lock_guard lock(mutex_);
            if (cancelling_ || finished_) return;
            cancelling_ = true;
        }
        context_->TryCancel();
        const std::lock_guard lock(mutex_);
        cancelling_ = false;
    }

    struct Queued {
        pb::ServerMessage message;
        std::size_t bytes;
    };
    struct Ahead {
        std::uint64_t seq;
        std::size_t bytes;
    };

    Impl& link_;
    grpc::CallbackServerContext* const context_;
    const StreamId id_;
    const std::int64_t opened_ms_;
    std::shared_ptr<AgentStream> self_;  // until OnDone
    pb::AgentMessage incoming_;          // gRPC's while a read is open
    pb::ServerMessage outgoing_;         // gRPC's while writing_

    std::mutex mutex_;
    Phase phase_ = Phase::Opened;
    bool writing_ = false;
    bool cancelling_ = false;
    bool resuming_ = false;
    bool paused_ = false;  // no read is open, because the engine is behind
    bool closing_ = false;
    bool finished_ = false;
    grpc::Status status_;  // constant once closing_
    std::int64_t closing_since_ms_ = 0;
    std::uint64_t order_seq_queued_ = 0;
    std::deque<Ahead> ahead_;  // reports that were read and are not yet acknowledged
    std::size_t ahead_bytes_ = 0;
    std::deque<Queued> queue_;
    std::size_t queued_bytes_ = 0;
};

Result<std::uint16_t> LinkServer::Impl::start(HostEvents& events) {
    CHECK(!server_);
    if (options_.token.size() < kMinTokenBytes)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("the token of the agents must have at least {} bytes", kMinTokenBytes));
    if (!options_.tls && !options_.allow_plain_off_loopback && !is_loopback(options_.listen))
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format("agents would send their token readable to {}: give the link a certificate, or listen on "
                        "127.0.0.1",
                        options_.listen));
    if (options_.tls) TRY(check_identity(*options_.tls));
    events_ = &events;
    int port = 0;
    grpc::ServerBuilder builder;
    if (options_.tls) {
        grpc::SslServerCredentialsOptions tls;
        tls.pem_key_cert_pairs.push_back({options_.tls->private_key, options_.tls->certificate_chain});
        builder.AddListeningPort(options_.listen, grpc::SslServerCredentials(tls), &port);
    } else {
        builder.AddListeningPort(options_.listen, grpc::InsecureServerCredentials(), &port);
    }
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two servers on one port would share its agents
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot listen for agents on {}: is the address this machine's, and the port free?",
                                  options_.listen));
    watcher_ = std::thread([this] { watch(); });
    return static_cast<std::uint16_t>(port);
}

void LinkServer::Impl::stop() {
    std::vector<std::shared_ptr<AgentStream>> open;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || !server_) return;
        stopping_ = true;
        for (const auto& [id, stream] : streams_) open.push_back(stream);
    }
    stopping_changed_.notify_all();
    watcher_.join();
    for (const auto& stream : open) stream->close({grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
    open.clear();
    // Cancels what is still open by then, and waits for every OnDone.
    server_->Shutdown(std::chrono::system_clock::now() + options_.close_timeout);
    server_.reset();
}

void LinkServer::Impl::watch() {
    const auto step = std::min({options_.heartbeat, options_.hello_timeout, options_.close_timeout});
    std::int64_t heartbeat_ms = clock_.monotonic_ms();
    std::unique_lock lock(mutex_);
    while (!stopping_changed_.wait_for(lock, step, [this] { return stopping_; })) {
        std::vector<std::shared_ptr<AgentStream>> open;
        open.reserve(streams_.size());
        for (const auto& [id, stream] : streams_) open.push_back(stream);
        lock.unlock();
        const std::int64_t now_ms = clock_.monotonic_ms();
        const bool heartbeat_due = now_ms - heartbeat_ms >= options_.heartbeat.count();
        if (heartbeat_due) heartbeat_ms = now_ms;
        for (const auto& stream : open) stream->tick(now_ms, heartbeat_due);
        open.clear();
        lock.lock();
    }
}

bool LinkServer::Impl::authentic(const grpc::CallbackServerContext& context) const {
    constexpr std::string_view kScheme = "Bearer ";
    const auto& metadata = context.client_metadata();
    const auto found = metadata.find("authorization");
    if (found == metadata.end()) return false;
    const std::string_view value(found->second.data(), found->second.size());
    return value.starts_with(kScheme) && equal_in_constant_time(value.substr(kScheme.size()), options_.token);
}

grpc::ServerBidiReactor<pb::AgentMessage, pb::ServerMessage>* LinkServer::Impl::Stream(
    grpc::CallbackServerContext* context) {
    if (!authentic(*context)) {
        if (const auto kept_back = refusals_.admit(clock_.monotonic_ms()))
            spdlog::warn("link: {} showed no or a wrong token ({} like it since the last line)", context->peer(),
                         *kept_back);
        return new Refusal(
            {grpc::StatusCode::UNAUTHENTICATED,
             "the agent's token is missing or not this server's: give `gse agent` the token of this deployment"});
    }
    std::shared_ptr<AgentStream> stream;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return new Refusal({grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
        if (streams_.size() >= options_.streams_max)
            return new Refusal({grpc::StatusCode::RESOURCE_EXHAUSTED,
                                fmt::format("this server takes {} agents at most", options_.streams_max)});
        const StreamId id = next_id_++;
        stream = std::make_shared<AgentStream>(*this, context, id);
        streams_.emplace(id, stream);
    }
    stream->begin(stream);
    return stream.get();
}

std::shared_ptr<LinkServer::Impl::AgentStream> LinkServer::Impl::find(StreamId id) const {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
}

void LinkServer::Impl::forget(StreamId id) {
    const std::lock_guard lock(mutex_);
    streams_.erase(id);
}

std::size_t LinkServer::Impl::streams() const {
    const std::lock_guard lock(mutex_);
    return streams_.size();
}

LinkServer::LinkServer(LinkServerOptions options, Authorizer authorizer, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(authorizer), clock)) {}

LinkServer::~LinkServer() { stop(); }

Result<std::uint16_t> LinkServer::start(HostEvents& events) { return impl_->start(events); }

void LinkServer::stop() { impl_->stop(); }

void LinkServer::welcome(StreamId stream, Welcome welcome) {
    if (const auto found = impl_->find(stream)) found->welcome(welcome);
}

void LinkServer::send(StreamId stream, Order order) {
    const auto found = impl_->find(stream);
    if (!found) return;
    if (auto* spec = std::get_if<InstanceSpec>(&order.body); spec && impl_->authorizer_.instance)
        impl_->authorizer_.instance(*spec);
    if (auto* logs = std::get_if<CollectLogs>(&order.body); logs && impl_->authorizer_.logs)
        impl_->authorizer_.logs(*logs);
    found->send(order);
}

void LinkServer::close(StreamId stream, std::string why) {
    why.resize(std::min(why.size(), kMaxReasonBytes));
    if (const auto found = impl_->find(stream)) found->close({grpc::StatusCode::ABORTED, why});
}

std::size_t LinkServer::streams() const { return impl_->streams(); }

}  // namespace gse::link
