import { useState } from 'react';
import type { Alias, AliasChange } from '../../api/types';
import { useApi } from '../../hooks/api';
import type { LiveFleet } from '../../hooks/fleets';
import { useText } from '../../i18n';
import { Time } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { Confirm } from '../../ui/Confirm';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty } from '../../ui/Page';
import { type Column, Table } from '../../ui/Table';
import { Route } from './Route';

/** Where the alias led before, and the way back. Left out where the server keeps no history. */
export function History({ alias, fleets }: { alias: Alias; fleets: LiveFleet[] }) {
  const text = useText();
  const history = useApi('DescribeAliasHistory', { AliasId: alias.AliasId, Limit: 50 });
  const [open, setOpen] = useState(false);
  if (history.missing) return null;
  const changes = history.data?.Changes ?? [];
  const before = changes.find((change) => change.From !== null)?.From;
  const columns: Column<AliasChange>[] = [
    { key: 'time', title: text.common.time, width: 170, render: (change) => <Time value={change.Time} /> },
    { key: 'from', title: text.alias.from, render: (change) => <Route strategy={change.From} fleets={fleets} /> },
    { key: 'to', title: text.alias.to, render: (change) => <Route strategy={change.To} fleets={fleets} /> },
    { key: 'by', title: text.alias.by, width: 180, render: (change) => <code>{change.SecretId}</code> },
    { key: 'request', title: text.common.requestId, width: 200, render: (change) => <code className="cut">{change.RequestId}</code> },
  ];
  return (
    <Card
      title={text.alias.history}
      actions={
        before && (
          <ActionButton onClick={() => setOpen(true)}>{text.alias.rollback}</ActionButton>
        )
      }
    >
      {history.error && <ErrorBox error={history.error} />}
      <Table
        label={text.alias.history}
        rows={changes}
        columns={columns}
        rowKey="HistoryId"
        loading={history.isPending}
        empty={<Empty title={text.alias.noHistory}>{text.alias.noHistoryLong}</Empty>}
      />
      {open && before && (
        <Confirm
          title={text.alias.rollbackTitle(alias.Name)}
          confirm={text.alias.rollback}
          done={text.alias.rolledBack}
          onClose={() => setOpen(false)}
          work={async (run) => {
            await run('RollbackAlias', { AliasId: alias.AliasId });
          }}
        >
          <p>{text.alias.rollbackAffects}</p>
          <Route strategy={before} fleets={fleets} />
        </Confirm>
      )}
    </Card>
  );
}
