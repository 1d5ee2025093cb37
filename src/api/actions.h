/// Every action of this version, as a function from request to response on the owner's thread. Handlers know nothing of
/// the wire: the gateway decodes and validates before them, and encodes behind them.
/// An action of the model without a handle() here does not compile.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/model.h"
#include "base/result.h"
#include "core/step.h"
#include "engine/key_book.h"
#include "objects/bucket_rules.h"
#include "objects/object_auth.h"
#include "objects/object_store.h"
#include "objects/temporary_keys.h"

namespace gse::api {

class RateLimiter;

/// A key as it is once the change is durable.
struct KeyChange {
    engine::LiveKey key;
    bool removed = false;
};

/// What handlers may use besides the state; constant while the server runs.
struct Services {
    const objects::ObjectAuth& object_auth;
    std::string token_secret;                      ///< signs NextToken
    std::string public_url;                        ///< of this server, for log URLs: `http://127.0.0.1:8080`
    objects::BucketRules* bucket_rules = nullptr;  ///< told of new rules once they are durable; null: nobody asks
    engine::KeyBook* keys = nullptr;               ///< told of changed keys once they are durable; null: there are none
    RateLimiter* rates = nullptr;                  ///< asked by the gateway; null: no limits
    std::string authority_sha256 = {};             ///< of the certificate authority of hosts, in hex; "": there is none
    std::function<std::string()> link_address = {};  ///< where agents dial, `host:port`; the host may be empty
    bool agent_inside = false;  ///< a host that is connected without a certificate is the agent inside this process
    Millis upload_valid{3'600'000};
    Millis log_url_valid{3'600'000};
};

/// One call.
struct Scope {
    core::Step& step;
    const Services& services;
    std::string_view region;
    std::string_view request_id;
    std::string_view secret_id;
    std::optional<objects::ObjectInfo> package;      ///< CreateAsset: the upload, already pinned under its hash
    std::string unpinned;                            ///< out: hash of a package that this call no longer needs
    std::optional<objects::BucketRule> bucket_rule;  ///< out: a bucket's new rule, in force once it is durable

    std::optional<KeyChange> key_change = {};  ///< out: an access key, in force once it is durable
    bool local = false;                        ///< came unsigned from this machine: games started by hand may serve it

