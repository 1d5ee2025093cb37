/// A door is one protocol that a game process may speak with the agent. GSE's gRPC protocol is the first; others
/// (Agones' SDK, GameLift's server SDK) implement the same two interfaces and touch nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "model/link_messages.h"

namespace gse::agent {

/// Who called: what it claims and where the connection really comes from.
struct Caller {
    std::int64_t claimed_pid = 0;  ///< metadata `pid`; 0 when absent
    std::string peer_address;      ///< `127.0.0.1`
    std::uint16_t peer_port = 0;   ///< the caller's own port of this connection
    std::string request_id;        ///< metadata `requestId`, "" when absent
};

using CallBody = decltype(link::SdkCall::call);
using Reply = std::move_only_function<void(link::SdkReply)>;

/// Process → agent. Implemented by the supervisor; thread-safe; never blocks. `reply` is called exactly once, from any
/// thread, at the latest after timers.sdk_call (then with CallStatus::Unavailable).
class CallHandler {
public:
    virtual ~CallHandler() = default;
    virtual void on_call(Caller caller, CallBody call, Reply reply) = 0;
};

/// Agent → process. Thread-safe; never blocks; each `done` is called exactly once, from any thread, no later than
/// `timeout`. A process may call back into the agent before its callback has returned: no lock is held over a callback.
class Door {
public:
    virtual ~Door() = default;
    virtual void health_check(std::uint16_t grpc_port, Millis timeout,
                              std::move_only_function<void(bool healthy)> done) = 0;
    virtual void start_session(std::uint16_t grpc_port, const link::StartSession& session, Millis timeout,
                               std::move_only_function<void(Result<void>)> done) = 0;
    virtual void terminate(std::uint16_t grpc_port, std::int64_t termination_time_unix_s, Millis timeout,
                           std::move_only_function<void(Result<void>)> done) = 0;
    /// The process on this port is gone: what is kept for talking to it may go, too.
    virtual void forget(std::uint16_t grpc_port) = 0;
};

}  // namespace gse::agent
