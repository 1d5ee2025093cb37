#include "link/link_server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "agent_link.pb.h"
#include "base/addresses.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/fd.h"
#include "base/low_latency.h"
#include "link/agent_connection.h"
#include "link/agent_stream.h"
#include "link/listen.h"
#include "link/log_limit.h"
#include "link/socket_options.h"
#include "pki/certificate.h"
#include "tls/tls.h"

namespace gse::link {
namespace {

namespace asio = boost::asio;
namespace pb = opengse::link::v1;

constexpr std::size_t kMinTokenBytes = 16;
/// Reasons travel in HTTP/2 trailers, which peers bound to 8 KiB.
constexpr std::size_t kMaxReasonBytes = 1024;
constexpr std::size_t kInputBytes = 64 << 10;
/// Beyond the streams: machines that enrol, and those that have dialled and not said what they want.
constexpr std::size_t kConnectionsSpare = 1'024;
/// Heartbeats of so many parts of all streams go out at different times.
constexpr int kTicksOfHeartbeat = 16;
constexpr Millis kTickMin{5}, kTickMax{500};

GrpcStatus status_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::AuthUnauthorized: return {GrpcCode::Unauthenticated, error.message};
        case ErrorCode::Overloaded:
        case ErrorCode::Internal:
        case ErrorCode::Unavailable: return {GrpcCode::Unavailable, error.message};
        default: return {GrpcCode::FailedPrecondition, error.message};
    }
}

bool is_loopback(std::string_view listen) { return is_loopback_host(listen.substr(0, listen.rfind(':'))); }

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
    const auto address = endpoint.address().to_string();
    return fmt::format(fmt::runtime(endpoint.address().is_v6() ? "[{}]:{}" : "{}:{}"), address, endpoint.port());
}

}  // namespace

class LinkServer::Impl final : private AgentConnection::Host {
public:
    Impl(LinkServerOptions options, Authorizer authorizer, const Clock& clock)
        : options_(std::move(options)), authorizer_(std::move(authorizer)), clock_(clock) {
        input.resize(kInputBytes);
    }
    ~Impl() override { answers_->close(); }

    Result<LinkPorts> start(HostEvents& events);
    void stop();

    [[nodiscard]] std::shared_ptr<AgentStream> find(StreamId id) const;
    [[nodiscard]] std::size_t streams() const;
    /// Calls `what` on the thread of this object, where the stream may be used.
    template <class What>
    void on_loop(std::shared_ptr<AgentStream> stream, What what) {
        asio::post(loop_, [stream = std::move(stream), what = std::move(what)]() mutable {
            what(*stream);
            stream->flush();
        });
    }

    const LinkServerOptions options_;
    const Authorizer authorizer_;

private:
    using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
    struct Door {
        Acceptor acceptor;
        asio::steady_timer pause;
        bool tls;
    };

    /// By which an answer to a wish finds its way back, however late: answers outlive whoever they are for.
    class Answers {
    public:
        explicit Answers(Impl& to) : to_(&to) {}
        void close() {
            const std::lock_guard lock(mutex_);
            to_ = nullptr;
        }
        void give(std::uint64_t connection, GrpcSession::Call call, std::variant<Credential, GrpcStatus> answer) {
            const std::lock_guard lock(mutex_);
            if (to_ == nullptr) return;
            asio::post(to_->loop_, [to = to_, connection, call, answer = std::move(answer)]() mutable {
                to->deliver(connection, call, std::move(answer));
            });
        }

    private:
        std::mutex mutex_;
        Impl* to_;
    };

    // AgentConnection::Host
    std::variant<std::shared_ptr<AgentStream>, GrpcStatus> open_stream(AgentStream::Wire& wire, GrpcSession::Call call,
                                                                       const AgentConnection& connection,
                                                                       std::string_view authorization) override;
    void stream_ended(StreamId id) override;
    void ask(AgentConnection& connection, GrpcSession::Call call, AgentConnection::Wish wish) override;
    void wish_ended() override { --wishes_; }
    void connection_ended(AgentConnection& connection) override;

