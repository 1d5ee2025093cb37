/// The door of GSE's own gRPC protocol: the SDK server that games call, and the callbacks into them.
#pragma once

#include "agent/door.h"
#include "agent/grpc_door/game_client.h"
#include "agent/grpc_door/sdk_server.h"

namespace gse::agent {

class GrpcDoor final : public Door {
public:
    explicit GrpcDoor(SdkServerOptions options) : server_(std::move(options)) {}

    /// See SdkServer::start.
    Result<std::uint16_t> start(CallHandler& handler) { return server_.start(handler); }
    /// Ends open calls in both directions; no call and no `done` comes afterwards. Not from within one. Idempotent.
    void stop();
    void health_check(std::uint16_t grpc_port, Millis timeout,
                      std::move_only_function<void(bool healthy)> done) override;
    void start_session(std::uint16_t grpc_port, const link::StartSession& session, Millis timeout,
                       std::move_only_function<void(Result<void>)> done) override;
    void terminate(std::uint16_t grpc_port, std::int64_t termination_time_unix_s, Millis timeout,
                   std::move_only_function<void(Result<void>)> done) override;
    void forget(std::uint16_t grpc_port) override { client_.forget(grpc_port); }

private:
    SdkServer server_;
    GameClient client_;
};

}  // namespace gse::agent
