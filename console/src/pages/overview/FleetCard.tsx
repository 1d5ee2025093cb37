import { Link, to } from '../../app/router';
import type { LiveFleet } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { percent } from '../../lib/format';
import { FleetStatus, Meter } from '../../ui/Bits';
import { Spark } from '../../ui/Spark';

/** What a fleet's numbers were of late. */
export interface Line {
  instances: number[];
  sessions: number[];
  players: number[];
}

/** One fleet as it breathes; `buffer` is the share of sessions it keeps free, null without such a policy. */
export function FleetCard({ fleet: { attributes, capacity, utilization }, line, buffer }: { fleet: LiveFleet; line: Line | undefined; buffer: number | null }) {
  const text = useText();
  const sessions = utilization?.ActiveGameServerSessionCount ?? 0;
  const processes = utilization?.ActiveServerProcessCount ?? 0;
  const free = percent(Math.max(0, processes - sessions), processes);
  return (
    <section className="card fleet-card" aria-label={attributes.Name}>
      <header className="card-head">
        <h2>
          <Link to={to('fleets', attributes.FleetId, 'sessions')}>{attributes.Name}</Link>
        </h2>
        <FleetStatus fleet={attributes} />
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
          <span>
            {free} %{' '}
            {buffer !== null && <span className={free < buffer ? 'bad small' : 'quiet small'}>{text.overview.wanted(buffer)}</span>}
          </span>
          <Meter label={text.fleet.sessions} part={sessions} whole={processes} />
        </dd>
      </dl>
    </section>
  );
}
