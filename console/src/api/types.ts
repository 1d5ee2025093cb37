import type * as Model from '../generated/types';

export type * from '../generated/types';

export interface Metric {
  MetricName: string;
  Points: { Time: string; Value: number }[];
}

/** What the console asks for and the model does not have: its part of a page is left out when the server lacks it. */
export interface OptionalActions {
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
