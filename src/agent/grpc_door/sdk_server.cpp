#include "agent/grpc_door/sdk_server.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "GseGrpcSdkService.grpc.pb.h"
#include "agent/grpc_door/peer.h"
#include "agent/grpc_door/reason_limit.h"
#include "base/addresses.h"
#include "base/check.h"
#include "link/convert.h"

namespace gse::agent {
namespace {

namespace pb = tencentcloud::gse::grpcsdk;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using link::CallStatus;
using link::SdkReply;

constexpr int kMaxRequestBytes = 1 << 20;
constexpr int kMaxLogPaths = 1000;
constexpr std::size_t kMaxPathBytes = 4096;

grpc::StatusCode to_grpc(CallStatus status) {
    switch (status) {
        case CallStatus::Ok: return grpc::StatusCode::OK;
        case CallStatus::InvalidArgument: return grpc::StatusCode::INVALID_ARGUMENT;
        case CallStatus::NotFound: return grpc::StatusCode::NOT_FOUND;
        case CallStatus::FailedPrecondition: return grpc::StatusCode::FAILED_PRECONDITION;
        case CallStatus::Unavailable: return grpc::StatusCode::UNAVAILABLE;
        case CallStatus::Internal: return grpc::StatusCode::INTERNAL;
    }
    return grpc::StatusCode::INTERNAL;
}

void fill(const SdkReply& reply, pb::DescribePlayerSessionsResponse& out) {
    out.set_nexttoken(reply.next_token);
    for (const auto& player : reply.players) {
        auto& one = *out.add_playersessions();
        one.set_playersessionid(player.player_session_id);
        one.set_playerid(player.player_id);
        one.set_gameserversessionid(player.session_id);
        one.set_fleetid(player.fleet_id);
        one.set_ipaddress(player.address);
        one.set_status(std::string(to_text(player.status)));
        one.set_creationtime(player.created.ms / 1000);
        one.set_terminationtime(player.ended.ms / 1000);
        one.set_port(player.port);
        one.set_playerdata(player.player_data);
        one.set_dnsname(player.dns_name);
    }
}

/// The value of a metadata key, or nothing if it is absent.
std::optional<std::string_view> metadata(const CallbackServerContext& context, const char* key) {
    const auto& all = context.client_metadata();
    const auto found = all.find(key);
    if (found == all.end()) return std::nullopt;
    return std::string_view(found->second.data(), found->second.size());
}

Result<Caller> read_caller(const CallbackServerContext& context) {
    const auto pid = metadata(context, "pid");
    if (!pid)
        return refuse(ErrorCode::InvalidRequest,
                      "metadata `pid` is missing: send the process id as decimal text with every call");
    Caller caller;
    const auto [end, error] = std::from_chars(pid->data(), pid->data() + pid->size(), caller.claimed_pid);
    if (error != std::errc{} || end != pid->data() + pid->size() || caller.claimed_pid < 1)
        return refuse(ErrorCode::InvalidRequest, "metadata `pid` must be a process id as decimal text");
    // HTTP/2 knows lower-case names only: a game's `requestId` arrives like this.
    const auto request_id = metadata(context, "requestid").value_or("");
    if (request_id.size() > link::kMaxIdBytes)
        return refuse(ErrorCode::InvalidRequest,
                      fmt::format("metadata `requestId` may have {} bytes at most", link::kMaxIdBytes));
    caller.request_id = request_id;
    auto peer = parse_peer(context.peer());
    if (!peer) return refuse(ErrorCode::InvalidRequest, "call over TCP from this machine");
    caller.peer_address = std::move(peer->address);
    caller.peer_port = peer->port;
    return caller;
}

Result<std::string> id(const std::string& value, const char* name) {
    if (value.size() > link::kMaxIdBytes)
        return refuse(ErrorCode::InvalidRequest, fmt::format("{} may have {} bytes at most", name, link::kMaxIdBytes));
    return value;
}

Result<std::uint16_t> port(std::int32_t value, const char* name) {
    if (value < 1 || value > std::numeric_limits<std::uint16_t>::max())
        return refuse(ErrorCode::InvalidRequest, fmt::format("{} is {}: it must be 1 to 65535", name, value));
    return static_cast<std::uint16_t>(value);
}

Result<CallBody> read(const pb::ProcessReadyRequest& request) {
    link::CallReady call{.client_port = TRY(port(request.clientport(), "clientPort")),
                         .grpc_port = TRY(port(request.grpcport(), "grpcPort")),
                         .log_paths = {}};
    if (request.logpathstoupload_size() > kMaxLogPaths)
        return refuse(ErrorCode::InvalidRequest,
                      fmt::format("logPathsToUpload may have {} entries at most", kMaxLogPaths));
    for (const auto& path : request.logpathstoupload()) {
        if (path.size() > kMaxPathBytes)
            return refuse(ErrorCode::InvalidRequest,
                          fmt::format("an entry of logPathsToUpload may have {} bytes at most", kMaxPathBytes));
        call.log_paths.push_back(path);
    }
    return call;
}

Result<CallBody> read(const pb::ActivateGameServerSessionRequest& request) {
    if (request.maxplayers() < 0) return refuse(ErrorCode::InvalidRequest, "maxPlayers must not be negative");
    return link::CallActivateSession{TRY(id(request.gameserversessionid(), "gameServerSessionId")),
                                     static_cast<std::uint32_t>(request.maxplayers())};
}

Result<CallBody> read(const pb::AcceptPlayerSessionRequest& request) {
    return link::CallAcceptPlayer{TRY(id(request.gameserversessionid(), "gameServerSessionId")),
                                  TRY(id(request.playersessionid(), "playerSessionId"))};
}

Result<CallBody> read(const pb::RemovePlayerSessionRequest& request) {
    return link::CallRemovePlayer{TRY(id(request.gameserversessionid(), "gameServerSessionId")),
                                  TRY(id(request.playersessionid(), "playerSessionId"))};
}

Result<CallBody> read(const pb::DescribePlayerSessionsRequest& request) {
    return link::CallDescribePlayers{
        .session_id = TRY(id(request.gameserversessionid(), "gameServerSessionId")),
        .player_id = TRY(id(request.playerid(), "playerId")),
        .player_session_id = TRY(id(request.playersessionid(), "playerSessionId")),
        .status_filter = TRY(id(request.playersessionstatusfilter(), "playerSessionStatusFilter")),
        .next_token = TRY(id(request.nexttoken(), "nextToken")),
        .limit = request.limit()};
}

Result<CallBody> read(const pb::UpdatePlayerSessionCreationPolicyRequest& request) {
    return link::CallUpdatePolicy{TRY(id(request.gameserversessionid(), "gameServerSessionId")),
                                  TRY(id(request.newplayersessioncreationpolicy(), "newPlayerSessionCreationPolicy"))};
}

Result<CallBody> read(const pb::TerminateGameServerSessionRequest& request) {
    return link::CallTerminateSession{TRY(id(request.gameserversessionid(), "gameServerSessionId"))};
}

Result<CallBody> read(const pb::ProcessEndingRequest&) { return link::CallEnding{}; }

Result<CallBody> read(const pb::ReportCustomDataRequest& request) {
    return link::CallCustomData{request.currentcustomcount(), request.maxcustomcount()};
}

/// Where the answer goes; a GseResponse says nothing, so only the other kind is filled.
struct Answer {
    Answer(pb::GseResponse*) {}
    Answer(pb::DescribePlayerSessionsResponse* response) : players(response) {}
    pb::DescribePlayerSessionsResponse* players = nullptr;
};

/// One open call, answered once: by the handler, by stop(), or by dropping the reply.
struct OpenCall {
    std::uint64_t number = 0;
    ServerUnaryReactor* reactor = nullptr;
    Answer answer;
    std::atomic<bool> answered = false;
};

/// The open calls. Shared with the replies that the handler holds, which may outlive the server.
class OpenCalls {
public:
    /// Nothing when there are too many, or after close().
    std::shared_ptr<OpenCall> open(ServerUnaryReactor* reactor, Answer answer, std::size_t count_max) {
        const std::lock_guard lock(mutex_);
        if (closed_ || calls_.size() >= count_max) return nullptr;
        auto call = std::make_shared<OpenCall>(next_number_++, reactor, answer);
        calls_.emplace(call->number, call);
        return call;
    }