    void deliver(std::uint64_t connection, GrpcSession::Call call, std::variant<Credential, GrpcStatus> answer);
    Result<std::uint16_t> listen(const std::string& text, bool tls);
    void accept(Door& door);
    void adopt(LinkSocket socket, bool tls);
    [[nodiscard]] Result<Peer> authenticate(const AgentConnection& connection, std::string_view authorization) const;
    [[nodiscard]] std::optional<GrpcStatus> refusal_of(const AgentConnection& connection, bool renews,
                                                       std::size_t longest_field) const;
    void log_refusal(const std::string& peer, std::string_view why);
    void watch();
    [[nodiscard]] std::vector<std::shared_ptr<AgentConnection>> all_connections() const;

    const Clock& clock_;
    LogLimit refusals_{Millis{10'000}};
    std::unique_ptr<TlsIdentity> tls_;
    std::thread thread_;

    asio::io_context loop_{1};
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{loop_.get_executor()};
    const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>(*this);

    // Of the thread.
    std::optional<StreamContext> context_;
    std::vector<std::unique_ptr<Door>> doors_;
    std::unordered_map<std::uint64_t, std::shared_ptr<AgentConnection>> connections_;
    std::uint64_t next_connection_ = 1;
    std::size_t wishes_ = 0;  // under way
    asio::steady_timer timer_{loop_};
    std::int64_t tls_looked_ms_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable ended_;
    bool started_ = false;
    bool stopping_ = false;
    std::size_t open_ = 0;  // connections
    StreamId next_id_ = 1;
    std::unordered_map<StreamId, std::shared_ptr<AgentStream>> streams_;
};

Result<LinkPorts> LinkServer::Impl::start(HostEvents& events) {
    CHECK(!started_);
    if (!options_.loopback_listen.empty() && options_.token.size() < kMinTokenBytes)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("the token of the agents must have at least {} bytes", kMinTokenBytes));
    if (!options_.loopback_listen.empty() && !is_loopback(options_.loopback_listen))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("agents would send their token readable to {}: only loopback is without TLS",
                                  options_.loopback_listen));
    CHECK(options_.listen.empty() != options_.tls.has_value());
    // Whoever shows a certificate shows a good one. Whoever shows none may enrol, and nothing else.
    if (options_.tls)
        tls_ = TRY(TlsIdentity::open(options_.tls->certificate, options_.tls->key,
                                     TlsPeers{.roots = options_.tls->roots, .name = "", .required = false}, "h2"));
    LinkPorts ports;
    if (options_.tls) ports.tls = TRY(listen(options_.listen, true));
    if (!options_.loopback_listen.empty()) ports.loopback = TRY(listen(options_.loopback_listen, false));
    context_.emplace(StreamContext{options_, clock_, events, {}, {}});
    started_ = true;
    for (const auto& door : doors_) accept(*door);
    tls_looked_ms_ = clock_.monotonic_ms();
    watch();
    thread_ = std::thread([this] {
        prefer_low_latency();
        loop_.run();
    });
    return ports;
}

Result<std::uint16_t> LinkServer::Impl::listen(const std::string& text, bool tls) {
    auto door = std::make_unique<Door>(Door{Acceptor(loop_), asio::steady_timer(loop_), tls});
    const std::uint16_t port = TRY(listen_for_agents(door->acceptor, text));
    doors_.push_back(std::move(door));
    return port;
}

void LinkServer::Impl::accept(Door& door) {
    door.acceptor.async_accept([this, &door](boost::system::error_code error, LinkSocket socket) {
        if (!door.acceptor.is_open()) return;
        if (!error) adopt(std::move(socket), door.tls);
        if (!error || error == asio::error::connection_aborted) return accept(door);
        // Most likely no file is left to open; that passes.
        door.pause.expires_after(kAcceptPause);
        door.pause.async_wait([this, &door](boost::system::error_code gone) {
            if (!gone && door.acceptor.is_open()) accept(door);
        });
    });
}

void LinkServer::Impl::adopt(LinkSocket socket, bool tls) {
    close_on_exec(socket.native_handle());
    boost::system::error_code error;
    socket.native_non_blocking(true, error);
    const auto peer = socket.remote_endpoint(error);
    if (error || connections_.size() >= options_.streams_max + kConnectionsSpare) return;
    set_socket_options(socket.native_handle());
    const auto connection =
        std::make_shared<AgentConnection>(static_cast<Host&>(*this), next_connection_++, std::move(socket),
                                          tls ? tls_->context() : nullptr, text_of(peer), clock_.monotonic_ms());
    connections_.emplace(connection->id(), connection);
    {
        const std::lock_guard lock(mutex_);
        ++open_;
    }
    connection->start();
}

