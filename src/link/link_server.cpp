#include "link/link_server.h"

#include <fmt/format.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent_link.grpc.pb.h"
#include "base/addresses.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/file.h"
#include "link/convert.h"
#include "link/lean_tls.h"
#include "link/log_limit.h"
#include "link/tls_check.h"
#include "pki/certificate.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;

constexpr std::size_t kMinTokenBytes = 16;
/// Reasons travel in HTTP/2 trailers, which peers bound to 8 KiB.
constexpr std::size_t kMaxReasonBytes = 1024;
constexpr std::size_t kFileBytesMax = 64 << 10;
/// Of one connection: an agent has one stream, and renews its certificate now and then.
constexpr int kCallsOfConnection = 8;
constexpr int kReadBytes = 1'024;
/// Room for messages that came together that a stream keeps for the next ones; an agent's first words are many more.
constexpr int kBehindKept = 8;

/// Who speaks.
struct Peer {
    std::string host_id;  ///< "": it came over loopback, with the token
    WallTime certificate_end;
};

std::string property_of(const grpc::CallbackServerContext& context, const char* name) {
    const auto values = context.auth_context()->FindPropertyValues(name);
    return values.empty() ? "" : std::string(values.front().data(), values.front().size());
}

bool is_over_tls(const grpc::CallbackServerContext& context) {
    const std::string type = property_of(context, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
    return type == GRPC_SSL_TRANSPORT_SECURITY_TYPE || type == GRPC_TLS_TRANSPORT_SECURITY_TYPE;
}

/// Of a connection whose certificate was verified; nullopt: it has shown none.
std::optional<Peer> certified_peer(const grpc::CallbackServerContext& context) {
    if (!is_over_tls(context)) return std::nullopt;
    const std::string pem = property_of(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
    if (pem.empty()) return std::nullopt;
    const auto facts = pki::describe_certificate(pem);
    if (!facts || !facts->for_clients || facts->name.empty() || facts->name == pki::kPeerName) return std::nullopt;
    return Peer{facts->name, facts->not_after};
}

grpc::Status status_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::AuthUnauthorized: return {grpc::StatusCode::UNAUTHENTICATED, error.message};
        case ErrorCode::Overloaded:
        case ErrorCode::Internal:
        case ErrorCode::Unavailable: return {grpc::StatusCode::UNAVAILABLE, error.message};
        default: return {grpc::StatusCode::FAILED_PRECONDITION, error.message};
    }
}

bool is_loopback(std::string_view listen) { return is_loopback_host(listen.substr(0, listen.rfind(':'))); }

/// Ends a call that never becomes a stream.
class Refusal final : public grpc::ServerBidiReactor<pb::AgentMessage, pb::ServerMessage> {
public:
    explicit Refusal(const grpc::Status& status) { Finish(status); }
    void OnDone() override { delete this; }
};

/// A call with one answer, which may come at any time and from any thread; or never, and then the call ends when the
/// agent or the server does.
class CredentialCall final : public grpc::ServerUnaryReactor {
public:
    CredentialCall(pb::Credential* answer, std::function<void()> on_done)
        : answer_(answer), on_done_(std::move(on_done)) {}

    void keep(std::shared_ptr<CredentialCall> self) { self_ = std::move(self); }
    void finish(grpc::Status status) { end(std::move(status), nullptr); }
    void finish(Credential made) { end(grpc::Status::OK, &made); }

private:
    void OnCancel() override { finish({grpc::StatusCode::CANCELLED, "nobody waits for the answer"}); }
    void OnDone() override {
        on_done_();
        const auto last = std::move(self_);
    }
    void end(grpc::Status status, Credential* made) {
        {
            const std::lock_guard lock(mutex_);
            if (std::exchange(finished_, true)) return;
            if (made) {
                answer_->set_host_id(std::move(made->host_id));
                answer_->set_certificate(std::move(made->certificate));
                answer_->set_roots(std::move(made->roots));
            }
        }
        Finish(std::move(status));
    }

