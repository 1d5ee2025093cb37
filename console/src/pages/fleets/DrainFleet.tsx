import { useState } from 'react';
import type { FleetAttributes, FleetDrain } from '../../api/types';
import { useApi } from '../../hooks/api';
import { useNow } from '../../hooks/clock';
import { useText } from '../../i18n';
import { emptyIn } from '../../lib/drain';
import { Note } from '../../ui/Bits';
import { Confirm } from '../../ui/Confirm';
import { CheckField, NumberField } from '../../ui/Field';
import { FormModal } from '../../ui/FormModal';
import { Outlook, useFleetDrain } from './Outlook';

interface Props {
  fleet: FleetAttributes;
  onClose: () => void;
}

const kMostMinutes = 43_200;

/** Lets a fleet run empty, or changes how: says before whom it hits, and when the fleet would be empty. */
export function DrainFleet({ fleet, onClose }: Props) {
  const drain = useFleetDrain(fleet.FleetId, 1).data?.FleetDrain;
  // What is chosen already is where the form begins.
  return drain && <Form fleet={fleet} drain={drain} onClose={onClose} />;
}

function Form({ fleet, drain, onClose }: Props & { drain: FleetDrain }) {
  const text = useText();
  const now = useNow(1000);
  const [denyJoins, setDenyJoins] = useState(drain.DenyJoins);
  const [deleteWhenEmpty, setDeleteWhenEmpty] = useState(drain.DeleteWhenEmpty);
  const [minutes, setMinutes] = useState<number | null>(() => (drain.DeadlineTime ? Math.max(1, Math.ceil((Date.parse(drain.DeadlineTime) - now) / 60_000)) : null));
  const related = useApi('DescribeFleetRelatedResources', { FleetId: fleet.FleetId });
  const alias = related.data?.Resources.find((one) => one.Type === 'ALIAS')?.ResourceId;
  const title = fleet.Draining ? text.drain.againTitle(fleet.Name) : text.drain.title(fleet.Name);
  return (
    <FormModal
      title={title}
      confirm={fleet.Draining ? text.common.ok : text.drain.drain}
      done={text.drain.done}
      problem={minutes !== null && (minutes < 1 || minutes > kMostMinutes) ? text.drain.deadlineRange : null}
      onClose={onClose}
      work={async (run) => {
        await run('DrainFleet', { FleetId: fleet.FleetId, DenyJoins: denyJoins, DeleteWhenEmpty: deleteWhenEmpty, ...(minutes === null ? {} : { DeadlineInSeconds: minutes * 60 }) });
      }}
    >
      <p>{text.drain.affects(drain.GameServerSessionCount, drain.PlayerSessionCount)}</p>
      {alias && <Note tone="warning">{text.drain.alias(alias)}</Note>}
      {drain.GameServerSessionCount > 0 && (
        <div className="figures figures-tight">
          <Outlook label={fleet.Draining ? text.drain.likely : text.drain.would} empty={emptyIn(drain, now, null)} samples={drain.SessionLengthSamples} draining={false} />
        </div>
      )}
      <CheckField label={text.drain.denyJoins} checked={denyJoins} onChange={setDenyJoins} hint={text.drain.denyJoinsHint} />
      <CheckField label={text.drain.deleteWhenEmpty} checked={deleteWhenEmpty} onChange={setDeleteWhenEmpty} />
      <NumberField label={text.drain.deadline} value={minutes} onChange={setMinutes} unit={text.common.minutes} hint={text.drain.deadlineHint} />
      {minutes === null ? <Note>{text.drain.noForce}</Note> : <Note tone="danger">{text.drain.deadlineAffects(minutes)}</Note>}
    </FormModal>
  );
}

export function UndrainFleet({ fleet, onClose }: Props) {
  const text = useText();
  return (
    <Confirm
      title={text.drain.undrainTitle(fleet.Name)}
      confirm={text.drain.undrain}
      done={text.drain.undone}
      onClose={onClose}
      work={async (run) => {
        await run('UndrainFleet', { FleetId: fleet.FleetId });
      }}
    >
      <p>{text.drain.undrainAffects}</p>
    </Confirm>
  );
}
