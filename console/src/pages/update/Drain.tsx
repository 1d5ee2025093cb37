import { useEffect, useMemo, useState } from 'react';
import { useNow } from '../../hooks/clock';
import type { FleetView } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { emptyIn, record, type Sample, secondsLeft } from '../../lib/drain';
import { Figure } from '../../ui/Bits';
import { Chart } from '../../ui/Chart';
import { Card } from '../../ui/Page';
import { Outlook, useFleetDrain } from '../fleets/Outlook';

function useSamples(view: FleetView): Sample[] {
  const [samples, setSamples] = useState<Sample[]>([]);
  // What other pages had read before is not the line of this one.
  const [opened] = useState(() => Date.now());
  const sessions = view.utilization?.ActiveGameServerSessionCount;
  const time = view.updatedAt;
  const fleet = view.utilization?.FleetId;
  useEffect(() => setSamples([]), [fleet]);
  useEffect(() => {
    if (sessions !== undefined && time >= opened) setSamples((before) => record(before, { time, sessions }));
  }, [sessions, time, opened]);
  return samples;
}

/** How the sessions of both fleets go, and when the old one will be empty. */
export function Drain({ fleetId, before, after, moved, movedAt }: { fleetId: string; before: FleetView; after: FleetView; moved: boolean; movedAt: number | null }) {
  const text = useText();
  const old = useSamples(before);
  const fresh = useSamples(after);
  const oldName = before.attributes?.Name ?? '';
  const newName = after.attributes?.Name ?? '';
  const series = useMemo(
    () => [
      { name: `${text.update.old}: ${oldName}`, points: old.map((one) => [one.time, one.sessions] as const) },
      { name: `${text.update.new}: ${newName}`, points: fresh.map((one) => [one.time, one.sessions] as const) },
    ],
    [old, fresh, oldName, newName, text],
  );
  const mark = useMemo(() => (movedAt ? { time: movedAt, label: text.update.moved } : undefined), [movedAt, text]);
  const since = useMemo(() => (movedAt ? old.filter((one) => one.time >= movedAt - 5000) : old), [old, movedAt]);
  const drain = useFleetDrain(fleetId, 1);
  const left = emptyIn(drain.data?.FleetDrain, useNow(1000), moved ? secondsLeft(since) : null);
  const remaining = before.utilization?.ActiveGameServerSessionCount ?? 0;
  return (
    <Card title={text.update.drain}>
      <div className="figures" role="status">
        <Figure label={text.update.remaining} value={remaining} />
        {remaining === 0 ? (
          moved && <Figure label={text.update.eta} value={text.update.drained} />
        ) : (
          (moved || drain.data) && <Outlook label={moved ? text.update.eta : text.drain.would} empty={left} samples={drain.data?.FleetDrain.SessionLengthSamples} draining={drain.data?.FleetDrain.Status === 'DRAINING'} />
        )}
      </div>
      <Chart label={text.update.drain} series={series} mark={mark} />
    </Card>
  );
}
