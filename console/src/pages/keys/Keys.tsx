import { useState } from 'react';
import type { AccessKey } from '../../api/types';
import { useConsole } from '../../app/console';
import { isMissing } from '../../api/error';
import { useAll } from '../../hooks/lists';
import { useText } from '../../i18n';
import { Id, Status, Time } from '../../ui/Bits';
import { ActionButton } from '../../ui/Button';
import { Confirm } from '../../ui/Confirm';
import { ErrorBox } from '../../ui/ErrorBox';
import { Card, Empty, Page } from '../../ui/Page';
import { type Column, Table } from '../../ui/Table';
import { CreateKey } from './CreateKey';

type Open = { kind: 'create' } | { kind: 'toggle' | 'delete' | 'rotate'; key: AccessKey } | null;

export default function Keys() {
  const text = useText();
  const { session } = useConsole();
  const keys = useAll('ListAccessKeys', {}, (page) => page.AccessKeys, { enabled: !session.ReadOnly });
  const [open, setOpen] = useState<Open>(null);
  const columns: Column<AccessKey>[] = [
    { key: 'id', title: 'SecretId', width: 230, render: (key) => <Id value={key.SecretId} /> },
    { key: 'description', title: text.common.description, width: 150, render: (key) => key.Description || '–' },
    { key: 'status', title: text.common.status, width: 95, render: (key) => <Status value={key.Status} /> },
    { key: 'rights', title: text.key.rights, width: 105, render: (key) => (key.ReadOnly ? text.key.readOnly : text.key.full) },
    { key: 'source', title: text.key.source, width: 115, render: (key) => (text.key.sources as Record<string, string>)[key.Source] ?? key.Source },
    {
      key: 'times',
      title: `${text.common.created} / ${text.key.lastUsed}`,
      width: 170,
      render: (key) => (
        <div className="two-lines">
          <Time value={key.CreationTime} />
          <Time value={key.LastUsedTime} />
        </div>
      ),
    },
    {
      key: 'actions',
      title: text.common.actions,
      width: 170,
      render: (key) =>
        key.Source === 'API' ? (
          <div className="actions">
            <ActionButton kind="link" onClick={() => setOpen({ kind: 'rotate', key })}>
              {text.key.rotate}
            </ActionButton>
            <ActionButton kind="link" onClick={() => setOpen({ kind: 'toggle', key })}>
              {key.Status === 'ENABLED' ? text.key.disable : text.key.enable}
            </ActionButton>
            <ActionButton kind="danger-link" onClick={() => setOpen({ kind: 'delete', key })}>
              {text.common.delete}
            </ActionButton>
          </div>
        ) : (
          <span className="quiet">{text.key.fixed}</span>
        ),
    },
  ];
  const create = (
    <ActionButton kind="primary" onClick={() => setOpen({ kind: 'create' })}>
      {text.key.create}
    </ActionButton>
  );
  if (session.ReadOnly) {
    return (
      <Page title={text.menu.keys}>
        <Card>
          <Empty title={text.key.hidden}>{text.key.hiddenLong}</Empty>
        </Card>
      </Page>
    );
  }
  if (isMissing(keys.error)) {
    return (
      <Page title={text.menu.keys}>
        <Card>
          <Empty title={text.key.missing}>{text.key.missingLong}</Empty>
        </Card>
      </Page>
    );
  }
  return (
    <Page title={text.menu.keys} lead={text.key.lead} actions={create}>
      <Card>
        {keys.error && <ErrorBox error={keys.error} onRetry={() => void keys.refetch()} />}
        <Table label={text.menu.keys} rows={keys.data ?? []} columns={columns} rowKey="SecretId" loading={keys.isPending} empty={!keys.error && <Empty title={text.key.none} action={create} />} />
      </Card>
      {open?.kind === 'create' && <CreateKey onClose={() => setOpen(null)} />}
      {open?.kind === 'rotate' && <CreateKey rotates={open.key} onClose={() => setOpen(null)} />}
      {open?.kind === 'toggle' && (
        <Confirm
          title={open.key.Status === 'ENABLED' ? text.key.disableTitle(open.key.SecretId) : text.key.enableTitle(open.key.SecretId)}
          confirm={open.key.Status === 'ENABLED' ? text.key.disable : text.key.enable}
          danger={open.key.Status === 'ENABLED'}
          done={text.common.saved}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('UpdateAccessKey', { SecretId: open.key.SecretId, Status: open.key.Status === 'ENABLED' ? 'DISABLED' : 'ENABLED' });
          }}
        >
          <p>{open.key.Status === 'ENABLED' ? text.key.disableAffects : text.key.enableAffects}</p>
          {open.key.SecretId === session.SecretId && <p className="bad">{text.key.own}</p>}
        </Confirm>
      )}
      {open?.kind === 'delete' && (
        <Confirm
          title={text.key.deleteTitle(open.key.SecretId)}
          confirm={text.common.delete}
          danger
          done={text.common.deleted}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('DeleteAccessKey', { SecretId: open.key.SecretId });
          }}
        >
          <p>{text.key.deleteAffects}</p>
          {open.key.SecretId === session.SecretId && <p className="bad">{text.key.own}</p>}
        </Confirm>
      )}
    </Page>
  );
}
