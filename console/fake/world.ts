import type {
  AccessKey,
  Alias,
  AliasChange,
  Asset,
  FleetAttributes,
  GameServerSession,
  GameServerSessionPlacement,
  GameServerSessionQueue,
  Host,
  HostToken,
  InboundPermission,
  Instance,
  PlayerSession,
  RoutingStrategy,
  RuntimeConfiguration,
  ScalingPolicy,
  Tag,
  TimerScalingPolicy,
} from '../src/api/types';

export interface FakeFleet {
  attributes: FleetAttributes;
  runtime: RuntimeConfiguration;
  ports: InboundPermission[];
  min: number;
  max: number;
  desired: number;
  interval: number;
  instances: Instance[];
  policies: ScalingPolicy[];
  timers: TimerScalingPolicy[];
  events: { EventCode: string; EventId: string; EventTime: string; Message: string; PreSignedLogUrl: string; ResourceId: string }[];
  age: number;
  /** When it drains: since when, and how. */
  drain: { since: string; denyJoins: boolean; deadline: string | null; deleteWhenEmpty: boolean } | null;
}

export const kRegion = 'ap-shanghai';
const kStates = ['NEW', 'DOWNLOADING', 'VALIDATING', 'BUILDING', 'ACTIVATING', 'ACTIVE'];
const kMostSessions = 20_000;

/** A small service that lives: fleets come up, sessions start and end. The same calls give the same ids and numbers. */
export class World {
  fleets: FakeFleet[] = [];
  aliases: Alias[] = [];
  history = new Map<string, AliasChange[]>();
  assets: Asset[] = [];
  sessions: GameServerSession[] = [];
  players: PlayerSession[] = [];
  queues: GameServerSessionQueue[] = [];
  placements: GameServerSessionPlacement[] = [];
  keys: AccessKey[] = [];
  hosts: Host[] = [];
  tokens: HostToken[] = [];
  uploads = new Map<string, number>();
  listeners = new Set<(kind: string, data: unknown) => void>();
  readonly epoch = Date.parse('2026-01-01T00:00:00Z');
  #ids = 0;
  #ticks = 0;

