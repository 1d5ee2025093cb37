#include "agent/grpc_door/game_client.h"

#include <fmt/format.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "GameServerGrpcSdkService.grpc.pb.h"
#include "agent/grpc_door/reason_limit.h"

namespace gse::agent {
namespace {

namespace pb = tencentcloud::gse::grpcsdk;
using Service = pb::GameServerGrpcSdkService;

constexpr int kMaxAnswerBytes = 1 << 20;
/// Far more than a host has processes; beyond it something leaks.
constexpr std::size_t kMaxOpenCalls = 20'000;
constexpr std::size_t kMaxChannels = 20'000;

constexpr int kOldStatusField = 1;
constexpr int kOldErrorMessageField = 3;

/// A game built on the protocol of 2020 says `status` in the body; to today's message these are unknown fields.
Result<void> check_old_form(const pb::GseResponse& response, const char* callback) {
    const auto& unknown = response.GetReflection()->GetUnknownFields(response);
    std::uint64_t status = 0;
    std::string message;
    for (int i = 0; i < unknown.field_count(); ++i) {
        const auto& field = unknown.field(i);
        if (field.number() == kOldStatusField && field.type() == google::protobuf::UnknownField::TYPE_VARINT)
            status = field.varint();
        if (field.number() == kOldErrorMessageField &&
            field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
            message = field.length_delimited().substr(0, kMaxReasonBytes);
    }
    if (status == 0) return {};
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("{} failed in the process, GseResponse status {}: {}", callback, status, message));
}

Result<void> to_result(const grpc::Status& status, const pb::GseResponse& response, const char* callback,
                       std::uint16_t port, Millis timeout) {
    using enum grpc::StatusCode;
    const std::string reason = status.error_message().substr(0, kMaxReasonBytes);
    switch (status.error_code()) {
        case OK: return check_old_form(response, callback);
        case DEADLINE_EXCEEDED:
            return refuse(ErrorCode::Unavailable,
                          fmt::format("{} was not answered within {} ms on port {}", callback, timeout.count(), port));
        case UNAVAILABLE:
        case CANCELLED:
            return refuse(ErrorCode::Unavailable,
                          fmt::format("{} did not reach the process on 127.0.0.1:{}: {}", callback, port, reason));
        case UNIMPLEMENTED:
            return refuse(
                ErrorCode::FailedOperation,
                fmt::format("the server on 127.0.0.1:{} does not offer {}: is it the grpcPort of ProcessReady?", port,
                            callback));
        default:
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} failed in the process, gRPC code {}: {}", callback,
                                      static_cast<int>(status.error_code()), reason));
    }
}

}  // namespace

/// gRPC's callback threads must not destroy the last channel: it stops those threads and waits for them, and so for
/// itself (gRPC 1.51: a double free). So the end of a call only retires it, and a thread of ours destroys it.
class GameClient::Impl {
public:
    Impl() : reaper_([this] { reap(); }) {}

    template <class Request, class Response, class Start, class Finish>
    void call(std::uint16_t port, Millis timeout, Request request, Start start, Finish finish);
    void forget(std::uint16_t port);
    void stop();

private:
    struct Open {
        virtual ~Open() = default;
        grpc::ClientContext context;
        std::shared_ptr<grpc::Channel> channel;
        std::unique_ptr<Service::Stub> stub;
    };

    std::shared_ptr<grpc::Channel> channel_of_locked(std::uint16_t port);
    void drop_if_suspect(std::uint16_t port, const grpc::Status& status, const Open& call);
    void retire(Open* call);
    void reap();

    std::mutex mutex_;
    std::condition_variable idle_;
    bool stopping_ = false;
    std::unordered_map<std::uint16_t, std::shared_ptr<grpc::Channel>> channels_;
    std::unordered_map<Open*, std::shared_ptr<Open>> open_;
    std::vector<std::shared_ptr<void>> retired_;  // calls and channels, for the reaper
    std::condition_variable retired_changed_;
    std::thread reaper_;  // last: uses all of the above
};

template <class Request, class Response, class Start, class Finish>
void GameClient::Impl::call(std::uint16_t port, Millis timeout, Request request, Start start, Finish finish) {
    struct Call : Open {
        Request request;
        Response response;
        Finish finish;
        Call(Request r, Finish f) : request(std::move(r)), finish(std::move(f)) {}
    };
    auto owner = std::make_shared<Call>(std::move(request), std::move(finish));
    Call* const call = owner.get();
    const char* refusal = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            refusal = "the agent is stopping";
        } else if (open_.size() >= kMaxOpenCalls) {
            refusal = "too many callbacks are open";
        } else {
            call->channel = channel_of_locked(port);
            open_.emplace(call, std::move(owner));
        }
    }
    if (refusal) return call->finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, refusal), call->response);

    call->stub = Service::NewStub(call->channel);
    call->context.set_deadline(std::chrono::system_clock::now() + timeout);
    start(*call->stub->async(), &call->context, &call->request, &call->response,
          [this, port, call](const grpc::Status& status) {
              drop_if_suspect(port, status, *call);  // before `done`, which may call the process's successor
              call->finish(status, call->response);
              retire(call);
          });
}

