import { useState } from 'react';
import type { TimerScalingPolicy } from '../../../api/types';
import { useText } from '../../../i18n';
import { fromInput, localOffset, offsetOf, offsetText, toInput } from '../../../lib/offset-time';
import { Field, NumberField, SelectField, TextField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';
import { bufferOf, bufferProblem, BufferFields, targetOf } from './BufferFields';

const kOnce = 1;
const kDaily = 2;
const kMonthly = 3;
const kWeekly = 4;

export function TimerForm({ fleetId, timer, onClose }: { fleetId: string; timer?: TimerScalingPolicy; onClose: () => void }) {
  const text = useText();
  const what = timer?.TimerFleetCapacity;
  const when = timer?.TimerConfiguration;
  const [name, setName] = useState(timer?.TimerName ?? '');
  const [type, setType] = useState(when?.TimerType ?? kDaily);
  // A timer keeps the clock by which its days were chosen; a new one goes by the browser's.
  const kept = when?.BeginTime ? offsetOf(when.BeginTime) : null;
  const [begin, setBegin] = useState(() => {
    const date = when?.BeginTime ? new Date(when.BeginTime) : new Date(Date.now() + 3_600_000);
    return toInput(date, kept ?? localOffset(date));
  });
  const offset = kept ?? localOffset(begin ? new Date(begin) : new Date());
  const [end, setEnd] = useState(when?.EndTime ? toInput(new Date(when.EndTime), offset) : '');
  const [day, setDay] = useState<number | null>(when?.TimerValue?.Day || 1);
  const [fromDay, setFromDay] = useState<number | null>(when?.TimerValue?.FromDay || 1);
  const [toDay, setToDay] = useState<number | null>(when?.TimerValue?.ToDay || 31);
  const [weekDays, setWeekDays] = useState<number[]>(when?.TimerValue?.WeekDays ?? [1]);
  const [min, setMin] = useState<number | null>(what?.MinSize ?? 0);
  const [max, setMax] = useState<number | null>(what?.MaxSize ?? 1);
  const [desired, setDesired] = useState<number | null>(what?.DesiredInstances ?? 1);
  const [interval, setInterval] = useState<number | null>(what?.ScalingInterval ?? 10);
  const [buffer, setBuffer] = useState(() => bufferOf(what?.TargetConfiguration));
  const target = targetOf(buffer);
  const problem = !name
    ? text.alias.needsName
    : !begin
      ? text.timer.needsBegin
      : type === kWeekly && weekDays.length === 0
        ? text.timer.needsDays
        : type === kMonthly && (fromDay === null || toDay === null || fromDay < 1 || toDay > 31 || fromDay > toDay)
          ? text.timer.monthProblem
          : min === null || max === null || desired === null || min > max || desired < min || desired > max
            ? text.scaling.desiredProblem
            : interval === null || interval < 1 || interval > 30
              ? text.timer.intervalProblem
              : bufferProblem(buffer, text);
  const value =
    type === kMonthly
      ? { FromDay: fromDay ?? 1, ToDay: toDay ?? 31 }
      : type === kWeekly
        ? { WeekDays: weekDays }
        : { Day: type === kOnce ? 0 : (day ?? 1) };
  return (
    <FormModal
      title={timer ? text.timer.modifyTitle(timer.TimerName ?? '') : text.timer.add}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('PutTimerScalingPolicy', {
          TimerScalingPolicy: {
            ...(timer?.TimerId ? { TimerId: timer.TimerId } : {}),
            TimerName: name,
            TimerFleetCapacity: {
              FleetId: fleetId,
              MinSize: min ?? 0,
              MaxSize: max ?? 0,
              DesiredInstances: desired ?? 0,
              ScalingInterval: interval ?? 10,
              ScalingType: target ? 2 : 1,
              ...(target ? { TargetConfiguration: target } : {}),
            },
            TimerConfiguration: {
              TimerType: type,
              TimerValue: value,
              BeginTime: fromInput(begin, offset),
              ...(end ? { EndTime: fromInput(end, offset) } : {}),
            },
          },
        });
      }}
    >
      <TextField label={text.common.name} required value={name} onChange={setName} />
      <SelectField
        label={text.timer.cycle}
        value={String(type)}
        onChange={(next) => setType(Number(next))}
        options={[kOnce, kDaily, kWeekly, kMonthly].map((kind) => ({
          value: String(kind),
          label: (text.timer.kinds as Record<string, string>)[String(kind)] ?? '',
        }))}
      />
      {type === kDaily && <NumberField label={text.timer.everyDays} value={day} onChange={setDay} />}
      {type === kWeekly && (
        <fieldset className="field choices choices-inline">
          <legend className="field-label">{text.timer.weekDays}</legend>
          {text.timer.days.map((label, index) => (
            <label key={label} className="check">
              <input
                type="checkbox"
                checked={weekDays.includes(index + 1)}
                onChange={(event) =>
                  setWeekDays(event.target.checked ? [...weekDays, index + 1].sort() : weekDays.filter((one) => one !== index + 1))
                }
              />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
      )}
      {type === kMonthly && (
        <div className="row">
          <NumberField label={text.timer.fromDay} value={fromDay} onChange={setFromDay} />
          <NumberField label={text.timer.toDay} value={toDay} onChange={setToDay} />
        </div>
      )}
      <div className="row">
        <Field label={text.timer.begin} hint={`UTC${offsetText(offset)}`}>
          <input className="select" type="datetime-local" value={begin} onChange={(event) => setBegin(event.target.value)} />
        </Field>
        <Field label={text.timer.end} hint={text.timer.endHint}>
          <input className="select" type="datetime-local" value={end} onChange={(event) => setEnd(event.target.value)} />
        </Field>
      </div>
      <div className="row">
        <NumberField label={text.scaling.min} value={min} onChange={setMin} />
        <NumberField label={text.scaling.max} value={max} onChange={setMax} />
        <NumberField label={text.scaling.desired} value={desired} onChange={setDesired} />
      </div>
      <BufferFields buffer={buffer} onChange={setBuffer} hint={text.timer.bufferHint} />
      <NumberField label={text.scaling.interval} value={interval} onChange={setInterval} unit={text.common.minutes} />
    </FormModal>
  );
}