    [[nodiscard]] core::State& state() const { return step.state; }
};

/// Where a region's packages are uploaded to.
[[nodiscard]] std::string upload_bucket(const Settings& settings, std::string_view region);
/// Whether uploads go there, of whatever region.
[[nodiscard]] bool is_upload_bucket(const Settings& settings, std::string_view bucket);
/// Where registered packages stay, by hash: a later upload under the same key changes no asset.
inline constexpr std::string_view kPackageBucket = "packages";
/// Where logs of instances and sessions are put.
inline constexpr std::string_view kLogBucket = "logs";

#define GSE_ACTION(Name) Result<Name##Response> handle(Scope& scope, const Name##Request& request)

// Assets
GSE_ACTION(GetUploadCredentials);
GSE_ACTION(GetUploadFederationToken);
GSE_ACTION(CreateAsset);
GSE_ACTION(CreateAssetWithImage);
GSE_ACTION(DescribeAsset);
GSE_ACTION(DescribeAssets);
GSE_ACTION(DescribeAssetSystems);
GSE_ACTION(UpdateAsset);
GSE_ACTION(DeleteAsset);
GSE_ACTION(UpdateBucketCORSOpt);
GSE_ACTION(UpdateBucketAccelerateOpt);

// Fleets
GSE_ACTION(CreateFleet);
GSE_ACTION(CopyFleet);
GSE_ACTION(ListFleets);
GSE_ACTION(DescribeFleetAttributes);
GSE_ACTION(DescribeFleetEvents);
GSE_ACTION(DescribeFleetRelatedResources);
GSE_ACTION(DescribeFleetUtilization);
GSE_ACTION(DescribeRuntimeConfiguration);
GSE_ACTION(DeleteFleet);
GSE_ACTION(UpdateFleetAttributes);
GSE_ACTION(UpdateFleetName);
GSE_ACTION(UpdateFleetPortSettings);
GSE_ACTION(DescribeFleetPortSettings);
GSE_ACTION(UpdateRuntimeConfiguration);

// Instances
GSE_ACTION(DescribeInstances);
GSE_ACTION(DescribeInstancesExtend);
GSE_ACTION(DescribeInstanceTypes);
GSE_ACTION(DescribeInstanceLimit);
GSE_ACTION(SetServerWeight);
GSE_ACTION(SetServerReserved);
GSE_ACTION(GetInstanceAccess);

// Logs
GSE_ACTION(GetGameServerInstanceLogUrl);
GSE_ACTION(GetGameServerSessionLogUrl);

// Statistics
GSE_ACTION(DescribeFleetStatisticDetails);
GSE_ACTION(DescribeFleetStatisticFlows);
GSE_ACTION(DescribeFleetStatisticSummary);

// Capacity and scaling
GSE_ACTION(DescribeFleetCapacity);
GSE_ACTION(UpdateFleetCapacity);
GSE_ACTION(PutScalingPolicy);
GSE_ACTION(DescribeScalingPolicies);
GSE_ACTION(DeleteScalingPolicy);
GSE_ACTION(StartFleetActions);
GSE_ACTION(StopFleetActions);
GSE_ACTION(DrainFleet);
GSE_ACTION(UndrainFleet);
GSE_ACTION(DescribeFleetDrain);

// Timed policies
GSE_ACTION(PutTimerScalingPolicy);
GSE_ACTION(DescribeTimerScalingPolicies);
GSE_ACTION(DeleteTimerScalingPolicy);

// Quotas
GSE_ACTION(DescribeUserQuota);
GSE_ACTION(DescribeUserQuotas);

// CCN
GSE_ACTION(AttachCcnInstances);
GSE_ACTION(DescribeCcnInstances);
GSE_ACTION(DetachCcnInstances);

// Aliases
GSE_ACTION(CreateAlias);
GSE_ACTION(DescribeAlias);
GSE_ACTION(ListAliases);
GSE_ACTION(UpdateAlias);
GSE_ACTION(DeleteAlias);
GSE_ACTION(ResolveAlias);

// Game server sessions and player sessions
GSE_ACTION(CreateGameServerSession);
GSE_ACTION(DescribeGameServerSessions);
GSE_ACTION(DescribeGameServerSessionDetails);
GSE_ACTION(SearchGameServerSessions);
GSE_ACTION(UpdateGameServerSession);
GSE_ACTION(EndGameServerSessionAndProcess);
GSE_ACTION(JoinGameServerSession);
GSE_ACTION(JoinGameServerSessionBatch);
GSE_ACTION(DescribePlayerSessions);

// Access keys (extensions)
GSE_ACTION(CreateAccessKey);
GSE_ACTION(ListAccessKeys);
GSE_ACTION(UpdateAccessKey);
GSE_ACTION(DeleteAccessKey);

// Hosts (extensions)
GSE_ACTION(ListHosts);
GSE_ACTION(UpdateHost);
GSE_ACTION(RemoveHost);
GSE_ACTION(CreateHostToken);
GSE_ACTION(ListHostTokens);
GSE_ACTION(DeleteHostToken);

// Server processes (extensions)
GSE_ACTION(DescribeServerProcesses);
GSE_ACTION(EndServerProcess);

// Queues and placements
GSE_ACTION(CreateGameServerSessionQueue);
GSE_ACTION(DescribeGameServerSessionQueues);
GSE_ACTION(UpdateGameServerSessionQueue);
GSE_ACTION(DeleteGameServerSessionQueue);
GSE_ACTION(StartGameServerSessionPlacement);
GSE_ACTION(DescribeGameServerSessionPlacement);
GSE_ACTION(StopGameServerSessionPlacement);

// Extensions
GSE_ACTION(DescribeMetrics);
GSE_ACTION(DescribePlacementDecision);
GSE_ACTION(WaitGameServerSessionPlacement);
GSE_ACTION(DescribeAliasHistory);
GSE_ACTION(RollbackAlias);
GSE_ACTION(TagResource);
GSE_ACTION(UntagResource);

#undef GSE_ACTION

}  // namespace gse::api
