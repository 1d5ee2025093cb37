/// An agent without a cloud behind it, in the test's own process: records every call a game makes, answers as told,
/// and makes the callbacks. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "GameServerGrpcSdkService.grpc.pb.h"
#include "GseGrpcSdkService.grpc.pb.h"

namespace gse::sdk::testing {

class FakeAgent final : private tencentcloud::gse::grpcsdk::GseGrpcSdkService::Service {
public:
    struct Call {
        std::string text;  ///< `AcceptPlayerSession qcs::… psess-1`
        std::string pid;
        std::string request_id;
    };
    /// Decides the answer to a call; runs on the call's thread, under no lock.
    using Answer = std::function<grpc::Status(const Call&)>;

    FakeAgent();
    ~FakeAgent() override;

    /// `127.0.0.1:port`; the same after restart().
    const std::string& address() const { return address_; }
    void answer_with(Answer answer);
    void stop();
    void restart();

    /// Waits until a call whose text starts with `prefix` has come, at most ten seconds; empty text: it did not.
    Call wait_for(const std::string& prefix, int count = 1);
    std::vector<Call> calls() const;
    /// Only the texts.
    std::vector<std::string> texts() const;

    /// What the game said in ProcessReady.
    int client_port() const;
    int grpc_port() const;

    grpc::Status start_session(const std::string& session_id, int max_players = 10);
    /// `deadline` in Unix seconds; 0: none.
    grpc::Status terminate(std::int64_t deadline);
    /// The status, or whether the game says that it is healthy.
    grpc::Status health(bool& healthy);

private:
    using Context = grpc::ServerContext;
    using Done = tencentcloud::gse::grpcsdk::GseResponse*;

    grpc::Status ProcessReady(Context*, const tencentcloud::gse::grpcsdk::ProcessReadyRequest*, Done) override;
    grpc::Status ActivateGameServerSession(Context*,
                                           const tencentcloud::gse::grpcsdk::ActivateGameServerSessionRequest*,
                                           Done) override;
    grpc::Status AcceptPlayerSession(Context*, const tencentcloud::gse::grpcsdk::AcceptPlayerSessionRequest*,
                                     Done) override;
    grpc::Status RemovePlayerSession(Context*, const tencentcloud::gse::grpcsdk::RemovePlayerSessionRequest*,
                                     Done) override;
    grpc::Status DescribePlayerSessions(Context*, const tencentcloud::gse::grpcsdk::DescribePlayerSessionsRequest*,
                                        tencentcloud::gse::grpcsdk::DescribePlayerSessionsResponse*) override;
    grpc::Status UpdatePlayerSessionCreationPolicy(
        Context*, const tencentcloud::gse::grpcsdk::UpdatePlayerSessionCreationPolicyRequest*, Done) override;
    grpc::Status TerminateGameServerSession(Context*,
                                            const tencentcloud::gse::grpcsdk::TerminateGameServerSessionRequest*,
                                            Done) override;
    grpc::Status ProcessEnding(Context*, const tencentcloud::gse::grpcsdk::ProcessEndingRequest*, Done) override;
    grpc::Status ReportCustomData(Context*, const tencentcloud::gse::grpcsdk::ReportCustomDataRequest*, Done) override;

    grpc::Status record(const Context& context, std::string text);
    std::unique_ptr<tencentcloud::gse::grpcsdk::GameServerGrpcSdkService::Stub> game() const;

    std::string address_ = "127.0.0.1:0";
    std::unique_ptr<grpc::Server> server_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Answer answer_;
    std::vector<Call> calls_;
    int client_port_ = 0;
    int grpc_port_ = 0;
};

}  // namespace gse::sdk::testing