std::shared_ptr<grpc::Channel> GameClient::Impl::channel_of_locked(std::uint16_t port) {
    if (const auto found = channels_.find(port); found != channels_.end()) return found->second;
    if (channels_.size() >= kMaxChannels) {
        for (auto& [number, channel] : channels_) retired_.push_back(std::move(channel));
        channels_.clear();
        retired_changed_.notify_all();
    }
    grpc::ChannelArguments arguments;
    // Nothing is shared with an earlier process on the same port, least of all its waiting time after a failed connect.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
    auto channel =
        grpc::CreateCustomChannel(fmt::format("127.0.0.1:{}", port), grpc::InsecureChannelCredentials(), arguments);
    channels_.emplace(port, channel);
    return channel;
}

void GameClient::Impl::drop_if_suspect(std::uint16_t port, const grpc::Status& status, const Open& call) {
    using enum grpc::StatusCode;
    const auto code = status.error_code();
    if (code != UNAVAILABLE && code != DEADLINE_EXCEEDED && code != CANCELLED) return;
    const std::lock_guard lock(mutex_);
    const auto found = channels_.find(port);
    // The call keeps the channel alive until it is reaped.
    if (found != channels_.end() && found->second == call.channel) channels_.erase(found);
}

void GameClient::Impl::retire(Open* call) {
    const std::lock_guard lock(mutex_);
    retired_.push_back(std::move(open_.extract(call).mapped()));
    retired_changed_.notify_all();
    if (open_.empty()) idle_.notify_all();
}

void GameClient::Impl::reap() {
    std::unique_lock lock(mutex_);
    while (!stopping_ || !open_.empty() || !retired_.empty()) {
        retired_changed_.wait(lock, [this] { return !retired_.empty() || (stopping_ && open_.empty()); });
        auto retired = std::exchange(retired_, {});
        lock.unlock();
        retired.clear();
        lock.lock();
    }
}

void GameClient::Impl::forget(std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    auto node = channels_.extract(port);
    if (!node) return;
    retired_.push_back(std::move(node.mapped()));
    retired_changed_.notify_all();
}

void GameClient::Impl::stop() {
    std::vector<std::shared_ptr<Open>> open;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const auto& [call, owner] : open_) open.push_back(owner);
        for (auto& [port, channel] : channels_) retired_.push_back(std::move(channel));
        channels_.clear();
        retired_changed_.notify_all();
    }
    for (const auto& call : open) call->context.TryCancel();  // may run a `done` at once, so without the lock
    {
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [this] { return open_.empty(); });
        retired_changed_.notify_all();
    }
    if (reaper_.joinable()) reaper_.join();
}

GameClient::GameClient() : impl_(std::make_unique<Impl>()) {}

GameClient::~GameClient() { stop(); }

void GameClient::health_check(std::uint16_t grpc_port, Millis timeout, std::move_only_function<void(bool)> done) {
    impl_->call<pb::HealthCheckRequest, pb::HealthCheckResponse>(
        grpc_port, timeout, {},
        [](auto& stub, auto* context, auto* request, auto* response, auto then) {
            stub.OnHealthCheck(context, request, response, std::move(then));
        },
        [done = std::move(done)](const grpc::Status& status, const pb::HealthCheckResponse& response) mutable {
            done(status.ok() && response.healthstatus());
        });
}

void GameClient::start_session(std::uint16_t grpc_port, const link::StartSession& session, Millis timeout,
                               std::move_only_function<void(Result<void>)> done) {
    pb::StartGameServerSessionRequest start;
    auto& out = *start.mutable_gameserversession();
    out.set_gameserversessionid(session.session_id);
    out.set_fleetid(session.fleet_id);
    out.set_name(session.name);
    out.set_maxplayers(static_cast<std::int32_t>(std::min<std::uint32_t>(session.max_players, INT32_MAX)));
    out.set_joinable(session.joinable);
    for (const auto& [key, value] : session.properties) {
        auto& property = *out.add_gameproperties();
        property.set_key(key);
        property.set_value(value);
    }
    out.set_port(session.port);
    out.set_ipaddress(session.address);
    out.set_gameserversessiondata(session.session_data);
    out.set_matchmakerdata(session.matchmaker_data);
    out.set_dnsname(session.dns_name);

    impl_->call<pb::StartGameServerSessionRequest, pb::GseResponse>(
        grpc_port, timeout, std::move(start),
        [](auto& stub, auto* context, auto* request, auto* response, auto then) {
            stub.OnStartGameServerSession(context, request, response, std::move(then));
        },
        [done = std::move(done), grpc_port, timeout](const grpc::Status& status,
                                                     const pb::GseResponse& response) mutable {
            constexpr const char* kName = "OnStartGameServerSession";
            done(to_result(status, response, kName, grpc_port, timeout));
        });
}

void GameClient::terminate(std::uint16_t grpc_port, std::int64_t termination_time_unix_s, Millis timeout,
                           std::move_only_function<void(Result<void>)> done) {
    pb::ProcessTerminateRequest terminate;
    terminate.set_terminationtime(termination_time_unix_s);
    impl_->call<pb::ProcessTerminateRequest, pb::GseResponse>(
        grpc_port, timeout, std::move(terminate),
        [](auto& stub, auto* context, auto* request, auto* response, auto then) {
            stub.OnProcessTerminate(context, request, response, std::move(then));
        },
        [done = std::move(done), grpc_port, timeout](const grpc::Status& status,
                                                     const pb::GseResponse& response) mutable {
            constexpr const char* kName = "OnProcessTerminate";
            done(to_result(status, response, kName, grpc_port, timeout));
        });
}

void GameClient::forget(std::uint16_t grpc_port) { impl_->forget(grpc_port); }

void GameClient::stop() { impl_->stop(); }

}  // namespace gse::agent
