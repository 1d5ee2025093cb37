import { Tag } from 'tdesign-react/es/tag';
import { Link, to } from '../../app/router';
import type { FleetView } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Figure, FleetStatus, Meter } from '../../ui/Bits';
import { ErrorBox } from '../../ui/ErrorBox';

/** One side of an update, with its live numbers. */
export function FleetPanel({ title, fleetId, view, points }: { title: string; fleetId: string; view: FleetView; points: boolean }) {
  const text = useText();
  const counts = view.capacity?.InstanceCounts;
  return (
    <section className={points ? 'card side side-on' : 'card side'} aria-label={title}>
      <header className="card-head">
        <h2>
          {title}: <Link to={to('fleets', fleetId)}>{view.attributes?.Name ?? fleetId}</Link>
        </h2>
        {points && (
          <Tag theme="primary" variant="light">
            {text.update.aliasHere}
          </Tag>
        )}
      </header>
      {view.error && <ErrorBox error={view.error} />}
      <p className="inline">
        {view.attributes && <FleetStatus fleet={view.attributes} />} <code className="quiet">{view.attributes?.AssetId}</code>
      </p>
      <div className="figures figures-tight">
        <Figure label={text.fleet.sessions} value={<span data-testid={`sessions-${fleetId}`}>{view.utilization?.ActiveGameServerSessionCount ?? '–'}</span>} />
        <Figure label={text.fleet.players} value={view.utilization?.CurrentPlayerSessionCount ?? '–'} />
        <Figure label={text.fleet.instances} value={counts ? `${counts.Active}/${counts.Desired}` : '–'} hint={counts && text.fleet.instancesLong(counts.MiniNum, counts.MaxiNum)} />
        <Figure label={text.fleet.buffer} value={view.buffer === null ? '–' : `${view.buffer} %`} />
      </div>
      <Meter label={text.fleet.sessionsHint} part={view.utilization?.ActiveGameServerSessionCount ?? 0} whole={(counts?.Active ?? 0) * view.perInstance} />
    </section>
  );
}