  time(): string {
    return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  }
  id(prefix: string, groups = 1): string {
    this.#ids += 1;
    const text = (this.#ids * 7919 + 1_000_003).toString(36).padStart(8, 'a').slice(-8);
    return groups === 2 ? `${prefix}-qp3g3caa-${text}` : `${prefix}-${text}`;
  }
  arn(kind: string, id: string): string {
    return `qcs::gse:${kRegion}:uin/100000000001:${kind}/${id}`;
  }
  emit(kind: string, data: unknown): void {
    for (const listener of this.listeners) listener(kind, data);
  }

  asset(name: string, version: string, size = '11MB', Tags: Tag[] = []): Asset {
    const AssetId = this.id('asset');
    const asset: Asset = {
      AssetId,
      AssetName: name,
      AssetVersion: version,
      OperateSystem: 'CentOS7.16',
      Stauts: 2,
      Size: size,
      CreateTime: this.time(),
      BindFleetNum: 0,
      AssetArn: this.arn('asset', AssetId),
      ImageId: '',
      OsType: 'CentOS',
      ResourceType: 'ASSET',
      SharingStatus: 'UNKNOWN_SHARED',
      Tags,
    };
    this.assets.unshift(asset);
    return asset;
  }

  fleet(input: { Name: string; AssetId: string; Description?: string; InstanceType?: string; RuntimeConfiguration?: RuntimeConfiguration; InboundPermissions?: InboundPermission[]; Tags?: Tag[]; NewGameServerSessionProtectionPolicy?: string }): FakeFleet {
    const FleetId = this.id('fleet', 2);
    const fleet: FakeFleet = {
      attributes: {
        AssetId: input.AssetId,
        CreationTime: this.time(),
        Description: input.Description ?? '',
        FleetArn: this.arn('fleet', FleetId),
        FleetId,
        FleetType: 'ON_DEMAND',
        InstanceType: input.InstanceType ?? 'S5.LARGE8',
        Name: input.Name,
        NewGameServerSessionProtectionPolicy: input.NewGameServerSessionProtectionPolicy ?? 'NoProtection',
        OperatingSystem: 'CentOS7.16',
        ResourceCreationLimitPolicy: { NewGameServerSessionsPerCreator: 0, PolicyPeriodInMinutes: 0 },
        Status: 'NEW',
        StoppedActions: [],
        TerminationTime: null,
        GameServerSessionProtectionTimeLimit: 60,
        BillingStatus: 'BILLING_ACTIVATED',
        Tags: input.Tags ?? [],
        DataDiskInfo: [],
        SystemDiskInfo: { DiskType: 'CLOUD_PREMIUM', DiskSize: 50 },
        RelatedCcnInfos: [],
        InternetMaxBandwidthOut: 100,
      },
      runtime: input.RuntimeConfiguration ?? { ServerProcesses: [{ LaunchPath: '/local/game/start.sh', Parameters: '', ConcurrentExecutions: 10 }], GameServerSessionActivationTimeoutSeconds: 600 },
      ports: input.InboundPermissions ?? [{ FromPort: 1025, ToPort: 60_000, Protocol: 'TCP', IpRange: '0.0.0.0/0' }],
      min: 0,
      max: 1,
      desired: 1,
      interval: 10,
      instances: [],
      policies: [],
      timers: [],
      events: [],
      age: 0,
      drain: null,
    };
    this.fleets.unshift(fleet);
    this.event(fleet, 'FLEET_CREATED', 'Fleet has been created with state NEW.');
    const asset = this.assets.find((one) => one.AssetId === input.AssetId);
    if (asset) asset.BindFleetNum += 1;
    return fleet;
  }
  event(fleet: FakeFleet, EventCode: string, Message: string): void {
    fleet.events.unshift({ EventCode, EventId: this.id('event', 2), EventTime: this.time(), Message, PreSignedLogUrl: '', ResourceId: fleet.attributes.FleetId });
    this.emit('fleet', { FleetId: fleet.attributes.FleetId, Status: fleet.attributes.Status });
  }
  perInstance(fleet: FakeFleet): number {
    return (fleet.runtime.ServerProcesses ?? []).reduce((sum, one) => sum + (one.ConcurrentExecutions ?? 0), 0);
  }
  live(fleetId: string): GameServerSession[] {
    return this.sessions.filter((one) => one.FleetId === fleetId && (one.Status === 'ACTIVE' || one.Status === 'ACTIVATING'));
  }
  activate(fleet: FakeFleet, instances: number): void {
    fleet.attributes.Status = 'ACTIVE';
    fleet.desired = instances;
    fleet.max = Math.max(fleet.max, instances);
    while (fleet.instances.length < instances) this.#grow(fleet);
  }
  #grow(fleet: FakeFleet): void {
    const InstanceId = this.id('ins');
    fleet.instances.push({
      FleetId: fleet.attributes.FleetId,
      InstanceId,
      IpAddress: '127.0.0.1',
      DnsName: '',
      OperatingSystem: 'CentOS7.16',
      Status: 'RUNNING',
      Type: fleet.attributes.InstanceType,
      CreateTime: this.time(),
      Weight: 5,
      ReserveValue: 0,
      PrivateIpAddress: '10.0.0.2',
      CpuUsed: 0.42,
      CpuLimit: 4,
      MemoryUsed: 325_058_560,
      MemoryLimit: 8_589_934_592,
    });
    this.emit('instance', { FleetId: fleet.attributes.FleetId, InstanceId, Status: 'RUNNING' });
  }

