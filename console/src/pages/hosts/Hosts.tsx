import { useState } from 'react';
import { useText } from '../../i18n';
import type { Host } from '../../api/types';
import { useApi } from '../../hooks/api';
import { duration } from '../../lib/format';
import { Id, Meter, Status, Tags, Time } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty, Page } from '../../ui/Page';
import { type Column, Pager, Table } from '../../ui/Table';
import { AddHost } from './AddHost';
import { ChangeHost, type HostChange } from './ChangeHost';
import { Tokens } from './Tokens';

const kPage = 20;
const kEveryMs = 3000;
const kMbOfGib = 1024;

export default function Hosts() {
  const text = useText();
  const [offset, setOffset] = useState(0);
  const [adding, setAdding] = useState(false);
  const [open, setOpen] = useState<{ change: HostChange; host: Host } | null>(null);
  const hosts = useApi('ListHosts', { Limit: kPage, Offset: offset }, { every: kEveryMs });
  const columns: Column<Host>[] = [
    {
      key: 'name',
      title: text.host.nameAndId,
      width: 165,
      render: (host) => (
        <div className="two-lines">
          <span>{host.Name}</span>
          <Id value={host.HostId} />
          <span className="quiet">{host.IpAddress}</span>
        </div>
      ),
    },
    { key: 'status', title: text.common.status, width: 120, render: (host) => <State host={host} /> },
    {
      key: 'region',
      title: text.host.region,
      width: 130,
      render: (host) => (
        <div className="two-lines">
          <span>{host.Region ? (text.regions[host.Region] ?? host.Region) : text.host.everyRegion}</span>
          {host.Labels.length > 0 && <Tags tags={host.Labels} />}
        </div>
      ),
    },
    { key: 'instances', title: text.host.instances, width: 130, render: (host) => <Meter label={text.host.instances} part={host.InstanceCount} whole={host.InstanceCapacity} /> },
    { key: 'resources', title: text.host.resources, width: 105, render: (host) => <Resources host={host} /> },
    { key: 'load', title: text.host.load, width: 90, render: (host) => `${host.GameServerSessionCount} / ${host.PlayerSessionCount}` },
    {
      key: 'system',
      title: text.host.system,
      width: 155,
      render: (host) => (
        <div className="two-lines">
          <span className={host.Sandbox === 'none' ? 'bad' : undefined}>{host.Sandbox === 'none' || !host.Sandbox ? text.host.noSandbox : host.Sandbox}</span>
          {host.CertificateEndTime && <Time value={host.CertificateEndTime} />}
        </div>
      ),
    },
    {
      key: 'actions',
      title: text.common.actions,
      width: 130,
      render: (host) => (
        <div className="actions">
          {changesOf(host).map((change) => (
            <ActionButton key={change} kind={change === 'remove' ? 'danger-link' : 'link'} onClick={() => setOpen({ change, host })}>
              {text.host[change]}
            </ActionButton>
          ))}
        </div>
      ),
    },
  ];
  const add = (
    <ActionButton kind="primary" onClick={() => setAdding(true)}>
      {text.host.add}
    </ActionButton>
  );
  return (
    <Page title={text.menu.hosts} lead={text.host.lead} actions={add}>
      <Card>
        {hosts.error && <ErrorBox error={hosts.error} onRetry={() => void hosts.refetch()} />}
        <Table
          tall
          label={text.menu.hosts}
          rows={hosts.data?.Hosts ?? []}
          columns={columns}
          rowKey="HostId"
          loading={hosts.isPending}
          empty={
            !hosts.error && (
              <Empty title={text.host.none} action={add}>
                {text.host.noneLong} <code>{text.host.docs}</code>
              </Empty>
            )
          }
        />
        <Pager offset={offset} size={kPage} total={hosts.data?.TotalCount ?? 0} onOffset={setOffset} />
      </Card>
      <Tokens />
      {adding && <AddHost onClose={() => setAdding(false)} />}
      {open && <ChangeHost change={open.change} host={open.host} onClose={() => setOpen(null)} />}
    </Page>
  );
}

function changesOf({ Availability }: Host): HostChange[] {
  const here: Record<string, HostChange[] | undefined> = { OPEN: ['cordon', 'drain'], CORDONED: ['uncordon', 'drain'], DRAINING: ['uncordon'] };
  return [...(here[Availability] ?? []), 'remove'];
}

function State({ host }: { host: Host }) {
  const text = useText();
  return (
    <div className="two-lines">
      <span className="inline">
        <Status value={host.Status} />
        {host.Availability !== 'OPEN' && <Status value={host.Availability} />}
      </span>
      {host.Status !== 'CONNECTED' && <span className="quiet small">{text.host.silentFor(duration(host.SilentSeconds))}</span>}
      {!host.Enrolled && <span className="quiet small">{text.host.inside}</span>}
      {host.ForeignReportCount > 0 && <span className="bad small">{text.host.foreign(host.ForeignReportCount)}</span>}
    </div>
  );
}

function Resources({ host }: { host: Host }) {
  const text = useText();
  const gib = (mb: number) => Math.round((mb / kMbOfGib) * 10) / 10;
  if (host.Cpus === 0 && host.MemoryMb === 0) return <span className="quiet">{text.host.notStated}</span>;
  return (
    <div className="two-lines">
      {host.Cpus > 0 && <span>{text.host.cpus(host.CpusUsed, host.Cpus)}</span>}
      {host.MemoryMb > 0 && <span>{text.host.memory(gib(host.MemoryUsedMb), gib(host.MemoryMb))}</span>}
    </div>
  );
}
