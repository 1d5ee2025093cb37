import { useMemo, useState } from 'react';
import type { PageProps } from '../../app/Routes';
import { replace, withQuery } from '../../app/router';
import { useApi } from '../../hooks/api';
import { useFleetNames } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';
import { Chart } from '../../ui/Chart';
import { ErrorBox } from '../../ui/ErrorBox';
import { SelectField } from '../../ui/Field';
import { Card, Empty, Page } from '../../ui/Page';
import { LiveCharts } from './LiveCharts';
import { kFleetMetrics } from './metrics';

const kMinute = 60_000;

export default function Monitoring({ route }: PageProps) {
  const text = useText();
  const { fleets, loading } = useFleetNames();
  const fleetId = route.query.get('fleet') ?? fleets[0]?.attributes.FleetId ?? '';
  const [hours, setHours] = useState('1');
  return (
    <Page title={text.menu.monitoring} lead={text.monitoring.lead}>
      {!loading && fleets.length === 0 ? (
        <Card>
          <Empty title={text.fleet.none}>{text.fleet.noneLong}</Empty>
        </Card>
      ) : (
        <>
          <Card>
            <div className="row">
              <SelectField
                label={text.alias.fleet}
                value={fleetId}
                onChange={(next) => replace(withQuery('/monitoring', { fleet: next }))}
                options={fleets.map(({ attributes }) => ({ value: attributes.FleetId, label: `${attributes.Name} · ${attributes.FleetId}` }))}
              />
              <SelectField
                label={text.monitoring.period}
                value={hours}
                onChange={setHours}
                options={['1', '6', '24'].map((value) => ({ value, label: text.monitoring.hours(Number(value)) }))}
              />
            </div>
          </Card>
          {fleetId && <Charts key={fleetId} fleetId={fleetId} hours={Number(hours)} />}
        </>
      )}
    </Page>
  );
}

function Charts({ fleetId, hours }: { fleetId: string; hours: number }) {
  const text = useText();
  // The end is rounded to a minute, so that the same question is asked for a minute.
  const end = Math.ceil(Date.now() / kMinute) * kMinute;
  const metrics = useApi(
    'DescribeFleetMetrics',
    {
      FleetId: fleetId,
      MetricNames: [...kFleetMetrics],
      StartTime: new Date(end - hours * 60 * kMinute).toISOString(),
      EndTime: new Date(end).toISOString(),
    },
    { every: 15_000 },
  );
  const names: Record<string, string | undefined> = text.monitoring.metrics;
  const series = useMemo(
    () =>
      (metrics.data?.Metrics ?? []).map((metric) => ({
        name: metric.MetricName,
        points: metric.Points.map((point) => [Date.parse(point.Time), point.Value] as const),
      })),
    [metrics.data],
  );
  if (metrics.missing) return <LiveCharts fleetId={fleetId} />;
  return (
    <>
      {metrics.error && <ErrorBox error={metrics.error} />}
      <div className="charts">
        {series.map((one) => (
          <Card key={one.name} title={names[one.name] ?? one.name}>
            <Chart label={names[one.name] ?? one.name} height={160} series={[{ ...one, name: names[one.name] ?? one.name }]} unit={one.name.startsWith('Percent') ? '%' : undefined} />
          </Card>
        ))}
      </div>
      <Note>{text.monitoring.longer}</Note>
    </>
  );
}
