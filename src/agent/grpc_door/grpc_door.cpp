#include "agent/grpc_door/grpc_door.h"

#include <utility>

namespace gse::agent {

void GrpcDoor::stop() {
    client_.stop();
    server_.stop();
}

void GrpcDoor::health_check(std::uint16_t grpc_port, Millis timeout, std::move_only_function<void(bool healthy)> done) {
    client_.health_check(grpc_port, timeout, std::move(done));
}

void GrpcDoor::start_session(std::uint16_t grpc_port, const link::StartSession& session, Millis timeout,
                             std::move_only_function<void(Result<void>)> done) {
    client_.start_session(grpc_port, session, timeout, std::move(done));
}

void GrpcDoor::terminate(std::uint16_t grpc_port, std::int64_t termination_time_unix_s, Millis timeout,
                         std::move_only_function<void(Result<void>)> done) {
    client_.terminate(grpc_port, termination_time_unix_s, timeout, std::move(done));
}

}  // namespace gse::agent