  host(name: string, change: Partial<Host> = {}): Host {
    const host: Host = {
      HostId: this.id('host'),
      Name: name,
      Region: '',
      Status: 'CONNECTED',
      Availability: 'OPEN',
      Enrolled: true,
      IpAddress: '192.0.2.10',
      PrivateIpAddress: '10.0.0.2',
      OperatingSystem: 'Debian GNU/Linux 13',
      Sandbox: 'bubblewrap',
      Limits: 'cgroup v2',
      LimitsLack: '',
      InstanceTypes: [],
      Labels: [],
      InstanceCapacity: 8,
      InstanceCount: 0,
      Cpus: 0,
      CpusUsed: 0,
      MemoryMb: 0,
      MemoryUsedMb: 0,
      ServerProcessCount: 0,
      GameServerSessionCount: 0,
      PlayerSessionCount: 0,
      SilentSeconds: 0,
      ForeignReportCount: 0,
      CreationTime: this.time(),
      CertificateEndTime: '2030-01-31T00:00:00Z',
      ...change,
    };
    this.hosts.push(host);
    return host;
  }
  session(fleet: FakeFleet, name: string, most: number): GameServerSession {
    const GameServerSessionId = this.arn('gameserversession', `${fleet.attributes.FleetId}/${this.id('gssess', 2)}`);
    const session: GameServerSession = {
      CreationTime: this.time(),
      CreatorId: '',
      CurrentPlayerSessionCount: 0,
      DnsName: '',
      FleetId: fleet.attributes.FleetId,
      GameProperties: [],
      GameServerSessionData: '',
      GameServerSessionId,
      IpAddress: '127.0.0.1',
      MatchmakerData: '',
      MaximumPlayerSessionCount: most,
      Name: name,
      PlayerSessionCreationPolicy: 'ACCEPT_ALL',
      Port: 20_000 + (this.sessions.length % 20_000),
      Status: 'ACTIVATING',
      StatusReason: '',
      TerminationTime: null,
      InstanceType: fleet.attributes.InstanceType,
      CurrentCustomCount: 0,
      MaxCustomCount: 0,
      Weight: 5,
      AvailabilityStatus: 'Enable',
    };
    this.sessions.unshift(session);
    this.sessions.length = Math.min(this.sessions.length, kMostSessions);
    this.emit('game-server-session', session);
    return session;
  }
  end(session: GameServerSession): void {
    const FromStatus = session.Status;
    session.Status = 'TERMINATED';
    session.TerminationTime = this.time();
    session.CurrentPlayerSessionCount = 0;
    this.emit('game-server-session', { ...session, FromStatus });
  }
  join(session: GameServerSession, PlayerId: string): PlayerSession {
    const player: PlayerSession = {
      CreationTime: this.time(),
      DnsName: '',
      FleetId: session.FleetId,
      GameServerSessionId: session.GameServerSessionId,
      IpAddress: session.IpAddress,
      PlayerData: '',
      PlayerId,
      PlayerSessionId: this.id('psess'),
      Port: session.Port,
      Status: 'RESERVED',
      TerminationTime: null,
    };
    this.players.unshift(player);
    session.CurrentPlayerSessionCount += 1;
    this.emit('player-session', player);
    return player;
  }
  point(alias: Alias, target: RoutingStrategy): void {
    const changes = this.history.get(alias.AliasId) ?? [];
    changes.unshift({ HistoryId: changes.length + 1, Time: this.time(), From: alias.RoutingStrategy, To: target, SecretId: 'AKIDfake', RequestId: this.id('request') });
    this.history.set(alias.AliasId, changes);
    alias.RoutingStrategy = target;
    alias.LastUpdatedTime = this.time();
    this.emit('alias', alias);
  }
  alias(Name: string, RoutingStrategy: RoutingStrategy, Description = '', Tags: Tag[] = []): Alias {
    const AliasId = this.id('alias', 2);
    const alias: Alias = { AliasId, AliasArn: this.arn('alias', AliasId), Name, Description, RoutingStrategy, CreationTime: this.time(), LastUpdatedTime: this.time(), Tags };
    this.aliases.unshift(alias);
    this.emit('alias', alias);
    return alias;
  }

  /** One step of life; four a second. */
  tick(): void {
    this.#ticks += 1;
    for (const fleet of this.fleets) {
      const at = kStates.indexOf(fleet.attributes.Status);
      if (at >= 0 && at < kStates.length - 1) {
        fleet.age += 1;
        if (fleet.age % 2 === 0) {
          fleet.attributes.Status = kStates[at + 1]!;
          if (fleet.attributes.Status === 'ACTIVE') this.activate(fleet, 1);
          this.event(fleet, `FLEET_STATE_${fleet.attributes.Status}`, `Fleet state changed to ${fleet.attributes.Status}.`);
        }
      } else if (fleet.attributes.Status === 'ACTIVE' && this.#ticks % 2 === 0) {
        if (fleet.instances.length < fleet.desired) this.#grow(fleet);
        else if (fleet.instances.length > fleet.desired) fleet.instances.pop();
      }
    }
    for (const session of this.sessions.slice(0, 500)) {
      if (session.Status !== 'ACTIVATING') continue;
      session.Status = 'ACTIVE';
      this.emit('game-server-session', { ...session, FromStatus: 'ACTIVATING' });
    }
    for (const placement of this.placements) {
      if (placement.Status !== 'PENDING') continue;
      const fleet = this.fleets.find((one) => one.attributes.Status === 'ACTIVE');
      if (!fleet) continue;
      const session = this.session(fleet, placement.GameServerSessionName, placement.MaximumPlayerSessionCount);
      Object.assign(placement, { Status: 'FULFILLED', GameServerSessionId: session.GameServerSessionId, GameServerSessionRegion: kRegion, IpAddress: session.IpAddress, Port: session.Port, EndTime: this.time() });
      this.emit('placement', placement);
    }
    // Matches end, and through the first alias as many begin.
    if (this.#ticks % 4 === 0) this.#churn();
  }
  #churn(): void {
    const alias = this.aliases.find((one) => one.Name === 'arena');
    const oldest = this.sessions.filter((one) => one.Status === 'ACTIVE' && one.Name.startsWith('match-')).pop();
    if (!alias || !oldest) return;
    this.end(oldest);
    const target = this.fleets.find((one) => one.attributes.FleetId === alias.RoutingStrategy.FleetId);
    if (!target || target.drain || this.live(target.attributes.FleetId).length >= target.instances.length * this.perInstance(target)) return;
    const session = this.session(target, `match-${this.#ticks}`, 8);
    for (let index = 0; index < 4; index += 1) this.join(session, `player-${index}`);
  }
}

