import { useState } from 'react';
import type { InstanceCounts, ScalingPolicy } from '../../../api/types';
import { useText } from '../../../i18n';
import { Note } from '../../../ui/Bits';
import { ChoiceField, NumberField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';
import { bufferOf, bufferProblem, BufferFields, targetOf } from './BufferFields';

interface Props {
  fleetId: string;
  counts: InstanceCounts;
  interval: number;
  automatic: boolean;
  target: ScalingPolicy | undefined;
  /** A fleet whose first deployment failed may only have 0 to 1 instances. */
  failed: boolean;
  onClose: () => void;
}

export function ScalingForm({ fleetId, counts, interval: firstInterval, automatic, target, failed, onClose }: Props) {
  const text = useText();
  const [mode, setMode] = useState(automatic && !failed ? 'auto' : 'manual');
  const [min, setMin] = useState<number | null>(counts.MiniNum);
  const [max, setMax] = useState<number | null>(failed ? Math.min(counts.MaxiNum, 1) : counts.MaxiNum);
  const [desired, setDesired] = useState<number | null>(counts.Desired);
  const first = bufferOf(target?.TargetConfiguration);
  const [buffer, setBuffer] = useState(first);
  const [interval, setInterval] = useState<number | null>(firstInterval);
  const auto = mode === 'auto';
  const problem =
    min === null || max === null || desired === null || min < 0 || min > max
      ? text.scaling.rangeProblem
      : failed && max > 1
        ? text.scaling.failedFleet
        : desired < min || desired > max
          ? text.scaling.desiredProblem
          : auto && bufferProblem(buffer, text)
            ? bufferProblem(buffer, text)
            : auto && (interval === null || interval < 3 || interval > 30)
              ? text.scaling.intervalProblem
              : null;
  return (
    <FormModal
      title={text.scaling.modifyTitle}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('UpdateFleetCapacity', {
          FleetId: fleetId,
          MinSize: min ?? 0,
          MaxSize: max ?? 0,
          DesiredInstances: desired ?? 0,
          ...(auto && interval !== null ? { ScalingInterval: interval } : {}),
        });
        const wanted = targetOf(buffer);
        if (auto && wanted && JSON.stringify(buffer) !== JSON.stringify(first)) {
          await run('PutScalingPolicy', {
            FleetId: fleetId,
            Name: target?.Name ?? 'buffer',
            PolicyType: 'TargetBased',
            MetricName: 'PercentAvailableGameSessions',
            TargetConfiguration: wanted,
          });
        }
        if (auto && !wanted && target) await run('DeleteScalingPolicy', { FleetId: fleetId, Name: target.Name });
        if (auto !== automatic) await run(auto ? 'StartFleetActions' : 'StopFleetActions', { FleetId: fleetId, Actions: ['AUTO_SCALING'] });
      }}
    >
      {failed && <Note tone="warning">{text.scaling.failedFleet}</Note>}
      <ChoiceField
        label={text.scaling.mode}
        value={mode}
        onChange={(next) => !failed && setMode(next)}
        options={[
          { value: 'auto', label: text.scaling.automatic, hint: text.scaling.automaticHint },
          { value: 'manual', label: text.scaling.manual, hint: text.scaling.manualHint },
        ]}
      />
      <div className="row">
        <NumberField label={text.scaling.min} value={min} onChange={setMin} />
        <NumberField label={text.scaling.max} value={max} onChange={setMax} />
        <NumberField label={text.scaling.desired} value={desired} onChange={setDesired} />
      </div>
      {auto && (
        <>
          <BufferFields buffer={buffer} onChange={setBuffer} hint={text.scaling.bufferHint} />
          <NumberField label={text.scaling.interval} value={interval} onChange={setInterval} unit={text.common.minutes} hint={text.scaling.intervalHint} />
        </>
      )}
      {max !== null && max < counts.Active && <Note tone="warning">{text.scaling.shrinks(counts.Active - max)}</Note>}
    </FormModal>
  );
}
