// The game-server protocol is a contract with programs that were compiled years ago against the original .proto
// files. This table is the original's descriptors; the compiled ones must equal it, nothing more and nothing less.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "GameServerGrpcSdkService.pb.h"
#include "GseGrpcSdkService.pb.h"

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

const FileDescriptor* agent_file() { return tencentcloud::gse::grpcsdk::ProcessReadyRequest::descriptor()->file(); }
const FileDescriptor* game_file() { return tencentcloud::gse::grpcsdk::HealthCheckRequest::descriptor()->file(); }

/// `logPathsToUpload = 1: repeated string`, `[]` after the type where repeated; messages by full name.
std::string describe(const FieldDescriptor& field) {
    std::string type = field.message_type() ? std::string(field.message_type()->full_name()) : field.type_name();
    std::string text = std::to_string(field.number()) + " " + std::string(field.name()) + " " + type;
    if (field.is_repeated()) text += "[]";
    if (field.has_presence() && !field.message_type()) text += " with presence";
    if (field.containing_oneof()) text += " in a oneof";
    return text;
}

std::vector<std::string> describe(const FileDescriptor& file) {
    std::vector<std::string> lines;
    for (int s = 0; s < file.service_count(); ++s) {
        const auto& service = *file.service(s);
        for (int m = 0; m < service.method_count(); ++m) {
            const auto& method = *service.method(m);
            lines.push_back("/" + std::string(service.full_name()) + "/" + std::string(method.name()) + " " +
                            (method.client_streaming() ? "stream " : "") + std::string(method.input_type()->name()) +
                            " -> " + (method.server_streaming() ? "stream " : "") +
                            std::string(method.output_type()->full_name()));
        }
    }
    for (int m = 0; m < file.message_type_count(); ++m) {
        const auto& message = *file.message_type(m);
        lines.push_back(std::string(message.full_name()));
        EXPECT_EQ(message.nested_type_count(), 0) << message.full_name();
        EXPECT_EQ(message.enum_type_count(), 0) << message.full_name();
        EXPECT_EQ(message.reserved_range_count(), 0) << message.full_name();
        for (int f = 0; f < message.field_count(); ++f) lines.push_back("  " + describe(*message.field(f)));
    }
    EXPECT_EQ(file.enum_type_count(), 0);
    return lines;
}

#define P "tencentcloud.gse.grpcsdk."
#define A "/" P "GseGrpcSdkService/"
#define G "/" P "GameServerGrpcSdkService/"

