import { useMemo, useState } from 'react';
import type { InstanceExtend } from '../../../api/types';
import { Link, withQuery } from '../../../app/router';
import { byOffset, useEndless } from '../../../hooks/endless';
import { useText } from '../../../i18n';
import { bytes } from '../../../lib/format';
import { Age, Id, Meter, Status, Time } from '../../../ui/Bits';
import { ActionButton, Button } from '../../../ui/Button';
import { Confirm } from '../../../ui/Confirm';
import { ErrorBox } from '../../../ui/ErrorBox';
import { NumberField, TextField } from '../../../ui/Field';
import { FormModal } from '../../../ui/FormModal';
import { Card, Empty } from '../../../ui/Page';
import { LongTable } from '../../../ui/LongTable';
import type { Column } from '../../../ui/Table';
import { InstanceAccess } from './InstanceAccess';
import { InstanceLogs } from './InstanceLogs';

type Row = InstanceExtend & { id: string };
const kReading = {
  rowsOf: (page: { Instances: InstanceExtend[] }): Row[] => page.Instances.map((one) => ({ ...one, id: one.Instance.InstanceId })),
  keyOf: (row: Row) => row.id,
  next: byOffset,
};
type Open = { kind: 'weight' | 'reserve' | 'logs' | 'access'; row: Row } | null;

