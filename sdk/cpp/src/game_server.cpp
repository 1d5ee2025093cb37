#include "gse/sdk/game_server.h"

#include <grpcpp/grpcpp.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "GameServerGrpcSdkService.grpc.pb.h"
#include "GseGrpcSdkService.grpc.pb.h"

namespace gse::sdk {
namespace {

namespace wire = tencentcloud::gse::grpcsdk;
using SteadyTime = std::chrono::steady_clock::time_point;

// Three kinds of callbacks, each seldom: more than this at once is a fault of the caller, answered RESOURCE_EXHAUSTED.
constexpr int kCallbackThreads = 16;
constexpr auto kCallbackGrace = std::chrono::seconds(1);

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// RFC 9562 version 4.
std::string new_uuid() {
    std::array<unsigned char, 16> bytes{};
    // At most 256 bytes are never cut short once the pool is initialised.
    while (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    }
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += kDigits[bytes[i] >> 4];
        text += kDigits[bytes[i] & 15];
    }
    return text;
}

Outcome<int> chosen_grpc_port(const Options& options) {
    if (options.grpc_port) {
        if (*options.grpc_port < 0 || *options.grpc_port > 65535)
            return Error{Code::InvalidArgument, "grpc_port must be 0 to 65535"};
        return *options.grpc_port;
    }
    const std::string text = environment("GSE_GRPC_PORT");
    if (text.empty()) return 0;
    int port = -1;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (status != std::errc{} || end != text.data() + text.size() || port < 0 || port > 65535)
        return Error{Code::InvalidArgument, "GSE_GRPC_PORT must be 0 to 65535, not \"" + text + "\""};
    return port;
}

std::string chosen_agent_address(const Options& options) {
    if (!options.agent_address.empty()) return options.agent_address;
    const std::string address = environment("GSE_SDK_ADDRESS");
    return address.empty() ? "127.0.0.1:5758" : address;
}

GameServerSession from_wire(const wire::GameServerSession& from) {
    GameServerSession session{
        .id = from.gameserversessionid(),
        .fleet_id = from.fleetid(),
        .name = from.name(),
        .max_players = from.maxplayers(),
        .joinable = from.joinable(),
        .properties = {},
        .ip_address = from.ipaddress(),
        .dns_name = from.dnsname(),
        .port = from.port(),
        .data = from.gameserversessiondata(),
        .matchmaker_data = from.matchmakerdata(),
    };
    for (const auto& property : from.gameproperties()) session.properties.push_back({property.key(), property.value()});
    return session;
}

PlayerSession from_wire(const wire::PlayerSession& from) {
    return {
        .id = from.playersessionid(),
        .player_id = from.playerid(),
        .session_id = from.gameserversessionid(),
        .fleet_id = from.fleetid(),
        .status = from.status(),
        .ip_address = from.ipaddress(),
        .dns_name = from.dnsname(),
        .port = from.port(),
        .player_data = from.playerdata(),
        .creation_time = from.creationtime(),
        .termination_time = from.terminationtime(),
    };
}

Error from_status(const grpc::Status& status) {
    return {static_cast<Code>(status.error_code()), status.error_message()};
}

std::shared_ptr<grpc::Channel> connect(const Options& options) {
    grpc::ChannelArguments arguments;
    // The agent is on this machine: a proxy of the environment must not come between, and after its restart it should
    // be found at once, not after gRPC's two minutes.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto first = static_cast<int>(std::max<std::int64_t>(options.retry_pause_first.count(), 100));
    const auto last = std::max(static_cast<int>(options.retry_pause_last.count()), first);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, first);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, last);
    return grpc::CreateCustomChannel(chosen_agent_address(options), grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

class GameServer::Impl final : public wire::GameServerGrpcSdkService::Service {
public:
    Impl(Callbacks callbacks, Options options)
        : callbacks_(std::move(callbacks)),
          options_(std::move(options)),
          pid_(std::to_string(getpid())),
          agent_(wire::GseGrpcSdkService::NewStub(connect(options_))) {}

    Outcome<> start() {
        const std::lock_guard lock(listen_mutex_);
        if (listener_) return {};
        if (is_stopping()) return cancelled();
        const Outcome<int> wanted = chosen_grpc_port(options_);
        if (!wanted) return wanted.error();

        grpc::ServerBuilder builder;
        int port = 0;
        builder.AddListeningPort("127.0.0.1:" + std::to_string(*wanted), grpc::InsecureServerCredentials(), &port);
        // Two processes on one port would steal each other's callbacks.
        builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
        builder.SetResourceQuota(grpc::ResourceQuota("gse-callbacks").SetMaxThreads(kCallbackThreads));
        builder.RegisterService(this);
        listener_ = builder.BuildAndStart();
        if (!listener_ || port == 0) {
            listener_.reset();
            return Error{Code::Unavailable, "cannot listen for callbacks on 127.0.0.1:" + std::to_string(*wanted) +
                                                ": choose another GSE_GRPC_PORT, or 0 for a free one"};
        }
        const std::lock_guard state(mutex_);
        grpc_port_ = port;
        return {};
    }

    std::chrono::milliseconds call_timeout() const { return options_.call_timeout; }

    int grpc_port() const {
        const std::lock_guard lock(mutex_);
        return grpc_port_;
    }

    std::optional<GameServerSession> session() const {
        const std::lock_guard lock(mutex_);
        return session_;
    }

    std::string session_id() const {
        const std::lock_guard lock(mutex_);
        return session_ ? session_->id : "";
    }

    void forget_session(const std::string& id) {
        const std::lock_guard lock(mutex_);
        if (session_ && session_->id == id) session_.reset();
    }

    /// `method` of the agent, retried while nobody answers there.
    template <class Request, class Response>
    Outcome<> call(grpc::Status (wire::GseGrpcSdkService::StubInterface::*method)(grpc::ClientContext*, const Request&,
                                                                                  Response*),
                   const Request& request, Response& response, std::chrono::milliseconds timeout) {
        // One id for all attempts: the agent may have acted on one whose answer was lost.
        const std::string request_id = new_uuid();
        const SteadyTime give_up = std::chrono::steady_clock::now() + timeout;
        for (auto pause = options_.retry_pause_first;; pause = std::min(pause * 2, options_.retry_pause_last)) {
            grpc::ClientContext context;
            context.AddMetadata("pid", pid_);
            context.AddMetadata("requestid", request_id);
            context.set_deadline(std::chrono::system_clock::now() + (give_up - std::chrono::steady_clock::now()));
            if (!enter(context)) return cancelled();
            const grpc::Status status = (agent_.get()->*method)(&context, request, &response);
            leave(context);
            if (status.ok()) return {};
            if (is_stopping()) return cancelled();
            if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return from_status(status);
            if (std::chrono::steady_clock::now() + pause >= give_up) return from_status(status);
            if (!rest(pause)) return cancelled();
        }
    }

    template <class Request>
    Outcome<> call(grpc::Status (wire::GseGrpcSdkService::StubInterface::*method)(grpc::ClientContext*, const Request&,
                                                                                  wire::GseResponse*),
                   const Request& request) {
        wire::GseResponse response;
        return call(method, request, response, options_.call_timeout);
    }

    Outcome<> ready(int client_port, const std::vector<std::string>& log_paths) {
        if (const Outcome<> listening = start(); !listening) return listening;
        wire::ProcessReadyRequest request;
        request.set_clientport(client_port);
        request.set_grpcport(grpc_port());
        for (const std::string& path : log_paths) request.add_logpathstoupload(path);
        wire::GseResponse response;
        return call(&wire::GseGrpcSdkService::StubInterface::ProcessReady, request, response, options_.ready_timeout);
    }

    void shutdown() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            for (grpc::ClientContext* context : in_flight_) context->TryCancel();
        }
        stopped_.notify_all();
        const std::lock_guard lock(listen_mutex_);
        if (!listener_) return;
        listener_->Shutdown(std::chrono::system_clock::now() + kCallbackGrace);
        listener_->Wait();
        listener_.reset();
    }

    static Error cancelled() { return {Code::Cancelled, "the game server was shut down"}; }
    static Error no_session() {
        return {Code::FailedPrecondition, "no session: wait for on_start_session before calling this"};
    }