/** Two versions of a game behind an alias, matches on the old one, and one before that runs empty. */
export function populated(): World {
  const world = new World();
  const first = world.asset('arena', 'v1', '48MB');
  const second = world.asset('arena', 'v2', '51MB');
  const last = world.fleet({ Name: 'arena-v0', AssetId: first.AssetId });
  world.activate(last, 1);
  last.drain = { since: world.time(), denyJoins: true, deadline: new Date(Date.now() + 7_200_000).toISOString(), deleteWhenEmpty: true };
  last.attributes.Draining = true;
  world.session(last, 'last match', 8).Status = 'ACTIVE';
  const old = world.fleet({ Name: 'arena-v1', AssetId: first.AssetId, Tags: [{ Key: 'stage', Value: 'live' }] });
  world.activate(old, 2);
  old.max = 5;
  old.policies.push({ FleetId: old.attributes.FleetId, Name: 'buffer', Status: 'ACTIVE', ScalingAdjustment: '', ScalingAdjustmentType: '', ComparisonOperator: '', Threshold: '', EvaluationPeriods: '', MetricName: 'PercentAvailableGameSessions', PolicyType: 'TargetBased', TargetConfiguration: { TargetValue: 30 } });
  const fresh = world.fleet({ Name: 'arena-v2', AssetId: second.AssetId });
  world.activate(fresh, 1);
  for (let index = 1; index <= 12; index += 1) {
    const session = world.session(old, `match-0${index}`, 8);
    session.Status = 'ACTIVE';
    for (let player = 0; player < 4; player += 1) world.join(session, `player-${player}`);
  }
  world.alias('arena', { Type: 'SIMPLE', FleetId: old.attributes.FleetId }, 'Where players go', [{ Key: 'stage', Value: 'live' }]);
  world.alias('beta', { Type: 'TERMINAL', Message: 'The beta is over. Thank you!' });
  world.queues.push({ Name: 'arena-queue', GameServerSessionQueueArn: world.arn('queue', 'arena-queue'), Destinations: [{ DestinationArn: world.aliases[1]!.AliasArn, FleetStatus: 'ACTIVE' }], PlayerLatencyPolicies: [{ MaximumIndividualPlayerLatencyMilliseconds: 80, PolicyDurationSeconds: 60 }, { MaximumIndividualPlayerLatencyMilliseconds: 160 }], TimeoutInSeconds: 600, Tags: [] });
  world.host('rack7-3', { Region: kRegion, Labels: [{ Key: 'rack', Value: '7' }, { Key: 'owner', Value: 'ada' }], InstanceCount: 2, Cpus: 32, CpusUsed: 8, MemoryMb: 65_536, MemoryUsedMb: 16_384, GameServerSessionCount: 12, PlayerSessionCount: 48 });
  world.host('rack7-4', { InstanceCount: 1, Availability: 'CORDONED', Sandbox: 'none' });
  world.host('rack8-1', { Status: 'SILENT', SilentSeconds: 75, Availability: 'DRAINING', ForeignReportCount: 1 });
  world.tokens.push({ TokenId: 'htok-used1234', Region: '', Description: 'rack 7', Status: 'USED', CreationTime: world.time(), ExpirationTime: '2030-01-01T00:00:00Z', HostId: world.hosts[0]!.HostId });
  world.keys.push({ SecretId: 'AKIDfake', Description: 'First key', Status: 'ENABLED', ReadOnly: false, Source: 'ROOT', CreationTime: null, LastUsedTime: world.time() });
  return world;
}
