/// How an agent's channels to its server are made. Includes gRPC: for sources only.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "link/enrol_client.h"

namespace gse::link {

/// One connection of its own, never through a proxy. `tls` null: plain.
std::shared_ptr<grpc::Channel> dial(const std::string& server, const ClientTls* tls);

}  // namespace gse::link
