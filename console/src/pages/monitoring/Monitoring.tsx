import type { PageProps } from '../../app/Routes';
import { replace, withQuery } from '../../app/router';
import { useState } from 'react';
import { useFleetNames } from '../../hooks/fleets';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { SelectField } from '../../ui/Field';
import { Card, Empty, Page } from '../../ui/Page';
import { Tabs } from '../../ui/Tabs';
import { Charts, kHours, type ResourceType } from './Charts';

const kTypes = ['FLEET', 'QUEUE', 'INSTANCE'] as const;

interface Choice {
  value: string;
  label: string;
}

/** `#/monitoring?type=INSTANCE&fleet=fleet-…&id=ins-…`: what is looked at stands in the address. */
export default function Monitoring({ route }: PageProps) {
  const text = useText();
  const [hours, setHours] = useState(String(kHours[0]));
  const type = kTypes.find((one) => one === route.query.get('type')) ?? 'FLEET';
  const fleetId = route.query.get('fleet') ?? '';
  const id = route.query.get('id') ?? '';
  const here = (query: Record<string, string>) => replace(withQuery('/monitoring', { type, ...query }));
  const { fleets, loading } = useFleetNames();
  const ofFleets = fleets.map(({ attributes }) => ({ value: attributes.FleetId, label: `${attributes.Name} · ${attributes.FleetId}` }));
  const fleet = fleetId || (ofFleets[0]?.value ?? '');
  const queues = useAll('DescribeGameServerSessionQueues', {}, (page) => page.GameServerSessionQueues, { enabled: type === 'QUEUE' });
  const instances = useAll('DescribeInstancesExtend', { FleetId: fleet }, (page) => page.Instances, { enabled: type === 'INSTANCE' && fleet !== '' });
  const choices: Record<ResourceType, { label: string; options: Choice[]; pending: boolean; none: string }> = {
    FLEET: { label: text.alias.fleet, options: ofFleets, pending: loading, none: text.fleet.none },
    QUEUE: { label: text.menu.queues, options: (queues.data ?? []).map(({ Name }) => ({ value: Name, label: Name })), pending: queues.isPending, none: text.queue.none },
    INSTANCE: {
      label: text.instance.id,
      options: (instances.data ?? []).map(({ Instance }) => ({ value: Instance.InstanceId, label: `${Instance.InstanceId} · ${Instance.IpAddress}` })),
      pending: fleet !== '' && instances.isPending,
      none: text.instance.none,
    },
  };
  const { label, options, pending, none } = choices[type];
  // One that has just ended is not in the list any more, and still has its samples.
  const chosen = id || (options[0]?.value ?? '');
  const listed = options.some((one) => one.value === chosen) ? options : [...options, { value: chosen, label: chosen }];
  return (
    <Page title={text.menu.monitoring} lead={text.monitoring.lead}>
      <Tabs label={text.menu.monitoring} current={type} tabs={kTypes.map((one) => ({ id: one, label: text.monitoring.types[one], to: withQuery('/monitoring', { type: one }) }))} />
      <Card>
        {!pending && chosen === '' ? (
          <Empty title={none} />
        ) : (
          <div className="row">
            {type === 'INSTANCE' && <SelectField label={text.alias.fleet} value={fleet} onChange={(next) => here({ fleet: next })} options={ofFleets} />}
            <SelectField label={label} value={chosen} onChange={(next) => here({ ...(type === 'INSTANCE' ? { fleet } : {}), id: next })} options={listed} />
            <SelectField label={text.monitoring.period} value={hours} onChange={setHours} options={kHours.map((value) => ({ value: String(value), label: text.monitoring.hours(value) }))} />
          </div>
        )}
      </Card>
      {chosen && <Charts key={`${type} ${chosen}`} type={type} id={chosen} hours={Number(hours)} />}
    </Page>
  );
}
