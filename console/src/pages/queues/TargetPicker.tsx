import { useState } from 'react';
import { useConsole } from '../../app/console';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { parseArn } from '../../lib/arn';
import { Button } from '../../ui/Button';
import { SelectField } from '../../ui/Field';

/** Fleets and aliases of any region, in the order in which they are asked. */
export function TargetPicker({ targets, onChange }: { targets: string[]; onChange: (targets: string[]) => void }) {
  const text = useText();
  const { session, region: here } = useConsole();
  const [region, setRegion] = useState(here);
  const fleets = useAll('DescribeFleetAttributes', {}, (page) => page.FleetAttributes, { region });
  const aliases = useAll('ListAliases', {}, (page) => page.Aliases, { region });
  const options = [
    ...(aliases.data ?? []).map((alias) => ({ value: alias.AliasArn, label: `${text.menu.aliases}: ${alias.Name}` })),
    ...(fleets.data ?? []).map((fleet) => ({ value: fleet.FleetArn, label: `${text.menu.fleets}: ${fleet.Name} (${fleet.FleetId})` })),
  ].filter((option) => !targets.includes(option.value));
  const move = (index: number, by: number) => {
    const next = [...targets];
    const [one] = next.splice(index, 1);
    next.splice(index + by, 0, one!);
    onChange(next);
  };
  return (
    <fieldset className="field rows">
      <legend className="field-label">{text.queue.targets}</legend>
      <ol className="targets">
        {targets.map((target, index) => {
          const arn = parseArn(target);
          return (
            <li key={target}>
              <span className="quiet">{arn?.region}</span> <code>{arn?.id ?? target}</code>{' '}
              <Button kind="link" disabled={index === 0} label={text.queue.up(arn?.id ?? target)} onClick={() => move(index, -1)}>
                ↑
              </Button>
              <Button kind="link" disabled={index === targets.length - 1} label={text.queue.down(arn?.id ?? target)} onClick={() => move(index, 1)}>
                ↓
              </Button>
              <Button kind="danger-link" onClick={() => onChange(targets.filter((one) => one !== target))}>
                {text.common.remove}
              </Button>
            </li>
          );
        })}
      </ol>
      <div className="row">
        <SelectField label={text.shell.region} value={region} onChange={setRegion} options={session.Regions.map((one) => ({ value: one.Region, label: one.Region }))} />
        <SelectField label={text.queue.addTarget} value="" onChange={(next) => next && onChange([...targets, next])} options={options} placeholder={text.common.choose} />
      </div>
    </fieldset>
  );
}
