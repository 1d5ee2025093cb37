import { Link, to } from '../../app/router';
import { useApi } from '../../hooks/api';
import type { LiveFleet } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';
import { Confirm } from '../../ui/Confirm';

const kPages: Record<string, string> = { alias: 'aliases', queue: 'queues' };

/** Shows what still leads to the fleet before it is deleted. */
export function DeleteFleet({ fleet, onClose, onDone }: { fleet: LiveFleet; onClose: () => void; onDone?: () => void }) {
  const text = useText();
  const { FleetId, Name } = fleet.attributes;
  const related = useApi('DescribeFleetRelatedResources', { FleetId });
  const resources = related.data?.Resources ?? [];
  const sessions = fleet.utilization?.ActiveGameServerSessionCount ?? 0;
  const aliases = resources.filter((one) => one.Type === 'ALIAS');
  return (
    <Confirm
      title={text.fleet.deleteTitle(Name)}
      confirm={text.common.delete}
      danger
      disabled={related.isPending}
      done={text.fleet.deleting}
      onClose={onClose}
      work={async (run) => {
        await run('DeleteFleet', { FleetId });
        onDone?.();
      }}
    >
      <p>{text.fleet.deleteAffects}</p>
      {sessions > 0 && (
        <Note tone="danger">{text.fleet.deleteSessions(sessions, fleet.utilization?.CurrentPlayerSessionCount ?? 0)}</Note>
      )}
      <h3>{text.fleet.related}</h3>
      {resources.length === 0 ? (
        <p className="quiet">{related.isPending ? text.common.loading : text.fleet.relatedNone}</p>
      ) : (
        <ul>
          {resources.map((one) => {
            const page = Object.entries(kPages).find(([kind]) => one.Type.toLowerCase().includes(kind))?.[1];
            return (
              <li key={`${one.Type}${one.ResourceId}`}>
                {one.Type}{' '}
                {page ? <Link to={page === 'aliases' ? to(page, one.ResourceId) : `/${page}`}>{one.ResourceId}</Link> : <code>{one.ResourceId}</code>}{' '}
                <span className="quiet">{one.ResourceRegion}</span>
              </li>
            );
          })}
        </ul>
      )}
      {aliases.length > 0 && <Note tone="warning">{text.fleet.relatedAliases}</Note>}
    </Confirm>
  );
}
