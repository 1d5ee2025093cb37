import { useState } from 'react';
import type { ServerProcess } from '../../../api/types';
import { useApi } from '../../../hooks/api';
import { useText } from '../../../i18n';
import { duration, shortId } from '../../../lib/format';
import { Id, Note, Status } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { Confirm } from '../../../ui/Confirm';
import { ErrorBox } from '../../../ui/ErrorBox';
import { CheckField } from '../../../ui/Field';
import { Card, Empty } from '../../../ui/Page';
import { type Column, Table, TokenPager } from '../../../ui/Table';

/** The processes as they run. Left out where the server does not tell. */
export function LiveProcesses({ fleetId }: { fleetId: string }) {
  const text = useText();
  const [tokens, setTokens] = useState<string[]>([]);
  const [open, setOpen] = useState<ServerProcess | null>(null);
  const [force, setForce] = useState(false);
  const token = tokens[tokens.length - 1];
  const processes = useApi('DescribeServerProcesses', { FleetId: fleetId, Limit: 100, ...(token ? { NextToken: token } : {}) });
  if (processes.missing) return null;
  const columns: Column<ServerProcess>[] = [
    {
      key: 'id',
      title: text.process.id,
      width: 225,
      render: (one) => (
        <div className="two-lines">
          <Id value={one.ProcessId} />
          <code className="quiet">{one.InstanceId}</code>
        </div>
      ),
    },
    {
      key: 'status',
      title: text.common.status,
      width: 150,
      render: (one) => (
        <>
          <Status value={one.Status} /> {!one.Healthy && <span className="bad">{text.process.unhealthy}</span>}
        </>
      ),
    },
    { key: 'pid', title: 'PID', width: 80, align: 'right', render: (one) => one.Pid },
    { key: 'address', title: text.session.address, width: 150, render: (one) => <code>{`${one.IpAddress}:${one.Port}`}</code> },
    {
      key: 'session',
      title: text.session.one,
      width: 215,
      render: (one) => (one.GameServerSessionId ? <Id value={one.GameServerSessionId} short={shortId(one.GameServerSessionId)} /> : <span className="quiet">{text.process.idle}</span>),
    },
    { key: 'age', title: text.instance.runTime, width: 110, render: (one) => duration(one.UptimeSeconds) },
    {
      key: 'actions',
      title: text.common.actions,
      width: 85,
      render: (one) => (
        <ActionButton kind="danger-link" onClick={() => (setForce(false), setOpen(one))}>
          {text.process.end}
        </ActionButton>
      ),
    },
  ];
  return (
    <Card title={text.process.live}>
      {processes.error && <ErrorBox error={processes.error} />}
      <Table
        tall
        label={text.process.live}
        rows={processes.data?.ServerProcesses ?? []}
        columns={columns}
        rowKey="ProcessId"
        loading={processes.isPending}
        empty={<Empty title={text.process.none} />}
      />
      <TokenPager tokens={tokens} next={processes.data?.NextToken || undefined} onTokens={setTokens} />
      {open && (
        <Confirm
          title={text.process.endTitle(open.ProcessId)}
          confirm={text.process.end}
          danger
          done={text.process.ending}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('EndServerProcess', { ProcessId: open.ProcessId, Force: force });
          }}
        >
          <p>{text.process.endAffects}</p>
          {open.GameServerSessionId && <Note tone="danger">{text.process.endBusy(shortId(open.GameServerSessionId))}</Note>}
          <CheckField label={text.process.force} checked={force} onChange={setForce} />
        </Confirm>
      )}
    </Card>
  );
}