void LinkServer::Impl::connection_ended(AgentConnection& connection) {
    connections_.erase(connection.id());
    const std::lock_guard lock(mutex_);
    if (--open_ == 0) ended_.notify_all();
}

std::vector<std::shared_ptr<AgentConnection>> LinkServer::Impl::all_connections() const {
    std::vector<std::shared_ptr<AgentConnection>> all;
    all.reserve(connections_.size());
    for (const auto& [id, connection] : connections_) all.push_back(connection);
    return all;
}

void LinkServer::Impl::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || !started_) return;
        stopping_ = true;
    }
    asio::post(loop_, [this] {
        boost::system::error_code ignored;
        for (const auto& door : doors_) door->acceptor.close(ignored);
        for (const auto& connection : all_connections())
            connection->drain({GrpcCode::Unavailable, "the server is stopping"});
    });
    {
        std::unique_lock lock(mutex_);
        ended_.wait_for(lock, options_.close_timeout, [this] { return open_ == 0; });
    }
    asio::post(loop_, [this] {
        for (const auto& connection : all_connections()) connection->close();
        timer_.cancel();
        for (const auto& door : doors_) door->pause.cancel();
        work_.reset();
        loop_.stop();
    });
    thread_.join();
}

void LinkServer::Impl::watch() {
    const Millis step = std::clamp(
        std::min({options_.heartbeat / kTicksOfHeartbeat, options_.hello_timeout / 4, options_.close_timeout / 4}),
        kTickMin, kTickMax);
    timer_.expires_after(step);
    timer_.async_wait([this](boost::system::error_code gone) {
        if (gone) return;
        const std::int64_t now_ms = clock_.monotonic_ms();
        for (const auto& connection : all_connections()) connection->tick(now_ms, options_.hello_timeout);
        if (tls_ && now_ms - tls_looked_ms_ >= options_.tls->look_again_s * 1'000LL) {
            tls_looked_ms_ = now_ms;
            if (const auto outcome = tls_->refresh(false); outcome && !*outcome)
                spdlog::error("link: {}; agents are shown the certificate of before", outcome->error().message);
        }
        watch();
    });
}

Result<Peer> LinkServer::Impl::authenticate(const AgentConnection& connection, std::string_view authorization) const {
    if (connection.certified()) return *connection.certified();
    if (connection.is_over_tls())
        return refuse(ErrorCode::AuthUnauthorized,
                      "this agent shows no certificate: enrol its machine first (gse host token, then gse agent "
                      "--token-file)");
    constexpr std::string_view kScheme = "Bearer ";
    if (authorization.starts_with(kScheme) &&
        equal_in_constant_time(authorization.substr(kScheme.size()), options_.token))
        return Peer{};
    return refuse(ErrorCode::AuthUnauthorized,
                  "the agent's token is missing or not this server's: agents of other data folders join by enrolment");
}

/// Strangers can cause these: at most a line in a while.
void LinkServer::Impl::log_refusal(const std::string& peer, std::string_view why) {
    if (const auto kept_back = refusals_.admit(clock_.monotonic_ms()))
        spdlog::warn("link: {} refused: {} ({} refusals since the last line)", peer, why, *kept_back);
}

std::variant<std::shared_ptr<AgentStream>, GrpcStatus> LinkServer::Impl::open_stream(AgentStream::Wire& wire,
                                                                                     GrpcSession::Call call,
                                                                                     const AgentConnection& connection,
                                                                                     std::string_view authorization) {
    auto peer = authenticate(connection, authorization);
    if (!peer) {
        log_refusal(connection.peer(), peer.error().message);
        return GrpcStatus{GrpcCode::Unauthenticated, peer.error().message};
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) return GrpcStatus{GrpcCode::Unavailable, "the server is stopping"};
    if (streams_.size() >= options_.streams_max)
        return GrpcStatus{GrpcCode::ResourceExhausted,
                          fmt::format("this server takes {} agents at most", options_.streams_max)};
    const StreamId id = next_id_++;
    auto stream = std::make_shared<AgentStream>(*context_, wire, call, id, std::move(*peer));
    streams_.emplace(id, stream);
    return stream;
}

void LinkServer::Impl::stream_ended(StreamId id) {
    const std::lock_guard lock(mutex_);
    streams_.erase(id);
}

