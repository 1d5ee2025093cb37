import { useMemo } from 'react';
import { useNow } from '../../hooks/clock';
import { useApi } from '../../hooks/api';
import { useText } from '../../i18n';
import { linesOf, regionOf, shown } from '../../lib/metrics';
import { Note } from '../../ui/Bits';
import { Chart } from '../../ui/Chart';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card } from '../../ui/Page';

export type ResourceType = 'FLEET' | 'QUEUE' | 'INSTANCE';
export const kHours = [1, 6, 24] as const;
const kMinuteMs = 60_000;
const kLiveMs = 3000;
const kPeriodSeconds = 60;

const kUnits: Record<string, string | undefined> = { Percent: '%', Seconds: 's', Megabytes: 'MB', 'Megabits/Second': 'Mbit/s', 'Count/Second': '/s' };

/** All metrics of one resource: samples of every minute, read each minute, and how things are now every few seconds. */
export function Charts({ type, id, hours }: { type: ResourceType; id: string; hours: number }) {
  const text = useText();
  const minute = Math.floor(useNow(kLiveMs) / kMinuteMs);
  const what = { ResourceType: type, ResourceIds: [id] };
  const sampled = useApi('DescribeMetrics', { ...what, Period: kPeriodSeconds, StartTime: new Date((minute - hours * 60) * kMinuteMs).toISOString() }, { every: kMinuteMs / 4 });
  const now = useApi('DescribeMetrics', { ...what, LatestOnly: true }, { every: kLiveMs });
  const lines = useMemo(() => (sampled.data ? linesOf(sampled.data, now.data) : []), [sampled.data, now.data]);
  const names: Record<string, string | undefined> = text.monitoring.metrics;
  const regions: Record<string, string | undefined> = text.regions;
  const nameOf = (metric: string) => {
    const region = regionOf(metric);
    return region === null ? (names[metric] ?? metric) : text.monitoring.placementsIn(regions[region] ?? region);
  };
  return (
    <>
      {sampled.error && <ErrorBox error={sampled.error} />}
      <div className="charts">
        {lines.map((line) => {
          const unit = kUnits[line.unit];
          return (
            <Card key={line.name} title={nameOf(line.name)} actions={<strong className="chart-now">{`${shown(line.latest)}${line.latest !== null && unit ? ` ${unit}` : ''}`}</strong>}>
              {line.points.some(([, value]) => value !== null) ? (
                <Chart label={nameOf(line.name)} height={160} series={[{ name: nameOf(line.name), points: line.points }]} unit={unit} />
              ) : (
                <p className="chart-none">{text.monitoring.noData}</p>
              )}
            </Card>
          );
        })}
      </div>
      {type === 'INSTANCE' && <Note>{text.monitoring.traffic}</Note>}
      <Note>{text.monitoring.longer}</Note>
    </>
  );
}
