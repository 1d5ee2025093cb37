import { Link, to } from '../../app/router';
import { useApi } from '../../hooks/api';
import { useText } from '../../i18n';
import { Note } from '../../ui/Bits';

const kStates = ['NEW', 'DOWNLOADING', 'VALIDATING', 'BUILDING', 'ACTIVATING', 'ACTIVE'] as const;

/** The six states that a new fleet goes through, as it does. */
export function SubStates({ status, fleetId }: { status: string; fleetId: string }) {
  const text = useText();
  const at = kStates.indexOf(status as (typeof kStates)[number]);
  const events = useApi('DescribeFleetEvents', { FleetId: fleetId, Limit: 5, Offset: 0 }, { every: 2000 });
  const failed = at < 0;
  return (
    <>
      <ol className="substates" aria-live="polite">
        {kStates.map((state, index) => {
          const mode = index < at || status === 'ACTIVE' ? 'done' : index === at ? 'now' : 'later';
          return (
            <li key={state} className={`substate substate-${mode}`}>
              <span className="substate-dot" aria-hidden />
              <span>{(text.status as Record<string, string>)[state]}</span>
              <small>{text.start.states[mode]}</small>
            </li>
          );
        })}
      </ol>
      {failed && (
        <Note tone="danger">
          {text.start.failed} <Link to={to('fleets', fleetId, 'events')}>{text.fleet.tabs.events}</Link>
        </Note>
      )}
      <p className="quiet small">{events.data?.Events[0]?.Message}</p>
    </>
  );
}