    pb::Credential* const answer_;  // gRPC's once finished_
    const std::function<void()> on_done_;
    std::shared_ptr<CredentialCall> self_;  // until OnDone
    std::mutex mutex_;
    bool finished_ = false;
};

}  // namespace

class LinkServer::Impl final : public pb::AgentLink::CallbackService {
public:
    Impl(LinkServerOptions options, Authorizer authorizer, const Clock& clock)
        : options_(std::move(options)), authorizer_(std::move(authorizer)), clock_(clock) {}

    Result<LinkPorts> start(HostEvents& events);
    void stop();

    grpc::ServerBidiReactor<pb::AgentMessage, pb::ServerMessage>* Stream(grpc::CallbackServerContext* context) override;
    grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context, const pb::EnrolRequest* request,
                                    pb::Credential* answer) override;
    grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context, const pb::RenewRequest* request,
                                    pb::Credential* answer) override;

    class AgentStream;
    std::shared_ptr<AgentStream> find(StreamId id) const;
    void forget(StreamId id);
    std::size_t streams() const;

    const LinkServerOptions options_;
    const Authorizer authorizer_;
    const Clock& clock_;
    HostEvents* events_ = nullptr;

private:
    [[nodiscard]] Result<Peer> authenticate(const grpc::CallbackServerContext& context) const;
    void log_refusal(const std::string& peer, std::string_view why);
    std::shared_ptr<CredentialCall> begin_call(pb::Credential* answer);
    [[nodiscard]] grpc::Status look_at_call(std::size_t request_bytes) const;
    Admission::Done answer_to(std::shared_ptr<CredentialCall> call, std::string who);
    void watch();

    LogLimit refusals_{Millis{10'000}};
    std::unique_ptr<grpc::Server> server_;
    std::atomic<std::size_t> enrolments_ = 0;
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
    AgentStream(Impl& link, grpc::CallbackServerContext* context, StreamId id, Peer peer)
        : link_(link), context_(context), id_(id), peer_(std::move(peer)), opened_ms_(link.clock_.monotonic_ms()) {}

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

    void send(const std::vector<Order>& orders) {
        {
            const std::lock_guard lock(mutex_);
            if (closing_) return;
            CHECK(phase_ == Phase::Welcomed);
        }
        std::uint64_t acked = 0;
        bool overflow = false;
        for (const Order& order : orders) {
            pb::ServerMessage message;
            encode(order, message);
            overflow = overflow || !enqueue(std::move(message), order.seq);
            if (const auto* ack = std::get_if<ReportAck>(&order.body)) acked = ack->seq;
        }
        send_queued(overflow);
        if (acked != 0) resume(acked);
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
        if (!incoming_.piece().empty() || !pieces_.empty()) {
            pieces_ += incoming_.piece();
            if (pieces_.size() > static_cast<std::size_t>(kMaxMessageBytes))
                return reject(grpc::StatusCode::INVALID_ARGUMENT, "a message in pieces is too large");
            if (incoming_.piece_follows()) {
                incoming_.Clear();
                return StartRead(&incoming_);
            }
            if (!incoming_.ParseFromString(std::exchange(pieces_, {})))
                return reject(grpc::StatusCode::INVALID_ARGUMENT, "the pieces of a message do not fit together");
        }
        behind_ = std::move(*incoming_.mutable_behind());
        incoming_.clear_behind();
        next_behind_ = 0;
        if (hear(incoming_)) read_on();
    }

    /// Hears what came behind the last message, then reads the next one; pauses when the engine is behind.
    void read_on() {
        for (;;) {
            {
                const std::lock_guard lock(mutex_);
                paused_ = too_far_ahead();
                if (paused_) return;
            }
            if (next_behind_ == behind_.size()) break;
            if (!hear(behind_[next_behind_++])) return;
        }
        if (behind_.size() > kBehindKept) {
            behind_ = google::protobuf::RepeatedPtrField<pb::AgentMessage>();
            incoming_ = pb::AgentMessage();
        }
        incoming_.Clear();
        StartRead(&incoming_);
    }

    /// False: the stream is closing and reads no further.
    bool hear(pb::AgentMessage& message) {
        const std::size_t bytes = message.ByteSizeLong();
        auto said = decode(message);
        if (!said) {
            reject(grpc::StatusCode::INVALID_ARGUMENT, said.error().message);
            return false;
        }
        if (const auto* report = std::get_if<Report>(&*said)) {
            // Before the engine hears of it: its acknowledgement may be faster than this thread.
            const std::lock_guard lock(mutex_);
            ahead_.push_back({report->seq, bytes});
            ahead_bytes_ += bytes;
        }
        return heard(std::move(*said));
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
        read_on();
        {
            const std::lock_guard lock(mutex_);
            resuming_ = false;
        }
        finish_if_quiet();
    }

    bool heard(AgentSays said) {
        std::unique_lock lock(mutex_);
        if (closing_) return false;
        if (auto* hello = std::get_if<HostHello>(&said)) {
            if (phase_ != Phase::Opened) return reject_from(lock, "a second hello in one stream");
            phase_ = Phase::Greeted;
            lock.unlock();
            hello->certified_id = peer_.host_id;
            hello->certificate_end = peer_.certificate_end;
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
        send_queued(!enqueue(std::move(message), order_seq));
    }

    /// False: the queue is full, and the stream is closing for it.
    bool enqueue(pb::ServerMessage message, std::uint64_t order_seq) {
        const std::size_t bytes = message.ByteSizeLong();
        const auto& options = link_.options_;
        const std::lock_guard lock(mutex_);
        if (closing_) return true;
        if (order_seq != 0) order_seq_queued_ = order_seq;
        if (bytes > kMaxMessageBytes) {
            spdlog::error("link: stream {}: order {} has {} bytes, at most {} can be sent", id_, order_seq, bytes,
                          kMaxMessageBytes);
            close_locked({grpc::StatusCode::INTERNAL, "an order is too large to send"});
        } else if (queue_.size() >= options.queue_messages_max || queued_bytes_ + bytes > options.queue_bytes_max) {
            spdlog::warn("link: stream {} reads too slowly: {} messages, {} bytes are waiting; closed", id_,
                         queue_.size(), queued_bytes_);
            close_locked({grpc::StatusCode::RESOURCE_EXHAUSTED, "the agent reads too slowly: its out-queue is full"});
            return false;
        } else {
            queued_bytes_ += bytes;
            queue_.push_back({std::move(message), bytes});
        }
        return true;
    }

    void send_queued(bool overflow) {
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
            std::size_t bytes = take_front();
            while (!queue_.empty() && outgoing_.behind_size() + 1 < kTogetherMax &&
                   bytes + queue_.front().bytes <= kTogetherBytesMax) {
                *outgoing_.add_behind() = std::move(queue_.front().message);
                bytes += take_front();
            }
        }
        StartWrite(&outgoing_);
    }

    /// With the mutex held; the bytes of what has left the queue.
    std::size_t take_front() {
        const std::size_t bytes = queue_.front().bytes;
        queued_bytes_ -= bytes;
        queue_.pop_front();
        return bytes;
    }

    void OnWriteDone(bool ok) override {
        outgoing_ = pb::ServerMessage();  // what has been sent is given back
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
    const Peer peer_;
    const std::int64_t opened_ms_;
    std::shared_ptr<AgentStream> self_;  // until OnDone
    pb::AgentMessage incoming_;          // gRPC's while a read is open; else, like the next two, of who may read
    std::string pieces_;                 // of a large message, read so far
    google::protobuf::RepeatedPtrField<pb::AgentMessage> behind_;
    int next_behind_ = 0;
    pb::ServerMessage outgoing_;  // gRPC's while writing_

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

Result<LinkPorts> LinkServer::Impl::start(HostEvents& events) {
    CHECK(!server_);
    if (!options_.loopback_listen.empty() && options_.token.size() < kMinTokenBytes)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("the token of the agents must have at least {} bytes", kMinTokenBytes));
    if (!options_.loopback_listen.empty() && !is_loopback(options_.loopback_listen))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("agents would send their token readable to {}: only loopback is without TLS",
                                  options_.loopback_listen));
    CHECK(options_.listen.empty() != options_.tls.has_value());
    events_ = &events;
    int tls_port = 0, loopback_port = 0;
    grpc::ServerBuilder builder;
    if (options_.tls) {
        make_tls_lean();
        TRY(check_identity({.certificate_chain = TRY(read_file(options_.tls->certificate, kFileBytesMax)),
                            .private_key = TRY(read_file(options_.tls->key, kFileBytesMax))}));
        TRY(check_roots(TRY(read_file(options_.tls->roots, kFileBytesMax))));
        grpc::experimental::TlsServerCredentialsOptions tls(
            std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
                options_.tls->key.string(), options_.tls->certificate.string(), options_.tls->roots.string(),
                options_.tls->look_again_s));
        tls.watch_root_certs();
        tls.watch_identity_key_cert_pairs();
        // Whoever shows a certificate shows a good one. Whoever shows none may enrol, and nothing else.
        tls.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
        builder.AddListeningPort(options_.listen, grpc::experimental::TlsServerCredentials(tls), &tls_port);
    }
    if (!options_.loopback_listen.empty())
        builder.AddListeningPort(options_.loopback_listen, grpc::InsecureServerCredentials(), &loopback_port);
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(kMaxReadBytes);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsOfConnection);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two servers on one port would share its agents
    builder.AddChannelArgument(GRPC_ARG_TSI_MAX_FRAME_SIZE, kTlsFrameBytes);
    builder.AddChannelArgument(GRPC_ARG_TCP_READ_CHUNK_SIZE, kReadBytes);  // at first; it grows with what comes
    builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);               // nobody asks, and it keeps notes of each
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
    server_ = builder.BuildAndStart();
    if (!server_ || (options_.tls && tls_port == 0) || (!options_.loopback_listen.empty() && loopback_port == 0))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot listen for agents on {}: is the address this machine's, and the port free?",
                                  options_.listen.empty() ? options_.loopback_listen : options_.listen));
    watcher_ = std::thread([this] { watch(); });
    return LinkPorts{static_cast<std::uint16_t>(tls_port), static_cast<std::uint16_t>(loopback_port)};
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

