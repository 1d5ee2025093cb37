import { useMemo, useState } from 'react';
import type { ServerProcess } from '../../../api/types';
import { isMissing } from '../../../api/error';
import { byToken, useEndless } from '../../../hooks/endless';
import { useText } from '../../../i18n';
import { duration, shortId } from '../../../lib/format';
import { Id, Note, Status } from '../../../ui/Bits';
import { ActionButton } from '../../../ui/Button';
import { Confirm } from '../../../ui/Confirm';
import { ErrorBox } from '../../../ui/ErrorBox';
import { CheckField } from '../../../ui/Field';
import { Card, Empty } from '../../../ui/Page';
import { LongTable } from '../../../ui/LongTable';
import type { Column } from '../../../ui/Table';

const kReading = { rowsOf: (page: { ServerProcesses: ServerProcess[] }) => page.ServerProcesses, keyOf: (one: ServerProcess) => one.ProcessId, next: byToken };

/** The processes as they run. Left out where the server does not tell. */
export function LiveProcesses({ fleetId }: { fleetId: string }) {
  const text = useText();
  const [open, setOpen] = useState<ServerProcess | null>(null);
  const [force, setForce] = useState(false);
  const list = useEndless('DescribeServerProcesses', { FleetId: fleetId }, kReading);
  const columns = useMemo<Column<ServerProcess>[]>(
    () => [
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
    ],
    [text],
  );
  if (isMissing(list.error)) return null;
  return (
    <Card title={text.process.live}>
      {list.error && <ErrorBox error={list.error} />}
      <LongTable
        label={text.process.live}
        list={list}
        columns={columns}
        keyOf={kReading.keyOf}
        empty={<Empty title={text.process.none} />}
      />
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
