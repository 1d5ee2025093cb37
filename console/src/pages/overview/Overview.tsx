import { useEffect, useMemo, useRef, useState } from 'react';
import { useConsole } from '../../app/console';
import { Link } from '../../app/router';
import { type LiveFleet, useFleets } from '../../hooks/fleets';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { push } from '../../lib/ring';
import { Figure } from '../../ui/Bits';
import { Chart } from '../../ui/Chart';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty, Page } from '../../ui/Page';
import { FleetCard, type Line } from './FleetCard';

const kSparkKept = 120;
const kChartKept = 300;
const kEveryMs = 1000;
const kMostCards = 24;

interface Totals {
  instances: number;
  pending: number;
  sessions: number;
  processes: number;
  players: number;
}

interface Moment extends Totals {
  time: number;
  placed: number;
}

function totalsOf(fleets: readonly LiveFleet[]): Totals {
  const sum = (of: (fleet: LiveFleet) => number | undefined) => fleets.reduce((total, fleet) => total + (of(fleet) ?? 0), 0);
  return {
    instances: sum((fleet) => fleet.capacity?.InstanceCounts.Active),
    pending: sum((fleet) => fleet.capacity?.InstanceCounts.Pending),
    sessions: sum((fleet) => fleet.utilization?.ActiveGameServerSessionCount),
    processes: sum((fleet) => fleet.utilization?.ActiveServerProcessCount),
    players: sum((fleet) => fleet.utilization?.CurrentPlayerSessionCount),
  };
}

function extended(line: Line | undefined, { capacity, utilization }: LiveFleet): Line {
  const { instances = [], sessions = [], players = [] } = line ?? {};
  return {
    instances: push(instances, capacity?.InstanceCounts.Active ?? 0, kSparkKept),
    sessions: push(sessions, utilization?.ActiveGameServerSessionCount ?? 0, kSparkKept),
    players: push(players, utilization?.CurrentPlayerSessionCount ?? 0, kSparkKept),
  };
}

/** The region as it breathes: every number with its last minutes. */
export default function Overview() {
  const text = useText();
  const { region, live, placed } = useConsole();
  const { fleets, loading, error, retry } = useFleets();
  const policies = useAll('DescribeScalingPolicies', {}, (page) => page.ScalingPolicies);
  const [lines, setLines] = useState<Record<string, Line>>({});
  const [moments, setMoments] = useState<Moment[]>([]);
  const shown = useMemo(() => fleets.slice(0, kMostCards), [fleets]);
  const totals = useMemo(() => totalsOf(fleets), [fleets]);
  const latest = useRef({ shown, totals, known: !loading });
  useEffect(() => {
    latest.current = { shown, totals, known: !loading };
  });
  useEffect(() => {
    let seen = placed.current;
    const timer = setInterval(() => {
      const now = latest.current;
      if (!now.known) return;
      const fresh = placed.current - seen;
      seen = placed.current;
      setMoments((before) => push(before, { ...now.totals, time: Date.now(), placed: fresh }, kChartKept));
      setLines((before) => Object.fromEntries(now.shown.map((fleet) => [fleet.attributes.FleetId, extended(before[fleet.attributes.FleetId], fleet)])));
    }, kEveryMs);
    return () => clearInterval(timer);
  }, [placed]);

  const charts = useMemo(() => {
    const of = (name: string, value: (moment: Moment) => number) => ({ name, points: moments.map((one) => [one.time, value(one)] as const) });
    return [
      { title: text.fleet.sessions, series: [of(text.overview.running, (one) => one.sessions), of(text.overview.room, (one) => one.processes)] },
      { title: text.fleet.players, series: [of(text.fleet.players, (one) => one.players)] },
      { title: text.overview.changes, series: [of(text.overview.changes, (one) => one.placed)] },
    ];
  }, [moments, text]);
  const buffers = new Map((policies.data ?? []).filter((one) => one.PolicyType === 'TargetBased').map((one) => [one.FleetId, one.TargetConfiguration?.TargetValue ?? null]));
  const rate = moments[moments.length - 1]?.placed ?? 0;
  const nothing = !loading && !error && fleets.length === 0;
  return (
    <Page title={text.menu.overview} lead={text.overview.lead(region)}>
      {error && <ErrorBox error={error} onRetry={() => void retry()} />}
      <div className="figures figures-big">
        <Figure label={text.menu.fleets} value={fleets.length} hint={text.overview.active(fleets.filter((fleet) => fleet.attributes.Status === 'ACTIVE').length)} />
        <Figure label={text.fleet.instances} value={totals.instances} hint={text.overview.starting(totals.pending)} />
        <Figure label={text.fleet.sessions} value={totals.sessions} hint={text.overview.free(Math.max(0, totals.processes - totals.sessions))} />
        <Figure label={text.fleet.players} value={totals.players} hint={text.overview.perSession(totals.sessions > 0 ? totals.players / totals.sessions : 0)} />
        <Figure label={text.overview.changes} value={live ? rate : '–'} hint={live ? text.shell.live : text.shell.polling} />
      </div>
      {nothing && (
        <Card>
          <Empty title={text.overview.none} action={<Link to="/start">{text.menu.start}</Link>}>
            {text.overview.noneLong}
          </Empty>
        </Card>
      )}
      {fleets.length > 0 && (
        <div className="charts">
          {charts.map(({ title, series }) => (
            <Card key={title} title={title}>
              <Chart label={title} height={160} series={series} />
            </Card>
          ))}
        </div>
      )}
      <div className="fleet-cards">
        {shown.map((fleet) => (
          <FleetCard key={fleet.attributes.FleetId} fleet={fleet} line={lines[fleet.attributes.FleetId]} buffer={buffers.get(fleet.attributes.FleetId) ?? null} />
        ))}
      </div>
      {fleets.length > shown.length && (
        <p>
          <Link to="/fleets">{text.overview.all(fleets.length)}</Link>
        </p>
      )}
    </Page>
  );
}
