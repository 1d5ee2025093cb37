import type { TargetConfiguration } from '../../../api/types';
import { useText } from '../../../i18n';
import type { Text } from '../../../i18n/en';
import { CheckField, NumberField } from '../../../ui/Field';

/** What a target policy keeps free, as a form has it. */
export interface Buffer {
  /** Empty: no buffer. */
  percent: number | null;
  free: number | null;
  keepOne: boolean;
}

const kMostFree = 100_000;

export function bufferOf(target: TargetConfiguration | undefined): Buffer {
  return { percent: target?.TargetValue || null, free: target?.MinimumFreeSessions || null, keepOne: target?.KeepOne ?? true };
}

export function targetOf({ percent, free, keepOne }: Buffer): TargetConfiguration | null {
  return percent === null ? null : { TargetValue: percent, MinimumFreeSessions: free ?? 0, KeepOne: keepOne };
}

export function bufferProblem({ percent, free }: Buffer, text: Text): string | null {
  if (percent !== null && (percent < 1 || percent > 99)) return text.scaling.bufferProblem;
  if (free !== null && (percent === null || free < 0 || free > kMostFree)) return text.scaling.freeProblem;
  return null;
}

export function BufferFields({ buffer, onChange, hint }: { buffer: Buffer; onChange: (buffer: Buffer) => void; hint: string }) {
  const text = useText();
  return (
    <>
      <div className="row">
        <NumberField label={text.scaling.buffer} value={buffer.percent} onChange={(percent) => onChange({ ...buffer, percent })} unit="%" hint={hint} />
        <NumberField label={text.scaling.free} value={buffer.free} onChange={(free) => onChange({ ...buffer, free })} placeholder="0" hint={text.scaling.freeHint} />
      </div>
      {buffer.percent !== null && <CheckField label={text.scaling.keepOne} checked={buffer.keepOne} onChange={(keepOne) => onChange({ ...buffer, keepOne })} hint={text.scaling.keepOneHint} />}
    </>
  );
}