/// Why a wish of this kind is not even looked at.
std::optional<GrpcStatus> LinkServer::Impl::refusal_of(const AgentConnection& connection, bool renews,
                                                       std::size_t longest_field) const {
    // A secret that was said in the open would be nobody's any more.
    if (!renews && !connection.is_over_tls())
        return GrpcStatus{GrpcCode::Unauthenticated, "machines enrol over TLS only"};
    if (renews && !connection.certified())
        return GrpcStatus{GrpcCode::Unauthenticated, "only who shows a certificate gets another one"};
    if (!options_.admission) return GrpcStatus{GrpcCode::Unimplemented, "nobody enrols here"};
    if (longest_field > pki::kRequestBytesMax)
        return GrpcStatus{GrpcCode::InvalidArgument, "a field of the request is too long"};
    if (wishes_ > options_.enrolments_max)
        return GrpcStatus{GrpcCode::ResourceExhausted, "too many machines are enrolling; try again in a moment"};
    return std::nullopt;
}

void LinkServer::Impl::ask(AgentConnection& connection, GrpcSession::Call call, AgentConnection::Wish wish) {
    ++wishes_;
    pb::EnrolRequest enrolment;
    pb::RenewRequest renewal;
    const bool read = wish.renews ? renewal.ParseFromString(wish.request) : enrolment.ParseFromString(wish.request);
    const std::size_t longest = wish.renews
                                    ? renewal.signing_request().size()
                                    : std::max({enrolment.token_id().size(), enrolment.secret().size(),
                                                enrolment.host_name().size(), enrolment.signing_request().size()});
    auto refused = read ? refusal_of(connection, wish.renews, longest)
                        : GrpcStatus{GrpcCode::InvalidArgument, "the request cannot be read"};
    if (refused) return answers_->give(connection.id(), call, std::move(*refused));
    auto done = [answers = answers_, id = connection.id(), call](Result<Credential> made) {
        if (made) return answers->give(id, call, std::move(*made));
        answers->give(id, call, status_of(made.error()));
    };
    if (wish.renews)
        options_.admission->renew(connection.certified()->host_id, renewal.signing_request(), std::move(done));
    else
        options_.admission->enrol({.token_id = enrolment.token_id(),
                                   .secret = enrolment.secret(),
                                   .signing_request = enrolment.signing_request(),
                                   .host_name = enrolment.host_name(),
                                   .peer = connection.peer()},
                                  std::move(done));
}

void LinkServer::Impl::deliver(std::uint64_t connection, GrpcSession::Call call,
                               std::variant<Credential, GrpcStatus> answer) {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return;  // nobody waits for it any more
    const auto kept = found->second;
    if (const auto* refused = std::get_if<GrpcStatus>(&answer)) log_refusal(kept->peer(), refused->message);
    kept->answer(call, std::move(answer));
}

std::shared_ptr<AgentStream> LinkServer::Impl::find(StreamId id) const {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second;
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
    if (auto found = impl_->find(stream))
        impl_->on_loop(std::move(found), [welcome = std::move(welcome)](AgentStream& to) { to.welcome(welcome); });
}

void LinkServer::send_all(StreamId stream, std::vector<Order> orders) {
    auto found = impl_->find(stream);
    if (!found) return;
    for (Order& order : orders) {
        if (auto* spec = std::get_if<InstanceSpec>(&order.body); spec && impl_->authorizer_.instance)
            impl_->authorizer_.instance(*spec);
        if (auto* logs = std::get_if<CollectLogs>(&order.body); logs && impl_->authorizer_.logs)
            impl_->authorizer_.logs(*logs);
    }
    if (!found->may_send(orders.size()))
        return impl_->on_loop(std::move(found), [](AgentStream& to) {
            to.close({GrpcCode::ResourceExhausted, "more orders than this server can pass on"});
        });
    impl_->on_loop(std::move(found),
                   [orders = std::move(orders)](AgentStream& to) mutable { to.send(std::move(orders)); });
}

void LinkServer::close(StreamId stream, std::string why) {
    why.resize(std::min(why.size(), kMaxReasonBytes));
    auto found = impl_->find(stream);
    if (!found) return;
    found->will_close();
    impl_->on_loop(std::move(found), [why = std::move(why)](AgentStream& to) { to.close({GrpcCode::Aborted, why}); });
}

std::size_t LinkServer::streams() const { return impl_->streams(); }

}  // namespace gse::link