    void finish(OpenCall& call, const SdkReply& reply) {
        if (call.answered.exchange(true)) return;
        if (reply.status == CallStatus::Ok && call.answer.players) fill(reply, *call.answer.players);
        {
            const std::lock_guard lock(mutex_);
            calls_.erase(call.number);
        }
        const bool ok = reply.status == CallStatus::Ok;
        call.reactor->Finish({to_grpc(reply.status), ok ? "" : reply.message.substr(0, kMaxReasonBytes)});
    }

    void close() {
        std::vector<std::shared_ptr<OpenCall>> left;
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            for (const auto& [number, call] : calls_) left.push_back(call);
        }
        for (const auto& call : left)
            finish(*call, {.status = CallStatus::Unavailable, .message = "the agent is stopping; try the call again"});
    }

private:
    std::mutex mutex_;
    bool closed_ = false;
    std::uint64_t next_number_ = 1;
    std::unordered_map<std::uint64_t, std::shared_ptr<OpenCall>> calls_;
};

/// What the handler holds.
class ReplySlot {
public:
    ReplySlot(std::shared_ptr<OpenCalls> calls, std::shared_ptr<OpenCall> call)
        : calls_(std::move(calls)), call_(std::move(call)) {}
    ReplySlot(ReplySlot&&) = default;
    ReplySlot& operator=(ReplySlot&&) = delete;
    ~ReplySlot() {
        if (call_) calls_->finish(*call_, {.status = CallStatus::Internal, .message = "the agent dropped the call"});
    }
    void operator()(const SdkReply& reply) {
        if (const auto call = std::exchange(call_, nullptr)) calls_->finish(*call, reply);
    }

private:
    std::shared_ptr<OpenCalls> calls_;
    std::shared_ptr<OpenCall> call_;
};

}  // namespace

