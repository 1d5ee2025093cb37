import type * as Model from '../generated/types';

export type * from '../generated/types';

/** Actions that a server may lack; written by hand so that the console builds with or without them in the model. */
export interface AliasChange {
  HistoryId: number;
  Time: string;
  From: Model.RoutingStrategy | null;
  To: Model.RoutingStrategy | null;
  SecretId: string;
  RequestId: string;
}

export interface PlacementInstance {
  InstanceId: string;
  Reason: string;
  IdleProcesses: number;
  GameServerSessions: number;
  ActivatingGameServerSessions: number;
  Weight: number;
}

export interface PlacementDestination {
  DestinationArn: string;
  Region: string;
  FleetId: string;
  Reason: string;
  Message: string;
  LatencyInMilliseconds: number | null;
  MaximumLatencyInMilliseconds: number | null;
  IdleProcesses: number;
  BusyProcesses: number;
  ActiveProcesses: number;
  ActiveInstances: number;
  StartingInstances: number;
  DrainingInstances: number;
  MaximumInstances: number;
  WaitingPlacements: number;
  Instances: PlacementInstance[];
  OmittedInstances: number;
}

export interface PlacementDecision {
  Action: string;
  RequestId: string;
  PlacementId: string;
  Outcome: string;
  Message: string;
  Time: string;
  GameServerSessionId: string;
  Destinations: PlacementDestination[];
}

export interface AccessKey {
  SecretId: string;
  Description: string;
  /** ENABLED or DISABLED */
  Status: string;
  ReadOnly: boolean;
  /** ROOT, FILE or API */
  Source: string;
  CreationTime: string | null;
  LastUsedTime: string | null;
}

export interface ServerProcess {
  ProcessId: string;
  FleetId: string;
  InstanceId: string;
  Status: string;
  Healthy: boolean;
  Pid: number;
  IpAddress: string;
  Port: number;
  GrpcPort: number;
  LaunchPath: string;
  Parameters: string;
  GameServerSessionId: string;
  UptimeSeconds: number;
  EndReason: string;
}

export interface Metric {
  MetricName: string;
  Points: { Time: string; Value: number }[];
}

export interface OptionalActions {
  DescribeAliasHistory: {
    input: { AliasId: string; Limit?: number; Offset?: number };
    output: { Changes: AliasChange[]; TotalCount: number };
  };
  RollbackAlias: { input: { AliasId: string; HistoryId?: number }; output: { Alias: Model.Alias } };
  DescribePlacementDecision: { input: { PlacementId?: string; RequestId?: string }; output: { Decision: PlacementDecision } };
  TagResource: { input: { Resource: string; Tags: Model.Tag[] }; output: object };
  UntagResource: { input: { Resource: string; TagKeys: string[] }; output: object };
  CreateAccessKey: {
    input: { Description?: string; ReadOnly?: boolean };
    output: { AccessKey: AccessKey; SecretKey: string };
  };
  ListAccessKeys: { input: { Offset?: number; Limit?: number }; output: { AccessKeys: AccessKey[]; TotalCount: number } };
  UpdateAccessKey: {
    input: { SecretId: string; Status?: string; Description?: string };
    output: { AccessKey: AccessKey };
  };
  DeleteAccessKey: { input: { SecretId: string }; output: object };
  DescribeServerProcesses: {
    input: { FleetId: string; InstanceId?: string; Limit?: number; NextToken?: string };
    output: { ServerProcesses: ServerProcess[]; NextToken: string };
  };
  EndServerProcess: { input: { ProcessId: string; Force?: boolean }; output: { ServerProcess: ServerProcess } };
  DescribeFleetMetrics: {
    input: { FleetId: string; MetricNames: string[]; StartTime: string; EndTime: string };
    output: { Metrics: Metric[] };
  };
}

export type Actions = Omit<Model.GeneratedActions, keyof OptionalActions> & OptionalActions;
export type ActionName = keyof Actions;
export type Input<A extends ActionName> = Actions[A]['input'];
export type Output<A extends ActionName> = Actions[A]['output'];

/** What the server says of who is signed in. */
export interface Session {
  SecretId: string;
  ReadOnly: boolean;
  CsrfToken: string;
  Regions: { Region: string; Name?: string }[];
  DefaultRegion: string;
  IdleSeconds: number;
  Dev: boolean;
  Version: string;
}