private:
    grpc::Status OnHealthCheck(grpc::ServerContext*, const wire::HealthCheckRequest*,
                               wire::HealthCheckResponse* response) override {
        return guarded([&] {
            response->set_healthstatus(!callbacks_.on_health_check || callbacks_.on_health_check());
            return grpc::Status::OK;
        });
    }

    grpc::Status OnStartGameServerSession(grpc::ServerContext*, const wire::StartGameServerSessionRequest* request,
                                          wire::GseResponse*) override {
        const GameServerSession started = from_wire(request->gameserversession());
        if (started.id.empty()) return {grpc::StatusCode::INVALID_ARGUMENT, "gameServerSessionId is empty"};
        {
            const std::lock_guard lock(mutex_);
            // An agent that restarted before it saw our answer tells us again.
            if (session_ && session_->id == started.id) return grpc::Status::OK;
            session_ = started;
        }
        const grpc::Status status = guarded([&] {
            if (!callbacks_.on_start_session) return grpc::Status::OK;
            const Outcome<> outcome = callbacks_.on_start_session(started);
            if (outcome) return grpc::Status::OK;
            return grpc::Status(static_cast<grpc::StatusCode>(outcome.error().code), outcome.error().message);
        });
        if (!status.ok()) forget_session(started.id);
        return status;
    }

    grpc::Status OnProcessTerminate(grpc::ServerContext*, const wire::ProcessTerminateRequest* request,
                                    wire::GseResponse*) override {
        return guarded([&] {
            if (!callbacks_.on_process_terminate) return grpc::Status::OK;
            std::optional<std::chrono::system_clock::time_point> deadline;
            // Unix seconds; beyond the range of the clock means the same as none.
            constexpr std::int64_t kLatest =
                std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::time_point::max())
                    .time_since_epoch()
                    .count();
            if (const std::int64_t at = request->terminationtime(); at > 0 && at <= kLatest)
                deadline = std::chrono::system_clock::time_point(std::chrono::seconds(at));
            callbacks_.on_process_terminate(deadline);
            return grpc::Status::OK;
        });
    }

    template <class Body>
    static grpc::Status guarded(Body body) {
        try {
            return body();
        } catch (const std::exception& e) {
            return {grpc::StatusCode::INTERNAL, std::string("the game's callback failed: ") + e.what()};
        } catch (...) {
            return {grpc::StatusCode::INTERNAL, "the game's callback failed"};
        }
    }

    bool is_stopping() const {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }
    bool enter(grpc::ClientContext& context) {
        const std::lock_guard lock(mutex_);
        if (stopping_) return false;
        in_flight_.insert(&context);
        return true;
    }
    void leave(grpc::ClientContext& context) {
        const std::lock_guard lock(mutex_);
        in_flight_.erase(&context);
    }
    /// False when shut down meanwhile.
    bool rest(std::chrono::milliseconds pause) {
        std::unique_lock lock(mutex_);
        return !stopped_.wait_for(lock, pause, [this] { return stopping_; });
    }

    const Callbacks callbacks_;
    const Options options_;
    const std::string pid_;
    const std::unique_ptr<wire::GseGrpcSdkService::StubInterface> agent_;

    std::mutex listen_mutex_;  ///< taken before mutex_
    std::unique_ptr<grpc::Server> listener_;

    mutable std::mutex mutex_;  ///< guards what follows; never held while a callback or a call runs
    std::condition_variable stopped_;
    bool stopping_ = false;
    int grpc_port_ = 0;
    std::optional<GameServerSession> session_;
    std::set<grpc::ClientContext*> in_flight_;
};