class SdkServer::Impl final : public pb::GseGrpcSdkService::CallbackService {
public:
    explicit Impl(SdkServerOptions options) : options_(std::move(options)) {}

    Result<std::uint16_t> start(CallHandler& handler);
    void stop();

    // clang-format off
    ServerUnaryReactor* ProcessReady(CallbackServerContext* c, const pb::ProcessReadyRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* ActivateGameServerSession(CallbackServerContext* c, const pb::ActivateGameServerSessionRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* AcceptPlayerSession(CallbackServerContext* c, const pb::AcceptPlayerSessionRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* RemovePlayerSession(CallbackServerContext* c, const pb::RemovePlayerSessionRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* DescribePlayerSessions(CallbackServerContext* c, const pb::DescribePlayerSessionsRequest* q, pb::DescribePlayerSessionsResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* UpdatePlayerSessionCreationPolicy(CallbackServerContext* c, const pb::UpdatePlayerSessionCreationPolicyRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* TerminateGameServerSession(CallbackServerContext* c, const pb::TerminateGameServerSessionRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* ProcessEnding(CallbackServerContext* c, const pb::ProcessEndingRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    ServerUnaryReactor* ReportCustomData(CallbackServerContext* c, const pb::ReportCustomDataRequest* q, pb::GseResponse* a) override { return take(c, *q, a); }
    // clang-format on

private:
    template <class Request>
    ServerUnaryReactor* take(CallbackServerContext* context, const Request& request, Answer answer);

    const SdkServerOptions options_;
    CallHandler* handler_ = nullptr;
    std::unique_ptr<grpc::Server> server_;

    const std::shared_ptr<OpenCalls> calls_ = std::make_shared<OpenCalls>();
};

template <class Request>
ServerUnaryReactor* SdkServer::Impl::take(CallbackServerContext* context, const Request& request, Answer answer) {
    auto* reactor = context->DefaultReactor();
    auto caller = read_caller(*context);
    if (!caller) {
        reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, caller.error().message});
        return reactor;
    }
    auto body = read(request);
    if (!body) {
        reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, body.error().message});
        return reactor;
    }
    if (auto call = calls_->open(reactor, answer, options_.open_calls_max))
        handler_->on_call(std::move(*caller), std::move(*body), ReplySlot(calls_, std::move(call)));
    else
        reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the agent is stopping or too busy; try the call again"});
    return reactor;
}

Result<std::uint16_t> SdkServer::Impl::start(CallHandler& handler) {
    CHECK(!server_);
    const std::string_view listen = options_.listen;
    if (!is_loopback_host(std::string_view(listen).substr(0, listen.rfind(':'))))
        return refuse(
            ErrorCode::InvalidParameterValue,
            fmt::format("the SDK address {} is not on loopback: games are known by their process id, so only this "
                        "machine may call; use 127.0.0.1:5758",
                        listen));
    handler_ = &handler;
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.listen, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT,
                               0);  // a second agent on the port must fail, not share its games
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 256);
    // Games set keepalive as they like; a host's own processes need no policing.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot listen for games on {}: is another agent running, or the port in use?",
                                  options_.listen));
    return static_cast<std::uint16_t>(port);
}

void SdkServer::Impl::stop() {
    if (!server_) return;
    calls_->close();
    server_->Shutdown(std::chrono::system_clock::now() + options_.stop_timeout);
    server_.reset();
}

SdkServer::SdkServer(SdkServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

SdkServer::~SdkServer() { stop(); }

Result<std::uint16_t> SdkServer::start(CallHandler& handler) { return impl_->start(handler); }

void SdkServer::stop() { impl_->stop(); }

}  // namespace gse::agent