TEST(Descriptors, AgentServiceIsTheOriginals) {
    EXPECT_EQ(agent_file()->name(), "GseGrpcSdkService.proto");
    EXPECT_EQ(agent_file()->package(), "tencentcloud.gse.grpcsdk");
    EXPECT_EQ(agent_file()->syntax(), FileDescriptor::SYNTAX_PROTO3);
    EXPECT_EQ(agent_file()->dependency_count(), 0);
    EXPECT_EQ(agent_file()->service_count(), 1);
    EXPECT_THAT(describe(*agent_file()),
                testing::ElementsAreArray({
                    A "ProcessReady ProcessReadyRequest -> " P "GseResponse",
                    A "ActivateGameServerSession ActivateGameServerSessionRequest -> " P "GseResponse",
                    A "AcceptPlayerSession AcceptPlayerSessionRequest -> " P "GseResponse",
                    A "RemovePlayerSession RemovePlayerSessionRequest -> " P "GseResponse",
                    A "DescribePlayerSessions DescribePlayerSessionsRequest -> " P "DescribePlayerSessionsResponse",
                    A "UpdatePlayerSessionCreationPolicy UpdatePlayerSessionCreationPolicyRequest -> " P "GseResponse",
                    A "TerminateGameServerSession TerminateGameServerSessionRequest -> " P "GseResponse",
                    A "ProcessEnding ProcessEndingRequest -> " P "GseResponse",
                    A "ReportCustomData ReportCustomDataRequest -> " P "GseResponse",
                    P "ProcessReadyRequest",
                    "  1 logPathsToUpload string[]",
                    "  2 clientPort int32",
                    "  3 grpcPort int32",
                    P "ActivateGameServerSessionRequest",
                    "  1 gameServerSessionId string",
                    "  2 maxPlayers int32",
                    P "AcceptPlayerSessionRequest",
                    "  1 gameServerSessionId string",
                    "  2 playerSessionId string",
                    P "RemovePlayerSessionRequest",
                    "  1 gameServerSessionId string",
                    "  2 playerSessionId string",
                    P "PlayerSession",
                    "  1 playerSessionId string",
                    "  2 playerId string",
                    "  3 gameServerSessionId string",
                    "  4 fleetId string",
                    "  5 ipAddress string",
                    "  6 status string",
                    "  7 creationTime int64",
                    "  8 terminationTime int64",
                    "  9 port int32",
                    "  10 playerData string",
                    "  11 dnsName string",
                    P "DescribePlayerSessionsRequest",
                    "  1 gameServerSessionId string",
                    "  2 playerId string",
                    "  3 playerSessionId string",
                    "  4 playerSessionStatusFilter string",
                    "  5 nextToken string",
                    "  6 limit int32",
                    P "DescribePlayerSessionsResponse",
                    "  1 nextToken string",
                    "  2 playerSessions " P "PlayerSession[]",
                    P "UpdatePlayerSessionCreationPolicyRequest",
                    "  1 gameServerSessionId string",
                    "  2 newPlayerSessionCreationPolicy string",
                    P "TerminateGameServerSessionRequest",
                    "  1 gameServerSessionId string",
                    P "ProcessEndingRequest",
                    P "ReportCustomDataRequest",
                    "  1 currentCustomCount int32",
                    "  2 maxCustomCount int32",
                    P "GseResponse",
                }));
}

TEST(Descriptors, GameServerServiceIsTheOriginals) {
    EXPECT_EQ(game_file()->name(), "GameServerGrpcSdkService.proto");
    EXPECT_EQ(game_file()->package(), "tencentcloud.gse.grpcsdk");
    EXPECT_EQ(game_file()->syntax(), FileDescriptor::SYNTAX_PROTO3);
    ASSERT_EQ(game_file()->dependency_count(), 1);
    EXPECT_EQ(game_file()->dependency(0), agent_file());
    EXPECT_EQ(game_file()->service_count(), 1);
    EXPECT_THAT(describe(*game_file()),
                testing::ElementsAreArray({
                    G "OnHealthCheck HealthCheckRequest -> " P "HealthCheckResponse",
                    G "OnStartGameServerSession StartGameServerSessionRequest -> " P "GseResponse",
                    G "OnProcessTerminate ProcessTerminateRequest -> " P "GseResponse",
                    P "HealthCheckRequest",
                    P "HealthCheckResponse",
                    "  1 healthStatus bool",
                    P "GameProperty",
                    "  1 key string",
                    "  2 value string",
                    P "GameServerSession",
                    "  1 gameServerSessionId string",
                    "  2 fleetId string",
                    "  3 name string",
                    "  4 maxPlayers int32",
                    "  5 joinable bool",
                    "  6 gameProperties " P "GameProperty[]",
                    "  7 port int32",
                    "  8 ipAddress string",
                    "  9 gameServerSessionData string",
                    "  10 matchmakerData string",
                    "  11 dnsName string",
                    P "StartGameServerSessionRequest",
                    "  1 gameServerSession " P "GameServerSession",
                    P "ProcessTerminateRequest",
                    "  1 terminationTime int64",
                }));
}

TEST(Descriptors, EveryFieldKeepsTheDefaultJsonName) {
    for (const FileDescriptor* file : {agent_file(), game_file()})
        for (int m = 0; m < file->message_type_count(); ++m)
            for (int f = 0; f < file->message_type(m)->field_count(); ++f) {
                const FieldDescriptor& field = *file->message_type(m)->field(f);
                EXPECT_EQ(field.json_name(), field.name());
            }
}

}  // namespace