Result<Peer> LinkServer::Impl::authenticate(const grpc::CallbackServerContext& context) const {
    if (auto peer = certified_peer(context)) return std::move(*peer);
    if (is_over_tls(context))
        return refuse(ErrorCode::AuthUnauthorized,
                      "this agent shows no certificate: enrol its machine first (gse host token, then gse agent "
                      "--token-file)");
    constexpr std::string_view kScheme = "Bearer ";
    const auto& metadata = context.client_metadata();
    const auto found = metadata.find("authorization");
    const std::string_view value =
        found == metadata.end() ? "" : std::string_view(found->second.data(), found->second.size());
    if (value.starts_with(kScheme) && equal_in_constant_time(value.substr(kScheme.size()), options_.token))
        return Peer{};
    return refuse(ErrorCode::AuthUnauthorized,
                  "the agent's token is missing or not this server's: agents of other data folders join by enrolment");
}

/// Strangers can cause these: at most a line in a while.
void LinkServer::Impl::log_refusal(const std::string& peer, std::string_view why) {
    if (const auto kept_back = refusals_.admit(clock_.monotonic_ms()))
        spdlog::warn("link: {} refused: {} ({} refusals since the last line)", peer, why, *kept_back);
}

std::shared_ptr<CredentialCall> LinkServer::Impl::begin_call(pb::Credential* answer) {
    ++enrolments_;
    auto call = std::make_shared<CredentialCall>(answer, [this] { --enrolments_; });
    call->keep(call);
    return call;
}

