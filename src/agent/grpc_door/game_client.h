/// Agent → process: the three callbacks of GameServerGrpcSdkService.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "model/link_messages.h"

namespace gse::agent {

/// Calls 127.0.0.1:<grpc_port>. Thread-safe, never blocks. Each `done` is called exactly once, without any lock held,
/// possibly before the call returns. Refusals: Unavailable when the process cannot be reached or is late,
/// FailedOperation when it answered with a failure: an error status, or a GseResponse of the form of 2020 whose
/// `status` is not OK [通用 API].
class GameClient {
public:
    GameClient();
    /// Stops.
    ~GameClient();
    GameClient(const GameClient&) = delete;
    GameClient& operator=(const GameClient&) = delete;

    void health_check(std::uint16_t grpc_port, Millis timeout, std::move_only_function<void(bool)> done);
    void start_session(std::uint16_t grpc_port, const link::StartSession& session, Millis timeout,
                       std::move_only_function<void(Result<void>)> done);
    void terminate(std::uint16_t grpc_port, std::int64_t termination_time_unix_s, Millis timeout,
                   std::move_only_function<void(Result<void>)> done);

    /// The process on this port is gone; its connection need not be kept.
    void forget(std::uint16_t grpc_port);
    /// Ends every open call with Unavailable and waits until each `done` has returned. Not from within a `done` or a
    /// call of a game. Idempotent.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::agent
