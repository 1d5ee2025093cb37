import type { DescribeMetricsResponse, MetricSeries } from '../api/types';

/** One metric of one resource, ready to be drawn. */
export interface MetricLine {
  name: string;
  unit: string;
  /** Times in milliseconds; null where nothing was sampled, which is a gap and not a zero. */
  points: [number, number | null][];
  latest: number | null;
}

const kRegional = 'PlacementIn-';

/** Regions that never had a placement would be most of a queue's charts. */
const isIdle = ({ MetricName, Values, Latest }: MetricSeries) => MetricName.startsWith(kRegional) && !Latest && Values.every((value) => !value);

/** What was sampled, with how it is now as the last point; what counts events has no now between two samples. */
export function linesOf(sampled: DescribeMetricsResponse, now: DescribeMetricsResponse | undefined): MetricLine[] {
  const current = new Map((now ?? sampled).Metrics.map((one) => [one.MetricName, one.Latest]));
  const time = Date.parse((now ?? sampled).Time);
  return sampled.Metrics.filter((one) => !isIdle(one)).map((one) => {
    const latest = current.get(one.MetricName) ?? null;
    const points = sampled.Timestamps.map((at, index): [number, number | null] => [at, one.Values[index] ?? null]);
    const last = points[points.length - 1]?.[0] ?? 0;
    if (one.Statistic === 'Average' && latest !== null && time > last) points.push([time, latest]);
    return { name: one.MetricName, unit: one.Unit, points, latest };
  });
}

/** The region of `PlacementIn-ap-shanghai`; null for other metrics. */
export function regionOf(metric: string): string | null {
  return metric.startsWith(kRegional) ? metric.slice(kRegional.length) : null;
}

/** A value as people read it: at most two digits behind the point. */
export function shown(value: number | null): string {
  return value === null ? '–' : String(Math.round(value * 100) / 100);
}
