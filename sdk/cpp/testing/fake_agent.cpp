#include "testing/fake_agent.h"

#include <chrono>
#include <stdexcept>

namespace gse::sdk::testing {

namespace wire = tencentcloud::gse::grpcsdk;

FakeAgent::FakeAgent() { restart(); }

FakeAgent::~FakeAgent() { stop(); }

void FakeAgent::answer_with(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
}

void FakeAgent::stop() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    server_->Wait();
    server_.reset();
}

void FakeAgent::restart() {
    stop();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address_, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0) throw std::runtime_error("the fake agent cannot listen on " + address_);
    address_ = "127.0.0.1:" + std::to_string(port);
}

FakeAgent::Call FakeAgent::wait_for(const std::string& prefix, int count) {
    std::unique_lock lock(mutex_);
    Call found;
    changed_.wait_for(lock, std::chrono::seconds(10), [&] {
        int left = count;
        for (const Call& call : calls_)
            if (call.text.starts_with(prefix) && --left == 0) {
                found = call;
                return true;
            }
        return false;
    });
    return found;
}

std::vector<FakeAgent::Call> FakeAgent::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::vector<std::string> FakeAgent::texts() const {
    std::vector<std::string> texts;
    for (const Call& call : calls()) texts.push_back(call.text);
    return texts;
}

int FakeAgent::client_port() const {
    const std::lock_guard lock(mutex_);
    return client_port_;
}

int FakeAgent::grpc_port() const {
    const std::lock_guard lock(mutex_);
    return grpc_port_;
}

grpc::Status FakeAgent::record(const Context& context, std::string text) {
    const auto metadata = [&](const char* key) {
        const auto found = context.client_metadata().find(key);
        return found == context.client_metadata().end() ? std::string()
                                                        : std::string(found->second.data(), found->second.size());
    };
    Call call{std::move(text), metadata("pid"), metadata("requestid")};
    Answer answer;
    {
        const std::lock_guard lock(mutex_);
        calls_.push_back(call);
        answer = answer_;
    }
    changed_.notify_all();
    return answer ? answer(call) : grpc::Status::OK;
}

grpc::Status FakeAgent::ProcessReady(Context* context, const wire::ProcessReadyRequest* request, Done) {
    {
        const std::lock_guard lock(mutex_);
        client_port_ = request->clientport();
        grpc_port_ = request->grpcport();
    }
    std::string text = "ProcessReady";
    for (const std::string& path : request->logpathstoupload()) text += " " + path;
    return record(*context, text);
}

grpc::Status FakeAgent::ActivateGameServerSession(Context* context,
                                                  const wire::ActivateGameServerSessionRequest* request, Done) {
    return record(*context, "ActivateGameServerSession " + request->gameserversessionid() + " " +
                                std::to_string(request->maxplayers()));
}

grpc::Status FakeAgent::AcceptPlayerSession(Context* context, const wire::AcceptPlayerSessionRequest* request, Done) {
    return record(*context, "AcceptPlayerSession " + request->gameserversessionid() + " " + request->playersessionid());
}

grpc::Status FakeAgent::RemovePlayerSession(Context* context, const wire::RemovePlayerSessionRequest* request, Done) {
    return record(*context, "RemovePlayerSession " + request->gameserversessionid() + " " + request->playersessionid());
}

grpc::Status FakeAgent::DescribePlayerSessions(Context* context, const wire::DescribePlayerSessionsRequest* request,
                                               wire::DescribePlayerSessionsResponse* response) {
    const grpc::Status status =
        record(*context, "DescribePlayerSessions " + request->gameserversessionid() + " " + request->playerid() + "|" +
                             request->playersessionid() + "|" + request->playersessionstatusfilter() + "|" +
                             request->nexttoken() + "|" + std::to_string(request->limit()));
    wire::PlayerSession* player = response->add_playersessions();
    player->set_playersessionid("psess-1");
    player->set_playerid("alice");
    player->set_gameserversessionid(request->gameserversessionid());
    player->set_fleetid("fleet-1");
    player->set_ipaddress("203.0.113.9");
    player->set_status("ACTIVE");
    player->set_creationtime(1600000000);
    player->set_port(7001);
    player->set_playerdata("blue");
    player->set_dnsname("game.example");
    response->set_nexttoken("more");
    return status;
}

grpc::Status FakeAgent::UpdatePlayerSessionCreationPolicy(Context* context,
                                                          const wire::UpdatePlayerSessionCreationPolicyRequest* request,
                                                          Done) {
    return record(*context, "UpdatePlayerSessionCreationPolicy " + request->gameserversessionid() + " " +
                                request->newplayersessioncreationpolicy());
}

grpc::Status FakeAgent::TerminateGameServerSession(Context* context,
                                                   const wire::TerminateGameServerSessionRequest* request, Done) {
    return record(*context, "TerminateGameServerSession " + request->gameserversessionid());
}

grpc::Status FakeAgent::ProcessEnding(Context* context, const wire::ProcessEndingRequest*, Done) {
    return record(*context, "ProcessEnding");
}

grpc::Status FakeAgent::ReportCustomData(Context* context, const wire::ReportCustomDataRequest* request, Done) {
    return record(*context, "ReportCustomData " + std::to_string(request->currentcustomcount()) + " " +
                                std::to_string(request->maxcustomcount()));
}

std::unique_ptr<wire::GameServerGrpcSdkService::Stub> FakeAgent::game() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return wire::GameServerGrpcSdkService::NewStub(grpc::CreateCustomChannel(
        "127.0.0.1:" + std::to_string(grpc_port()), grpc::InsecureChannelCredentials(), arguments));
}

namespace {
void give_ten_seconds(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
}
}  // namespace

grpc::Status FakeAgent::start_session(const std::string& session_id, int max_players) {
    wire::StartGameServerSessionRequest request;
    wire::GameServerSession& session = *request.mutable_gameserversession();
    session.set_gameserversessionid(session_id);
    session.set_fleetid("fleet-1");
    session.set_name("a match");
    session.set_maxplayers(max_players);
    session.set_joinable(true);
    auto* property = session.add_gameproperties();
    property->set_key("map");
    property->set_value("harbour");
    session.set_port(client_port());
    session.set_ipaddress("203.0.113.9");
    session.set_gameserversessiondata("data");
    session.set_matchmakerdata("{}");
    session.set_dnsname("game.example");
    grpc::ClientContext context;
    give_ten_seconds(context);
    wire::GseResponse response;
    return game()->OnStartGameServerSession(&context, request, &response);
}

grpc::Status FakeAgent::terminate(std::int64_t deadline) {
    wire::ProcessTerminateRequest request;
    request.set_terminationtime(deadline);
    grpc::ClientContext context;
    give_ten_seconds(context);
    wire::GseResponse response;
    return game()->OnProcessTerminate(&context, request, &response);
}

grpc::Status FakeAgent::health(bool& healthy) {
    grpc::ClientContext context;
    give_ten_seconds(context);
    wire::HealthCheckResponse response;
    const grpc::Status status = game()->OnHealthCheck(&context, {}, &response);
    healthy = response.healthstatus();
    return status;
}

}  // namespace gse::sdk::testing
