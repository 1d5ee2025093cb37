import type * as Model from '../generated/types';

export type * from '../generated/types';

export type Actions = Model.GeneratedActions;
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
