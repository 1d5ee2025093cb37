import { useEffect, useMemo, useRef, useState } from 'react';
import { useConsole } from '../../app/console';
import { Link, to } from '../../app/router';
import { useFleets } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { percent } from '../../lib/format';
import { push } from '../../lib/ring';
import { Figure, Meter, Status } from '../../ui/Bits';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty, Page } from '../../ui/Page';
import { Spark } from '../../ui/Spark';

const kKept = 120;
const kEveryMs = 1000;

interface Line {
  instances: number[];
  sessions: number[];
  players: number[];
}

/** The region as it breathes: every number with its last two minutes. */
export default function Overview() {
  const text = useText();
  const { region, live, placed } = useConsole();
  const { fleets, loading, error, retry } = useFleets();
  const [lines, setLines] = useState<Record<string, Line>>({});
  const [rates, setRates] = useState<number[]>([]);
  const latest = useRef(fleets);
  useEffect(() => {
    latest.current = fleets;
  });
  useEffect(() => {
    let seen = placed.current;
    const timer = setInterval(() => {
      const fresh = placed.current - seen;
      seen = placed.current;
      setRates((before) => push(before, fresh, kKept));
      setLines((before) =>
        Object.fromEntries(
          latest.current.map(({ attributes, capacity, utilization }) => {
            const line = before[attributes.FleetId] ?? { instances: [], sessions: [], players: [] };
            return [
              attributes.FleetId,
              {
                instances: push(line.instances, capacity?.InstanceCounts.Active ?? 0, kKept),
                sessions: push(line.sessions, utilization?.ActiveGameServerSessionCount ?? 0, kKept),
                players: push(line.players, utilization?.CurrentPlayerSessionCount ?? 0, kKept),
              },
            ];
          }),
        ),
      );
    }, kEveryMs);
    return () => clearInterval(timer);
  }, [placed]);

  const totals = useMemo(() => {
    const sum = (of: (fleet: (typeof fleets)[number]) => number | undefined) => fleets.reduce((total, fleet) => total + (of(fleet) ?? 0), 0);
    return {
      instances: sum((fleet) => fleet.capacity?.InstanceCounts.Active),
      pending: sum((fleet) => fleet.capacity?.InstanceCounts.Pending),
      sessions: sum((fleet) => fleet.utilization?.ActiveGameServerSessionCount),
      processes: sum((fleet) => fleet.utilization?.ActiveServerProcessCount),
      players: sum((fleet) => fleet.utilization?.CurrentPlayerSessionCount),
    };
  }, [fleets]);
  const rate = rates[rates.length - 1] ?? 0;
  return (
    <Page title={text.menu.overview} lead={text.overview.lead(region)}>
      {error && <ErrorBox error={error} onRetry={() => void retry()} />}
      <div className="figures figures-big">
        <Figure label={text.menu.fleets} value={fleets.length} hint={text.overview.active(fleets.filter((fleet) => fleet.attributes.Status === 'ACTIVE').length)} />
        <Figure label={text.fleet.instances} value={totals.instances} hint={totals.pending > 0 ? text.overview.starting(totals.pending) : undefined} />
        <Figure label={text.fleet.sessions} value={totals.sessions} hint={text.overview.free(Math.max(0, totals.processes - totals.sessions))} />
        <Figure label={text.fleet.players} value={totals.players} />
        <Figure label={text.overview.changes} value={live ? rate : '–'} hint={<Spark label={text.overview.changes} values={rates} />} />
      </div>
      {!loading && !error && fleets.length === 0 && (
        <Card>
          <Empty title={text.overview.none} action={<Link to="/start">{text.menu.start}</Link>}>
            {text.overview.noneLong}
          </Empty>
        </Card>
      )}
      <div className="fleet-cards">
        {fleets.map(({ attributes, capacity, utilization }) => {
          const line = lines[attributes.FleetId];
          const sessions = utilization?.ActiveGameServerSessionCount ?? 0;
          const processes = utilization?.ActiveServerProcessCount ?? 0;
          return (
            <section key={attributes.FleetId} className="card fleet-card" aria-label={attributes.Name}>
              <header className="card-head">
                <h2>
                  <Link to={to('fleets', attributes.FleetId, 'sessions')}>{attributes.Name}</Link>
                </h2>
                <Status value={attributes.Status} />
              </header>
              <dl className="breath">
                <dt>{text.fleet.instances}</dt>
                <dd>
                  {capacity ? `${capacity.InstanceCounts.Active}/${capacity.InstanceCounts.Desired}` : '–'}
                  <Spark label={text.fleet.instances} values={line?.instances ?? []} />
                </dd>
                <dt>{text.fleet.sessions}</dt>
                <dd>
                  {sessions}
                  <Spark label={text.fleet.sessions} values={line?.sessions ?? []} />
                </dd>
                <dt>{text.fleet.players}</dt>
                <dd>
                  {utilization?.CurrentPlayerSessionCount ?? 0}
                  <Spark label={text.fleet.players} values={line?.players ?? []} />
                </dd>
                <dt>{text.overview.freeShare}</dt>
                <dd>
                  {percent(Math.max(0, processes - sessions), processes)} %
                  <Meter label={text.fleet.sessions} part={sessions} whole={processes} />
                </dd>
              </dl>
            </section>
          );
        })}
      </div>
    </Page>
  );
}
