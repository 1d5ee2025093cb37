/// Process → agent: GseGrpcSdkService, the nine calls of a game server process.
///
/// Every call needs the metadata `pid` (decimal process id); without it, and with anything that could not be passed on,
/// it gets INVALID_ARGUMENT. Success is an empty GseResponse; a refusal is a gRPC status:
///
///   CallStatus::InvalidArgument → INVALID_ARGUMENT     FailedPrecondition → FAILED_PRECONDITION
///   CallStatus::NotFound        → NOT_FOUND            Unavailable        → UNAVAILABLE (the same call may be tried
///   again) CallStatus::Internal        → INTERNAL
///
/// Times in PlayerSession are Unix seconds, the end 0 while it is open: the original's documents name no unit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/door.h"
#include "base/result.h"

namespace gse::agent {

struct SdkServerOptions {
    /// The original's address, compiled into its games [proto 文件]. Loopback only: callers are known by their pid, so
    /// they must be on this machine. Port 0 lets the kernel choose.
    std::string listen = "127.0.0.1:5758";
    std::size_t open_calls_max = 4096;  ///< beyond it: UNAVAILABLE
    Millis stop_timeout{2'000};
};

class SdkServer {
public:
    explicit SdkServer(SdkServerOptions options);
    /// Stops.
    ~SdkServer();
    SdkServer(const SdkServer&) = delete;
    SdkServer& operator=(const SdkServer&) = delete;

    /// Listens, once; the port it listens on. `handler` outlives stop(), and is called from gRPC's threads without any
    /// lock held. A reply that is dropped instead of called answers INTERNAL.
    Result<std::uint16_t> start(CallHandler& handler);
    /// Answers open calls with UNAVAILABLE; later replies are ignored. No call reaches the handler afterwards.
    /// Idempotent.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::agent
