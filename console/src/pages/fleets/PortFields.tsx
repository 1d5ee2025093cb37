import type { InboundPermission } from '../../api/types';
import { useText } from '../../i18n';
import { Button } from '../../ui/Button';
import { NumberField, SelectField, TextField } from '../../ui/Field';
import { kAllPorts } from './ports';

export function PortFields({ rules, onChange }: { rules: InboundPermission[]; onChange: (rules: InboundPermission[]) => void }) {
  const text = useText();
  const set = (index: number, change: Partial<InboundPermission>) => onChange(rules.map((rule, at) => (at === index ? { ...rule, ...change } : rule)));
  return (
    <fieldset className="field rows">
      <legend className="field-label">{text.port.rules}</legend>
      {rules.map((rule, index) => (
        <div className="row" key={index}>
          <NumberField label={text.port.from} value={rule.FromPort ?? null} onChange={(next) => set(index, { FromPort: next ?? undefined })} />
          <NumberField label={text.port.to} value={rule.ToPort ?? null} onChange={(next) => set(index, { ToPort: next ?? undefined })} />
          <SelectField label={text.port.protocol} value={rule.Protocol ?? 'TCP'} onChange={(Protocol) => set(index, { Protocol })} options={['TCP', 'UDP'].map((value) => ({ value, label: value }))} />
          <TextField label={text.port.ipRange} value={rule.IpRange ?? ''} onChange={(IpRange) => set(index, { IpRange })} />
          {rules.length > 1 && (
            <Button kind="danger-link" onClick={() => onChange(rules.filter((_, at) => at !== index))}>
              {text.common.remove}
            </Button>
          )}
        </div>
      ))}
      <div>
        <Button size="small" onClick={() => onChange([...rules, kAllPorts])}>
          {text.port.add}
        </Button>
      </div>
    </fieldset>
  );
}