export function InstancesTab({ fleetId }: { fleetId: string }) {
  const text = useText();
  const [address, setAddress] = useState('');
  const [open, setOpen] = useState<Open>(null);
  const list = useEndless('DescribeInstancesExtend', { FleetId: fleetId, Offset: 0, Limit: 0, ...(address ? { IpAddress: address } : {}) }, kReading);
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        key: 'id',
        title: text.instance.id,
        width: 150,
        order: (row) => row.id,
        render: ({ Instance }) => (
          <div className="two-lines">
            <Id value={Instance.InstanceId} />
            <code className="quiet">{Instance.IpAddress}</code>
          </div>
        ),
      },
      { key: 'state', title: text.common.status, width: 95, order: (row) => row.State, render: (row) => <Status value={row.State} /> },
      {
        key: 'processes',
        title: text.instance.processes,
        width: 105,
        order: (row) => row.HealthyProcessCnt,
        render: (row) => `${row.HealthyProcessCnt}/${row.ActiveProcessCnt}`,
      },
      {
        key: 'sessions',
        title: text.fleet.sessions,
        width: 135,
        order: (row) => row.GameSessionCnt,
        render: (row) => <Meter label={text.fleet.sessions} part={row.GameSessionCnt} whole={row.MaxGameSessionCnt} />,
      },
      {
        key: 'players',
        title: text.fleet.players,
        width: 135,
        order: (row) => row.PlayerSessionCnt,
        render: (row) => <Meter label={text.fleet.players} part={row.PlayerSessionCnt} whole={row.MaxPlayerSessionCnt} />,
      },
      {
        key: 'cpu',
        title: text.instance.cpu,
        width: 100,
        order: ({ Instance }) => Instance.CpuUsed ?? null,
        render: ({ Instance }) => <Usage used={Instance.CpuUsed} limit={Instance.CpuLimit} show={cores} />,
      },
      {
        key: 'memory',
        title: text.instance.memory,
        width: 110,
        order: ({ Instance }) => Instance.MemoryUsed ?? null,
        render: ({ Instance }) => <Usage used={Instance.MemoryUsed} limit={Instance.MemoryLimit} show={bytes} />,
      },
      {
        key: 'weight',
        title: text.instance.weight,
        width: 85,
        order: ({ Instance }) => Instance.Weight,
        render: ({ Instance }) => (
          <>
            {Instance.Weight}
            {Instance.ReserveValue === 1 && <span className="quiet"> · {text.instance.reserved}</span>}
          </>
        ),
      },
      {
        key: 'age',
        title: text.instance.runTime,
        width: 160,
        order: ({ Instance }) => -Date.parse(Instance.CreateTime),
        render: ({ Instance }) => (
          <div className="two-lines">
            <Age since={Instance.CreateTime} />
            <span className="quiet">
              <Time value={Instance.CreateTime} />
            </span>
          </div>
        ),
      },
      {
        key: 'actions',
        title: text.common.actions,
        width: 190,
        render: (row) => (
          <div className="actions">
            <ActionButton kind="link" onClick={() => setOpen({ kind: 'weight', row })}>
              {text.instance.weight}
            </ActionButton>
            <ActionButton kind="link" onClick={() => setOpen({ kind: 'reserve', row })}>
              {row.Instance.ReserveValue === 1 ? text.instance.release : text.instance.reserve}
            </ActionButton>
            <Button kind="link" onClick={() => setOpen({ kind: 'logs', row })}>
              {text.instance.logs}
            </Button>
            <Link to={withQuery('/monitoring', { type: 'INSTANCE', fleet: row.Instance.FleetId, id: row.id })}>{text.menu.monitoring}</Link>
            <ActionButton kind="link" onClick={() => setOpen({ kind: 'access', row })}>
              {text.instance.access}
            </ActionButton>
          </div>
        ),
      },
    ],
    [text],
  );
  return (
    <Card>
      <div className="toolbar">
        <TextField bare type="search" label={text.instance.filter} placeholder={text.instance.filter} value={address} onChange={(next) => setAddress(next.trim())} />
      </div>
      {list.error && <ErrorBox error={list.error} />}
      <LongTable
        label={text.fleet.tabs.instances}
        list={list}
        columns={columns}
        keyOf={kReading.keyOf}
        empty={<Empty title={text.instance.none}>{text.instance.noneLong}</Empty>}
      />
      {open?.kind === 'weight' && <Weight row={open.row} fleetId={fleetId} onClose={() => setOpen(null)} />}
      {open?.kind === 'logs' && <InstanceLogs fleetId={fleetId} instanceId={open.row.id} onClose={() => setOpen(null)} />}
      {open?.kind === 'access' && <InstanceAccess fleetId={fleetId} instanceId={open.row.id} onClose={() => setOpen(null)} />}
      {open?.kind === 'reserve' && (
        <Confirm
          title={open.row.Instance.ReserveValue === 1 ? text.instance.releaseTitle(open.row.id) : text.instance.reserveTitle(open.row.id)}
          confirm={open.row.Instance.ReserveValue === 1 ? text.instance.release : text.instance.reserve}
          done={text.common.saved}
          onClose={() => setOpen(null)}
          work={async (run) => {
            await run('SetServerReserved', {
              FleetId: fleetId,
              InstanceId: open.row.id,
              ReserveValue: open.row.Instance.ReserveValue === 1 ? 0 : 1,
            });
          }}
        >
          <p>{open.row.Instance.ReserveValue === 1 ? text.instance.releaseAffects : text.instance.reserveAffects(open.row.GameSessionCnt)}</p>
        </Confirm>
      )}
    </Card>
  );
}

const cores = (value: number) => String(Math.round(value * 100) / 100);

/** What an instance takes, and below it what it may take where that is limited. */
function Usage({ used, limit, show }: { used: number | null | undefined; limit: number | null | undefined; show: (value: number) => string }) {
  const text = useText();
  if (used == null) return <span className="quiet">–</span>;
  return (
    <div className="two-lines">
      <span>{show(used)}</span>
      {limit != null && <span className="quiet">{text.instance.limit(show(limit))}</span>}
    </div>
  );
}

function Weight({ row, fleetId, onClose }: { row: Row; fleetId: string; onClose: () => void }) {
  const text = useText();
  const [weight, setWeight] = useState<number | null>(row.Instance.Weight);
  const problem = weight === null || weight < 0 || weight > 10 ? text.instance.weightRange : null;
  return (
    <FormModal
      title={text.instance.weightTitle(row.id)}
      done={text.common.saved}
      problem={problem}
      onClose={onClose}
      work={async (run) => {
        await run('SetServerWeight', { FleetId: fleetId, InstanceId: row.id, Weight: weight ?? 5 });
      }}
    >
      <NumberField label={text.instance.weight} value={weight} onChange={setWeight} hint={text.instance.weightHint} />
    </FormModal>
  );
}