using Agent = wire::GseGrpcSdkService::StubInterface;

GameServer::GameServer(Callbacks callbacks, Options options)
    : impl_(std::make_unique<Impl>(std::move(callbacks), std::move(options))) {}

GameServer::~GameServer() { impl_->shutdown(); }

Outcome<> GameServer::start() { return impl_->start(); }

int GameServer::grpc_port() const { return impl_->grpc_port(); }

Outcome<> GameServer::process_ready(int client_port, std::vector<std::string> log_paths) {
    if (client_port < 1 || client_port > 65535)
        return Error{Code::InvalidArgument, "client_port must be 1 to 65535: the port players connect to"};
    return impl_->ready(client_port, log_paths);
}

Outcome<> GameServer::activate_session(int max_players) {
    wire::ActivateGameServerSessionRequest request;
    request.set_gameserversessionid(impl_->session_id());
    if (request.gameserversessionid().empty()) return Impl::no_session();
    request.set_maxplayers(max_players);
    return impl_->call(&Agent::ActivateGameServerSession, request);
}

Outcome<> GameServer::accept_player(const std::string& player_session_id) {
    wire::AcceptPlayerSessionRequest request;
    request.set_gameserversessionid(impl_->session_id());
    if (request.gameserversessionid().empty()) return Impl::no_session();
    request.set_playersessionid(player_session_id);
    return impl_->call(&Agent::AcceptPlayerSession, request);
}

