import type { RuntimeConfiguration, ServerProcesse } from '../../api/types';
import { useText } from '../../i18n';
import { Button } from '../../ui/Button';
import { NumberField, TextField } from '../../ui/Field';

export function RuntimeFields({ value, onChange }: { value: RuntimeConfiguration; onChange: (value: RuntimeConfiguration) => void }) {
  const text = useText();
  const rows = value.ServerProcesses ?? [];
  const set = (index: number, change: Partial<ServerProcesse>) =>
    onChange({ ...value, ServerProcesses: rows.map((row, at) => (at === index ? { ...row, ...change } : row)) });
  return (
    <>
      <fieldset className="field rows">
        <legend className="field-label">{text.process.configuration}</legend>
        {rows.map((row, index) => (
          <div className="row" key={index}>
            <TextField label={text.process.path} required value={row.LaunchPath ?? ''} onChange={(LaunchPath) => set(index, { LaunchPath })} hint={text.process.pathHint} />
            <TextField label={text.process.parameters} value={row.Parameters ?? ''} onChange={(Parameters) => set(index, { Parameters })} />
            <NumberField label={text.process.concurrent} required value={row.ConcurrentExecutions ?? null} onChange={(count) => set(index, { ConcurrentExecutions: count ?? undefined })} />
            {rows.length > 1 && (
              <Button kind="danger-link" onClick={() => onChange({ ...value, ServerProcesses: rows.filter((_, at) => at !== index) })}>
                {text.common.remove}
              </Button>
            )}
          </div>
        ))}
        <div>
          <Button
            size="small"
            onClick={() => onChange({ ...value, ServerProcesses: [...rows, { LaunchPath: '/local/game/', Parameters: '', ConcurrentExecutions: 1 }] })}
          >
            {text.process.addRow}
          </Button>
        </div>
      </fieldset>
      <div className="row">
        <NumberField
          label={text.process.maxActivations}
          value={value.MaxConcurrentGameServerSessionActivations || null}
          onChange={(next) => onChange({ ...value, MaxConcurrentGameServerSessionActivations: next ?? undefined })}
          placeholder={text.fleet.unlimited}
          hint={text.process.maxActivationsHint}
        />
        <NumberField
          label={text.process.activationTimeout}
          value={value.GameServerSessionActivationTimeoutSeconds ?? null}
          onChange={(next) => onChange({ ...value, GameServerSessionActivationTimeoutSeconds: next ?? undefined })}
          unit={text.common.seconds}
        />
      </div>
    </>
  );
}
