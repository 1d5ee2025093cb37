import { Tag } from 'tdesign-react/es/tag';
import type { RoutingStrategy } from '../../api/types';
import { Link, to } from '../../app/router';
import type { LiveFleet } from '../../hooks/fleets';
import { useText } from '../../i18n';

/** Where an alias leads. */
export function Route({ strategy, fleets }: { strategy: RoutingStrategy | null; fleets: LiveFleet[] }) {
  const text = useText();
  if (!strategy) return <span>–</span>;
  if (strategy.Type === 'TERMINAL') {
    return (
      <span className="route">
        <Tag theme="warning" variant="light">
          {text.alias.terminal}
        </Tag>{' '}
        <q>{strategy.Message}</q>
      </span>
    );
  }
  const id = strategy.FleetId ?? '';
  const fleet = fleets.find((one) => one.attributes.FleetId === id);
  return (
    <div className="two-lines">
      <Link to={to('fleets', id)}>{fleet?.attributes.Name ?? id}</Link>
      <code className="quiet">{id}</code>
    </div>
  );
}
