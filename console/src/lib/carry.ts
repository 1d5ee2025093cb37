/** Whether a fleet could carry the sessions of another one when an alias moves. */
export interface Load {
  status: string;
  draining: boolean;
  /** Sessions that run now. */
  sessions: number;
  activeInstances: number;
  desiredInstances: number;
  maxInstances: number;
  /** Sessions one instance can hold: the sum of ConcurrentExecutions. */
  perInstance: number;
  /** Percent of sessions that the fleet keeps free; null without such a policy. */
  buffer: number | null;
  /** Whether the fleet grows by itself. */
  automatic: boolean;
}

export type Verdict =
  | { kind: 'not-active' }
  | { kind: 'draining' }
  | { kind: 'no-processes' }
  | { kind: 'ready' }
  | { kind: 'grows'; instances: number }
  | { kind: 'short'; instances: number; free: number; needed: number };

/** Instances that hold `sessions` and still have the buffer free. */
export function instancesFor(sessions: number, perInstance: number, buffer: number | null): number {
  if (perInstance <= 0) return 0;
  const share = buffer === null ? 1 : 1 - Math.min(Math.max(buffer, 0), 99) / 100;
  return Math.max(1, Math.ceil(sessions / share / perInstance));
}

export function judge(from: Load, to: Load): Verdict {
  if (to.status !== 'ACTIVE') return { kind: 'not-active' };
  if (to.draining) return { kind: 'draining' };
  if (to.perInstance <= 0) return { kind: 'no-processes' };
  const total = from.sessions + to.sessions;
  const instances = instancesFor(total, to.perInstance, to.buffer);
  const free = Math.max(0, to.activeInstances * to.perInstance - to.sessions);
  if (to.activeInstances >= instances) return { kind: 'ready' };
  const reachable = to.automatic && to.buffer !== null ? to.maxInstances : Math.min(to.desiredInstances, to.maxInstances);
  if (reachable >= instances && free >= Math.min(from.sessions, to.perInstance)) return { kind: 'grows', instances };
  return { kind: 'short', instances, free, needed: from.sessions };
}
