import { useState } from 'react';
import { go, Link, to } from '../../app/router';
import { type LiveFleet, useFleetPage } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { FleetStatus, Id, Meter, Tags, Time } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { TextField } from '../../ui/Field';
import { Card, Empty, Page } from '../../ui/Page';
import { type Column, Pager, Table } from '../../ui/Table';
import { CopyFleet } from './CopyFleet';
import { DeleteFleet } from './DeleteFleet';

const kPage = 20;
type Row = LiveFleet & { id: string };

export function FleetList() {
  const text = useText();
  const [offset, setOffset] = useState(0);
  const [open, setOpen] = useState<{ kind: 'copy' | 'delete'; fleet: LiveFleet } | null>(null);
  const [name, setName] = useState('');
  const { fleets, total, loading, error, retry } = useFleetPage(offset, kPage, name);
  const rows: Row[] = fleets.map((fleet) => ({ ...fleet, id: fleet.attributes.FleetId }));
  const create = (
    <ActionButton kind="primary" onClick={() => go('/fleets/new')}>
      {text.fleet.create}
    </ActionButton>
  );
  const columns: Column<Row>[] = [
    {
      key: 'name',
      title: text.fleet.nameAndId,
      width: 225,
      render: ({ attributes }) => (
        <div className="two-lines">
          <Link to={to('fleets', attributes.FleetId)}>{attributes.Name}</Link>
          <Id value={attributes.FleetId} />
        </div>
      ),
    },
    { key: 'status', title: text.common.status, width: 95, render: ({ attributes }) => <FleetStatus fleet={attributes} /> },
    {
      key: 'instances',
      title: text.fleet.instances,
      width: 90,
      render: ({ capacity }) => <Instances capacity={capacity} />,
    },
    {
      key: 'sessions',
      title: text.fleet.sessions,
      width: 135,
      render: ({ utilization }) => (
        <Meter
          label={text.fleet.sessions}
          part={utilization?.ActiveGameServerSessionCount ?? 0}
          whole={utilization?.ActiveServerProcessCount ?? 0}
        />
      ),
    },
    {
      key: 'players',
      title: text.fleet.players,
      width: 75,
      align: 'right',
      render: ({ utilization }) => utilization?.CurrentPlayerSessionCount ?? 0,
    },
    {
      key: 'asset',
      title: `${text.fleet.asset} / ${text.common.created}`,
      width: 175,
      render: ({ attributes }) => (
        <div className="two-lines">
          <code className="cut">{attributes.AssetId}</code>
          <span className="quiet">
            <Time value={attributes.CreationTime} />
          </span>
        </div>
      ),
    },
    { key: 'tags', title: text.common.tags, width: 120, render: ({ attributes }) => <Tags tags={attributes.Tags} /> },
    {
      key: 'actions',
      title: text.common.actions,
      width: 110,
      render: (fleet) => (
        <div className="actions">
          <ActionButton kind="link" onClick={() => setOpen({ kind: 'copy', fleet })}>
            {text.common.copyVerb}
          </ActionButton>
          <ActionButton kind="danger-link" onClick={() => setOpen({ kind: 'delete', fleet })}>
            {text.common.delete}
          </ActionButton>
        </div>
      ),
    },
  ];
  return (
    <Page title={text.menu.fleets} lead={text.fleet.lead} actions={create}>
      <Card>
        <div className="toolbar">
          <TextField bare type="search" label={text.alias.search} placeholder={text.alias.search} value={name} onChange={(next) => (setName(next), setOffset(0))} />
        </div>
        {error && <ErrorBox error={error} onRetry={() => void retry()} />}
        <Table
          tall
          label={text.menu.fleets}
          rows={rows}
          columns={columns}
          rowKey="id"
          loading={loading}
          empty={
            !error && (
              <Empty
                title={name ? text.common.nothingFound : text.fleet.none}
                action={
                  !name && (
                    <div className="actions">
                      {create}
                      <Link to="/start">{text.menu.start}</Link>
                    </div>
                  )
                }
              >
                {name ? undefined : text.fleet.noneLong}
              </Empty>
            )
          }
        />
        <Pager offset={offset} size={kPage} total={total} onOffset={setOffset} />
      </Card>
      {open?.kind === 'copy' && <CopyFleet fleet={open.fleet.attributes} onClose={() => setOpen(null)} />}
      {open?.kind === 'delete' && <DeleteFleet fleet={open.fleet} onClose={() => setOpen(null)} />}
    </Page>
  );
}

function Instances({ capacity }: { capacity: LiveFleet['capacity'] }) {
  const text = useText();
  const counts = capacity?.InstanceCounts;
  if (!counts) return <span>–</span>;
  return (
    <span title={text.fleet.instancesLong(counts.MiniNum, counts.MaxiNum)}>
      {counts.Active}/{counts.Desired}
      {counts.Pending > 0 && <span className="quiet"> +{counts.Pending}</span>}
      {counts.Terminating > 0 && <span className="quiet"> −{counts.Terminating}</span>}
    </span>
  );
}