Outcome<> GameServer::remove_player(const std::string& player_session_id) {
    wire::RemovePlayerSessionRequest request;
    request.set_gameserversessionid(impl_->session_id());
    if (request.gameserversessionid().empty()) return Impl::no_session();
    request.set_playersessionid(player_session_id);
    return impl_->call(&Agent::RemovePlayerSession, request);
}

Outcome<PlayerSessionPage> GameServer::describe_player_sessions(const PlayerSessionQuery& query) {
    wire::DescribePlayerSessionsRequest request;
    request.set_gameserversessionid(impl_->session_id());
    if (request.gameserversessionid().empty()) return Impl::no_session();
    request.set_playerid(query.player_id);
    request.set_playersessionid(query.player_session_id);
    request.set_playersessionstatusfilter(query.status);
    request.set_nexttoken(query.next_token);
    request.set_limit(query.limit);
    wire::DescribePlayerSessionsResponse response;
    const Outcome<> answered = impl_->call(&Agent::DescribePlayerSessions, request, response, impl_->call_timeout());
    if (!answered) return answered.error();
    PlayerSessionPage page;
    page.next_token = response.nexttoken();
    for (const auto& player : response.playersessions()) page.player_sessions.push_back(from_wire(player));
    return page;
}

Outcome<> GameServer::update_player_session_creation_policy(PlayerSessionCreationPolicy policy) {
    wire::UpdatePlayerSessionCreationPolicyRequest request;
    request.set_gameserversessionid(impl_->session_id());
    if (request.gameserversessionid().empty()) return Impl::no_session();
    request.set_newplayersessioncreationpolicy(policy == PlayerSessionCreationPolicy::AcceptAll ? "ACCEPT_ALL"
                                                                                                : "DENY_ALL");
    return impl_->call(&Agent::UpdatePlayerSessionCreationPolicy, request);
}

Outcome<> GameServer::terminate_session() {
    wire::TerminateGameServerSessionRequest request;
    request.set_gameserversessionid(impl_->session_id());
    if (request.gameserversessionid().empty()) return Impl::no_session();
    const Outcome<> ended = impl_->call(&Agent::TerminateGameServerSession, request);
    if (ended) impl_->forget_session(request.gameserversessionid());
    return ended;
}

Outcome<> GameServer::process_ending() { return impl_->call(&Agent::ProcessEnding, wire::ProcessEndingRequest{}); }

Outcome<> GameServer::report_custom_data(int current, int maximum) {
    wire::ReportCustomDataRequest request;
    request.set_currentcustomcount(current);
    request.set_maxcustomcount(maximum);
    return impl_->call(&Agent::ReportCustomData, request);
}

std::optional<GameServerSession> GameServer::session() const { return impl_->session(); }

void GameServer::shutdown() { impl_->shutdown(); }

}  // namespace gse::sdk
