import { useState } from 'react';
import type { FleetAttributes } from '../../api/types';
import { go, withQuery } from '../../app/router';
import { useText } from '../../i18n';
import { Button } from '../../ui/Button';
import { CheckField, NumberField, TextField } from '../../ui/Field';
import { FormModal } from '../../ui/FormModal';

export function CopyFleet({ fleet, onClose }: { fleet: FleetAttributes; onClose: () => void }) {
  const text = useText();
  const [count, setCount] = useState<number | null>(1);
  const [name, setName] = useState(fleet.Name);
  const [scaling, setScaling] = useState(true);
  const [timers, setTimers] = useState(true);
  const hasCcn = fleet.RelatedCcnInfos.length > 0;
  const [ccn, setCcn] = useState(hasCcn);
  const problem = count === null || count < 1 || count > 100 ? text.fleet.copyCountRange : name.length < 1 || name.length > 50 ? text.fleet.nameRange : null;
  return (
    <FormModal
      title={text.fleet.copyTitle(fleet.Name)}
      done={text.common.createdDone}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('CopyFleet', {
          FleetId: fleet.FleetId,
          CopyNumber: count ?? 1,
          Name: name,
          SelectedScalingType: scaling ? 'SCALING_SELECTED' : 'SCALING_UNSELECTED',
          ...(ccn ? { SelectedCcnType: 'CCN_SELECTED_BEFORE_CREATE', CcnInfos: fleet.RelatedCcnInfos.map(({ AccountId, CcnId }) => ({ AccountId, CcnId })) } : {}),
          SelectedTimerType: timers ? 'TIMER_SELECTED' : 'TIMER_UNSELECTED',
        });
      }}
    >
      <p>{text.fleet.copyLead}</p>
      <TextField label={text.common.name} value={name} onChange={setName} required />
      <NumberField label={text.fleet.copyCount} value={count} onChange={setCount} required />
      <CheckField label={text.fleet.copyScaling} checked={scaling} onChange={setScaling} />
      <CheckField label={text.fleet.copyTimers} checked={timers} onChange={setTimers} />
      {hasCcn && <CheckField label={text.fleet.copyCcn} checked={ccn} onChange={setCcn} />}
      <div>
        <Button kind="link" onClick={() => go(withQuery('/fleets/new', { copy: fleet.FleetId }))}>
          {text.fleet.copyChange}
        </Button>
      </div>
    </FormModal>
  );
}