Admission::Done LinkServer::Impl::answer_to(std::shared_ptr<CredentialCall> call, std::string who) {
    return [this, call = std::move(call), who = std::move(who)](Result<Credential> made) {
        if (made) return call->finish(std::move(*made));
        log_refusal(who, made.error().message);
        call->finish(status_of(made.error()));
    };
}

/// Why a call of this kind is not even looked at; OK when it is.
grpc::Status LinkServer::Impl::look_at_call(std::size_t request_bytes) const {
    if (!options_.admission) return {grpc::StatusCode::UNIMPLEMENTED, "nobody enrols here"};
    if (request_bytes > pki::kRequestBytesMax)
        return {grpc::StatusCode::INVALID_ARGUMENT, "a field of the request is too long"};
    if (enrolments_ > options_.enrolments_max)
        return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many machines are enrolling; try again in a moment"};
    return grpc::Status::OK;
}

grpc::ServerUnaryReactor* LinkServer::Impl::Enrol(grpc::CallbackServerContext* context, const pb::EnrolRequest* request,
                                                  pb::Credential* answer) {
    const auto call = begin_call(answer);
    // A secret that was said in the open would be nobody's any more.
    const auto refused = is_over_tls(*context)
                             ? look_at_call(std::max({request->token_id().size(), request->secret().size(),
                                                      request->host_name().size(), request->signing_request().size()}))
                             : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "machines enrol over TLS only");
    if (!refused.ok()) {
        log_refusal(context->peer(), refused.error_message());
        call->finish(refused);
        return call.get();
    }
    options_.admission->enrol({.token_id = request->token_id(),
                               .secret = request->secret(),
                               .signing_request = request->signing_request(),
                               .host_name = request->host_name(),
                               .peer = context->peer()},
                              answer_to(call, context->peer()));
    return call.get();
}

