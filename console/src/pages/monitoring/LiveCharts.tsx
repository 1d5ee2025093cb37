import { useEffect, useState } from 'react';
import { useFleet } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { push } from '../../lib/ring';
import { Note } from '../../ui/Bits';
import { Chart } from '../../ui/Chart';
import { Card } from '../../ui/Page';

const kKept = 600;
type Points = readonly (readonly [number, number])[];

/** For servers that keep no samples: what this page has seen since it was opened, at most 600 points a line. */
export function LiveCharts({ fleetId }: { fleetId: string }) {
  const text = useText();
  const fleet = useFleet(fleetId);
  const [points, setPoints] = useState<Record<string, Points>>({});
  const { utilization, capacity, updatedAt } = fleet;
  useEffect(() => {
    if (!utilization || !capacity || updatedAt === 0) return;
    const values = {
      ActiveInstances: capacity.InstanceCounts.Active,
      ActiveGameServerSessions: utilization.ActiveGameServerSessionCount,
      CurrentPlayerSessions: utilization.CurrentPlayerSessionCount,
      ActiveServerProcesses: utilization.ActiveServerProcessCount,
    };
    setPoints((before) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, push(before[name] ?? [], [updatedAt, value] as const, kKept)])),
    );
  }, [utilization, capacity, updatedAt]);
  const names: Record<string, string | undefined> = text.monitoring.metrics;
  return (
    <>
      <Note>{text.monitoring.liveOnly}</Note>
      <div className="charts">
        {Object.entries(points).map(([name, line]) => (
          <Card key={name} title={names[name] ?? name}>
            <Chart label={names[name] ?? name} height={160} series={[{ name: names[name] ?? name, points: line }]} />
          </Card>
        ))}
      </div>
    </>
  );
}
