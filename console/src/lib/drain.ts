import type { FleetDrain } from '../api/types';

/** How a fleet empties after an alias has moved away. */
export interface Sample {
  /** Milliseconds since the epoch. */
  time: number;
  sessions: number;
}

const kKept = 720;

/** Adds a sample; keeps the newest 720, and only the ends of a stretch that does not change. */
export function record(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples[samples.length - 1];
  const before = samples[samples.length - 2];
  const flat = last && before && last.sessions === next.sessions && before.sessions === next.sessions;
  return [...(flat ? samples.slice(0, -1) : samples), next].slice(-kKept);
}

/**
 * Seconds until the last session is over, from the pace since the most sessions were seen within `windowMs`; 0 when
 * empty, null when nothing can be said yet.
 */
export function secondsLeft(samples: readonly Sample[], windowMs = 300_000): number | null {
  const last = samples[samples.length - 1];
  if (!last) return null;
  if (last.sessions === 0) return 0;
  let peak = last;
  for (const sample of samples) {
    if (last.time - sample.time <= windowMs && sample.sessions >= peak.sessions && sample.time < last.time) peak = sample;
  }
  const ended = peak.sessions - last.sessions;
  const elapsed = last.time - peak.time;
  if (ended <= 0 || elapsed <= 0) return null;
  return Math.round(((last.sessions / ended) * elapsed) / 1000);
}

export interface EmptyIn {
  /** Seconds until it is as likely as not; null when nobody can say. */
  likely: number | null;
  p90: number | null;
  /** Seconds until what is left is ended by force; null when nothing is. */
  latest: number | null;
  /** Whether the likely time is the browser's guess from the pace, because the server has none. */
  byPace: boolean;
}

/** When a fleet will be empty: as the server says, which knows how long past sessions took, or from the pace. */
export function emptyIn(drain: Pick<FleetDrain, 'EstimatedTime' | 'EstimatedTimeP90' | 'LatestTime'> | undefined, now: number, pace: number | null): EmptyIn {
  const until = (time: string | null | undefined) => (time ? Math.max(0, Math.round((Date.parse(time) - now) / 1000)) : null);
  const told = until(drain?.EstimatedTime);
  const latest = until(drain?.LatestTime);
  const likely = told ?? (pace === null ? null : Math.min(pace, latest ?? pace));
  return { likely, p90: until(drain?.EstimatedTimeP90), latest, byPace: told === null && likely !== null };
}
