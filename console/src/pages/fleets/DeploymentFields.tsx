import type { DiskInfo, InstanceTypeInfo } from '../../api/types';
import { useText } from '../../i18n';
import { Button } from '../../ui/Button';
import { ChoiceField, NumberField, SelectField, TextField } from '../../ui/Field';
import { kDataDisk, kDiskTypes, kMostDataDisks, kSystemDisk, smallest } from './disks';
import type { FleetFields } from './fleet-fields';

interface Props {
  fields: FleetFields;
  types: InstanceTypeInfo[];
  onChange: (change: Partial<FleetFields>) => void;
}

/** What the fleet's servers are: their type, disks, bandwidth, and the network they join. */
export function DeploymentFields({ fields, types, onChange }: Props) {
  const text = useText();
  const set = (index: number, disk: DiskInfo) => onChange({ dataDisks: fields.dataDisks.map((one, at) => (at === index ? disk : one)) });
  return (
    <>
      <SelectField
        label={text.fleet.instanceType}
        required
        value={fields.instanceType}
        onChange={(instanceType) => onChange({ instanceType })}
        options={types.map((type) => ({ value: type.InstanceType, label: `${type.InstanceType} · ${type.Cpu} vCPU · ${type.Memory} GB` }))}
      />
      <fieldset className="field rows">
        <legend className="field-label">{text.fleet.systemDisk}</legend>
        <Disk disk={fields.systemDisk} rule={kSystemDisk} onChange={(systemDisk) => onChange({ systemDisk })} />
      </fieldset>
      <fieldset className="field rows">
        <legend className="field-label">{text.fleet.dataDisks}</legend>
        {fields.dataDisks.map((disk, index) => (
          <Disk key={index} disk={disk} rule={kDataDisk} onChange={(next) => set(index, next)} onRemove={() => onChange({ dataDisks: fields.dataDisks.filter((_, at) => at !== index) })} />
        ))}
        <div>
          <Button
            size="small"
            disabled={fields.dataDisks.length >= kMostDataDisks}
            onClick={() => onChange({ dataDisks: [...fields.dataDisks, { DiskType: 'CLOUD_PREMIUM', DiskSize: 100 }] })}
          >
            {text.fleet.addDisk}
          </Button>
        </div>
        <div className="field-hint">{text.fleet.disksStored}</div>
      </fieldset>
      <NumberField label={text.fleet.bandwidth} value={fields.bandwidth} onChange={(bandwidth) => onChange({ bandwidth })} unit="Mbps" hint={text.fleet.bandwidthRange} />
      <ChoiceField
        label={text.fleet.ccn}
        value={fields.ccn ? 'yes' : 'no'}
        onChange={(next) => onChange({ ccn: next === 'yes' })}
        options={[
          { value: 'no', label: text.common.no },
          { value: 'yes', label: text.common.yes, hint: text.fleet.ccnHint },
        ]}
      />
      {fields.ccn && (
        <div className="row">
          <TextField label={text.fleet.ccnAccount} required value={fields.ccnAccount} onChange={(ccnAccount) => onChange({ ccnAccount: ccnAccount.trim() })} />
          <TextField label={text.fleet.ccnId} required value={fields.ccnId} onChange={(ccnId) => onChange({ ccnId: ccnId.trim() })} placeholder="ccn-2dsbtmo3" />
        </div>
      )}
    </>
  );
}

interface DiskProps {
  disk: DiskInfo;
  rule: typeof kSystemDisk;
  onChange: (disk: DiskInfo) => void;
  onRemove?: () => void;
}

function Disk({ disk, rule, onChange, onRemove }: DiskProps) {
  const text = useText();
  const names: Record<string, string | undefined> = text.fleet.diskTypes;
  return (
    <div className="row">
      <SelectField
        label={text.fleet.diskType}
        value={disk.DiskType}
        onChange={(DiskType) => onChange({ DiskType, DiskSize: Math.max(disk.DiskSize, smallest(DiskType, rule)) })}
        options={kDiskTypes.map((value) => ({ value, label: `${names[value]} (${value})` }))}
      />
      <NumberField
        label={text.fleet.diskSize}
        value={disk.DiskSize || null}
        onChange={(size) => onChange({ ...disk, DiskSize: size ?? 0 })}
        unit="GB"
        hint={text.fleet.diskHint(smallest(disk.DiskType, rule), rule.max, rule.step)}
      />
      {onRemove && (
        <Button kind="danger-link" onClick={onRemove}>
          {text.common.remove}
        </Button>
      )}
    </div>
  );
}