grpc::ServerUnaryReactor* LinkServer::Impl::Renew(grpc::CallbackServerContext* context, const pb::RenewRequest* request,
                                                  pb::Credential* answer) {
    const auto call = begin_call(answer);
    const auto peer = certified_peer(*context);
    const auto refused =
        peer ? look_at_call(request->signing_request().size())
             : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "only who shows a certificate gets another one");
    if (!refused.ok()) {
        log_refusal(context->peer(), refused.error_message());
        call->finish(refused);
        return call.get();
    }
    options_.admission->renew(peer->host_id, request->signing_request(), answer_to(call, context->peer()));
    return call.get();
}

grpc::ServerBidiReactor<pb::AgentMessage, pb::ServerMessage>* LinkServer::Impl::Stream(
    grpc::CallbackServerContext* context) {
    auto peer = authenticate(*context);
    if (!peer) {
        log_refusal(context->peer(), peer.error().message);
        return new Refusal({grpc::StatusCode::UNAUTHENTICATED, peer.error().message});
    }
    std::shared_ptr<AgentStream> stream;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return new Refusal({grpc::StatusCode::UNAVAILABLE, "the server is stopping"});
        if (streams_.size() >= options_.streams_max)
            return new Refusal({grpc::StatusCode::RESOURCE_EXHAUSTED,
                                fmt::format("this server takes {} agents at most", options_.streams_max)});
        const StreamId id = next_id_++;
        stream = std::make_shared<AgentStream>(*this, context, id, std::move(*peer));
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

Result<LinkPorts> LinkServer::start(HostEvents& events) { return impl_->start(events); }

void LinkServer::stop() { impl_->stop(); }

void LinkServer::welcome(StreamId stream, Welcome welcome) {
    if (const auto found = impl_->find(stream)) found->welcome(welcome);
}

void LinkServer::send_all(StreamId stream, std::vector<Order> orders) {
    const auto found = impl_->find(stream);
    if (!found) return;
    for (Order& order : orders) {
        if (auto* spec = std::get_if<InstanceSpec>(&order.body); spec && impl_->authorizer_.instance)
            impl_->authorizer_.instance(*spec);
        if (auto* logs = std::get_if<CollectLogs>(&order.body); logs && impl_->authorizer_.logs)
            impl_->authorizer_.logs(*logs);
    }
    found->send(orders);
}

void LinkServer::close(StreamId stream, std::string why) {
    why.resize(std::min(why.size(), kMaxReasonBytes));
    if (const auto found = impl_->find(stream)) found->close({grpc::StatusCode::ABORTED, why});
}

std::size_t LinkServer::streams() const { return impl_->streams(); }

}  // namespace gse::link
