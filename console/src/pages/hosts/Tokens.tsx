import { useState } from 'react';
import type { HostToken } from '../../api/types';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { Id, Status, Time } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { Confirm } from '../../ui/Confirm';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty } from '../../ui/Page';
import { type Column, Table } from '../../ui/Table';

/** The tokens that still let a machine in, and those that have. */
export function Tokens() {
  const text = useText();
  const [deleting, setDeleting] = useState<HostToken | null>(null);
  const tokens = useAll('ListHostTokens', {}, (page) => page.HostTokens);
  const columns: Column<HostToken>[] = [
    { key: 'id', title: text.host.token, width: 180, render: (token) => <Id value={token.TokenId} /> },
    { key: 'description', title: text.common.description, width: 160, render: (token) => token.Description || '–' },
    { key: 'status', title: text.common.status, width: 100, render: (token) => <Status value={token.Status} /> },
    { key: 'region', title: text.shell.region, width: 120, render: (token) => (token.Region ? (text.regions[token.Region] ?? token.Region) : '–') },
    { key: 'host', title: text.host.usedBy, width: 160, render: (token) => <Id value={token.HostId ?? ''} /> },
    { key: 'expires', title: text.host.expires, width: 170, render: (token) => <Time value={token.ExpirationTime} /> },
    {
      key: 'actions',
      title: text.common.actions,
      width: 90,
      render: (token) => (
        <ActionButton kind="danger-link" onClick={() => setDeleting(token)}>
          {text.common.delete}
        </ActionButton>
      ),
    },
  ];
  return (
    <Card title={text.host.tokens}>
      {tokens.error && <ErrorBox error={tokens.error} onRetry={() => void tokens.refetch()} />}
      <Table
        label={text.host.tokens}
        rows={tokens.data ?? []}
        columns={columns}
        rowKey="TokenId"
        loading={tokens.isPending}
        empty={!tokens.error && <Empty title={text.host.noTokens}>{text.host.noTokensLong}</Empty>}
      />
      {deleting && (
        <Confirm
          title={text.host.deleteTitle(deleting.TokenId)}
          confirm={text.common.delete}
          danger
          done={text.common.deleted}
          onClose={() => setDeleting(null)}
          work={async (run) => {
            await run('DeleteHostToken', { TokenId: deleting.TokenId });
          }}
        >
          <p>{text.host.deleteAffects}</p>
        </Confirm>
      )}
    </Card>
  );
}
