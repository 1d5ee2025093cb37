import type { ActionName, Actions, FleetDrain } from '../src/api/types';
import { type FakeFleet, kRegion, type World } from './world';

export class Refusal extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

const kMetrics: Record<string, string[]> = {
  FLEET: ['ActiveGameServerSessions', 'PercentAvailableGameServerSessions', 'CurrentPlayerSessions', 'ActiveInstances', 'NoInstances'],
  QUEUE: ['QueueDepth', 'PlacementsStarted', 'PlacementIn-ap-shanghai'],
  INSTANCE: ['CpuUsage', 'MemUsed'],
};

type Handlers = { [A in ActionName]?: (input: Actions[A]['input']) => Omit<Actions[A]['output'], 'RequestId'> };

const page = <T>(list: T[], offset = 0, limit = 20) => list.slice(offset, offset + limit);

/** What the tests need of the API, on a world in memory. */
export function actionsOf(world: World): Handlers {
  const fleetOf = (id: string | undefined): FakeFleet => {
    const fleet = world.fleets.find((one) => one.attributes.FleetId === id);
    if (!fleet) throw new Refusal('ResourceNotFound', `there is no fleet "${id}"`);
    return fleet;
  };
  const aliasOf = (id: string) => {
    const alias = world.aliases.find((one) => one.AliasId === id);
    if (!alias) throw new Refusal('ResourceNotFound', `there is no alias "${id}"`);
    return alias;
  };
  const hostOf = (id: string) => {
    const host = world.hosts.find((one) => one.HostId === id || one.Name === id);
    if (!host) throw new Refusal('ResourceNotFound', `there is no host "${id}"`);
    return host;
  };
  /** Sessions here take ten minutes as likely as not, and twenty at most. */
  const drainOf = ({ attributes: { FleetId }, instances, drain }: FakeFleet): FleetDrain => {
    const live = world.live(FleetId);
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
    return {
      FleetId,
      Status: !drain ? 'NONE' : live.length > 0 ? 'DRAINING' : 'DRAINED',
      StartTime: drain?.since ?? null,
      DenyJoins: drain?.denyJoins ?? false,
      DeadlineTime: drain?.deadline ?? null,
      DeleteWhenEmpty: drain?.deleteWhenEmpty ?? false,
      InstanceCount: instances.length,
      GameServerSessionCount: live.length,
      PlayerSessionCount: live.reduce((sum, one) => sum + one.CurrentPlayerSessionCount, 0),
      EstimatedTime: live.length > 0 ? at(10) : null,
      EstimatedTimeP90: live.length > 0 ? at(20) : null,
      LatestTime: drain?.deadline ?? null,
      SessionLengthP50Seconds: 600,
      SessionLengthP90Seconds: 1200,
      SessionLengthSamples: 240,
      Message: live.length > 0 ? `sessions: ${live.length}, instances: ${instances.length}` : 'the fleet is empty',
    };
  };
  const sessionOf = (id: string | undefined) => {
    const session = world.sessions.find((one) => one.GameServerSessionId === id);
    if (!session) throw new Refusal('ResourceNotFound', 'there is no such session');
    return session;
  };
  const fleetsOf = (ids: string[] | undefined) => (ids?.length ? world.fleets.filter((one) => ids.includes(one.attributes.FleetId)) : world.fleets);
  const sessionPage = (list: typeof world.sessions, input: { NextToken?: string; Limit?: number }) => {
    const begin = Number(input.NextToken ?? 0);
    const end = begin + (input.Limit ?? 20);
    return { GameServerSessions: list.slice(begin, end), NextToken: end < list.length ? String(end) : '' };
  };
  return {
    DescribeFleetAttributes: (input) => {
      const found = fleetsOf(input.FleetIds).map((one) => one.attributes);
      return { FleetAttributes: page(found, input.Offset, input.Limit), TotalCount: found.length };
    },
    DescribeFleetCapacity: (input) => ({
      FleetCapacity: fleetsOf(input.FleetIds).map((one) => ({
        FleetId: one.attributes.FleetId,
        InstanceType: one.attributes.InstanceType,
        ScalingInterval: one.interval,
        InstanceCounts: { Active: one.instances.length, Desired: one.desired, Idle: 0, MaxiNum: one.max, MiniNum: one.min, Pending: Math.max(0, one.desired - one.instances.length), Terminating: 0 },
      })),
      TotalCount: world.fleets.length,
    }),
    DescribeFleetUtilization: (input) => ({
      FleetUtilization: fleetsOf(input.FleetIds).map((one) => {
        const live = world.live(one.attributes.FleetId);
        const sum = (of: (session: (typeof live)[number]) => number) => live.reduce((total, session) => total + of(session), 0);
        return {
          FleetId: one.attributes.FleetId,
          ActiveGameServerSessionCount: live.length,
          ActiveServerProcessCount: one.instances.length * world.perInstance(one),
          CurrentPlayerSessionCount: sum((session) => session.CurrentPlayerSessionCount),
          MaximumPlayerSessionCount: sum((session) => session.MaximumPlayerSessionCount),
        };
      }),
      TotalCount: world.fleets.length,
    }),
    DescribeFleetEvents: (input) => {
      const events = fleetOf(input.FleetId).events.filter((one) => !input.EventCode || one.EventCode === input.EventCode);
      return { Events: page(events, input.Offset, input.Limit), TotalCount: events.length };
    },
    DescribeRuntimeConfiguration: (input) => ({ RuntimeConfiguration: fleetOf(input.FleetId).runtime }),
    UpdateRuntimeConfiguration: (input) => {
      const fleet = fleetOf(input.FleetId);
      fleet.runtime = input.RuntimeConfiguration ?? fleet.runtime;
      return { RuntimeConfiguration: fleet.runtime };
    },
    DescribeFleetPortSettings: (input) => ({ InboundPermissions: fleetOf(input.FleetId).ports }),
    DescribeScalingPolicies: (input) => {
      const ScalingPolicies = input.FleetId ? fleetOf(input.FleetId).policies : world.fleets.flatMap((one) => one.policies);
      return { ScalingPolicies, TotalCount: ScalingPolicies.length };
    },
    DescribeTimerScalingPolicies: (input) => ({ TimerScalingPolicies: fleetOf(input.FleetId).timers, TotalCount: 0 }),
    DescribeCcnInstances: () => ({ CcnInstanceSets: [], TotalCount: 0 }),
    DescribeFleetRelatedResources: (input) => ({
      Resources: world.aliases.filter((one) => one.RoutingStrategy.FleetId === input.FleetId).map((one) => ({ Type: 'ALIAS', ResourceId: one.AliasId, ResourceRegion: kRegion })),
    }),
    CreateFleet: (input) => ({ FleetAttributes: world.fleet(input).attributes }),
    CopyFleet: (input) => {
      const from = fleetOf(input.FleetId);
      const made = Array.from({ length: input.CopyNumber }, () => world.fleet({ ...input, Name: input.Name ?? from.attributes.Name, AssetId: from.attributes.AssetId }).attributes);
      return { FleetAttributes: made, TotalCount: made.length };
    },
    DeleteFleet: (input) => {
      const fleet = fleetOf(input.FleetId);
      if (world.aliases.some((one) => one.RoutingStrategy.FleetId === input.FleetId)) throw new Refusal('ResourceInUse', 'an alias leads to this fleet; point it elsewhere first');
      world.fleets.splice(world.fleets.indexOf(fleet), 1);
      world.emit('fleet', { FleetId: input.FleetId });
      return {};
    },
    UpdateFleetAttributes: (input) => {
      const { attributes } = fleetOf(input.FleetId);
      attributes.Name = input.Name ?? attributes.Name;
      attributes.Description = input.Description ?? attributes.Description;
      return { FleetId: input.FleetId };
    },
    DrainFleet: (input) => {
      const fleet = fleetOf(input.FleetId);
      if (world.aliases.some((one) => one.RoutingStrategy.FleetId === input.FleetId)) throw new Refusal('ResourceInUse', 'an alias leads to this fleet; point it elsewhere first');
      const deadline = input.DeadlineInSeconds ? new Date(Date.now() + input.DeadlineInSeconds * 1000).toISOString() : null;
      fleet.drain = { since: fleet.drain?.since ?? world.time(), denyJoins: input.DenyJoins ?? false, deadline, deleteWhenEmpty: input.DeleteWhenEmpty ?? false };
      fleet.attributes.Draining = true;
      world.event(fleet, 'FLEET_DRAIN_STARTED', 'The fleet takes no further sessions.');
      return { FleetDrain: drainOf(fleet) };
    },
    UndrainFleet: (input) => {
      const fleet = fleetOf(input.FleetId);
      fleet.drain = null;
      fleet.attributes.Draining = false;
      world.event(fleet, 'FLEET_DRAIN_CANCELLED', 'The fleet takes sessions again.');
      return { FleetDrain: drainOf(fleet) };
    },
    DescribeFleetDrain: (input) => {
      const fleet = fleetOf(input.FleetId);
      const drain = drainOf(fleet);
      const each = world.perInstance(fleet);
      const live = world.live(input.FleetId);
      const rows = fleet.instances.map(({ InstanceId }, index) => {
        const mine = live.slice(index * each, (index + 1) * each);
        const Status = mine.length > 0 ? 'STAYING' : 'ENDING';
        const { EstimatedTime, EstimatedTimeP90, LatestTime } = drain;
        return { InstanceId, Status, GameServerSessionCount: mine.length, PlayerSessionCount: mine.length * 4, ProcessesToldToEnd: fleet.drain ? each - mine.length : 0, EstimatedTime, EstimatedTimeP90, LatestTime };
      });
      return { FleetDrain: drain, Instances: page(rows, input.Offset, input.Limit), TotalCount: rows.length };
    },
    UpdateFleetCapacity: (input) => {
      const fleet = fleetOf(input.FleetId);
      fleet.min = input.MinSize ?? fleet.min;
      fleet.max = input.MaxSize ?? fleet.max;
      fleet.desired = input.DesiredInstances ?? fleet.desired;
      world.event(fleet, 'FLEET_SCALING_EVENT', `desired ${fleet.desired}, minimum ${fleet.min}, maximum ${fleet.max}`);
      return { FleetId: input.FleetId };
    },
    PutScalingPolicy: (input) => {
      const fleet = fleetOf(input.FleetId);
      fleet.policies = fleet.policies.filter((one) => one.Name !== input.Name);
      fleet.policies.push({
        FleetId: input.FleetId,
        Name: input.Name ?? '',
        Status: 'ACTIVE',
        ScalingAdjustment: String(input.ScalingAdjustment ?? ''),
        ScalingAdjustmentType: input.ScalingAdjustmentType ?? '',
        ComparisonOperator: input.ComparisonOperator ?? '',
        Threshold: String(input.Threshold ?? ''),
        EvaluationPeriods: String(input.EvaluationPeriods ?? ''),
        MetricName: input.MetricName ?? '',
        PolicyType: input.PolicyType ?? 'RuleBased',
        TargetConfiguration: input.TargetConfiguration ?? { TargetValue: 0 },
      });
      return { Name: input.Name ?? '' };
    },
    DeleteScalingPolicy: (input) => {
      const fleet = fleetOf(input.FleetId);
      fleet.policies = fleet.policies.filter((one) => one.Name !== input.Name);
      return {};
    },
    PutTimerScalingPolicy: (input) => {
      const timer = input.TimerScalingPolicy!;
      const fleet = fleetOf(timer.TimerFleetCapacity?.FleetId);
      fleet.timers = fleet.timers.filter((one) => one.TimerId !== timer.TimerId);
      fleet.timers.push({ ...timer, TimerId: timer.TimerId ?? world.id('timerId'), TimerStatus: 1 });
      return {};
    },
    DeleteTimerScalingPolicy: (input) => {
      for (const fleet of world.fleets) fleet.timers = fleet.timers.filter((one) => one.TimerId !== input.TimerId);
      return {};
    },
    StartFleetActions: (input) => ((fleetOf(input.FleetId).attributes.StoppedActions = []), { FleetId: input.FleetId }),
    StopFleetActions: (input) => ((fleetOf(input.FleetId).attributes.StoppedActions = ['AUTO_SCALING']), { FleetId: input.FleetId }),
    DescribeInstancesExtend: (input) => {
      const fleet = fleetOf(input.FleetId);
      const live = world.live(input.FleetId);
      const each = world.perInstance(fleet);
      const all = fleet.instances.map((Instance, index) => {
        const mine = live.slice(index * each, (index + 1) * each);
        return { Instance, State: 'Active', HealthyProcessCnt: each, ActiveProcessCnt: each, GameSessionCnt: mine.length, MaxGameSessionCnt: each, PlayerSessionCnt: mine.reduce((sum, one) => sum + one.CurrentPlayerSessionCount, 0), MaxPlayerSessionCnt: mine.length * 8 };
      });
      return { Instances: page(all, input.Offset, input.Limit), TotalCount: all.length };
    },
    SetServerWeight: (input) => {
      for (const one of fleetOf(input.FleetId).instances) if (one.InstanceId === input.InstanceId) one.Weight = input.Weight;
      return {};
    },
    SetServerReserved: (input) => {
      for (const one of fleetOf(input.FleetId).instances) if (one.InstanceId === input.InstanceId) one.ReserveValue = input.ReserveValue ?? 0;
      return {};
    },
    GetInstanceAccess: (input) => {
      const instance = fleetOf(input.FleetId).instances.find((one) => one.InstanceId === input.InstanceId);
      if (!instance) throw new Refusal('ResourceNotFound', `there is no instance "${input.InstanceId}"`);
      const { FleetId, InstanceId, IpAddress, OperatingSystem } = instance;
      return { InstanceAccess: { FleetId, InstanceId, IpAddress, OperatingSystem, Credentials: { UserName: 'gse', Secret: '-----BEGIN FAKE KEY-----\nnot a key\n-----END FAKE KEY-----\n' } } };
    },
    GetGameServerInstanceLogUrl: () => ({ PresignedUrls: [], Total: 0, HasNext: false }),
    DescribeInstanceTypes: () => ({ InstanceTypeList: [{ TypeName: 'Standard S5', InstanceType: 'S5.LARGE8', Cpu: 4, Memory: 8, NetworkCard: 80 }] }),
    DescribeAssetSystems: () => ({ AssetSupportSys: [{ ImageId: 'img-9qabwvbn', OsType: 'CentOS', OsBit: 64, OsVersion: 'CentOS7.16' }] }),

    ListAliases: (input) => {
      const found = world.aliases.filter((one) => !input.Name || one.Name.includes(input.Name));
      return { Aliases: page(found, input.Offset, input.Limit), TotalCount: found.length };
    },
    DescribeAlias: (input) => ({ Alias: aliasOf(input.AliasId) }),
    CreateAlias: (input) => ({ Alias: world.alias(input.Name, input.RoutingStrategy, input.Description, input.Tags) }),
    UpdateAlias: (input) => {
      const alias = aliasOf(input.AliasId);
      alias.Name = input.Name ?? alias.Name;
      alias.Description = input.Description ?? alias.Description;
      if (input.RoutingStrategy?.FleetId && fleetOf(input.RoutingStrategy.FleetId).drain) throw new Refusal('ResourceUnavailable', 'the fleet is being drained');
      if (input.RoutingStrategy) world.point(alias, input.RoutingStrategy);
      return { Alias: alias };
    },
    DeleteAlias: (input) => {
      world.aliases.splice(world.aliases.indexOf(aliasOf(input.AliasId)), 1);
      return {};
    },
    DescribeAliasHistory: (input) => ({ Changes: world.history.get(input.AliasId) ?? [], TotalCount: 0 }),
    RollbackAlias: (input) => {
      const alias = aliasOf(input.AliasId);
      const before = world.history.get(input.AliasId)?.[0]?.From;
      if (!before) throw new Refusal('FailedOperation', 'the alias never moved');
      world.point(alias, before);
      return { Alias: alias };
    },
    TagResource: (input) => {
      const owner = [...world.aliases, ...world.fleets.map((one) => one.attributes)].find((one) => ('AliasArn' in one ? one.AliasArn : one.FleetArn) === input.Resource);
      if (owner) owner.Tags = [...owner.Tags.filter((tag) => !input.Tags.some((one) => one.Key === tag.Key)), ...input.Tags];
      return { Tags: owner?.Tags ?? [] };
    },

    DescribeAssets: (input) => ({ Assets: page(world.assets, input.Offset, input.Limit), TotalCount: world.assets.length }),
    DescribeAsset: (input) => {
      const Asset = world.assets.find((one) => one.AssetId === input.AssetId);
      if (!Asset) throw new Refusal('ResourceNotFound', `there is no asset "${input.AssetId}"`);
      return { Asset };
    },
    CreateAsset: (input) => {
      const size = world.uploads.get(input.BucketKey);
      if (size === undefined) throw new Refusal('ResourceNotFound', `nothing was uploaded as "${input.BucketKey}"`);
      const { AssetId, AssetArn } = world.asset(input.AssetName, input.AssetVersion, `${Math.ceil(size / 1024)}KB`, input.Tags);
      return { AssetId, AssetArn };
    },
    UpdateAsset: (input) => {
      for (const one of world.assets) if (one.AssetId === input.AssetId) Object.assign(one, { AssetName: input.AssetName ?? one.AssetName, AssetVersion: input.AssetVersion ?? one.AssetVersion });
      return {};
    },
    DeleteAsset: (input) => {
      world.assets = world.assets.filter((one) => one.AssetId !== input.AssetId);
      return {};
    },
    GetUploadCredentials: () => ({ BucketAuth: 'q-sign=fake', BucketName: 'upload-ap-shanghai', AssetRegion: kRegion }),

    DescribeGameServerSessions: (input) =>
      sessionPage(
        world.sessions.filter((one) => (!input.GameServerSessionId || one.GameServerSessionId === input.GameServerSessionId) && (!input.FleetId || one.FleetId === input.FleetId) && (!input.StatusFilter || one.Status === input.StatusFilter)),
        input,
      ),
    SearchGameServerSessions: (input) => {
      if (!/hasAvailablePlayerSessions=true|maximumSessions/.test(input.FilterExpression ?? '')) throw new Refusal('InvalidParameterValue', 'FilterExpression: the fake knows two names only');
      return sessionPage(world.sessions.filter((one) => one.Status === 'ACTIVE' && (!input.FleetId || one.FleetId === input.FleetId)), input);
    },
    DescribeGameServerSessionDetails: (input) => ({ GameServerSessionDetails: [{ GameServerSession: sessionOf(input.GameServerSessionId), ProtectionPolicy: 'NoProtection' }], NextToken: '' }),
    CreateGameServerSession: (input) => {
      const alias = input.AliasId ? aliasOf(input.AliasId) : undefined;
      if (alias?.RoutingStrategy.Type === 'TERMINAL') throw new Refusal('ResourceUnavailable', alias.RoutingStrategy.Message ?? '');
      return { GameServerSession: world.session(fleetOf(input.FleetId ?? alias?.RoutingStrategy.FleetId), input.Name ?? '', input.MaximumPlayerSessionCount) };
    },
    EndGameServerSessionAndProcess: (input) => {
      world.end(sessionOf(input.GameServerSessionId));
      return {};
    },
    GetGameServerSessionLogUrl: () => {
      throw new Refusal('ResourceUnavailable', 'the session is live; its logs are collected when it has ended');
    },
    JoinGameServerSession: (input) => ({ PlayerSession: world.join(sessionOf(input.GameServerSessionId), input.PlayerId) }),
    DescribePlayerSessions: (input) => ({ PlayerSessions: world.players.filter((one) => one.GameServerSessionId === input.GameServerSessionId).slice(0, input.Limit ?? 20), NextToken: '' }),
    DescribeServerProcesses: (input) => {
      const fleet = fleetOf(input.FleetId);
      const live = world.live(input.FleetId);
      const each = world.perInstance(fleet);
      const ServerProcesses = fleet.instances.flatMap((instance, at) =>
        Array.from({ length: each }, (_, index) => ({
          ProcessId: `proc-${instance.InstanceId}-${index}`,
          FleetId: input.FleetId,
          InstanceId: instance.InstanceId,
          Status: 'ACTIVE',
          Healthy: true,
          Pid: 1000 + at * each + index,
          IpAddress: '127.0.0.1',
          Port: 20_000 + index,
          GrpcPort: 30_000 + index,
          LaunchPath: '/local/game/start.sh',
          Parameters: '',
          GameServerSessionId: live[at * each + index]?.GameServerSessionId ?? '',
          UptimeSeconds: 3600,
          EndReason: '',
        })),
      );
      return { ServerProcesses, NextToken: '' };
    },

    DescribeGameServerSessionQueues: () => ({ GameServerSessionQueues: world.queues, TotalCount: world.queues.length }),
    CreateGameServerSessionQueue: (input) => {
      const queue = { Name: input.Name, GameServerSessionQueueArn: world.arn('queue', input.Name), Destinations: input.Destinations ?? [], PlayerLatencyPolicies: input.PlayerLatencyPolicies ?? [], TimeoutInSeconds: input.TimeoutInSeconds ?? 600, Tags: input.Tags ?? [] };
      world.queues.push(queue);
      return { GameServerSessionQueue: queue };
    },
    DeleteGameServerSessionQueue: (input) => {
      world.queues = world.queues.filter((one) => one.Name !== input.Name);
      return {};
    },
    StartGameServerSessionPlacement: (input) => {
      const placement = {
        PlacementId: input.PlacementId,
        GameServerSessionQueueName: input.GameServerSessionQueueName,
        PlayerLatencies: [],
        Status: 'PENDING',
        DnsName: '',
        GameServerSessionId: '',
        GameServerSessionName: '',
        GameServerSessionRegion: '',
        GameProperties: [],
        MaximumPlayerSessionCount: input.MaximumPlayerSessionCount,
        GameServerSessionData: '',
        IpAddress: '',
        Port: 0,
        MatchmakerData: '',
        PlacedPlayerSessions: [],
        StartTime: world.time(),
        EndTime: null,
      };
      world.placements.push(placement);
      return { GameServerSessionPlacement: placement };
    },
    DescribeGameServerSessionPlacement: (input) => {
      const found = world.placements.find((one) => one.PlacementId === input.PlacementId);
      if (!found) throw new Refusal('ResourceNotFound', `there is no placement "${input.PlacementId}"`);
      return { GameServerSessionPlacement: found };
    },
    DescribePlacementDecision: (input) => ({
      Decision: {
        Action: 'StartGameServerSessionPlacement',
        RequestId: '',
        PlacementId: input.PlacementId ?? '',
        Outcome: 'GRANTED',
        Message: 'arena-v1 had an idle process',
        Time: world.time(),
        GameServerSessionId: '',
        Destinations: world.fleets.map((one, index) => ({
          DestinationArn: one.attributes.FleetArn,
          Region: kRegion,
          FleetId: one.attributes.FleetId,
          Reason: one.drain ? 'FLEET_DRAINING' : index === 0 ? 'CHOSEN' : 'NOT_ASKED',
          Message: index === 0 ? 'it had an idle process' : 'an earlier one was chosen',
          LatencyInMilliseconds: 40,
          MaximumLatencyInMilliseconds: 80,
          IdleProcesses: 8,
          BusyProcesses: 2,
          ActiveProcesses: 10,
          ActiveInstances: 1,
          StartingInstances: 0,
          DrainingInstances: 0,
          MaximumInstances: 5,
          WaitingPlacements: 0,
          Instances: [],
          OmittedInstances: 0,
        })),
      },
    }),

    ListHosts: (input) => ({ Hosts: page(world.hosts, input.Offset, input.Limit), TotalCount: world.hosts.length }),
    UpdateHost: (input) => {
      const Host = hostOf(input.HostId);
      Host.Availability = input.Availability;
      return { Host };
    },
    RemoveHost: (input) => {
      const host = hostOf(input.HostId);
      if (host.GameServerSessionCount > 0 && !input.Force) throw new Refusal('ResourceInUse', `${host.GameServerSessionCount} game server sessions run there`);
      world.hosts = world.hosts.filter((one) => one !== host);
      return { InstanceCount: host.InstanceCount, GameServerSessionCount: host.GameServerSessionCount };
    },
    CreateHostToken: (input) => {
      const HostToken = { TokenId: world.id('htok'), Region: input.Region ?? '', Description: input.Description ?? '', Status: 'UNUSED', CreationTime: world.time(), ExpirationTime: new Date(Date.now() + (input.TtlSeconds ?? 3600) * 1000).toISOString(), HostId: null };
      world.tokens.push(HostToken);
      return { HostToken, Token: `${HostToken.TokenId}.fake-secret-shown-once.${'0'.repeat(64)}`, LinkAddress: ':7171' };
    },
    ListHostTokens: (input) => ({ HostTokens: page(world.tokens, input.Offset, input.Limit), TotalCount: world.tokens.length }),
    DeleteHostToken: (input) => {
      world.tokens = world.tokens.filter((one) => one.TokenId !== input.TokenId);
      return {};
    },
    ListAccessKeys: () => ({ AccessKeys: world.keys, TotalCount: world.keys.length }),
    CreateAccessKey: (input) => {
      const key = { SecretId: world.id('AKID'), Description: input.Description ?? '', Status: 'ENABLED', ReadOnly: input.ReadOnly ?? false, Source: 'API', CreationTime: world.time(), LastUsedTime: null };
      world.keys.push(key);
      return { AccessKey: key, SecretKey: 'fake-secret-shown-once' };
    },
    UpdateAccessKey: (input) => {
      const key = world.keys.find((one) => one.SecretId === input.SecretId)!;
      Object.assign(key, { Status: input.Status ?? key.Status });
      return { AccessKey: key };
    },
    DeleteAccessKey: (input) => {
      world.keys = world.keys.filter((one) => one.SecretId !== input.SecretId);
      return {};
    },
    DescribeMetrics: (input) => {
      const names = kMetrics[input.ResourceType] ?? [];
      const now = Date.now();
      const Timestamps = input.LatestOnly ? [] : Array.from({ length: 60 }, (_, index) => now - (60 - index) * 60_000);
      const value = (line: number, index: number) => Math.round(10 + line + 6 * Math.sin(index / 6 + line));
      const Metrics = input.ResourceIds.flatMap((ResourceId) =>
        names.map((MetricName, line) => ({
          ResourceId,
          MetricName,
          Unit: MetricName.startsWith('Percent') ? 'Percent' : 'Count',
          Statistic: 'Average',
          // The server was down for a while, and one metric was never measured.
          Values: Timestamps.map((_, index) => (MetricName === 'NoInstances' || (index > 20 && index < 26) ? null : value(line, index))),
          Latest: MetricName === 'NoInstances' ? null : value(line, 60),
        })),
      );
      return { Period: 60, Time: new Date(now).toISOString(), Timestamps, Metrics };
    },
    DescribeFleetStatisticSummary: () => ({ TotalUsedTimeSeconds: '90061', TotalUsedFlowMegaBytes: 0 }),
    DescribeFleetStatisticFlows: () => ({
      UsedFlowList: [],
      UsedTimeList: [1, 2, 3, 4, 5].map((day) => ({ BeginTime: `2026-01-0${day} 00:00:00`, TotalUsedTimeSeconds: String(day * 9000) })),
      TotalCount: 5,
      TimeType: 'DAY',
    }),
    DescribeFleetStatisticDetails: (input) => {
      const all = world.fleets.flatMap((one) => one.instances.map((instance) => ({ FleetId: one.attributes.FleetId, InstanceId: instance.InstanceId, InstanceIP: instance.IpAddress, BeginTime: '2026-01-01 00:00:00', EndTime: '2026-01-02 00:00:00', TotalUsedTimeSeconds: '86400', TotalUsedFlowMegaBytes: 0 })));
      return { DetailList: page(all, input.Offset, input.Limit), TotalCount: all.length, TimeType: 'DAY' };
    },
  };
}
