// A game outside the tree. Without an agent it must say so, which proves that headers, library and its dependencies
// arrived with the package.
#include <gse/sdk/game_server.h>

#include <iostream>

#if __has_include(<gse/sdk/GseGrpcSdkService.pb.h>) || defined(GRPC_STATUS_H) || defined(GRPCPP_GRPCPP_H)
#error "gRPC must stay inside the library"
#endif

int main() {
    gse::sdk::Options options;
    options.agent_address = "127.0.0.1:1";  // nobody may listen there
    options.ready_timeout = std::chrono::milliseconds(100);
    gse::sdk::GameServer server({}, options);
    const gse::sdk::Outcome<> ready = server.process_ready(7001);
    if (ready || server.grpc_port() == 0) return 1;
    std::cout << "no agent: " << ready.error().message << "\n";
    return 0;
}
