import { useState } from 'react';
import type { Alias } from '../../api/types';
import type { PageProps } from '../../app/Routes';
import { Link, to, withQuery } from '../../app/router';
import { useApi } from '../../hooks/api';
import { useFleetNames } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Id, Tags, Time } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { ErrorBox } from '../../ui/ErrorBox';
import { SelectField, TextField } from '../../ui/Field';
import { Card, Empty, Page } from '../../ui/Page';
import { type Column, Pager, Table } from '../../ui/Table';
import AliasDetail from './AliasDetail';
import { AliasForm } from './AliasForm';
import { DeleteAlias } from './DeleteAlias';
import { Route } from './Route';

const kPage = 20;
type Open = { kind: 'create' } | { kind: 'modify' | 'delete'; alias: Alias } | null;

export default function Aliases({ route }: PageProps) {
  const id = route.parts[1];
  return id ? <AliasDetail aliasId={id} /> : <List />;
}

function List() {
  const text = useText();
  const [offset, setOffset] = useState(0);
  const [name, setName] = useState('');
  const [order, setOrder] = useState('desc');
  const [open, setOpen] = useState<Open>(null);
  const { fleets } = useFleetNames();
  const aliases = useApi('ListAliases', {
    Offset: offset,
    Limit: kPage,
    OrderBy: 'CreationTime',
    OrderWay: order,
    ...(name ? { Name: name } : {}),
  });
  const rows = aliases.data?.Aliases ?? [];
  const columns: Column<Alias>[] = [
    {
      key: 'name',
      title: text.alias.nameAndId,
      width: 225,
      render: (alias) => (
        <div className="two-lines">
          <Link to={to('aliases', alias.AliasId)}>{alias.Name}</Link>
          <Id value={alias.AliasId} />
        </div>
      ),
    },
    { key: 'route', title: text.alias.target, width: 215, render: (alias) => <Route strategy={alias.RoutingStrategy} fleets={fleets} /> },
    { key: 'description', title: text.common.description, width: 130, render: (alias) => alias.Description || '–' },
    { key: 'tags', title: text.common.tags, width: 110, render: (alias) => <Tags tags={alias.Tags} /> },
    { key: 'created', title: text.common.created, width: 155, render: (alias) => <Time value={alias.CreationTime} /> },
    {
      key: 'actions',
      title: text.common.actions,
      width: 185,
      render: (alias) => (
        <div className="actions">
          <Link to={withQuery(to('update', alias.AliasId), {})}>{text.alias.move}</Link>
          <ActionButton kind="link" onClick={() => setOpen({ kind: 'modify', alias })}>
            {text.common.modify}
          </ActionButton>
          <ActionButton kind="danger-link" onClick={() => setOpen({ kind: 'delete', alias })}>
            {text.common.delete}
          </ActionButton>
        </div>
      ),
    },
  ];
  const create = (
    <ActionButton kind="primary" onClick={() => setOpen({ kind: 'create' })}>
      {text.alias.create}
    </ActionButton>
  );
  return (
    <Page title={text.menu.aliases} lead={text.alias.lead} actions={create}>
      <Card>
        <div className="toolbar">
          <TextField bare type="search" label={text.alias.search} placeholder={text.alias.search} value={name} onChange={(next) => (setName(next), setOffset(0))} />
          <SelectField
            bare
            label={text.alias.order}
            value={order}
            onChange={(next) => (setOrder(next), setOffset(0))}
            options={['desc', 'asc'].map((value) => ({ value, label: (text.alias.orders as Record<string, string>)[value] ?? value }))}
          />
        </div>
        {aliases.error && <ErrorBox error={aliases.error} onRetry={() => void aliases.refetch()} />}
        <Table
          tall
          label={text.menu.aliases}
          rows={rows}
          columns={columns}
          rowKey="AliasId"
          loading={aliases.isPending}
          empty={
            !aliases.error && (
              <Empty title={name ? text.common.nothingFound : text.alias.none} action={name ? undefined : create}>
                {name ? undefined : text.alias.noneLong}
              </Empty>
            )
          }
        />
        <Pager offset={offset} size={kPage} total={aliases.data?.TotalCount ?? 0} onOffset={setOffset} />
      </Card>
      {open?.kind === 'create' && <AliasForm fleets={fleets} onClose={() => setOpen(null)} />}
      {open?.kind === 'modify' && <AliasForm alias={open.alias} fleets={fleets} onClose={() => setOpen(null)} />}
      {open?.kind === 'delete' && <DeleteAlias alias={open.alias} onClose={() => setOpen(null)} />}
    </Page>
  );
}
