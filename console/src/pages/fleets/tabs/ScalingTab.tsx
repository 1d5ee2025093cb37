import { useState } from 'react';
import type { FleetView } from '../../../hooks/fleets';
import { useText } from '../../../i18n';
import { Fact, Facts, Note } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { Card } from '../../../ui/Page';
import { Rules } from './Rules';
import { ScalingForm } from './ScalingForm';
import { Timers } from './Timers';

export function ScalingTab({ fleetId, view }: { fleetId: string; view: FleetView }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  const counts = view.capacity?.InstanceCounts;
  const automatic = !view.attributes?.StoppedActions.includes('AUTO_SCALING');
  return (
    <>
      <Card
        title={text.scaling.title}
        actions={
          <ActionButton size="small" onClick={() => setOpen(true)}>
            {text.common.modify}
          </ActionButton>
        }
      >
        {counts && (
          <Facts>
            <Fact label={text.scaling.mode}>{automatic ? text.scaling.automatic : text.scaling.manual}</Fact>
            <Fact label={text.scaling.range}>
              {counts.MiniNum} – {counts.MaxiNum}
            </Fact>
            <Fact label={text.scaling.desired}>{counts.Desired}</Fact>
            <Fact label={text.scaling.now}>{text.scaling.nowValue(counts.Active, counts.Pending, counts.Terminating, counts.Idle)}</Fact>
            <Fact label={text.scaling.buffer}>{view.target ? text.scaling.bufferValue(view.target.TargetValue, view.target.MinimumFreeSessions ?? 0, view.target.KeepOne ?? true) : '–'}</Fact>
            <Fact label={text.scaling.interval}>{text.fleet.minutes(view.capacity?.ScalingInterval ?? 0)}</Fact>
          </Facts>
        )}
        {automatic && view.buffer === null && <Note>{text.scaling.noPolicy}</Note>}
      </Card>
      <Rules fleetId={fleetId} policies={view.policies.filter((policy) => policy.PolicyType === 'RuleBased')} />
      <Timers fleetId={fleetId} />
      {open && counts && (
        <ScalingForm
          fleetId={fleetId}
          counts={counts}
          interval={view.capacity?.ScalingInterval ?? 10}
          automatic={automatic}
          target={view.policies.find((policy) => policy.PolicyType === 'TargetBased')}
          failed={view.attributes?.Status === 'ERROR'}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
